//! Whatever happens on the way, the books end up saying what the chain has paid.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use openledger_chain_client::LaneOutcome;
use openledger_primitives::lane::SettledItem;

const LANES: LaneId = 3;
const SESSIONS: SessionId = 2;

/// A thing that happens.
#[derive(Clone, Debug)]
enum Step {
	/// Calls are served, the last of which may name a contribution.
	Serve { session: SessionId, lane: LaneId, calls: u64, names: bool },
	/// A call is not charged.
	Fail { lane: LaneId },
	/// The settler looks, while the chain does this.
	Round { all: bool, fates: Vec<Fate> },
	/// Blocks go by.
	Advance(BlockNumber),
	/// What was late arrives.
	Arrive,
	/// The process dies and comes again.
	Restart,
	/// The operator's node knows of nothing that is on its way, or of something.
	UnderWay(bool),
	/// The operator changes the mode.
	Mode(SettlementMode),
}

fn lane() -> impl Strategy<Value = LaneId> {
	0..LANES
}

fn fate() -> impl Strategy<Value = Fate> {
	let records = || proptest::collection::vec(1_u64..12, 0..3);
	prop_oneof![
		3 => records().prop_map(Fate::Settle),
		2 => records().prop_map(Fate::SettleUnheard),
		3 => Just(Fate::SettleLate),
		3 => Just(Fate::RejectRuns),
		1 => lane().prop_map(|lane| Fate::RejectLanes(vec![LaneKey { session: SESSION, lane }])),
		1 => Just(Fate::SettleAfterAnother),
		1 => Just(Fate::Lose),
		1 => Just(Fate::Refuse),
		1 => Just(Fate::Fail("SettledTooLate")),
		1 => Just(Fate::Expire),
		1 => Just(Fate::Away),
	]
}

fn step() -> impl Strategy<Value = Step> {
	let serve = (SESSION..SESSION + SESSIONS, lane(), 1_u64..6, prop::bool::weighted(0.2));
	let modes = [SettlementMode::Auto, SettlementMode::Itemised, SettlementMode::Aggregate];
	prop_oneof![
		6 => serve.prop_map(|(session, lane, calls, names)| {
			Step::Serve { session, lane, calls, names }
		}),
		1 => lane().prop_map(|lane| Step::Fail { lane }),
		6 => (prop::bool::weighted(0.7), proptest::collection::vec(fate(), 1..4))
			.prop_map(|(all, fates)| Step::Round { all, fates }),
		2 => (1_u32..8).prop_map(Step::Advance),
		2 => Just(Step::Arrive),
		1 => Just(Step::Restart),
		2 => any::<bool>().prop_map(Step::UnderWay),
		1 => proptest::sample::select(modes.to_vec()).prop_map(Step::Mode),
	]
}

impl Bench {
	async fn apply(&mut self, step: Step) {
		match step {
			Step::Serve { session, lane, calls, names } => {
				self.serve_in(session, lane, calls).await;
				if names {
					self.serve_one(session, lane, &[9]).await;
				}
			}
			Step::Fail { lane } => self.fail(lane).await,
			Step::Round { all, fates } => {
				self.chain.state().fates = fates.into();
				self.settler.round(all).await;
			}
			Step::Advance(blocks) => self.chain.state().finalized += blocks,
			Step::Arrive => self.chain.state().let_arrive(),
			Step::Restart => self.restart(),
			Step::UnderWay(nothing) => self.chain.state().nothing_under_way = nothing,
			Step::Mode(mode) => self.settler.policy.mode = mode,
		}
	}

	/// How often the chain has paid for each call.
	async fn paid(&self) -> BTreeMap<CallId, u32> {
		let mut paid = BTreeMap::new();
		let outcomes = self.chain.state().outcomes.clone();
		for (_, outcome) in outcomes {
			let LaneOutcome::Settled(settlement) = outcome else { continue };
			let key = LaneKey { session: settlement.header.session, lane: settlement.header.lane };
			let calls = self.store.calls(key).await.expect("the store works");
			for (id, call) in calls {
				let is_paid = |item: &&SettledItem| match item {
					SettledItem::Call(call) => call.record.sequence == id.sequence,
					SettledItem::Run(run) => {
						let span = run.first_sequence..=run.last_sequence;
						call.served.is_some() && span.contains(&id.sequence)
					}
				};
				let times = settlement.items.iter().filter(is_paid).count();
				*paid.entry(id).or_default() += u32::try_from(times).expect("they are few");
			}
		}
		paid
	}

	/// Every call is noted as what the chain has done with it; where `at_end`, none is open any more.
	async fn check(&self, at_end: bool) {
		let paid = self.paid().await;
		for session in SESSION..SESSION + SESSIONS {
			for lane in 0..LANES {
				let calls = self.store.calls(LaneKey { session, lane }).await;
				for (id, call) in calls.expect("the store works") {
					let times = paid.get(&id).copied().unwrap_or_default();
					match call.status {
						CallStatus::Settled { .. } => assert_eq!(times, 1, "{id}"),
						CallStatus::Lost(_) => assert_eq!(times, 0, "{id} is lost"),
						CallStatus::NotCharged(_) => assert_eq!(times, 0, "{id} has no charge"),
						_ => assert!(times <= 1 && !at_end, "{id}: {:?}", call.status),
					}
				}
			}
		}
		let (settled, _) = self.ended().await;
		assert!(settled <= self.settled_on_chain());
		if at_end {
			assert_eq!(settled, self.settled_on_chain());
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn the_books_say_what_the_chain_has_paid(
		steps in proptest::collection::vec(step(), 4..24),
	) {
		let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
		runtime.expect("a runtime").block_on(async {
			let policy = SettlementPolicy { mode: SettlementMode::Aggregate, ..eager() };
			let mut bench = Bench::within(limits(6, 8), policy).await;
			for session in SESSION..SESSION + SESSIONS {
				bench.open(session);
			}
			bench.chain.state().finality = Duration::ZERO;
			for step in steps {
				bench.apply(step).await;
				bench.check(false).await;
			}
			// What is late comes now or never.
			bench.chain.state().fates.clear();
			bench.chain.state().let_arrive();
			bench.chain.state().finalized += 20;
			for _ in 0..3 {
				bench.settler.round(true).await;
			}
			bench.check(true).await;
		});
	}
}

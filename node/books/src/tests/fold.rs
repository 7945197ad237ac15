//! Lanes, sessions and totals are always the fold of the calls, whatever happens in which order.

use openledger_primitives::lane::RejectReason;
use openledger_testkit::DEPOSIT;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
	/// A voucher `ahead` of the lane's last, off by `off` in what it acknowledges.
	Take { lane: LaneId, ahead: u64, off: Balance, reserve: Balance },
	/// The end of the lane's newest call: charged so many hundredths of its reserve, or not at all.
	End { lane: LaneId, charge: Option<u32> },
	/// The lane's newest call is refused after all.
	Withdraw { lane: LaneId },
	/// The fate of one of the lane's calls.
	Note { lane: LaneId, sequence: Sequence, outcome: Outcome },
	/// The process dies and starts again.
	Reopen,
}

fn outcome() -> impl Strategy<Value = Outcome> {
	prop_oneof![
		Just(Outcome::Submitted(Submission { at: 1, until: 2 })),
		Just(Outcome::NotSettled),
		Just(Outcome::Settled { block: Some(3) }),
		Just(Outcome::Lost(Loss::Rejected(RejectReason::UnknownModel))),
	]
}

fn step() -> impl Strategy<Value = Step> {
	let lane = 0_u16..3;
	prop_oneof![
		6 => (lane.clone(), prop_oneof![8 => Just(1_u64), 1 => 0_u64..3],
			  prop_oneof![8 => Just(0_u128), 1 => 0_u128..2], 0..DEPOSIT / 4)
			.prop_map(|(lane, ahead, off, reserve)| Step::Take { lane, ahead, off, reserve }),
		6 => (lane.clone(), proptest::option::weighted(0.8, 0_u32..=100))
			.prop_map(|(lane, charge)| Step::End { lane, charge }),
		3 => (lane, 0_u64..6, outcome())
			.prop_map(|(lane, sequence, outcome)| Step::Note { lane, sequence, outcome }),
		1 => (0_u16..3).prop_map(|lane| Step::Withdraw { lane }),
		1 => Just(Step::Reopen),
	]
}

async fn apply(store: &Store, step: Step) {
	match step {
		Step::Take { lane, ahead, off, reserve } => {
			let mut voucher = store.next(lane).await;
			voucher.sequence = voucher.sequence - 1 + ahead;
			voucher.acknowledged += off;
			let outcome = store.take(voucher, reserve).await;
			if ahead != 1 || off != 0 {
				assert!(outcome.is_err());
			}
		}
		Step::End { lane, charge } => {
			let Some(state) = store.lane_state(lane).await else { return };
			let call = id(lane, state.sequence);
			let voucher = Voucher { sequence: state.sequence, ..voucher(lane) };
			match (charge, state.in_flight) {
				(Some(part), Some(reserved)) => {
					let charge = reserved * Balance::from(part) / 100;
					store.charge(&voucher, charge).await;
				}
				(Some(_), None) => {
					let again = store.serve(call, served(&voucher, 0)).await;
					assert!(again.is_err());
				}
				(None, in_flight) => {
					let ended = store.release(call, Uncharged::TimedOut).await;
					assert_eq!(ended.expect("the store works"), in_flight.is_some());
				}
			}
		}
		Step::Withdraw { lane } => {
			let Some(state) = store.lane_state(lane).await else { return };
			let withdrawn = store.withdraw(id(lane, state.sequence)).await;
			assert_eq!(withdrawn.is_ok(), state.in_flight.is_some());
		}
		Step::Note { lane, sequence, outcome } => {
			store.note(vec![(id(lane, sequence), outcome)]).await.expect("the store works");
		}
		Step::Reopen => {}
	}
}

async fn check(store: &Store) {
	let mut session = SessionState::default();
	let mut totals = Totals::default();
	let mut open = Vec::new();
	for lane in 0..3 {
		let mut folded = LaneState::default();
		let mut waiting = None::<OpenLane>;
		for (id, call) in store.calls(lane_key(lane)).await.expect("the store works") {
			assert!(folded.in_flight.is_none(), "only the newest call can be in flight");
			assert_eq!(id.sequence, folded.sequence + 1, "no gaps");
			folded.sequence = id.sequence;
			folded.agreement = Some(testkit::agreement());
			let charge = call.charge();
			let served = call.served.as_ref().map(|served| &served.statement);
			let leaf = served.map(|statement| {
				let totals = statement.newest().totals();
				folded.list.append(id.sequence, statement.hash(), &totals).expect("it follows")
			});
			assert_eq!(call.index, leaf.and_then(|leaf| leaf.index()));
			totals.served_calls += u64::from(call.served.is_some());
			totals.served += charge;
			match call.status {
				CallStatus::Accepted => folded.in_flight = Some(call.reserved),
				CallStatus::NotCharged(_) => totals.uncharged_calls += 1,
				CallStatus::Settled { .. } => {
					totals.settled_calls += 1;
					totals.settled += charge;
				}
				CallStatus::Lost(_) => {
					totals.lost_calls += 1;
					totals.lost += charge;
				}
				CallStatus::Served | CallStatus::Submitted(_) => {
					let entry = waiting.get_or_insert(OpenLane {
						key: lane_key(lane),
						calls: 0,
						value: 0,
						oldest: 2_000,
						submitted: false,
					});
					entry.calls += 1;
					entry.value += charge;
					entry.submitted |= matches!(call.status, CallStatus::Submitted(_));
				}
			}
			assert_eq!(
				call.served.is_none(),
				matches!(call.status, CallStatus::Accepted | CallStatus::NotCharged(_))
			);
		}
		session.charged += folded.charged();
		session.in_flight += folded.in_flight.unwrap_or(0);
		open.extend(waiting);
		assert_eq!(store.lane_state(lane).await.unwrap_or_default(), folded);
	}
	let stored = store.session(SESSION).await.expect("the store works").unwrap_or_default();
	assert_eq!((stored.charged, stored.in_flight), (session.charged, session.in_flight));
	assert!(session.charged + session.in_flight <= DEPOSIT);
	assert_eq!(store.totals().await.expect("the store works"), totals);
	assert_eq!(store.open_lanes().await.expect("the store works"), open);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(16))]

	#[test]
	fn state_is_the_fold_of_the_calls(steps in proptest::collection::vec(step(), 1..25)) {
		let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
		runtime.expect("a runtime").block_on(async {
			let mut scratch = Scratch::new().await;
			for step in steps {
				match step {
					Step::Reopen => scratch = scratch.reopen().await,
					step => apply(&scratch.store, step).await,
				}
				check(&scratch.store).await;
			}
		});
	}
}

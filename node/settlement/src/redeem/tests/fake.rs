//! A chain in memory that does with settlements what it is told to, and else what the real one does.

use std::{
	collections::{BTreeMap, BTreeSet, VecDeque},
	sync::{Arc, Mutex, MutexGuard},
	time::Duration,
};

use async_trait::async_trait;
use openledger_chain_client::{DispatchFailure, LaneOutcome, Rejection, Settlement};
use openledger_primitives::{
	info::{LaneInfo, SessionInfo},
	lane::{
		CallRecord, LaneSettlement, Part, RejectReason, SettledCall, SettledItem, SettledLane,
		SettledParts, SettledRun, Voucher,
	},
	lane_list::{AggregateProof, Settled},
	tree, Balance, BlockNumber, Sequence, SessionId,
};

use super::{CHARGE, FINALIZED};
use crate::{
	redeem::{SeenSession, Sent, SettlementChain, Sighting},
	view::ChainUnavailable,
};
use openledger_books::LaneKey;
use openledger_testkit::{model, session, PRICE, SESSION};

/// The time that a settlement takes, unless a test sets another.
const FINALITY: Duration = Duration::from_millis(20);

/// The chain's answer to the next settlement.
#[derive(Clone, Debug)]
pub(super) enum Fate {
	/// Takes it, except for these records of each lane.
	Settle(Vec<Sequence>),
	/// Takes it, but for its runs.
	RejectRuns,
	/// Takes it, but for these lanes.
	RejectLanes(Vec<LaneKey>),
	/// Takes it, but for the lanes of a session whose time is over.
	LaneOver(SessionId),
	/// Takes an earlier settlement of the same calls first.
	SettleAfterAnother,
	/// Takes it, except for these records of each lane, but nobody hears of it.
	SettleUnheard(Vec<Sequence>),
	/// Takes it when a test lets it arrive, if that is not too late.
	SettleLate,
	/// Loses it.
	Lose,
	/// Refuses it.
	Refuse,
	/// Refuses it in a block, with this error.
	Fail(&'static str),
	/// Says that no block included it.
	Expire,
	/// Cannot be reached.
	Away,
}

/// What a lane's part of a settlement was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentLane {
	pub(super) key: LaneKey,
	pub(super) records: Vec<Sequence>,
	/// The first and the last call of the run behind them.
	pub(super) run: Option<(Sequence, Sequence)>,
	pub(super) voucher: Sequence,
}

/// What a chain rejects that it would else take.
#[derive(Clone, Debug, Default)]
struct Whim {
	records: Vec<Sequence>,
	runs: bool,
	lanes: Vec<LaneKey>,
	over: Option<SessionId>,
}

#[derive(Default)]
pub(super) struct State {
	pub(super) finalized: BlockNumber,
	/// The time that a settlement takes.
	pub(super) finality: Duration,
	pub(super) sessions: BTreeMap<SessionId, SessionInfo>,
	pub(super) fates: VecDeque<Fate>,
	pub(super) outcomes: Vec<(BlockNumber, LaneOutcome)>,
	/// The lanes of each settlement that was sent.
	pub(super) sent: Vec<Vec<SentLane>>,
	/// The sequences of vouchers that are too old.
	pub(super) too_old: BTreeSet<Sequence>,
	/// Settlements that may still arrive, and the last block for each.
	pub(super) late: Vec<(Vec<LaneSettlement>, BlockNumber)>,
	/// True if the operator has no transaction on its way.
	pub(super) nothing_under_way: bool,
	/// True if old blocks cannot be read any more.
	pub(super) forgetful: bool,
	/// Settlements that are waited for, and how many at the same time at most.
	pub(super) waiting: usize,
	pub(super) most_waiting: usize,
	/// Lanes of those, to see that none is in two.
	busy: BTreeSet<LaneKey>,
	/// The last block that each may enter.
	pub(super) lasts: Vec<BlockNumber>,
	/// How often the chain was asked for what old blocks say.
	pub(super) read: usize,
}

/// A chain in memory.
pub(super) struct FakeChain(Mutex<State>);

impl FakeChain {
	pub(super) fn new() -> Arc<Self> {
		let sessions = [(SESSION, session(SESSION))].into();
		let (finalized, finality) = (FINALIZED, FINALITY);
		Arc::new(Self(Mutex::new(State { finalized, finality, sessions, ..State::default() })))
	}

	pub(super) fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().expect("no test panics while it holds this")
	}

	pub(super) fn fate(&self, fate: Fate) {
		self.state().fates.push_back(fate);
	}

	/// The records of each lane that was sent, and the sequence of its voucher.
	pub(super) fn sent(&self) -> Vec<(Vec<Sequence>, Sequence)> {
		let state = self.state();
		let lanes = state.sent.iter().flatten();
		lanes.map(|lane| (lane.records.clone(), lane.voucher)).collect()
	}

	/// The number of lanes in each settlement that was sent.
	pub(super) fn sizes(&self) -> Vec<usize> {
		self.state().sent.iter().map(Vec::len).collect()
	}

	/// The runs that were sent.
	pub(super) fn runs(&self) -> Vec<(Sequence, Sequence)> {
		self.state().sent.iter().flatten().filter_map(|lane| lane.run).collect()
	}
}

fn key_of(voucher: &Voucher) -> LaneKey {
	LaneKey { session: voucher.session, lane: voucher.lane }
}

fn failure(name: &str) -> DispatchFailure {
	let pallet = Some("InferenceMetering".into());
	DispatchFailure { pallet, name: name.into(), docs: String::new() }
}

fn sent_lane(settlement: &LaneSettlement) -> SentLane {
	let voucher = settlement.voucher.newest();
	let run = settlement.parts.iter().find_map(|part| match part {
		Part::Run(proof) => Some((proof.next.sequence, proof.last().sequence)),
		Part::Records(_) => None,
	});
	SentLane {
		key: key_of(&voucher),
		records: settlement.records().map(|record| record.sequence).collect(),
		run,
		voucher: voucher.sequence,
	}
}

impl State {
	/// Takes a settlement in a block of its own. The first lane's reason if nothing of it counts.
	pub(super) fn settle(
		&mut self,
		lanes: &[LaneSettlement],
	) -> Result<Vec<LaneOutcome>, DispatchFailure> {
		self.settle_but(lanes, &Whim::default())
	}

	fn settle_but(
		&mut self,
		lanes: &[LaneSettlement],
		but: &Whim,
	) -> Result<Vec<LaneOutcome>, DispatchFailure> {
		self.finalized += 1;
		let outcomes: Vec<_> = lanes.iter().map(|lane| self.redeem(lane, but)).collect();
		let counts = |outcome: &LaneOutcome| matches!(outcome, LaneOutcome::Settled(_));
		if !outcomes.iter().any(counts) {
			let reason = outcomes.into_iter().find_map(|outcome| match outcome {
				LaneOutcome::Refused { reason, .. } => Some(reason),
				LaneOutcome::Settled(_) => None,
			});
			return Err(reason.expect("there is a lane"));
		}
		let block = self.finalized;
		self.outcomes.extend(outcomes.iter().map(|outcome| (block, outcome.clone())));
		Ok(outcomes)
	}

	/// What its sender hears of a settlement.
	fn heard(&self, outcome: Result<Vec<LaneOutcome>, DispatchFailure>) -> Sent {
		let block = self.finalized;
		match outcome {
			Ok(outcomes) => Sent::Finalized { block, outcomes },
			Err(reason) => Sent::Failed { block, reason },
		}
	}

	/// Takes what was late, if its time is not over.
	pub(super) fn let_arrive(&mut self) {
		for (lanes, last) in std::mem::take(&mut self.late) {
			if self.finalized < last {
				// Nothing of it may count any more.
				let _ = self.settle(&lanes);
			}
		}
	}

	fn redeem(&mut self, settlement: &LaneSettlement, but: &Whim) -> LaneOutcome {
		let voucher = settlement.voucher.newest();
		let key = key_of(&voucher);
		let refused = |name: &str| LaneOutcome::Refused {
			session: key.session,
			lane: key.lane,
			reason: failure(name),
		};
		let Some(session) = self.sessions.get_mut(&key.session) else {
			return refused("UnknownSession");
		};
		if but.over == Some(key.session) {
			return refused("SettlementOver");
		}
		if but.lanes.contains(&key) {
			return refused("NoLaneDeposit");
		}
		let known = session.lanes.iter().find(|lane| lane.lane == key.lane);
		let before = known.map_or(Settled::default(), |lane| Settled {
			sequence: lane.sequence,
			charge: lane.settled,
		});
		if voucher.sequence <= before.sequence {
			return refused("VoucherNotNewer");
		}
		if self.too_old.contains(&voucher.sequence) {
			return refused("SettledTooLate");
		}
		if !settlement.voucher.verify(&settlement.signature, &session.signer) {
			return refused("BadSignature");
		}
		let mut meter = Meter { voucher, settled: before, items: vec![], rejected: vec![] };
		for part in &settlement.parts {
			match part {
				Part::Records(records) => {
					records.iter().for_each(|record| meter.take(record, &but.records));
				}
				Part::Run(proof) => meter.take_run(proof, but.runs),
			}
		}
		let Meter { settled, items, rejected, .. } = meter;
		if items.is_empty() {
			return refused("NothingSettled");
		}
		session.lanes.retain(|lane| lane.lane != key.lane);
		session.lanes.push(LaneInfo {
			lane: key.lane,
			sequence: settled.sequence,
			settled: settled.charge,
			agreement: voucher.agreement.hash(),
		});
		let charged = settled.charge - before.charge;
		session.settled += charged;
		let header = header(session, &voucher, &items, rejected.len(), charged);
		LaneOutcome::Settled(Box::new(Settlement { header, items, rejected }))
	}
}

/// Counts a lane's calls as the chain does, but that each call costs the same.
struct Meter {
	voucher: Voucher,
	settled: Settled,
	items: Vec<SettledItem>,
	rejected: Vec<Rejection>,
}

impl Meter {
	fn take(&mut self, record: &CallRecord, but: &[Sequence]) {
		let Self { voucher, settled, .. } = self;
		let (sequence, total) = (record.sequence, settled.charge + CHARGE);
		let most =
			if sequence < voucher.sequence { voucher.acknowledged } else { voucher.authorised };
		let reason = if sequence <= settled.sequence {
			RejectReason::SequenceNotRising
		} else if sequence > voucher.sequence {
			RejectReason::SequenceBeyondVoucher
		} else if total > most {
			RejectReason::AboveAcknowledged
		} else if but.contains(&sequence) {
			RejectReason::UnknownModel
		} else {
			self.settled = Settled { sequence, charge: total };
			self.items.push(SettledItem::Call(SettledCall {
				record: record.clone(),
				charge: CHARGE,
				parts: SettledParts::default(),
				direct: Default::default(),
			}));
			return;
		};
		self.rejected.push(Rejection::Record { sequence, reason });
	}

	fn take_run(&mut self, proof: &AggregateProof, reject: bool) {
		let (first_sequence, last_sequence) = (proof.next.sequence, proof.last().sequence);
		let run = proof.verify(&self.settled, &self.voucher.acknowledges());
		let reason = match run {
			Ok(_) if reject => RejectReason::DepositExhausted,
			Err(_) => RejectReason::BadRun,
			Ok(totals) => {
				let charge = self.settled.charge + totals.charge;
				self.settled = Settled { sequence: last_sequence, charge };
				self.items.push(SettledItem::Run(SettledRun {
					first_sequence,
					last_sequence,
					count: proof.last().totals.calls,
					acknowledged_root: self.voucher.acknowledged_root,
					totals,
					parts: SettledParts::default(),
				}));
				return;
			}
		};
		self.rejected.push(Rejection::Run { first_sequence, last_sequence, reason });
	}
}

fn header(
	session: &SessionInfo,
	voucher: &Voucher,
	items: &[SettledItem],
	rejected: usize,
	charged: Balance,
) -> SettledLane {
	let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
	SettledLane {
		session: voucher.session,
		lane: voucher.lane,
		caller: session.caller.clone(),
		node: session.node.clone(),
		node_payee: session.node.clone(),
		agreement: voucher.agreement,
		developer_payee: model().payee,
		price: PRICE,
		policy: model().policy,
		protocol_share: Default::default(),
		lineage: Default::default(),
		sources: Default::default(),
		pools: Default::default(),
		sequence: items.last().expect("something was settled").last_sequence(),
		voucher_sequence: voucher.sequence,
		acknowledged_root: voucher.acknowledged_root,
		items: u32::try_from(items.len()).expect("they are few"),
		rejected: u32::try_from(rejected).expect("they are few"),
		charged,
		root: tree::root(&leaves).expect("something was settled"),
	}
}

#[async_trait]
impl SettlementChain for FakeChain {
	fn mortality(&self) -> BlockNumber {
		10
	}

	async fn look(&self, sessions: &BTreeSet<SessionId>) -> Result<Sighting, ChainUnavailable> {
		let state = self.state();
		let seen = sessions.iter().map(|id| {
			let info = state.sessions.get(id).cloned();
			(*id, SeenSession { known_at_best: info.is_some(), info })
		});
		Ok(Sighting {
			finalized: state.finalized,
			best: state.finalized,
			sessions: seen.collect(),
			nothing_under_way: state.nothing_under_way,
		})
	}

	async fn settle(
		&self,
		lanes: Vec<LaneSettlement>,
		last: BlockNumber,
	) -> Result<Sent, ChainUnavailable> {
		let sent: Vec<_> = lanes.iter().map(sent_lane).collect();
		let finality = {
			let mut state = self.state();
			state.lasts.push(last);
			state.waiting += 1;
			state.most_waiting = state.most_waiting.max(state.waiting);
			for lane in &sent {
				assert!(state.busy.insert(lane.key), "{} is in two settlements", lane.key);
			}
			state.finality
		};
		tokio::time::sleep(finality).await;
		let mut state = self.state();
		state.waiting -= 1;
		sent.iter().for_each(|lane| assert!(state.busy.remove(&lane.key)));
		let fate = state.fates.pop_front().unwrap_or(Fate::Settle(vec![]));
		if matches!(fate, Fate::Away) {
			return Err(ChainUnavailable("gone".into()));
		}
		state.sent.push(sent);
		let but = match &fate {
			Fate::Settle(records) | Fate::SettleUnheard(records) => {
				Whim { records: records.clone(), ..Whim::default() }
			}
			Fate::RejectRuns => Whim { runs: true, ..Whim::default() },
			Fate::RejectLanes(lanes) => Whim { lanes: lanes.clone(), ..Whim::default() },
			Fate::LaneOver(session) => Whim { over: Some(*session), ..Whim::default() },
			_ => Whim::default(),
		};
		let unknown = || Sent::Unknown { until: None, reason: "no word".into() };
		Ok(match fate {
			Fate::SettleUnheard(_) => {
				let _ = state.settle_but(&lanes, &but);
				unknown()
			}
			Fate::SettleLate => {
				state.late.push((lanes, last));
				unknown()
			}
			Fate::Lose | Fate::Away => unknown(),
			Fate::Expire => Sent::Expired,
			Fate::Refuse => Sent::Refused { error: "the operator cannot pay its fee".into() },
			Fate::Fail(name) => state.heard(Err(failure(name))),
			Fate::SettleAfterAnother => {
				let _ = state.settle(&lanes);
				let outcome = state.settle(&lanes);
				state.heard(outcome)
			}
			_ => {
				let outcome = state.settle_but(&lanes, &but);
				state.heard(outcome)
			}
		})
	}

	async fn outcomes(
		&self,
		lanes: &BTreeSet<LaneKey>,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<(BlockNumber, LaneOutcome)>, ChainUnavailable> {
		let mut state = self.state();
		state.read += 1;
		if state.forgetful {
			return Err(ChainUnavailable("these blocks are gone".into()));
		}
		let here = state.outcomes.iter().filter(|(block, outcome)| {
			let (session, lane) = (outcome.session(), outcome.lane());
			lanes.contains(&LaneKey { session, lane }) && (from..=to).contains(block)
		});
		Ok(here.cloned().collect())
	}
}

//! A chain in memory that does with settlements what it is told to.

use std::{
	collections::{BTreeMap, VecDeque},
	sync::{Arc, Mutex, MutexGuard},
	time::Duration,
};

use async_trait::async_trait;
use openledger_primitives::{
	aggregate::Aggregate,
	info::{LaneInfo, SessionInfo},
	record::RejectReason,
	voucher::Voucher,
	Balance, BlockNumber, Sequence, SessionId,
};

use super::{CHARGE, FINALIZED};
use crate::{
	redeem::{Batch, Content, Sent, SettlementChain, Sighting, Verdict},
	view::ChainUnavailable,
};
use openledger_books::LaneKey;
use openledger_testkit::{session, SESSION};

/// The time that a settlement takes.
const FINALITY: Duration = Duration::from_millis(20);

/// The chain's answer to the next settlement.
#[derive(Clone, Debug)]
pub(super) enum Fate {
	/// Takes it, except for these records.
	Settle(Vec<Sequence>),
	/// Takes an earlier settlement of the same calls first.
	SettleAfterAnother,
	/// Takes it, but nobody hears of it.
	SettleUnheard,
	/// Loses it.
	Lose,
	/// Refuses it.
	Refuse,
	/// Says that it comes too late.
	Over,
	/// Cannot be reached.
	Away,
}

#[derive(Default)]
pub(super) struct State {
	pub(super) finalized: BlockNumber,
	pub(super) sessions: BTreeMap<SessionId, SessionInfo>,
	pub(super) fates: VecDeque<Fate>,
	pub(super) verdicts: Vec<(LaneKey, Verdict)>,
	/// The sequences of each settlement that was sent, and its voucher's.
	pub(super) sent: Vec<(Vec<Sequence>, Sequence)>,
	/// True if the operator has no transaction on its way.
	pub(super) nothing_under_way: bool,
	/// Settlements that are waited for, and how many at the same time at most.
	pub(super) waiting: usize,
	pub(super) most_waiting: usize,
	/// The last block that each may enter.
	pub(super) lasts: Vec<BlockNumber>,
	/// The sums that were sent.
	pub(super) sums: Vec<Aggregate>,
}

/// A chain in memory.
pub(super) struct FakeChain(Mutex<State>);

impl FakeChain {
	pub(super) fn new() -> Arc<Self> {
		let sessions = [(SESSION, session(SESSION))].into();
		Arc::new(Self(Mutex::new(State { finalized: FINALIZED, sessions, ..State::default() })))
	}

	pub(super) fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().expect("no test panics while it holds this")
	}

	pub(super) fn fate(&self, fate: Fate) {
		self.state().fates.push_back(fate);
	}

	pub(super) fn sent(&self) -> Vec<(Vec<Sequence>, Sequence)> {
		self.state().sent.clone()
	}
}

impl State {
	pub(super) fn settle(
		&mut self,
		voucher: &Voucher,
		sequences: &[Sequence],
		rejected: &[Sequence],
	) -> Vec<Verdict> {
		let key = LaneKey { session: voucher.session, lane: voucher.lane };
		self.finalized += 1;
		let session = self.sessions.get_mut(&key.session).expect("it is open");
		if session.lanes.iter().all(|lane| lane.lane != key.lane) {
			session.lanes.push(LaneInfo { lane: key.lane, sequence: 0, settled: 0 });
		}
		let lane = session.lanes.iter_mut().find(|lane| lane.lane == key.lane);
		let lane = lane.expect("it was pushed");
		let mut verdicts = Vec::new();
		for &sequence in sequences {
			let rejection = if sequence <= lane.sequence {
				Some(RejectReason::SequenceNotRising)
			} else if rejected.contains(&sequence) {
				Some(RejectReason::UnknownModel)
			} else {
				lane.sequence = sequence;
				lane.settled += CHARGE;
				None
			};
			verdicts.push(Verdict::of_one(sequence, self.finalized, rejection));
		}
		self.verdicts.extend(verdicts.iter().map(|verdict| (key, *verdict)));
		verdicts
	}

	pub(super) fn settle_sums(
		&mut self,
		voucher: &Voucher,
		sums: &Aggregate,
		own: &[Sequence],
		rejected: &[Sequence],
	) -> Vec<Verdict> {
		let key = LaneKey { session: voucher.session, lane: voucher.lane };
		let settled = Balance::from(sums.calls) * CHARGE;
		// As if it was one record.
		let mut verdicts = self.settle(voucher, &[sums.up_to], &[]);
		let session = self.sessions.get_mut(&key.session).expect("it is open");
		let lane = session.lanes.iter_mut().find(|lane| lane.lane == key.lane);
		lane.expect("it is there").settled += settled - CHARGE;
		self.verdicts.pop();
		verdicts[0].first = 1;
		self.verdicts.push((key, verdicts[0]));
		self.finalized -= 1;
		verdicts.extend(self.settle(voucher, own, rejected));
		verdicts
	}

	pub(super) fn settle_batch(&mut self, batch: &Batch, rejected: &[Sequence]) -> Vec<Verdict> {
		let own = sequences(batch);
		match &batch.content {
			Content::Itemised(_) => self.settle(&batch.voucher, &own, rejected),
			Content::Aggregate { aggregate, .. } => {
				self.settle_sums(&batch.voucher, aggregate, &own, rejected)
			}
		}
	}
}

/// The records of a settlement.
fn sequences(batch: &Batch) -> Vec<Sequence> {
	match &batch.content {
		Content::Itemised(records) => records.iter().map(|record| record.sequence).collect(),
		Content::Aggregate { last, .. } => last.iter().map(|record| record.sequence).collect(),
	}
}

#[async_trait]
impl SettlementChain for FakeChain {
	fn mortality(&self) -> BlockNumber {
		10
	}

	async fn look(&self, session: SessionId) -> Result<Sighting, ChainUnavailable> {
		let state = self.state();
		let session = state.sessions.get(&session).cloned();
		let known_at_best = session.is_some();
		Ok(Sighting {
			finalized: state.finalized,
			best: state.finalized,
			session,
			known_at_best,
			nothing_under_way: state.nothing_under_way,
		})
	}

	async fn settle(&self, batch: Batch, last: BlockNumber) -> Result<Sent, ChainUnavailable> {
		{
			let mut state = self.state();
			state.lasts.push(last);
			state.waiting += 1;
			state.most_waiting = state.most_waiting.max(state.waiting);
		}
		tokio::time::sleep(FINALITY).await;
		let mut state = self.state();
		state.waiting -= 1;
		let fate = state.fates.pop_front().unwrap_or(Fate::Settle(vec![]));
		if matches!(fate, Fate::Away) {
			return Err(ChainUnavailable("gone".into()));
		}
		state.sent.push((sequences(&batch), batch.voucher.sequence));
		if let Content::Aggregate { aggregate, .. } = &batch.content {
			state.sums.push((**aggregate).clone());
		}
		let unknown = || Sent::Unknown { until: None, reason: "no word".into() };
		Ok(match fate {
			Fate::Settle(rejected) => {
				let verdicts = state.settle_batch(&batch, &rejected);
				Sent::Finalized { block: state.finalized, verdicts }
			}
			Fate::SettleAfterAnother => {
				state.settle_batch(&batch, &[]);
				let verdicts = state.settle_batch(&batch, &[]);
				Sent::Finalized { block: state.finalized, verdicts }
			}
			Fate::SettleUnheard => {
				state.settle_batch(&batch, &[]);
				unknown()
			}
			Fate::Lose | Fate::Away => unknown(),
			Fate::Over => Sent::Over,
			Fate::Refuse => Sent::Refused { error: "InferenceMetering.NothingSettled".into() },
		})
	}

	async fn verdicts(
		&self,
		lane: LaneKey,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<Verdict>, ChainUnavailable> {
		let state = self.state();
		let here = state
			.verdicts
			.iter()
			.filter(|(key, verdict)| *key == lane && (from..=to).contains(&verdict.block));
		Ok(here.map(|(_, verdict)| *verdict).collect())
	}
}

//! Looking after lanes, those of one settlement at a time: what the chain knows of each already, and what to
//! send next. It can be asked from several tasks at once, about different lanes.

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};

use openledger_books::{
	CallId, CallStatus, LaneKey, Loss, Outcome, Store, StoreError, StoredCall, Submission,
	UnixSeconds,
};
use openledger_chain_client::{ss58, LaneOutcome};
use openledger_primitives::{
	info::SessionInfo, lane_list::Settled, Balance, BlockNumber, SessionId,
};
use openledger_protocol::clock;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{
	handle::{LastSettlement, SettleError},
	lane_error::LaneError,
	notes::{both, keep, note, outcome_of},
	plan::{Left, Plan, Planner},
	room::Room,
	sending::Sender,
	SeenSession, SettlementChain, SettlementPolicy, Sighting,
};
use crate::view::SessionSource;

/// A session that the chain does not know for so long, counted from the call, was closed.
const LOST_AFTER: UnixSeconds = 600;

/// The result of looking after a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
	/// There is nothing to send now.
	Waits,
	/// Something was sent, and so much is left.
	Sent { left: Left },
}

/// The results of looking after lanes.
pub(super) type Results = Vec<(LaneKey, Result<Looked, LaneError>)>;

/// What the chain said of the lanes of one settlement in some blocks, so that it is asked once for all of
/// them.
type Said = BTreeMap<(BlockNumber, BlockNumber), Vec<(BlockNumber, LaneOutcome)>>;

/// Looks after lanes.
pub(super) struct Worker {
	store: Store,
	chain: Arc<dyn SettlementChain>,
	sessions: Arc<dyn SessionSource>,
	pub(super) planner: Arc<Planner>,
	sender: Sender,
}

/// The lanes of one settlement, as the chain knows them.
struct Looking<'a> {
	lanes: &'a [LaneKey],
	policy: &'a SettlementPolicy,
	sighting: Sighting,
	said: Said,
}

impl Worker {
	/// Settles what is in `store`, with what `planner` plans, and says in `last` how that went.
	pub(super) fn new(
		store: Store,
		chain: Arc<dyn SettlementChain>,
		sessions: Arc<dyn SessionSource>,
		planner: Arc<Planner>,
		last: watch::Sender<LastSettlement>,
	) -> Self {
		let (store_too, chain_too) = (store.clone(), chain.clone());
		let sender = Sender { store: store_too, chain: chain_too, planner: planner.clone(), last };
		Self { store, chain, sessions, planner, sender }
	}

	/// Looks after lanes, with one settlement of all of them at most. Each has its own result.
	pub(super) async fn look_after(&self, lanes: &[LaneKey], policy: &SettlementPolicy) -> Results {
		let sessions: BTreeSet<SessionId> = lanes.iter().map(|key| key.session).collect();
		let sighting = match self.chain.look(&sessions).await {
			Ok(sighting) => sighting,
			Err(error) => {
				return lanes.iter().map(|key| (*key, Err(error.clone().into()))).collect();
			}
		};
		let (finalized, best) = (sighting.finalized, sighting.best);
		let mut looking = Looking { lanes, policy, sighting, said: Said::new() };
		let mut room = self.planner.limits.room();
		let (mut plans, mut results) = (Vec::new(), Results::new());
		for (others, key) in (0..lanes.len()).rev().zip(lanes) {
			match self.next_step(*key, &mut looking, room.before(others)).await {
				Ok(Some(plan)) => {
					let extent = plan.settlement.extent();
					room = room.less(extent.records, extent.entries);
					plans.push(plan);
				}
				Ok(None) => results.push((*key, Ok(Looked::Waits))),
				Err(error) => results.push((*key, Err(error))),
			}
		}
		if !plans.is_empty() {
			let until = best.saturating_add(self.chain.mortality());
			results.extend(self.sender.send(Submission { at: finalized, until }, plans).await);
		}
		results
	}

	/// Notes what the chain knows of the lane already, and plans what to send next. None if there is
	/// nothing to settle, or nothing that can be settled yet.
	async fn next_step(
		&self,
		key: LaneKey,
		looking: &mut Looking<'_>,
		room: Room,
	) -> Result<Option<Plan>, LaneError> {
		let mode = looking.policy.mode;
		let finalized = looking.sighting.finalized;
		let mut waiting = self.planner.waiting(key, mode).await?;
		// Where blocks were replaced, the session's number may have been given to somebody else: what
		// the chain says of that session is not about these calls, and nothing pays for them any more.
		let payer = waiting.calls.first().map(|(_, call)| call.payer.clone());
		let is_ours =
			|session: &SessionInfo| payer.as_ref().is_none_or(|payer| *payer == session.caller);
		let SeenSession { info, known_at_best } =
			looking.sighting.sessions.get(&key.session).cloned().unwrap_or_default();
		let is_there = info.is_some();
		let session = info.filter(is_ours);
		let is_replaced = is_there && session.is_none();
		let settled = session.as_ref().map(|session| settled(session, key)).unwrap_or_default();
		while waiting.calls.iter().any(|(id, _)| id.sequence <= settled.sequence) {
			let noted = self.note_settled(key, &waiting.calls, settled, looking).await?;
			info!(lane = %key, up_to = settled.sequence, calls = noted, "found settled on chain");
			if noted == 0 {
				return Ok(None);
			}
			waiting = self.planner.waiting(key, mode).await?;
		}

		let mut is_under_way = false;
		let mut expired = Vec::new();
		for (id, call) in &waiting.calls {
			if let CallStatus::Submitted(submission) = call.status {
				if finalized > submission.until {
					expired.push((*id, Outcome::NotSettled));
				} else {
					is_under_way = true;
				}
			}
		}
		if !expired.is_empty() {
			warn!(lane = %key, calls = expired.len(), "a settlement never entered a block");
			note(&self.store, expired).await?;
			waiting = self.planner.waiting(key, mode).await?;
		}
		if is_under_way && !looking.sighting.nothing_under_way {
			return Ok(None);
		}

		match session {
			Some(session) if session.node == *self.sessions.operator() => {
				// It would cost a fee each time, until the caller adds to it.
				let left = session.deposit.saturating_sub(session.settled);
				let is_beyond = |(_, call): &(CallId, StoredCall)| call.charge() > left;
				if !waiting.calls.is_empty() && waiting.calls.iter().all(is_beyond) {
					return Err(LaneError::Exhausted);
				}
				Ok(self.planner.next(key, looking.policy, waiting, settled, room).await?)
			}
			Some(session) => {
				error!(lane = %key, node = %ss58(&session.node), "another node's session");
				Ok(None)
			}
			None => {
				if is_replaced || !known_at_best {
					self.note_lost(key, &waiting.calls, finalized).await?;
				}
				Ok(None)
			}
		}
	}

	/// The chain has settled the lane up to `settled`. What it said of the calls that were sent is in the
	/// events, where those blocks can still be read.
	async fn note_settled(
		&self,
		key: LaneKey,
		calls: &[(CallId, StoredCall)],
		settled: Settled,
		looking: &mut Looking<'_>,
	) -> Result<u32, LaneError> {
		let submissions = calls.iter().filter_map(|(_, call)| match call.status {
			CallStatus::Submitted(submission) => Some(submission),
			_ => None,
		});
		let span = submissions.fold(None, |span, next| Some(both(span, next)));
		let said = match span {
			Some(span) => self.said(key, span, looking).await,
			None => Vec::new(),
		};
		for (block, outcome) in &said {
			if let LaneOutcome::Settled(settlement) = outcome {
				keep(&self.store, *block, settlement).await?;
			}
		}
		let finalized = looking.sighting.finalized;
		let outcomes = calls.iter().filter_map(|(id, call)| {
			let is_past = id.sequence <= settled.sequence;
			let may_arrive = matches!(call.status, CallStatus::Submitted(submission)
				if finalized <= submission.until);
			let unseen = || is_past.then_some(Outcome::Settled { block: None });
			let outcome = outcome_of(&said, id.sequence).or_else(unseen)?;
			// Another copy may still bring what the lane has not gone past.
			let is_open = !is_past && may_arrive && !matches!(outcome, Outcome::Settled { .. });
			(!is_open).then_some((*id, outcome))
		});
		Ok(note(&self.store, outcomes.collect()).await?)
	}

	/// What the finalized blocks say of a lane in which a submission may have arrived; nothing if they cannot
	/// be read any more.
	async fn said(
		&self,
		key: LaneKey,
		span: Submission,
		looking: &mut Looking<'_>,
	) -> Vec<(BlockNumber, LaneOutcome)> {
		let (from, to) = (span.at, span.until.min(looking.sighting.finalized));
		if !looking.said.contains_key(&(from, to)) {
			let lanes = looking.lanes.iter().copied().collect();
			match self.chain.outcomes(&lanes, from, to).await {
				Ok(said) => {
					looking.said.insert((from, to), said);
				}
				Err(error) => {
					warn!(lane = %key, %error, "cannot read how the calls fared one by one");
				}
			}
		}
		let said = looking.said.get(&(from, to)).map(Vec::as_slice).unwrap_or_default();
		let is_about =
			|outcome: &LaneOutcome| (outcome.session(), outcome.lane()) == (key.session, key.lane);
		said.iter().filter(|(_, outcome)| is_about(outcome)).cloned().collect()
	}

	/// The chain does not know the session. That it was closed is certain only once the chain that is
	/// asked is past the calls themselves: a chain node that is catching up has not seen it yet.
	async fn note_lost(
		&self,
		key: LaneKey,
		calls: &[(CallId, StoredCall)],
		finalized: BlockNumber,
	) -> Result<(), LaneError> {
		let now = clock::unix_seconds();
		let mut lost = Vec::new();
		for (id, call) in calls {
			if now.saturating_sub(call.accepted_at) <= LOST_AFTER {
				continue;
			}
			let stored = self.store.voucher(*id).await?;
			let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
			if finalized > stored.voucher.newest().valid_until {
				lost.push((*id, Outcome::Lost(Loss::SessionClosed)));
			}
		}
		if !lost.is_empty() {
			error!(lane = %key, calls = lost.len(), "the session was closed before settlement");
			note(&self.store, lost).await?;
		}
		Ok(())
	}

	/// The sum that the chain has settled of a session, in planck, once nothing of it is open any more. If
	/// something is, this is why.
	pub(super) async fn conclude(
		&self,
		session: SessionId,
		reason: String,
	) -> Result<Balance, SettleError> {
		let open = self.store.open_lanes().await?;
		let calls = open.iter().filter(|lane| lane.key.session == session);
		let calls = calls.fold(0_usize, |sum, lane| {
			sum.saturating_add(usize::try_from(lane.calls).unwrap_or(usize::MAX))
		});
		if calls > 0 {
			return Err(SettleError::Open { calls, reason });
		}
		let mut sighting = self.chain.look(&[session].into()).await?;
		let seen = sighting.sessions.remove(&session).unwrap_or_default();
		match seen.info {
			Some(info) => Ok(info.settled),
			// It was opened just now.
			None if seen.known_at_best => Ok(0),
			None => Err(SettleError::Unknown),
		}
	}
}

/// What the chain has settled of a lane.
fn settled(session: &SessionInfo, key: LaneKey) -> Settled {
	let lane = session.lanes.iter().find(|lane| lane.lane == key.lane);
	lane.map(|lane| Settled { sequence: lane.sequence, charge: lane.settled }).unwrap_or_default()
}

//! Looking after one lane: what the chain knows of it already, and what to send next. It can be asked
//! from several tasks at once.

use std::sync::Arc;

use openledger_books::{
	CallId, CallStatus, LaneKey, Loss, Outcome, Store, StoreError, StoredCall, Submission,
	UnixSeconds,
};
use openledger_chain_client::ss58;
use openledger_primitives::{info::SessionInfo, Balance, BlockNumber, Sequence, SessionId};
use openledger_protocol::clock;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{
	handle::{LastSettlement, SettleError},
	lane_error::LaneError,
	notes::{both, note},
	plan::{Plan, Planner},
	sending::Sender,
	SettlementChain, SettlementPolicy, Sighting, Verdict,
};
use crate::view::SessionSource;

/// A session that the chain does not know for so long, counted from the call, was closed.
const LOST_AFTER: UnixSeconds = 600;

/// The result of looking after a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
	/// There is nothing to send now.
	Waits,
	/// Something was sent. True if more calls wait than one settlement takes.
	Sent { more: bool },
}

/// Looks after lanes.
pub(super) struct Worker {
	store: Store,
	chain: Arc<dyn SettlementChain>,
	sessions: Arc<dyn SessionSource>,
	pub(super) planner: Planner,
	sender: Sender,
}

impl Worker {
	/// Settles what is in `store`, with what `planner` plans, and says in `last` how that went.
	pub(super) fn new(
		store: Store,
		chain: Arc<dyn SettlementChain>,
		sessions: Arc<dyn SessionSource>,
		planner: Planner,
		last: watch::Sender<LastSettlement>,
	) -> Self {
		let sender = Sender { store: store.clone(), chain: chain.clone(), last };
		Self { store, chain, sessions, planner, sender }
	}

	/// Looks after one lane, with one settlement at most.
	pub(super) async fn look_after(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
	) -> Result<Looked, LaneError> {
		let sighting = self.chain.look(key.session).await?;
		let (finalized, best) = (sighting.finalized, sighting.best);
		let Some(plan) = self.next_step(key, policy, sighting).await? else {
			return Ok(Looked::Waits);
		};
		let (summed, more, again) = (plan.sums.is_some(), plan.more, plan.earlier.is_some());
		let until = best.saturating_add(self.chain.mortality());
		let sent = self.sender.send(key, Submission { at: finalized, until }, plan).await;
		self.planner.note_sent(key, summed, again, &sent);
		sent.map(|()| Looked::Sent { more })
	}

	/// Notes what the chain knows of the lane already, and plans what to send next. None if there is
	/// nothing to settle, or nothing that can be settled yet.
	async fn next_step(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
		sighting: Sighting,
	) -> Result<Option<Plan>, LaneError> {
		let mut calls = self.planner.waiting(key, policy.mode).await?;
		// Where blocks were replaced, the session's number may have been given to somebody else: what
		// the chain says of that session is not about these calls, and nothing pays for them any more.
		let payer = calls.first().map(|(_, call)| call.payer.clone());
		let is_ours =
			|session: &&SessionInfo| payer.as_ref().is_none_or(|payer| *payer == session.caller);
		let session = sighting.session.as_ref().filter(is_ours);
		let is_replaced = sighting.session.is_some() && session.is_none();
		let settled = session
			.and_then(|session| session.lanes.iter().find(|lane| lane.lane == key.lane))
			.map_or(0, |lane| lane.sequence);
		while calls.iter().any(|(id, _)| id.sequence <= settled) {
			let noted = self.note_settled(key, &calls, settled, sighting.finalized).await?;
			info!(lane = %key, up_to = settled, calls = noted, "found settled on chain");
			if noted == 0 {
				return Ok(None);
			}
			calls = self.planner.waiting(key, policy.mode).await?;
		}

		let mut earlier = None;
		let mut expired = Vec::new();
		for (id, call) in &calls {
			if let CallStatus::Submitted(submission) = call.status {
				if sighting.finalized > submission.until {
					expired.push((*id, Outcome::NotSettled));
				} else {
					earlier = Some(both(earlier, submission));
				}
			}
		}
		if !expired.is_empty() {
			warn!(lane = %key, calls = expired.len(), "a settlement never entered a block");
			note(&self.store, expired).await?;
			calls = self.planner.waiting(key, policy.mode).await?;
		}
		if earlier.is_some() && !sighting.nothing_under_way {
			return Ok(None);
		}

		match session {
			Some(session) if session.node == *self.sessions.operator() => match earlier {
				Some(earlier) => Ok(self.planner.again(key, calls, earlier).await?),
				None => Ok(self.planner.next(key, policy, calls).await?),
			},
			Some(session) => {
				error!(lane = %key, node = %ss58(&session.node), "another node's session");
				Ok(None)
			}
			None => {
				if is_replaced || !sighting.known_at_best {
					self.note_lost(key, &calls, sighting.finalized).await?;
				}
				Ok(None)
			}
		}
	}

	/// The chain has settled the lane up to `settled`. What it said of the records that were sent
	/// is in the events, where those blocks can still be read.
	async fn note_settled(
		&self,
		key: LaneKey,
		calls: &[(CallId, StoredCall)],
		settled: Sequence,
		finalized: BlockNumber,
	) -> Result<u32, LaneError> {
		let submissions = calls.iter().filter_map(|(_, call)| match call.status {
			CallStatus::Submitted(submission) => Some(submission),
			_ => None,
		});
		let span = submissions.fold(None, |span, next| Some(both(span, next)));
		let verdicts = match span {
			Some(span) => {
				let found = self.chain.verdicts(key, span.at, span.until.min(finalized)).await;
				found.unwrap_or_else(|error| {
					warn!(lane = %key, %error, "cannot read how the records fared one by one");
					Vec::new()
				})
			}
			None => Vec::new(),
		};
		let outcomes = calls.iter().filter_map(|(id, _)| {
			let unseen = || (id.sequence <= settled).then_some(Outcome::Settled { block: None });
			let outcome = Verdict::outcome_of(&verdicts, id.sequence).or_else(unseen);
			outcome.map(|outcome| (*id, outcome))
		});
		Ok(note(&self.store, outcomes.collect()).await?)
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
			if finalized > stored.voucher.valid_until {
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
		let sighting = self.chain.look(session).await?;
		match sighting.session {
			Some(info) => Ok(info.settled),
			// It was opened just now.
			None if sighting.known_at_best => Ok(0),
			None => Err(SettleError::Unknown),
		}
	}
}

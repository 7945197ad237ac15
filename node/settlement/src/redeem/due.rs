//! Finding the lanes that are due. A lane is due if
//!
//! - its calls cost `min_value` or more, and are many, old or dear enough for the policy;
//! - one settlement was not enough for it, or the outcome of the last one is not known;
//! - the chain has its session no more: the loss has to be noted.
//!
//! It is due and presses, whatever the policy says, if
//!
//! - its session owes half of what it may, is being closed, or ends within [`BEFORE_END`];
//! - its session's hot key may not spend any more what its calls cost;
//! - its oldest call's voucher ended [`STALE`] ago: the chain takes it for a day;
//! - its model is gone or retired, or has another version or price by now.
//!
//! After a failure, or where there was nothing to do, a lane is left alone for a while (`backoff`, `rests`).

use std::{
	collections::HashMap,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use openledger_books::{LaneKey, OpenLane, Store, UnixSeconds};
use openledger_primitives::{info::SessionInfo, lane::Agreement, Balance, BlockNumber, SessionId};

use super::{backoff::Backoff, rests::Rests, SettlementPolicy};
use crate::view::SessionSource;

/// The number of blocks before a session's end at which its calls are settled in any case: five minutes.
const BEFORE_END: BlockNumber = 100;
/// The number of blocks after the end of a call's voucher at which the call is settled in any case: half a
/// day. The chain takes a voucher for a settlement window after its end, which is a day unless governance has
/// made it another.
pub(super) const STALE: BlockNumber = 14_400;
/// The time between two looks at lanes of a session that is gone, until it is certain that they are lost.
const GONE: Duration = Duration::from_secs(30);
/// For how long a lane is left alone that there was nothing to do for: a block.
const REST: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 3 });
/// The longest wait for lanes of a session that ends.
pub(super) const PRESSING: Duration = Duration::from_secs(60);
/// The number of lanes thought about at the same time, where the chain has to be asked.
const THINKING: usize = 16;

/// A lane that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
	pub key: LaneKey,
	/// True if it cannot wait for others.
	pub presses: bool,
}

/// A verdict on whether a lane is to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
	/// Not yet.
	Waits,
	/// Settled when its turn comes.
	Due,
	/// Before those that can wait: its calls might not be paid later, or its session is not served
	/// until then.
	Presses,
}

/// The rules by which a lane is due, and what they go by.
pub(super) struct DueRules<'a> {
	pub policy: SettlementPolicy,
	pub backoff: &'a Backoff<LaneKey>,
	pub rests: &'a Rests,
	pub sessions: &'a dyn SessionSource,
	pub store: &'a Store,
}

impl DueRules<'_> {
	/// The lanes that are due now, in order.
	pub async fn due(&self, lanes: &[OpenLane], time: UnixSeconds) -> Vec<Due> {
		let waiting = lanes.iter().fold(0_u32, |sum, lane| sum.saturating_add(lane.calls));
		let owed = owed(lanes);
		let mut looking = Vec::with_capacity(lanes.len());
		for lane in lanes {
			let owed = owed.get(&lane.key.session).copied().unwrap_or_default();
			looking.push(self.find_out(lane, waiting, owed, time));
		}
		stream::iter(looking).buffered(THINKING).filter_map(std::future::ready).collect().await
	}

	/// The lane, if it is due.
	async fn find_out(
		&self,
		lane: &OpenLane,
		waiting: u32,
		owed: Balance,
		time: UnixSeconds,
	) -> Option<Due> {
		let (key, now) = (lane.key, Instant::now());
		if !self.rests.has_rested(key, now, REST) {
			return None;
		}
		let need = if self.backoff.is_ready(key, now) {
			self.need(lane, waiting, owed, time).await
		} else if self.backoff.waits_for(key, now) >= PRESSING && self.ends_soon(key).await {
			Need::Presses
		} else {
			Need::Waits
		};
		(need != Need::Waits).then_some(Due { key, presses: need == Need::Presses })
	}

	/// Tells whether a lane is due: by the policy, because one settlement was not enough or its
	/// outcome is not known, or because it cannot wait any longer: its session owes so much that it
	/// is not served any more, or ends or is gone, its hot key may not spend so much any more, its vouchers
	/// are old, or its model's version or price was replaced.
	async fn need(&self, lane: &OpenLane, waiting: u32, owed: Balance, time: UnixSeconds) -> Need {
		let policy = &self.policy;
		if policy.is_exposed(owed) {
			return Need::Presses;
		}
		let is_due = lane.submitted
			|| self.rests.is_unfinished(lane.key)
			|| policy.is_due(lane, waiting, time);
		let otherwise = if is_due { Need::Due } else { Need::Waits };
		let sessions = self.sessions;
		let (Ok(best), Ok(session)) =
			(sessions.best_block(), sessions.session(lane.key.session).await)
		else {
			return otherwise;
		};
		// The loss of the calls of a session that is gone has to be noted.
		let Some(session) = session else {
			let is_noted = !self.rests.has_rested(lane.key, Instant::now(), GONE);
			return if is_noted { otherwise } else { Need::Due };
		};
		let presses = session.closes_at.is_some()
			|| best.saturating_add(BEFORE_END) >= session.expires_at
			|| self.is_above_limit(&session).await
			|| self.is_old(lane.key, best).await;
		if presses {
			Need::Presses
		} else {
			otherwise
		}
	}

	/// Tells whether little time is left to settle a lane.
	async fn ends_soon(&self, lane: LaneKey) -> bool {
		let sessions = self.sessions;
		let (Ok(best), Ok(Some(session))) =
			(sessions.best_block(), sessions.session(lane.session).await)
		else {
			return false;
		};
		let end = session.closes_at.map_or(session.expires_at, |at| at.min(session.expires_at));
		best.saturating_add(BEFORE_END) >= end
	}

	/// Tells whether a session's calls cost more than its hot key may spend: the caller has lowered the
	/// limit, which holds after a notice.
	async fn is_above_limit(&self, session: &SessionInfo) -> bool {
		if session.signer == session.caller {
			return false;
		}
		let state = self.store.session(session.id).await.ok().flatten();
		state.is_some_and(|state| state.charged > session.spending_limit)
	}

	/// Tells whether the lane's oldest call was made with what is old: a voucher that the chain does not take
	/// for long any more, or a version or price that the model's owner has replaced. It can be settled for a
	/// while, and not for ever.
	async fn is_old(&self, lane: LaneKey, best: BlockNumber) -> bool {
		let Ok(oldest) = self.store.open_calls(lane, 1).await else { return false };
		let Some((id, call)) = oldest.into_iter().next() else { return false };
		let Ok(Some(stored)) = self.store.voucher(id).await else { return false };
		let voucher = stored.voucher.newest();
		if best >= voucher.valid_until.saturating_add(STALE) {
			return true;
		}
		let Ok(model) = self.sessions.model(call.model) else { return false };
		// It is not served any more: nobody looks what becomes of it.
		let Some(model) = model else { return true };
		let Agreement { version, price_version, .. } = voucher.agreement;
		model.retired_at.is_some()
			|| (version, price_version) != (model.version, model.price_version)
	}
}

/// The debt of each session, by its lanes' calls, in planck.
fn owed(lanes: &[OpenLane]) -> HashMap<SessionId, Balance> {
	let mut owed = HashMap::new();
	for lane in lanes {
		let sum: &mut Balance = owed.entry(lane.key.session).or_default();
		*sum = sum.saturating_add(lane.value);
	}
	owed
}

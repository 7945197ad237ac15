//! Which lanes are due.

use std::time::{Duration, Instant};

use futures::{stream, StreamExt};
use openledger_primitives::{info::SessionInfo, Balance, BlockNumber};

use super::settler::{owed, Settler, PRESSING, REST};
use crate::store::{LaneKey, OpenLane, UnixSeconds};

/// How many blocks before a session expires its calls are settled in any case: five minutes.
const BEFORE_END: BlockNumber = 100;
/// How often is looked after lanes of a session that is gone, until it is certain that they are lost.
const GONE: Duration = Duration::from_secs(30);
/// How many lanes are thought about at the same time, where the chain has to be asked.
const THINKING: usize = 16;

impl Settler {
	/// The lanes that are due now, in order.
	pub(super) async fn due(&self, lanes: &[OpenLane], time: UnixSeconds) -> Vec<LaneKey> {
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
	) -> Option<LaneKey> {
		let (key, now) = (lane.key, Instant::now());
		if !self.has_rested(key, now, REST) {
			return None;
		}
		let due = match self.backoff.is_ready(key, now) {
			true => self.had_more(key) || self.is_due(lane, waiting, owed, time).await,
			false => self.backoff.waits_for(key, now) >= PRESSING && self.ends_soon(key).await,
		};
		due.then_some(key)
	}

	/// Whether a lane is due: by the policy, because the outcome of a settlement is not known, or
	/// because it cannot wait any longer: its session owes so much that it is not served any more, or
	/// ends or is gone, its hot key may not spend so much any more, or its model's version or price was
	/// replaced.
	async fn is_due(
		&self,
		lane: &OpenLane,
		waiting: u32,
		owed: Balance,
		time: UnixSeconds,
	) -> bool {
		let policy = &self.policy;
		if lane.submitted || policy.is_due(lane, waiting, time) || policy.is_exposed(owed) {
			return true;
		}
		let sessions = &self.worker.sessions;
		let (Ok(best), Ok(session)) =
			(sessions.best_block(), sessions.session(lane.key.session).await)
		else {
			return false;
		};
		// What became of the calls of a session that is gone has to be noted.
		let Some(session) = session else {
			return self.has_rested(lane.key, Instant::now(), GONE);
		};
		session.closes_at.is_some()
			|| best.saturating_add(BEFORE_END) >= session.expires_at
			|| self.is_above_limit(&session).await
			|| self.is_replaced(lane.key).await
	}

	/// Whether little time is left to settle a lane.
	async fn ends_soon(&self, lane: LaneKey) -> bool {
		let sessions = &self.worker.sessions;
		let (Ok(best), Ok(Some(session))) =
			(sessions.best_block(), sessions.session(lane.session).await)
		else {
			return false;
		};
		let end = session.closes_at.map_or(session.expires_at, |at| at.min(session.expires_at));
		best.saturating_add(BEFORE_END) >= end
	}

	/// Whether a session's calls cost more than its hot key may spend: the caller has lowered the
	/// limit, which holds after a notice.
	async fn is_above_limit(&self, session: &SessionInfo) -> bool {
		if session.signer == session.caller {
			return false;
		}
		let state = self.worker.store.session(session.id).await.ok().flatten();
		state.is_some_and(|state| state.charged > session.spending_limit)
	}

	/// Whether the model's owner has replaced what the lane's oldest call was made with. It can be
	/// settled for a while, and not for ever.
	async fn is_replaced(&self, lane: LaneKey) -> bool {
		let worker = &self.worker;
		let Ok(Some(call)) = worker.store.oldest_open_call(lane).await else { return false };
		let Ok(Some(model)) = worker.sessions.model(call.model) else { return false };
		let Some(record) = call.served.map(|served| served.record) else { return false };
		model.retired_at.is_some()
			|| (record.version, record.price_version) != (model.version, model.price_version)
	}
}

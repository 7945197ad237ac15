//! Removing calls that nobody can dispute any more.

use openledger_primitives::SessionId;

use super::{
	error::StoreError,
	list,
	tables::Tables,
	types::{CallStatus, Cutoff, Forgotten, LaneKey, Pruned, StoredCall},
};

/// The most lanes that one step looks at.
const LANES: usize = 256;

/// Removes up to `limit` old calls, from the lane `from` upwards.
pub(super) fn prune(
	tables: &mut Tables<'_>,
	cutoff: Cutoff,
	from: LaneKey,
	limit: usize,
) -> Result<Pruned, StoreError> {
	let mut lanes = tables.lanes_from(from, LANES.saturating_add(1))?;
	// One more than is looked at, to know where to go on.
	let rest = if lanes.len() > LANES { lanes.pop() } else { None };
	let mut calls = 0_usize;
	for lane in lanes {
		let removed = prune_lane(tables, cutoff, lane, limit.saturating_sub(calls), false)?;
		calls = calls.saturating_add(removed);
		if calls >= limit {
			return Ok(Pruned { calls, next: Some(lane) });
		}
	}
	Ok(Pruned { calls, next: rest })
}

/// Returns `true` if no voucher of a session is newer than the cutoff's block. A chain that is past that block,
/// and does not know the session, knows it no more; one that is not may not know it yet.
pub(super) fn is_past(
	tables: &Tables<'_>,
	session: SessionId,
	cutoff: Cutoff,
) -> Result<bool, StoreError> {
	for lane in tables.lanes_of(session)? {
		let newest = tables.last_voucher(lane)?;
		if newest.is_some_and(|stored| stored.voucher.newest().valid_until >= cutoff.block) {
			return Ok(false);
		}
	}
	Ok(true)
}

/// Removes up to `limit` old calls of a session that takes no more vouchers, and what has none left.
pub(super) fn forget(
	tables: &mut Tables<'_>,
	session: SessionId,
	cutoff: Cutoff,
	limit: usize,
) -> Result<Forgotten, StoreError> {
	let mut calls = 0_usize;
	let mut done = true;
	for lane in tables.lanes_of(session)? {
		let left = limit.saturating_sub(calls);
		if left == 0 {
			return Ok(Forgotten { calls, done: false });
		}
		calls = calls.saturating_add(prune_lane(tables, cutoff, lane, left, true)?);
		if tables.calls_from(lane.call(0), 1)?.is_empty() {
			list::remove(tables, lane)?;
			tables.settlements.remove_range(lane.all())?;
			tables.kept.remove(lane)?;
			tables.remove_lane(lane)?;
		} else {
			done = false;
		}
	}
	if done {
		tables.remove_session(session)?;
	}
	Ok(Forgotten { calls, done })
}

/// Removes the oldest calls of a lane, one after the other, up to the first that has to stay: the newest
/// one, unless `all` may go.
fn prune_lane(
	tables: &mut Tables<'_>,
	cutoff: Cutoff,
	key: LaneKey,
	limit: usize,
	all: bool,
) -> Result<usize, StoreError> {
	let Some(mut lane) = tables.lane(key)? else { return Ok(0) };
	// A call can stay for ever, as its lane's last; its answer goes.
	if let Some(kept) = tables.kept.get(key)? {
		let call = tables.call(key.call(kept.sequence))?;
		if call.is_none_or(|call| call.accepted_at < cutoff.answers) {
			tables.kept.remove(key)?;
		}
	}
	let before = lane.base_calls;
	// One that is being served may be withdrawn yet.
	let newest = lane.sequence.saturating_sub(lane.in_flight.is_some().into());
	let mut removed = 0_usize;
	for (call_id, call) in tables.calls_from(key.call(0), limit)? {
		// The last voucher of a lane is what a caller goes on from who has lost its own books.
		if (call_id.sequence >= newest && !all) || !is_old(&call, cutoff) {
			break;
		}
		tables.remove_call(call_id)?;
		lane.base_sequence = call_id.sequence;
		let next = call.index.and_then(|index| index.checked_add(1));
		lane.base_calls = next.unwrap_or(lane.base_calls);
		removed = removed.saturating_add(1);
	}
	if removed == 0 {
		return Ok(0);
	}
	list::prune(tables, key, before, lane.base_calls)?;
	tables.settlements.remove_range(key.call(0)..=key.call(lane.base_sequence))?;
	tables.put_lane(key, lane)?;
	Ok(removed)
}

fn is_old(call: &StoredCall, cutoff: Cutoff) -> bool {
	let settled = match call.status {
		CallStatus::Accepted | CallStatus::Served | CallStatus::Submitted(_) => return false,
		CallStatus::Settled { block } => block,
		CallStatus::NotCharged(_) | CallStatus::Lost(_) => None,
	};
	call.accepted_at < cutoff.at && settled.is_none_or(|block| block < cutoff.block)
}

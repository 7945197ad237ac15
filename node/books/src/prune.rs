//! Removing calls that nobody can dispute any more.

use super::{
	error::StoreError,
	schema::Settled,
	tables::Tables,
	types::{CallStatus, Cutoff, LaneKey, Pruned, StoredCall},
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
		calls =
			calls.saturating_add(prune_lane(tables, cutoff, lane, limit.saturating_sub(calls))?);
		if calls >= limit {
			return Ok(Pruned { calls, next: Some(lane) });
		}
	}
	Ok(Pruned { calls, next: rest })
}

/// Removes the oldest calls of a lane, one after the other, up to the first that has to stay.
fn prune_lane(
	tables: &mut Tables<'_>,
	cutoff: Cutoff,
	key: LaneKey,
	limit: usize,
) -> Result<usize, StoreError> {
	let Some(mut lane) = tables.lane(key)? else { return Ok(0) };
	// A call can stay for ever, as its lane's last; its answer goes.
	if let Some(kept) = tables.kept.get(key)? {
		let call = tables.call(key.call(kept.sequence))?;
		if call.is_none_or(|call| call.accepted_at < cutoff.answers) {
			tables.kept.remove(key)?;
		}
	}
	let mut removed = 0_usize;
	for (call_id, call) in tables.calls_from(key.call(0), limit)? {
		// The last call of a lane says what the lane is for.
		if call_id.sequence >= lane.sequence || !is_old(&call, cutoff) {
			break;
		}
		tables.remove_call(call_id)?;
		lane.base_sequence = call_id.sequence;
		let charge = call.served.map_or(0, |served| served.charge);
		lane.base_charged = lane.base_charged.saturating_add(charge);
		removed = removed.saturating_add(1);
	}
	if removed == 0 {
		return Ok(0);
	}
	tables.put_lane(key, &lane)?;
	// Nothing can be proven of an aggregate once one of its records is missing.
	while let Some(Settled(settled)) = tables.aggregates.first(key.all())? {
		if settled.first > lane.base_sequence {
			break;
		}
		tables.aggregates.remove(key.call(settled.aggregate.up_to))?;
	}
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

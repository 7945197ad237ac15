//! The effects of settlements on calls.

use std::collections::BTreeSet;

use openledger_primitives::BlockNumber;

use super::{
	error::StoreError,
	schema::{Sent, Settled},
	tables::Tables,
	types::{CallId, CallStatus, LaneKey, Loss, StoredAggregate, Submission},
};

/// The fate of a served call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// It is in a settlement that is about to be sent.
	Submitted(Submission),
	/// The settlement that it was in had no effect, and will have none: it waits for the next one.
	NotSettled,
	/// It was settled.
	Settled {
		/// The finalized block, where it is known.
		block: Option<BlockNumber>,
	},
	/// It will not be paid.
	Lost(Loss),
}

/// Notes outcomes. Calls that are at their end already keep theirs, so noting one twice is
/// harmless. Returns the number of calls that changed.
pub(super) fn note(
	tables: &mut Tables<'_>,
	outcomes: &[(CallId, Outcome)],
) -> Result<u32, StoreError> {
	let mut totals = tables.totals()?;
	let mut changed = 0_u32;
	for (id, outcome) in outcomes {
		let Some(mut call) = tables.call(*id)? else { continue };
		if !matches!(call.status, CallStatus::Served | CallStatus::Submitted(_)) {
			continue;
		}
		let charge = call.served.as_ref().map_or(0, |served| served.charge);
		call.status = match *outcome {
			Outcome::Submitted(submission) => CallStatus::Submitted(submission),
			Outcome::NotSettled => CallStatus::Served,
			Outcome::Settled { block } => {
				totals.settled_calls = totals.settled_calls.saturating_add(1);
				totals.settled = totals.settled.saturating_add(charge);
				CallStatus::Settled { block }
			}
			Outcome::Lost(loss) => {
				totals.lost_calls = totals.lost_calls.saturating_add(1);
				totals.lost = totals.lost.saturating_add(charge);
				CallStatus::Lost(loss)
			}
		};
		tables.put_call(*id, &call)?;
		changed = changed.saturating_add(1);
	}
	if changed > 0 {
		tables.put_totals(&totals);
	}
	let lanes: BTreeSet<LaneKey> = outcomes.iter().map(|(id, _)| id.lane_key()).collect();
	for lane in lanes {
		follow(tables, lane)?;
	}
	Ok(changed)
}

/// Notes that calls are about to be sent, in sums.
pub(super) fn send(
	tables: &mut Tables<'_>,
	lane: LaneKey,
	sent: StoredAggregate,
	outcomes: &[(CallId, Outcome)],
) -> Result<u32, StoreError> {
	let changed = note(tables, outcomes)?;
	tables.sent.put(lane, &Sent(sent))?;
	Ok(changed)
}

/// Gives the aggregate that was sent the fate of the last call in it.
fn follow(tables: &mut Tables<'_>, lane: LaneKey) -> Result<(), StoreError> {
	let Some(Sent(sent)) = tables.sent.get(lane)? else { return Ok(()) };
	let last = lane.call(sent.aggregate.up_to);
	match tables.call(last)?.map(|call| call.status) {
		Some(CallStatus::Submitted(_)) => return Ok(()),
		Some(CallStatus::Settled { .. }) => tables.aggregates.put(last, &Settled(sent))?,
		_ => {}
	}
	tables.sent.remove(lane)
}

//! The effects of settlements on calls.

use openledger_primitives::BlockNumber;

use super::{
	error::StoreError,
	schema::Settlement,
	tables::Tables,
	types::{CallId, CallStatus, LaneKey, Loss, Submission},
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
		let charge = call.charge();
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
	Ok(changed)
}

/// Keeps a settlement, unless all its calls were removed, or the lane was never used here.
pub(super) fn keep(tables: &mut Tables<'_>, settlement: &Settlement) -> Result<(), StoreError> {
	let header = &settlement.header;
	let key = LaneKey { session: header.session, lane: header.lane };
	match tables.lane(key)? {
		Some(lane) if header.sequence > lane.base_sequence => {
			tables.settlements.put(key.call(header.sequence), settlement)
		}
		_ => Ok(()),
	}
}

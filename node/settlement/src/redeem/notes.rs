//! Noting in the books what settlements did, a part at a time. Fails where the store does.

use openledger_books::{CallId, Loss, Outcome, Store, StoreError, Submission};
use openledger_chain_client::{LaneOutcome, Rejection, Settlement};
use openledger_primitives::{
	lane::{RejectReason, SettledItem},
	BlockNumber, Sequence,
};

/// The most calls that are noted in one transaction, so that calls being served need not wait long.
/// Few in tests, so that they go through it.
const NOTED: usize = if cfg!(test) { 2 } else { 1_024 };

/// Notes outcomes of calls, in several transactions if they are many. Noting one twice is harmless,
/// and what was not noted is found out again. How many calls changed.
pub(super) async fn note(
	store: &Store,
	outcomes: Vec<(CallId, Outcome)>,
) -> Result<u32, StoreError> {
	let mut noted = 0_u32;
	for part in outcomes.chunks(NOTED) {
		noted = noted.saturating_add(store.note(part.to_vec()).await?);
	}
	Ok(noted)
}

/// Keeps what was settled of a lane, for whoever asks for a call's proof. Twice is harmless.
pub(super) async fn keep(
	store: &Store,
	block: BlockNumber,
	settlement: &Settlement,
) -> Result<(), StoreError> {
	let Settlement { header, items, .. } = settlement;
	store.note_settled_lane(header.clone(), items.clone(), block).await
}

/// The span in which either of two submissions may arrive.
pub(super) fn both(one: Option<Submission>, other: Submission) -> Submission {
	one.map_or(other, |one| Submission {
		at: one.at.min(other.at),
		until: one.until.max(other.until),
	})
}

/// The outcome of a call, by what settlements did to its lane in these blocks. `None` if they say nothing of
/// it. That it was paid for counts, whatever another copy of the same settlement met with.
pub(super) fn outcome_of(
	lane: &[(BlockNumber, LaneOutcome)],
	sequence: Sequence,
) -> Option<Outcome> {
	let found = lane.iter().filter_map(|(block, outcome)| match outcome {
		LaneOutcome::Settled(settlement) => of_settlement(settlement, *block, sequence),
		LaneOutcome::Refused { .. } => None,
	});
	found.max_by_key(|outcome| match outcome {
		Outcome::Settled { .. } => 2,
		Outcome::Lost(_) => 1,
		Outcome::NotSettled | Outcome::Submitted(_) => 0,
	})
}

fn of_settlement(
	settlement: &Settlement,
	block: BlockNumber,
	sequence: Sequence,
) -> Option<Outcome> {
	let is_paid = |item: &SettledItem| match item {
		SettledItem::Call(call) => call.record.sequence == sequence,
		SettledItem::Run(run) => (run.first_sequence..=run.last_sequence).contains(&sequence),
	};
	if settlement.items.iter().any(is_paid) {
		return Some(Outcome::Settled { block: Some(block) });
	}
	let is_about = |rejection: &&Rejection| {
		(rejection.first_sequence()..=rejection.last_sequence()).contains(&sequence)
	};
	let rejection = settlement.rejected.iter().find(is_about)?;
	Some(match rejection {
		// An earlier settlement got there first after all: the next look at the chain finds it.
		Rejection::Record { reason: RejectReason::SequenceNotRising, .. } => Outcome::NotSettled,
		Rejection::Record { reason, .. } => Outcome::Lost(Loss::Rejected(*reason)),
		// Nothing behind it was settled, so that its calls can go one by one.
		Rejection::Run { .. } => Outcome::NotSettled,
	})
}

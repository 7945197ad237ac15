//! Noting in the books what settlements did, a part at a time. Fails where the store does.

use openledger_books::{CallId, LaneKey, Outcome, Store, StoreError, StoredAggregate, Submission};

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

/// Notes what is about to be sent: sums last, when all calls in them say so.
pub(super) async fn note_sending(
	store: &Store,
	key: LaneKey,
	outcomes: Vec<(CallId, Outcome)>,
	sums: Option<StoredAggregate>,
) -> Result<(), StoreError> {
	let Some(sums) = sums else { return note(store, outcomes).await.map(drop) };
	let split = outcomes.len().saturating_sub(NOTED);
	let (earlier, newest) = outcomes.split_at(split);
	note(store, earlier.to_vec()).await?;
	store.send_aggregate(key, sums, newest.to_vec()).await?;
	Ok(())
}

/// The span in which either of two submissions may arrive.
pub(super) fn both(one: Option<Submission>, other: Submission) -> Submission {
	one.map_or(other, |one| Submission {
		at: one.at.min(other.at),
		until: one.until.max(other.until),
	})
}

//! What becomes old, and sessions that are over.

use crate::schema::{Kept, LeafKey, Node, NodeKey, Settlement};
use openledger_primitives::lane_list::LaneLeaf;

use super::*;

/// Rows that are kept of lanes: leaves and nodes, settlements, answers.
async fn rows(store: &Store) -> (usize, usize, usize) {
	let read = store.disk.read(|snapshot| {
		let first = LeafKey { lane: LaneKey { session: 0, lane: 0 }, index: 0 };
		let leaves = snapshot.rows::<LaneLeaf>()?.keys_from(first)?.count();
		let first = NodeKey { lane: first.lane, level: 0, index: 0 };
		let nodes = snapshot.rows::<Node>()?.keys_from(first)?.count();
		let settlements = snapshot.rows::<Settlement>()?.keys_from(first.lane.call(0))?.count();
		let kept = snapshot.rows::<Kept>()?.keys_from(first.lane)?.count();
		Ok((leaves + nodes, settlements, kept))
	});
	read.await.expect("the store works")
}

async fn prune_all(store: &Store, cutoff: Cutoff, limit: usize) -> Vec<usize> {
	let mut from = lane_key(0);
	let mut steps = Vec::new();
	loop {
		let step = store.prune(cutoff, from, limit).await.expect("the store works");
		steps.push(step.calls);
		match step.next {
			Some(next) => from = next,
			None => return steps,
		}
	}
}

#[tokio::test]
async fn old_calls_are_removed_in_steps() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 8).await;
	store.serve_many(1, 3).await;
	store.note_all(0, 1..=5, Outcome::Settled { block: Some(50) }).await;
	store.note_all(0, 6..=6, Outcome::Lost(Loss::SessionClosed)).await;
	store.note_all(1, 1..=3, Outcome::Settled { block: Some(70) }).await;

	let taken_at_1000 = Cutoff { answers: 0, at: 1_000, block: 90 };
	assert_eq!(prune_all(store, taken_at_1000, 9).await, [0]);
	let settled_at_50 = Cutoff { answers: 0, at: 1_001, block: 50 };
	assert_eq!(prune_all(store, settled_at_50, 9).await, [0]);
	let before = store.totals().await.expect("the store works");
	assert_eq!(prune_all(store, Cutoff { answers: 0, at: 1_001, block: 51 }, 4).await, [4, 2]);
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.base_sequence, lane.base_calls), (6, 6));
	assert_eq!((lane.sequence, lane.charged()), (8, 80));
	assert_eq!(store.status(0, 6).await, None);
	assert_eq!(store.voucher(id(0, 6)).await.expect("the store works"), None);
	assert!(store.is_removed(id(0, 6)).await.expect("the store works"));
	assert_eq!(store.status(0, 7).await, Some(CallStatus::Served), "it is not settled");
	assert!(!store.is_removed(id(0, 7)).await.expect("the store works"));

	assert_eq!(prune_all(store, EVERYTHING, 100).await, [2], "the last of the other lane stays");
	assert_eq!(store.totals().await.expect("the store works"), before);
	let next = store.next(1).await;
	assert_eq!((next.sequence, next.acknowledged), (4, 30));
	store.take(next, 500).await.expect("the lane goes on");
}

#[tokio::test]
async fn a_settlement_goes_with_its_last_call() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 9).await;
	let run = store.settled_run(0, Settled::default(), 3, (0, 2)).await;
	let items = vec![run, store.settled_call(0, 4).await];
	store.note_settlement(0, items.clone(), 50, 1..=4).await;
	let settled = Settled { sequence: 4, charge: 40 };
	let run = store.settled_run(0, settled, 7, (4, 6)).await;
	store.note_settlement(0, vec![run, store.settled_call(0, 8).await], 50, 5..=8).await;

	let first = store.prune(EVERYTHING, lane_key(0), 2).await.expect("the store works");
	assert_eq!(first, Pruned { calls: 2, next: Some(lane_key(0)) });
	for sequence in [3, 5, 7] {
		let proven = store.proven(0, sequence).await.expect("it is kept");
		assert!(proven.listed.is_some(), "{sequence}");
	}
	assert_eq!(rows(store).await.1, 2);
	store.prune(EVERYTHING, lane_key(0), 2).await.expect("the store works");
	assert_eq!(rows(store).await.1, 1, "its fourth call was the last one");
	assert!(store.proven(0, 5).await.is_some());
}

#[tokio::test]
async fn proofs_of_runs_begin_where_calls_were_removed() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 40).await;
	let all = rows(store).await.0;
	let mut settled = Settled::default();
	for upto in [1, 2, 3, 7, 8, 13, 31, 32, 33] {
		let first = settled.sequence + 1;
		settled = Settled { sequence: upto, charge: Balance::from(upto) * 10 };
		store.note_all(0, first..=upto, Outcome::Settled { block: Some(1) }).await;
		prune_all(store, EVERYTHING, 3).await;
		let kept = store.leaves(lane_key(0), 0..40).await.expect("the store works");
		assert!(kept.first().expect("some").sequence <= upto, "where the next run begins");
		for count in upto as u32 + 1..40 {
			let run = store.settled_run(0, settled, count, (upto as u32, count - 1)).await;
			assert_eq!(run.charge(), 10 * Balance::from(count - upto as u32));
		}
	}
	assert!(rows(store).await.0 < all / 3, "what nothing is proven of any more is gone");
}

#[tokio::test]
async fn a_session_that_is_over_goes_altogether() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let forget = async |cutoff, limit| {
		store.forget_session(SESSION, cutoff, limit).await.expect("the store works")
	};
	store.serve_many(0, 5).await;
	let last = store.begin(1, 500).await;
	let kept = store.serve_and_keep(CallId::of(&last), served(&last, 10), b"answer".to_vec());
	kept.await.expect("it fits");
	let items = vec![store.settled_call(0, 1).await, store.settled_call(0, 5).await];
	let block = last.valid_until + 50;
	store.note_settlement(0, items, block, 1..=5).await;
	let running = store.begin(2, 500).await;
	let other = Voucher { session: SESSION + 1, ..voucher(0) };
	store.take(other, 500).await.expect("it is taken");
	store.charge(&other, 7).await;

	// One is being served, and is not on disk. Or the chain may not know the session yet.
	let nothing = Forgotten { calls: 0, done: false };
	assert_eq!(forget(EVERYTHING, 99).await, nothing);
	store.release(CallId::of(&running), Uncharged::TimedOut).await.expect("the store works");
	assert_eq!(forget(Cutoff { block: last.valid_until, ..EVERYTHING }, 99).await, nothing);
	store.begin(3, 5).await;
	store.withdraw(id(3, 1)).await.expect("it is accepted");
	// One is not settled, and the others are not that old.
	let young = Cutoff { block, ..EVERYTHING };
	assert_eq!(forget(young, 99).await, Forgotten { calls: 1, done: false }, "the one for free");
	assert_eq!(store.take(voucher(3), 5).await, Err(LaneRefusal::Closing));
	assert_eq!(forget(EVERYTHING, 3).await, Forgotten { calls: 3, done: false });
	assert_eq!(forget(EVERYTHING, 99).await, Forgotten { calls: 2, done: false });
	assert_eq!(store.status(1, 1).await, Some(CallStatus::Served));
	store.note_all(1, 1..=1, Outcome::Lost(Loss::SessionClosed)).await;
	assert_eq!(forget(EVERYTHING, 99).await, Forgotten { calls: 1, done: true });

	let sessions = |from| store.sessions(from, 9);
	assert_eq!(sessions(0).await.expect("the store works"), [SESSION + 1]);
	assert!(sessions(SESSION + 2).await.expect("the store works").is_empty());
	assert_eq!(rows(store).await, (1, 0, 0), "those of the other session");
	for lane in 0..3 {
		assert_eq!(store.lane_state(lane).await, None);
	}
	assert_eq!(forget(EVERYTHING, 99).await, Forgotten { calls: 0, done: true });
	// Nothing of it is left in memory either: if a chain gives its number away again, it begins anew.
	store.take(voucher(0), 500).await.expect("a new session");
	let session = store.session(SESSION).await.expect("the store works").expect("it is there");
	assert_eq!((session.charged, session.in_flight), (0, 500));
	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.recovered(), [id(0, 1)]);
}

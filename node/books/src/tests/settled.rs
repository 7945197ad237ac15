//! Aggregates, sessions that are closed, and what becomes old.

use openledger_primitives::{aggregate::Aggregate, merkle};

use super::*;

const SUBMISSION: Submission = Submission { at: 10, until: 20 };
const EVERYTHING: Cutoff = Cutoff { answers: 0, at: UnixSeconds::MAX, block: u32::MAX };

fn aggregate(first: Sequence, up_to: Sequence) -> StoredAggregate {
	let calls = (first..=up_to).map(|sequence| served(sequence, 10));
	let leaves = calls.map(|call| merkle::leaf(&call.record, call.charge));
	let calls = u32::try_from(up_to - first + 1).expect("tests are short");
	let aggregate = Aggregate {
		up_to,
		calls,
		input_tokens: u64::from(calls) * 3,
		output_tokens: u64::from(calls) * 4,
		attribution: Default::default(),
		unattributed: 1,
		root: merkle::root(leaves),
	};
	StoredAggregate { first, aggregate, voucher: up_to + 1 }
}

impl Store {
	/// Calls on a lane that cost 10 each.
	async fn serve_many(&self, lane: LaneId, calls: u64) {
		for sequence in 1..=calls {
			self.whole_call(lane, sequence, Balance::from(sequence - 1) * 10, 10).await;
		}
	}

	async fn note_all(&self, lane: LaneId, calls: std::ops::RangeInclusive<u64>, what: Outcome) {
		let outcomes = calls.map(|sequence| (id(lane, sequence), what)).collect();
		self.note(outcomes).await.expect("the store works");
	}

	async fn send(&self, sent: &StoredAggregate) {
		let calls = (sent.first..=sent.voucher)
			.map(|sequence| (id(0, sequence), Outcome::Submitted(SUBMISSION)));
		let sending = self.send_aggregate(lane_key(0), sent.clone(), calls.collect());
		sending.await.expect("the store works");
	}

	async fn sent(&self) -> Option<StoredAggregate> {
		self.sent_aggregate(lane_key(0)).await.expect("the store works")
	}

	async fn sum_of(&self, sequence: Sequence) -> Option<StoredAggregate> {
		let proven = self.proof(id(0, sequence)).await.expect("the store works");
		proven.and_then(|call| call.aggregate)
	}

	async fn prune_all(&self, cutoff: Cutoff, limit: usize) -> Vec<usize> {
		let mut from = lane_key(0);
		let mut steps = Vec::new();
		loop {
			let step = self.prune(cutoff, from, limit).await.expect("the store works");
			steps.push(step.calls);
			match step.next {
				Some(next) => from = next,
				None => return steps,
			}
		}
	}
}

#[tokio::test]
async fn an_aggregate_shares_the_fate_of_its_calls() {
	let scratch = Scratch::new().await;
	scratch.store.serve_many(0, 8).await;
	let sent = aggregate(1, 3);
	scratch.store.send(&sent).await;
	assert_eq!(scratch.store.sent().await.as_ref(), Some(&sent));

	// It was not settled.
	scratch.store.note_all(0, 1..=4, Outcome::NotSettled).await;
	assert_eq!((scratch.store.sent().await, scratch.store.sum_of(2).await), (None, None));

	// It was, and the process died in between.
	scratch.store.send(&sent).await;
	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.sent().await.as_ref(), Some(&sent));
	let settled = Outcome::Settled { block: Some(15) };
	scratch.store.note_all(0, 1..=2, settled).await;
	assert_eq!(scratch.store.sent().await.as_ref(), Some(&sent), "the last call decides");
	scratch.store.note_all(0, 3..=4, settled).await;
	assert_eq!(scratch.store.sent().await, None);
	assert_eq!(scratch.store.sum_of(1).await.as_ref(), Some(&sent));
	assert_eq!(scratch.store.sum_of(4).await, None, "it is itemised");
	assert_eq!(scratch.store.sum_of(5).await, None);

	let next = aggregate(5, 6);
	scratch.store.send(&next).await;
	scratch.store.note_all(0, 5..=7, Outcome::Settled { block: None }).await;
	assert_eq!(scratch.store.sum_of(6).await.as_ref(), Some(&next));
	let proven = scratch.store.proof(id(0, 6)).await.expect("the store works").expect("there");
	let (root, proof) = proven.proof.expect("it is settled");
	assert_eq!((root, proof.index), (next.aggregate.root, 1));
}

#[tokio::test]
async fn a_session_that_is_closed_takes_no_more_vouchers() {
	let scratch = Scratch::new().await;
	let close = |store: &Store| {
		let store = store.clone();
		async move { store.close_session(SESSION, 5).await.expect("the store works") }
	};
	scratch.store.take(voucher(0, 1, 0), 500).await.expect("it is taken");
	assert_eq!(close(&scratch.store).await, 1, "one is being served");
	let refused = scratch.store.take(voucher(1, 1, 0), 500).await;
	assert_eq!(refused, Err(LaneRefusal::Closing));
	scratch.store.serve(id(0, 1), served(1, 10)).await.expect("it goes on to its end");
	let scratch = scratch.reopen().await;
	assert_eq!(close(&scratch.store).await, 0);
	let refused = scratch.store.take(voucher(0, 2, 10), 500).await;
	assert_eq!(refused, Err(LaneRefusal::Closing));
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

	assert_eq!(
		store.prune_all(Cutoff { answers: 0, at: 1_000, block: 90 }, 9).await,
		[0],
		"taken at 1000"
	);
	assert_eq!(
		store.prune_all(Cutoff { answers: 0, at: 1_001, block: 50 }, 9).await,
		[0],
		"settled at 50"
	);
	let before = store.totals().await.expect("the store works");
	assert_eq!(store.prune_all(Cutoff { answers: 0, at: 1_001, block: 51 }, 4).await, [4, 2]);
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.base_sequence, lane.base_charged), (6, 60));
	assert_eq!((lane.sequence, lane.charged), (8, 80));
	assert_eq!(store.status(0, 6).await, None);
	assert_eq!(store.voucher(id(0, 6)).await.expect("the store works"), None);
	assert!(store.is_removed(id(0, 6)).await.expect("the store works"));
	assert_eq!(store.status(0, 7).await, Some(CallStatus::Served), "it is not settled");
	assert!(!store.is_removed(id(0, 7)).await.expect("the store works"));

	assert_eq!(store.prune_all(EVERYTHING, 100).await, [2], "the last of the other lane stays");
	assert_eq!(store.totals().await.expect("the store works"), before);
	store.take(voucher(1, 4, 30), 500).await.expect("the lane goes on");
}

#[tokio::test]
async fn an_aggregate_goes_with_its_first_record() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 9).await;
	for sent in [aggregate(1, 3), aggregate(5, 7)] {
		store.send(&sent).await;
		let settled = Outcome::Settled { block: Some(50) };
		store.note_all(0, sent.first..=sent.voucher, settled).await;
	}
	let first = store.prune(EVERYTHING, lane_key(0), 2).await.expect("the store works");
	assert_eq!(first, Pruned { calls: 2, next: Some(lane_key(0)) });
	assert_eq!(store.sum_of(3).await, None);
	assert_eq!(store.sum_of(6).await, Some(aggregate(5, 7)));
}

#[tokio::test]
async fn answers_of_calls_on_chain_are_kept() {
	let scratch = Scratch::new().await;
	let answer = StoredAnswer {
		model: 3,
		version: 1,
		output: b"four".to_vec(),
		input_tokens: 3,
		output_tokens: 1,
		submission: None,
	};
	scratch.store.keep_answer(7, answer.clone()).await.expect("the store works");
	let sent = StoredAnswer { submission: Some(SUBMISSION), ..answer };
	scratch.store.keep_answer(7, sent.clone()).await.expect("the store works");
	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.answers().await.expect("the store works"), [(7, sent)]);
	scratch.store.forget_answer(7).await.expect("the store works");
	assert_eq!(scratch.store.answers().await.expect("the store works"), []);
}

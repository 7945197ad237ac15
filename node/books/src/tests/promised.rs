//! Lanes for which the operator has no deposit.

use super::*;
use crate::testing::LANE_DEPOSIT;

/// The first voucher of a lane, when the operator has so many deposits left.
fn taking(lane: LaneId, deposits: Balance) -> Acceptance {
	let funds = LaneFunds { deposit: LANE_DEPOSIT, free: deposits * LANE_DEPOSIT };
	Acceptance { funds, ..acceptance(voucher(lane), 500) }
}

fn refusal(deposits: Balance, needed: Balance) -> LaneRefusal {
	let (free, needed) = (deposits * LANE_DEPOSIT, needed * LANE_DEPOSIT);
	LaneRefusal::NoDeposit { free, needed }
}

impl Store {
	async fn take_with(&self, lane: LaneId, deposits: Balance) -> Result<(), LaneRefusal> {
		let taken = self.accept(taking(lane, deposits)).await.expect("the store works");
		taken.map(|_| ())
	}
}

#[tokio::test]
async fn no_more_lanes_are_promised_than_the_operator_has_deposits_for() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	assert_eq!(store.take_with(0, 0).await, Err(refusal(0, 1)));
	store.take_with(0, 2).await.expect("there is a deposit");
	store.take_with(1, 2).await.expect("there is another one");
	assert_eq!(store.take_with(2, 2).await, Err(refusal(2, 3)));
	let compared = store.compare(&taking(2, 2)).expect("the store works");
	assert_eq!(compared, Err(refusal(2, 3)));
	for lane in [0, 1] {
		store.charge(&voucher(lane), 10).await;
	}
	assert_eq!(store.take_with(2, 2).await, Err(refusal(2, 3)));

	// A lane that is promised goes on, whatever there is.
	let next = store.next(0).await;
	let funds = LaneFunds { deposit: LANE_DEPOSIT, free: 0 };
	let acceptance = Acceptance { funds, ..acceptance(next, 500) };
	store.accept(acceptance).await.expect("the store works").expect("it is not a new lane");
	store.charge(&next, 10).await;

	// What is settled has its deposit, which is not free any more.
	let items = vec![store.settled_call(0, 1).await, store.settled_call(0, 2).await];
	store.note_settlement(0, items, 15, 1..=2).await;
	assert_eq!(store.take_with(2, 1).await, Err(refusal(1, 2)));
	store.take_with(2, 2).await.expect("one is promised, and two are left");
}

#[tokio::test]
async fn lanes_of_which_nothing_was_charged_need_no_deposit() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	for lane in 0..10 {
		store.take_with(lane, 1).await.expect("the one before needs none");
		let released = store.release(id(lane, 1), Uncharged::TimedOut).await;
		assert!(released.expect("the store works"));
	}
	store.take_with(10, 1).await.expect("the one before needs none");
	store.withdraw(id(10, 1)).await.expect("the store works");
	// Their next call is like the first one.
	let next = Voucher { sequence: 2, ..voucher(3) };
	let funds = LaneFunds { deposit: LANE_DEPOSIT, free: 0 };
	let acceptance = Acceptance { funds, ..acceptance(next, 500) };
	let taken = store.accept(acceptance).await.expect("the store works");
	assert_eq!(taken, Err(refusal(0, 1)));
	store.take_with(10, 1).await.expect("it is free again");
	assert_eq!(store.take_with(11, 1).await, Err(refusal(1, 2)));
}

#[tokio::test]
async fn what_was_promised_is_known_after_a_new_start() {
	let scratch = Scratch::new().await;
	for lane in 0..3 {
		scratch.store.whole_call(lane, 10).await;
	}
	let items = vec![scratch.store.settled_call(0, 1).await];
	scratch.store.note_settlement(0, items, 15, 1..=1).await;
	scratch.store.begin(3, 500).await;

	for scratch in [scratch.left_behind().await, scratch.reopen().await] {
		assert_eq!(scratch.store.take_with(4, 2).await, Err(refusal(2, 3)));
		scratch.store.take_with(4, 3).await.expect("two are promised");
	}
}

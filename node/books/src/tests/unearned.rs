//! Lanes that hold more of the operator's money than their calls are worth.

use super::*;
use openledger_primitives::MILLI_OPEN;

const PRICE: Balance = 30 * MILLI_OPEN;

fn taking(voucher: Voucher, reserve: Balance) -> Acceptance {
	let mut acceptance = acceptance(voucher, reserve);
	acceptance.session.deposit = Balance::MAX;
	acceptance
}

impl Scratch {
	async fn take(&self, voucher: Voucher, reserve: Balance) -> Result<LaneState, LaneRefusal> {
		self.store.accept(taking(voucher, reserve)).await.expect("the store works")
	}
}

#[tokio::test]
async fn a_session_has_only_so_many_lanes_that_have_earned_nothing() {
	let scratch = Scratch::new().await;
	// All of them at once, and then half of them are on disk.
	for lane in 0..128 {
		scratch.take(voucher(lane), 1_000).await.expect("it is one of the first");
	}
	let needed = 129 * PRICE;
	let refusal = LaneRefusal::LanesUnearned { left: 128 * PRICE, needed };
	assert_eq!(scratch.take(voucher(128), 1_000).await, Err(refusal));
	for lane in 0..64 {
		let served = served(&voucher(lane), 1_000);
		scratch.store.serve(id(lane, 1), served).await.expect("it fits");
	}
	let left = 128 * PRICE + 64 * 1_000;
	let refusal = LaneRefusal::LanesUnearned { left, needed };
	assert_eq!(scratch.take(voucher(128), 1_000).await, Err(refusal));
	let compared = scratch.store.compare(&taking(voucher(128), 1_000));
	assert_eq!(compared.expect("the store works"), Err(refusal));

	// Those that it has are used all the same; and what they cost earns more of them.
	let state = scratch.store.lane(&testkit::session(SESSION), 0).await.expect("the store works");
	let state = state.expect("it was used");
	let next = Voucher { authorised: PRICE, ..voucher(0) };
	let next = following(next, &state);
	scratch.take(next, PRICE).await.expect("it is not a new one");
	scratch.store.serve(id(0, 2), served(&next, PRICE)).await.expect("it fits");
	scratch.take(voucher(128), 1_000).await.expect("it was earned");
	let more = scratch.take(voucher(129), 1_000).await;
	assert!(matches!(more, Err(LaneRefusal::LanesUnearned { .. })), "{more:?}");
}

#[tokio::test]
async fn the_newest_open_call_is_no_call_that_is_being_served() {
	let scratch = Scratch::new().await;
	let newest = async || scratch.store.newest_open_call(lane_key(0)).await;
	assert_eq!(newest().await.expect("the store works"), None);
	let mut state = LaneState::default();
	for sequence in 1..=3 {
		let next = following(voucher(0), &state);
		scratch.take(next, 1_000).await.expect("it fits");
		if sequence < 3 {
			let served = served(&next, 10);
			scratch.store.serve(id(0, sequence), served).await.expect("it fits");
			let stored = scratch.store.lane(&testkit::session(SESSION), 0).await;
			state = stored.expect("the store works").expect("it was used");
		} else {
			scratch.store.secure(id(0, sequence)).await.expect("the store works");
		}
	}
	let (found, call) = newest().await.expect("the store works").expect("there are two");
	assert_eq!((found, call.status), (id(0, 2), CallStatus::Served));
}

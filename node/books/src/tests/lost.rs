//! Lanes of which the chain has settled what is not in the books.

use openledger_primitives::{
	info::{LaneInfo, SessionInfo},
	MILLI_OPEN,
};
use openledger_testkit::{session, settled_lane, DEPOSIT};

use super::*;

/// The session once the chain has settled so much of these lanes.
fn on_chain(lanes: Vec<LaneInfo>) -> SessionInfo {
	let settled = lanes.iter().map(|lane| lane.settled).sum();
	SessionInfo { settled, lanes, ..session(SESSION) }
}

impl Store {
	async fn take_of(
		&self,
		session: &SessionInfo,
		voucher: Voucher,
		reserve: Balance,
	) -> Result<LaneState, LaneRefusal> {
		let session = session.clone();
		let taking = self.accept(Acceptance { session, ..acceptance(voucher, reserve) });
		taking.await.expect("the store works")
	}

	async fn session_state(&self) -> Option<(Balance, Balance)> {
		let session = self.session(SESSION).await.expect("the store works");
		session.map(|session| (session.charged, session.in_flight))
	}
}

#[tokio::test]
async fn a_store_that_lost_its_file_serves_its_lanes_no_more() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let session = on_chain(vec![settled_lane(0, 7, 400), settled_lane(1, 2, 100)]);

	// Whatever its next voucher says.
	let eighth = Voucher { sequence: 8, acknowledged: 400, authorised: 900, ..voucher(0) };
	for voucher in [voucher(0), voucher(1), eighth] {
		assert_eq!(store.take_of(&session, voucher, 10).await, Err(LaneRefusal::Lost));
	}
	assert_eq!(store.session_state().await, None, "nothing has changed");
	let seen = store.lane(&session, 1).await.expect("the store works").expect("the chain's");
	assert_eq!((seen.lost, seen.sequence, seen.charged()), (true, 2, 0));
	let seen = store.lane_last(&session, 1).await.expect("the store works").expect("the chain's");
	assert!(seen.state.lost && seen.last.is_none(), "there is nothing to go on from");

	// Other lanes are served; what was settled of these is spent.
	let left = DEPOSIT - 500;
	let refused = store.take_of(&session, voucher(2), left + 1).await;
	assert_eq!(refused, Err(LaneRefusal::Underfunded { left, needed: left + 1 }));
	store.take_of(&session, voucher(2), 10).await.expect("it is taken");
	assert_eq!(store.session_state().await, Some((500, 10)));
	store.charge(&voucher(2), 5).await;
	assert!(store.is_removed(id(0, 7)).await.expect("the store works"));
	assert!(!store.is_removed(id(0, 8)).await.expect("the store works"));

	// That is known from now on, by whatever node of the chain is asked.
	let scratch = scratch.reopen().await;
	let store = &scratch.store;
	assert_eq!(store.take(voucher(0), 10).await, Err(LaneRefusal::Lost));
	let more = on_chain(vec![settled_lane(0, 9, 450), settled_lane(1, 2, 100)]);
	let next = store.next(2).await;
	store.take_of(&more, next, 10).await.expect("it is taken");
	assert_eq!(store.session_state().await, Some((555, 10)));
	store.charge(&next, 5).await;
	let more = on_chain(vec![settled_lane(0, 20, 800), settled_lane(1, 2, 100)]);
	store.take_of(&more, store.next(2).await, 10).await.expect("it is taken");
	assert_eq!(store.session_state().await, Some((910, 10)), "what is new counts once");
}

#[tokio::test]
async fn a_store_that_was_restored_from_a_backup_loses_what_went_on() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let first = store.whole_call(0, 300).await;
	let next = store.next(0).await;
	let other = LaneInfo { agreement: Hash::zero(), ..settled_lane(0, 1, 300) };
	for (lane, used) in
		[(settled_lane(0, 4, 900), 900), (settled_lane(0, 1, 301), 301), (other, 300)]
	{
		let dead = scratch.left_behind().await;
		let store = &dead.store;
		let session = on_chain(vec![lane]);
		assert_eq!(store.take_of(&session, next, 10).await, Err(LaneRefusal::Lost));
		let used_before = store.take_of(&session, first, 10).await;
		assert_eq!(used_before, Err(LaneRefusal::AlreadyUsed), "its statement can be had");
		assert_eq!(store.session_state().await, Some((300, 0)));
		store.take_of(&session, voucher(1), 10).await.expect("another lane");
		if used > 300 {
			assert_eq!(store.session_state().await, Some((used, 10)));
			assert_eq!(store.take(next, 10).await, Err(LaneRefusal::Lost), "it stays so");
		}
		// What is known of it is settled, or not, as ever.
		store.note_all(0, 1..=1, Outcome::Settled { block: Some(9) }).await;
		assert_eq!(store.status(0, 1).await, Some(CallStatus::Settled { block: Some(9) }));
	}
	let session = on_chain(vec![settled_lane(0, 1, 300)]);
	store.take_of(&session, next, 10).await.expect("what the chain has settled is known here");
}

#[tokio::test]
async fn a_lane_is_lost_once_its_call_has_ended() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let first = store.begin(0, 500).await;
	let session = on_chain(vec![settled_lane(0, 4, 900)]);
	store.take_of(&session, voucher(1), 10).await.expect("the other lane");
	let second = Voucher { sequence: 2, ..first };
	let busy = store.take_of(&session, second, 10).await;
	assert_eq!(busy, Err(LaneRefusal::Busy { sequence: 1 }), "it is under way");
	store.charge(&first, 100).await;
	assert_eq!(store.take_of(&session, store.next(0).await, 10).await, Err(LaneRefusal::Lost));
	store.take_of(&session, voucher(2), 10).await.expect("another lane");
	assert_eq!(store.session_state().await, Some((900, 20)), "nothing is counted twice");
}

#[tokio::test]
async fn all_lanes_of_a_session_can_be_lost_and_used() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let last = openledger_primitives::MAX_LANES - 1;
	let lanes = (0..last).map(|lane| settled_lane(lane, 3, 30 * MILLI_OPEN)).collect();
	let session = SessionInfo { deposit: Balance::MAX, ..on_chain(lanes) };
	store.take_of(&session, voucher(last), 10).await.expect("it is taken");
	assert_eq!(store.session_state().await, Some((30 * MILLI_OPEN * Balance::from(last), 10)));
	assert_eq!(store.close_session(SESSION, 5).await.expect("the store works"), 1);
	for lane in [0, last / 2, last - 1] {
		assert!(store.lane_state(lane).await.is_some_and(|lane| lane.lost));
	}
}

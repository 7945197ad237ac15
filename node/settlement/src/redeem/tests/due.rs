//! Lanes that are due, and lanes that are not.

use super::*;
use crate::redeem::{
	backoff::{Backoff, Failure},
	due::{Due, DueRules, PRESSING, STALE},
	rests::Rests,
};
use openledger_primitives::info::ModelInfo;

#[tokio::test]
async fn what_a_session_owes_makes_its_lanes_due() {
	let late = policy(100, Duration::from_secs(1 << 40), 1_000);
	let policy = SettlementPolicy { exposure: 6 * CHARGE, ..late };
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 1).await;
	bench.serve(1, 1).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "less than half");
	bench.serve(1, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1), (vec![1, 2], 2)]);

	let policy = SettlementPolicy { max_value: 2 * CHARGE, min_value: 0, ..late };
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 1).await;
	bench.serve(1, 2).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)], "the other one is worth less");
}

#[tokio::test]
async fn a_session_that_is_gone_is_looked_after_although_it_is_not_worth_it() {
	let policy = policy(9, Duration::from_secs(1 << 40), 1_000);
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Served]);
	bench.sessions.state().sessions.clear();
	bench.chain.state().sessions.clear();
	bench.chain.state().finalized = testkit::BEST + 51;
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Lost(Loss::SessionClosed)]);
}

#[tokio::test]
async fn who_ends_soon_is_not_put_off_for_long() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	let lane = LaneKey { session: SESSION, lane: 0 };
	let earlier = std::time::Instant::now() - PRESSING;
	for _ in 0..20 {
		bench.settler.backoff.fail(lane, earlier, Failure::Dear);
	}
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty());
	bench.sessions.change_session(|session| session.expires_at = testkit::BEST + 100);
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
}

#[tokio::test]
async fn what_is_not_due_waits() {
	let policy = policy(3, Duration::from_secs(1 << 40), 250);
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 2).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "too few");
	bench.serve(1, 1).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "not worth it");
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2, 3], 3)], "the other lane is not worth it");

	bench.sessions.change_session(|session| session.closes_at = Some(500));
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent().len(), 2, "the session closes");
}

#[tokio::test]
async fn the_end_of_a_session_makes_its_lanes_due() {
	let policy = policy(9, Duration::from_secs(1 << 40), 0);
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty());
	bench.sessions.change_session(|session| session.expires_at = testkit::BEST + 100);
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
}

#[tokio::test]
async fn what_cannot_wait_is_due_although_it_is_not_worth_it() {
	let policy = policy(9, Duration::from_secs(1 << 40), 1_000);
	let replace: [fn(&mut ModelInfo); 3] = [
		|model| model.price_version += 1,
		|model| model.version += 1,
		|model| model.retired_at = Some(testkit::BEST + 50),
	];
	for change in replace {
		let mut bench = Bench::new(policy).await;
		bench.serve(0, 1).await;
		bench.settler.round(false).await;
		assert!(bench.chain.sent().is_empty());
		bench.sessions.change_model(change);
		bench.settler.round(false).await;
		assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
	}

	let mut bench = Bench::new(policy).await;
	bench.serve(0, 2).await;
	bench.sessions.change_session(|session| {
		session.signer = testkit::hot_key().account();
		session.spending_limit = 2 * CHARGE;
	});
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "within the limit");
	bench.sessions.change_session(|session| session.spending_limit = 2 * CHARGE - 1);
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)], "before the lower limit holds");
}

#[tokio::test]
async fn what_cannot_wait_goes_first() {
	let mut bench = Bench::new(eager()).await;
	for lane in 0..4 {
		bench.serve(lane, 1).await;
	}
	let key = |lane| LaneKey { session: SESSION, lane };
	let due = |lane, presses| Due { key: key(lane), presses };
	bench.settler.enqueue(vec![due(0, false), due(1, false), due(2, true)]);
	// One of those that could wait cannot any more.
	bench.settler.enqueue(vec![due(1, true), due(3, false), due(2, true), due(0, false)]);
	bench.settler.round(false).await;
	let sent = bench.chain.state().sent.clone();
	let lanes: Vec<LaneKey> = sent.iter().flatten().map(|lane| lane.key).collect();
	assert_eq!(lanes, [2, 1, 0, 3].map(key));
	assert_eq!(bench.chain.sizes(), [4], "the others have what room is left");
}

#[tokio::test]
async fn a_part_of_the_room_is_for_those_that_can_wait() {
	let mut bench = Bench::within(one_by_one(), eager()).await;
	bench.settler = bench.settler.with_settlements_at_once(4);
	for lane in 0..8 {
		bench.serve(lane, 1).await;
	}
	let due = |lane| Due { key: LaneKey { session: SESSION, lane }, presses: lane < 6 };
	bench.settler.enqueue((0..8).map(due).collect());
	bench.settler.round(false).await;
	let sent = bench.chain.state().sent.clone();
	let first: Vec<LaneId> = sent.iter().take(4).flatten().map(|lane| lane.key.lane).collect();
	assert_eq!(first.iter().filter(|lane| **lane >= 6).count(), 1, "{first:?}");
	assert_eq!(sent.len(), 8);
}

#[tokio::test]
async fn calls_of_old_vouchers_are_due() {
	let policy = policy(9, Duration::from_secs(1 << 40), 1_000);
	let mut bench = Bench::new(policy).await;
	let last = bench.take(SESSION, 0).await.valid_until;
	let id = CallId { session: SESSION, lane: 0, sequence: 1 };
	bench.store.release(id, Uncharged::CallerGone).await.expect("the store works");
	bench.serve(0, 1).await;
	bench.sessions.change_session(|session| session.expires_at = last + 2 * STALE);
	for (best, sent) in [(last + STALE - 1, 0), (last + STALE, 1)] {
		bench.sessions.state().best = best;
		bench.settler.round(false).await;
		assert_eq!(bench.chain.sent().len(), sent);
	}
}

#[tokio::test]
async fn calls_of_a_model_that_is_not_served_any_more_are_due() {
	let policy = policy(9, Duration::from_secs(1 << 40), 1_000);
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty());
	bench.sessions.forget_model();
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
}

#[tokio::test]
async fn what_is_due_is_decided_without_a_scheduler() {
	let bench = Bench::new(policy(2, Duration::from_secs(1 << 40), 0)).await;
	bench.serve(0, 1).await;
	bench.open(SESSION + 1);
	bench.serve_in(SESSION + 1, 0, 1).await;
	let lanes = bench.store.open_lanes().await.expect("the store works");
	let (backoff, mut rests) = (Backoff::default(), Rests::default());
	let due = async |max_calls, rests: &Rests| {
		let rules = DueRules {
			policy: policy(max_calls, Duration::from_secs(1 << 40), 0),
			backoff: &backoff,
			rests,
			sessions: bench.sessions.as_ref(),
			store: &bench.store,
		};
		rules.due(&lanes, 0).await
	};
	let lane = |session, presses| Due { key: LaneKey { session, lane: 0 }, presses };
	assert_eq!(due(3, &rests).await, []);
	assert_eq!(due(2, &rests).await, [lane(SESSION, false), lane(SESSION + 1, false)]);
	rests.go_on(lane(SESSION, false).key);
	assert_eq!(due(3, &rests).await, [lane(SESSION, false)], "one settlement was not enough");
	bench.sessions.change_session(|session| session.closes_at = Some(500));
	assert_eq!(due(3, &rests).await, [lane(SESSION, true)], "it closes");
}

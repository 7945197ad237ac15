//! Many lanes in one settlement, and what one of them means for the others.

use super::*;

fn key(lane: LaneId) -> LaneKey {
	LaneKey { session: SESSION, lane }
}

#[tokio::test]
async fn a_hundred_lanes_of_ten_sessions_go_in_two_settlements() {
	let mut bench = Bench::new(eager()).await;
	for id in SESSION..SESSION + 10 {
		bench.open(id);
		for lane in 0..10 {
			bench.serve_in(id, lane, 2).await;
		}
	}
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sizes(), [64, 36]);
	assert_eq!(bench.settled_on_chain(), 200 * CHARGE);
	assert_eq!(bench.ended().await, (200 * CHARGE, 0));
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sizes(), [64, 36], "nothing is left");
}

#[tokio::test]
async fn a_settlement_has_no_more_records_than_the_chain_takes() {
	let mut bench = Bench::within(limits(10, 10), eager()).await;
	for (lane, calls) in [(0, 4), (1, 6), (2, 1), (3, 25), (4, 1)] {
		bench.serve(lane, calls).await;
	}
	bench.settler.round(false).await;
	let state = bench.chain.state().sent.clone();
	let records: Vec<Vec<usize>> =
		state.iter().map(|lanes| lanes.iter().map(|lane| lane.records.len()).collect()).collect();
	assert_eq!(records, [vec![4, 6], vec![1], vec![10], vec![1]]);
	bench.settler.round(true).await;
	assert_eq!(bench.settled_on_chain(), 37 * CHARGE);
}

#[tokio::test]
async fn each_lane_of_a_settlement_has_room() {
	let mut bench = Bench::within(limits(4, 4), eager()).await;
	bench.serve(0, 1).await;
	bench.serve(1, 1).await;
	bench.serve(2, 1).await;
	bench.settler.round(false).await;
	// The first one has many more by the time that it is looked after.
	bench.serve(0, 9).await;
	bench.serve(1, 1).await;
	bench.serve(2, 1).await;
	let lanes = [key(0), key(1), key(2)];
	let results = bench.settler.worker.look_after(&lanes, &eager()).await;
	assert!(results.len() == 3 && results.iter().all(|(_, result)| result.is_ok()));
	assert_eq!(bench.chain.sent()[3..], [(vec![2, 3], 10), (vec![2], 2), (vec![2], 2)]);
}

#[tokio::test]
async fn a_lane_that_the_chain_rejects_does_not_hold_up_the_others() {
	let mut bench = Bench::new(eager()).await;
	for lane in 0..3 {
		bench.serve(lane, 2).await;
	}
	bench.chain.fate(Fate::RejectLanes(vec![key(1)]));
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sizes(), [3]);
	for (lane, status) in [(0, settled(51)), (1, CallStatus::Served), (2, settled(51))] {
		assert_eq!(bench.statuses(lane).await, [status; 2]);
	}
	assert!(bench.handle.last().failing_since.is_some());
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sizes(), [3, 1], "the rejected one is left alone for a while");
	bench.settler.round(true).await;
	assert_eq!(bench.settled_on_chain(), 7 * CHARGE);
	assert_eq!(bench.ended().await, (7 * CHARGE, 0));
}

#[tokio::test]
async fn a_lane_whose_session_is_over_is_lost_and_the_others_are_not() {
	let mut bench = Bench::new(eager()).await;
	bench.open(SESSION + 1);
	bench.serve(0, 1).await;
	bench.serve_in(SESSION + 1, 0, 1).await;
	bench.chain.fate(Fate::LaneOver(SESSION));
	bench.settler.round(true).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Lost(Loss::SessionClosed)]);
	assert_eq!(bench.statuses_in(SESSION + 1, 0).await, [settled(51)]);
	assert_eq!(bench.chain.sizes(), [2]);
}

#[tokio::test]
async fn a_settlement_that_is_refused_is_tried_lane_by_lane() {
	for fate in [Fate::Refuse, Fate::Fail("SettlementOver")] {
		let mut bench = Bench::new(eager()).await;
		for lane in 0..4 {
			bench.serve(lane, 1).await;
		}
		bench.chain.fate(fate.clone());
		// Alone, the second one is refused once more.
		bench.chain.fate(Fate::Settle(vec![]));
		bench.chain.fate(Fate::Refuse);
		bench.settler.round(false).await;
		assert_eq!(bench.chain.sizes(), [4, 1, 1, 1, 1], "{fate:?}");
		assert_eq!(bench.statuses(1).await, [CallStatus::Served], "{fate:?}");
		assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
		for lane in 0..4 {
			bench.serve(lane, 1).await;
		}
		bench.settler.round(false).await;
		assert_eq!(bench.chain.sizes()[5..], [3], "the others go together again");
		bench.settler.round(true).await;
		assert_eq!(bench.chain.sizes()[6..], [1]);
		assert_eq!(bench.ended().await, (8 * CHARGE, 0));
	}
}

#[tokio::test]
async fn a_settlement_that_no_block_included_says_nothing_against_its_lanes() {
	let mut bench = Bench::new(eager()).await;
	for lane in 0..3 {
		bench.serve(lane, 1).await;
	}
	bench.chain.fate(Fate::Expire);
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sizes(), [3]);
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sizes(), [3, 3]);
	assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
}

#[tokio::test]
async fn settlements_do_not_wait_for_one_another() {
	let mut bench = Bench::within(one_by_one(), eager()).await;
	bench.settler = bench.settler.with_settlements_at_once(3);
	for lane in 0..7 {
		bench.serve(lane, 1).await;
	}
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent().len(), 7);
	assert_eq!(bench.chain.state().most_waiting, 3);
	assert_eq!(bench.settled_on_chain(), 7 * CHARGE);
	for lane in 0..7 {
		assert!(matches!(bench.statuses(lane).await[..], [CallStatus::Settled { .. }]));
	}
}

#[tokio::test]
async fn a_lane_is_in_one_settlement_at_a_time() {
	let mut bench = Bench::new(eager()).await;
	bench.settler = bench.settler.with_settlements_at_once(4);
	bench.chain.state().finality = Duration::from_millis(2_500);
	// As if the first one had been lost.
	bench.chain.state().nothing_under_way = true;
	bench.serve(0, 1).await;
	let Bench { _directory, store, chain, sessions, settler, handle } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	let (unused, _) = Settler::new(store.clone(), chain.clone(), sessions.clone(), eager());
	let bench = Bench { _directory, store, chain, sessions, settler: unused, handle };
	// It is due again while it is being settled.
	while bench.chain.state().waiting == 0 {
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	bench.serve(0, 1).await;
	while bench.chain.sizes().is_empty() {
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	assert_eq!(bench.chain.state().most_waiting, 1);
	bench.chain.state().finality = Duration::ZERO;
	stop.cancel();
	running.await.expect("no panic");
	assert_eq!(bench.chain.sent(), [(vec![1], 1), (vec![2], 2)]);
}

#[tokio::test]
async fn sessions_that_are_closed_do_not_hold_up_others() {
	let late = policy(1_000, Duration::from_secs(1 << 40), 0);
	let policy = SettlementPolicy { max_value: 2 * CHARGE, ..late };
	let mut bench = Bench::within(one_by_one(), policy).await;
	bench.settler = bench.settler.with_settlements_at_once(2);
	bench.open(SESSION + 1);
	for lane in 0..20 {
		bench.serve(lane, 1).await;
	}
	// These are due; the others are not.
	for lane in 0..6 {
		bench.serve_in(SESSION + 1, lane, 2).await;
	}
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	handle.settle(SESSION).await.expect("all of it");
	stop.cancel();
	running.await.expect("no panic");
	let sent = chain.sent();
	let last = sent.iter().rposition(|(calls, _)| calls.len() == 2).expect("they were due");
	assert!(last < 18, "{sent:?}");
	assert_eq!(sent.len(), 26);
	assert_eq!(chain.state().most_waiting, 4, "two because of each");
}

#[tokio::test]
async fn who_asks_first_is_settled_first() {
	let late = policy(1_000, Duration::from_secs(1 << 40), 0);
	let bench = Bench::within(one_by_one(), late).await;
	bench.open(SESSION + 1);
	for lane in 0..3 {
		bench.serve(lane, 1).await;
		bench.serve_in(SESSION + 1, lane, 2).await;
	}
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	let (first, second) = tokio::join!(handle.settle(SESSION + 1), handle.settle(SESSION));
	assert!(first.is_ok() && second.is_ok(), "all of it");
	stop.cancel();
	running.await.expect("no panic");
	let sizes: Vec<_> = chain.sent().iter().map(|(calls, _)| calls.len()).collect();
	assert_eq!(sizes, [2, 2, 2, 1, 1, 1]);
}

#[tokio::test]
async fn a_session_is_settled_at_request_whether_it_is_due_or_not() {
	let policy = policy(100, Duration::from_secs(1 << 40), 1_000_000);
	let mut bench = Bench::new(policy).await;
	bench.serve(0, 2).await;
	bench.serve(1, 1).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "not due");
	let handle = bench.handle.clone();
	let asking = tokio::spawn(async move { handle.settle(SESSION).await });
	let stop = CancellationToken::new();
	let Bench { _directory, store, chain, settler, .. } = bench;
	let running = tokio::spawn(settler.run(stop.clone()));
	let settled = asking.await.expect("no panic").expect("all of it");
	assert_eq!(settled, chain.state().sessions[&SESSION].settled);
	assert_eq!((settled, chain.sizes()), (3 * CHARGE, vec![2]));
	assert_eq!(store.totals().await.expect("the store works").unsettled_calls(), 0);
	stop.cancel();
	running.await.expect("no panic");
}

#[tokio::test]
async fn a_session_that_cannot_be_settled_says_so() {
	let bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	for fate in [Fate::Lose, Fate::Lose] {
		bench.chain.fate(fate);
	}
	let stop = CancellationToken::new();
	let Bench { _directory, store: _store, settler, handle, .. } = bench;
	let running = tokio::spawn(settler.run(stop.clone()));
	let refused = handle.settle(SESSION).await;
	assert!(matches!(refused, Err(SettleError::Open { calls: 2, .. })), "{refused:?}");
	stop.cancel();
	running.await.expect("no panic");
	assert!(matches!(handle.settle(SESSION).await, Err(SettleError::Stopped)));
}

#[tokio::test]
async fn a_session_at_request_is_settled_although_another_ones_settlement_is_refused() {
	let late = policy(1_000, Duration::from_secs(1 << 40), 0);
	let bench = Bench::new(late).await;
	bench.open(SESSION + 1);
	bench.serve(0, 1).await;
	bench.serve_in(SESSION + 1, 0, 1).await;
	// Together, and then the first one alone.
	for _ in 0..2 {
		bench.chain.fate(Fate::Refuse);
	}
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let asking = async { tokio::join!(handle.settle(SESSION), handle.settle(SESSION + 1)) };
	let running = tokio::spawn(settler.run(stop.clone()));
	let (first, second) = asking.await;
	assert!(matches!(first, Err(SettleError::Open { calls: 1, .. })), "{first:?}");
	assert_eq!(second.expect("all of it"), CHARGE);
	assert_eq!(chain.sizes(), [2, 1, 1]);
	stop.cancel();
	running.await.expect("no panic");
}

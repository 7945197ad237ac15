//! Vouchers that the chain does not redeem, and never will.

use super::*;
use openledger_books::Unredeemable;

const TOO_LATE: CallStatus = CallStatus::Lost(Loss::Unredeemable(Unredeemable::TooLate));

#[tokio::test]
async fn old_vouchers_do_not_hold_up_a_lane_that_goes_on() {
	for mode in [SettlementMode::Itemised, SettlementMode::Aggregate] {
		let policy = SettlementPolicy { mode, ..eager() };
		let mut bench = Bench::within(limits(4, 4), policy).await;
		bench.serve(0, 10).await;
		bench.chain.state().too_old = (1..10).collect();
		bench.settler.round(true).await;
		assert!(bench.chain.sent().iter().all(|(_, voucher)| *voucher == 10), "{mode:?}");
		assert_eq!(bench.ended().await, (10 * CHARGE, 0), "{mode:?}");
	}
}

#[tokio::test]
async fn calls_go_with_their_own_voucher_where_the_newest_is_refused() {
	let mut bench = Bench::within(limits(4, 4), eager()).await;
	bench.serve(0, 10).await;
	bench.chain.state().too_old = [10].into();
	bench.settler.round(true).await;
	let vouchers: Vec<_> = bench.chain.sent().iter().map(|(_, voucher)| *voucher).collect();
	assert_eq!(vouchers, [10, 4, 10, 8, 10]);
	assert_eq!(bench.statuses(0).await[8..], [TOO_LATE; 2]);
	assert_eq!(bench.ended().await, (8 * CHARGE, 2 * CHARGE));
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent().len(), 5, "they are not sent again");
}

#[tokio::test]
async fn what_time_cannot_mend_is_lost_and_not_sent_again() {
	// Alone, and among others.
	for lanes in [1, 3] {
		let mut bench = Bench::new(eager()).await;
		bench.serve(0, 2).await;
		for lane in 1..lanes {
			bench.serve(lane, 1).await;
		}
		bench.chain.state().too_old = [2].into();
		bench.settler.round(true).await;
		bench.settler.round(true).await;
		assert_eq!(bench.statuses(0).await, [TOO_LATE; 2]);
		assert_eq!(bench.chain.sizes(), [usize::from(lanes)]);
		assert_eq!(bench.ended().await, (Balance::from(lanes - 1) * CHARGE, 2 * CHARGE));
	}
}

#[tokio::test]
async fn what_an_earlier_copy_may_bring_is_not_lost() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::SettleLate);
	bench.settler.round(false).await;
	bench.chain.state().nothing_under_way = true;
	bench.chain.fate(Fate::Fail("SettledTooLate"));
	bench.settler.round(true).await;
	let statuses = bench.statuses(0).await;
	assert!(matches!(statuses[..], [CallStatus::Submitted(_), CallStatus::Submitted(_)]));
	bench.chain.state().let_arrive();
	bench.settler.round(true).await;
	assert_eq!(bench.ended().await, (2 * CHARGE, 0));
}

#[tokio::test]
async fn a_deposit_that_is_used_up_costs_no_fees() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	let deposit = |bench: &Bench, deposit| {
		let mut state = bench.chain.state();
		state.sessions.get_mut(&SESSION).expect("it is open").deposit = deposit;
	};
	deposit(&bench, CHARGE - 1);
	bench.settler.round(true).await;
	assert!(bench.chain.sent().is_empty());
	assert_eq!(bench.statuses(0).await, [CallStatus::Served; 2]);
	deposit(&bench, 2 * CHARGE);
	bench.settler.round(true).await;
	assert_eq!(bench.ended().await, (2 * CHARGE, 0), "the caller has added to it");
}

#[tokio::test]
async fn a_refusal_that_is_not_about_a_run_does_not_turn_runs_off() {
	let key = LaneKey { session: SESSION, lane: 0 };
	for fate in [Fate::Refuse, Fate::Fail("NoLaneDeposit"), Fate::RejectLanes(vec![key])] {
		let policy = SettlementPolicy { mode: SettlementMode::Aggregate, ..eager() };
		let mut bench = Bench::new(policy).await;
		bench.serve(0, 5).await;
		bench.chain.fate(fate.clone());
		bench.settler.round(false).await;
		assert_eq!(bench.chain.runs(), [(1, 4)]);
		bench.settler.round(true).await;
		assert_eq!(bench.chain.runs(), [(1, 4), (1, 4)], "{fate:?}");
		assert_eq!(bench.ended().await, (5 * CHARGE, 0));
	}
}

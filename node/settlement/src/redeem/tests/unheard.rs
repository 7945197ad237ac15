//! Settlements whose outcome nobody heard of.

use super::*;

#[tokio::test]
async fn an_unheard_settlement_is_found_and_not_sent_again() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::SettleUnheard(vec![]));
	bench.settler.round(false).await;
	let CallStatus::Submitted(Submission { until, .. }) = bench.statuses(0).await[0] else {
		panic!("it is on its way")
	};
	assert_eq!(bench.chain.state().lasts, [until], "it comes no later than it is looked for");
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await[..2], [settled(51); 2]);
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2), (vec![3], 3)], "each call once");
	assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
	let id = CallId { session: SESSION, lane: 0, sequence: 1 };
	let proven = bench.store.proof(id).await.expect("the store works").expect("it is there");
	assert_eq!(proven.settled.map(|settled| settled.block), Some(51), "what is found is kept");
}

#[tokio::test]
async fn lanes_that_were_settled_together_are_found_with_one_look() {
	let mut bench = Bench::new(eager()).await;
	for lane in 0..5 {
		bench.serve(lane, 2).await;
	}
	bench.chain.fate(Fate::SettleUnheard(vec![]));
	bench.settler.round(false).await;
	bench.restart();
	bench.settler.round(false).await;
	for lane in 0..5 {
		assert_eq!(bench.statuses(lane).await, [settled(51); 2]);
	}
	assert_eq!((bench.chain.sizes(), bench.chain.state().read), (vec![5], 1));
}

#[tokio::test]
async fn a_lost_settlement_is_sent_again_only_when_its_time_is_over() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	bench.chain.fate(Fate::Lose);
	bench.settler.round(false).await;
	let until = FINALIZED + 10;
	for finalized in [FINALIZED + 1, until] {
		bench.chain.state().finalized = finalized;
		bench.settler.round(true).await;
		assert_eq!(bench.chain.sent().len(), 1, "it may still enter block {until}");
	}
	bench.chain.state().finalized = until + 1;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent().len(), 2);
	assert_eq!(bench.statuses(0).await, [settled(until + 2)]);
	assert_eq!(bench.settled_on_chain(), CHARGE);
}

#[tokio::test]
async fn a_settlement_that_nobody_took_is_sent_again_at_once() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	// The process died between writing down that it sends and sending.
	bench.note_submitted(0, &[1, 2]).await;
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "something of the operator's is on its way");
	bench.chain.state().nothing_under_way = true;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)]);
	assert_eq!(bench.statuses(0).await, [settled(51); 2]);
}

#[tokio::test]
async fn what_seems_lost_is_sent_again_and_not_each_second() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.state().nothing_under_way = true;
	for _ in 0..4 {
		bench.chain.fate(Fate::Lose);
	}
	bench.settler.round(false).await;
	bench.serve(0, 1).await;
	for _ in 0..5 {
		bench.settler.round(false).await;
	}
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2), (vec![1, 2, 3], 3)], "the third one waits");
	assert!(bench.handle.last().error.is_some());
	// Each copy may enter a block for as long as the newest may.
	bench.chain.state().finalized = FINALIZED + 5;
	bench.settler.round(true).await;
	bench.chain.state().nothing_under_way = false;
	bench.chain.state().finalized = FINALIZED + 15;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent().len(), 3);
	bench.chain.state().finalized = FINALIZED + 16;
	bench.chain.state().fates.clear();
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent()[3], (vec![1, 2, 3], 3), "none of them can arrive any more");
	assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
}

#[tokio::test]
async fn of_two_that_arrive_after_all_each_call_counts_once() {
	// The first arrives before the second, after it, or while that is refused.
	for (fate, first) in [
		(Fate::SettleLate, true),
		(Fate::Settle(vec![]), false),
		(Fate::SettleUnheard(vec![]), false),
		(Fate::Refuse, true),
		(Fate::Fail("SettlementOver"), true),
		(Fate::Fail("SettledTooLate"), true),
		(Fate::Away, true),
		(Fate::Expire, true),
	] {
		let mut bench = Bench::new(eager()).await;
		bench.serve(0, 2).await;
		bench.chain.fate(Fate::SettleLate);
		bench.settler.round(false).await;
		bench.serve(0, 1).await;
		bench.chain.state().nothing_under_way = true;
		bench.chain.fate(fate.clone());
		bench.settler.round(false).await;
		if first {
			let earlier = bench.statuses(0).await[0];
			assert!(matches!(earlier, CallStatus::Submitted(_)), "{fate:?}: {earlier:?}");
		}
		bench.chain.state().let_arrive();
		bench.settler.round(true).await;
		bench.settler.round(true).await;
		assert_eq!(bench.settled_on_chain(), 3 * CHARGE, "{fate:?}");
		assert_eq!(bench.ended().await, (3 * CHARGE, 0), "{fate:?}");
	}
}

#[tokio::test]
async fn a_settlement_that_an_earlier_one_overtook_is_not_a_loss() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::SettleAfterAnother);
	bench.settler.round(false).await;
	bench.settler.round(true).await;
	assert!(bench
		.statuses(0)
		.await
		.iter()
		.all(|status| matches!(status, CallStatus::Settled { .. })));
	let totals = bench.store.totals().await.expect("the store works");
	assert_eq!((totals.settled, totals.lost, totals.unsettled()), (200, 0, 0));
	assert_eq!(bench.settled_on_chain(), 2 * CHARGE);
	assert_eq!(bench.chain.sent().len(), 1);
}

#[tokio::test]
async fn what_an_earlier_process_had_sent_is_found() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	// The process died after sending and before hearing: the chain has it, the store does not know.
	bench.note_submitted(0, &[1, 2]).await;
	bench.settle_behind(0, &[1, 2]).await;

	bench.restart();
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [settled(51); 2]);
	assert!(bench.chain.sent().is_empty(), "nothing was sent again");
}

#[tokio::test]
async fn a_record_that_was_rejected_unheard_is_lost() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 3).await;
	bench.chain.fate(Fate::SettleUnheard(vec![2]));
	bench.settler.round(false).await;
	bench.restart();
	bench.settler.round(false).await;
	let lost = CallStatus::Lost(Loss::Rejected(RejectReason::UnknownModel));
	assert_eq!(bench.statuses(0).await, [settled(51), lost, settled(51)]);
}

#[tokio::test]
async fn a_rejected_record_that_another_copy_may_bring_is_not_lost() {
	// The chain rejects the last one of the second copy, and takes it with the first, or much later.
	for fate in [Fate::Settle(vec![2]), Fate::SettleUnheard(vec![2])] {
		for arrives in [true, false] {
			let mut bench = Bench::new(eager()).await;
			bench.serve(0, 2).await;
			bench.chain.fate(Fate::SettleLate);
			bench.settler.round(false).await;
			bench.chain.state().nothing_under_way = true;
			bench.chain.fate(fate.clone());
			bench.settler.round(false).await;
			bench.chain.state().nothing_under_way = false;
			bench.settler.round(true).await;
			let statuses = bench.statuses(0).await;
			assert_eq!(statuses[0], settled(51), "{fate:?}");
			assert!(matches!(statuses[1], CallStatus::Submitted(_)), "{fate:?}: {statuses:?}");
			if arrives {
				bench.chain.state().let_arrive();
			} else {
				bench.chain.state().finalized = FINALIZED + 20;
			}
			bench.settler.round(true).await;
			assert_eq!(bench.ended().await, (2 * CHARGE, 0), "{fate:?}");
			assert_eq!(bench.settled_on_chain(), 2 * CHARGE, "{fate:?}");
		}
	}
}

#[tokio::test]
async fn blocks_that_are_gone_do_not_hold_up_a_lane() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.note_submitted(0, &[1, 2]).await;
	bench.settle_behind(0, &[1, 2]).await;
	bench.chain.state().forgetful = true;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	let unknown = CallStatus::Settled { block: None };
	assert_eq!(bench.statuses(0).await, [unknown, unknown, settled(52)]);
}

#[tokio::test]
async fn what_was_settled_without_a_trace_counts_as_settled() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	// A store that was restored from a backup does not even know that something was sent.
	bench.settle_behind(0, &[1]).await;
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Settled { block: None }]);
	assert!(bench.chain.sent().is_empty());
}

//! Settling calls by their sums.

use super::*;
use openledger_books::ProvenItem;
use openledger_primitives::lane::SettledItem;

fn summing() -> SettlementPolicy {
	SettlementPolicy { mode: SettlementMode::Aggregate, aggregate_from: 3, ..eager() }
}

impl Bench {
	async fn proven(&self, sequence: Sequence) -> Option<ProvenItem> {
		let id = CallId { session: SESSION, lane: 0, sequence };
		let proven = self.store.proof(id).await.expect("the store works");
		proven.expect("it is there").settled
	}

	/// Checks that a call is proven to be in the run from `first` to `last`.
	async fn assert_in_run(&self, sequence: Sequence, first: Sequence, last: Sequence) {
		let proven = self.proven(sequence).await.expect("it is settled");
		let ProvenItem { header, item, index, hashes, listed, .. } = proven;
		let root = tree::root_from(header.items, &[(index, item.leaf())], &hashes);
		assert_eq!(root, Some(header.root));
		let SettledItem::Run(run) = item else { panic!("{sequence} went by itself") };
		assert_eq!((run.first_sequence, run.last_sequence), (first, last));
		let listed = listed.expect("it is in the list");
		assert_eq!(listed.leaf.sequence, sequence);
		assert!(listed.verify(&run.acknowledged_root));
	}

	/// Checks that a call is proven to have gone by itself.
	async fn assert_alone(&self, sequence: Sequence) {
		let proven = self.proven(sequence).await.expect("it is settled");
		assert!(matches!(proven.item, SettledItem::Call(call) if call.record.sequence == sequence));
	}
}

#[tokio::test]
async fn enough_calls_are_settled_by_their_sums() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 5).await;
	bench.serve(1, 3).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sizes(), [2]);
	assert_eq!(bench.chain.runs(), [(1, 4)], "two calls and the newest are too few");
	assert_eq!(bench.chain.sent(), [(vec![], 5), (vec![1, 2, 3], 3)]);
	assert_eq!(bench.statuses(0).await[..4], [settled(51); 4]);
	assert_eq!(bench.statuses(0).await[4], CallStatus::Served, "it goes with later ones");
	assert_eq!(bench.settled_on_chain(), 7 * CHARGE);
	for sequence in 1..=4 {
		bench.assert_in_run(sequence, 1, 4).await;
	}

	bench.serve(0, 4).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.runs(), [(1, 4), (5, 8)]);
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent()[3..], [(vec![9], 9)], "unless the node stops");
	bench.assert_alone(9).await;
	assert_eq!(bench.ended().await, (12 * CHARGE, 0));
}

#[tokio::test]
async fn calls_without_a_charge_are_in_no_run() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 2).await;
	bench.fail(0).await;
	bench.serve(0, 2).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.runs(), [(1, 4)]);
	assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
	bench.assert_in_run(4, 1, 4).await;
	assert_eq!(bench.proven(3).await, None);
}

#[tokio::test]
async fn very_many_calls_go_in_several_runs() {
	let mut bench = Bench::within(limits(4, 4), summing()).await;
	bench.serve(0, 10).await;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.runs(), [(1, 4), (5, 8)]);
	assert_eq!(bench.chain.sent(), [(vec![], 10), (vec![], 10), (vec![9, 10], 10)]);
	assert_eq!(bench.settled_on_chain(), 10 * CHARGE);
	bench.assert_in_run(2, 1, 4).await;
	bench.assert_in_run(7, 5, 8).await;
}

#[tokio::test]
async fn settling_keeps_up_with_any_number_of_calls() {
	let mode = SettlementMode::Auto;
	let policy = SettlementPolicy { mode, ..eager() };
	let mut bench = Bench::within(limits(2, 100), policy).await;
	bench.serve(0, 8).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 8)], "they are few");
	bench.serve(0, 3).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.runs(), [(3, 10)], "the others in a run");
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent()[2], (vec![11], 11));
	let totals = bench.store.totals().await.expect("the store works");
	assert_eq!((totals.settled_calls, totals.unsettled_calls()), (11, 0));
}

#[tokio::test]
async fn calls_that_name_contributions_go_by_themselves_between_runs() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 3).await;
	bench.serve_one(SESSION, 0, &[7]).await;
	bench.serve(0, 1).await;
	bench.serve_one(SESSION, 0, &[7, 8]).await;
	bench.serve(0, 4).await;
	bench.settler.round(false).await;
	assert_eq!((bench.chain.runs(), bench.chain.sent()), (vec![(1, 3)], vec![(vec![], 10)]));
	bench.settler.round(true).await;
	// Nothing is behind a run: it might be rejected.
	let sent = [(vec![], 10), (vec![4, 5, 6], 10), (vec![10], 10)];
	assert_eq!((bench.chain.runs(), bench.chain.sent()), (vec![(1, 3), (7, 9)], sent.to_vec()));
	bench.assert_in_run(2, 1, 3).await;
	bench.assert_alone(4).await;
	bench.assert_alone(5).await;
	bench.assert_in_run(9, 7, 9).await;
	assert_eq!(bench.ended().await, (10 * CHARGE, 0));
}

#[tokio::test]
async fn a_lane_has_no_more_items_than_the_chain_takes() {
	let mut bench = Bench::within(limits(4, 8), summing()).await;
	for _ in 0..4 {
		bench.serve_one(SESSION, 0, &[7]).await;
	}
	bench.serve(0, 5).await;
	bench.settler.round(true).await;
	let sent = [(vec![1, 2, 3, 4], 9), (vec![], 9), (vec![9], 9)];
	assert_eq!((bench.chain.sent(), bench.chain.runs()), (sent.to_vec(), vec![(5, 8)]));
	assert_eq!(bench.ended().await, (9 * CHARGE, 0));
}

#[tokio::test]
async fn a_run_begins_behind_a_call_that_was_lost() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::Settle(vec![2]));
	bench.settler.round(false).await;
	bench.settler.policy = summing();
	bench.serve(0, 5).await;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.runs(), [(4, 6)], "the first one behind it goes by itself");
	assert_eq!(bench.chain.sent()[1..], [(vec![3], 7), (vec![7], 7)]);
	assert_eq!(bench.ended().await, (6 * CHARGE, CHARGE));
	assert_eq!(bench.settled_on_chain(), 6 * CHARGE);
}

#[tokio::test]
async fn a_run_that_the_chain_would_reject_is_not_sent() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	bench.settler.policy = summing();
	bench.serve(0, 5).await;
	// More than its calls cost.
	let more = testkit::settled_lane(0, 1, CHARGE + 1);
	bench.chain.state().sessions.get_mut(&SESSION).expect("it is open").lanes = vec![more];
	bench.settler.round(false).await;
	assert_eq!(bench.chain.runs(), []);
	assert_eq!(bench.chain.sent()[1..], [(vec![2, 3, 4, 5, 6], 6)]);
}

#[tokio::test]
async fn calls_of_a_run_that_is_rejected_go_one_by_one() {
	// Nothing counts of the settlement, or a record before the run does.
	for named in [vec![], vec![7]] {
		let mut bench = Bench::new(summing()).await;
		let alone = u64::from(!named.is_empty());
		if alone > 0 {
			bench.serve_one(SESSION, 0, &named).await;
		}
		bench.serve(0, 4).await;
		bench.chain.fate(Fate::RejectRuns);
		bench.settler.round(false).await;
		let (first, last) = (alone + 1, alone + 4);
		assert_eq!(bench.chain.runs(), [(first, last - 1)]);
		let open = bench.statuses(0).await.iter().filter(|is| **is == CallStatus::Served).count();
		assert_eq!(open, 4, "none of them is lost");
		bench.settler.round(true).await;
		assert_eq!(bench.chain.sent()[1], ((first..=last).collect(), last));
		bench.serve(0, 4).await;
		bench.settler.round(true).await;
		assert_eq!(bench.chain.runs()[1..], [(last + 1, last + 3)], "the next ones are added up");
		assert_eq!(bench.ended().await, (u128::from(last + 4) * CHARGE, 0));
	}
}

#[tokio::test]
async fn a_run_that_was_not_heard_of_is_found() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 4).await;
	bench.chain.fate(Fate::SettleUnheard(vec![]));
	bench.settler.round(false).await;
	assert!(matches!(bench.statuses(0).await[0], CallStatus::Submitted(_)));
	assert_eq!(bench.statuses(0).await[3], CallStatus::Served, "it was not sent");
	bench.restart();
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![], 4), (vec![4], 4)], "nothing was sent again");
	assert_eq!(bench.statuses(0).await, [settled(51), settled(51), settled(51), settled(52)]);
	bench.assert_in_run(1, 1, 3).await;
}

#[tokio::test]
async fn a_run_that_was_lost_is_made_anew() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 4).await;
	bench.chain.fate(Fate::Lose);
	bench.settler.round(false).await;
	bench.serve(0, 1).await;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent().len(), 1, "it may still enter a block");
	bench.chain.state().finalized = FINALIZED + 11;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.runs(), [(1, 3), (1, 4)]);
	assert_eq!(bench.settled_on_chain(), 5 * CHARGE);
	bench.assert_in_run(3, 1, 4).await;
}

#[tokio::test]
async fn a_run_that_seemed_lost_counts_once() {
	// The first arrives after all, before the second, after it, or while it is refused.
	for (fate, mode) in [
		(Fate::Settle(vec![]), SettlementMode::Aggregate),
		(Fate::Settle(vec![]), SettlementMode::Itemised),
		(Fate::SettleUnheard(vec![]), SettlementMode::Aggregate),
		(Fate::SettleLate, SettlementMode::Itemised),
		(Fate::SettleLate, SettlementMode::Aggregate),
		(Fate::Refuse, SettlementMode::Aggregate),
		(Fate::Away, SettlementMode::Aggregate),
	] {
		let mut bench = Bench::new(summing()).await;
		bench.serve(0, 4).await;
		bench.chain.fate(Fate::SettleLate);
		bench.settler.round(false).await;
		bench.serve(0, 3).await;
		bench.chain.state().nothing_under_way = true;
		bench.chain.fate(fate.clone());
		bench.settler.policy.mode = mode;
		bench.settler.round(false).await;
		bench.chain.state().let_arrive();
		bench.settler.round(true).await;
		bench.settler.round(true).await;
		assert_eq!(bench.settled_on_chain(), 7 * CHARGE, "{fate:?}, {mode:?}");
		assert_eq!(bench.ended().await, (7 * CHARGE, 0), "{fate:?}, {mode:?}");
	}
}

//! Settling by sums, and what sessions that are closed at once need.

use super::*;
use openledger_books::ProvenCall;
use openledger_primitives::{aggregate::Aggregate, merkle, Hash};

fn summing() -> SettlementPolicy {
	SettlementPolicy { mode: SettlementMode::Aggregate, aggregate_from: 3, ..eager() }
}

fn id(sequence: Sequence) -> CallId {
	CallId { session: SESSION, lane: 0, sequence }
}

impl Bench {
	async fn proven(&self, sequence: Sequence) -> ProvenCall {
		self.store.proof(id(sequence)).await.expect("the store works").expect("it is there")
	}

	/// Checks that a call is proven to be among those behind `root`.
	async fn assert_proven(&self, sequence: Sequence, root: Hash, leaves: u32) {
		let ProvenCall { call, proof, .. } = self.proven(sequence).await;
		let (behind, proof) = proof.expect("it is settled");
		assert_eq!((behind, proof.leaves), (root, leaves));
		let served = call.served.expect("it was served");
		assert!(merkle::verify(&root, &served.record, served.charge, &proof), "{sequence}");
	}

	fn sums(&self) -> Vec<Aggregate> {
		self.chain.state().sums.clone()
	}
}

#[tokio::test]
async fn enough_calls_are_settled_by_their_sums() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 5).await;
	bench.serve(1, 2).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![5], 5), (vec![1, 2], 2)], "two calls are too few");
	let sums = bench.sums();
	assert_eq!((sums.len(), sums[0].up_to, sums[0].calls), (1, 4, 4));
	assert_eq!(bench.statuses(0).await, [settled(51); 5]);
	assert_eq!(bench.settled_on_chain(), 7 * CHARGE);
	for sequence in 1..=4 {
		bench.assert_proven(sequence, sums[0].root, 4).await;
	}
	let own = bench.proven(5).await;
	assert!(own.aggregate.is_none());
	assert_eq!(own.proof.map(|(_, proof)| (proof.leaves, proof.index)), Some((1, 0)));
	let lane = LaneKey { session: SESSION, lane: 0 };
	assert_eq!(bench.store.sent_aggregate(lane).await.expect("the store works"), None);
}

#[tokio::test]
async fn calls_without_a_charge_are_not_among_those_that_are_proven() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 2).await;
	let acknowledged = 2 * CHARGE;
	let voucher = Voucher { sequence: 3, acknowledged, ..testkit::voucher(b"body", 0) };
	let taken = bench.store.accept(acceptance(voucher, CHARGE)).await;
	taken.expect("the store works").expect("it is taken");
	let why = Uncharged::CallerGone;
	bench.store.release(id(3), why).await.expect("the store works");
	bench.serve(0, 2).await;
	bench.settler.round(false).await;
	let sums = bench.sums();
	assert_eq!((sums[0].up_to, sums[0].calls), (4, 3));
	bench.assert_proven(4, sums[0].root, 3).await;
	assert_eq!(bench.proven(3).await.proof, None);
}

#[tokio::test]
async fn very_many_calls_go_in_several_sums() {
	let mut bench = Bench::new(summing()).await;
	bench.settler = bench.settler.with_batch_size(4);
	bench.serve(0, 10).await;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent(), [(vec![4], 4), (vec![8], 8), (vec![9, 10], 10)]);
	assert_eq!(bench.settled_on_chain(), 10 * CHARGE);
	let roots: Vec<_> = bench.sums().iter().map(|sums| sums.root).collect();
	bench.assert_proven(2, roots[0], 3).await;
	bench.assert_proven(7, roots[1], 3).await;
}

#[tokio::test]
async fn sums_that_were_not_heard_of_are_found_and_proven() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 4).await;
	bench.chain.fate(Fate::SettleUnheard);
	bench.settler.round(false).await;
	assert!(matches!(bench.statuses(0).await[0], CallStatus::Submitted(_)));
	let lane = LaneKey { session: SESSION, lane: 0 };
	let kept = bench.store.sent_aggregate(lane).await.expect("the store works");
	let kept = kept.expect("it was written down before it was sent");
	assert_eq!(Some(&kept.aggregate), bench.sums().first());
	assert_eq!((kept.first, kept.aggregate.calls, kept.voucher), (1, 3, 4));

	// Another process finds it.
	let (settler, _) =
		Settler::new(bench.store.clone(), bench.chain.clone(), bench.sessions.clone(), summing());
	bench.settler = settler;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent().len(), 1, "nothing was sent again");
	assert_eq!(bench.statuses(0).await, [settled(51); 4]);
	bench.assert_proven(1, kept.aggregate.root, 3).await;
}

#[tokio::test]
async fn sums_that_were_lost_are_made_anew() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 4).await;
	bench.chain.fate(Fate::Lose);
	bench.settler.round(false).await;
	bench.serve(0, 1).await;
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent().len(), 1, "it may still enter a block");
	bench.chain.state().finalized = FINALIZED + 11;
	bench.settler.round(false).await;
	let sums = bench.sums();
	assert_eq!((sums.len(), sums[1].up_to), (2, 4));
	assert_eq!(bench.settled_on_chain(), 5 * CHARGE);
	bench.assert_proven(3, sums[1].root, 4).await;
}

#[tokio::test]
async fn sums_that_seem_lost_are_sent_again_as_they_were() {
	// The first copy arrives after all, before the second or while it is refused, or the second does.
	for (fate, first_arrives) in [
		(Fate::Lose, true),
		(Fate::Refuse, true),
		(Fate::Over, true),
		(Fate::Away, true),
		(Fate::SettleUnheard, false),
		(Fate::Settle(vec![]), false),
	] {
		let mut bench = Bench::new(summing()).await;
		bench.serve(0, 4).await;
		bench.chain.fate(Fate::Lose);
		bench.settler.round(false).await;
		let lane = LaneKey { session: SESSION, lane: 0 };
		let sent = bench.store.sent_aggregate(lane).await.expect("the store works");
		bench.serve(0, 3).await;
		bench.chain.state().nothing_under_way = true;
		bench.chain.fate(fate.clone());
		// Whoever sums nothing by now does not change what is on its way.
		bench.settler.policy.mode = SettlementMode::Itemised;
		bench.settler.round(false).await;
		let sums = bench.sums();
		let root = sums[0].root;
		assert!(sums.iter().all(|other| *other == sums[0]), "{fate:?}");
		if first_arrives {
			let kept = bench.store.sent_aggregate(lane).await.expect("the store works");
			assert_eq!(kept, sent, "{fate:?}");
			assert!(matches!(bench.statuses(0).await[0], CallStatus::Submitted(_)), "{fate:?}");
			let voucher = bench.store.voucher(id(4)).await.expect("the store works");
			let voucher = voucher.expect("it is there").voucher;
			bench.chain.state().settle_sums(&voucher, &sums[0], &[4], &[]);
		}
		bench.settler.round(true).await;
		bench.settler.round(true).await;
		for sequence in 1..=3 {
			bench.assert_proven(sequence, root, 3).await;
		}
		assert_eq!(bench.settled_on_chain(), 7 * CHARGE, "{fate:?}");
		let totals = bench.store.totals().await.expect("the store works");
		assert_eq!((totals.settled, totals.lost), (7 * CHARGE, 0), "{fate:?}");
	}
}

#[tokio::test]
async fn calls_whose_sums_are_refused_go_one_by_one() {
	let mut bench = Bench::new(summing()).await;
	bench.serve(0, 4).await;
	bench.chain.fate(Fate::Refuse);
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Served; 4]);
	bench.chain.fate(Fate::Settle(vec![2]));
	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent()[1], (vec![1, 2, 3, 4], 4));
	assert_eq!(bench.settled_on_chain(), 3 * CHARGE);
	bench.serve(0, 4).await;
	bench.settler.round(true).await;
	assert_eq!(bench.sums().len(), 2, "the next ones are added up again");
	assert_eq!(bench.proven(2).await.proof, None, "it was rejected");
	assert_eq!(
		bench.proven(3).await.proof.map(|(_, proof)| (proof.leaves, proof.index)),
		Some((3, 1))
	);
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
	assert_eq!(chain.sent().len(), 2);
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
async fn it_is_told_since_when_settling_fails() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	assert_eq!(bench.handle.last().failing_since, None);
	bench.chain.fate(Fate::Refuse);
	bench.settler.round(false).await;
	assert!(bench.handle.last().failing_since.is_some());
	bench.settler.round(true).await;
	assert_eq!(bench.handle.last().failing_since, None, "it works again");
}

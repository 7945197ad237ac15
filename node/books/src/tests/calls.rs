//! A call's life, and what does not fit it.

use openledger_primitives::{info::SessionInfo, record::RejectReason};
use openledger_testkit::{session, settled_lane, DEPOSIT};

use super::*;

#[tokio::test]
async fn a_call_from_voucher_to_settlement() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let taken = store.take(voucher(0, 1, 0), 500).await.expect("it is taken");
	assert_eq!((taken.sequence, taken.charged, taken.in_flight), (1, 0, Some(500)));
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Accepted));
	assert_eq!(store.open_lanes().await.expect("the store works"), []);

	store.serve(id(0, 1), served(1, 300)).await.expect("it fits");
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.sequence, lane.charged, lane.in_flight), (1, 300, None));
	let open = store.open_lanes().await.expect("the store works");
	let expected =
		OpenLane { key: lane_key(0), calls: 1, value: 300, oldest: 2_000, submitted: false };
	assert_eq!(open, [expected]);

	let submission = Submission { at: 10, until: 20 };
	let note = |outcome| store.note(vec![(id(0, 1), outcome)]);
	assert_eq!(note(Outcome::Submitted(submission)).await.expect("it fits"), 1);
	assert!(store.open_lanes().await.expect("the store works")[0].submitted);
	assert_eq!(note(Outcome::NotSettled).await.expect("it fits"), 1);
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Served));
	assert_eq!(note(Outcome::Settled { block: Some(15) }).await.expect("it fits"), 1);
	assert_eq!(note(Outcome::NotSettled).await.expect("no error"), 0, "the end is the end");
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Settled { block: Some(15) }));
	assert_eq!(store.open_lanes().await.expect("the store works"), []);

	let totals = store.totals().await.expect("the store works");
	assert_eq!((totals.served_calls, totals.served), (1, 300));
	assert_eq!((totals.settled_calls, totals.settled), (1, 300));
	assert_eq!(totals.unsettled(), 0);
}

#[tokio::test]
async fn vouchers_that_do_not_fit_change_nothing() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	let before = store.lane_state(0).await;
	let totals = store.totals().await.expect("the store works");

	let cases = [
		(voucher(0, 1, 0), LaneRefusal::AlreadyUsed),
		(Voucher { valid_until: 1, ..voucher(0, 1, 0) }, LaneRefusal::OutOfOrder { expected: 2 }),
		(voucher(0, 0, 0), LaneRefusal::OutOfOrder { expected: 2 }),
		(voucher(0, 3, 300), LaneRefusal::OutOfOrder { expected: 2 }),
		(voucher(0, 2, 299), LaneRefusal::AcknowledgedMismatch { expected: 300 }),
		(voucher(0, 2, 301), LaneRefusal::AcknowledgedMismatch { expected: 300 }),
	];
	for (voucher, refusal) in cases {
		assert_eq!(store.take(voucher, 500).await, Err(refusal));
	}
	let good = acceptance(voucher(0, 2, 300), 500);
	let left = DEPOSIT - 300;
	let too_much = store.take(voucher(0, 2, 300), left + 1).await;
	assert_eq!(too_much, Err(LaneRefusal::Underfunded { left, needed: left + 1 }));
	let limited = Acceptance { limit: 300 + 499, ..good.clone() };
	let refused = store.accept(limited).await.expect("the store works");
	assert_eq!(refused, Err(LaneRefusal::LimitReached { left: 499, needed: 500 }));
	let overdrawn = Acceptance { limit: 299, ..good };
	let refused = store.accept(overdrawn).await.expect("the store works");
	assert_eq!(refused, Err(LaneRefusal::LimitReached { left: 0, needed: 500 }));
	assert_eq!(store.lane_state(0).await, before);
	assert_eq!(store.call(id(0, 2)).await.expect("the store works"), None);
	assert_eq!(store.voucher(id(0, 2)).await.expect("the store works"), None);
	assert_eq!(store.totals().await.expect("the store works"), totals);

	store.take(voucher(0, 2, 300), left).await.expect("exactly what is left is enough");
	assert_eq!(store.take(voucher(0, 2, 300), 1).await, Err(LaneRefusal::AlreadyUsed));
	assert_eq!(store.take(voucher(0, 3, 300), 1).await, Err(LaneRefusal::Busy { sequence: 2 }));
}

#[tokio::test]
async fn a_lane_is_for_one_version_at_one_price() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	let before = store.lane_state(0).await;
	let good = voucher(0, 2, 300);
	let refused = Err(LaneRefusal::OtherTerms(good.terms()));
	let changes: [fn(&mut Voucher); 5] = [
		|voucher| voucher.model += 1,
		|voucher| voucher.version += 1,
		|voucher| voucher.version -= 1,
		|voucher| voucher.price_version += 1,
		|voucher| voucher.price_version -= 1,
	];
	for change in changes {
		let mut other = good;
		change(&mut other);
		assert_eq!(store.take(other, 500).await, refused);
		assert_eq!(store.lane_state(0).await, before, "nothing has changed");
		// Another lane has its own.
		let lane = other.lane + 1;
		store.take(Voucher { lane, sequence: 1, acknowledged: 0, ..other }, 5).await.expect("new");
		store.withdraw(id(lane, 1)).await.expect("it is accepted");
	}

	// A voucher that was taken back does not count, and one whose call was free of charge does.
	let other = Voucher { version: 7, ..voucher(1, 1, 0) };
	store.take(other, 500).await.expect("nothing of the lane is left");
	store.release(id(1, 1), Uncharged::CallerGone).await.expect("it is accepted");
	let refused = Err(LaneRefusal::OtherTerms(other.terms()));
	assert_eq!(store.take(voucher(1, 2, 0), 500).await, refused);
	let terms = store.terms(id(1, 1)).await.expect("the store works");
	assert_eq!(terms, Some(other.terms()));
}

#[tokio::test]
async fn a_session_that_is_somebody_elses_now() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	let somebody = testkit::key("//Charlie").account();
	let before = store.session(SESSION).await.expect("the store works");
	for lane in [0, 1] {
		let given = SessionInfo { caller: somebody.clone(), ..session(SESSION) };
		let given = Acceptance { session: given, ..acceptance(voucher(lane, 1, 0), 10) };
		let refused = store.accept(given).await.expect("the store works");
		assert_eq!(refused, Err(LaneRefusal::OtherCaller { session: SESSION }));
	}
	assert_eq!(store.session(SESSION).await.expect("the store works"), before);
	assert_eq!(store.lane_state(1).await, None);
	store.take(voucher(1, 1, 0), 10).await.expect("whose it was goes on");
}

#[tokio::test]
async fn an_answer_is_kept_for_its_voucher() {
	let scratch = Scratch::new().await;
	let kept = async |scratch: &Scratch, voucher: Voucher| {
		let kept = scratch.store.kept(voucher).await.expect("the store works");
		kept.map(|kept| (kept.body, kept.call.served.map(|served| served.charge)))
	};
	let serve = async |scratch: &Scratch, sequence: Sequence, answer: Vec<u8>| {
		let voucher = voucher(0, sequence, 10 * Balance::from(sequence - 1));
		scratch.store.take(voucher, 500).await.expect("it is taken");
		let served = served(sequence, 10);
		let serving = scratch.store.serve_and_keep(id(0, sequence), served, answer);
		serving.await.expect("it fits");
		voucher
	};
	let first = serve(&scratch, 1, b"one".to_vec()).await;
	let scratch = scratch.reopen().await;
	assert_eq!(kept(&scratch, first).await, Some((b"one".to_vec(), Some(10))));
	assert_eq!(kept(&scratch, Voucher { authorised: 7, ..first }).await, None, "another voucher");
	assert_eq!(kept(&scratch, Voucher { lane: 1, ..first }).await, None);

	// Until the lane's next call is served, whatever its answer is.
	let second = voucher(0, 2, 10);
	scratch.store.take(second, 500).await.expect("it is taken");
	assert!(kept(&scratch, first).await.is_some());
	scratch.store.serve(id(0, 2), served(2, 10)).await.expect("it fits");
	assert_eq!((kept(&scratch, first).await, kept(&scratch, second).await), (None, None));
	let third = serve(&scratch, 3, vec![b'x'; MAX_KEPT]).await;
	assert_eq!(kept(&scratch, third).await.map(|(body, _)| body.len()), Some(MAX_KEPT));
	let fourth = serve(&scratch, 4, vec![b'x'; MAX_KEPT + 1]).await;
	assert_eq!((kept(&scratch, third).await, kept(&scratch, fourth).await), (None, None));

	// And not for long.
	let fifth = serve(&scratch, 5, b"five".to_vec()).await;
	for (answers, left) in [(1_000, true), (1_001, false)] {
		let cutoff = Cutoff { answers, at: 0, block: 0 };
		scratch.store.prune(cutoff, lane_key(0), 100).await.expect("the store works");
		assert_eq!(kept(&scratch, fifth).await.is_some(), left);
	}
	assert_eq!(scratch.store.status(0, 5).await, Some(CallStatus::Served));
}

#[tokio::test]
async fn lanes_share_the_deposit() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let third = DEPOSIT / 3;
	for lane in 0..3 {
		store.take(voucher(lane, 1, 0), third).await.expect("it fits");
	}
	let refusal = store.take(voucher(3, 1, 0), third).await;
	assert_eq!(refusal, Err(LaneRefusal::Underfunded { left: DEPOSIT - 3 * third, needed: third }));
	store.release(id(0, 1), Uncharged::CallerGone).await.expect("the store works");
	store.take(voucher(3, 1, 0), third).await.expect("what was set aside is free again");
}

#[tokio::test]
async fn races_for_one_deposit_have_as_many_winners_as_it_pays_for() {
	let scratch = Scratch::new().await;
	let each = DEPOSIT / 10;
	let mut calls = tokio::task::JoinSet::new();
	for lane in 0..64 {
		let store = scratch.store.clone();
		calls.spawn(async move { store.take(voucher(lane, 1, 0), each).await });
	}
	let outcomes = calls.join_all().await;
	assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
	let underfunded = |outcome: &&Result<_, _>| {
		**outcome == Err(LaneRefusal::Underfunded { left: 0, needed: each })
	};
	assert_eq!(outcomes.iter().filter(underfunded).count(), 54);
}

#[tokio::test]
async fn a_call_without_a_charge_uses_its_sequence() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.take(voucher(0, 1, 0), 500).await.expect("it is taken");
	assert!(store.release(id(0, 1), Uncharged::BackendFailed).await.expect("the store works"));
	assert!(!store.release(id(0, 1), Uncharged::CallerGone).await.expect("once is enough"));
	let status = store.status(0, 1).await;
	assert_eq!(status, Some(CallStatus::NotCharged(Uncharged::BackendFailed)));
	assert_eq!(store.take(voucher(0, 1, 0), 500).await, Err(LaneRefusal::AlreadyUsed));
	store.take(voucher(0, 2, 0), 500).await.expect("the next one follows");
}

#[tokio::test]
async fn a_withdrawn_call_leaves_no_trace() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	let before = (store.lane_state(0).await, store.session(SESSION).await.expect("it works"));
	store.take(voucher(0, 2, 300), 500).await.expect("it is taken");
	store.withdraw(id(0, 2)).await.expect("it was accepted");
	let after = (store.lane_state(0).await, store.session(SESSION).await.expect("it works"));
	assert_eq!(after, before);
	assert_eq!(store.status(0, 2).await, None);
	assert_eq!(store.voucher(id(0, 2)).await.expect("the store works"), None);
	assert!(matches!(store.withdraw(id(0, 1)).await, Err(StoreError::Invariant(_))));
	store.take(voucher(0, 2, 300), 500).await.expect("the same voucher is good again");
}

#[tokio::test]
async fn only_an_accepted_call_is_served_and_never_above_its_reserve() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let refused = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Invariant(_)));
	assert!(refused(store.serve(id(0, 1), served(1, 1)).await), "never accepted");
	store.take(voucher(0, 1, 0), 500).await.expect("it is taken");
	assert!(refused(store.serve(id(0, 1), served(1, 501)).await), "too expensive");
	assert!(refused(store.serve(id(0, 1), served(2, 5)).await), "another call's record");
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Accepted));
	store.serve(id(0, 1), served(1, 500)).await.expect("it fits");
	assert!(refused(store.serve(id(0, 1), served(1, 500)).await), "served already");
}

#[tokio::test]
async fn what_the_chain_has_settled_is_where_a_new_store_goes_on() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let lanes = vec![settled_lane(0, 7, 400), settled_lane(1, 2, 100)];
	let on_chain = SessionInfo { settled: 500, lanes, ..session(SESSION) };
	let accept = |voucher, reserve| {
		let session = on_chain.clone();
		store.accept(Acceptance { session, ..acceptance(voucher, reserve) })
	};
	let first = accept(voucher(0, 1, 0), 10).await.expect("the store works");
	assert_eq!(first, Err(LaneRefusal::OutOfOrder { expected: 8 }));
	assert_eq!(store.session(SESSION).await.expect("the store works"), None, "nothing changed");
	let known = store.lane(&on_chain, 1).await.expect("the store works").expect("the chain's");
	assert_eq!((known.sequence, known.charged), (2, 100));

	let left = DEPOSIT - 500;
	let wrong = accept(voucher(0, 8, 400), left + 1).await.expect("the store works");
	assert_eq!(wrong, Err(LaneRefusal::Underfunded { left, needed: left + 1 }));
	accept(voucher(0, 8, 400), 10).await.expect("the store works").expect("it is taken");
	let session = store.session(SESSION).await.expect("the store works").expect("it is there");
	assert_eq!((session.charged, session.in_flight), (500, 10));
	accept(voucher(1, 3, 100), 10).await.expect("the store works").expect("the other lane too");
}

#[tokio::test]
async fn a_store_that_was_restored_from_a_backup_catches_up() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	let ahead =
		SessionInfo { settled: 900, lanes: vec![settled_lane(0, 4, 900)], ..session(SESSION) };
	let accept =
		|voucher| store.accept(Acceptance { session: ahead.clone(), ..acceptance(voucher, 10) });
	let stale = accept(voucher(0, 2, 300)).await.expect("the store works");
	assert_eq!(stale, Err(LaneRefusal::OutOfOrder { expected: 5 }));
	accept(voucher(0, 5, 900)).await.expect("the store works").expect("it is taken");
	let session = store.session(SESSION).await.expect("the store works").expect("it is there");
	assert_eq!(session.charged, 900);
}

#[tokio::test]
async fn losses_are_counted_apart() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 1, 0, 300).await;
	store.whole_call(0, 2, 300, 200).await;
	let rejected = Outcome::Lost(Loss::Rejected(RejectReason::DepositExhausted));
	let outcomes = vec![(id(0, 1), Outcome::Settled { block: None }), (id(0, 2), rejected)];
	assert_eq!(store.note(outcomes).await.expect("it fits"), 2);
	let totals = store.totals().await.expect("the store works");
	assert_eq!((totals.settled, totals.lost, totals.unsettled()), (300, 200, 0));
	assert_eq!(totals.unsettled_calls(), 0);
}

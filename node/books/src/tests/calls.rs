//! A call's life, and what does not fit it.

use openledger_primitives::{
	answer::Evidence,
	info::SessionInfo,
	lane::{RejectReason, VersionedStatement},
	lane_list::LaneList,
};
use openledger_testkit::{session, DEPOSIT, PRICE};

use super::*;

#[tokio::test]
async fn a_call_from_voucher_to_settlement() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let first = store.next(0).await;
	let taken = store.take(first, 500).await.expect("it is taken");
	assert_eq!((taken.sequence, taken.charged(), taken.in_flight), (1, 0, Some(500)));
	assert_eq!(taken.agreement, Some(first.agreement));
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Accepted));
	assert_eq!(store.open_lanes().await.expect("the store works"), []);

	store.charge(&first, 300).await;
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.sequence, lane.charged(), lane.in_flight), (1, 300, None));
	let call = store.call(id(0, 1)).await.expect("the store works").expect("it is there");
	let expected = served(&first, 300).statement;
	assert_eq!((call.served.map(|served| served.statement), call.index), (Some(expected), Some(0)));
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
	let first = store.whole_call(0, 300).await;
	let before = store.lane_state(0).await;
	let totals = store.totals().await.expect("the store works");

	let next = store.next(0).await;
	let root = next.acknowledged_root;
	let mismatch = LaneRefusal::AcknowledgedMismatch { expected: 300, root };
	let cases = [
		(first, LaneRefusal::AlreadyUsed),
		(Voucher { valid_until: 1, ..first }, LaneRefusal::OutOfOrder { expected: 2 }),
		(Voucher { sequence: 0, ..next }, LaneRefusal::OutOfOrder { expected: 2 }),
		(Voucher { sequence: 3, ..next }, LaneRefusal::OutOfOrder { expected: 2 }),
		(Voucher { acknowledged: 299, ..next }, mismatch),
		(Voucher { acknowledged: 301, ..next }, mismatch),
	];
	for (voucher, refusal) in cases {
		assert_eq!(store.take(voucher, 500).await, Err(refusal));
	}
	let good = acceptance(next, 500);
	let left = DEPOSIT - 300;
	let too_much = store.take(next, left + 1).await;
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

	store.take(next, left).await.expect("exactly what is left is enough");
	assert_eq!(store.take(next, 1).await, Err(LaneRefusal::AlreadyUsed));
	let third = Voucher { sequence: 3, ..next };
	assert_eq!(store.take(third, 1).await, Err(LaneRefusal::Busy { sequence: 2 }));
}

#[tokio::test]
async fn a_voucher_of_another_list_is_refused_before_anything_changes() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let first = store.whole_call(0, 300).await;
	let next = store.next(0).await;
	let of_session = async || store.session(SESSION).await.expect("the store works");
	let before = (store.lane_state(0).await, of_session().await);

	// Of another answer at the same price, of another sequence, of none, of an empty list.
	let list_of = |sequence, statement: VersionedStatement| {
		let mut list = LaneList::default();
		let totals = statement.newest().totals();
		list.append(sequence, statement.hash(), &totals).expect("it is the first");
		list.root()
	};
	let VersionedStatement::V2(said) = served(&first, 300).statement;
	let mut other = said.clone();
	other.response_hash = Hash::repeat_byte(1);
	assert_eq!(list_of(1, said.clone().into()), next.acknowledged_root, "the right one");
	for root in [
		list_of(1, other.into()),
		list_of(2, said.into()),
		Hash::zero(),
		LaneList::default().root(),
	] {
		let refused = store.take(Voucher { acknowledged_root: root, ..next }, 500).await;
		let (expected, root) = (300, next.acknowledged_root);
		assert_eq!(refused, Err(LaneRefusal::AcknowledgedMismatch { expected, root }));
		assert_eq!((store.lane_state(0).await, of_session().await), before);
		assert_eq!(store.call(id(0, 2)).await.expect("the store works"), None);
	}
	let first = Voucher { acknowledged_root: Hash::zero(), ..voucher(1) };
	let (expected, root) = (0, LaneList::default().root());
	let refused = store.take(first, 500).await;
	assert_eq!(refused, Err(LaneRefusal::AcknowledgedMismatch { expected, root }));
	assert_eq!(store.lane_state(1).await, None);
	store.take(next, 500).await.expect("the right one is taken");
}

#[tokio::test]
async fn a_lane_is_for_one_agreement() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 300).await;
	let before = store.lane_state(0).await;
	let good = store.next(0).await;
	let refused = Err(LaneRefusal::OtherTerms(good.agreement));
	let changes: [fn(&mut Voucher); 7] = [
		|voucher| voucher.agreement.model += 1,
		|voucher| voucher.agreement.version += 1,
		|voucher| voucher.agreement.version -= 1,
		|voucher| voucher.agreement.price_version += 1,
		|voucher| voucher.agreement.as_of -= 1,
		|voucher| voucher.agreement.evidence = Evidence::Sealed,
		|voucher| voucher.agreement.own_price = Some(PRICE),
	];
	for change in changes {
		let mut other = good;
		change(&mut other);
		assert_eq!(store.take(other, 500).await, refused);
		assert_eq!(store.lane_state(0).await, before, "nothing has changed");
		// Another lane has its own.
		store.take(Voucher { agreement: other.agreement, ..voucher(1) }, 5).await.expect("new");
		store.withdraw(id(1, 1)).await.expect("it is accepted");
	}

	// A voucher that was taken back does not count, whether it was on disk or not.
	let mut other = voucher(1);
	other.agreement.version = 7;
	store.take(voucher(1), 500).await.expect("nothing of the lane is left");
	store.secure(id(1, 1)).await.expect("the store works");
	store.withdraw(id(1, 1)).await.expect("it is accepted");
	// One whose call was free of charge does.
	store.take(other, 500).await.expect("nothing of the lane is left");
	store.release(id(1, 1), Uncharged::CallerGone).await.expect("it is accepted");
	let refused = Err(LaneRefusal::OtherTerms(other.agreement));
	assert_eq!(store.take(store.next(1).await, 500).await, refused);
	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.take(scratch.store.next(1).await, 500).await, refused);
	let lane = scratch.store.lane_state(1).await.expect("it is there");
	assert_eq!(lane.agreement, Some(other.agreement));
}

#[tokio::test]
async fn a_session_that_is_somebody_elses_now() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 300).await;
	let somebody = testkit::key("//Charlie").account();
	let before = store.session(SESSION).await.expect("the store works");
	for lane in [0, 1] {
		let given = SessionInfo { caller: somebody.clone(), ..session(SESSION) };
		let given = Acceptance { session: given, ..acceptance(voucher(lane), 10) };
		let refused = store.accept(given).await.expect("the store works");
		assert_eq!(refused, Err(LaneRefusal::OtherCaller { session: SESSION }));
	}
	assert_eq!(store.session(SESSION).await.expect("the store works"), before);
	assert_eq!(store.lane_state(1).await, None);
	store.take(voucher(1), 10).await.expect("whose it was goes on");
}

#[tokio::test]
async fn an_answer_is_kept_for_its_voucher() {
	let scratch = Scratch::new().await;
	let kept = async |scratch: &Scratch, voucher: Voucher| {
		let kept = scratch.store.kept(voucher).await.expect("the store works");
		kept.map(|kept| (kept.body, kept.call.charge()))
	};
	let serve = async |scratch: &Scratch, answer: Vec<u8>| {
		let voucher = scratch.store.begin(0, 500).await;
		let serving =
			scratch.store.serve_and_keep(CallId::of(&voucher), served(&voucher, 10), answer);
		serving.await.expect("it fits");
		voucher
	};
	let first = serve(&scratch, b"one".to_vec()).await;
	let scratch = scratch.reopen().await;
	assert_eq!(kept(&scratch, first).await, Some((b"one".to_vec(), 10)));
	assert_eq!(kept(&scratch, Voucher { authorised: 7, ..first }).await, None, "another voucher");
	assert_eq!(kept(&scratch, Voucher { lane: 1, ..first }).await, None);

	// Until the lane's next call is served, whatever its answer is.
	let second = scratch.store.begin(0, 500).await;
	assert!(kept(&scratch, first).await.is_some());
	scratch.store.charge(&second, 10).await;
	assert_eq!((kept(&scratch, first).await, kept(&scratch, second).await), (None, None));
	let third = serve(&scratch, vec![b'x'; MAX_KEPT]).await;
	assert_eq!(kept(&scratch, third).await.map(|(body, _)| body.len()), Some(MAX_KEPT));
	let fourth = serve(&scratch, vec![b'x'; MAX_KEPT + 1]).await;
	assert_eq!((kept(&scratch, third).await, kept(&scratch, fourth).await), (None, None));

	// And not for long.
	let fifth = serve(&scratch, b"five".to_vec()).await;
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
		store.take(voucher(lane), third).await.expect("it fits");
	}
	let refusal = store.take(voucher(3), third).await;
	assert_eq!(refusal, Err(LaneRefusal::Underfunded { left: DEPOSIT - 3 * third, needed: third }));
	store.release(id(0, 1), Uncharged::CallerGone).await.expect("the store works");
	store.take(voucher(3), third).await.expect("what was set aside is free again");
}

#[tokio::test]
async fn races_for_one_deposit_have_as_many_winners_as_it_pays_for() {
	let scratch = Scratch::new().await;
	let each = DEPOSIT / 10;
	let mut calls = tokio::task::JoinSet::new();
	for lane in 0..64 {
		let store = scratch.store.clone();
		calls.spawn(async move { store.take(voucher(lane), each).await });
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
	let first = store.begin(0, 500).await;
	assert!(store.release(id(0, 1), Uncharged::BackendFailed).await.expect("the store works"));
	assert!(!store.release(id(0, 1), Uncharged::CallerGone).await.expect("once is enough"));
	let status = store.status(0, 1).await;
	assert_eq!(status, Some(CallStatus::NotCharged(Uncharged::BackendFailed)));
	assert_eq!(store.take(first, 500).await, Err(LaneRefusal::AlreadyUsed));
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.sequence, lane.list), (1, LaneList::default()), "it is not in the list");
	store.take(Voucher { sequence: 2, ..first }, 500).await.expect("the next one follows");
}

#[tokio::test]
async fn a_withdrawn_call_leaves_no_trace() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 300).await;
	let before = (store.lane_state(0).await, store.session(SESSION).await.expect("it works"));
	let next = store.begin(0, 500).await;
	store.withdraw(id(0, 2)).await.expect("it was accepted");
	let after = (store.lane_state(0).await, store.session(SESSION).await.expect("it works"));
	assert_eq!(after, before);
	assert_eq!(store.status(0, 2).await, None);
	assert_eq!(store.voucher(id(0, 2)).await.expect("the store works"), None);
	assert!(matches!(store.withdraw(id(0, 1)).await, Err(StoreError::Invariant(_))));
	store.take(next, 500).await.expect("the same voucher is good again");
}

#[tokio::test]
async fn only_an_accepted_call_is_served_and_never_above_its_reserve() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let refused = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Invariant(_)));
	let first = voucher(0);
	assert!(refused(store.serve(id(0, 1), served(&first, 1)).await), "never accepted");
	store.take(first, 500).await.expect("it is taken");
	assert!(refused(store.serve(id(0, 1), served(&first, 501)).await), "too expensive");
	let mut other = Voucher { sequence: 2, ..first };
	assert!(refused(store.serve(id(0, 1), served(&other, 5)).await), "another call's statement");
	other = Voucher { lane: 1, ..first };
	assert!(refused(store.serve(id(0, 1), served(&other, 5)).await), "another lane's");
	other = first;
	other.agreement.as_of -= 1;
	assert!(refused(store.serve(id(0, 1), served(&other, 5)).await), "under another agreement");
	assert_eq!(store.status(0, 1).await, Some(CallStatus::Accepted));
	store.secure(id(0, 1)).await.expect("the store works");
	assert!(refused(store.serve(id(0, 1), served(&other, 5)).await), "on disk it is the same");
	let lane = store.lane_state(0).await.expect("it is there");
	assert_eq!(lane.list, LaneList::default(), "nothing of that is in the list");
	store.serve(id(0, 1), served(&first, 500)).await.expect("it fits");
	assert!(refused(store.serve(id(0, 1), served(&first, 500)).await), "served already");
	assert_eq!(store.lane_state(0).await.map(|lane| lane.list.count()), Some(1));
}

#[tokio::test]
async fn losses_are_counted_apart() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.whole_call(0, 300).await;
	store.whole_call(0, 200).await;
	let rejected = Outcome::Lost(Loss::Rejected(RejectReason::DepositExhausted));
	let outcomes = vec![(id(0, 1), Outcome::Settled { block: None }), (id(0, 2), rejected)];
	assert_eq!(store.note(outcomes).await.expect("it fits"), 2);
	let totals = store.totals().await.expect("the store works");
	assert_eq!((totals.settled, totals.lost, totals.unsettled()), (300, 200, 0));
	assert_eq!(totals.unsettled_calls(), 0);
}

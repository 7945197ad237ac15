//! What the chain has settled, sessions that are closed, and answers of calls on chain.

use openledger_primitives::lane_list::LaneList;

use super::*;

#[tokio::test]
async fn what_was_settled_is_shown_of_each_of_its_calls() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	// Nothing is charged for the third.
	store.serve_many(0, 2).await;
	let third = store.begin(0, 500).await;
	store.release(CallId::of(&third), Uncharged::TimedOut).await.expect("the store works");
	store.serve_many(0, 5).await;

	let run = store.settled_run(0, Settled::default(), 5, (0, 3)).await;
	let items = vec![run.clone(), store.settled_call(0, 6).await, store.settled_call(0, 7).await];
	let root = header(0, &items).root;
	store.note_settlement(0, items.clone(), 15, 1..=7).await;

	let SettledItem::Run(of_run) = &run else { panic!("{run:?}") };
	for scratch in [scratch.left_behind().await, scratch.reopen().await] {
		let store = &scratch.store;
		for (sequence, index) in [(1, 0), (2, 1), (4, 2), (5, 3)] {
			let proven = store.proven(0, sequence).await.expect("it is settled");
			assert_eq!((&proven.item, proven.index, proven.block), (&run, 0, 15));
			assert_eq!((proven.header.root, proven.header.sequence), (root, 7));
			let listed = proven.listed.expect("its list is known");
			assert_eq!((listed.count, listed.leaf.index()), (5, Some(index)));
			assert_eq!(listed.leaf.sequence, sequence);
			assert!(listed.verify(&of_run.acknowledged_root));
			assert!(!listed.verify(&root));
		}
		for (sequence, index) in [(6, 1), (7, 2)] {
			let proven = store.proven(0, sequence).await.expect("it is settled");
			assert_eq!((&proven.item, proven.index), (&items[index], index as u32));
			assert_eq!((proven.header.root, proven.listed), (root, None));
		}
		assert_eq!(store.proven(0, 3).await, None, "nothing was charged for it");
		assert_eq!(store.proven(0, 8).await, None, "it is not settled");
		assert_eq!(store.proof(id(0, 9)).await.expect("the store works"), None);
	}
}

#[tokio::test]
async fn the_list_of_a_run_is_found_behind_its_settlement() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 9).await;
	// Two runs, under the voucher of the seventh call, which is settled later.
	let mut settled = Settled::default();
	let mut items = Vec::new();
	for span in [(0, 2), (3, 4)] {
		let run = store.settled_run(0, settled, 6, span).await;
		settled.sequence = run.last_sequence();
		settled.charge += run.charge();
		items.push(run);
	}
	let of_seventh = SettledLane { voucher_sequence: 7, ..header(0, &items) };
	store.note_settled_lane(of_seventh, items.clone(), 15).await.expect("the store works");
	store.note_all(0, 1..=5, Outcome::Settled { block: Some(15) }).await;
	let last = vec![store.settled_call(0, 6).await];
	store.note_settlement(0, last, 16, 6..=6).await;

	for (sequence, place) in [(1, 0), (3, 0), (4, 1), (5, 1)] {
		let proven = store.proven(0, sequence).await.expect("it is settled");
		assert_eq!((&proven.item, proven.block), (&items[place], 15));
		assert_eq!(proven.listed.map(|listed| listed.count), Some(6));
	}
	assert_eq!(store.proven(0, 6).await.map(|proven| proven.block), Some(16));
}

#[tokio::test]
async fn only_what_leads_to_its_root_is_shown() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	store.serve_many(0, 3).await;
	let items = vec![store.settled_call(0, 1).await, store.settled_call(0, 2).await];
	let whole = header(0, &items);
	let note = async |header: &SettledLane, items: &[SettledItem]| {
		let noted = store.note_settled_lane(header.clone(), items.to_vec(), 15).await;
		noted.expect("the store works");
		store.proven(0, 1).await.is_some()
	};
	assert!(!note(&whole, &items[..1]).await);
	assert!(!note(&SettledLane { root: Hash::zero(), ..whole.clone() }, &items).await);
	assert!(note(&whole, &items).await);
	assert!(note(&whole, &items).await, "once more is harmless");

	let elsewhere = SettledLane { lane: 1, ..whole };
	note(&elsewhere, &items).await;
	let key = lane_key(1).call(2);
	let kept = store.disk.read(move |snapshot| snapshot.settlement_from(key)).await;
	assert_eq!(kept.expect("the store works"), None, "that lane was never used");
}

#[tokio::test]
async fn a_caller_goes_on_from_the_last_voucher() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	let session = testkit::session(SESSION);
	let last = async || {
		let lane = store.lane_last(&session, 0).await.expect("the store works")?;
		assert_eq!(Some(&lane.state), store.lane_state(0).await.as_ref());
		let last = lane.last.expect("it is kept");
		let voucher = last.voucher.voucher.newest();
		let mut list = last.snapshot.restore(&voucher.acknowledged_root).expect("it is right");
		assert_eq!(list.totals().charge, voucher.acknowledged);
		if let Some(served) = &last.call.served {
			let totals = served.statement.newest().totals();
			let added = list.append(voucher.sequence, served.statement.hash(), &totals);
			added.expect("it follows");
		}
		assert_eq!(list, lane.state.list);
		Some((voucher.sequence, last.call.status))
	};
	assert_eq!(last().await, None, "nobody has used it");

	let mut expected = LaneList::default();
	for sequence in 1..=9 {
		let voucher = store.begin(0, 500).await;
		assert_eq!(last().await, Some((sequence, CallStatus::Accepted)));
		if sequence % 2 == 0 {
			store.secure(CallId::of(&voucher)).await.expect("the store works");
			assert_eq!(last().await, Some((sequence, CallStatus::Accepted)));
		}
		if sequence % 4 == 3 {
			let why = Uncharged::CallerGone;
			store.release(CallId::of(&voucher), why).await.expect("the store works");
			assert_eq!(last().await, Some((sequence, CallStatus::NotCharged(why))));
		} else {
			store.charge(&voucher, 10).await;
			testkit::append(&mut expected, served(&voucher, 10).statement.newest());
			assert_eq!(last().await, Some((sequence, CallStatus::Served)));
		}
		// What is removed before it makes no difference.
		store.note_all(0, 1..=sequence, Outcome::Settled { block: Some(1) }).await;
		store.prune(EVERYTHING, lane_key(0), 100).await.expect("the store works");
		assert_eq!(last().await.map(|(sequence, _)| sequence), Some(sequence));
	}
	assert_eq!(store.lane_state(0).await.map(|lane| lane.list), Some(expected));
}

#[tokio::test]
async fn a_session_that_is_closed_takes_no_more_vouchers() {
	let scratch = Scratch::new().await;
	let close = |store: &Store| {
		let store = store.clone();
		async move { store.close_session(SESSION, 5).await.expect("the store works") }
	};
	let first = scratch.store.begin(0, 500).await;
	assert_eq!(close(&scratch.store).await, 1, "one is being served");
	let refused = scratch.store.take(voucher(1), 500).await;
	assert_eq!(refused, Err(LaneRefusal::Closing));
	scratch.store.charge(&first, 10).await;
	let scratch = scratch.reopen().await;
	assert_eq!(close(&scratch.store).await, 0);
	let refused = scratch.store.take(scratch.store.next(0).await, 500).await;
	assert_eq!(refused, Err(LaneRefusal::Closing));
}

#[tokio::test]
async fn answers_of_calls_on_chain_are_kept() {
	let scratch = Scratch::new().await;
	let answer = StoredAnswer {
		model: 3,
		output: b"four".to_vec(),
		input_tokens: 3,
		output_tokens: 1,
		submission: None,
	};
	scratch.store.keep_answer(7, answer.clone()).await.expect("the store works");
	let sent = StoredAnswer { submission: Some(Submission { at: 10, until: 20 }), ..answer };
	scratch.store.keep_answer(7, sent.clone()).await.expect("the store works");
	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.answers().await.expect("the store works"), [(7, sent)]);
	scratch.store.forget_answer(7).await.expect("the store works");
	assert_eq!(scratch.store.answers().await.expect("the store works"), []);
}

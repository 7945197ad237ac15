//! A file survives, and belongs to somebody.

use codec::Encode;
use openledger_primitives::{
	lane_list::{Acknowledged, LaneList},
	Hash,
};
use redb::{Database, ReadableDatabase, TableDefinition};

use super::*;

#[tokio::test]
async fn everything_is_there_after_reopening() {
	let scratch = Scratch::new().await;
	scratch.store.whole_call(0, 300).await;
	scratch.store.whole_call(0, 200).await;
	let state = scratch.store.lane_state(0).await;
	let leaves = scratch.store.leaves(lane_key(0), 0..9).await.expect("the store works");
	assert_eq!(leaves.len(), 2);
	let before = scratch.store.calls(lane_key(0)).await.expect("the store works");
	let voucher = scratch.store.voucher(id(0, 2)).await.expect("the store works");
	assert!(voucher.is_some());

	let scratch = scratch.reopen().await;
	assert!(scratch.store.recovered().is_empty());
	assert_eq!(scratch.store.calls(lane_key(0)).await.expect("the store works"), before);
	assert_eq!(scratch.store.voucher(id(0, 2)).await.expect("the store works"), voucher);
	assert_eq!(scratch.store.lane_state(0).await, state);
	assert_eq!(scratch.store.leaves(lane_key(0), 0..9).await.expect("the store works"), leaves);
	let lane = state.expect("it is there");
	assert_eq!((lane.sequence, lane.charged(), lane.in_flight), (2, 500, None));
	assert_eq!(scratch.store.totals().await.expect("the store works").served, 500);
	scratch.store.whole_call(0, 100).await;
}

#[tokio::test]
async fn calls_that_were_cut_off_are_closed_as_not_charged() {
	let scratch = Scratch::new().await;
	scratch.store.whole_call(0, 300).await;
	scratch.store.begin(0, 500).await;
	scratch.store.begin(1, 500).await;

	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.recovered(), [id(0, 2), id(1, 1)]);
	let status = scratch.store.status(0, 2).await;
	assert_eq!(status, Some(CallStatus::NotCharged(Uncharged::NodeStopped)));
	let lane = scratch.store.lane_state(0).await.expect("it is there");
	assert_eq!((lane.sequence, lane.charged(), lane.in_flight), (2, 300, None));
	let session = scratch.store.session(SESSION).await.expect("the store works");
	let payer = Some(testkit::caller().account());
	assert_eq!(session, Some(SessionState { charged: 300, in_flight: 0, payer }));
	assert_eq!(scratch.store.begin(0, 500).await.sequence, 3, "the lane goes on");

	let scratch = scratch.reopen().await;
	assert_eq!(scratch.store.recovered(), [id(0, 3)]);
}

#[tokio::test]
async fn a_beginning_is_on_disk_with_its_end_or_before_an_answer_goes_out() {
	let scratch = Scratch::new().await;
	scratch.store.take(super::voucher(0), 500).await.expect("it is taken");
	let again = scratch.store.take(super::voucher(0), 500).await;
	assert_eq!(again, Err(LaneRefusal::AlreadyUsed), "it counts at once");
	assert_eq!(scratch.store.status(0, 1).await, Some(CallStatus::Accepted), "and is seen");
	let taken = scratch.store.session(SESSION).await.expect("the store works").expect("there");
	assert_eq!((taken.charged, taken.in_flight), (0, 500));

	let dead = scratch.left_behind().await;
	assert!(dead.store.recovered().is_empty(), "it did not reach the disk");
	dead.store.take(super::voucher(0), 500).await.expect("so it can come again");

	// What is done for other calls is not done for this one.
	scratch.store.take(super::voucher(1), 500).await.expect("it is taken");
	scratch.store.whole_call(2, 300).await;
	scratch.store.secure(id(0, 1)).await.expect("the store works");
	scratch.store.secure(id(0, 1)).await.expect("once more is harmless");
	let taken = scratch.store.session(SESSION).await.expect("the store works").expect("there");
	assert_eq!((taken.charged, taken.in_flight), (300, 1_000), "each is counted once");
	let dead = scratch.left_behind().await;
	assert_eq!(dead.store.recovered(), [id(0, 1)]);
	let refused = dead.store.take(super::voucher(0), 500).await;
	assert_eq!(refused, Err(LaneRefusal::AlreadyUsed));
	assert_eq!(dead.store.status(2, 1).await, Some(CallStatus::Served));

	scratch.store.sync().await.expect("the store works");
	let dead = scratch.left_behind().await;
	assert_eq!(dead.store.recovered(), [id(0, 1), id(1, 1)]);
	for lane in [0, 1] {
		scratch.store.charge(&super::voucher(lane), 100).await;
	}
	let taken = scratch.store.session(SESSION).await.expect("the store works").expect("there");
	assert_eq!((taken.charged, taken.in_flight), (500, 0));
}

/// The list of a lane is that of its charged calls, and all that was stored of it.
async fn is_whole(store: &Store, lane: LaneId) -> LaneList {
	let mut list = LaneList::default();
	let mut leaves = Vec::new();
	let calls = store.calls(lane_key(lane)).await.expect("the store works");
	for (id, call) in calls {
		let Some(served) = call.served else { continue };
		let totals = served.statement.newest().totals();
		leaves
			.push(list.append(id.sequence, served.statement.hash(), &totals).expect("it follows"));
	}
	let state = store.lane_state(lane).await.unwrap_or_default();
	assert_eq!(state.list, list);
	assert_eq!(store.leaves(lane_key(lane), 0..u32::MAX).await.expect("the store works"), leaves);
	if let Some(newest) = list.count().checked_sub(1) {
		let proof = store.lane_proof(lane_key(lane), list.count(), 0, newest).await;
		let proof = proof.expect("the store works").expect("its nodes are there");
		let (sequence, charge, root) = (Sequence::MAX, list.totals().charge, list.root());
		let acknowledged = Acknowledged { sequence, charge, root };
		assert_eq!(proof.verify(&Settled::default(), &acknowledged), Ok(list.totals()));
	}
	list
}

#[tokio::test]
async fn a_crash_leaves_list_and_calls_together() {
	let scratch = Scratch::new().await;
	scratch.store.serve_many(0, 3).await;
	let before = is_whole(&scratch.store, 0).await;

	let fourth = scratch.store.begin(0, 500).await;
	let dead = scratch.left_behind().await;
	assert_eq!(
		(is_whole(&dead.store, 0).await, dead.store.status(0, 4).await),
		(before.clone(), None)
	);
	dead.store.take(fourth, 500).await.expect("it has never come");

	scratch.store.secure(CallId::of(&fourth)).await.expect("the store works");
	let dead = scratch.left_behind().await;
	assert_eq!(dead.store.recovered(), [CallId::of(&fourth)]);
	assert_eq!(is_whole(&dead.store, 0).await, before, "it was not charged");
	assert_eq!(dead.store.next(0).await.sequence, 5);
	dead.store.whole_call(0, 10).await;
	is_whole(&dead.store, 0).await;

	scratch.store.charge(&fourth, 10).await;
	let dead = scratch.left_behind().await;
	let after = is_whole(&dead.store, 0).await;
	assert_eq!((after.count(), dead.store.next(0).await.acknowledged_root), (4, after.root()));
	dead.store.whole_call(0, 10).await;
	assert_eq!(is_whole(&dead.store, 0).await.count(), 5);
}

#[tokio::test]
async fn calls_that_are_nowhere_else_count_when_a_session_ends() {
	let scratch = Scratch::new().await;
	let store = &scratch.store;
	for lane in 0..3 {
		store.take(super::voucher(lane), 500).await.expect("it is taken");
	}
	store.secure(id(0, 1)).await.expect("the store works");
	store.withdraw(id(1, 1)).await.expect("it is accepted");
	assert_eq!(store.status(1, 1).await, None);
	assert_eq!(store.close_session(SESSION, 7).await.expect("the store works"), 2);
	let refused = store.take(super::voucher(1), 500).await;
	assert_eq!(refused, Err(LaneRefusal::Closing));
	store.charge(&super::voucher(2), 100).await;
	assert!(store.release(id(0, 1), Uncharged::TimedOut).await.expect("the store works"));
	assert_eq!(store.close_session(SESSION, 8).await.expect("the store works"), 0);
}

#[tokio::test]
async fn somebody_elses_file_is_refused() {
	let scratch = Scratch::new().await;
	let path = scratch.path();
	let Scratch { directory: _directory, store } = scratch;
	store.close().await;

	let other = Identity { genesis: Hash::zero(), ..identity() };
	let refused = Store::open(&path, other).await;
	assert!(matches!(refused, Err(StoreError::OtherChain { .. })), "{refused:?}");
	let other = Identity { operator: testkit::key("//Charlie").account(), ..identity() };
	let refused = Store::open(&path, other).await;
	assert!(matches!(refused, Err(StoreError::OtherOperator { .. })), "{refused:?}");
	assert!(Store::open(&path, identity()).await.is_ok(), "a refused file is as it was");
}

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SCHEMA: TableDefinition<(), &[u8]> = TableDefinition::new("schema");

/// A file with one value, as another program would write it.
fn write<K: redb::Key + 'static>(
	path: &std::path::Path,
	table: TableDefinition<'_, K, &'static [u8]>,
	key: K::SelfType<'_>,
	value: u32,
) {
	let database = Database::create(path).expect("it opens");
	let transaction = database.begin_write().expect("it begins");
	let mut open = transaction.open_table(table).expect("it is there");
	open.insert(key, value.encode().as_slice()).expect("it is written");
	drop(open);
	transaction.commit().expect("it is committed");
}

#[tokio::test]
async fn a_file_of_another_version_is_refused() {
	let Scratch { directory, store } = Scratch::new().await;
	let path = directory.path().join("deep").join("calls.redb");
	store.close().await;
	for other in [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1] {
		write(&path, SCHEMA, (), other);
		let refused = Store::open(&path, identity()).await;
		let Err(StoreError::Schema { found, expected: SCHEMA_VERSION }) = refused else {
			panic!("{refused:?}")
		};
		assert_eq!(found, other);
	}
}

#[tokio::test]
async fn a_file_from_before_the_first_schema_is_refused_and_stays_as_it_was() {
	for schema in 1..=3_u32 {
		let directory = tempfile::tempdir().expect("a directory");
		let path = directory.path().join("calls.redb");
		write(&path, META, "schema", schema);
		for _ in 0..2 {
			let refused = Store::open(&path, identity()).await;
			let error = refused.expect_err("nothing in it can be settled");
			assert!(matches!(error, StoreError::NoSchema { .. }), "{error:?}");
			let said = error.to_string();
			assert!(said.contains("calls.redb") && said.contains("move the file away"), "{said}");
		}
		let database = Database::open(&path).expect("it opens");
		let reading = database.begin_read().expect("it begins");
		let tables = reading.list_tables().expect("it reads").count();
		assert_eq!(tables, 1, "no table was added");
		let meta = reading.open_table(META).expect("it is there");
		let found = meta.get("schema").expect("it reads").expect("it is there");
		assert_eq!(found.value(), schema.encode());
	}
}

#[tokio::test]
async fn a_file_that_is_in_use_is_refused() {
	let scratch = Scratch::new().await;
	let second = Store::open(&scratch.path(), identity()).await;
	assert!(matches!(second, Err(StoreError::Database(_))), "{second:?}");
}

#[tokio::test]
async fn a_closed_store_says_so() {
	let scratch = Scratch::new().await;
	let clone = scratch.store.clone();
	let Scratch { directory: _directory, store } = scratch;
	store.close().await;
	let refused = clone.serve(id(0, 1), served(&super::voucher(0), 1)).await;
	assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
}

#[tokio::test]
async fn many_writers_share_their_commits() {
	let scratch = Scratch::new().await;
	let mut calls = tokio::task::JoinSet::new();
	for lane in 0..100 {
		let store = scratch.store.clone();
		calls.spawn(async move { store.whole_call(lane, 5).await });
	}
	calls.join_all().await;
	let totals = scratch.store.totals().await.expect("the store works");
	assert_eq!((totals.served_calls, totals.served), (100, 500));
	assert_eq!(scratch.store.open_lanes().await.expect("the store works").len(), 100);
}

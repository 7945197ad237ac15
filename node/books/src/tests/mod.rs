//! The store's tests, by topic.

mod calls;
mod files;
mod fold;
mod history;
mod lost;
mod promised;
mod pruning;
mod settled;
mod unearned;

use std::path::PathBuf;

use openledger_primitives::{
	lane::{SettledCall, SettledItem, SettledLane, SettledRun, Voucher},
	lane_list::Settled,
	tree, Balance, Hash, LaneId, Sequence,
};
use openledger_testkit::{self as testkit, SESSION};

use super::{
	testing::{acceptance, following, identity, served},
	*,
};

/// Removes all that is at its end.
const EVERYTHING: Cutoff = Cutoff { answers: 0, at: UnixSeconds::MAX, block: u32::MAX };

/// A store in a directory of its own.
struct Scratch {
	directory: tempfile::TempDir,
	store: Store,
}

impl Scratch {
	async fn new() -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		let path = directory.path().join("deep").join("calls.redb");
		let store = Store::open(&path, identity()).await.expect("it opens");
		Self { directory, store }
	}

	fn path(&self) -> PathBuf {
		self.directory.path().join("deep").join("calls.redb")
	}

	/// As if the process had been stopped and started again.
	async fn reopen(self) -> Self {
		let path = self.path();
		let Self { directory, store } = self;
		store.close().await;
		let store = Store::open(&path, identity()).await.expect("it opens again");
		Self { directory, store }
	}

	/// The file that a process leaves behind that dies now.
	async fn left_behind(&self) -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		let path = directory.path().join("deep").join("calls.redb");
		std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
		std::fs::copy(self.path(), &path).expect("it can be copied");
		let store = Store::open(&path, identity()).await.expect("it opens");
		Self { directory, store }
	}
}

/// The first voucher of a lane.
fn voucher(lane: LaneId) -> Voucher {
	Voucher { lane, ..testkit::voucher(b"body", 1_000) }
}

fn id(lane: LaneId, sequence: Sequence) -> CallId {
	CallId { session: SESSION, lane, sequence }
}

fn lane_key(lane: LaneId) -> LaneKey {
	LaneKey { session: SESSION, lane }
}

/// What the chain says of a settlement that began where these books have it, and of its items.
fn header(lane: LaneId, items: &[SettledItem]) -> SettledLane {
	let leaves: Vec<Hash> = items.iter().map(SettledItem::leaf).collect();
	SettledLane {
		session: SESSION,
		lane,
		caller: testkit::caller().account(),
		node: testkit::operator().account(),
		node_payee: testkit::operator().account(),
		agreement: testkit::agreement(),
		developer_payee: testkit::model().payee,
		price: testkit::PRICE,
		policy: testkit::model().policy,
		protocol_share: Default::default(),
		lineage: Default::default(),
		sources: Default::default(),
		pools: Default::default(),
		sequence: items.last().expect("there are some").last_sequence(),
		voucher_sequence: items.last().expect("there are some").last_sequence(),
		acknowledged_root: Hash::zero(),
		items: u32::try_from(items.len()).expect("tests are short"),
		rejected: 0,
		charged: items.iter().map(SettledItem::charge).sum(),
		root: tree::root(&leaves).expect("tests are short"),
	}
}

impl Store {
	/// Takes the voucher, or says why not.
	async fn take(&self, voucher: Voucher, reserve: Balance) -> Result<LaneState, LaneRefusal> {
		self.accept(acceptance(voucher, reserve)).await.expect("the store works")
	}

	/// The voucher that comes next on a lane.
	async fn next(&self, lane: LaneId) -> Voucher {
		following(voucher(lane), &self.lane_state(lane).await.unwrap_or_default())
	}

	/// Takes the voucher that comes next on a lane.
	async fn begin(&self, lane: LaneId, reserve: Balance) -> Voucher {
		let voucher = self.next(lane).await;
		self.take(voucher, reserve).await.expect("it is taken");
		voucher
	}

	async fn charge(&self, voucher: &Voucher, charge: Balance) {
		let serving = self.serve(CallId::of(voucher), served(voucher, charge));
		serving.await.expect("it fits");
	}

	/// A call from voucher to charge.
	async fn whole_call(&self, lane: LaneId, charge: Balance) -> Voucher {
		let voucher = self.begin(lane, 500).await;
		self.charge(&voucher, charge).await;
		voucher
	}

	/// Calls on a lane that cost 10 each.
	async fn serve_many(&self, lane: LaneId, calls: u64) {
		for _ in 0..calls {
			self.whole_call(lane, 10).await;
		}
	}

	async fn note_all(&self, lane: LaneId, calls: std::ops::RangeInclusive<u64>, what: Outcome) {
		let outcomes = calls.map(|sequence| (id(lane, sequence), what)).collect();
		self.note(outcomes).await.expect("the store works");
	}

	async fn lane_state(&self, lane: LaneId) -> Option<LaneState> {
		self.lane(&testkit::session(SESSION), lane).await.expect("the store works")
	}

	async fn status(&self, lane: LaneId, sequence: Sequence) -> Option<CallStatus> {
		let call = self.call(id(lane, sequence)).await.expect("the store works");
		call.map(|call| call.status)
	}

	/// A call, as the chain says that it has settled it.
	async fn settled_call(&self, lane: LaneId, sequence: Sequence) -> SettledItem {
		let call = self.call(id(lane, sequence)).await.expect("the store works");
		let served = call.and_then(|call| call.served).expect("it was served");
		let (record, charge) = (served.record(), served.charge());
		let (parts, direct) = Default::default();
		SettledItem::Call(SettledCall { record, charge, parts, direct })
	}

	/// A run of leaves from one index to another, under the voucher of the call at the index `count`: as the
	/// chain, which has settled so much of the lane, says that it has settled it.
	async fn settled_run(
		&self,
		lane: LaneId,
		settled: Settled,
		count: u32,
		(next, to): (u32, u32),
	) -> SettledItem {
		let own = self.leaves(lane_key(lane), count..count + 1).await.expect("the store works");
		let own = own.first().expect("it was charged").sequence;
		let voucher = self.voucher(id(lane, own)).await.expect("the store works");
		let voucher = voucher.expect("it is kept").voucher.newest();
		let proof = self.lane_proof(lane_key(lane), count, next, to).await;
		let proof = proof.expect("the store works").expect("all that it takes is kept");
		let totals = proof.verify(&settled, &voucher.acknowledges()).expect("it is right");
		SettledItem::Run(SettledRun {
			first_sequence: proof.next.sequence,
			last_sequence: proof.last().sequence,
			count: proof.last().totals.calls,
			acknowledged_root: voucher.acknowledged_root,
			totals,
			parts: Default::default(),
		})
	}

	/// Notes a settlement in a block, and that it has settled these calls.
	async fn note_settlement(
		&self,
		lane: LaneId,
		items: Vec<SettledItem>,
		block: u32,
		calls: std::ops::RangeInclusive<u64>,
	) {
		let header = header(lane, &items);
		self.note_settled_lane(header, items, block).await.expect("the store works");
		self.note_all(lane, calls, Outcome::Settled { block: Some(block) }).await;
	}

	async fn proven(&self, lane: LaneId, sequence: Sequence) -> Option<ProvenItem> {
		let proven = self.proof(id(lane, sequence)).await.expect("the store works")?;
		let item = proven.settled?;
		let leaf = (item.index, item.item.leaf());
		let root = tree::root_from(item.header.items, &[leaf], &item.hashes);
		assert_eq!(root, Some(item.header.root), "the proof is right");
		Some(item)
	}
}

//! The store's tests, by topic.

mod calls;
mod files;
mod fold;
mod settled;

use std::path::PathBuf;

use openledger_primitives::{voucher::Voucher, Balance, LaneId, Sequence};
use openledger_testkit::{self as testkit, SESSION};

use super::{
	testing::{acceptance, identity, served},
	*,
};

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

	/// As if the process had died and started again.
	async fn reopen(self) -> Self {
		let path = self.path();
		let Self { directory, store } = self;
		store.close().await;
		let store = Store::open(&path, identity()).await.expect("it opens again");
		Self { directory, store }
	}
}

fn voucher(lane: LaneId, sequence: Sequence, acknowledged: Balance) -> Voucher {
	let authorised = acknowledged + 1_000;
	Voucher { lane, sequence, acknowledged, authorised, ..testkit::voucher(b"body", 0) }
}

fn id(lane: LaneId, sequence: Sequence) -> CallId {
	CallId { session: SESSION, lane, sequence }
}

fn lane_key(lane: LaneId) -> LaneKey {
	LaneKey { session: SESSION, lane }
}

impl Store {
	/// Takes the voucher, or says why not.
	async fn take(&self, voucher: Voucher, reserve: Balance) -> Result<LaneState, LaneRefusal> {
		self.accept(acceptance(voucher, reserve)).await.expect("the store works")
	}

	/// A call from voucher to charge.
	async fn whole_call(
		&self,
		lane: LaneId,
		sequence: Sequence,
		acknowledged: Balance,
		charge: Balance,
	) {
		self.take(voucher(lane, sequence, acknowledged), 500).await.expect("it is taken");
		self.serve(id(lane, sequence), served(sequence, charge)).await.expect("it fits");
	}

	async fn lane_state(&self, lane: LaneId) -> Option<LaneState> {
		self.lane(&testkit::session(SESSION), lane).await.expect("the store works")
	}

	async fn status(&self, lane: LaneId, sequence: Sequence) -> Option<CallStatus> {
		let call = self.call(id(lane, sequence)).await.expect("the store works");
		call.map(|call| call.status)
	}
}

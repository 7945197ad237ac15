//! Settling against a chain in memory, through everything that can go wrong on the way.

mod due;
mod fake;
mod random;
mod refused;
mod runs;
mod together;
mod unheard;

use std::{sync::Arc, time::Duration};

use openledger_primitives::{
	lane::{AttributionShare, LaneSettlement, Part, RejectReason, VersionedStatement, Voucher},
	tree, Balance, BlockNumber, LaneId, Sequence, SessionId,
};
use tokio_util::sync::CancellationToken;

use self::fake::{FakeChain, Fate};
use super::{room::Limits, *};
use crate::testing::TestChain;
use openledger_books::{
	testing::{acceptance, following, identity, served},
	CallId, CallStatus, LaneKey, Loss, Outcome, Store, Submission, Uncharged,
};
use openledger_testkit::{self as testkit, session, SESSION};

const CHARGE: Balance = 100;
const FINALIZED: BlockNumber = 50;

struct Bench {
	_directory: tempfile::TempDir,
	store: Store,
	chain: Arc<FakeChain>,
	sessions: Arc<TestChain>,
	settler: Settler,
	handle: SettlerHandle,
}

fn eager() -> SettlementPolicy {
	policy(1, Duration::ZERO, 0)
}

fn policy(max_calls: u32, max_age: Duration, min_value: Balance) -> SettlementPolicy {
	let mode = SettlementMode::Itemised;
	SettlementPolicy {
		max_calls,
		max_age,
		max_value: Balance::MAX,
		min_value,
		exposure: Balance::MAX,
		mode,
		aggregate_from: 2,
	}
}

/// Settlements of so many records, and of runs of so many calls.
fn limits(records: usize, summed: usize) -> Limits {
	let lanes = Limits::default().lanes.min(records);
	Limits { lanes, records, summed, ..Limits::default() }
}

/// Settlements of one lane each.
fn one_by_one() -> Limits {
	Limits { lanes: 1, ..Limits::default() }
}

impl Bench {
	async fn new(policy: SettlementPolicy) -> Self {
		Self::within(Limits::default(), policy).await
	}

	async fn within(limits: Limits, policy: SettlementPolicy) -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		let store = Store::open(&directory.path().join("calls.redb"), identity()).await;
		let store = store.expect("it opens");
		let (chain, sessions) = (FakeChain::new(), Arc::new(TestChain::default()));
		let (settler, handle) =
			Settler::within(limits, store.clone(), chain.clone(), sessions.clone(), policy);
		Self { _directory: directory, store, chain, sessions, settler, handle }
	}

	/// As if the process had died and come again.
	fn restart(&mut self) {
		let (limits, policy) = (self.settler.limits, self.settler.policy);
		let (store, chain) = (self.store.clone(), self.chain.clone());
		let (settler, handle) =
			Settler::within(limits, store, chain, self.sessions.clone(), policy);
		(self.settler, self.handle) = (settler, handle);
	}

	/// Serves the lane's next so many calls.
	async fn serve(&self, lane: LaneId, calls: u64) {
		self.serve_in(SESSION, lane, calls).await;
	}

	/// Serves the next so many calls of a lane of this session.
	async fn serve_in(&self, id: SessionId, lane: LaneId, calls: u64) {
		for _ in 0..calls {
			self.serve_one(id, lane, &[]).await;
		}
	}

	/// Serves the next call of a lane, which names contributions.
	async fn serve_one(&self, session: SessionId, lane: LaneId, named: &[u64]) -> CallId {
		let voucher = self.take(session, lane).await;
		let mut served = served(&voucher, CHARGE);
		let VersionedStatement::V2(statement) = &mut served.statement;
		let share = |contribution: &u64| AttributionShare {
			contribution: *contribution,
			basis_points: 100,
		};
		let shares: Vec<_> = named.iter().map(share).collect();
		statement.attribution = shares.try_into().expect("they are few");
		let id = CallId::of(&voucher);
		self.store.serve(id, served).await.expect("it fits");
		id
	}

	/// Takes the next voucher of a lane.
	async fn take(&self, id: SessionId, lane: LaneId) -> Voucher {
		let state = self.store.lane(&session(id), lane).await.expect("the store works");
		let voucher = Voucher { session: id, lane, ..testkit::voucher(b"body", CHARGE) };
		let voucher = following(voucher, &state.unwrap_or_default());
		let taken = self.store.accept(acceptance(voucher, CHARGE)).await;
		taken.expect("the store works").expect("it is taken");
		voucher
	}

	/// The lane's next call is not charged.
	async fn fail(&self, lane: LaneId) {
		let id = CallId::of(&self.take(SESSION, lane).await);
		self.store.release(id, Uncharged::CallerGone).await.expect("the store works");
	}

	/// Another session of the same caller's.
	fn open(&self, id: SessionId) {
		self.sessions.state().sessions.insert(id, session(id));
		self.chain.state().sessions.insert(id, session(id));
	}

	async fn statuses(&self, lane: LaneId) -> Vec<CallStatus> {
		self.statuses_in(SESSION, lane).await
	}

	async fn statuses_in(&self, session: SessionId, lane: LaneId) -> Vec<CallStatus> {
		let calls = self.store.calls(LaneKey { session, lane }).await;
		calls.expect("the store works").into_iter().map(|(_, call)| call.status).collect()
	}

	/// Notes of calls that they are in a settlement, as a process does that dies then.
	async fn note_submitted(&self, lane: LaneId, sequences: &[Sequence]) {
		let submission = Outcome::Submitted(Submission { at: FINALIZED, until: FINALIZED + 10 });
		let id = |sequence: &Sequence| CallId { session: SESSION, lane, sequence: *sequence };
		let outcomes = sequences.iter().map(|sequence| (id(sequence), submission)).collect();
		self.store.note(outcomes).await.expect("the store works");
	}

	/// Has calls settled one by one by somebody who does not tell these books.
	async fn settle_behind(&self, lane: LaneId, sequences: &[Sequence]) {
		let mut records = Vec::new();
		let mut last = None;
		for sequence in sequences {
			let id = CallId { session: SESSION, lane, sequence: *sequence };
			let call = self.store.call(id).await.expect("the store works").expect("it is there");
			records.push(call.served.expect("it was served").record());
			last = self.store.voucher(id).await.expect("the store works");
		}
		let stored = last.expect("there is a call");
		let part = Part::Records(records.try_into().expect("they are few"));
		let settlement = LaneSettlement {
			voucher: stored.voucher,
			signature: stored.signature,
			parts: vec![part].try_into().expect("it is one"),
		};
		self.chain.state().settle(&[settlement]).expect("it counts");
	}

	fn settled_on_chain(&self) -> Balance {
		let state = self.chain.state();
		let lanes = state.sessions.values().flat_map(|session| &session.lanes);
		lanes.map(|lane| lane.settled).sum()
	}

	/// Settled and lost calls, by their price.
	async fn ended(&self) -> (Balance, Balance) {
		let totals = self.store.totals().await.expect("the store works");
		(totals.settled, totals.lost)
	}
}

fn settled(block: BlockNumber) -> CallStatus {
	CallStatus::Settled { block: Some(block) }
}

#[tokio::test]
async fn a_lane_is_settled_with_its_newest_voucher() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 3).await;
	bench.serve(1, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2, 3], 3), (vec![1], 1)]);
	assert_eq!(bench.chain.sizes(), [2], "in one settlement");
	assert_eq!(bench.statuses(0).await, [settled(51); 3]);
	assert_eq!(bench.statuses(1).await, [settled(51)]);
	assert_eq!(
		bench.handle.last(),
		LastSettlement { block: Some(51), ..LastSettlement::default() }
	);

	bench.settler.round(true).await;
	assert_eq!(bench.chain.sizes(), [2], "nothing is left to settle");
}

#[tokio::test]
async fn what_was_settled_is_kept_with_its_proof() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 3).await;
	bench.settler.round(false).await;
	let id = CallId { session: SESSION, lane: 0, sequence: 2 };
	let proven = bench.store.proof(id).await.expect("the store works").expect("it is there");
	let settled = proven.settled.expect("it is settled");
	assert_eq!((settled.block, settled.index, settled.header.items), (51, 1, 3));
	let leaf = (settled.index, settled.item.leaf());
	let root = tree::root_from(settled.header.items, &[leaf], &settled.hashes);
	assert_eq!(root, Some(settled.header.root));
}

#[tokio::test]
async fn calls_without_a_charge_leave_a_gap() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	bench.fail(0).await;
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 3], 3)]);
	assert_eq!(bench.settled_on_chain(), 2 * CHARGE);
}

#[tokio::test]
async fn a_call_in_flight_does_not_hold_up_those_before_it() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	bench.take(SESSION, 0).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
	assert_eq!(bench.statuses(0).await, [settled(51), CallStatus::Accepted]);
}

#[tokio::test]
async fn many_calls_go_in_several_settlements() {
	let mut bench = Bench::within(limits(4, 4), eager()).await;
	bench.serve(0, 10).await;
	let sizes = |bench: &Bench| -> Vec<_> {
		bench.chain.sent().iter().map(|(calls, voucher)| (calls.len(), *voucher)).collect()
	};
	bench.settler.round(false).await;
	assert_eq!(sizes(&bench), [(4, 10)], "one at a time");
	bench.settler.round(true).await;
	assert_eq!(sizes(&bench), [(4, 10), (4, 10), (2, 10)], "in the end all of them");
	assert_eq!(bench.settled_on_chain(), 10 * CHARGE);
}

#[tokio::test]
async fn a_lane_that_never_ends_holds_up_nobody() {
	let bench = Bench::within(limits(4, 4), eager()).await;
	bench.serve(0, 40).await;
	bench.serve(1, 1).await;
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	while chain.sent().len() < 3 {
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	assert_eq!(chain.sent()[1], (vec![1], 1), "each has its turn");
	let settled = handle.settle(SESSION).await.expect("all of it");
	assert_eq!(settled, chain.state().sessions[&SESSION].settled);
	assert_eq!(chain.sent().len(), 11);
	stop.cancel();
	running.await.expect("no panic");
}

#[tokio::test]
async fn a_rejected_record_is_lost_and_the_others_are_not() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 3).await;
	bench.chain.fate(Fate::Settle(vec![2]));
	bench.settler.round(false).await;
	let lost = CallStatus::Lost(Loss::Rejected(RejectReason::UnknownModel));
	assert_eq!(bench.statuses(0).await, [settled(51), lost, settled(51)]);
	let totals = bench.store.totals().await.expect("the store works");
	assert_eq!((totals.settled, totals.lost, totals.unsettled()), (200, 100, 0));
}

#[tokio::test]
async fn what_comes_too_late_is_not_sent_again() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::Fail("SettlementOver"));
	for _ in 0..3 {
		bench.settler.round(false).await;
	}
	let lost = CallStatus::Lost(Loss::SessionClosed);
	assert_eq!(bench.statuses(0).await, [lost, lost]);
	assert_eq!(bench.chain.sent().len(), 1);
}

#[tokio::test]
async fn refusals_are_not_tried_again_at_once() {
	for fate in [Fate::Refuse, Fate::Fail("NoLaneDeposit"), Fate::Away, Fate::Expire] {
		let mut bench = Bench::new(eager()).await;
		bench.serve(0, 1).await;
		bench.chain.fate(fate.clone());
		for _ in 0..3 {
			bench.settler.round(false).await;
		}
		assert_eq!(bench.statuses(0).await, [CallStatus::Served], "{fate:?}");
		assert!(bench.chain.sent().len() <= 1, "no hot loop");
		assert!(bench.handle.last().error.is_some());
		bench.settler.round(true).await;
		assert_eq!(bench.settled_on_chain(), CHARGE, "before stopping it is tried once more");
	}
}

#[tokio::test]
async fn a_session_that_is_not_final_yet_waits_and_one_that_is_gone_is_lost() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	let open = bench.chain.state().sessions.remove(&SESSION).expect("it was there");
	// These calls were served long ago, by the test's clock; but this chain is not there yet.
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Served]);
	bench.chain.state().finalized = testkit::BEST + 51;
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Lost(Loss::SessionClosed)]);
	assert!(bench.chain.sent().is_empty());
	bench.chain.state().sessions.insert(SESSION, open);
}

#[tokio::test]
async fn what_was_for_a_session_that_is_somebody_elses_now_is_lost() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	{
		let mut state = bench.chain.state();
		let session = state.sessions.get_mut(&SESSION).expect("it is open");
		session.caller = testkit::key("//Charlie").account();
		// What is settled is of that somebody's calls.
		session.lanes = vec![testkit::settled_lane(0, 9, 900)];
	}
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Served; 2], "not before it is certain");
	bench.chain.state().finalized = testkit::BEST + 51;
	bench.settler.round(true).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Lost(Loss::SessionClosed); 2]);
	assert!(bench.chain.sent().is_empty());
}

#[tokio::test]
async fn stopping_settles_what_is_left() {
	let policy = policy(100, Duration::from_secs(1 << 40), 0);
	let Bench { _directory, store, chain, sessions, settler, handle } = Bench::new(policy).await;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	let (unused, _) = Settler::new(store.clone(), chain.clone(), sessions.clone(), policy);
	let bench = Bench { _directory, store, chain, sessions, settler: unused, handle };
	bench.serve(0, 2).await;
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(bench.chain.sent().is_empty(), "not due");
	stop.cancel();
	running.await.expect("no panic");
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)]);
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

//! Settling against a chain in memory, through everything that can go wrong on the way.

mod due;
mod fake;
mod sums;

use std::{sync::Arc, time::Duration};

use openledger_primitives::{
	record::RejectReason, voucher::Voucher, Balance, BlockNumber, LaneId, Sequence, SessionId,
};
use tokio_util::sync::CancellationToken;

use self::fake::{FakeChain, Fate};
use super::*;
use crate::testing::TestChain;
use openledger_books::{
	testing::{acceptance, served},
	CallId, CallStatus, Identity, LaneKey, Loss, Outcome, Store, Submission, Uncharged,
};
use openledger_testkit::{self as testkit, operator, session, GENESIS, SESSION};

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

impl Bench {
	async fn new(policy: SettlementPolicy) -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		let identity = Identity { genesis: GENESIS, operator: operator().account() };
		let store = Store::open(&directory.path().join("calls.redb"), identity).await;
		let store = store.expect("it opens");
		let (chain, sessions) = (FakeChain::new(), Arc::new(TestChain::default()));
		let (settler, handle) =
			Settler::new(store.clone(), chain.clone(), sessions.clone(), policy);
		Self { _directory: directory, store, chain, sessions, settler, handle }
	}

	/// Serves the lane's next so many calls.
	async fn serve(&self, lane: LaneId, calls: u64) {
		self.serve_in(SESSION, lane, calls).await;
	}

	/// Serves the next so many calls of a lane of this session.
	async fn serve_in(&self, id: SessionId, lane: LaneId, calls: u64) {
		for _ in 0..calls {
			let state = self.store.lane(&session(id), lane).await.expect("the store works");
			let state = state.unwrap_or_default();
			let sequence = state.sequence + 1;
			let voucher = Voucher {
				session: id,
				lane,
				sequence,
				acknowledged: state.charged,
				..testkit::voucher(b"body", 0)
			};
			let taken = self.store.accept(acceptance(voucher, CHARGE)).await;
			taken.expect("the store works").expect("it is taken");
			let id = CallId { session: id, lane, sequence };
			self.store.serve(id, served(sequence, CHARGE)).await.expect("it fits");
		}
	}

	/// Another session of the same caller's.
	fn open(&self, id: SessionId) {
		self.sessions.state().sessions.insert(id, session(id));
		self.chain.state().sessions.insert(id, session(id));
	}

	async fn statuses(&self, lane: LaneId) -> Vec<CallStatus> {
		let calls = self.store.calls(LaneKey { session: SESSION, lane }).await;
		calls.expect("the store works").into_iter().map(|(_, call)| call.status).collect()
	}

	fn settled_on_chain(&self) -> Balance {
		let state = self.chain.state();
		let session = state.sessions.get(&SESSION).expect("it is open");
		session.lanes.iter().map(|lane| lane.settled).sum()
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
	assert_eq!(bench.statuses(0).await, [settled(51); 3]);
	assert_eq!(bench.statuses(1).await, [settled(52)]);
	assert_eq!(
		bench.handle.last(),
		LastSettlement { block: Some(52), ..LastSettlement::default() }
	);

	bench.settler.round(true).await;
	assert_eq!(bench.chain.sent().len(), 2, "nothing is left to settle");
}

#[tokio::test]
async fn calls_without_a_charge_leave_a_gap() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	let voucher = Voucher { sequence: 2, acknowledged: CHARGE, ..testkit::voucher(b"body", 0) };
	let taken = bench.store.accept(acceptance(voucher, CHARGE)).await;
	taken.expect("the store works").expect("it is taken");
	let id = CallId { session: SESSION, lane: 0, sequence: 2 };
	let why = Uncharged::CallerGone;
	bench.store.release(id, why).await.expect("the store works");
	bench.serve(0, 1).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 3], 3)]);
}

#[tokio::test]
async fn a_call_in_flight_does_not_hold_up_those_before_it() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	let voucher = Voucher { sequence: 2, acknowledged: CHARGE, ..testkit::voucher(b"body", 0) };
	let taken = bench.store.accept(acceptance(voucher, CHARGE)).await;
	taken.expect("the store works").expect("it is taken");
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1], 1)]);
	assert_eq!(bench.statuses(0).await, [settled(51), CallStatus::Accepted]);
}

#[tokio::test]
async fn many_calls_go_in_several_settlements() {
	let mut bench = Bench::new(eager()).await;
	bench.settler = bench.settler.with_batch_size(4);
	bench.serve(0, 10).await;
	let sizes = |bench: &Bench| -> Vec<_> {
		bench.chain.sent().iter().map(|(calls, voucher)| (calls.len(), *voucher)).collect()
	};
	bench.settler.round(false).await;
	assert_eq!(sizes(&bench), [(4, 4)], "one at a time");
	bench.settler.round(true).await;
	assert_eq!(sizes(&bench), [(4, 4), (4, 8), (2, 10)], "in the end all of them");
	assert_eq!(bench.settled_on_chain(), 10 * CHARGE);
}

#[tokio::test]
async fn a_lane_that_never_ends_holds_up_nobody() {
	let mut bench = Bench::new(eager()).await;
	bench.settler = bench.settler.with_batch_size(4);
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
async fn settling_keeps_up_with_any_number_of_calls() {
	let mode = SettlementMode::Auto;
	let mut bench = Bench::new(SettlementPolicy { mode, ..eager() }).await;
	bench.settler = bench.settler.with_batch_size(2).with_summed(100);
	bench.serve(0, 8).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)], "they are few");
	bench.serve(0, 3).await;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent()[1], (vec![11], 11), "the others in a sum");
	assert_eq!(bench.chain.state().sums[0].calls, 8);
	assert_eq!(bench.statuses(0).await.len(), 11);
	let totals = bench.store.totals().await.expect("the store works");
	assert_eq!((totals.settled_calls, totals.unsettled_calls()), (11, 0));
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
	bench.chain.fate(Fate::Over);
	for _ in 0..3 {
		bench.settler.round(false).await;
	}
	let lost = CallStatus::Lost(Loss::SessionClosed);
	assert_eq!(bench.statuses(0).await, [lost, lost]);
	assert_eq!(bench.chain.sent().len(), 1);
}

#[tokio::test]
async fn an_unheard_settlement_is_found_and_not_sent_again() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::SettleUnheard);
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
	let id = |sequence| CallId { session: SESSION, lane: 0, sequence };
	let submission = Outcome::Submitted(Submission { at: FINALIZED, until: FINALIZED + 10 });
	let note = bench.store.note(vec![(id(1), submission), (id(2), submission)]);
	note.await.expect("the store works");
	bench.settler.round(false).await;
	assert!(bench.chain.sent().is_empty(), "something of the operator's is on its way");
	bench.chain.state().nothing_under_way = true;
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2)]);
	assert_eq!(bench.statuses(0).await, [settled(51); 2]);
}

#[tokio::test]
async fn what_is_sent_again_is_the_same_and_not_each_second() {
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
	assert_eq!(bench.chain.sent(), [(vec![1, 2], 2), (vec![1, 2], 2)], "the third one waits");
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
async fn a_settlement_that_an_earlier_one_overtook_is_not_a_loss() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	bench.chain.fate(Fate::SettleAfterAnother);
	bench.settler.round(false).await;
	bench.settler.round(false).await;
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
async fn lanes_do_not_wait_for_one_another() {
	let mut bench = Bench::new(eager()).await;
	bench.settler = bench.settler.with_lanes_at_once(3);
	for lane in 0..7 {
		bench.serve(lane, 1).await;
	}
	bench.settler.round(false).await;
	assert_eq!(bench.chain.sent().len(), 7);
	assert_eq!(bench.chain.state().most_waiting, 3);
	assert_eq!(bench.settled_on_chain(), 7 * CHARGE);
	for lane in 0..7 {
		assert!(matches!(bench.statuses(lane).await[..], [CallStatus::Settled { .. }]));
	}
}

#[tokio::test]
async fn sessions_that_are_closed_do_not_hold_up_others() {
	let late = policy(1_000, Duration::from_secs(1 << 40), 0);
	let mut bench = Bench::new(SettlementPolicy { max_value: 2 * CHARGE, ..late }).await;
	bench.settler = bench.settler.with_lanes_at_once(2);
	bench.open(SESSION + 1);
	for lane in 0..20 {
		bench.serve(lane, 1).await;
	}
	// These are due; the others are not.
	for lane in 0..6 {
		bench.serve_in(SESSION + 1, lane, 2).await;
	}
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	handle.settle(SESSION).await.expect("all of it");
	stop.cancel();
	running.await.expect("no panic");
	let sent = chain.sent();
	let last = sent.iter().rposition(|(calls, _)| calls.len() == 2).expect("they were due");
	assert!(last < 18, "{sent:?}");
	assert_eq!(sent.len(), 26);
	assert_eq!(chain.state().most_waiting, 4, "two because of each");
}

#[tokio::test]
async fn who_asks_first_is_settled_first() {
	let bench = Bench::new(policy(1_000, Duration::from_secs(1 << 40), 0)).await;
	bench.open(SESSION + 1);
	for lane in 0..3 {
		bench.serve(lane, 1).await;
		bench.serve_in(SESSION + 1, lane, 2).await;
	}
	let Bench { _directory, store: _store, chain, settler, handle, .. } = bench;
	let stop = CancellationToken::new();
	let running = tokio::spawn(settler.run(stop.clone()));
	let (first, second) = tokio::join!(handle.settle(SESSION + 1), handle.settle(SESSION));
	assert!(first.is_ok() && second.is_ok(), "all of it");
	stop.cancel();
	running.await.expect("no panic");
	let sizes: Vec<_> = chain.sent().iter().map(|(calls, _)| calls.len()).collect();
	assert_eq!(sizes, [2, 2, 2, 1, 1, 1]);
}

#[tokio::test]
async fn what_an_earlier_process_had_sent_is_found() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 2).await;
	// The process died after sending and before hearing: the chain has it, the store does not know.
	let id = |sequence| CallId { session: SESSION, lane: 0, sequence };
	let submission = Outcome::Submitted(Submission { at: FINALIZED, until: FINALIZED + 10 });
	let note = bench.store.note(vec![(id(1), submission), (id(2), submission)]);
	note.await.expect("the store works");
	let voucher = bench.store.voucher(id(2)).await.expect("the store works").expect("it is there");
	bench.chain.state().settle(&voucher.voucher, &[1, 2], &[]);

	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [settled(51); 2]);
	assert!(bench.chain.sent().is_empty(), "nothing was sent again");
}

#[tokio::test]
async fn what_was_settled_without_a_trace_counts_as_settled() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	// A store that was restored from a backup does not even know that something was sent.
	let id = CallId { session: SESSION, lane: 0, sequence: 1 };
	let voucher = bench.store.voucher(id).await.expect("the store works").expect("it is there");
	bench.chain.state().settle(&voucher.voucher, &[1], &[]);
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Settled { block: None }]);
	assert!(bench.chain.sent().is_empty());
}

#[tokio::test]
async fn refusals_are_not_tried_again_at_once() {
	for fate in [Fate::Refuse, Fate::Away] {
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
async fn one_lane_that_fails_does_not_hold_up_others() {
	let mut bench = Bench::new(eager()).await;
	bench.serve(0, 1).await;
	bench.serve(1, 1).await;
	bench.chain.fate(Fate::Refuse);
	bench.settler.round(false).await;
	assert_eq!(bench.statuses(0).await, [CallStatus::Served]);
	assert_eq!(bench.statuses(1).await, [settled(51)]);
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

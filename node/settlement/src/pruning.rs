//! Removing calls from the store that nobody can dispute any more, a few at a time; and sessions that are
//! over, with the last of their calls.

use std::{collections::HashMap, sync::Arc, time::Duration};

use openledger_books::{Cutoff, LaneKey, Store, StoreError, UnixSeconds};
use openledger_primitives::{BlockNumber, SessionId};
use openledger_protocol::clock;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::view::SessionSource;

/// The time between two sweeps.
const PERIOD: Duration = Duration::from_secs(3_600);
/// The most calls that are removed in one transaction.
const STEP: usize = 256;
/// The time to let calls that are being served go first.
const PAUSE: Duration = Duration::from_millis(50);
/// The number of sweeps in a row in which the chain did not have a session before it is forgotten: a day of
/// them. A block that is replaced has it again soon, and so has a chain node that was behind.
const GONE: u32 = 24;
/// For how long what was answered is kept for callers who lost it, in seconds: an hour, and what may
/// pass until this is done again.
const ANSWERS: UnixSeconds = 3_600;
/// The time that a block takes, in seconds.
const BLOCK: UnixSeconds = 3;

/// Removes calls that were settled longer than `keep` ago, from time to time until it is stopped. What
/// was answered does not stay longer where the chain is away, nor do calls that are not on it. Sessions that
/// the chain does not have any more go with the last of their calls.
pub async fn run(
	store: Store,
	source: Arc<dyn SessionSource>,
	keep: Duration,
	stop: CancellationToken,
) {
	let mut missing = Missing::default();
	loop {
		let cutoff = cutoff(clock::unix_seconds(), best_block(&*source), keep);
		let sweeping = async {
			let removed = sweep(&store, cutoff).await?;
			let forgotten = missing.forget(&store, &*source, cutoff).await?;
			Ok::<_, StoreError>(removed.saturating_add(forgotten))
		};
		tokio::select! {
			() = stop.cancelled() => return,
			removed = sweeping => match removed {
				Ok(0) => {}
				Ok(calls) => info!(calls, "removed old calls"),
				Err(error) => warn!(%error, "cannot remove old calls"),
			},
		}
		tokio::select! {
			() = stop.cancelled() => return,
			() = tokio::time::sleep(PERIOD) => {}
		}
	}
}

/// The best block's height. What is old by the chain is known only while the chain is: nothing is old
/// in its first block.
fn best_block(source: &dyn SessionSource) -> BlockNumber {
	match source.away_for() {
		None => source.best_block().unwrap_or(0),
		Some(_) => 0,
	}
}

fn cutoff(now: UnixSeconds, best: BlockNumber, keep: Duration) -> Cutoff {
	let blocks = BlockNumber::try_from(keep.as_secs() / BLOCK).unwrap_or(BlockNumber::MAX);
	Cutoff {
		answers: now.saturating_sub(ANSWERS),
		at: now.saturating_sub(keep.as_secs()),
		block: best.saturating_sub(blocks),
	}
}

/// Goes through all lanes once. How many calls were removed.
async fn sweep(store: &Store, cutoff: Cutoff) -> Result<usize, StoreError> {
	let mut from = LaneKey { session: 0, lane: 0 };
	let mut removed = 0_usize;
	loop {
		let step = store.prune(cutoff, from, STEP).await?;
		removed = removed.saturating_add(step.calls);
		match step.next {
			None => return Ok(removed),
			Some(next) => from = next,
		}
		tokio::time::sleep(PAUSE).await;
	}
}

/// Sessions that the chain did not have when it was last asked, and in how many sweeps in a row.
#[derive(Debug, Default)]
struct Missing(HashMap<SessionId, u32>);

impl Missing {
	/// Asks about each session once, and forgets those that are over. How many calls were removed.
	async fn forget(
		&mut self,
		store: &Store,
		source: &dyn SessionSource,
		cutoff: Cutoff,
	) -> Result<usize, StoreError> {
		let (mut from, mut removed) = (0, 0_usize);
		loop {
			let sessions = store.sessions(from, STEP).await?;
			let next = sessions.last().and_then(|last| last.checked_add(1));
			let next = next.filter(|_| sessions.len() >= STEP);
			for session in sessions {
				// What is not known of the chain says nothing of a session.
				let found = match (source.away_for(), source.session(session).await) {
					(None, Ok(found)) => found,
					_ => return Ok(removed),
				};
				if self.is_over(session, found.is_some()) {
					removed = removed.saturating_add(forget(store, session, cutoff).await?);
				}
			}
			let Some(next) = next else { return Ok(removed) };
			from = next;
			tokio::time::sleep(PAUSE).await;
		}
	}

	/// Notes whether the chain has a session. True if it has been without it for so long that it is over.
	fn is_over(&mut self, session: SessionId, is_there: bool) -> bool {
		if is_there {
			self.0.remove(&session);
			return false;
		}
		let times = self.0.entry(session).or_default();
		*times = times.saturating_add(1);
		*times >= GONE
	}
}

/// Forgets a session that is over, as far as its calls are old. How many of them were removed.
async fn forget(store: &Store, session: SessionId, cutoff: Cutoff) -> Result<usize, StoreError> {
	let mut removed = 0_usize;
	loop {
		let step = store.forget_session(session, cutoff, STEP).await?;
		removed = removed.saturating_add(step.calls);
		if step.done || step.calls < STEP {
			return Ok(removed);
		}
		tokio::time::sleep(PAUSE).await;
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::TestChain;
	use openledger_books::{
		testing::{acceptance, following, identity, served},
		CallId, CallStatus, LaneState, Outcome,
	};
	use openledger_primitives::{lane::Voucher, Balance};
	use openledger_testkit::{self as testkit, session, BEST, SESSION};

	/// A store, and a lane's first two calls in it, of long ago: the last one of a lane stays in any case.
	async fn store(directory: &tempfile::TempDir) -> (Store, [Voucher; 2]) {
		let store = Store::open(&directory.path().join("calls.redb"), identity()).await;
		let store = store.expect("it opens");
		let mut vouchers = [testkit::voucher(b"body", 1_000); 2];
		for voucher in &mut vouchers {
			let lane: Option<LaneState> =
				store.lane(&session(SESSION), 0).await.expect("the store works");
			*voucher = following(*voucher, &lane.unwrap_or_default());
			let taken = store.accept(acceptance(*voucher, 500)).await;
			taken.expect("the store works").expect("it is taken");
			let charge: Balance = 10;
			let served = served(voucher, charge);
			let answer = b"an answer".to_vec();
			let serving = store.serve_and_keep(CallId::of(voucher), served, answer);
			serving.await.expect("it fits");
		}
		(store, vouchers)
	}

	async fn note_settled(store: &Store, vouchers: &[Voucher]) {
		let settled = Outcome::Settled { block: Some(1) };
		let outcomes = vouchers.iter().map(|voucher| (CallId::of(voucher), settled)).collect();
		store.note(outcomes).await.expect("the store works");
	}

	#[test]
	fn nothing_is_old_by_a_chain_that_is_away() {
		let chain = TestChain::default();
		assert_eq!(best_block(&chain), BEST);
		chain.state().quiet = Some(Duration::from_secs(60));
		assert_eq!(best_block(&chain), 0);
		chain.state().quiet = None;
		chain.state().be_away(true);
		assert_eq!(best_block(&chain), 0);
	}

	#[tokio::test]
	async fn answers_go_while_the_chain_is_away_and_settled_calls_stay() {
		let directory = tempfile::tempdir().expect("a directory");
		let (store, [first, last]) = store(&directory).await;
		note_settled(&store, &[first, last]).await;

		let gone = async || store.kept(last).await.expect("the store works").is_none();
		assert!(!gone().await);
		let chain = Arc::new(TestChain::default());
		chain.state().quiet = Some(Duration::from_secs(60));
		let stop = CancellationToken::new();
		let running = tokio::spawn(run(store.clone(), chain, Duration::ZERO, stop.clone()));
		for _ in 0..200 {
			if gone().await {
				break;
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		assert!(gone().await, "what was answered");
		stop.cancel();
		running.await.expect("no panic");
		let first = store.call(CallId::of(&first)).await.expect("the store works");
		let status = first.map(|call| call.status);
		assert_eq!(status, Some(CallStatus::Settled { block: Some(1) }));
	}

	#[tokio::test]
	async fn a_session_that_is_long_gone_is_forgotten_with_its_last_calls() {
		let directory = tempfile::tempdir().expect("a directory");
		let (store, [first, last]) = store(&directory).await;
		let chain = TestChain::default();
		let mut missing = Missing::default();
		let young = Cutoff { answers: 0, at: 0, block: 0 };
		let old = Cutoff { answers: u64::MAX, at: u64::MAX, block: BlockNumber::MAX };
		let mut sweep = async |times: u32, cutoff: Cutoff| {
			for _ in 0..times {
				missing.forget(&store, &chain, cutoff).await.expect("the store works");
			}
			store.sessions(0, 9).await.expect("the store works")
		};

		assert_eq!(sweep(GONE + 1, old).await, [SESSION], "it is there");
		let open = chain.state().sessions.remove(&SESSION).expect("it was there");
		assert_eq!(sweep(GONE + 1, old).await, [SESSION], "its calls are open");
		note_settled(&store, &[first, last]).await;
		assert_eq!(sweep(1, young).await, [SESSION], "they are not old");
		chain.state().sessions.insert(SESSION, open);
		assert_eq!(sweep(1, old).await, [SESSION]);
		chain.state().sessions.remove(&SESSION);
		assert_eq!(sweep(GONE - 1, old).await, [SESSION], "not long enough");
		chain.state().quiet = Some(Duration::from_secs(60));
		assert_eq!(sweep(2, old).await, [SESSION], "nobody knows");
		chain.state().quiet = None;
		assert_eq!(sweep(1, old).await, [0; 0]);
		assert_eq!(store.call(CallId::of(&last)).await.expect("the store works"), None);
	}

	#[test]
	fn what_is_old_is_old_by_time_and_by_blocks() {
		let month = Duration::from_secs(30 * 24 * 3_600);
		let cutoff = cutoff(3_000_000, 1_000_000, month);
		assert_eq!(cutoff, Cutoff { answers: 2_996_400, at: 408_000, block: 136_000 });
		let young = super::cutoff(5, 5, month);
		assert_eq!(young, Cutoff { answers: 0, at: 0, block: 0 });
	}
}

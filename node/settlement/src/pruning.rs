//! Removing calls from the store that nobody can dispute any more, a few at a time.

use std::{sync::Arc, time::Duration};

use openledger_books::{Cutoff, LaneKey, Store, StoreError, UnixSeconds};
use openledger_primitives::BlockNumber;
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
/// For how long what was answered is kept for callers who lost it, in seconds: an hour, and what may
/// pass until this is done again.
const ANSWERS: UnixSeconds = 3_600;
/// The time that a block takes, in seconds.
const BLOCK: UnixSeconds = 3;

/// Removes calls that were settled longer than `keep` ago, from time to time until it is stopped. What
/// was answered does not stay longer where the chain is away, nor do calls that are not on it.
pub async fn run(
	store: Store,
	source: Arc<dyn SessionSource>,
	keep: Duration,
	stop: CancellationToken,
) {
	loop {
		let cutoff = cutoff(clock::unix_seconds(), best_block(&*source), keep);
		tokio::select! {
			() = stop.cancelled() => return,
			removed = sweep(&store, cutoff) => match removed {
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

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::TestChain;
	use openledger_books::{
		testing::{acceptance, served},
		CallId, CallStatus, Identity, Outcome,
	};
	use openledger_testkit::{self as testkit, operator, BEST, GENESIS, SESSION};

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
		let identity = Identity { genesis: GENESIS, operator: operator().account() };
		let store = Store::open(&directory.path().join("calls.redb"), identity).await;
		let store = store.expect("it opens");
		// Two calls, long ago: the last one of a lane stays in any case.
		let voucher = |sequence, acknowledged| openledger_primitives::voucher::Voucher {
			sequence,
			acknowledged,
			..testkit::voucher(b"body", 1_000)
		};
		let id = |sequence| CallId { session: SESSION, lane: 0, sequence };
		for (sequence, acknowledged) in [(1, 0), (2, 10)] {
			let taken = store.accept(acceptance(voucher(sequence, acknowledged), 500)).await;
			taken.expect("the store works").expect("it is taken");
			let answer = b"an answer".to_vec();
			let serving = store.serve_and_keep(id(sequence), served(sequence, 10), answer);
			serving.await.expect("it fits");
		}
		let settled = Outcome::Settled { block: Some(1) };
		let note = store.note(vec![(id(1), settled), (id(2), settled)]).await;
		note.expect("the store works");

		let last = voucher(2, 10);
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
		let first = store.call(id(1)).await.expect("the store works").map(|call| call.status);
		assert_eq!(first, Some(CallStatus::Settled { block: Some(1) }));
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

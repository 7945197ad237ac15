//! Removing calls from the store that nobody can dispute any more, a few at a time.

use std::{sync::Arc, time::Duration};

use openledger_primitives::BlockNumber;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
	clock,
	payment::SessionSource,
	store::{Cutoff, LaneKey, Store, StoreError, UnixSeconds},
};

/// How often old calls are looked for.
const PERIOD: Duration = Duration::from_secs(3_600);
/// The most calls that are removed in one transaction.
const STEP: usize = 256;
/// How long to let calls that are being served go first.
const PAUSE: Duration = Duration::from_millis(50);
/// For how long what was answered is kept for callers who lost it, in seconds: an hour, and what may
/// pass until this is done again.
const ANSWERS: UnixSeconds = 3_600;
/// How long a block takes, in seconds.
const BLOCK: UnixSeconds = 3;

/// Removes calls that were settled longer than `keep` ago, from time to time until it is stopped.
pub async fn run(
	store: Store,
	source: Arc<dyn SessionSource>,
	keep: Duration,
	stop: CancellationToken,
) {
	loop {
		// What is old by the chain is known only while the chain is.
		let best = source.best_block().ok().filter(|_| source.away_for().is_none());
		if let Some(best) = best {
			let cutoff = cutoff(clock::unix_seconds(), best, keep);
			tokio::select! {
				() = stop.cancelled() => return,
				removed = sweep(&store, cutoff) => match removed {
					Ok(0) => {}
					Ok(calls) => info!(calls, "removed old calls"),
					Err(error) => warn!(%error, "cannot remove old calls"),
				},
			}
		}
		tokio::select! {
			() = stop.cancelled() => return,
			() = tokio::time::sleep(PERIOD) => {}
		}
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

	#[test]
	fn what_is_old_is_old_by_time_and_by_blocks() {
		let month = Duration::from_secs(30 * 24 * 3_600);
		let cutoff = cutoff(3_000_000, 1_000_000, month);
		assert_eq!(cutoff, Cutoff { answers: 2_996_400, at: 408_000, block: 136_000 });
		let young = super::cutoff(5, 5, month);
		assert_eq!(young, Cutoff { answers: 0, at: 0, block: 0 });
	}
}

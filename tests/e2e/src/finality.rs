//! Watching that the chain keeps finalizing.

use anyhow::{ensure, Result};
use futures::StreamExt;
use openledger_chain_client::{chain::finalized_blocks, Chain};
use openledger_primitives::{BlockNumber, Hash};
use std::time::{Duration, Instant};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// Observations of finality.
#[derive(Clone, Debug)]
pub struct Seen {
	/// Different answers of `chain_getFinalizedHead`.
	pub heads: usize,
	/// The newest finalized block.
	pub newest: BlockNumber,
	/// The longest time between two of them.
	pub longest_gap: Duration,
	last_head: Option<Hash>,
	last_time: Instant,
	went_back: bool,
}

/// Watches finality in the background, from the moment it is made.
pub struct FinalityWatch {
	seen: watch::Receiver<Seen>,
	task: JoinHandle<()>,
}

impl FinalityWatch {
	/// Starts to watch. With each finalized block `chain_getFinalizedHead` is asked, as a user would.
	pub fn start(chain: Chain) -> Self {
		let start = Seen {
			heads: 0,
			newest: 0,
			longest_gap: Duration::ZERO,
			last_head: None,
			last_time: Instant::now(),
			went_back: false,
		};
		let (sender, seen) = watch::channel(start);
		let task = tokio::spawn(async move {
			let mut blocks = finalized_blocks(&chain, None);
			while blocks.next().await.is_some() {
				let Ok(head) = chain.rpc::<Hash>("chain_getFinalizedHead", vec![]).await else {
					continue;
				};
				let Ok(block) = chain.block(openledger_chain_client::At::Block(head)).await else {
					continue;
				};
				sender.send_modify(|seen| {
					if seen.last_head == Some(head) {
						return;
					}
					let gap = seen.last_time.elapsed();
					seen.heads += 1;
					seen.went_back |= block.number < seen.newest;
					seen.newest = block.number;
					seen.longest_gap = seen.longest_gap.max(gap);
					seen.last_head = Some(head);
					seen.last_time = Instant::now();
				});
			}
		});
		Self { seen, task }
	}

	/// The observations so far, the time since the newest head included.
	pub fn seen(&self) -> Seen {
		let mut seen = self.seen.borrow().clone();
		seen.longest_gap = seen.longest_gap.max(seen.last_time.elapsed());
		seen
	}

	/// Waits until `more` heads were seen.
	///
	/// # Errors
	/// If that takes longer than `limit`.
	pub async fn wait_for_heads(&self, more: usize, limit: Duration) -> Result<()> {
		let enough = self.seen.borrow().heads.saturating_add(more);
		self.wait(limit, |seen| seen.heads >= enough).await
	}

	/// Waits until the block of that number is final.
	///
	/// # Errors
	/// If that takes longer than `limit`.
	pub async fn wait_for_block(&self, number: BlockNumber, limit: Duration) -> Result<()> {
		self.wait(limit, |seen| seen.newest >= number).await
	}

	async fn wait(&self, limit: Duration, enough: impl Fn(&Seen) -> bool) -> Result<()> {
		let mut seen = self.seen.clone();
		let waited = timeout(limit, seen.wait_for(enough)).await.is_ok();
		ensure!(waited, "finality did not get far enough within {limit:?}: {:?}", self.seen());
		Ok(())
	}

	/// Checks that the finalized head moved all the while, and never back.
	///
	/// # Errors
	/// If it did not.
	pub fn check(&self, longest_gap: Duration) -> Result<Seen> {
		let seen = self.seen();
		ensure!(!seen.went_back, "the finalized head went back");
		ensure!(seen.heads > 1, "the finalized head did not move");
		ensure!(
			seen.longest_gap <= longest_gap,
			"the finalized head stood still for {:?}",
			seen.longest_gap
		);
		Ok(seen)
	}
}

impl Drop for FinalityWatch {
	fn drop(&mut self) {
		self.task.abort();
	}
}

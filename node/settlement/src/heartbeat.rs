//! Telling the chain that this node is alive: after it has started, and from time to time.
//!
//! Callers who choose a node see when it was last heard of. Nothing else depends on it: if a heartbeat
//! fails it is tried again, and calls are served all the same.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use openledger_chain_client::{agent, metering, Agent, Call, Chain, SubmitOptions};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// The pace at which heartbeats are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
	/// From one to the next.
	pub period: Duration,
	/// The time to wait after the first failure; then twice as long each time.
	pub retry: Duration,
	/// The longest to wait after a failure.
	pub longest: Duration,
}

impl Pace {
	/// A heartbeat in every `period`; after a failure in a minute, and then less and less often.
	pub fn every(period: Duration) -> Self {
		let (retry, longest) = (Duration::from_secs(60), Duration::from_secs(3_600));
		Self { period, retry, longest }
	}

	fn after(&self, failures: u32) -> Duration {
		let wait = self.retry.saturating_mul(2_u32.saturating_pow(failures));
		wait.min(self.longest).min(self.period)
	}
}

/// A place where heartbeats go.
#[async_trait]
pub trait Pulse: Send + Sync + 'static {
	/// Sends one and waits until it is in a block.
	///
	/// # Errors
	/// The reason why it is not.
	async fn beat(&self) -> Result<(), String>;
}

/// A real chain, and who signs for the operator.
#[derive(Clone, Debug)]
pub struct ChainPulse {
	chain: Chain,
	operator: Agent,
}

impl ChainPulse {
	/// Heartbeats of `operator`.
	pub fn new(chain: Chain, operator: Agent) -> Self {
		Self { chain, operator }
	}
}

#[async_trait]
impl Pulse for ChainPulse {
	async fn beat(&self) -> Result<(), String> {
		let sending = agent::submit_for(
			&self.chain,
			&Call::InferenceMetering(metering::Call::heartbeat),
			&self.operator,
			SubmitOptions::in_block(),
		);
		let outcome = sending.await.map_err(|error| error.to_string())?;
		outcome.into_included().map(drop).map_err(|error| error.to_string())
	}
}

/// Sends a heartbeat at once, and then again and again until it is stopped.
pub async fn run(pulse: Arc<dyn Pulse>, pace: Pace, stop: CancellationToken) {
	let mut failures = 0_u32;
	loop {
		let beat = tokio::select! {
			() = stop.cancelled() => return,
			beat = pulse.beat() => beat,
		};
		let wait = match beat {
			Ok(()) => {
				debug!("heartbeat");
				failures = 0;
				pace.period
			}
			Err(error) => {
				let wait = pace.after(failures);
				failures = failures.saturating_add(1);
				warn!(%error, retry_in = wait.as_secs(), "a heartbeat failed");
				metrics::counter!("openledger_heartbeat_failures_total").increment(1);
				wait
			}
		};
		tokio::select! {
			() = stop.cancelled() => return,
			() = tokio::time::sleep(wait) => {}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::sync::atomic::{AtomicUsize, Ordering};

	/// Fails so often, then beats.
	struct Weak {
		failures: usize,
		tries: AtomicUsize,
	}

	#[async_trait]
	impl Pulse for Weak {
		async fn beat(&self) -> Result<(), String> {
			match self.tries.fetch_add(1, Ordering::Relaxed) < self.failures {
				true => Err("the chain is away".into()),
				false => Ok(()),
			}
		}
	}

	/// The number of beats that were tried by the time that so many had been, and a little later.
	async fn tries(failures: usize, pace: Pace, wanted: usize) -> usize {
		let weak = Arc::new(Weak { failures, tries: AtomicUsize::new(0) });
		let stop = CancellationToken::new();
		let running = tokio::spawn(run(weak.clone(), pace, stop.clone()));
		let tries = || weak.tries.load(Ordering::Relaxed);
		let deadline = std::time::Instant::now() + Duration::from_secs(20);
		while tries() < wanted && std::time::Instant::now() < deadline {
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
		stop.cancel();
		running.await.expect("no panic");
		tries()
	}

	#[tokio::test]
	async fn beats_at_the_start_and_tries_again_after_failures() {
		let day = Duration::from_secs(86_400);
		let pace = Pace { retry: Duration::from_millis(2), ..Pace::every(day) };
		assert_eq!(tries(0, pace, 1).await, 1);
		assert_eq!(tries(3, pace, 4).await, 4, "until it is heard, and then not for a day");
	}

	#[tokio::test]
	async fn beats_in_every_period() {
		assert!(tries(0, Pace::every(Duration::from_millis(1)), 5).await >= 5);
	}

	#[test]
	fn failures_wait_longer_and_never_longer_than_usual() {
		let pace = Pace::every(Duration::from_secs(43_200));
		let waits: Vec<u64> = (0..8).map(|failures| pace.after(failures).as_secs()).collect();
		assert_eq!(waits, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
		assert_eq!(Pace::every(Duration::from_secs(90)).after(5).as_secs(), 90);
		assert_eq!(pace.after(u32::MAX).as_secs(), 3_600);
	}
}

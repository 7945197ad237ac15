//! Tasks of a node beside serving and settling: it tells that it is alive, answers calls that are
//! requested on chain, removes what is old, and adds up what it has measured.

use std::{sync::Arc, time::Duration};

use openledger_chain_client::{Agent, Chain};
use openledger_gateway::server::{telemetry::RECORDER, App};
use openledger_settlement::{
	heartbeat::{self, ChainPulse, Pace},
	pruning,
	requests::{RequestLink, Watcher},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::tasks::finish;
use crate::config::Config;

/// The time that a task may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The tasks.
pub(super) struct Background {
	stop: CancellationToken,
	tasks: [(&'static str, JoinHandle<()>); 4],
}

impl Background {
	/// Begins.
	pub(super) fn start(app: &Arc<App>, chain: &Chain, operator: &Agent, config: &Config) -> Self {
		let pace = Pace::every(Duration::from_secs(config.chain.heartbeat_seconds.into()));
		let keep = DAY.saturating_mul(config.settlement.keep_days);
		let stop = CancellationToken::new();
		let pulse = Arc::new(ChainPulse::new(chain.clone(), operator.clone()));
		let beating = tokio::spawn(heartbeat::run(pulse, pace, stop.clone()));
		let (store, source) = (app.store.clone(), app.source.clone());
		let pruning = tokio::spawn(pruning::run(store, source, keep, stop.clone()));
		let link = Arc::new(RequestLink::new(chain.clone(), operator.clone()));
		let (store, source) = (app.store.clone(), app.source.clone());
		let served = app.clone();
		let served = move || served.live().models.clone();
		let (key, which) = (app.receipt_key.clone(), config.on_chain_calls);
		let watcher = Watcher::new(link, source, store, key, served, which);
		let answering = tokio::spawn(watcher.run(stop.clone()));
		let tasks = [
			("sending heartbeats", beating),
			("removing old calls", pruning),
			("answering calls on chain", answering),
			("adding up what was measured", tokio::spawn(RECORDER.upkeep(stop.clone()))),
		];
		Self { stop, tasks }
	}

	/// Stops.
	pub(super) async fn finish(self) {
		self.stop.cancel();
		for (what, task) in self.tasks {
			finish(what, task, PATIENCE).await;
		}
	}
}

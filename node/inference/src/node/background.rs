//! What a node does beside serving and settling: it tells that it is alive, answers calls that are
//! requested on chain, removes what is old, and adds up what it has measured.

use std::{sync::Arc, time::Duration};

use openledger_chain_client::{Agent, Chain};
use openledger_gateway::server::{telemetry::RECORDER, App, CatalogueEntry};
use openledger_primitives::ModelId;
use openledger_settlement::{
	heartbeat::{self, ChainPulse, Pace},
	pruning,
	requests::{OnChainCalls, RequestLink, ServableModel, ServableModels, Watcher},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::tasks::finish;
use crate::config::Config;

/// The time that a task may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Settings of the tasks.
pub(super) struct Settings {
	pace: Pace,
	keep: Duration,
	on_chain: OnChainCalls,
}

impl Settings {
	/// As configured.
	pub(super) fn of(config: &Config) -> Self {
		Self {
			pace: Pace::every(Duration::from_secs(config.chain.heartbeat_seconds.into())),
			keep: DAY.saturating_mul(config.settlement.keep_days),
			on_chain: config.on_chain_calls,
		}
	}
}

/// The tasks.
pub(super) struct Background {
	stop: CancellationToken,
	tasks: [(&'static str, JoinHandle<()>); 4],
}

impl Background {
	/// Begins.
	pub(super) fn start(
		app: &Arc<App>,
		chain: &Chain,
		operator: &Agent,
		settings: Settings,
	) -> Self {
		let Settings { pace, keep, on_chain } = settings;
		let stop = CancellationToken::new();
		let pulse = Arc::new(ChainPulse::new(chain.clone(), operator.clone()));
		let beating = tokio::spawn(heartbeat::run(pulse, pace, stop.clone()));
		let (store, source) = (app.store.clone(), app.source.clone());
		let pruning = tokio::spawn(pruning::run(store, source, keep, stop.clone()));
		let link = Arc::new(RequestLink::new(chain.clone(), operator.clone()));
		let (store, source) = (app.store.clone(), app.source.clone());
		let watcher = Watcher::new(link, source, store, served(app.clone()), on_chain);
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

/// The models that are served at the time.
fn served(app: Arc<App>) -> ServableModels {
	Arc::new(move || {
		let live = app.live();
		let servable = |(name, entry): (&String, &CatalogueEntry)| -> (ModelId, ServableModel) {
			let (backend, timeout) = (entry.backend.clone(), entry.timeout);
			(entry.id, ServableModel { name: name.clone(), backend, timeout })
		};
		live.models.iter().map(servable).collect()
	})
}

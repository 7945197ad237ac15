//! What a node does beside serving and settling: it tells that it is alive, answers calls that are
//! requested on chain, removes what is old, and adds up what it has measured.

use std::{sync::Arc, time::Duration};

use openledger_client::{Agent, Chain};
use openledger_primitives::ModelId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{app::App, run::finish, telemetry};
use crate::{
	config::Config,
	heartbeat::{self, ChainPulse, Pace},
	onchain::{OnChainCalls, RequestLink, Servable, Served, Watcher},
	pruning,
};

/// How long a task may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How the tasks are set.
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
			("adding up what was measured", tokio::spawn(telemetry::upkeep(stop.clone()))),
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

/// What is served at the time.
fn served(app: Arc<App>) -> Served {
	Arc::new(move || {
		let live = app.live();
		let servable = |(name, entry): (&String, &super::CatalogueEntry)| -> (ModelId, Servable) {
			let (backend, timeout) = (entry.backend.clone(), entry.timeout);
			(entry.id, Servable { name: name.clone(), backend, timeout })
		};
		live.models.iter().map(servable).collect()
	})
}

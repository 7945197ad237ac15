//! Starting and stopping.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use openledger_books::{Identity, Store, StoreError};
use openledger_chain_client::{ss58, Chain};
use openledger_gateway::server::{metrics_router, serve, telemetry::RECORDER, App, Live, Settings};
use openledger_server_kit::{intake::BodyMemory, stop_on_signals, ConnectionLimits, Permits};
use openledger_settlement::{
	redeem::{ChainLink, Settler},
	view::{ChainView, SessionSource},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use super::{
	background::Background,
	files, own_prices,
	reload::{self, Reloader},
	start,
	tasks::finish,
	Keys, StartError,
};
use crate::config::{Config, ConfigError};

/// The store's file in the data directory.
const STORE_FILE: &str = "calls.redb";
/// The file with what was offered lately, beside it.
const OFFERS_FILE: &str = "offers.json";
/// The time between two checks that the store can be written.
const WATCH: Duration = Duration::from_secs(2);

/// Calls that are being served may go on for so long when the node stops; then they are cut, and charged
/// for what was delivered.
const LAST_CALLS: Duration = Duration::from_secs(30);
/// Settling may take so long then; what is left is settled at the next start.
const LAST_SETTLEMENTS: Duration = Duration::from_secs(60);

/// Runs an inference node until SIGINT or SIGTERM, then stops in order: no more connections, calls
/// come to their end, what is owed is settled, the store is closed. On SIGHUP the configuration is
/// read again with `read`, and what can change at run time takes effect.
///
/// # Errors
/// The reason why it does not start, and [`StartError::StoreFailed`]: its supervisor should start it
/// again.
pub async fn run(
	config: Config,
	read: impl Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
) -> Result<(), StartError> {
	let keys = Keys::read(&config)?;
	let stop = CancellationToken::new();
	let signals = tokio::spawn(stop_on_signals(stop.clone()));
	let (ask, asked) = mpsc::channel(1);
	let hangups = tokio::spawn(on_hangup(ask));
	let result = run_until(config, keys, stop, asked, read).await;
	signals.abort();
	hangups.abort();
	result
}

/// Runs an inference node with these keys until it is stopped, or its store fails. Reads the configuration
/// again whenever something comes out of `asked`.
async fn run_until(
	config: Config,
	keys: Keys,
	stop: CancellationToken,
	asked: mpsc::Receiver<()>,
	read: impl Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
) -> Result<(), StartError> {
	let operator = keys.operator.account().clone();
	info!(operator = %ss58(&operator), chain = %without_secrets(&config.chain.url), "starting");
	RECORDER.install();
	let chain = Chain::connect(&config.chain.url).await?;
	let node = start::registration(&chain, &keys, config.payee.as_ref()).await?;
	let models = start::find_models(&chain, &node, &config.models).await?;
	let own_prices = own_prices::find(&chain, &config.models, &models).await?;
	let loaded = start::load(&config.models, &models, &[]).await?;

	let identity = Identity { genesis: chain.genesis_hash(), operator: operator.clone() };
	let store = Store::open(&config.data_dir.join(STORE_FILE), identity).await?;
	for call in store.recovered() {
		warn!(%call, "a call was cut off when the node last stopped; it is not charged");
	}
	let listener = listen(config.listen).await?;
	let metrics_listener = match (config.metrics.enabled, config.metrics.listen) {
		(true, Some(address)) => Some(listen(address).await?),
		_ => None,
	};

	let background = CancellationToken::new();
	let offers = config.data_dir.join(OFFERS_FILE);
	let ids = start::ids(&models);
	let away = Duration::from_secs(config.chain.away_seconds.into());
	let view = ChainView::new(chain.clone(), operator, &ids, &offers, away).await?;
	let following = tokio::spawn(view.clone().follow(background.clone()));
	let link = Arc::new(ChainLink::new(chain.clone(), keys.operator.clone()));
	let policy = reload::policy(&config);
	let source: Arc<dyn SessionSource> = view.clone();
	let (settler, handle) = Settler::new(store.clone(), link, source.clone(), policy);
	let settle = CancellationToken::new();
	let settling = tokio::spawn(settler.run(settle.clone()));

	let app = Arc::new(App {
		source,
		store: store.clone(),
		settings: Settings::new(Live {
			models: start::catalogue(&loaded),
			own_prices,
			public_url: reload::public_url(&config, &node.endpoint),
			limits: reload::limits(&config.limits),
			origins: config.allowed_origins.clone(),
		}),
		receipt_key: keys.receipts.clone(),
		settler: handle,
		permits: Permits::new(config.limits.concurrent),
		body_memory: BodyMemory::default(),
		calls: TaskTracker::new(),
		cut: CancellationToken::new(),
	});
	info!(
		address = %config.listen,
		operator = %ss58(app.source.operator()),
		url = %app.live().public_url,
		"serving",
	);
	let metrics = metrics_listener.map(|listener| {
		tokio::spawn(plain_server(listener, metrics_router(app.clone()), background.clone()))
	});
	let beside = Background::start(&app, &chain, &keys.operator, &config);
	let limits = connection_limits(&config);
	let with_metrics = config.metrics.enabled && config.metrics.listen.is_none();
	let reloader = Reloader { app: app.clone(), chain, view, keys, config, loaded };
	let reloading = tokio::spawn(reloader.run(asked, read, stop.clone()));
	let watching = tokio::spawn({
		let (store, stop, cut) = (store.clone(), stop.clone(), app.cut.clone());
		async move { watch(|| store.check(), WATCH, &stop, &cut).await }
	});
	let served = serve(listener, app, with_metrics, limits, stop.clone(), LAST_CALLS).await;
	stop.cancel();
	let failed = watching.await.ok().flatten();
	finish("reading the configuration", reloading, Duration::from_secs(5)).await;

	beside.finish().await;
	info!("settling what is owed");
	settle.cancel();
	finish("settling", settling, LAST_SETTLEMENTS).await;
	background.cancel();
	finish("following the chain", following, Duration::from_secs(5)).await;
	if let Some(metrics) = metrics {
		finish("serving metrics", metrics, Duration::from_secs(5)).await;
	}
	store.close().await;
	info!("stopped");
	match failed {
		Some(error) => Err(StartError::StoreFailed(error)),
		None => served.map_err(StartError::Serve),
	}
}

/// Looks from time to time whether the store can be written, and stops the node if it cannot: after a
/// failure the database refuses everything until it is opened again, so that the node could neither
/// serve nor settle, whatever becomes of the disk. Calls that are being served are cut at once: what
/// they go on to deliver could not be recorded, and would be given away. What was the matter, if
/// something was.
async fn watch<C, F>(
	check: C,
	every: Duration,
	stop: &CancellationToken,
	cut: &CancellationToken,
) -> Option<StoreError>
where
	C: Fn() -> F,
	F: Future<Output = Result<(), StoreError>>,
{
	loop {
		let checked = async {
			tokio::time::sleep(every).await;
			check().await
		};
		let checked = tokio::select! {
			() = stop.cancelled() => return None,
			checked = checked => checked,
		};
		if let Err(error) = checked {
			error!(%error, "the store failed; stopping, to be started again");
			cut.cancel();
			stop.cancel();
			return Some(error);
		}
	}
}

fn connection_limits(config: &Config) -> ConnectionLimits {
	let seconds = |seconds: u32| Duration::from_secs(seconds.into());
	let files = files::most();
	let most = files::connections(config, files);
	let config = &config.limits;
	if most < config.connections {
		warn!(
			files,
			connections = most,
			configured = config.connections,
			"the system lets this process open too few files for as many connections; raise it \
			 (`ulimit -n`, or `LimitNOFILE=` in a systemd unit), or lower `limits.connections`",
		);
	}
	ConnectionLimits {
		most,
		headers: seconds(config.header_timeout_seconds),
		idle: seconds(config.idle_timeout_seconds),
		stalled: seconds(config.idle_timeout_seconds),
	}
}

/// An address without what may be a secret in it: its path, and the name and password before the host.
fn without_secrets(url: &str) -> String {
	let Ok(url) = reqwest::Url::parse(url) else { return "not a URL".into() };
	let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
	let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
	format!("{scheme}://{host}{port}")
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
	TcpListener::bind(address).await.map_err(|error| StartError::Listen { address, error })
}

async fn plain_server(listener: TcpListener, router: Router, stop: CancellationToken) {
	let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
	if let Err(error) = server.await {
		error!(%error, "the metrics server failed");
	}
}

/// Asks for the configuration to be read again at every SIGHUP.
async fn on_hangup(ask: mpsc::Sender<()>) {
	#[cfg(unix)]
	{
		match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
			Ok(mut hangups) => {
				while hangups.recv().await.is_some() {
					info!("reading the configuration again");
					// If it is being read right now, once more is enough.
					let _ = ask.try_send(());
				}
			}
			Err(error) => error!(%error, "cannot listen for SIGHUP"),
		}
	}
	// Without signals nobody asks; the sender has to stay all the same.
	ask.closed().await;
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::sync::atomic::{AtomicUsize, Ordering};

	#[tokio::test]
	async fn a_store_that_fails_stops_the_node() {
		let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
		let checks = AtomicUsize::new(0);
		let check = || async {
			match checks.fetch_add(1, Ordering::SeqCst) {
				0..3 => Ok(()),
				_ => Err(StoreError::Closed),
			}
		};
		let failed = watch(check, Duration::from_millis(1), &stop, &cut).await;
		assert!(matches!(failed, Some(StoreError::Closed)), "{failed:?}");
		assert!(stop.is_cancelled() && cut.is_cancelled());
		assert_eq!(checks.load(Ordering::SeqCst), 4);
		let cut = CancellationToken::new();
		let failed = watch(check, Duration::from_millis(1), &stop, &cut).await;
		assert!(failed.is_none() && !cut.is_cancelled(), "it was stopped");
	}

	#[test]
	fn addresses_are_shown_without_their_secrets() {
		for (url, shown) in [
			("wss://name:word@rpc.example/v1/0123abcd?key=x", "wss://rpc.example"),
			("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
			("nonsense", "not a URL"),
		] {
			assert_eq!(without_secrets(url), shown);
		}
	}
}

//! Starting and stopping.

use std::{
	future::{pending, IntoFuture},
	net::SocketAddr,
	path::PathBuf,
	sync::Arc,
	time::Duration,
};

use openledger_client::{ss58, units::format_amount};
use openledger_http::{ConnectionLimits, Limited, OnConnection};
use openledger_primitives::{AccountId, BlockNumber, Hash};
use thiserror::Error;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use super::{router, telemetry, App, Guard, Limits};
use crate::{
	budget::Budget,
	call::{CallSettings, Engine},
	clerk::Clerk,
	funding::Funding,
	janitor::{Closing, ClosingSettings, Janitor, JanitorError},
	ledger::Signers,
	market::Market,
	network::Network,
	node::api::{NodeApi, Patience},
	proof::Proofs,
	recount::Recount,
	report::Report,
	store::{Store, StoreError},
	treasury::Treasury,
};

/// The proxy makes so many rounds after the calls have ended, to learn what became of the last.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// How long calls that were cut may take to end.
const AFTER_CUT: Duration = Duration::from_secs(30);
/// How long a transaction that was submitted may take, when the proxy stops.
const TRANSACTIONS: Duration = Duration::from_secs(30);
/// How long closing all sessions may take, when the proxy stops: nodes wait until what they settle
/// is final.
const CLOSINGS: Duration = Duration::from_secs(240);

/// How the proxy is set up.
#[derive(Clone, Debug)]
pub struct Settings {
	/// How much may be spent.
	pub budget: Budget,
	/// Whether the budget counts from now on, not from when the state was begun.
	pub new_budget: bool,
	/// Nodes that were caught cheating and are paid again.
	pub forgive: Vec<AccountId>,
	/// Where apps connect.
	pub listen: SocketAddr,
	/// The folder with the state. Each account on each chain has files of its own in it.
	pub state: PathBuf,
	/// How long a new session lasts, in blocks.
	pub session_blocks: BlockNumber,
	/// Whether nodes inside this machine's network are called.
	pub inside: bool,
	/// How long nodes are waited for.
	pub patience: Patience,
	/// How calls are made.
	pub call: CallSettings,
	/// Limits of the HTTP side.
	pub limits: Limits,
	/// Who may use the proxy.
	pub guard: Guard,
	/// Tokenizers to count answers with.
	pub recount: Arc<Recount>,
	/// How long calls may go on once the proxy is told to stop.
	pub grace: Duration,
	/// How sessions are closed.
	pub closing: ClosingSettings,
}

/// Why the proxy does not start, or stops.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
	/// The state cannot be used.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// HTTP cannot be set up.
	#[error("cannot set up HTTP: {0}")]
	Http(#[from] reqwest::Error),
	/// Nobody can connect.
	#[error("cannot listen on {address}: {error}")]
	Listen {
		/// The address.
		address: SocketAddr,
		/// Why not.
		error: std::io::Error,
	},
	/// Accepting connections failed.
	#[error("the server failed: {0}")]
	Serve(std::io::Error),
	/// Sessions could not be closed.
	#[error(transparent)]
	Janitor(#[from] JanitorError),
}

/// A proxy that is set up.
pub struct Proxy {
	app: Arc<App>,
	janitor: Arc<Janitor>,
	listener: TcpListener,
	/// What must not be interrupted.
	transactions: TaskTracker,
	grace: Duration,
}

impl Proxy {
	/// Sets everything up, and listens.
	///
	/// # Errors
	/// Why not.
	pub async fn new(network: Arc<dyn Network>, settings: Settings) -> Result<Self, StartError> {
		telemetry::recorder();
		let account = network.account();
		let genesis = network.genesis_hash();
		let name = file_name(&genesis, &account);
		let path = settings.state.join(format!("{name}.redb"));
		let (store, mut ledger) = Store::open(&path, genesis, account).await?;
		let hot = network.hot_key().map(|hot| hot.account());
		ledger.sign_with(Signers { own: network.key().is_some(), hot });
		let mut changes = match settings.new_budget {
			true => ledger.rebase(),
			false => Vec::new(),
		};
		changes.extend(settings.forgive.iter().flat_map(|node| ledger.forgive(node)));
		store.write(changes).wait().await?;
		let address = settings.listen;
		let listener = TcpListener::bind(address)
			.await
			.map_err(|error| StartError::Listen { address, error })?;
		let treasury = Arc::new(Treasury::new(ledger, store, settings.budget));
		let transactions = TaskTracker::new();
		let market = Arc::new(Market::new(network.clone(), settings.inside));
		let proofs = Proofs::new(settings.state.join(format!("{name}.proofs")));
		let clerk = Clerk::new(genesis, treasury.clone(), proofs, settings.recount);
		let funding = Funding::new(
			network.clone(),
			treasury.clone(),
			settings.session_blocks,
			transactions.clone(),
		);
		let api = NodeApi::new(settings.patience, settings.inside)?;
		let janitor = Arc::new(Janitor {
			network: network.clone(),
			market: market.clone(),
			treasury: treasury.clone(),
			funding: funding.clone(),
			clerk: clerk.clone(),
			api: api.clone(),
			closing: settings.closing,
			later: Default::default(),
			used: Default::default(),
		});
		let engine = Arc::new(Engine {
			network,
			market,
			treasury,
			funding,
			clerk,
			api,
			settings: settings.call,
			cut: CancellationToken::new(),
		});
		let limits = settings.limits;
		let room = limits.concurrent.saturating_add(limits.queue);
		let app = Arc::new(App {
			engine,
			guard: settings.guard,
			slots: Arc::new(Semaphore::new(limits.concurrent.min(Semaphore::MAX_PERMITS))),
			room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
			limits,
			calls: TaskTracker::new(),
			stop: CancellationToken::new(),
		});
		Ok(Self { app, janitor, listener, transactions, grace: settings.grace })
	}

	/// Where apps connect.
	///
	/// # Errors
	/// If the system does not say.
	pub fn address(&self) -> std::io::Result<SocketAddr> {
		self.listener.local_addr()
	}

	/// Where the money is.
	pub fn report(&self) -> Report {
		self.app.report()
	}

	/// Serves until it is stopped; then no more connections are taken, calls come to their end, and
	/// what is known is on disk. Where the money is in the end.
	///
	/// # Errors
	/// [`StartError::Serve`].
	pub async fn run(self, stop: CancellationToken) -> Result<Report, StartError> {
		let Self { app, janitor, listener, transactions, grace } = self;
		let engine = app.engine.clone();
		let background = CancellationToken::new();
		let account = ss58(&engine.network.account());
		let address = listener.local_addr().map_err(StartError::Serve)?;
		let budget = format_amount(engine.treasury.budget().limit);
		info!(%address, %account, %budget, network = %engine.network.name(), "ready for calls");
		if let Err(error) = engine.market.refresh_if_older(Duration::ZERO).await {
			warn!(%error, "the chain cannot be asked yet");
		}
		let tasks = [
			tokio::spawn(engine.market.clone().follow(background.clone())),
			tokio::spawn(janitor.clone().run(background.clone())),
		];
		let served = serve(listener, app.clone(), stop, grace).await;
		background.cancel();
		for task in tasks {
			finish(task).await;
		}
		transactions.close();
		if timeout(TRANSACTIONS, transactions.wait()).await.is_err() {
			warn!("a transaction is still under way; its outcome is looked up at the next start");
		}
		// What became of calls that were cut off.
		let _ = timeout(LAST_LOOK, janitor.recover()).await;
		if janitor.closing.at_end {
			close_at_end(&janitor).await;
		}
		let report = app.report();
		engine.treasury.store().close().await;
		info!("stopped");
		served.map(|()| report)
	}

	/// Uses no session for further calls, and closes those that can be closed. What can still not
	/// be closed is told with the block from which it can.
	///
	/// # Errors
	/// If the chain cannot be asked, or the state not be written.
	pub async fn close_all(self) -> Result<Vec<(u64, Closing)>, StartError> {
		self.janitor.recover().await;
		let closings = self.janitor.close_all().await?;
		self.app.engine.treasury.store().close().await;
		Ok(closings)
	}
}

/// Closes what can be closed before the proxy ends. The rest is for the next start.
async fn close_at_end(janitor: &Janitor) {
	info!("closing all sessions");
	match timeout(CLOSINGS, janitor.close_all()).await {
		Ok(Ok(closings)) => {
			for (session, closing) in closings {
				match closing {
					Closing::Closed(_) => {}
					Closing::From(block) => warn!(session, block, "a session is not closed yet"),
					Closing::NotYet => warn!(session, "a session could not be closed"),
				}
			}
		}
		Ok(Err(error)) => warn!(%error, "not all sessions could be closed"),
		Err(_) => warn!("not all sessions could be closed in time"),
	}
}

/// One account on one chain has one ledger.
fn file_name(genesis: &Hash, account: &AccountId) -> String {
	let (chain, _) = genesis.as_bytes().split_at(4);
	let bytes: &[u8] = account.as_ref();
	format!("{}-{}", hex::encode(chain), hex::encode(bytes.get(..8).unwrap_or(bytes)))
}

/// Serves HTTP until it is stopped, then waits for the calls that are being made. Those that are not
/// done after `grace` are cut off.
async fn serve(
	listener: TcpListener,
	app: Arc<App>,
	stop: CancellationToken,
	grace: Duration,
) -> Result<(), StartError> {
	let (calls, cut) = (app.calls.clone(), app.engine.cut.clone());
	let no_more = app.stop.clone();
	let Limits { concurrent, queue, spare_connections, header_timeout, idle, .. } = app.limits;
	let most = concurrent.saturating_add(queue).saturating_add(spare_connections);
	// An app that takes nothing of its answer is idle as well.
	let limits = ConnectionLimits { most, headers: header_timeout, idle, stalled: idle };
	let listener = Limited::new(listener, limits);
	let service = router(app).into_make_service_with_connect_info::<OnConnection>();
	let server = axum::serve(listener, service)
		.with_graceful_shutdown(stop.clone().cancelled_owned())
		.into_future();
	tokio::pin!(server);
	let mut ended = tokio::select! {
		result = &mut server => Some(result),
		() = stop.cancelled() => None,
	};
	no_more.cancel();
	calls.close();
	let orderly = async {
		if ended.is_none() {
			ended = Some((&mut server).await);
		}
		calls.wait().await;
	};
	if timeout(grace, orderly).await.is_err() {
		warn!(calls = calls.len(), "cutting off calls that take too long to end");
		cut.cancel();
		// What is on its way out needs somebody to send it.
		let sending = async {
			if ended.is_none() {
				let _ = (&mut server).await;
			}
			pending::<()>().await;
		};
		let ending = async {
			tokio::select! {
				() = calls.wait() => {}
				() = sending => {}
			}
		};
		if timeout(AFTER_CUT, ending).await.is_err() {
			error!(calls = calls.len(), "calls did not end");
		}
	}
	// What may be left are connections without a call.
	ended.unwrap_or(Ok(())).map_err(StartError::Serve)
}

/// Waits for a task that was told to stop.
async fn finish(task: JoinHandle<()>) {
	if let Err(error) = task.await {
		error!(%error, "a task failed");
	}
}

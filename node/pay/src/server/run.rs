//! Starting and stopping.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use openledger_chain_client::ss58;
use openledger_payer::{
	janitor::{Closing, Janitor, UpkeepError},
	network::Network,
	OpenError, Payer, PayerSettings,
};
use openledger_protocol::units::format_amount;
use openledger_server_kit::{ConnectionLimits, Shutdown};
use thiserror::Error;
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{router, telemetry, App, BodyMemory, Guard, Limits};
use crate::report::Report;

/// The time that closing all sessions may take when the proxy stops: nodes wait until what they settle
/// is final.
const CLOSINGS: Duration = Duration::from_secs(240);

/// The settings of the proxy.
#[derive(Clone, Debug)]
pub struct Settings {
	/// The payer.
	pub payer: PayerSettings,
	/// The address where apps connect.
	pub listen: SocketAddr,
	/// Limits of the HTTP side.
	pub limits: Limits,
	/// The conditions under which somebody may use the proxy.
	pub guard: Guard,
	/// The time that calls may go on once the proxy is told to stop.
	pub grace: Duration,
	/// `true` if all sessions are closed when the proxy stops.
	pub close_at_end: bool,
}

/// A reason why the proxy does not start, or stops.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The messages say what these are.
pub enum StartError {
	#[error(transparent)]
	Payer(#[from] OpenError),
	#[error("cannot listen on {address}: {error}")]
	Listen { address: SocketAddr, error: std::io::Error },
	#[error("the server failed: {0}")]
	Serve(std::io::Error),
	#[error(transparent)]
	Upkeep(#[from] UpkeepError),
}

/// A proxy that is set up.
pub struct Proxy {
	app: Arc<App>,
	listener: TcpListener,
	grace: Duration,
	close_at_end: bool,
}

impl Proxy {
	/// Sets everything up, and listens.
	///
	/// # Errors
	/// If nothing can be paid, or nobody can connect.
	pub async fn new(network: Arc<dyn Network>, settings: Settings) -> Result<Self, StartError> {
		telemetry::RECORDER.install();
		let Settings { payer, listen: address, limits, guard, grace, close_at_end } = settings;
		let payer = Payer::open(network, payer).await?;
		let listener = TcpListener::bind(address)
			.await
			.map_err(|error| StartError::Listen { address, error })?;
		let room = limits.concurrent.saturating_add(limits.queue);
		let app = Arc::new(App {
			payer,
			guard,
			slots: Arc::new(Semaphore::new(limits.concurrent.min(Semaphore::MAX_PERMITS))),
			room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
			limits,
			memory: BodyMemory::default(),
			calls: TaskTracker::new(),
			stop: CancellationToken::new(),
		});
		Ok(Self { app, listener, grace, close_at_end })
	}

	/// The address where apps connect.
	///
	/// # Errors
	/// If the system does not say.
	pub fn address(&self) -> std::io::Result<SocketAddr> {
		self.listener.local_addr()
	}

	/// Serves until it is stopped; then no more connections are taken, calls come to their end, and
	/// what is known is on disk. Returns where the money is in the end.
	///
	/// # Errors
	/// [`StartError::Serve`].
	pub async fn run(self, stop: CancellationToken) -> Result<Report, StartError> {
		let Self { app, listener, grace, close_at_end } = self;
		let payer = &app.payer;
		let background = CancellationToken::new();
		let account = ss58(&payer.network.account());
		let address = listener.local_addr().map_err(StartError::Serve)?;
		let budget = format_amount(payer.treasury.budget().limit);
		info!(%address, %account, %budget, network = %payer.network.name(), "ready for calls");
		let tasks = payer.start(background.clone()).await;
		let upkeep = tokio::spawn(telemetry::RECORDER.upkeep(background.clone()));
		let served = serve(listener, app.clone(), stop, grace).await;
		background.cancel();
		tasks.ended().await;
		if let Err(error) = upkeep.await {
			warn!(%error, "metrics were not looked after");
		}
		payer.settle_down().await;
		if close_at_end {
			close_sessions(&payer.janitor).await;
		}
		let report = Report::of(payer);
		payer.close().await;
		info!("stopped");
		served.map(|()| report)
	}

	/// Uses no session for further calls, and closes those that can be closed. What can still not
	/// be closed is told with the block from which it can.
	///
	/// # Errors
	/// If the chain cannot be asked, or the state not be written.
	pub async fn close_all(self) -> Result<Vec<(u64, Closing)>, StartError> {
		let payer = &self.app.payer;
		payer.janitor.recover().await;
		let closings = payer.janitor.close_all().await?;
		payer.close().await;
		Ok(closings)
	}
}

/// Closes what can be closed before the proxy ends. The rest is for the next start.
async fn close_sessions(janitor: &Janitor) {
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

/// Serves HTTP until it is stopped, then waits for the calls that are being made. Those that are not
/// done after `grace` are cut off.
async fn serve(
	listener: TcpListener,
	app: Arc<App>,
	stop: CancellationToken,
	grace: Duration,
) -> Result<(), StartError> {
	let Limits { concurrent, queue, spare_connections, header_timeout, idle, .. } = app.limits;
	let most = concurrent.saturating_add(queue).saturating_add(spare_connections);
	// An app that takes nothing of its answer is idle as well.
	let limits = ConnectionLimits { most, headers: header_timeout, idle, stalled: idle };
	let no_more = app.stop.clone();
	let shutdown = Shutdown {
		stop: no_more.clone(),
		calls: app.calls.clone(),
		cut: app.payer.router.cut(),
		grace,
	};
	let serving = openledger_server_kit::serve(listener, router(app), limits, shutdown);
	tokio::pin!(serving);
	let served = tokio::select! {
		served = &mut serving => served,
		() = stop.cancelled() => {
			no_more.cancel();
			serving.await
		}
	};
	served.map_err(StartError::Serve)
}

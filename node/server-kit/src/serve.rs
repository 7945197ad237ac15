//! Serving until it is told to stop, and stopping in order.

use std::{
	future::{pending, IntoFuture},
	io,
	time::Duration,
};

use axum::{middleware, Router};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::connections::{note, ConnectionLimits, Limited, OnConnection};

/// The time that calls that were cut may take to end: their callers may read slowly.
const AFTER_CUT: Duration = Duration::from_secs(30);

/// The way in which a server comes to its end.
#[derive(Clone, Debug)]
pub struct Shutdown {
	/// Stops the server; cancelled by the server itself where it fails.
	pub stop: CancellationToken,
	/// Calls that are being answered.
	pub calls: TaskTracker,
	/// Cancelled when time is up for them: they have to end now.
	pub cut: CancellationToken,
	/// The time that they may go on after the stop.
	pub grace: Duration,
}

/// Serves HTTP/1 within bounds until it is stopped: then no more connections are taken, and the calls
/// that are being answered come to their end. Those that are not done after the grace are cut.
///
/// # Errors
/// If accepting connections fails.
pub async fn serve(
	listener: TcpListener,
	router: Router,
	limits: ConnectionLimits,
	shutdown: Shutdown,
) -> io::Result<()> {
	let Shutdown { stop, calls, cut, grace } = shutdown;
	let service = router
		.layer(middleware::from_fn(note))
		.into_make_service_with_connect_info::<OnConnection>();
	let server = axum::serve(Limited::new(listener, limits), service)
		.with_graceful_shutdown(stop.clone().cancelled_owned())
		.into_future();
	tokio::pin!(server);
	let mut ended = tokio::select! {
		result = &mut server => Some(result),
		() = stop.cancelled() => None,
	};
	stop.cancel();
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
	ended.unwrap_or(Ok(()))
}

/// Stops the server at the first SIGINT or SIGTERM, and the process at the second.
pub async fn stop_on_signals(stop: CancellationToken) {
	signal().await;
	info!("stopping; once more to stop at once");
	stop.cancel();
	signal().await;
	std::process::exit(130);
}

/// Waits for SIGINT or SIGTERM.
async fn signal() {
	let interrupt = tokio::signal::ctrl_c();
	#[cfg(unix)]
	{
		let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
		match terminate {
			Ok(mut terminate) => tokio::select! {
				_ = interrupt => {},
				_ = terminate.recv() => {},
			},
			Err(error) => {
				error!(%error, "cannot listen for SIGTERM");
				let _ = interrupt.await;
			}
		}
	}
	#[cfg(not(unix))]
	{
		let _ = interrupt.await;
	}
}

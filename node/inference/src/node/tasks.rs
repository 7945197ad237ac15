//! Waiting for tasks that are told to stop.

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};
use tracing::{error, warn};

/// Waits for a task that was told to stop, but not for ever.
pub(super) async fn finish(what: &str, mut task: JoinHandle<()>, patience: Duration) {
	match timeout(patience, &mut task).await {
		Ok(Ok(())) => {}
		Ok(Err(error)) => error!(%error, "{what} failed"),
		Err(_) => {
			warn!("{what} takes too long; leaving it");
			task.abort();
			// The store is closed next, and must not be in use.
			let _ = task.await;
		}
	}
}

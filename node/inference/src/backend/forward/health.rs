//! Whether the server that runs a model is well: looked after in the background, so that callers
//! are not sent to a server that is down.

use std::{
	sync::{Arc, Mutex, PoisonError, Weak},
	time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{upstream::Upstream, wire};
use crate::backend::BackendError;

/// A server that does not answer a health check within this time is not healthy.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// So many failures, one after the other, and no more calls are sent to it.
const FAILURES: u32 = 2;

/// What is known of a server's health.
#[derive(Debug)]
pub(super) struct Health {
	/// How often it is looked after.
	pub every: Duration,
	state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
	checked: Option<Instant>,
	last: Option<BackendError>,
	failures: u32,
}

impl Health {
	pub fn new(every: Duration) -> Self {
		Self { every, state: Mutex::default() }
	}

	/// What the last check found, unless that is too long ago.
	fn known(&self) -> Option<Result<(), BackendError>> {
		let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		let recent = state.checked.is_some_and(|checked| checked.elapsed() < self.every * 2);
		recent.then(|| state.last.clone().map_or(Ok(()), Err))
	}

	/// Whether no calls should be sent to the server.
	///
	/// # Errors
	/// [`BackendError::Unwell`].
	pub fn admit(&self) -> Result<(), BackendError> {
		let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		match state.failures < FAILURES {
			true => Ok(()),
			false => {
				let retry_after = Duration::from_secs(self.every.as_secs().max(1));
				Err(BackendError::Unwell { retry_after })
			}
		}
	}

	/// Takes note of a check; says so when that changes anything.
	fn note(&self, model: &str, result: &Result<(), BackendError>) {
		let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		let before = state.failures;
		state.checked = Some(Instant::now());
		state.failures = if result.is_ok() { 0 } else { before.saturating_add(1) };
		state.last = result.as_ref().err().cloned();
		match result {
			Ok(()) if before >= FAILURES => tracing::info!(model, "the server is well again"),
			Err(error) if state.failures == FAILURES => {
				tracing::warn!(model, kind = error.kind(), "the server is not well");
				tracing::debug!(model, %error, "what it said");
			}
			_ => {}
		}
		let up = f64::from(u8::from(state.failures < FAILURES));
		metrics::gauge!("openledger_upstream_up", "upstream_model" => model.to_owned()).set(up);
	}
}

/// Looks after a server until it is no longer used, or until it is told to stop.
pub(super) async fn watch(upstream: Weak<Upstream>, stop: CancellationToken) {
	loop {
		let Some(every) = check(&upstream).await else { return };
		tokio::select! {
			() = stop.cancelled() => return,
			() = tokio::time::sleep(every) => {}
		}
	}
}

/// Asks a server that has nothing to do how it is. One that is at work is left in peace: some break
/// off an answer when anything else is asked, and the calls themselves tell how it is.
async fn check(upstream: &Weak<Upstream>) -> Option<Duration> {
	let upstream: Arc<Upstream> = upstream.upgrade()?;
	if !upstream.is_at_work() {
		let result = probe(&upstream).await;
		upstream.health.note(&upstream.model, &result);
	}
	Some(upstream.health.every)
}

/// What is known of the server, or what it says now.
pub(super) async fn health(upstream: &Upstream) -> Result<(), BackendError> {
	match upstream.health.known() {
		Some(known) => known,
		None if upstream.is_at_work() => Ok(()),
		None => probe(upstream).await,
	}
}

/// Asks the server.
async fn probe(upstream: &Upstream) -> Result<(), BackendError> {
	let late = |_| BackendError::Timeout { stage: "checking the server", after: HEALTH_TIMEOUT };
	let check = async {
		let response = upstream.client.get(upstream.models.clone()).send().await?;
		wire::models(response).await
	};
	let listed = tokio::time::timeout(HEALTH_TIMEOUT, check)
		.await
		.map_err(late)?
		.map_err(wire::Failure::into_backend)?;
	// Ollama appends a tag to the names that it lists.
	let tagged = format!("{}:latest", upstream.model);
	if listed.iter().any(|model| *model == upstream.model || *model == tagged) {
		Ok(())
	} else {
		let message = format!("it does not list the model `{}`", upstream.model);
		Err(BackendError::Upstream { status: None, message })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn one_failure_is_no_illness() {
		let health = Health::new(Duration::from_secs(10));
		assert_eq!(health.known(), None);
		let down = Err(BackendError::Upstream { status: None, message: "down".into() });
		health.note("m", &down);
		assert_eq!((health.admit(), health.known()), (Ok(()), Some(down.clone())));
		health.note("m", &down);
		let retry_after = Duration::from_secs(10);
		assert_eq!(health.admit(), Err(BackendError::Unwell { retry_after }));
		health.note("m", &Ok(()));
		assert_eq!((health.admit(), health.known()), (Ok(()), Some(Ok(()))));
	}
}

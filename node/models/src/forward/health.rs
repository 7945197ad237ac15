//! The health of the server that runs a model, as its last checks found it, so that no callers are
//! sent to a server that is down.

use std::{
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

use crate::BackendError;

/// After this many failed checks, one after the other, no more calls are sent to the server.
const FAILURES: u32 = 2;

/// The results of a server's last checks.
#[derive(Debug)]
pub(super) struct Health {
	/// The time between two checks.
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

	/// The result of the last check, unless that is too long ago.
	pub fn known(&self) -> Option<Result<(), BackendError>> {
		let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		let recent = state.checked.is_some_and(|checked| checked.elapsed() < self.every * 2);
		recent.then(|| state.last.clone().map_or(Ok(()), Err))
	}

	/// Refuses a call if none should be sent to the server.
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

	/// Takes note of a check; logs a change.
	pub fn note(&self, model: &str, result: &Result<(), BackendError>) {
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

//! The reasons for which a call has to end before its answer does, and the times that it is given.

use std::time::Duration;

use tokio::time::Instant;

use crate::{error::ApiError, ledger::Fate};

/// Why a call has to end before its answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
	Gone,
	Deadline,
	Shutdown,
}

impl Stop {
	pub fn into_error(self) -> ApiError {
		match self {
			Self::Gone | Self::Shutdown => {
				ApiError::unavailable("shutting_down", "this proxy is stopping")
			}
			Self::Deadline => ApiError::timeout("the call took too long"),
		}
	}

	/// The fate of an answer that is not waited for any longer.
	pub fn fate(self) -> Fate {
		match self {
			Self::Gone | Self::Shutdown => Fate::Unwanted,
			Self::Deadline => Fate::Lost,
		}
	}
}

/// That much later.
pub(super) fn later(after: Duration) -> Instant {
	let now = Instant::now();
	now.checked_add(after).unwrap_or(now)
}

/// A time in milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
	u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

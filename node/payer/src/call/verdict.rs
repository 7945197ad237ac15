//! The end of trying one node, and the reasons for which a call has to end before its answer does.

use std::{ops::ControlFlow, time::Duration};

use openledger_payer_ledger::{Fate, StoreError};
use openledger_primitives::{lane::Agreement, Balance};
use openledger_protocol::{ApiError, RefusalCode};
use tokio::time::Instant;
use tracing::{error, warn};

use crate::error::PayerCode;

/// A step of trying a node: there is a next one, or this was the last.
pub(super) type Step<T> = ControlFlow<Verdict, T>;

/// The result of trying one node.
#[derive(Debug)]
pub(super) enum Verdict {
	/// The app has its answer.
	Delivered,
	/// The answer broke off after part of it had gone out, and the app was told.
	BrokeOff(ApiError),
	/// The app has gone.
	Gone,
	/// Another node may do better.
	Elsewhere(ApiError),
	/// There is no money for it with this node.
	NoFunds(NoFunds),
	/// No node will take this request, or there is no time left for one.
	Refused(ApiError),
}

/// A reason why there is no money for a call.
#[derive(Clone, Debug)]
pub(super) enum NoFunds {
	/// The budget does not allow it.
	Budget {
		/// The part of it that is left, in planck.
		left: Balance,
		/// The most that the call may cost, in planck.
		amount: Balance,
		/// The agreement that it would be made under.
		agreement: Agreement,
	},
	/// The account is too poor.
	Account(String),
}

/// A reason why a call has to end before its answer does.
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
				ApiError::new(RefusalCode::ShuttingDown, "this proxy is stopping")
			}
			Self::Deadline => ApiError::new(RefusalCode::Timeout, "the call took too long"),
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

impl From<Stop> for Verdict {
	fn from(stop: Stop) -> Self {
		match stop {
			Stop::Gone => Self::Gone,
			Stop::Deadline | Stop::Shutdown => Self::Refused(stop.into_error()),
		}
	}
}

/// Goes on with what has come in time.
pub(super) fn in_time<T>(waited: Result<T, Stop>) -> Step<T> {
	match waited {
		Ok(value) => Step::Continue(value),
		Err(stop) => Step::Break(stop.into()),
	}
}

/// Goes on if the ledger was written.
pub(super) fn written<T>(outcome: Result<T, StoreError>) -> Step<T> {
	match outcome {
		Ok(value) => Step::Continue(value),
		Err(error) => Step::Break(Verdict::Refused(unwritable(&error))),
	}
}

/// The error for an app when the ledger cannot be written.
pub(super) fn unwritable(error: &StoreError) -> ApiError {
	error!(%error, "the state cannot be written");
	let message = "this proxy cannot write its state, and pays nothing until it is started again";
	PayerCode::StateUnwritable.unavailable(message)
}

/// The error for an app when the chain cannot be asked.
pub(super) fn no_chain(error: &impl std::fmt::Display, message: &str) -> ApiError {
	warn!(%error, "the chain cannot be asked");
	ApiError::new(RefusalCode::ChainUnavailable, message)
}

/// Ends trying a node with what a payer has to say of it.
pub(super) fn elsewhere(code: PayerCode, message: impl Into<String>) -> Verdict {
	Verdict::Elsewhere(code.bad_gateway(message))
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

//! The end of trying one node.

use std::ops::ControlFlow;

use openledger_primitives::Balance;
use tracing::error;

use super::stop::Stop;
use crate::{error::ApiError, store::StoreError};

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

/// Why there is no money for a call.
#[derive(Clone, Debug)]
pub(super) enum NoFunds {
	/// The budget does not allow it.
	Budget {
		/// What is left of it, in planck.
		left: Balance,
		/// What the call may cost, in planck.
		amount: Balance,
	},
	/// The account is too poor.
	Account(String),
}

/// Goes on with what has come in time.
pub(super) fn in_time<T>(waited: Result<T, Stop>) -> Step<T> {
	match waited {
		Ok(value) => Step::Continue(value),
		Err(stop) => Step::Break(stop.into()),
	}
}

/// Goes on if the ledger was written.
pub(super) fn written(outcome: Result<(), StoreError>) -> Step<()> {
	match outcome {
		Ok(()) => Step::Continue(()),
		Err(error) => Step::Break(Verdict::Refused(unwritable(&error))),
	}
}

/// What an app is told when the ledger cannot be written.
pub(super) fn unwritable(error: &StoreError) -> ApiError {
	error!(%error, "the state cannot be written");
	let message = "this proxy cannot write its state, and pays nothing until it is started again";
	ApiError::unavailable("state_unwritable", message)
}

impl From<Stop> for Verdict {
	fn from(stop: Stop) -> Self {
		match stop {
			Stop::Gone => Self::Gone,
			Stop::Deadline | Stop::Shutdown => Self::Refused(stop.into_error()),
		}
	}
}

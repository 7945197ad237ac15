//! A call on its way, and the reasons for which it has to end before its answer does.

use std::{future::Future, time::Duration};

use tokio::time::{sleep_until, Instant};
use tokio_util::sync::CancellationToken;

use super::{
	paid::{Outcome, PaidCall},
	prepared::Payment,
	reply::ReplyChannel,
	verdict::Verdict,
	Request,
};
use crate::{error::ApiError, ledger::Fate};

/// A call on its way.
pub(super) struct Call<'a> {
	pub request: &'a Request,
	pub reply: &'a mut ReplyChannel,
	pub deadline: Instant,
	/// Time is up for all calls.
	pub cut: &'a CancellationToken,
	/// The vouchers that went out for it, and what became of them.
	pub paid: Vec<PaidCall>,
}

impl Call<'_> {
	/// Completes when the call has to end.
	async fn stopped(&mut self) -> Stop {
		tokio::select! {
			biased;
			() = self.reply.gone() => Stop::Gone,
			() = self.cut.cancelled() => Stop::Shutdown,
			() = sleep_until(self.deadline) => Stop::Deadline,
		}
	}

	/// Waits for something that may be dropped half way.
	pub async fn unless_stopped<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Stop> {
		tokio::select! {
			biased;
			done = what => Ok(done),
			stop = self.stopped() => Err(stop),
		}
	}

	/// Whether there is time for another node.
	pub fn may_go_on(&self) -> bool {
		self.deadline > Instant::now() && !self.cut.is_cancelled()
	}

	/// Notes what became of a voucher that went out.
	pub fn note(&mut self, payment: &Payment, outcome: &Outcome) {
		self.paid.push(payment.paid(outcome.clone()));
	}
}

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

	pub fn into_verdict(self) -> Verdict {
		match self {
			Self::Gone => Verdict::Gone,
			Self::Deadline | Self::Shutdown => Verdict::Refused(self.into_error()),
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

//! A call on its way.

use std::future::Future;

use tokio::time::{sleep_until, Instant};
use tokio_util::sync::CancellationToken;

use super::{paid::PaidCall, reply::ReplyChannel, request::Request, verdict::Stop};

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
	pub async fn unless_stopped<T>(&mut self, awaited: impl Future<Output = T>) -> Result<T, Stop> {
		tokio::select! {
			biased;
			done = awaited => Ok(done),
			stop = self.stopped() => Err(stop),
		}
	}

	/// Returns `true` if there is time for another node.
	pub fn may_go_on(&self) -> bool {
		self.deadline > Instant::now() && !self.cut.is_cancelled()
	}
}

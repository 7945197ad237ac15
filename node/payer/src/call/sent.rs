//! Fourth step: the voucher is out. Whatever comes back, the node may have it.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
	answered::Answered,
	context::Call,
	lost::Lost,
	prepared::{Payment, Prepared},
	rejected::Rejected,
	stop::Stop,
	verdict::{written, Step, Verdict},
};
use crate::{
	error::ApiError,
	market::Market,
	node::api::{NodeApi, Reply},
	treasury::Treasury,
};

/// What is needed to send a voucher.
pub(super) struct Sending {
	pub api: NodeApi,
	pub market: Arc<Market>,
	pub treasury: Arc<Treasury>,
}

/// A payment that was sent.
pub(super) struct Sent {
	payment: Payment,
	reply: Result<Reply, Stop>,
}

/// What the node made of a voucher.
pub(super) enum Came {
	/// It answers.
	Answered(Answered),
	/// It does not take it, in its own words.
	Rejected(Rejected),
	/// Its answer was lost on its way, or it has none.
	Lost(Lost, String),
	/// Nobody waits for its answer any more.
	Stopped(Lost, Stop),
}

impl Sent {
	/// Sends the voucher, unless nobody waits for an answer any more.
	pub async fn send(prepared: Prepared, desk: &Sending, call: &mut Call<'_>) -> Step<Self> {
		let Prepared { payment } = prepared;
		if call.reply.is_gone() {
			written(desk.treasury.release(payment.slot(), false).await)?;
			return Step::Break(Verdict::Gone);
		}
		let (body, task) = (call.request.body.clone(), call.request.task);
		let left = call.deadline.saturating_duration_since(Instant::now());
		let (endpoint, voucher) = (&payment.node().endpoint, payment.voucher());
		let sending = desk.api.pay(endpoint, task, &body, voucher, left);
		let reply = call.unless_stopped(sending).await;
		Step::Continue(Self { payment, reply })
	}

	/// What came back.
	pub async fn came(self, desk: &Sending) -> Step<Came> {
		let Self { payment, reply } = self;
		Step::Continue(match reply {
			Ok(Reply::Answer(answer)) => Came::Answered(Answered { payment, answer }),
			// In the node's own words: the voucher was not taken.
			Ok(Reply::Refused(refusal)) if refusal.is_own_refusal() => {
				Came::Rejected(Rejected { payment, refusal })
			}
			Ok(Reply::NobodyThere(reason)) => {
				desk.market.failed(&payment.node().operator);
				written(desk.treasury.release(payment.slot(), false).await)?;
				let error = ApiError::bad_gateway("node_unreachable", reason);
				return Step::Break(Verdict::Elsewhere(error));
			}
			// This may come from a proxy, with the call served behind it.
			Ok(Reply::Refused(refusal)) => Came::Lost(Lost { payment }, refusal.message),
			Ok(Reply::Lost(reason)) => Came::Lost(Lost { payment }, reason),
			Err(stop) => Came::Stopped(Lost { payment }, stop),
		})
	}
}

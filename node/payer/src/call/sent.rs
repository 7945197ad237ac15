//! Fourth step: the voucher is out. Whatever comes back, the node may have it.

use openledger_protocol::RefusalCode;
use reqwest::Response;
use tokio::time::Instant;

use super::{
	context::Call,
	lost::Lost,
	prepared::Payment,
	rejected::Rejected,
	verdict::{elsewhere, written, Step, Stop, Verdict},
};
use crate::{error::PayerCode, node::api::Reply, parts::Parts};

/// The node's reaction to a voucher.
pub(super) enum Came {
	/// It answers.
	Answered(Payment, Response),
	/// It does not take it, in its own words.
	Rejected(Rejected),
	/// Its answer was lost on its way, or it has none.
	Lost(Lost, String),
	/// Nobody waits for its answer any more.
	Stopped(Lost, Stop),
}

/// Sends the voucher, unless nobody waits for an answer any more, and sorts out what comes back.
pub(super) async fn send(payment: Payment, parts: &Parts, call: &mut Call<'_>) -> Step<Came> {
	if call.reply.is_gone() {
		release(parts, &payment).await?;
		return Step::Break(Verdict::Gone);
	}
	let (body, task) = (call.request.body.clone(), call.request.task);
	let left = call.deadline.saturating_duration_since(Instant::now());
	let sending = parts.api.pay(&payment.node.endpoint, task, &body, &payment.voucher, left);
	Step::Continue(match call.unless_stopped(sending).await {
		Ok(Reply::Answer(answer)) => Came::Answered(payment, answer),
		// Somebody in between has sent it twice: it was taken the first time.
		Ok(Reply::Refused(refusal))
			if refusal.known_code() == Some(RefusalCode::VoucherAlreadyUsed) =>
		{
			Came::Lost(Lost { payment }, refusal.message)
		}
		// In the node's own words: the voucher was not taken.
		Ok(Reply::Refused(refusal)) if refusal.is_own_refusal() => {
			Came::Rejected(Rejected { payment, refusal })
		}
		Ok(Reply::NobodyThere(reason)) => {
			parts.market.failed(&payment.node.operator);
			release(parts, &payment).await?;
			return Step::Break(elsewhere(PayerCode::NodeUnreachable, reason));
		}
		// This may come from a proxy, with the call served behind it.
		Ok(Reply::Refused(refusal)) => Came::Lost(Lost { payment }, refusal.message),
		Ok(Reply::Lost(reason)) => Came::Lost(Lost { payment }, reason),
		Err(stop) => Came::Stopped(Lost { payment }, stop),
	})
}

/// Gives back what was set aside for a voucher that nobody has.
async fn release(parts: &Parts, payment: &Payment) -> Step<()> {
	let slot = &payment.reserved.slot;
	written(parts.treasury.at(slot.session, |book| book.unsent(slot)).await)
}

//! An answer that did not come.
//!
//! A whole answer is charged before it is sent, and its node keeps it for a while: the very same
//! request gets it again, and is charged once. Of a stream, what has come is what is owed.

use openledger_payer_ledger::Fate;
use tokio::time::{timeout_at, Instant};

use super::{
	context::Call,
	prepared::Payment,
	receiving::Receiving,
	verdict::{elsewhere, later, Stop, Verdict},
	whole::Whole,
};
use crate::{
	answer_text::AnswerText,
	clerk::Answer,
	error::PayerCode,
	node::api::{Reply, StatementStatus},
	parts::Parts,
};

/// The text of a stream that never began.
static NOTHING: AnswerText = AnswerText { signed: String::new(), besides: String::new() };

/// A payment without an answer.
pub(super) struct Lost {
	pub payment: Payment,
}

impl Lost {
	/// Brings a call to its end whose answer was lost on its way. Nothing of it has gone out.
	pub async fn recover(self, parts: &Parts, call: &mut Call<'_>, reason: String) -> Verdict {
		let payment = &self.payment;
		let receiving = Receiving { parts, payment };
		parts.market.failed(&payment.node.operator);
		if let Some(whole) = ask_again(receiving, call).await {
			return whole.hand_over(receiving, call).await;
		}
		// A node that was killed after it wrote the call down is not back at once, and one that a proxy
		// lost patience with is not done yet.
		let nothing = nothing(call);
		receiving.note_answer(nothing).await;
		let until = later(parts.settings.call.recovery).min(call.deadline);
		let status = receiving.ask_until(until).await;
		if matches!(status, StatementStatus::Served(_)) {
			if let Some(whole) = ask_again(receiving, call).await {
				return whole.hand_over(receiving, call).await;
			}
		}
		let outcome = receiving.account_for(status, nothing, Fate::Lost).await;
		receiving.note(call, &outcome, Fate::Lost);
		elsewhere(PayerCode::NodeFailed, reason)
	}

	/// Brings a call to its end of whose answer nothing has come, and that has to end.
	pub async fn abandon(self, parts: &Parts, call: &mut Call<'_>, stop: Stop) -> Verdict {
		let payment = &self.payment;
		let receiving = Receiving { parts, payment };
		// The node may have been done just now. Nobody waits for it, but it has kept its word.
		if stop == Stop::Gone {
			if let Some(whole) = ask_again(receiving, call).await {
				return whole.hand_over(receiving, call).await;
			}
		}
		let fate = match stop {
			Stop::Gone if payment.was_in_vain(parts.settings.call.in_vain) => Fate::Lost,
			stop => stop.fate(),
		};
		// Whoever makes apps wait for nothing comes after the others, whatever it charges.
		if fate == Fate::Lost {
			parts.market.failed(&payment.node.operator);
		}
		let nothing = nothing(call);
		receiving.conclude(call, None, nothing, fate).await;
		stop.into()
	}
}

/// Asks once more for a whole answer that was lost, with the very same request.
async fn ask_again(receiving: Receiving<'_>, call: &mut Call<'_>) -> Option<Whole> {
	let (request, Receiving { parts, payment }) = (call.request, receiving);
	// Streams are not kept.
	if request.stream {
		return None;
	}
	// If it never came to the node, it is answered only now.
	let is_wanted = !call.reply.is_gone();
	let patience = match is_wanted {
		true => call.deadline.saturating_duration_since(Instant::now()),
		false => parts.settings.call.recovery,
	};
	let asking = async {
		let (endpoint, voucher) = (&payment.node.endpoint, &payment.voucher);
		match parts.api.pay(endpoint, request.task, &request.body, voucher, patience).await {
			Reply::Answer(answer) => Whole::read(answer, payment.size()).await.ok(),
			_ => None,
		}
	};
	match is_wanted {
		true => call.unless_stopped(asking).await.ok().flatten(),
		false => timeout_at(later(patience), asking).await.ok().flatten(),
	}
}

/// The answer of which nothing has come. A whole one may be on its way.
fn nothing<'a>(call: &Call<'a>) -> Option<Answer<'a>> {
	let request = call.request;
	request.stream.then_some(Answer {
		model: &request.model,
		task: request.task,
		said: &NOTHING,
		whole: false,
	})
}

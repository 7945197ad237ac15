//! An answer that did not come.
//!
//! A whole answer is charged before it is sent, and its node keeps it for a while: the very same
//! request gets it again, and is charged once. Of a stream, what has come is what is owed.

use tokio::time::{timeout_at, Instant};

use super::{
	context::Call,
	prepared::Payment,
	receiving::Receiving,
	stop::{later, Stop},
	verdict::Verdict,
	whole::Whole,
};
use crate::{
	answer_text::AnswerText,
	clerk,
	error::ApiError,
	ledger::Fate,
	node::api::{Reply, StatementStatus},
};

/// The text of a stream that never began.
static NOTHING: AnswerText = AnswerText { signed: String::new(), besides: String::new() };

/// A payment without an answer.
pub(super) struct Lost {
	pub payment: Payment,
}

impl Lost {
	/// The answer was lost on its way, and nothing of it has gone out.
	pub async fn recover(self, desk: &Receiving, call: &mut Call<'_>, reason: String) -> Verdict {
		let Self { payment } = self;
		let operator = &payment.node().operator;
		desk.market.failed(operator);
		if let Some(whole) = ask_again(desk, call, &payment).await {
			return whole.hand_over(desk, call, &payment).await;
		}
		// A node that was killed after it wrote the call down is not back at once, and one that a proxy
		// lost patience with is not done yet.
		let nothing = nothing(call);
		desk.note_answer(payment.begun(), nothing).await;
		let until = later(desk.recovery).min(call.deadline);
		let status = desk.ask_until(until, &payment).await;
		if matches!(status, StatementStatus::Served(_)) {
			if let Some(whole) = ask_again(desk, call, &payment).await {
				return whole.hand_over(desk, call, &payment).await;
			}
		}
		let outcome = desk.account_for(&payment, status, nothing, Fate::Lost).await;
		call.note(payment.paid(outcome.clone()));
		desk.note_lost(operator, &outcome);
		Verdict::Elsewhere(ApiError::bad_gateway("node_failed", reason))
	}

	/// The call has to end, and nothing of an answer has come.
	pub async fn abandon(self, desk: &Receiving, call: &mut Call<'_>, stop: Stop) -> Verdict {
		let Self { payment } = self;
		let operator = &payment.node().operator;
		// The node may have been done just now. Nobody waits for it, but it has kept its word.
		if stop == Stop::Gone {
			if let Some(whole) = ask_again(desk, call, &payment).await {
				return whole.hand_over(desk, call, &payment).await;
			}
		}
		let fate = match stop {
			Stop::Gone if payment.was_in_vain(desk.in_vain) => Fate::Lost,
			stop => stop.fate(),
		};
		// Whoever makes apps wait for nothing comes after the others, whatever it charges.
		if fate == Fate::Lost {
			desk.market.failed(operator);
		}
		let outcome = desk.find_out(&payment, nothing(call), fate).await;
		call.note(payment.paid(outcome.clone()));
		if fate == Fate::Lost {
			desk.note_lost(operator, &outcome);
		}
		stop.into()
	}
}

/// Asks once more for a whole answer that was lost, with the very same request.
async fn ask_again(desk: &Receiving, call: &mut Call<'_>, payment: &Payment) -> Option<Whole> {
	let request = call.request;
	// Streams are not kept.
	if request.stream {
		return None;
	}
	let size = payment.begun().open.call.size();
	// If it never came to the node, it is answered only now.
	let is_wanted = !call.reply.is_gone();
	let patience = match is_wanted {
		true => call.deadline.saturating_duration_since(Instant::now()),
		false => desk.recovery,
	};
	let asking = async {
		let (endpoint, voucher) = (&payment.node().endpoint, payment.voucher());
		match desk.api.pay(endpoint, request.task, &request.body, voucher, patience).await {
			Reply::Answer(answer) => Whole::read(answer, size).await.ok(),
			_ => None,
		}
	};
	match is_wanted {
		true => call.unless_stopped(asking).await.ok().flatten(),
		false => timeout_at(later(patience), asking).await.ok().flatten(),
	}
}

/// The answer of which nothing has come. A whole one may be on its way.
fn nothing<'a>(call: &Call<'a>) -> Option<clerk::Answer<'a>> {
	let request = call.request;
	request.stream.then_some(clerk::Answer {
		model: &request.model,
		task: request.task,
		said: &NOTHING,
		whole: false,
	})
}

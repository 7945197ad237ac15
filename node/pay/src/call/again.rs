//! Answers that did not come.
//!
//! A whole answer is charged before it is sent, and its node keeps it for a while: the very same
//! request gets it again, and is charged once. Of a stream, what has come is what is owed.

use openledger_client::{caller::AnswerSize, x402::PaymentResponse};
use openledger_primitives::info::NodeInfo;
use reqwest::Response;
use serde_json::Value;
use tokio::time::Instant;

use super::{
	attempt::{later, Payment},
	Call, Engine, Said, Stop, Verdict,
};
use crate::{
	clerk,
	error::ApiError,
	ledger::Fate,
	node::api::{self, bounded, Known, Sent},
};

/// What has come of a stream that never began.
static NOTHING: Said = Said { signed: String::new(), besides: String::new() };

/// A whole answer.
pub(super) struct Whole {
	/// The node's statement, if it came along.
	pub response: Option<PaymentResponse>,
	/// The answer as it came.
	pub body: Vec<u8>,
	/// The same, read.
	pub value: Value,
}

impl Whole {
	/// Reads an answer of a size.
	pub async fn read(answer: Response, size: AnswerSize) -> Result<Self, String> {
		let response = api::statement_of(&answer);
		let body = bounded(answer, size.written).await?;
		if !size.holds(&body) {
			return Err("it has more in it than an answer can have".into());
		}
		let value =
			serde_json::from_slice(&body).map_err(|error| format!("it is not JSON: {error}"))?;
		Ok(Self { response, body, value })
	}
}

impl Engine {
	/// The answer was lost on its way, and nothing of it has gone out.
	pub(super) async fn lost(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		reason: String,
	) -> Verdict {
		self.failed(node);
		if let Some(whole) = self.ask_again(call, node, payment).await {
			return self.hand_over(call, node, &payment.begun, whole).await;
		}
		// A node that was killed after it wrote the call down is not back at once, and one that a proxy
		// lost patience with is not done yet.
		let (begun, nothing) = (&payment.begun, nothing(call));
		self.note_answer(begun, nothing).await;
		let until = later(self.settings.recovery).min(call.deadline);
		let known = self.ask_until(until, node, &begun.seat).await;
		if matches!(known, Known::Served(_)) {
			if let Some(whole) = self.ask_again(call, node, payment).await {
				return self.hand_over(call, node, begun, whole).await;
			}
		}
		let found = self.account_for(node, begun, known, nothing, Fate::Lost).await;
		self.note_lost(node, &found);
		Verdict::Elsewhere(ApiError::bad_gateway("node_failed", reason))
	}

	/// The call has to end, and nothing of an answer has come.
	pub(super) async fn ended(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		stop: Stop,
	) -> Verdict {
		// The node may have been done just now. Nobody waits for it, but it has kept its word.
		if stop == Stop::Gone {
			if let Some(whole) = self.ask_again(call, node, payment).await {
				return self.hand_over(call, node, &payment.begun, whole).await;
			}
		}
		let fate = match stop {
			Stop::Gone if self.was_in_vain(payment) => Fate::Lost,
			stop => stop.fate(),
		};
		// Whoever makes apps wait for nothing comes after the others, whatever it charges.
		if fate == Fate::Lost {
			self.failed(node);
		}
		let found = self.find_out(node, &payment.begun, nothing(call), fate).await;
		if fate == Fate::Lost {
			self.note_lost(node, &found);
		}
		stop.into_verdict()
	}

	/// Whether an app that has got nothing has waited for so long that the node is to blame.
	pub(super) fn was_in_vain(&self, payment: &Payment) -> bool {
		payment.made.elapsed() >= self.settings.in_vain
	}

	/// Asks once more for a whole answer that was lost, with the very same request.
	async fn ask_again(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
	) -> Option<Whole> {
		let request = call.request;
		// Streams are not kept.
		if request.stream {
			return None;
		}
		let size = payment.begun.open.call.size();
		// If it never came to the node, it is answered only now.
		let is_wanted = !call.line.is_gone();
		let patience = match is_wanted {
			true => call.deadline.saturating_duration_since(Instant::now()),
			false => self.settings.recovery,
		};
		let asking = async {
			let (body, header) = (&request.body, &payment.header);
			match self.api.pay(&node.endpoint, request.task, body, header, patience).await {
				Sent::Answer(answer) => Whole::read(answer, size).await.ok(),
				_ => None,
			}
		};
		match is_wanted {
			true => call.unless_stopped(asking).await.ok().flatten(),
			false => Self::until(later(patience), asking).await.flatten(),
		}
	}
}

/// What is known of an answer of which nothing has come. A whole one may be on its way.
fn nothing<'a>(call: &Call<'a>) -> Option<clerk::Answer<'a>> {
	let request = call.request;
	request.stream.then_some(clerk::Answer {
		model: &request.model,
		task: request.task,
		said: &NOTHING,
		whole: false,
	})
}

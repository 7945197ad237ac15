//! A whole answer.

use axum::{
	body::Body,
	http::{header::CONTENT_TYPE, HeaderValue},
	response::Response as Answer,
};
use openledger_protocol::x402::PaymentResponse;
use reqwest::Response;
use serde_json::Value;

use super::{
	context::Call,
	paid::Outcome,
	prepared::Payment,
	receiving::{headers, Receiving},
	reply::Gone,
	verdict::Verdict,
	Request,
};
use crate::{
	answer_text::AnswerText,
	clerk,
	error::ApiError,
	ledger::Fate,
	node::api::{self, bounded},
	size::AnswerSize,
};

/// A whole answer.
pub(super) struct Whole {
	/// The node's statement, if it came along.
	response: Option<PaymentResponse>,
	/// The answer as it came.
	body: Vec<u8>,
	/// The same, read.
	value: Value,
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

	/// Takes the statement of the answer, and hands the answer to the app.
	pub async fn hand_over(
		self,
		desk: &Receiving,
		call: &mut Call<'_>,
		payment: &Payment,
	) -> Verdict {
		let Self { response, body, value } = self;
		let operator = &payment.node().operator;
		let Request { task, model, .. } = call.request;
		let said = AnswerText::of(*task, &value);
		let answer = |said| clerk::Answer { model, task: *task, said, whole: true };
		let known = said.as_ref().map(answer);
		let is_answer = known.is_some() && AnswerText::is_answer(*task, &value);
		let fate = match (call.reply.is_gone(), is_answer) {
			(true, _) => Fate::Unwanted,
			(false, true) => Fate::Delivered,
			// Whatever that is, it is no answer.
			(false, false) => Fate::Lost,
		};
		let outcome = match response {
			Some(response) => desk.take(payment, response, known, fate).await,
			None => desk.find_out(payment, known, fate).await,
		};
		call.note(payment.paid(outcome.clone()));
		// Who was caught cheating about the price may have cheated about the answer.
		if let Outcome::False(reason) = outcome {
			return Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", reason));
		}
		match fate {
			Fate::Delivered => desk.market.note(operator, |health, _| health.succeeded()),
			Fate::Lost => {
				desk.market.failed(operator);
				desk.note_lost(operator, &outcome);
				let reason = "what it answers is no answer";
				return Verdict::Elsewhere(ApiError::bad_gateway("node_failed", reason));
			}
			// An answer that comes when nobody is there any more is none to be praised for.
			Fate::Unwanted => {}
		}
		// Whoever answers for free may. It is not the node that has to be asked again.
		let charge = outcome.charge();
		desk.log(call, payment, charge);
		let mut reply = Answer::new(Body::from(body));
		let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
		reply.headers_mut().extend([json]);
		reply.headers_mut().extend(headers(payment.slot(), charge));
		match call.reply.answer(Ok(reply)) {
			Ok(()) => Verdict::Delivered,
			Err(Gone) => Verdict::Gone,
		}
	}
}

//! A whole answer.

use axum::{
	body::Body,
	http::{header::CONTENT_TYPE, HeaderValue},
	response::Response as AppResponse,
};
use openledger_payer_ledger::Fate;
use openledger_protocol::x402::PaymentResponse;
use reqwest::Response;
use serde_json::Value;

use super::{
	context::Call,
	paid::Outcome,
	receiving::{headers, Receiving},
	reply::Gone,
	request::Request,
	verdict::{elsewhere, Verdict},
};
use crate::{
	answer_text::AnswerText,
	clerk::Answer,
	error::PayerCode,
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
	pub async fn hand_over(self, receiving: Receiving<'_>, call: &mut Call<'_>) -> Verdict {
		let Self { response, body, value } = self;
		let Receiving { parts, payment } = receiving;
		let operator = &payment.node.operator;
		let Request { task, model, .. } = call.request;
		let said = AnswerText::of(*task, &value);
		let answer = |said| Answer { model, task: *task, said, whole: true };
		let known = said.as_ref().map(answer);
		let is_answer = known.is_some() && AnswerText::is_answer(*task, &value);
		let fate = match (call.reply.is_gone(), is_answer) {
			(true, _) => Fate::Unwanted,
			(false, true) => Fate::Delivered,
			// Whatever that is, it is no answer.
			(false, false) => Fate::Lost,
		};
		let outcome = receiving.conclude(call, response, known, fate).await;
		let charge = outcome.charge();
		// Who was caught cheating about the price may have cheated about the answer.
		if let Outcome::False(reason) = outcome {
			return elsewhere(PayerCode::NodeMisbehaves, reason);
		}
		match fate {
			Fate::Delivered => parts.market.note(operator, |health, _| health.succeeded()),
			Fate::Lost => {
				parts.market.failed(operator);
				return elsewhere(PayerCode::NodeFailed, "what it answers is no answer");
			}
			// An answer that comes when nobody is there any more is none to be praised for.
			Fate::Unwanted => {}
		}
		// Whoever answers for free may. It is not the node that has to be asked again.
		receiving.log(call, charge);
		let mut reply = AppResponse::new(Body::from(body));
		let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
		reply.headers_mut().extend([json]);
		reply.headers_mut().extend(headers(&payment.reserved.slot, charge));
		match call.reply.answer(Ok(reply)) {
			Ok(()) => Verdict::Delivered,
			Err(Gone) => Verdict::Gone,
		}
	}
}

//! A whole answer at once.

use axum::{
	http::{header::CONTENT_TYPE, HeaderName, HeaderValue},
	response::{IntoResponse, Response},
};
use openledger_client::x402::{self, PaymentResponse};
use serde::Serialize;
use tracing::error;

use super::{
	chat::{Call, Reply, Stop},
	metering,
	refused::Refused,
	task::Writer,
};
use crate::{
	backend::Generation,
	openai::ApiError,
	payment::{Delivered, Reserved},
	store::MAX_KEPT,
};

/// Waits for the answer, charges it, and hands it out. If the caller goes away before it is
/// charged, it is not.
pub(super) async fn answer(
	call: Call,
	reserved: Reserved,
	generation: Generation,
	mut reply: Reply,
) {
	let collected = tokio::select! {
		biased;
		() = reply.closed() => Err(Stop::Gone),
		stop = call.interrupted() => Err(stop),
		completion = generation.collect() => completion.map_err(Stop::Failed),
	};
	let completion = match collected {
		Ok(completion) => completion,
		Err(stop) => return call.give_up(reserved, stop, Some(reply)).await,
	};
	call.note_first_token();
	let id = reserved.id();
	let text = completion.signed_text();
	let delivered = Delivered {
		text: &text,
		input_tokens: completion.finished.input_tokens,
		output_tokens: completion.finished.output_tokens,
	};
	let body = json(&Writer::whole(call.task, id, &call.model, completion));
	let served = match reserved.deliver(delivered, to_keep(&body), &call.app.receipt_key).await {
		Ok(served) => served,
		Err(error) => {
			error!(call = %id, %error, "an answer could not be recorded, and is not handed out");
			let _ = reply.send(Err(Refused::from(error)));
			return;
		}
	};
	metering::served(&call, &served);
	let _ = reply.send(Ok(response(body, &served.response())));
}

/// The body of an answer. What is answered here always serialises.
pub(super) fn json(answer: &impl Serialize) -> Vec<u8> {
	serde_json::to_vec(answer).unwrap_or_else(|error| {
		error!(%error, "an answer could not be written");
		Vec::new()
	})
}

/// What is kept of a body, for a caller whom it does not reach.
pub(super) fn to_keep(body: &[u8]) -> Option<Vec<u8>> {
	(body.len() <= MAX_KEPT).then(|| body.to_vec())
}

/// A whole answer with its statement.
pub(super) fn response(body: Vec<u8>, payment: &PaymentResponse) -> Response {
	match HeaderValue::from_str(&x402::encode(payment)) {
		Ok(header) => {
			let kind = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
			let receipt = (HeaderName::from_static(x402::PAYMENT_RESPONSE), header);
			([kind, receipt], body).into_response()
		}
		// Base64 always is a header value.
		Err(_) => ApiError::internal().into_response(),
	}
}

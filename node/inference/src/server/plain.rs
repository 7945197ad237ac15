//! A whole answer at once.

use axum::{
	http::HeaderValue,
	response::{IntoResponse, Response},
	Json,
};
use openledger_client::x402::{self, PaymentResponse};
use tracing::error;

use super::{
	chat::{Call, Reply, Stop},
	metering,
	refused::Refused,
};
use crate::{
	backend::Generation,
	clock,
	openai::{ApiError, ChatCompletion},
	payment::{Delivered, Reserved},
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
	let delivered = Delivered {
		text: &completion.text,
		input_tokens: completion.finished.input_tokens,
		output_tokens: completion.finished.output_tokens,
	};
	let served = match reserved.deliver(delivered, &call.app.receipt_key).await {
		Ok(served) => served,
		Err(error) => {
			error!(call = %id, %error, "an answer could not be recorded, and is not handed out");
			let _ = reply.send(Err(Refused::from(error)));
			return;
		}
	};
	metering::served(&call, &served);
	let body = ChatCompletion::new(
		metering::completion_id(id),
		clock::unix_seconds(),
		call.model.clone(),
		completion.text,
		&completion.finished,
	);
	let _ = reply.send(Ok(response(&body, &served.response())));
}

fn response(body: &ChatCompletion, payment: &PaymentResponse) -> Response {
	match HeaderValue::from_str(&x402::encode(payment)) {
		Ok(header) => ([(x402::PAYMENT_RESPONSE, header)], Json(body)).into_response(),
		// Base64 always is a header value.
		Err(_) => ApiError::internal().into_response(),
	}
}

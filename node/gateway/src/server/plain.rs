//! A whole answer at once.

use std::future::Future;

use axum::{
	http::{header::CONTENT_TYPE, HeaderName, HeaderValue},
	response::{IntoResponse, Response},
};
use openledger_books::MAX_KEPT;
use openledger_models::BackendError;
use openledger_protocol::{
	x402::{self, PaymentResponse},
	ApiError,
};
use serde::Serialize;
use tracing::error;

use super::{
	call::{Call, Reply, Stop},
	refused::Refused,
};
use crate::payment::{Delivered, Reserved};

/// An answer that was made, and what is charged for it.
pub(super) struct WholeAnswer {
	/// The text that is hashed of it.
	pub signed_text: String,
	/// Input tokens to charge.
	pub input_tokens: u32,
	/// Output tokens to charge.
	pub output_tokens: u32,
	/// All of it, in JSON.
	pub body: Vec<u8>,
}

/// Waits for the answer, charges it, and hands it out. If the caller goes away before it is
/// charged, it is not.
pub(super) async fn answer(
	call: &Call,
	reserved: Reserved,
	making: impl Future<Output = Result<WholeAnswer, BackendError>>,
	mut reply: Reply,
) {
	let made = tokio::select! {
		biased;
		() = reply.closed() => Err(Stop::Gone),
		stop = call.interrupted() => Err(stop),
		made = making => made.map_err(Stop::Failed),
	};
	let WholeAnswer { signed_text, input_tokens, output_tokens, body } = match made {
		Ok(made) => made,
		Err(stop) => return call.give_up(reserved, stop, Some(reply)).await,
	};
	let id = reserved.id();
	let delivered = Delivered { text: signed_text, input_tokens, output_tokens };
	let kept = (body.len() <= MAX_KEPT).then(|| body.clone());
	let served = match reserved.deliver(delivered, kept, &call.app.receipt_key).await {
		Ok(served) => served,
		Err(error) => {
			error!(call = %id, %error, "an answer could not be charged, and is not handed out");
			let _ = reply.send(Err(Refused::from(error)));
			return;
		}
	};
	call.note_served(&served);
	let _ = reply.send(Ok(response(body, &served.response())));
}

/// The body of an answer. What is answered here always serialises.
pub(super) fn json(answer: &impl Serialize) -> Vec<u8> {
	serde_json::to_vec(answer).unwrap_or_else(|error| {
		error!(%error, "an answer could not be written");
		Vec::new()
	})
}

/// A whole answer with its statement.
pub(super) fn response(body: Vec<u8>, payment: &PaymentResponse) -> Response {
	match HeaderValue::from_str(&x402::encode(payment)) {
		Ok(header) => {
			let kind = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
			let statement = (HeaderName::from_static(x402::PAYMENT_RESPONSE), header);
			([kind, statement], body).into_response()
		}
		// Base64 always is a header value.
		Err(_) => ApiError::internal().into_response(),
	}
}

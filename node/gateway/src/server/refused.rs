//! How a caller is told that a request was not served.

use std::time::Duration;

use axum::{
	http::{header::RETRY_AFTER, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use openledger_books::{CallId, StoreError};
use openledger_protocol::{
	api_error::{INVALID_REQUEST, PAYMENT},
	x402::{self, PaymentRequired},
	ApiError, RefusalCode, Task,
};
use openledger_settlement::view::ChainUnavailable;
use serde_json::{json, Value};

use crate::payment::Refusal;

/// An error answer: OpenAI's body, and with it, where it is about payment, what to pay
/// (`PAYMENT-REQUIRED`) and what the caller has to correct (`openledger` in the body).
#[derive(Debug)]
pub(super) struct Refused {
	error: Box<ApiError>,
	payment: Option<Box<PaymentRequired>>,
	details: Option<Value>,
}

impl Refused {
	/// A refused voucher, together with what would be taken instead.
	pub(super) fn payment(refusal: &Refusal, payment: Option<PaymentRequired>) -> Self {
		let status = refusal.status();
		let error = match status {
			StatusCode::SERVICE_UNAVAILABLE => {
				ApiError::unavailable(refusal.code(), refusal.to_string())
			}
			StatusCode::PAYMENT_REQUIRED => ApiError::payment(refusal.code(), refusal.to_string()),
			_ => ApiError::new(status, PAYMENT, refusal.code(), None, refusal.to_string()),
		};
		let retry_after = refusal.retry_after().or(error.retry_after);
		let error = Box::new(ApiError { retry_after, ..error });
		Self { error, payment: payment.map(Box::new), details: refusal.details().map(Value::from) }
	}

	/// A request without a voucher.
	pub(super) fn unpaid(payment: PaymentRequired) -> Self {
		let message = "this call must be paid for: see the header PAYMENT-REQUIRED";
		let error = ApiError::payment(RefusalCode::PaymentRequired, message);
		Self { error: Box::new(error), payment: Some(Box::new(payment)), details: None }
	}

	/// A request that is refused with this status.
	pub(super) fn invalid(status: StatusCode, code: RefusalCode, message: String) -> Self {
		ApiError::new(status, INVALID_REQUEST, code, None, message).into()
	}

	/// 404: what is asked for is not there.
	pub(super) fn missing(code: RefusalCode, message: String) -> Self {
		Self::invalid(StatusCode::NOT_FOUND, code, message)
	}

	/// 409: a call that is still being served.
	pub(super) fn in_progress(message: String) -> Self {
		Self::invalid(StatusCode::CONFLICT, RefusalCode::CallInProgress, message)
	}

	/// 409: a call that was settled so long ago that its record is not kept. Not that it is unknown:
	/// that would mean that it costs nothing.
	pub(super) fn removed(id: CallId) -> Self {
		let message = format!("call {id} was settled long ago; its record is not kept any more");
		Self::invalid(StatusCode::CONFLICT, RefusalCode::RecordRemoved, message)
	}

	/// The same, with when to ask again.
	pub(super) fn retry_after(mut self, after: Duration) -> Self {
		self.error.retry_after = Some(after);
		self
	}

	/// The code of the refusal.
	pub(super) fn code(&self) -> &str {
		self.error.body.error.code.as_deref().unwrap_or_default()
	}
}

impl From<ApiError> for Refused {
	fn from(error: ApiError) -> Self {
		Self { error: Box::new(error), payment: None, details: None }
	}
}

impl From<ChainUnavailable> for Refused {
	fn from(error: ChainUnavailable) -> Self {
		Self::payment(&Refusal::Chain(error), None)
	}
}

impl From<StoreError> for Refused {
	fn from(error: StoreError) -> Self {
		tracing::error!(%error, "the store failed");
		Self::payment(&Refusal::Store(error), None)
	}
}

impl IntoResponse for Refused {
	fn into_response(self) -> Response {
		let Self { error, payment, details } = self;
		let mut body = json!({ "error": error.body.error });
		if let (Some(details), Some(object)) = (details, body.as_object_mut()) {
			object.insert("openledger".into(), details);
		}
		let mut response = (error.status, Json(body)).into_response();
		let headers = response.headers_mut();
		if let Some(after) = error.retry_after {
			headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
		}
		let payment = payment.map(|payment| HeaderValue::from_str(&x402::encode(&*payment)));
		if let Some(Ok(payment)) = payment {
			headers.insert(x402::PAYMENT_REQUIRED, payment);
		}
		response
	}
}

/// An error about the input of a call, with the input's name in such calls.
pub(super) fn for_task(task: Task, mut error: ApiError) -> ApiError {
	let detail = &mut error.body.error;
	if detail.param.as_deref() == Some("messages") {
		let name = match task {
			Task::Chat => "messages",
			Task::Text => "prompt",
			Task::Embeddings => "input",
		};
		detail.param = Some(name.to_owned());
	}
	error
}

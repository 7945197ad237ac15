//! The answer to a request that was not served.

use axum::{
	http::{header::RETRY_AFTER, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use openledger_books::{CallId, CallStatus, StoreError};
use openledger_primitives::SessionId;
use openledger_protocol::{
	api_error::INVALID_REQUEST,
	x402::{self, PaymentRequired},
	ApiError, ErrorBody, RefusalCode, Task,
};
use openledger_settlement::view::ChainUnavailable;
use serde_json::{json, Value};

use crate::payment::{DeliverError, HashError, Refusal};

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
		let retry_after = refusal.retry_after();
		let error = ApiError::new(refusal.code(), refusal.to_string());
		let error = Box::new(ApiError { retry_after, ..error });
		Self { error, payment: payment.map(Box::new), details: refusal.details().map(Value::from) }
	}

	/// A request without a voucher.
	pub(super) fn unpaid(payment: PaymentRequired) -> Self {
		let message = "this call must be paid for: see the header PAYMENT-REQUIRED";
		let error = ApiError::new(RefusalCode::PaymentRequired, message);
		Self { error: Box::new(error), payment: Some(Box::new(payment)), details: None }
	}

	/// A code of vouchers, where none was presented: with this status, as an error of the request.
	pub(super) fn asked(status: StatusCode, code: RefusalCode, message: impl Into<String>) -> Self {
		let body = ErrorBody::new(INVALID_REQUEST, code.as_str(), None, message);
		ApiError { status, body, retry_after: None }.into()
	}

	/// 404: this node has no such session.
	pub(super) fn no_session(session: SessionId) -> Self {
		let message = format!("this node has no session {session}");
		Self::asked(StatusCode::NOT_FOUND, RefusalCode::SessionUnknown, message)
	}

	/// A call that is not served: it was not charged, or is not done yet.
	pub(super) fn not_served(id: CallId, status: CallStatus) -> Self {
		let error = match status {
			CallStatus::NotCharged(why) => {
				let message = format!("call {id} was not charged: {}", why.code());
				ApiError::new(RefusalCode::NotCharged, message)
			}
			_ => {
				let message = format!("call {id} is still being served");
				ApiError::new(RefusalCode::CallInProgress, message)
			}
		};
		error.into()
	}

	/// A call that was settled so long ago that its record is not kept. Not that it is unknown: that
	/// would mean that it costs nothing.
	pub(super) fn removed(id: CallId) -> Self {
		let message = format!("call {id} was settled long ago; its record is not kept any more");
		ApiError::new(RefusalCode::RecordRemoved, message).into()
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

impl From<DeliverError> for Refused {
	fn from(error: DeliverError) -> Self {
		match error {
			DeliverError::Store(error) => error.into(),
			DeliverError::Hash(error) => ApiError::from(error).into(),
		}
	}
}

impl From<HashError> for ApiError {
	fn from(error: HashError) -> Self {
		match error {
			HashError::Answer(error) => {
				let message = format!("{error}; nothing was charged: ask for less");
				Self::new(RefusalCode::InternalError, message)
			}
			HashError::Broken => Self::internal(),
		}
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

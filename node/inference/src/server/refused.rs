//! How a caller is told that a request was not served.

use axum::{
	http::{header::RETRY_AFTER, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use openledger_client::x402::{self, PaymentRequired};
use serde_json::{json, Value};

use crate::{
	openai::ApiError,
	payment::{ChainUnavailable, Refusal},
	store::StoreError,
};

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
			_ => ApiError::new(status, "payment_error", refusal.code(), None, refusal.to_string()),
		};
		let retry_after = refusal.retry_after().or(error.retry_after);
		let error = Box::new(ApiError { retry_after, ..error });
		Self { error, payment: payment.map(Box::new), details: refusal.details() }
	}

	/// A request without a voucher.
	pub(super) fn unpaid(payment: PaymentRequired) -> Self {
		let message = "this call must be paid for: see the header PAYMENT-REQUIRED";
		let error = ApiError::payment("payment_required", message);
		Self { error: Box::new(error), payment: Some(Box::new(payment)), details: None }
	}

	/// Its code.
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

//! Errors in OpenAI's shape.

use std::{fmt, time::Duration};

use axum_core::response::{IntoResponse, Response};
pub use http::StatusCode;
use http::{
	header::{CONTENT_TYPE, RETRY_AFTER},
	HeaderValue,
};
use serde::{Deserialize, Serialize};

use crate::refusal::{RefusalCode, Topic};

/// The family of errors that a request has to be changed for.
pub const INVALID_REQUEST: &str = "invalid_request_error";
/// The family of errors that are about how a call is paid.
pub const PAYMENT: &str = "payment_error";
/// The family of errors that go away when less is asked at once.
pub const RATE_LIMIT: &str = "rate_limit_error";
/// The family of errors that whoever asks can do nothing about.
pub const SERVER: &str = "server_error";
/// The family of errors, and their code, that go away when money is there.
const QUOTA: &str = "insufficient_quota";

/// The header by which OpenAI's clients are told whether it is worth trying again.
const SHOULD_RETRY: &str = "x-should-retry";

/// The JSON body of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
	/// The error itself; there is nothing beside it.
	pub error: ErrorDetail,
}

/// An error, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
	/// For people.
	pub message: String,
	/// The family of errors: [`INVALID_REQUEST`], [`PAYMENT`], [`RATE_LIMIT`], [`SERVER`], or one that
	/// only OpenAI has.
	#[serde(rename = "type")]
	pub kind: String,
	/// The part of the request that is wrong, as a path such as `messages[1].role`.
	pub param: Option<String>,
	/// For programs.
	pub code: Option<String>,
}

/// An HTTP answer that says what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
	/// The HTTP status.
	pub status: StatusCode,
	/// The body.
	pub body: ErrorBody,
	/// The time after which it is worth trying again, for the `Retry-After` header.
	pub retry_after: Option<Duration>,
}

impl ErrorBody {
	/// An error of a family, with its code and the part of the request that is wrong.
	pub fn new(
		kind: impl Into<String>,
		code: impl Into<String>,
		param: Option<String>,
		message: impl Into<String>,
	) -> Self {
		let (kind, code, message) = (kind.into(), Some(code.into()), message.into());
		Self { error: ErrorDetail { message, kind, param, code } }
	}
}

impl ApiError {
	/// The error of a code, with the code's status and the family that it belongs to.
	pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
		let status = code.status();
		let kind = match (status, code.topic()) {
			(StatusCode::TOO_MANY_REQUESTS, _) => RATE_LIMIT,
			_ if status.is_server_error() => SERVER,
			(StatusCode::PAYMENT_REQUIRED, _) | (_, Topic::Voucher) => PAYMENT,
			_ => INVALID_REQUEST,
		};
		let body = ErrorBody::new(kind, code.as_str(), None, message);
		Self { status, body, retry_after: None }
	}

	/// A part of the request is wrong.
	pub fn invalid(param: &str, code: RefusalCode, message: impl Into<String>) -> Self {
		let mut error = Self::new(code, message);
		error.body.error.param = Some(param.to_owned());
		error
	}

	/// The body is no JSON.
	pub fn malformed_json(error: &serde_json::Error) -> Self {
		Self::new(RefusalCode::MalformedJson, format!("the body is not valid JSON: {error}"))
	}

	/// Something that has to be there is not.
	pub fn missing(param: &str) -> Self {
		let message = format!("`{param}` is required");
		Self::invalid(param, RefusalCode::MissingRequiredParameter, message)
	}

	/// A parameter would change the answer, and the model does not know it.
	pub fn unsupported(param: &str) -> Self {
		let message = format!("this model does not support `{param}`");
		Self::invalid(param, RefusalCode::UnsupportedParameter, message)
	}

	/// No such model here.
	pub fn unknown_model(model: &str) -> Self {
		let message = format!("the model `{model}` does not exist, or this node does not serve it");
		Self::invalid("model", RefusalCode::ModelNotFound, message)
	}

	/// Too much at once.
	pub fn overloaded(retry_after: Duration, message: impl Into<String>) -> Self {
		let retry_after = Some(retry_after);
		Self { retry_after, ..Self::new(RefusalCode::Overloaded, message) }
	}

	/// No money is left, as OpenAI says it.
	pub fn no_quota(message: impl Into<String>) -> Self {
		let body = ErrorBody::new(QUOTA, QUOTA, None, message);
		Self { status: StatusCode::TOO_MANY_REQUESTS, body, retry_after: None }
	}

	/// Something failed inside this node. The details belong into its log, not here.
	pub fn internal() -> Self {
		Self::new(RefusalCode::InternalError, "this node failed to answer")
	}

	/// Its code, for programs.
	pub fn code(&self) -> &str {
		self.body.error.code.as_deref().unwrap_or_default()
	}

	/// Its message, for people.
	pub fn message(&self) -> &str {
		&self.body.error.message
	}
}

impl fmt::Display for ApiError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}: {}", self.status.as_u16(), self.body.error.message)
	}
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		// What is written here are strings, which JSON can always hold.
		let body = serde_json::to_vec(&self.body).unwrap_or_default();
		let kind = HeaderValue::from_static("application/json");
		let mut response = (self.status, [(CONTENT_TYPE, kind)], body).into_response();
		if let Some(after) = self.retry_after {
			let seconds = HeaderValue::from(after.as_secs().max(1));
			response.headers_mut().insert(RETRY_AFTER, seconds);
		}
		if self.code() == QUOTA {
			response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
		}
		response
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn has_the_shape_that_clients_know() {
		let error = ApiError::unknown_model("gpt-9");
		assert_eq!(
			serde_json::to_value(&error.body).expect("it serialises"),
			serde_json::json!({ "error": {
                "message": "the model `gpt-9` does not exist, or this node does not serve it",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
            } })
		);
		let text = r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#;
		assert_eq!(serde_json::to_string(&ErrorBody::new("t", "c", None, "m")).unwrap(), text);
	}

	#[test]
	fn overload_tells_when_to_come_back() {
		let response = ApiError::overloaded(Duration::from_secs(7), "busy").into_response();
		assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(response.headers().get(RETRY_AFTER), Some(&HeaderValue::from(7)));
		assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
		assert!(!response.headers().contains_key(SHOULD_RETRY));
	}

	#[test]
	fn what_lacks_money_is_not_tried_again() {
		let response = ApiError::no_quota("nothing left").into_response();
		assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(response.headers()[SHOULD_RETRY], "false");
	}
}

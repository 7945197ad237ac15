//! Errors in OpenAI's shape.

use std::{fmt, time::Duration};

use axum_core::response::{IntoResponse, Response};
pub use http::StatusCode;
use http::{
	header::{CONTENT_TYPE, RETRY_AFTER},
	HeaderValue,
};
use serde::{Deserialize, Serialize};

use crate::refusal::RefusalCode;

/// The family of errors that a request has to be changed for.
pub const INVALID_REQUEST: &str = "invalid_request_error";
/// The family of errors that are about how a call is paid.
pub const PAYMENT: &str = "payment_error";
/// The family of errors that go away when less is asked at once.
pub const RATE_LIMIT: &str = "rate_limit_error";
/// The family of errors that whoever asks can do nothing about.
pub const SERVER: &str = "server_error";

/// The JSON body of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
	/// The error itself; there is nothing beside it.
	pub error: ErrorDetail,
}

/// What went wrong, for people and for programs.
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
	/// When it is worth trying again, for the `Retry-After` header.
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
	/// Any error. The constructors below are for those that have a name.
	pub fn new(
		status: StatusCode,
		kind: &str,
		code: RefusalCode,
		param: Option<&str>,
		message: impl Into<String>,
	) -> Self {
		let body = ErrorBody::new(kind, code.as_str(), param.map(str::to_owned), message);
		Self { status, body, retry_after: None }
	}

	/// 400: a part of the request is wrong.
	pub fn invalid(param: &str, code: RefusalCode, message: impl Into<String>) -> Self {
		Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, code, Some(param), message)
	}

	/// 400: the body is no JSON.
	pub fn malformed_json(error: &serde_json::Error) -> Self {
		let message = format!("the body is not valid JSON: {error}");
		Self::new(
			StatusCode::BAD_REQUEST,
			INVALID_REQUEST,
			RefusalCode::MalformedJson,
			None,
			message,
		)
	}

	/// 400: something that has to be there is not.
	pub fn missing(param: &str) -> Self {
		Self::invalid(
			param,
			RefusalCode::MissingRequiredParameter,
			format!("`{param}` is required"),
		)
	}

	/// 400: a parameter that would change the answer, and that the model does not know.
	pub fn unsupported(param: &str) -> Self {
		let message = format!("this model does not support `{param}`");
		Self::invalid(param, RefusalCode::UnsupportedParameter, message)
	}

	/// 404: no such model here.
	pub fn unknown_model(model: &str) -> Self {
		Self::new(
			StatusCode::NOT_FOUND,
			INVALID_REQUEST,
			RefusalCode::ModelNotFound,
			Some("model"),
			format!("the model `{model}` does not exist, or this node does not serve it"),
		)
	}

	/// 413: the body is larger than this node takes.
	pub fn body_too_large(limit: usize) -> Self {
		let message = format!("the body is larger than {limit} bytes");
		Self::new(
			StatusCode::PAYLOAD_TOO_LARGE,
			INVALID_REQUEST,
			RefusalCode::RequestTooLarge,
			None,
			message,
		)
	}

	/// 431: the headers are larger than this node takes.
	pub fn headers_too_large(limit: usize) -> Self {
		let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
		let message = format!("the headers are larger than {limit} bytes");
		Self::new(status, INVALID_REQUEST, RefusalCode::HeadersTooLarge, None, message)
	}

	/// 408: the request did not come in time.
	pub fn too_slow() -> Self {
		let message = "the request did not arrive in time";
		Self::new(
			StatusCode::REQUEST_TIMEOUT,
			INVALID_REQUEST,
			RefusalCode::RequestTimeout,
			None,
			message,
		)
	}

	/// 402: the call is not paid for, or not rightly.
	pub fn payment(code: RefusalCode, message: impl Into<String>) -> Self {
		Self::new(StatusCode::PAYMENT_REQUIRED, PAYMENT, code, None, message)
	}

	/// 429: too much at once.
	pub fn overloaded(retry_after: Duration, message: impl Into<String>) -> Self {
		let status = StatusCode::TOO_MANY_REQUESTS;
		let error = Self::new(status, RATE_LIMIT, RefusalCode::Overloaded, None, message);
		Self { retry_after: Some(retry_after), ..error }
	}

	/// 500: something failed inside this node. The details belong into its log, not here.
	pub fn internal() -> Self {
		let message = "this node failed to answer";
		Self::new(
			StatusCode::INTERNAL_SERVER_ERROR,
			SERVER,
			RefusalCode::InternalError,
			None,
			message,
		)
	}

	/// 503: not now.
	pub fn unavailable(code: RefusalCode, message: impl Into<String>) -> Self {
		Self::new(StatusCode::SERVICE_UNAVAILABLE, SERVER, code, None, message)
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
	}
}

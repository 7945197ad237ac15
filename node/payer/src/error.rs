//! Errors in OpenAI's shape.

use std::{fmt, time::Duration};

use axum::{
	http::{header::RETRY_AFTER, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use openledger_protocol::{
	api_error::{INVALID_REQUEST, RATE_LIMIT, SERVER},
	ErrorBody, RefusalCode,
};
use serde_json::Value;

/// The header by which OpenAI's clients are told whether it is worth trying again.
const SHOULD_RETRY: &str = "x-should-retry";

/// An HTTP answer that says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
	/// The HTTP status.
	pub status: StatusCode,
	/// The family of errors.
	pub kind: String,
	/// For programs.
	pub code: String,
	/// The part of the request that is wrong.
	pub param: Option<String>,
	/// For people.
	pub message: String,
	/// When it is worth trying again.
	pub retry_after: Option<Duration>,
}

/// The codes that numbers are kept by.
const KNOWN: [&str; 18] = [
	"answer_too_long",
	"chain_unavailable",
	"context_length_exceeded",
	"internal_error",
	"invalid_signature",
	"model_not_found",
	"model_paused",
	"model_retired",
	"node_failed",
	"node_misbehaves",
	"node_unreachable",
	"overloaded",
	"rate_limit_exceeded",
	"session_not_funded",
	"shutting_down",
	"unsupported_endpoint",
	"unsupported_parameter",
	"unsupported_value",
];

impl ApiError {
	/// Any error. The constructors below are for those that have a name.
	pub fn new(status: StatusCode, kind: &str, code: &str, message: impl Into<String>) -> Self {
		Self {
			status,
			kind: kind.to_owned(),
			code: code.to_owned(),
			param: None,
			message: message.into(),
			retry_after: None,
		}
	}

	/// The request is wrong.
	pub fn invalid(
		status: StatusCode,
		param: Option<&str>,
		code: &str,
		message: impl Into<String>,
	) -> Self {
		let error = Self::new(status, INVALID_REQUEST, code, message);
		Self { param: param.map(str::to_owned), ..error }
	}

	/// 404: no such model.
	pub fn unknown_model(model: &str) -> Self {
		let message = format!(
			"no node of the network serves a model `{model}`; GET /v1/models lists those that are \
			 served"
		);
		let code = RefusalCode::ModelNotFound.as_str();
		Self::invalid(StatusCode::NOT_FOUND, Some("model"), code, message)
	}

	/// 413: the body is larger than is taken.
	pub fn too_large(limit: usize) -> Self {
		let message = format!("the body is larger than {limit} bytes");
		let code = RefusalCode::RequestTooLarge.as_str();
		Self::invalid(StatusCode::PAYLOAD_TOO_LARGE, None, code, message)
	}

	/// 429: too much at once.
	pub fn overloaded(retry_after: Duration, message: impl Into<String>) -> Self {
		let status = StatusCode::TOO_MANY_REQUESTS;
		let error = Self::new(status, RATE_LIMIT, RefusalCode::Overloaded.as_str(), message);
		Self { retry_after: Some(retry_after), ..error }
	}

	/// 429, as OpenAI has it where no money is left.
	pub fn no_quota(message: impl Into<String>) -> Self {
		Self::new(
			StatusCode::TOO_MANY_REQUESTS,
			"insufficient_quota",
			"insufficient_quota",
			message,
		)
	}

	/// 502: the nodes failed.
	pub fn bad_gateway(code: &str, message: impl Into<String>) -> Self {
		Self::new(StatusCode::BAD_GATEWAY, SERVER, code, message)
	}

	/// 503: not now.
	pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
		Self::new(StatusCode::SERVICE_UNAVAILABLE, SERVER, code, message)
	}

	/// 504: it took too long.
	pub fn timeout(message: impl Into<String>) -> Self {
		Self::new(StatusCode::GATEWAY_TIMEOUT, SERVER, RefusalCode::Timeout.as_str(), message)
	}

	/// Its code where numbers are kept: one of a few, whatever a node may say.
	pub fn label(&self) -> &'static str {
		KNOWN.iter().find(|known| **known == self.code).copied().unwrap_or("other")
	}

	/// The body.
	pub fn body(&self) -> Value {
		let Self { kind, code, param, message, .. } = self.clone();
		// What is written here are strings, which JSON can always hold.
		serde_json::to_value(ErrorBody::new(kind, code, param, message)).unwrap_or_default()
	}
}

impl fmt::Display for ApiError {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{} {}: {}", self.status.as_u16(), self.code, self.message)
	}
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		let mut response = (self.status, Json(self.body())).into_response();
		let headers = response.headers_mut();
		if let Some(after) = self.retry_after {
			headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
		}
		if self.code == "insufficient_quota" {
			headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
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
		let body = error.body();
		let field = |name: &str| body["error"][name].as_str().unwrap().to_owned();
		assert_eq!(field("type"), "invalid_request_error");
		assert_eq!((field("param"), field("code")), ("model".into(), "model_not_found".into()));
		assert!(field("message").contains("`gpt-9`"));
	}

	#[test]
	fn an_empty_purse_is_not_tried_again() {
		let response = ApiError::no_quota("nothing left").into_response();
		assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(response.headers()[SHOULD_RETRY], "false");
		let response = ApiError::overloaded(Duration::from_millis(5), "busy").into_response();
		assert_eq!(response.headers()[RETRY_AFTER], "1");
		assert!(!response.headers().contains_key(SHOULD_RETRY));
	}

	#[test]
	fn nodes_do_not_choose_labels() {
		assert_eq!(ApiError::bad_gateway("node_failed", "").label(), "node_failed");
		assert_eq!(ApiError::bad_gateway("a4f1", "").label(), "other");
		assert!(KNOWN.is_sorted());
	}
}

//! Errors in OpenAI's shape.

use std::{fmt, time::Duration};

use axum::{
	http::{header::RETRY_AFTER, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use serde::{Deserialize, Serialize};

use crate::backend::BackendError;

const INVALID_REQUEST: &str = "invalid_request_error";
const PAYMENT: &str = "payment_error";
const RATE_LIMIT: &str = "rate_limit_error";
const SERVER: &str = "server_error";

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
	/// The family of errors: `invalid_request_error`, `payment_error`, `rate_limit_error` or
	/// `server_error`.
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

impl ApiError {
	/// Any error. The constructors below are for those that have a name.
	pub fn new(
		status: StatusCode,
		kind: &str,
		code: &str,
		param: Option<&str>,
		message: impl Into<String>,
	) -> Self {
		let error = ErrorDetail {
			message: message.into(),
			kind: kind.to_owned(),
			param: param.map(str::to_owned),
			code: Some(code.to_owned()),
		};
		Self { status, body: ErrorBody { error }, retry_after: None }
	}

	/// 400: a part of the request is wrong.
	pub fn invalid(param: &str, code: &str, message: impl Into<String>) -> Self {
		Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, code, Some(param), message)
	}

	/// 400: the body is no JSON.
	pub fn malformed_json(error: &serde_json::Error) -> Self {
		let message = format!("the body is not valid JSON: {error}");
		Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, "malformed_json", None, message)
	}

	/// 400: something that has to be there is not.
	pub fn missing(param: &str) -> Self {
		Self::invalid(param, "missing_required_parameter", format!("`{param}` is required"))
	}

	/// 400: a parameter that would change the answer, and that the model does not know.
	pub fn unsupported(param: &str) -> Self {
		let message = format!("this model does not support `{param}`");
		Self::invalid(param, "unsupported_parameter", message)
	}

	/// 404: no such model here.
	pub fn unknown_model(model: &str) -> Self {
		Self::new(
			StatusCode::NOT_FOUND,
			INVALID_REQUEST,
			"model_not_found",
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
			"request_too_large",
			None,
			message,
		)
	}

	/// 431: the headers are larger than this node takes.
	pub fn headers_too_large(limit: usize) -> Self {
		let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
		let message = format!("the headers are larger than {limit} bytes");
		Self::new(status, INVALID_REQUEST, "headers_too_large", None, message)
	}

	/// 408: the request did not come in time.
	pub fn too_slow() -> Self {
		let message = "the request did not arrive in time";
		Self::new(StatusCode::REQUEST_TIMEOUT, INVALID_REQUEST, "request_timeout", None, message)
	}

	/// 402: the call is not paid for, or not rightly.
	pub fn payment(code: &str, message: impl Into<String>) -> Self {
		Self::new(StatusCode::PAYMENT_REQUIRED, PAYMENT, code, None, message)
	}

	/// 429: too much at once.
	pub fn overloaded(retry_after: Duration, message: impl Into<String>) -> Self {
		let status = StatusCode::TOO_MANY_REQUESTS;
		let error = Self::new(status, RATE_LIMIT, "overloaded", None, message);
		Self { retry_after: Some(retry_after), ..error }
	}

	/// 500: something failed inside this node. The details belong into its log, not here.
	pub fn internal() -> Self {
		let message = "this node failed to answer";
		Self::new(StatusCode::INTERNAL_SERVER_ERROR, SERVER, "internal_error", None, message)
	}

	/// 503: not now.
	pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
		Self::new(StatusCode::SERVICE_UNAVAILABLE, SERVER, code, None, message)
	}
}

impl From<BackendError> for ApiError {
	fn from(error: BackendError) -> Self {
		let message = error.to_string();
		match error {
			BackendError::PromptTooLong { .. } => {
				Self::invalid("messages", "context_length_exceeded", message)
			}
			BackendError::InvalidPrompt { .. } => {
				Self::invalid("messages", "invalid_prompt", message)
			}
			BackendError::Unsupported { param } => Self::unsupported(&param),
			BackendError::NotServed { .. } => {
				Self::invalid("model", "unsupported_endpoint", message)
			}
			BackendError::Unwell { retry_after } => Self {
				retry_after: Some(retry_after),
				..Self::unavailable("model_unavailable", message)
			},
			BackendError::Overloaded { retry_after } => Self::overloaded(retry_after, message),
			// What the other server finds wrong with the request is the caller's business.
			BackendError::Upstream { status: Some(400 | 413 | 422), message } => Self::new(
				StatusCode::BAD_REQUEST,
				INVALID_REQUEST,
				"rejected_by_model",
				None,
				message,
			),
			BackendError::Upstream { .. } => {
				let message = "the server behind this model failed";
				Self::new(StatusCode::BAD_GATEWAY, SERVER, "upstream_error", None, message)
			}
			BackendError::Timeout { .. } => {
				Self::new(StatusCode::GATEWAY_TIMEOUT, SERVER, "timeout", None, message)
			}
			BackendError::Failed(_) => Self::internal(),
		}
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
		let mut response = (self.status, Json(self.body)).into_response();
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
	}

	#[test]
	fn backend_errors_have_a_status_and_a_code() {
		let overloaded = BackendError::Overloaded { retry_after: Duration::from_secs(7) };
		let upstream =
			|status| BackendError::Upstream { status, message: "key sk-1 is invalid".into() };
		let timeout = BackendError::Timeout { stage: "answering", after: Duration::from_secs(9) };
		let cases = [
			(
				BackendError::PromptTooLong { tokens: 9, context: 8 },
				400,
				"context_length_exceeded",
				Some("messages"),
			),
			(
				BackendError::Unsupported { param: "tools".into() },
				400,
				"unsupported_parameter",
				Some("tools"),
			),
			(
				BackendError::InvalidPrompt { message: "no".into() },
				400,
				"invalid_prompt",
				Some("messages"),
			),
			(
				BackendError::NotServed { task: "embeddings" },
				400,
				"unsupported_endpoint",
				Some("model"),
			),
			(
				BackendError::Unwell { retry_after: Duration::from_secs(3) },
				503,
				"model_unavailable",
				None,
			),
			(overloaded, 429, "overloaded", None),
			(upstream(Some(422)), 400, "rejected_by_model", None),
			(upstream(Some(401)), 502, "upstream_error", None),
			(upstream(None), 502, "upstream_error", None),
			(timeout, 504, "timeout", None),
			(BackendError::Failed("/secret/path".into()), 500, "internal_error", None),
		];
		for (error, status, code, param) in cases {
			let api = ApiError::from(error);
			assert_eq!(api.status.as_u16(), status, "{api}");
			assert_eq!(api.body.error.code.as_deref(), Some(code));
			assert_eq!(api.body.error.param.as_deref(), param);
			assert!(!api.body.error.message.contains("secret"));
		}
	}

	#[test]
	fn overload_tells_when_to_come_back() {
		let response = ApiError::overloaded(Duration::from_secs(7), "busy").into_response();
		assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(response.headers().get(RETRY_AFTER), Some(&HeaderValue::from(7)));
	}
}

//! A backend's errors in OpenAI's shape.

use openledger_protocol::{ApiError, RefusalCode};

use crate::BackendError;

impl From<BackendError> for ApiError {
	fn from(error: BackendError) -> Self {
		let message = error.to_string();
		match error {
			BackendError::PromptTooLong { .. } => {
				Self::invalid("messages", RefusalCode::ContextLengthExceeded, message)
			}
			BackendError::InvalidPrompt { .. } => {
				Self::invalid("messages", RefusalCode::InvalidPrompt, message)
			}
			BackendError::Unsupported { param } => Self::unsupported(&param),
			BackendError::NotServed { .. } => {
				Self::invalid("model", RefusalCode::UnsupportedEndpoint, message)
			}
			BackendError::Unwell { retry_after } => Self {
				retry_after: Some(retry_after),
				..Self::new(RefusalCode::ModelUnavailable, message)
			},
			BackendError::Overloaded { retry_after } => Self::overloaded(retry_after, message),
			// What the other server finds wrong with the request is the caller's business.
			BackendError::Upstream { status: Some(400 | 413 | 422), message } => {
				Self::new(RefusalCode::RejectedByModel, message)
			}
			BackendError::Upstream { .. } => {
				Self::new(RefusalCode::UpstreamError, "the server behind this model failed")
			}
			BackendError::Timeout { .. } => Self::new(RefusalCode::Timeout, message),
			BackendError::Failed(_) => Self::internal(),
		}
	}
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

	use super::*;

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
}

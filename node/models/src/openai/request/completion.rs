//! Requests to continue a text.

use openledger_protocol::{ApiError, RefusalCode};
use serde_json::Value;

use super::fields::{wrong_type, Fields};

/// Parameters that only some backends know.
pub(super) const EXTRAS: [&str; 3] = ["frequency_penalty", "presence_penalty", "logit_bias"];
/// Parameters that nobody here knows.
pub(super) const UNKNOWN: [&str; 3] = ["suffix", "echo", "logprobs"];

/// The text to be continued.
pub(super) fn prompt(fields: &Fields<'_>) -> Result<String, ApiError> {
	let prompt = fields.get("prompt").ok_or_else(|| ApiError::missing("prompt"))?;
	let text = match prompt {
		Value::Array(texts) => match texts.as_slice() {
			[text] => text,
			_ => {
				let message = "one text per call is continued, and no tokens: `prompt` must be a \
				               string or an array with one string";
				return Err(ApiError::invalid("prompt", RefusalCode::UnsupportedValue, message));
			}
		},
		text => text,
	};
	match text {
		Value::String(text) if text.is_empty() => Err(ApiError::invalid(
			"prompt",
			RefusalCode::InvalidValue,
			"`prompt` must not be empty",
		)),
		Value::String(text) => Ok(text.clone()),
		_ => Err(wrong_type("prompt", "a string")),
	}
}

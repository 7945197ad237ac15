//! Requests to continue a text.

use openledger_protocol::{ApiError, RefusalCode};
use serde_json::Value;

use super::{
	fields::{object, wrong_type, Fields},
	include_usage, is_nothing, sampling, stops,
};
use crate::ChatRequest;

/// Parameters that only some backends know.
const EXTRAS: [&str; 3] = ["frequency_penalty", "presence_penalty", "logit_bias"];
/// Parameters that nobody here knows.
const UNKNOWN: [&str; 3] = ["suffix", "echo", "logprobs"];

/// A request to `/v1/completions` that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
	/// The model that is wanted.
	pub model: String,
	/// True if the answer is to come piece by piece.
	pub stream: bool,
	/// True if a streamed answer is to end with its token counts.
	pub include_usage: bool,
	/// The text that the model is to continue.
	pub text: ChatRequest,
}

impl CompletionRequest {
	/// Reads a request from the bytes of an HTTP body.
	///
	/// # Errors
	/// 400, with the part of the request that is wrong.
	pub fn from_json(body: &[u8]) -> Result<Self, ApiError> {
		let object = object(body)?;
		let fields = Fields(&object);
		let model = fields.model()?;
		let stream = fields.flag("stream")?.unwrap_or(false);
		let include_usage = include_usage(&fields, stream)?;
		fields.one_answer("n")?;
		fields.one_answer("best_of")?;
		fields.refuse(&UNKNOWN)?;
		let most = fields.integer("max_tokens", 1..=i64::MAX)?;
		let wanted = |name: &str| object.get(name).filter(|value| !is_nothing(name, value));
		let extras = EXTRAS.iter();
		let extras =
			extras.filter_map(|name| Some(((*name).to_owned(), wanted(name)?.clone()))).collect();
		let text = ChatRequest {
			messages: Vec::new(),
			prompt: Some(prompt(&fields)?),
			max_tokens: most.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
			sampling: sampling(&fields)?,
			stop: stops(&fields)?,
			extras,
		};
		Ok(Self { model, stream, include_usage, text })
	}
}

fn prompt(fields: &Fields<'_>) -> Result<String, ApiError> {
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

//! Requests: read strictly where the answer or its price depends on it, leniently elsewhere.

mod completion;
mod embedding;
mod fields;

use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{Map, Value};

pub use self::embedding::EmbeddingsRequest;
use self::fields::{is_nothing, object, wrong_type, Fields};
use crate::{ChatRequest, Message, Role, Sampling};

/// Callers may name this many stop strings.
const MOST_STOPS: usize = 4;

/// Parameters that change the answer in a way that only some backends know. Which ones those are is
/// the backend's to say; at the values that mean "nothing special" they are dropped here. All other
/// parameters that are not known are ignored, as OpenAI's servers do.
const EXTRAS: [&str; 15] = [
	"tools",
	"tool_choice",
	"parallel_tool_calls",
	"functions",
	"response_format",
	"frequency_penalty",
	"presence_penalty",
	"logit_bias",
	"logprobs",
	"top_logprobs",
	"modalities",
	"audio",
	"prediction",
	"web_search_options",
	"reasoning_effort",
];

/// A request for a completion that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
	/// The model that is wanted.
	pub model: String,
	/// True if the answer is to come piece by piece.
	pub stream: bool,
	/// True if a streamed answer is to end with its token counts.
	pub include_usage: bool,
	/// The chat that the model is to answer, or the text that it is to continue.
	pub request: ChatRequest,
}

impl CompletionRequest {
	/// Reads a request to `/v1/chat/completions` from the bytes of an HTTP body.
	///
	/// # Errors
	/// 400, with the part of the request that is wrong.
	pub fn chat(body: &[u8]) -> Result<Self, ApiError> {
		Self::read(body, |fields| {
			Ok(ChatRequest {
				messages: messages(fields)?,
				prompt: None,
				max_tokens: max_tokens(fields)?,
				sampling: sampling(fields)?,
				stop: stops(fields)?,
				extras: extras(fields.object),
			})
		})
	}

	/// Reads a request to `/v1/completions` in the same way.
	///
	/// # Errors
	/// 400, with the part of the request that is wrong.
	pub fn text(body: &[u8]) -> Result<Self, ApiError> {
		Self::read(body, |fields| {
			fields.one_answer("best_of")?;
			fields.refuse(&completion::UNKNOWN)?;
			let most = fields.integer("max_tokens", 1..=i64::MAX)?;
			let wanted =
				|name: &str| fields.object.get(name).filter(|value| !is_nothing(name, value));
			let extra = |name: &&str| Some(((*name).to_owned(), wanted(name)?.clone()));
			Ok(ChatRequest {
				messages: Vec::new(),
				prompt: Some(completion::prompt(fields)?),
				max_tokens: most.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
				sampling: sampling(fields)?,
				stop: stops(fields)?,
				extras: completion::EXTRAS.iter().filter_map(extra).collect(),
			})
		})
	}

	fn read(
		body: &[u8],
		request: impl FnOnce(&Fields<'_>) -> Result<ChatRequest, ApiError>,
	) -> Result<Self, ApiError> {
		let object = object(body)?;
		let fields = Fields::of(&object);
		let model = fields.model()?;
		let stream = fields.flag("stream")?.unwrap_or(false);
		let include_usage = include_usage(&fields, stream)?;
		fields.one_answer("n")?;
		Ok(Self { model, stream, include_usage, request: request(&fields)? })
	}
}

fn sampling(fields: &Fields<'_>) -> Result<Sampling, ApiError> {
	Ok(Sampling {
		temperature: fields.number("temperature", 0.0, 2.0)?,
		top_p: fields.number("top_p", 0.0, 1.0)?,
		seed: fields.integer("seed", i64::MIN..=i64::MAX)?,
	})
}

fn include_usage(fields: &Fields<'_>, stream: bool) -> Result<bool, ApiError> {
	let Some(options) = fields.get("stream_options") else { return Ok(false) };
	if !stream {
		let message = "`stream_options` is only allowed together with `\"stream\": true`";
		return Err(ApiError::invalid("stream_options", RefusalCode::InvalidValue, message));
	}
	let options = Fields::within("stream_options", options)?;
	Ok(options.flag("include_usage")?.unwrap_or(false))
}

fn max_tokens(fields: &Fields<'_>) -> Result<Option<u32>, ApiError> {
	let older = fields.integer("max_tokens", 1..=i64::MAX)?;
	let newer = fields.integer("max_completion_tokens", 1..=i64::MAX)?;
	match (older, newer) {
		(Some(older), Some(newer)) if older != newer => Err(ApiError::invalid(
			"max_completion_tokens",
			RefusalCode::InvalidValue,
			"`max_tokens` and `max_completion_tokens` contradict each other; name one of them",
		)),
		// The context is the bound for anything larger.
		(older, newer) => {
			Ok(newer.or(older).map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX)))
		}
	}
}

fn stops(fields: &Fields<'_>) -> Result<Vec<String>, ApiError> {
	let stops = fields.texts("stop")?.unwrap_or_default();
	if stops.len() > MOST_STOPS || stops.iter().any(String::is_empty) {
		let message = format!("`stop` takes up to {MOST_STOPS} strings, none of them empty");
		return Err(ApiError::invalid("stop", RefusalCode::InvalidValue, message));
	}
	Ok(stops)
}

/// The parameters that a backend has to agree to, without those that ask for nothing.
fn extras(object: &Map<String, Value>) -> Map<String, Value> {
	let has_tools = object.get("tools").is_some_and(|tools| !is_nothing("tools", tools));
	let wanted = |name: &str| {
		let value = object.get(name).filter(|value| !value.is_null())?;
		let asks = match name {
			// With tools every choice means something; without them only one that wants some.
			"tool_choice" | "parallel_tool_calls" if has_tools => true,
			"tool_choice" => value != "none" && value != "auto",
			"parallel_tool_calls" => false,
			_ => !is_nothing(name, value),
		};
		asks.then_some(value)
	};
	EXTRAS.iter().filter_map(|name| Some(((*name).to_owned(), wanted(name)?.clone()))).collect()
}

fn messages(fields: &Fields<'_>) -> Result<Vec<Message>, ApiError> {
	let messages = fields.list("messages")?.ok_or_else(|| ApiError::missing("messages"))?;
	if messages.is_empty() {
		let message = "`messages` must hold at least one message";
		return Err(ApiError::invalid("messages", RefusalCode::EmptyArray, message));
	}
	messages
		.iter()
		.enumerate()
		.map(|(index, entry)| message(&format!("messages[{index}]"), entry))
		.collect()
}

fn message(at: &str, entry: &Value) -> Result<Message, ApiError> {
	let fields = Fields::within(at, entry)?;
	let role_at = fields.path("role");
	let role = match fields.required("role")? {
		// The newer name for the same thing, which chat templates do not know.
		"system" | "developer" => Role::System,
		"user" => Role::User,
		"assistant" => Role::Assistant,
		"tool" => Role::Tool,
		"function" => return Err(ApiError::unsupported(&role_at)),
		other => {
			let message = format!(
				"`{role_at}` is {other:?}; it must be `system`, `developer`, `user` or `assistant`"
			);
			return Err(ApiError::invalid(&role_at, RefusalCode::InvalidValue, message));
		}
	};
	fields.refuse(&["function_call", "audio"])?;
	let name = fields.text("name")?.map(str::to_owned);
	let tool_calls = tool_calls(&fields, role)?;
	let tool_call_id = match role {
		Role::Tool => Some(fields.required("tool_call_id")?.to_owned()),
		_ => None,
	};
	let content = match fields.get("content") {
		// Who calls tools need not say anything.
		None if !tool_calls.is_empty() => String::new(),
		said => content(&fields.path("content"), said)?,
	};
	Ok(Message { role, content, name, tool_calls, tool_call_id })
}

/// The tools that an earlier answer has called, in the form in which they go on.
fn tool_calls(fields: &Fields<'_>, role: Role) -> Result<Vec<Value>, ApiError> {
	let at = fields.path("tool_calls");
	let Some(calls) = fields.list("tool_calls")? else { return Ok(Vec::new()) };
	if role != Role::Assistant && !calls.is_empty() {
		let message = format!("`{at}` belongs into messages of the assistant");
		return Err(ApiError::invalid(&at, RefusalCode::InvalidValue, message));
	}
	for (index, call) in calls.iter().enumerate() {
		for part in ["/id", "/function/name", "/function/arguments"] {
			if !call.pointer(part).is_some_and(Value::is_string) {
				let at = format!("{at}[{index}]{}", part.replace('/', "."));
				return Err(wrong_type(&at, "a string"));
			}
		}
	}
	Ok(calls.clone())
}

fn content(at: &str, content: Option<&Value>) -> Result<String, ApiError> {
	let parts = match content {
		None => return Err(ApiError::missing(at)),
		Some(Value::String(text)) => return Ok(text.clone()),
		Some(Value::Array(parts)) => parts,
		Some(_) => return Err(wrong_type(at, "a string or an array of parts")),
	};
	let mut whole = String::new();
	for (index, part) in parts.iter().enumerate() {
		let at = format!("{at}[{index}]");
		let kind_at = format!("{at}.type");
		match part.get("type").and_then(Value::as_str) {
			Some("text") => match part.get("text") {
				Some(Value::String(text)) => whole.push_str(text),
				_ => return Err(wrong_type(&format!("{at}.text"), "a string")),
			},
			Some(_) => return Err(ApiError::unsupported(&kind_at)),
			None => return Err(ApiError::missing(&kind_at)),
		}
	}
	Ok(whole)
}

#[cfg(test)]
mod tests;

//! The tasks of a model, in the words of the OpenAI protocol.

use serde_json::{Map, Value};

/// The task of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Task {
	/// A chat is answered.
	#[default]
	Chat,
	/// A text is continued.
	Text,
	/// Texts become vectors.
	Embeddings,
}

impl Task {
	/// The path to which such calls go.
	pub fn path(self) -> &'static str {
		match self {
			Self::Chat => "/v1/chat/completions",
			Self::Text => "/v1/completions",
			Self::Embeddings => "/v1/embeddings",
		}
	}

	/// Its name in metrics: that of OpenTelemetry's conventions.
	pub fn operation(self) -> &'static str {
		match self {
			Self::Chat => "chat",
			Self::Text => "text_completion",
			Self::Embeddings => "embeddings",
		}
	}

	/// The part of a request that an app can change to pay less.
	pub fn costly_part(self) -> &'static str {
		match self {
			Self::Chat | Self::Text => "max_tokens",
			Self::Embeddings => "input",
		}
	}

	/// The most tokens of the answer, if the request says.
	pub fn max_tokens(self, request: &Map<String, Value>) -> Option<u32> {
		let names: &[&str] = match self {
			Self::Chat => &["max_completion_tokens", "max_tokens"],
			Self::Text => &["max_tokens"],
			Self::Embeddings => return Some(0),
		};
		names.iter().find_map(|name| tokens(request.get(*name)?))
	}

	/// The texts that a chat's model is told, before they are put into the model's own form. `None` for other
	/// calls, and where it cannot be read.
	pub fn chat(self, request: &Map<String, Value>) -> Option<ChatTexts> {
		if self != Self::Chat {
			return None;
		}
		let messages = request.get("messages")?.as_array()?;
		let mut chat = ChatTexts { messages: messages.len(), ..ChatTexts::default() };
		messages.iter().for_each(|message| add_texts(message, &mut chat.texts));
		for name in BESIDES {
			if let Some(value) = request.get(*name).filter(|value| !value.is_null()) {
				chat.besides.push(value.to_string());
			}
		}
		Some(chat)
	}

	/// The texts that a model reads just as they are. A chat is put into its model's own form
	/// first, so nobody else can tell its tokens.
	pub fn inputs(self, request: &Map<String, Value>) -> Option<Vec<String>> {
		let given = match self {
			Self::Chat => return None,
			Self::Text => request.get("prompt")?,
			Self::Embeddings => request.get("input")?,
		};
		match given {
			Value::String(text) => Some(vec![text.clone()]),
			Value::Array(texts) => {
				texts.iter().map(|text| text.as_str().map(str::to_owned)).collect()
			}
			_ => None,
		}
	}
}

/// The texts that a chat's model is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatTexts {
	/// The messages' texts: what they say, and who says it.
	pub texts: Vec<String>,
	/// The number of messages.
	pub messages: usize,
	/// The tools that it may call, and the form that its answer has to have, in JSON.
	pub besides: Vec<String>,
}

/// The parts of a chat besides its messages that a model may be told.
const BESIDES: &[&str] = &[
	"tools",
	"functions",
	"tool_choice",
	"function_call",
	"response_format",
	"chat_template_kwargs",
];
/// Bytes of what a model's own form puts around each message, at most.
const AROUND: usize = 32;
/// A model's own form may write JSON with so many times as many bytes: indented, and escaped.
const INDENTED: usize = 4;

/// A number of tokens in a request. Parts of a token do not count, and what is no number says nothing.
pub fn tokens(value: &Value) -> Option<u32> {
	match value.as_u64() {
		Some(tokens) => Some(u32::try_from(tokens).unwrap_or(u32::MAX)),
		// Exact below 2^53, but for a fraction so near to the next number that it is that one. `as` drops the
		// fraction, and what is too large becomes the largest number.
		None => value.as_f64().filter(|tokens| *tokens >= 0.0).map(|tokens| tokens as u32),
	}
}

/// The most bytes that a chat's model can be told but for what its own form adds, if the request is
/// a chat that can be read.
pub fn prompt_bytes(request: &Value) -> Option<usize> {
	let chat = Task::Chat.chat(request.as_object()?)?;
	let bytes = |texts: &[String]| texts.iter().map(String::len).fold(0, usize::saturating_add);
	let around = chat.messages.saturating_mul(AROUND);
	let besides = bytes(&chat.besides).saturating_mul(INDENTED);
	Some(bytes(&chat.texts).saturating_add(around).saturating_add(besides))
}

/// Adds all texts in a value.
fn add_texts(value: &Value, texts: &mut Vec<String>) {
	match value {
		Value::String(text) => texts.push(text.clone()),
		Value::Array(entries) => entries.iter().for_each(|entry| add_texts(entry, texts)),
		Value::Object(fields) => fields.values().for_each(|field| add_texts(field, texts)),
		Value::Null | Value::Bool(_) | Value::Number(_) => {}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	fn fields(request: Value) -> Map<String, Value> {
		request.as_object().unwrap().clone()
	}

	#[test]
	fn the_most_tokens_are_read() {
		let request =
			fields(json!({ "max_tokens": 7, "max_completion_tokens": 99_999_999_999_u64 }));
		assert_eq!(Task::Chat.max_tokens(&request), Some(u32::MAX));
		assert_eq!(Task::Text.max_tokens(&request), Some(7));
		assert_eq!(Task::Embeddings.max_tokens(&request), Some(0));
		assert_eq!(Task::Text.max_tokens(&fields(json!({ "max_tokens": null }))), None);
	}

	#[test]
	fn numbers_of_tokens_need_not_be_whole() {
		for (value, expected) in [
			(json!(100.0), Some(100)),
			(json!(1.9), Some(1)),
			(json!(1e30), Some(u32::MAX)),
			(json!(-1), None),
			(json!("7"), None),
			(json!(null), None),
		] {
			assert_eq!(tokens(&value), expected, "{value}");
		}
	}

	#[test]
	fn what_a_chat_says_is_known() {
		let request = json!({
			"messages": [
				{ "role": "user", "content": "Hi \u{e9}" },
				{ "role": "user", "content": [{ "type": "text", "text": "there" }] },
			],
			"tools": [{ "x": 1 }], "functions": null, "temperature": 1,
		});
		let chat = Task::Chat.chat(&fields(request.clone())).unwrap();
		assert_eq!(chat.messages, 2);
		let mut said = chat.texts.clone();
		said.sort();
		assert_eq!(said, ["Hi \u{e9}", "text", "there", "user", "user"]);
		assert_eq!(chat.besides, [r#"[{"x":1}]"#]);
		let (texts, besides) = (5 + 4 + 4 + 5 + 4, 9);
		assert_eq!(prompt_bytes(&request), Some(texts + 2 * AROUND + besides * INDENTED));
		assert_eq!(prompt_bytes(&json!({ "prompt": "a" })), None);
		assert_eq!(Task::Text.chat(&fields(request)), None);
	}

	#[test]
	fn inputs_are_known_where_they_are_text() {
		let of = |task: Task, request| task.inputs(&fields(request));
		let two = Some(vec!["a".to_owned(), "b".to_owned()]);
		assert_eq!(of(Task::Embeddings, json!({ "input": ["a", "b"] })), two);
		assert_eq!(of(Task::Text, json!({ "prompt": "a" })), Some(vec!["a".to_owned()]));
		assert_eq!(of(Task::Embeddings, json!({ "input": [1, 2] })), None);
		assert_eq!(of(Task::Text, json!({ "input": "a" })), None);
		assert_eq!(of(Task::Chat, json!({ "prompt": "a", "messages": [] })), None);
	}
}

//! What can be asked of a model, in the words of the OpenAI protocol.

use serde_json::{Map, Value};

/// What a call is about.
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
	/// Where such calls go.
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
		let tokens = names.iter().find_map(|name| request.get(*name)?.as_u64())?;
		Some(u32::try_from(tokens).unwrap_or(u32::MAX))
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

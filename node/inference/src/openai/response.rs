//! Answers, whole and in pieces.

use serde::{Deserialize, Serialize};

use crate::backend::{Completion, FinishReason, Finished, ToolCall, ToolDelta};

/// Token counts of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
	/// Tokens of the prompt.
	pub prompt_tokens: u32,
	/// Tokens of the answer.
	pub completion_tokens: u32,
	/// Both together.
	pub total_tokens: u32,
}

impl From<&Finished> for Usage {
	fn from(finished: &Finished) -> Self {
		Self {
			prompt_tokens: finished.input_tokens,
			completion_tokens: finished.output_tokens,
			total_tokens: finished.input_tokens.saturating_add(finished.output_tokens),
		}
	}
}

impl FinishReason {
	/// Its name in the protocol. OpenAI has none for an answer that was called off; nobody reads
	/// it, except when the node stops.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::Stop => "stop",
			Self::Length => "length",
			Self::ToolCalls => "tool_calls",
			Self::Cancelled => "cancelled",
		}
	}
}

/// A whole answer: the body of a plain call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatCompletion {
	/// The call's id.
	pub id: String,
	/// `chat.completion`.
	pub object: String,
	/// When it was made, in seconds since 1970.
	pub created: u64,
	/// The model that answered.
	pub model: String,
	/// The answer, as the only element.
	pub choices: Vec<Choice>,
	/// What it took.
	pub usage: Usage,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
	/// Always 0.
	pub index: u32,
	/// What the model says.
	pub message: AssistantMessage,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// Why it ended.
	pub finish_reason: String,
}

/// What the model says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssistantMessage {
	/// `assistant`.
	pub role: String,
	/// The text; null where there is none but tool calls.
	pub content: Option<String>,
	/// Not served, always null.
	pub refusal: Option<()>,
	/// The tools that it calls.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub tool_calls: Vec<CalledTool>,
}

/// A tool that the model calls, or a piece of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledTool {
	/// Which of the calls it is a piece of, in a streamed answer.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub index: Option<u32>,
	/// The call's id.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub id: Option<String>,
	/// `function`, with the id.
	#[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
	pub kind: Option<String>,
	/// What is called.
	pub function: CalledFunction,
}

/// The function that a tool call names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledFunction {
	/// Its name.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub name: Option<String>,
	/// Its arguments, or more of them.
	pub arguments: String,
}

impl From<ToolCall> for CalledTool {
	fn from(call: ToolCall) -> Self {
		let function = CalledFunction { name: Some(call.name), arguments: call.arguments };
		Self { index: None, id: Some(call.id), kind: Some("function".into()), function }
	}
}

impl From<&ToolDelta> for CalledTool {
	fn from(delta: &ToolDelta) -> Self {
		let function =
			CalledFunction { name: delta.name.clone(), arguments: delta.arguments.clone() };
		let kind = delta.id.as_ref().map(|_| "function".to_owned());
		Self { index: Some(delta.index), id: delta.id.clone(), kind, function }
	}
}

impl ChatCompletion {
	/// A whole answer.
	pub fn new(
		id: impl Into<String>,
		created: u64,
		model: impl Into<String>,
		completion: Completion,
	) -> Self {
		let Completion { text, tool_calls, finished } = completion;
		let content = Some(text).filter(|text| tool_calls.is_empty() || !text.is_empty());
		let tool_calls = tool_calls.into_iter().map(CalledTool::from).collect();
		let message =
			AssistantMessage { role: "assistant".into(), content, refusal: None, tool_calls };
		Self {
			id: id.into(),
			object: "chat.completion".into(),
			created,
			model: model.into(),
			choices: vec![Choice {
				index: 0,
				message,
				logprobs: None,
				finish_reason: finished.reason.as_str().into(),
			}],
			usage: (&finished).into(),
		}
	}
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatCompletionChunk {
	/// The call's id, the same in every piece.
	pub id: String,
	/// `chat.completion.chunk`.
	pub object: String,
	/// When the answer began, in seconds since 1970.
	pub created: u64,
	/// The model that answers.
	pub model: String,
	/// The piece as the only element; nothing in the piece with the usage.
	pub choices: Vec<ChunkChoice>,
	/// Absent unless asked for; then null in all pieces but the last.
	#[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
	pub usage: Option<Option<Usage>>,
}

/// A piece of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkChoice {
	/// Always 0.
	pub index: u32,
	/// What is new.
	pub delta: ChunkDelta,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// Why the answer ended, in its last piece.
	pub finish_reason: Option<String>,
}

/// What is new in a piece.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkDelta {
	/// `assistant`, in the first piece.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub role: Option<String>,
	/// More text.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub content: Option<String>,
	/// More of the tools that the model calls.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub tool_calls: Vec<CalledTool>,
}

/// Tells "null" from "absent".
pub(super) mod double_option {
	use serde::{Deserialize, Deserializer, Serialize, Serializer};

	pub fn serialize<S: Serializer, T: Serialize>(
		value: &Option<Option<T>>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		value.as_ref().and_then(Option::as_ref).serialize(serializer)
	}

	pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
		deserializer: D,
	) -> Result<Option<Option<T>>, D::Error> {
		Option::deserialize(deserializer).map(Some)
	}
}

/// Makes the pieces of one streamed answer.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
	id: String,
	created: u64,
	model: String,
	include_usage: bool,
}

impl ChunkWriter {
	/// For one answer; `created` in seconds since 1970.
	pub fn new(
		id: impl Into<String>,
		created: u64,
		model: impl Into<String>,
		include_usage: bool,
	) -> Self {
		Self { id: id.into(), created, model: model.into(), include_usage }
	}

	/// The first piece, which says who speaks.
	pub fn opening(&self) -> ChatCompletionChunk {
		let (role, content) = (Some("assistant".into()), Some(String::new()));
		self.choice(ChunkDelta { role, content, ..ChunkDelta::default() }, None)
	}

	/// A piece of text.
	pub fn text(&self, text: impl Into<String>) -> ChatCompletionChunk {
		let content = Some(text.into());
		self.choice(ChunkDelta { content, ..ChunkDelta::default() }, None)
	}

	/// A piece of a tool call.
	pub fn tool(&self, delta: &ToolDelta) -> ChatCompletionChunk {
		let tool_calls = vec![delta.into()];
		self.choice(ChunkDelta { tool_calls, ..ChunkDelta::default() }, None)
	}

	/// The piece that says why the answer ended.
	pub fn closing(&self, reason: FinishReason) -> ChatCompletionChunk {
		self.choice(ChunkDelta::default(), Some(reason.as_str().into()))
	}

	/// The last piece, with the token counts, where the caller asked for it.
	pub fn usage(&self, finished: &Finished) -> Option<ChatCompletionChunk> {
		self.include_usage
			.then(|| ChatCompletionChunk { usage: Some(Some(finished.into())), ..self.chunk() })
	}

	fn choice(&self, delta: ChunkDelta, finish_reason: Option<String>) -> ChatCompletionChunk {
		let choice = ChunkChoice { index: 0, delta, logprobs: None, finish_reason };
		ChatCompletionChunk { choices: vec![choice], ..self.chunk() }
	}

	fn chunk(&self) -> ChatCompletionChunk {
		ChatCompletionChunk {
			id: self.id.clone(),
			object: "chat.completion.chunk".into(),
			created: self.created,
			model: self.model.clone(),
			choices: Vec::new(),
			usage: self.include_usage.then_some(None),
		}
	}
}

/// The body of `/v1/models`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
	/// `list`.
	pub object: String,
	/// The models.
	pub data: Vec<Model>,
}

/// One model in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
	/// What to call it by.
	pub id: String,
	/// `model`.
	pub object: String,
	/// When it was registered, in seconds since 1970.
	pub created: u64,
	/// Who owns it.
	pub owned_by: String,
}

impl Model {
	/// One model in a list.
	pub fn new(id: impl Into<String>, created: u64, owned_by: impl Into<String>) -> Self {
		Self { id: id.into(), object: "model".into(), created, owned_by: owned_by.into() }
	}
}

impl ModelList {
	/// A list of models.
	pub fn new(data: Vec<Model>) -> Self {
		Self { object: "list".into(), data }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{json, to_value};

	const FINISHED: Finished =
		Finished { reason: FinishReason::Stop, input_tokens: 12, output_tokens: 3 };

	#[test]
	fn a_whole_answer() {
		let whole =
			Completion { text: "Paris.".into(), tool_calls: Vec::new(), finished: FINISHED };
		let answer = ChatCompletion::new("chatcmpl-1", 7, "m", whole);
		assert_eq!(
			to_value(&answer).expect("it serialises"),
			json!({
				"id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m",
				"choices": [{
					"index": 0,
					"message": { "role": "assistant", "content": "Paris.", "refusal": null },
					"logprobs": null,
					"finish_reason": "stop",
				}],
				"usage": { "prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15 },
			})
		);
	}

	#[test]
	fn tool_calls_whole_and_in_pieces() {
		let call = ToolCall { id: "a".into(), name: "sum".into(), arguments: "{}".into() };
		let whole = Completion { text: String::new(), tool_calls: vec![call], finished: FINISHED };
		let answer = to_value(ChatCompletion::new("c", 7, "m", whole)).expect("it serialises");
		assert_eq!(
			answer["choices"][0]["message"],
			json!({
				"role": "assistant", "content": null, "refusal": null,
				"tool_calls": [{
					"id": "a", "type": "function", "function": { "name": "sum", "arguments": "{}" },
				}],
			})
		);
		let writer = ChunkWriter::new("c", 7, "m", false);
		let mut delta = ToolDelta {
			index: 0,
			id: Some("a".into()),
			name: Some("sum".into()),
			arguments: String::new(),
			output_tokens: 1,
		};
		let piece = to_value(writer.tool(&delta)).expect("it serialises");
		assert_eq!(
			piece["choices"][0]["delta"]["tool_calls"],
			json!([{
				"index": 0, "id": "a", "type": "function",
				"function": { "name": "sum", "arguments": "" },
			}])
		);
		(delta.id, delta.name, delta.arguments) = (None, None, "{}".into());
		let piece = to_value(writer.tool(&delta)).expect("it serialises");
		assert_eq!(
			piece["choices"][0]["delta"]["tool_calls"],
			json!([{ "index": 0, "function": { "arguments": "{}" } }])
		);
	}

	#[test]
	fn a_streamed_answer() {
		let writer = ChunkWriter::new("chatcmpl-1", 7, "m", false);
		let pieces = [writer.opening(), writer.text("Hi"), writer.closing(FinishReason::Length)];
		let choices: Vec<_> = pieces
			.iter()
			.map(|piece| to_value(piece).expect("it serialises")["choices"][0].clone())
			.collect();
		assert_eq!(choices[0]["delta"], json!({ "role": "assistant", "content": "" }));
		assert_eq!(choices[1]["delta"], json!({ "content": "Hi" }));
		assert_eq!(choices[1]["finish_reason"], json!(null));
		assert_eq!(choices[2]["delta"], json!({}));
		assert_eq!(choices[2]["finish_reason"], json!("length"));
		assert_eq!(writer.usage(&FINISHED), None);
		assert_eq!(to_value(&pieces[1]).expect("it serialises").get("usage"), None);
	}

	#[test]
	fn usage_comes_last_where_it_is_asked_for() {
		let writer = ChunkWriter::new("chatcmpl-1", 7, "m", true);
		let text = to_value(writer.text("Hi")).expect("it serialises");
		assert_eq!(text.get("usage"), Some(&json!(null)));
		let last = writer.usage(&FINISHED).expect("it was asked for");
		let value = to_value(&last).expect("it serialises");
		assert_eq!(value["choices"], json!([]));
		assert_eq!(value["usage"]["total_tokens"], json!(15));
		let back: ChatCompletionChunk = serde_json::from_value(value).expect("it reads back");
		assert_eq!(back, last);
	}
}

//! Answers, whole and in pieces.

use openledger_models::{Completion, FinishReason, Finished, ToolCall, ToolDelta};
use serde::{Deserialize, Serialize};

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

/// The name of a reason in the protocol. OpenAI has none for an answer that was called off; nobody
/// reads it, except when the node stops.
pub(super) fn finish_reason(reason: FinishReason) -> String {
	let name = match reason {
		FinishReason::Stop => "stop",
		FinishReason::Length => "length",
		FinishReason::ToolCalls => "tool_calls",
		FinishReason::Cancelled => "cancelled",
	};
	name.to_owned()
}

/// A whole answer: the body of a plain call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatCompletion {
	/// The call's id.
	pub id: String,
	/// `chat.completion`.
	pub object: String,
	/// The time when it was made, in seconds since 1970.
	pub created: u64,
	/// The model that answered.
	pub model: String,
	/// The answer, as the only element.
	pub choices: Vec<Choice>,
	/// The tokens that it took.
	pub usage: Usage,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
	/// Always 0.
	pub index: u32,
	/// The words of the model.
	pub message: AssistantMessage,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// The reason why it ended.
	pub finish_reason: String,
}

/// The words of the model.
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
	/// The function that is called.
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
				finish_reason: finish_reason(finished.reason),
			}],
			usage: (&finished).into(),
		}
	}
}

/// A piece of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkChoice {
	/// Always 0.
	pub index: u32,
	/// The news in it.
	pub delta: ChunkDelta,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// The reason why the answer ended, in its last piece.
	pub finish_reason: Option<String>,
}

/// The news in a piece.
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

/// One model in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
	/// The name to call it by.
	pub id: String,
	/// `model`.
	pub object: String,
	/// The time when it was registered, in seconds since 1970.
	pub created: u64,
	/// The owner.
	pub owned_by: String,
}

impl Model {
	/// One model in a list.
	pub fn new(id: impl Into<String>, created: u64, owned_by: impl Into<String>) -> Self {
		Self { id: id.into(), object: "model".into(), created, owned_by: owned_by.into() }
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
}

//! Answers as they go out: whole, and in pieces.

use openledger_models::{Completion, FinishReason, Finished, ToolCall, ToolDelta};
use serde::Serialize;

/// An answer, or a piece of a streamed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
	/// The same in every piece.
	id: String,
	object: &'static str,
	/// The time when the answer began, in seconds since 1970.
	created: u64,
	model: String,
	/// One; none in the piece with the usage.
	choices: Vec<Choice>,
	/// In a streamed answer absent unless asked for; then null in all pieces but the last.
	#[serde(skip_serializing_if = "Option::is_none")]
	usage: Option<Option<Usage>>,
}

/// One answer: a message, a piece of one, or text that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Choice {
	#[serde(skip_serializing_if = "Option::is_none")]
	text: Option<String>,
	index: u32,
	#[serde(skip_serializing_if = "Option::is_none")]
	message: Option<Message>,
	#[serde(skip_serializing_if = "Option::is_none")]
	delta: Option<Delta>,
	/// Not served.
	logprobs: (),
	/// The reason why the answer ended, at its end.
	finish_reason: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Message {
	role: &'static str,
	/// Null where there are tool calls and nothing else.
	content: Option<String>,
	/// Not served.
	refusal: (),
	#[serde(skip_serializing_if = "Vec::is_empty")]
	tool_calls: Vec<CalledTool>,
}

/// The news of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Delta {
	#[serde(skip_serializing_if = "Option::is_none")]
	role: Option<&'static str>,
	#[serde(skip_serializing_if = "Option::is_none")]
	content: Option<String>,
	#[serde(skip_serializing_if = "Vec::is_empty")]
	tool_calls: Vec<CalledTool>,
}

/// A tool that the model calls, or a piece of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CalledTool {
	/// The number of the call that it is a piece of, in a streamed answer.
	#[serde(skip_serializing_if = "Option::is_none")]
	index: Option<u32>,
	#[serde(skip_serializing_if = "Option::is_none")]
	id: Option<String>,
	/// With the id.
	#[serde(rename = "type", skip_serializing_if = "Option::is_none")]
	kind: Option<&'static str>,
	function: CalledFunction,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CalledFunction {
	#[serde(skip_serializing_if = "Option::is_none")]
	name: Option<String>,
	/// All of them, or more of them.
	arguments: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Usage {
	prompt_tokens: u32,
	completion_tokens: u32,
	total_tokens: u32,
}

impl From<ToolCall> for CalledTool {
	fn from(call: ToolCall) -> Self {
		let function = CalledFunction { name: Some(call.name), arguments: call.arguments };
		Self { index: None, id: Some(call.id), kind: Some("function"), function }
	}
}

impl From<&ToolDelta> for CalledTool {
	fn from(delta: &ToolDelta) -> Self {
		let function =
			CalledFunction { name: delta.name.clone(), arguments: delta.arguments.clone() };
		let kind = delta.id.as_ref().map(|_| "function");
		Self { index: Some(delta.index), id: delta.id.clone(), kind, function }
	}
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
fn finish_reason(reason: FinishReason) -> &'static str {
	match reason {
		FinishReason::Stop => "stop",
		FinishReason::Length => "length",
		FinishReason::ToolCalls => "tool_calls",
		FinishReason::Cancelled => "cancelled",
	}
}

/// A kind of input that a model completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
	/// A chat.
	Chat,
	/// A text.
	Text,
}

/// Writes one answer, whole or in pieces.
#[derive(Debug, Clone)]
pub struct AnswerWriter {
	kind: CompletionKind,
	id: String,
	created: u64,
	model: String,
	include_usage: bool,
}

impl AnswerWriter {
	/// Writes one answer; `created` is in seconds since 1970. `include_usage` is about pieces.
	pub fn new(
		kind: CompletionKind,
		id: impl Into<String>,
		created: u64,
		model: impl Into<String>,
		include_usage: bool,
	) -> Self {
		Self { kind, id: id.into(), created, model: model.into(), include_usage }
	}

	/// All of it at once.
	pub fn whole(&self, completion: Completion) -> Answer {
		let Completion { text, tool_calls, finished } = completion;
		let finish_reason = Some(finish_reason(finished.reason));
		let (object, choice) = match self.kind {
			CompletionKind::Chat => {
				let content = Some(text).filter(|text| tool_calls.is_empty() || !text.is_empty());
				let tool_calls = tool_calls.into_iter().map(CalledTool::from).collect();
				let message = Message { role: "assistant", content, refusal: (), tool_calls };
				let message = Some(message);
				("chat.completion", Choice { message, finish_reason, ..Choice::default() })
			}
			CompletionKind::Text => {
				let text = Some(text);
				("text_completion", Choice { text, finish_reason, ..Choice::default() })
			}
		};
		Answer { object, usage: Some(Some((&finished).into())), ..self.piece(vec![choice]) }
	}

	/// The first piece, which says who speaks, where there is one before the text.
	pub fn opening(&self) -> Option<Answer> {
		let (role, content) = (Some("assistant"), Some(String::new()));
		let delta = Delta { role, content, ..Delta::default() };
		(self.kind == CompletionKind::Chat).then(|| self.delta(delta))
	}

	/// A piece of text.
	pub fn text(&self, text: impl Into<String>) -> Answer {
		self.said(Some(text.into()), None)
	}

	/// A piece of a tool call.
	pub fn tool(&self, delta: &ToolDelta) -> Answer {
		match self.kind {
			CompletionKind::Chat => {
				self.delta(Delta { tool_calls: vec![delta.into()], ..Delta::default() })
			}
			// No backend calls tools where a text is continued.
			CompletionKind::Text => self.text(delta.text()),
		}
	}

	/// The piece that says why the answer ended.
	pub fn closing(&self, reason: FinishReason) -> Answer {
		self.said(None, Some(finish_reason(reason)))
	}

	/// The last piece, with the token counts, where the caller asked for it.
	pub fn usage(&self, finished: &Finished) -> Option<Answer> {
		let usage = self.include_usage.then(|| Some(Some(finished.into())))?;
		Some(Answer { usage, ..self.piece(Vec::new()) })
	}

	fn said(&self, content: Option<String>, finish_reason: Option<&'static str>) -> Answer {
		let (text, delta) = match self.kind {
			CompletionKind::Chat => (None, Some(Delta { content, ..Delta::default() })),
			CompletionKind::Text => (Some(content.unwrap_or_default()), None),
		};
		self.piece(vec![Choice { text, delta, finish_reason, ..Choice::default() }])
	}

	fn delta(&self, delta: Delta) -> Answer {
		self.piece(vec![Choice { delta: Some(delta), ..Choice::default() }])
	}

	fn piece(&self, choices: Vec<Choice>) -> Answer {
		let object = match self.kind {
			CompletionKind::Chat => "chat.completion.chunk",
			CompletionKind::Text => "text_completion",
		};
		let (id, model) = (self.id.clone(), self.model.clone());
		let usage = self.include_usage.then_some(None);
		Answer { id, object, created: self.created, model, choices, usage }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{json, to_value};

	const FINISHED: Finished =
		Finished { reason: FinishReason::Stop, input_tokens: 12, output_tokens: 3 };

	fn chat(include_usage: bool) -> AnswerWriter {
		AnswerWriter::new(CompletionKind::Chat, "chatcmpl-1", 7, "m", include_usage)
	}

	fn text(include_usage: bool) -> AnswerWriter {
		AnswerWriter::new(CompletionKind::Text, "cmpl-1", 7, "m", include_usage)
	}

	#[test]
	fn a_whole_answer() {
		let whole =
			Completion { text: "Paris.".into(), tool_calls: Vec::new(), finished: FINISHED };
		assert_eq!(
			to_value(chat(true).whole(whole)).expect("it serialises"),
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
		let answer = to_value(chat(false).whole(whole)).expect("it serialises");
		assert_eq!(
			answer["choices"][0]["message"],
			json!({
				"role": "assistant", "content": null, "refusal": null,
				"tool_calls": [{
					"id": "a", "type": "function", "function": { "name": "sum", "arguments": "{}" },
				}],
			})
		);
		let writer = chat(false);
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
		let writer = chat(false);
		let opening = writer.opening().expect("a chat begins with it");
		let pieces = [opening, writer.text("Hi"), writer.closing(FinishReason::Length)];
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
		let writer = chat(true);
		let text = to_value(writer.text("Hi")).expect("it serialises");
		assert_eq!(text.get("usage"), Some(&json!(null)));
		let last = writer.usage(&FINISHED).expect("it was asked for");
		let value = to_value(&last).expect("it serialises");
		assert_eq!(value["choices"], json!([]));
		assert_eq!(value["usage"]["total_tokens"], json!(15));
	}

	#[test]
	fn a_whole_text() {
		let finished = Finished { reason: FinishReason::Length, input_tokens: 2, ..FINISHED };
		let whole = Completion { text: "upon".into(), tool_calls: Vec::new(), finished };
		let answer = text(false).whole(whole);
		assert_eq!(
			to_value(answer).expect("it serialises"),
			json!({
				"id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m",
				"choices": [{
					"text": "upon", "index": 0, "logprobs": null, "finish_reason": "length",
				}],
				"usage": { "prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5 },
			})
		);
	}

	#[test]
	fn a_text_in_pieces() {
		let writer = text(true);
		let piece = to_value(writer.text("up")).expect("it serialises");
		assert_eq!(piece["choices"][0]["text"], json!("up"));
		assert_eq!(piece["choices"][0]["finish_reason"], json!(null));
		assert_eq!(piece.get("usage"), Some(&json!(null)));
		let end = to_value(writer.closing(FinishReason::Stop)).expect("it serialises");
		assert_eq!(end["choices"][0]["finish_reason"], json!("stop"));
		let last = to_value(writer.usage(&FINISHED)).expect("it serialises");
		assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(15)));
		assert_eq!(text(false).usage(&FINISHED), None);
	}
}

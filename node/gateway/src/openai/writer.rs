//! Answers in pieces, and continued texts whole as well: both have one form.

use openledger_models::{Completion, FinishReason, Finished, ToolDelta};
use serde::{Deserialize, Serialize};

use super::{
	response::{finish_reason, ChunkChoice, ChunkDelta},
	ChatCompletion, Usage,
};

/// A piece of a streamed answer; or a continued text, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece<C> {
	/// The call's id, the same in every piece.
	pub id: String,
	/// `chat.completion.chunk` or `text_completion`.
	pub object: String,
	/// The time when the answer began, in seconds since 1970.
	pub created: u64,
	/// The model that answers.
	pub model: String,
	/// The piece as the only element; nothing in the piece with the usage.
	pub choices: Vec<C>,
	/// The tokens that it took. In a streamed answer absent unless asked for; then null in all
	/// pieces but the last.
	#[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
	pub usage: Option<Option<Usage>>,
}

/// A piece of a streamed answer to a chat.
pub type ChatCompletionChunk = Piece<ChunkChoice>;
/// A continued text, or a piece of it.
pub type TextCompletion = Piece<TextChoice>;

/// A text, or a piece of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextChoice {
	/// The text.
	pub text: String,
	/// Always 0.
	pub index: u32,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// The reason why it ended, at its end.
	pub finish_reason: Option<String>,
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

/// A choice, of which [`Piece`]s are made.
trait PieceChoice {
	/// The name of such pieces.
	const OBJECT: &'static str;

	/// Some text, and why the answer ends with it, if it does.
	fn new(text: Option<String>, end: Option<FinishReason>) -> Self;
}

impl PieceChoice for ChunkChoice {
	const OBJECT: &'static str = "chat.completion.chunk";

	fn new(content: Option<String>, end: Option<FinishReason>) -> Self {
		let delta = ChunkDelta { content, ..ChunkDelta::default() };
		Self { index: 0, delta, logprobs: None, finish_reason: end.map(finish_reason) }
	}
}

impl PieceChoice for TextChoice {
	const OBJECT: &'static str = "text_completion";

	fn new(text: Option<String>, end: Option<FinishReason>) -> Self {
		let (text, finish_reason) = (text.unwrap_or_default(), end.map(finish_reason));
		Self { text, index: 0, logprobs: None, finish_reason }
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

/// A piece of a streamed answer, in either form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AnswerPiece {
	/// Of a chat.
	Chat(ChatCompletionChunk),
	/// Of a text.
	Text(TextCompletion),
}

/// A whole answer, in either form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WholeAnswer {
	/// To a chat.
	Chat(ChatCompletion),
	/// To a text.
	Text(TextCompletion),
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
	pub fn whole(self, completion: Completion) -> WholeAnswer {
		match self.kind {
			CompletionKind::Chat => {
				let Self { id, created, model, .. } = self;
				WholeAnswer::Chat(ChatCompletion::new(id, created, model, completion))
			}
			CompletionKind::Text => {
				let Completion { text, finished, .. } = completion;
				let choice = TextChoice::new(Some(text), Some(finished.reason));
				let usage = Some(Some((&finished).into()));
				WholeAnswer::Text(Piece { usage, ..self.piece(vec![choice]) })
			}
		}
	}

	/// The first piece, which says who speaks, where there is one before the text.
	pub fn opening(&self) -> Option<AnswerPiece> {
		let (role, content) = (Some("assistant".into()), Some(String::new()));
		let delta = ChunkDelta { role, content, ..ChunkDelta::default() };
		(self.kind == CompletionKind::Chat).then(|| self.delta(delta))
	}

	/// A piece of text.
	pub fn text(&self, text: impl Into<String>) -> AnswerPiece {
		self.choice(Some(text.into()), None)
	}

	/// A piece of a tool call.
	pub fn tool(&self, delta: &ToolDelta) -> AnswerPiece {
		match self.kind {
			CompletionKind::Chat => {
				let tool_calls = vec![delta.into()];
				self.delta(ChunkDelta { tool_calls, ..ChunkDelta::default() })
			}
			// No backend calls tools where a text is continued.
			CompletionKind::Text => self.text(delta.text()),
		}
	}

	/// The piece that says why the answer ended.
	pub fn closing(&self, reason: FinishReason) -> AnswerPiece {
		self.choice(None, Some(reason))
	}

	/// The last piece, with the token counts, where the caller asked for it.
	pub fn usage(&self, finished: &Finished) -> Option<AnswerPiece> {
		let usage = self.include_usage.then(|| Some(Some(finished.into())))?;
		Some(match self.kind {
			CompletionKind::Chat => AnswerPiece::Chat(Piece { usage, ..self.piece(Vec::new()) }),
			CompletionKind::Text => AnswerPiece::Text(Piece { usage, ..self.piece(Vec::new()) }),
		})
	}

	fn choice(&self, text: Option<String>, end: Option<FinishReason>) -> AnswerPiece {
		match self.kind {
			CompletionKind::Chat => {
				AnswerPiece::Chat(self.piece(vec![ChunkChoice::new(text, end)]))
			}
			CompletionKind::Text => AnswerPiece::Text(self.piece(vec![TextChoice::new(text, end)])),
		}
	}

	fn delta(&self, delta: ChunkDelta) -> AnswerPiece {
		let choice = ChunkChoice { index: 0, delta, logprobs: None, finish_reason: None };
		AnswerPiece::Chat(self.piece(vec![choice]))
	}

	fn piece<C: PieceChoice>(&self, choices: Vec<C>) -> Piece<C> {
		Piece {
			id: self.id.clone(),
			object: C::OBJECT.into(),
			created: self.created,
			model: self.model.clone(),
			choices,
			usage: self.include_usage.then_some(None),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_models::ToolCall;
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
		let back: ChatCompletionChunk = serde_json::from_value(value).expect("it reads back");
		assert_eq!(AnswerPiece::Chat(back), last);
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

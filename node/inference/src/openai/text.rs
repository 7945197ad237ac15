//! Continued texts, whole and in pieces.

use serde::{Deserialize, Serialize};

use super::{response::double_option, Usage};
use crate::backend::{Completion, FinishReason, Finished};

/// A continued text, or a piece of it: the body of a plain call, and the data of each event of a
/// streamed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextCompletion {
	/// The call's id, the same in every piece.
	pub id: String,
	/// `text_completion`.
	pub object: String,
	/// When it was made, in seconds since 1970.
	pub created: u64,
	/// The model that answers.
	pub model: String,
	/// The text as the only element; nothing in the piece with the usage.
	pub choices: Vec<TextChoice>,
	/// What it took. In a streamed answer absent unless asked for; then null in all pieces but the
	/// last.
	#[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
	pub usage: Option<Option<Usage>>,
}

/// A text, or a piece of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextChoice {
	/// The text.
	pub text: String,
	/// Always 0.
	pub index: u32,
	/// Not served, always null.
	pub logprobs: Option<()>,
	/// Why it ended, at its end.
	pub finish_reason: Option<String>,
}

/// Makes continued texts.
#[derive(Debug, Clone)]
pub struct TextWriter {
	id: String,
	created: u64,
	model: String,
	include_usage: bool,
}

impl TextWriter {
	/// For one answer; `created` in seconds since 1970.
	pub fn new(
		id: impl Into<String>,
		created: u64,
		model: impl Into<String>,
		include_usage: bool,
	) -> Self {
		Self { id: id.into(), created, model: model.into(), include_usage }
	}

	/// A whole answer.
	pub fn whole(&self, completion: Completion) -> TextCompletion {
		let Completion { text, finished, .. } = completion;
		let usage = Some(Some((&finished).into()));
		TextCompletion { usage, ..self.choice(text, Some(finished.reason)) }
	}

	/// A piece of text.
	pub fn text(&self, text: impl Into<String>) -> TextCompletion {
		self.choice(text.into(), None)
	}

	/// The piece that says why the answer ended.
	pub fn closing(&self, reason: FinishReason) -> TextCompletion {
		self.choice(String::new(), Some(reason))
	}

	/// The last piece, with the token counts, where the caller asked for it.
	pub fn usage(&self, finished: &Finished) -> Option<TextCompletion> {
		self.include_usage
			.then(|| TextCompletion { usage: Some(Some(finished.into())), ..self.piece() })
	}

	fn choice(&self, text: String, reason: Option<FinishReason>) -> TextCompletion {
		let finish_reason = reason.map(|reason| reason.as_str().to_owned());
		let choice = TextChoice { text, index: 0, logprobs: None, finish_reason };
		TextCompletion { choices: vec![choice], ..self.piece() }
	}

	fn piece(&self) -> TextCompletion {
		TextCompletion {
			id: self.id.clone(),
			object: "text_completion".into(),
			created: self.created,
			model: self.model.clone(),
			choices: Vec::new(),
			usage: self.include_usage.then_some(None),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{json, to_value};

	const FINISHED: Finished =
		Finished { reason: FinishReason::Length, input_tokens: 2, output_tokens: 3 };

	#[test]
	fn a_whole_text() {
		let whole = Completion { text: "upon".into(), tool_calls: Vec::new(), finished: FINISHED };
		let answer = TextWriter::new("cmpl-1", 7, "m", false).whole(whole);
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
		let writer = TextWriter::new("cmpl-1", 7, "m", true);
		let piece = to_value(writer.text("up")).expect("it serialises");
		assert_eq!(piece["choices"][0]["text"], json!("up"));
		assert_eq!(piece["choices"][0]["finish_reason"], json!(null));
		assert_eq!(piece.get("usage"), Some(&json!(null)));
		let end = to_value(writer.closing(FinishReason::Stop)).expect("it serialises");
		assert_eq!(end["choices"][0]["finish_reason"], json!("stop"));
		let last = to_value(writer.usage(&FINISHED)).expect("it serialises");
		assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(5)));
		assert_eq!(TextWriter::new("c", 7, "m", false).usage(&FINISHED), None);
	}
}

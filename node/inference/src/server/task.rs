//! What a call can be about.

use axum::response::sse::Event as SseEvent;
pub(super) use openledger_client::Task;
use serde::Serialize;
use tracing::warn;

use crate::{
	backend::{Completion, FinishReason, Finished, ToolDelta},
	clock,
	openai::{ApiError, ChatCompletion, ChunkWriter, TextWriter},
	store::CallId,
};

/// An error about the input, with the input's name in such calls.
pub(super) fn shape(task: Task, mut error: ApiError) -> ApiError {
	let detail = &mut error.body.error;
	if detail.param.as_deref() == Some("messages") {
		let name = match task {
			Task::Chat => "messages",
			Task::Text => "prompt",
			Task::Embeddings => "input",
		};
		detail.param = Some(name.to_owned());
	}
	error
}

/// The id of an answer in the OpenAI protocol: it names the call on chain.
fn answer_id(task: Task, id: CallId) -> String {
	let prefix = match task {
		Task::Chat => "chatcmpl",
		Task::Text | Task::Embeddings => "cmpl",
	};
	format!("{prefix}-{}-{}-{}", id.session, id.lane, id.sequence)
}

/// Writes answers in the form of their task.
pub(super) enum Writer {
	Chat(ChunkWriter),
	Text(TextWriter),
}

/// A whole answer.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Whole {
	Chat(ChatCompletion),
	Text(crate::openai::TextCompletion),
}

impl Writer {
	/// For the answer of one call.
	pub fn new(task: Task, id: CallId, model: &str, include_usage: bool) -> Self {
		let (id, now) = (answer_id(task, id), clock::unix_seconds());
		match task {
			Task::Chat => Self::Chat(ChunkWriter::new(id, now, model, include_usage)),
			Task::Text | Task::Embeddings => {
				Self::Text(TextWriter::new(id, now, model, include_usage))
			}
		}
	}

	/// A whole answer.
	pub fn whole(task: Task, id: CallId, model: &str, completion: Completion) -> Whole {
		match Self::new(task, id, model, false) {
			Self::Chat(_) => {
				let (id, now) = (answer_id(task, id), clock::unix_seconds());
				Whole::Chat(ChatCompletion::new(id, now, model, completion))
			}
			Self::Text(writer) => Whole::Text(writer.whole(completion)),
		}
	}

	/// The first piece, where there is one before the text.
	pub fn opening(&self) -> Option<SseEvent> {
		match self {
			Self::Chat(writer) => Some(json(&writer.opening())),
			Self::Text(_) => None,
		}
	}

	/// A piece of text.
	pub fn text(&self, text: &str) -> SseEvent {
		match self {
			Self::Chat(writer) => json(&writer.text(text)),
			Self::Text(writer) => json(&writer.text(text)),
		}
	}

	/// A piece of a tool call.
	pub fn tool(&self, delta: &ToolDelta) -> SseEvent {
		match self {
			Self::Chat(writer) => json(&writer.tool(delta)),
			// No backend calls tools where a text is continued.
			Self::Text(writer) => json(&writer.text(delta.text())),
		}
	}

	/// The piece that says why the answer ended.
	pub fn closing(&self, reason: FinishReason) -> SseEvent {
		match self {
			Self::Chat(writer) => json(&writer.closing(reason)),
			Self::Text(writer) => json(&writer.closing(reason)),
		}
	}

	/// The last piece, with the token counts, where the caller asked for it.
	pub fn usage(&self, finished: &Finished) -> Option<SseEvent> {
		match self {
			Self::Chat(writer) => writer.usage(finished).map(|usage| json(&usage)),
			Self::Text(writer) => writer.usage(finished).map(|usage| json(&usage)),
		}
	}
}

/// An event with JSON in it. What is sent here always serialises.
pub(super) fn json(value: &impl Serialize) -> SseEvent {
	match serde_json::to_string(value) {
		Ok(text) => SseEvent::default().data(text),
		Err(error) => {
			warn!(%error, "an event could not be written");
			SseEvent::default().comment("unwritable event")
		}
	}
}

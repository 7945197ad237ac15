//! The part of a streamed answer that goes through: everything but the payment.
//!
//! Nothing is handed out before the model has said something, so that another node can still be
//! asked if this one breaks off.

use axum::body::Bytes;
use openledger_protocol::{
	x402::{self, PaymentResponse, PAYMENT_RESPONSE},
	Task,
};
use serde_json::Value;

use crate::{answer_text::AnswerText, node::api::Refusal, sse::SseEvent};

/// Events that are held back until the model has said something, at most.
const MOST_HELD: usize = 16;

/// The thing to do after an event.
#[derive(Debug, PartialEq)]
pub enum Step {
	/// Hand this out.
	Forward(Vec<Bytes>),
	/// Nothing.
	Wait,
	/// The answer has come to its end.
	End,
}

/// A streamed answer on its way through.
#[derive(Debug, Default)]
pub struct Relay {
	task: Task,
	/// The text of the answer.
	pub said: AnswerText,
	/// The node's statement.
	pub response: Option<PaymentResponse>,
	/// The error that the node ended it with.
	pub error: Option<Refusal>,
	/// Events that were not handed out yet.
	held: Vec<Bytes>,
	begun: bool,
	answered: bool,
}

impl Relay {
	/// For an answer of a call of this kind.
	pub fn new(task: Task) -> Self {
		Self { task, ..Self::default() }
	}

	/// Takes an event.
	pub fn take(&mut self, event: SseEvent) -> Step {
		if event.name == PAYMENT_RESPONSE {
			let data = event.data.trim();
			let read = match data.starts_with('{') {
				true => x402::read_json(data.as_bytes()),
				false => x402::decode(data),
			};
			match read {
				Ok(response) => self.response = Some(response),
				Err(error) => tracing::warn!(%error, "a statement in a stream is unreadable"),
			}
			return Step::Wait;
		}
		if event.data == "[DONE]" {
			return Step::End;
		}
		let chunk: Option<Value> = serde_json::from_str(&event.data).ok();
		if chunk.as_ref().is_some_and(|chunk| chunk.get("error").is_some_and(|it| !it.is_null())) {
			self.error = Some(Refusal::of(200, &event.data));
			return Step::Wait;
		}
		if let Some(chunk) = &chunk {
			self.note(chunk);
		}
		self.held.push(write(&event));
		if self.begun || self.held.len() >= MOST_HELD {
			return Step::Forward(self.flush());
		}
		Step::Wait
	}

	/// Returns `true` once the model has said something, or that it has nothing to say.
	pub fn has_answered(&self) -> bool {
		self.answered
	}

	/// Hands out what was held back.
	pub fn flush(&mut self) -> Vec<Bytes> {
		self.begun = true;
		std::mem::take(&mut self.held)
	}

	fn note(&mut self, chunk: &Value) {
		let choices = chunk.get("choices").and_then(Value::as_array);
		for choice in choices.into_iter().flatten() {
			let says = self.said.add(self.task, choice);
			let ends = choice.get("finish_reason").is_some_and(Value::is_string);
			self.answered |= says || ends;
			self.begun |= self.answered;
		}
	}
}

/// An event as it goes over the wire.
fn write(event: &SseEvent) -> Bytes {
	let mut text = String::with_capacity(event.data.len().saturating_add(16));
	if !event.name.is_empty() {
		text.push_str("event: ");
		text.push_str(&event.name);
		text.push('\n');
	}
	for line in event.data.split('\n') {
		text.push_str("data: ");
		text.push_str(line);
		text.push('\n');
	}
	text.push('\n');
	text.into()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::sse::SseParser;
	use proptest::prelude::*;
	use serde_json::json;

	fn event(data: &Value) -> SseEvent {
		SseEvent { name: String::new(), data: data.to_string() }
	}

	fn delta(delta: &Value) -> SseEvent {
		event(&json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
	}

	#[test]
	fn nothing_goes_out_before_something_was_said() {
		let mut relay = Relay::default();
		let opening = delta(&json!({ "role": "assistant", "content": "" }));
		assert_eq!(relay.take(opening.clone()), Step::Wait);
		let first = delta(&json!({ "content": "Hi" }));
		let Step::Forward(pieces) = relay.take(first) else { panic!() };
		assert_eq!(pieces.len(), 2);
		assert_eq!(pieces[0], write(&opening));
		let Step::Forward(pieces) = relay.take(delta(&json!({ "content": " there" }))) else {
			panic!()
		};
		assert_eq!((pieces.len(), relay.said.signed.as_str()), (1, "Hi there"));
		assert!(relay.said.besides.is_empty() && relay.flush().is_empty());
		let done = SseEvent { name: String::new(), data: "[DONE]".into() };
		assert_eq!(relay.take(done), Step::End);
	}

	#[test]
	fn an_error_is_not_handed_out() {
		let mut relay = Relay::default();
		let error = json!({ "error": { "message": "no", "type": "server_error", "code": "x" } });
		assert_eq!(relay.take(event(&error)), Step::Wait);
		assert_eq!(relay.error.map(|error| error.code), Some("x".into()));
		let mut relay = Relay::default();
		relay.take(event(&json!({ "error": null, "choices": [] })));
		assert!(relay.error.is_none());
	}

	#[test]
	fn tool_calls_begin_an_answer_as_text_does() {
		let mut relay = Relay::default();
		let call = json!({ "index": 0, "id": "a", "function": { "name": "sum", "arguments": "" } });
		let call = delta(&json!({ "tool_calls": [call] }));
		assert!(matches!(relay.take(call), Step::Forward(_)));
		assert_eq!(relay.said.signed, "sum");
		let mut relay = Relay::default();
		let empty = delta(&json!({ "content": "", "refusal": null, "tool_calls": [] }));
		assert_eq!(relay.take(empty), Step::Wait);
		let thought = delta(&json!({ "reasoning_content": "Let me see" }));
		assert!(matches!(relay.take(thought), Step::Forward(_)));
		assert_eq!((relay.said.signed.as_str(), relay.said.besides.as_str()), ("", "Let me see"));
	}

	#[test]
	fn continued_texts_go_through_too() {
		let mut relay = Relay::new(Task::Text);
		let piece = |text: &str| event(&json!({ "choices": [{ "index": 0, "text": text }] }));
		assert_eq!(relay.take(piece("")), Step::Wait);
		let Step::Forward(pieces) = relay.take(piece("upon")) else { panic!() };
		assert_eq!((pieces.len(), relay.said.signed.as_str()), (2, "upon"));
	}

	#[test]
	fn the_statement_stays_here() {
		let mut relay = Relay::default();
		let statement = SseEvent { name: PAYMENT_RESPONSE.into(), data: "rubbish".into() };
		assert_eq!(relay.take(statement), Step::Wait);
		assert!(relay.response.is_none() && relay.flush().is_empty());
	}

	#[test]
	fn an_endless_beginning_is_handed_out() {
		let mut relay = Relay::default();
		let empty = delta(&json!({ "content": "" }));
		let held = (1..MOST_HELD).all(|_| relay.take(empty.clone()) == Step::Wait);
		assert!(held && matches!(relay.take(empty), Step::Forward(all) if all.len() == MOST_HELD));
	}

	proptest! {
		#[test]
		fn events_go_through_as_they_are(
			name in "[a-z-]{0,9}", data in "[^\r\n]{1,60}(\n[^\r\n]{1,20}){0,2}"
		) {
			let event = SseEvent { name, data };
			prop_assert_eq!(SseParser::default().push(&write(&event)), Ok(vec![event]));
		}
	}
}

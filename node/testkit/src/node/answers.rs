//! The answers of an inference node: always the same.

use std::time::Duration;

use axum::{
	body::Body,
	response::{IntoResponse, Response},
	Json,
};
use futures::{stream, StreamExt};
use openledger_protocol::{
	x402::{self, PaymentResponse},
	Task,
};
use serde_json::{json, Value};

use super::Mood;

/// The answer, and its tokens.
pub const ANSWER: [&str; 3] = ["The capital", " of Zoë", " is Paris."];

/// The tool that is called, and its arguments.
pub const TOOL: (&str, &str) = ("look_up", "{\"city\":\"Zoë\"}");
/// The way it comes to its answer.
const THOUGHT: &str = "Everybody knows that.";

pub(super) fn stream_of(pieces: Vec<String>, cut: bool) -> Response {
	let end = cut.then(|| Err(std::io::Error::other("cable cut")));
	let pieces = stream::iter(pieces.into_iter().map(Ok).chain(end));
	// One after the other, as a model makes them.
	let paced = pieces.then(|piece| async {
		tokio::time::sleep(Duration::from_millis(2)).await;
		piece
	});
	([("content-type", "text/event-stream")], Body::from_stream(paced)).into_response()
}

fn chunk(task: Task, delta: Value, finish: Value) -> String {
	let choice = match task {
		Task::Chat => json!({ "index": 0, "delta": delta, "finish_reason": finish }),
		_ => json!({ "index": 0, "text": delta["content"].as_str().unwrap_or(""),
			"logprobs": null, "finish_reason": finish }),
	};
	format!("data: {}\n\n", json!({ "choices": [choice] }))
}

/// A tool call in pieces.
fn tool_deltas() -> [Value; 2] {
	let begin = json!({ "index": 0, "id": "call_1", "type": "function",
		"function": { "name": TOOL.0, "arguments": "" } });
	let more = json!({ "index": 0, "function": { "arguments": TOOL.1 } });
	[begin, more].map(|call| json!({ "tool_calls": [call] }))
}

pub(super) fn streamed(task: Task, mood: Mood, response: &PaymentResponse) -> Response {
	if mood == Mood::Empty {
		let statement = format!(": payment-response {}\n\n", x402::encode(response));
		return stream_of(vec![statement, "data: [DONE]\n\n".into()], false);
	}
	let delta = |delta| chunk(task, delta, Value::Null);
	let mut pieces = vec![delta(json!({ "role": "assistant", "content": "" }))];
	if matches!(mood, Mood::Thinking | Mood::ThinkingWrongText) {
		pieces.push(delta(json!({ "reasoning_content": THOUGHT })));
	}
	pieces.extend(ANSWER.iter().map(|text| delta(json!({ "content": text }))));
	if matches!(mood, Mood::Tool | Mood::UnsignedTool) {
		pieces.extend(tool_deltas().map(delta));
	}
	if matches!(mood, Mood::BreakOff | Mood::BreakOffMute) {
		return stream_of(pieces, true);
	}
	pieces.push(chunk(task, json!({}), json!("stop")));
	if mood.states() {
		pieces.push(format!(": payment-response {}\n\n", x402::encode(response)));
	}
	pieces.push("data: [DONE]\n\n".into());
	stream_of(pieces, false)
}

/// Half a word, and nothing more.
pub(super) fn padded() -> Response {
	stream_of(vec![chunk(Task::Chat, json!({ "content": "Par" }), Value::Null)], true)
}

/// Text, and more text.
pub(super) fn endless() -> Response {
	let piece = chunk(Task::Chat, json!({ "content": "x".repeat(100_000) }), Value::Null);
	let pieces = stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
	([("content-type", "text/event-stream")], Body::from_stream(pieces)).into_response()
}

fn body_of(task: Task, mood: Mood) -> Value {
	let vector = |numbers: Value| json!({ "object": "embedding", "embedding": numbers });
	if mood == Mood::Empty {
		return json!({});
	}
	let mut message = json!({ "role": "assistant", "content": ANSWER.concat() });
	match mood {
		Mood::Tool | Mood::UnsignedTool => {
			let function = json!({ "name": TOOL.0, "arguments": TOOL.1 });
			let call = json!({ "id": "call_1", "type": "function", "function": function });
			message["tool_calls"] = json!([call]);
		}
		Mood::Thinking | Mood::ThinkingWrongText => message["reasoning_content"] = json!(THOUGHT),
		_ => {}
	}
	match task {
		Task::Chat => {
			json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] })
		}
		Task::Text => {
			json!({ "choices": [{ "index": 0, "text": ANSWER.concat(), "finish_reason": "stop" }] })
		}
		Task::Embeddings => {
			json!({ "object": "list", "data": [vector(json!([0.5, -1.0])), vector(json!("AAAAQA=="))] })
		}
	}
}

pub(super) fn whole(task: Task, mood: Mood, response: &PaymentResponse) -> Response {
	let body = body_of(task, mood);
	if matches!(mood, Mood::BreakOff | Mood::BreakOffMute | Mood::Keeping) {
		let half = body.to_string().split_off(9);
		let pieces = vec![Ok(half), Err(std::io::Error::other("cable cut"))];
		return Body::from_stream(stream::iter(pieces)).into_response();
	}
	let mut whole = Json(body).into_response();
	if mood.states() {
		let header = x402::encode(response).parse().unwrap();
		whole.headers_mut().insert(x402::PAYMENT_RESPONSE, header);
	}
	whole
}

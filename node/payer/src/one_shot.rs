//! One call, waited for until it has come to its end.

use axum::{
	body::{Body, Bytes},
	http::{header::CONTENT_TYPE, Response},
};
use futures::{Stream, StreamExt};
use openledger_protocol::{
	sanitise::{sanitised, WORD},
	x402::Receipt,
};
use serde_json::Value;

use crate::{
	call::{Ended, Outcome, PaidCall, ReplyChannel, Request, Router, Served},
	sse::SseParser,
};

/// A chat that was asked for, and what came of it.
#[derive(Clone, Debug)]
pub struct Asked {
	/// The answer's text, as far as it has come.
	pub text: String,
	/// The reason why it ended, in OpenAI's words.
	pub finish_reason: Option<String>,
	/// The whole answer as it came, if it did not come in pieces.
	pub completion: Option<Value>,
	/// The end of the call.
	pub ended: Ended,
	/// The vouchers that went out for it, in order, and what became of each.
	pub paid: Vec<PaidCall>,
}

impl Asked {
	/// The statement of the call that was answered, and what was paid with, if the answer is whole.
	pub fn answered(&self) -> Option<(&PaidCall, &Receipt)> {
		let paid = self.paid.last().filter(|_| self.ended == Ended::Delivered)?;
		match &paid.outcome {
			Outcome::Charged(receipt) => Some((paid, receipt)),
			Outcome::NotCharged | Outcome::False(_) | Outcome::Unknown => None,
		}
	}
}

/// Makes a call and waits for its end. `on_text` gets the answer's text as it comes.
pub async fn ask(
	router: &Router,
	request: Request,
	on_text: &mut (dyn FnMut(&str) + Send),
) -> Asked {
	let (reply, answer) = ReplyChannel::new();
	let reading = async {
		match answer.await {
			Ok(Ok(response)) => Read::of(response, on_text).await,
			// The router says why there is none.
			Ok(Err(_)) | Err(_) => Read::default(),
		}
	};
	let (served, read) = futures::join!(router.serve(request, reply), reading);
	let (Served { ended, paid }, Read { text, finish_reason, completion }) = (served, read);
	Asked { text, finish_reason, completion, ended, paid }
}

/// An answer that was read.
#[derive(Debug, Default)]
struct Read {
	text: String,
	finish_reason: Option<String>,
	completion: Option<Value>,
}

impl Read {
	async fn of(response: Response<Body>, on_text: &mut (dyn FnMut(&str) + Send)) -> Self {
		let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
		let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
		let body = response.into_body().into_data_stream();
		match is_stream {
			true => Self::streamed(body, on_text).await,
			false => Self::whole(body, on_text).await,
		}
	}

	/// Reads a whole answer. It was measured when it came from the node.
	async fn whole(
		mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Self {
		let mut json = Vec::new();
		while let Some(Ok(piece)) = body.next().await {
			json.extend_from_slice(&piece);
		}
		let completion: Option<Value> = serde_json::from_slice(&json).ok();
		let choice = completion.as_ref().and_then(|completion| completion.pointer("/choices/0"));
		let text = choice.and_then(|choice| choice.pointer("/message/content")?.as_str());
		let text = text.unwrap_or_default().to_owned();
		let finish_reason = choice.and_then(finish_reason);
		on_text(&text);
		Self { text, finish_reason, completion }
	}

	async fn streamed(
		mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Self {
		let mut read = Self::default();
		let mut parser = SseParser::default();
		while let Some(Ok(piece)) = body.next().await {
			// Each event was taken from the node in the same way.
			for event in parser.push(&piece).unwrap_or_default() {
				let chunk: Option<Value> = serde_json::from_str(&event.data).ok();
				let Some(choice) = chunk.as_ref().and_then(|chunk| chunk.pointer("/choices/0"))
				else {
					continue;
				};
				if let Some(text) = choice.pointer("/delta/content").and_then(Value::as_str) {
					read.text.push_str(text);
					on_text(text);
				}
				read.finish_reason = finish_reason(choice).or(read.finish_reason.take());
			}
		}
		read
	}
}

/// The reason why an answer ended: a node's word.
fn finish_reason(choice: &Value) -> Option<String> {
	Some(sanitised(choice.get("finish_reason")?.as_str()?, WORD))
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn a_nodes_last_word_is_short_and_plain() {
		let odd = json!({ "finish_reason": "\u{1b}[2Jé".repeat(999) });
		let reason = finish_reason(&odd).unwrap();
		assert_eq!(reason.chars().count(), WORD);
		assert!(reason.starts_with("[2Jé["), "{reason}");
		assert_eq!(finish_reason(&json!({ "finish_reason": null })), None);
	}

	#[tokio::test]
	async fn the_last_reason_counts() {
		let chunk = |choice: Value| format!("data: {}\n\n", json!({ "choices": [choice] }));
		let body = [
			chunk(json!({ "delta": { "content": "Hi" }, "finish_reason": null })),
			chunk(json!({ "delta": {}, "finish_reason": "stop" })),
			chunk(json!({ "delta": {} })),
			"data: [DONE]\n\n".into(),
		];
		let mut streamed = String::new();
		let mut response = Response::new(Body::from(body.concat()));
		response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
		let read = Read::of(response, &mut |text| streamed.push_str(text)).await;
		assert_eq!((read.text.as_str(), streamed.as_str()), ("Hi", "Hi"));
		assert_eq!(read.finish_reason.as_deref(), Some("stop"));
		assert!(read.completion.is_none());
	}
}

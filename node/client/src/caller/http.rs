//! The caller's side of a node's HTTP API.

use std::time::Duration;

use futures::StreamExt;
use openledger_primitives::{LaneId, Sequence, SessionId};
use reqwest::{header::CONTENT_TYPE, redirect::Policy, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::{
	sse::{SseEvent, SseParser},
	AnswerSize, CallerError,
};
use crate::{
	sanitise::{sanitised, MESSAGE, SHOWN, WORD},
	x402::{
		self, PaymentRequired, PaymentResponse, PAYMENT_REQUIRED, PAYMENT_RESPONSE,
		PAYMENT_SIGNATURE,
	},
};

/// No statement and no error is longer than this, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// How long a node may take for an offer or a statement.
const QUESTION: Duration = Duration::from_secs(15);
/// How long one answer may take, from the request to its end.
const LONGEST: Duration = Duration::from_secs(600);

/// Why an answer is not read to its end.
const TOO_LONG: &str = "the answer is longer than what was paid for can be";

/// An inference node's HTTP API.
#[derive(Clone, Debug)]
pub(super) struct NodeApi {
	http: reqwest::Client,
	url: String,
}

/// A refusal in the node's words.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
	pub status: StatusCode,
	/// Whether it has the form that a node's errors have: else it may be a proxy's.
	pub shaped: bool,
	pub code: String,
	pub message: String,
	/// What the node would take instead.
	pub details: Value,
}

impl From<Refusal> for CallerError {
	fn from(refusal: Refusal) -> Self {
		let Refusal { status, code, message, .. } = refusal;
		Self::Refused { status: status.as_u16(), code, message }
	}
}

/// What came of a request with a payment.
pub(super) enum Sent {
	/// The answer begins.
	Answer(Response),
	/// It was refused.
	Refused(Refusal),
	/// Nobody was there to take it.
	NobodyThere(String),
	/// It may have been taken.
	Lost(String),
}

/// What the node says of a call.
#[derive(Debug)]
pub(super) enum Known {
	/// It was served.
	Served(Box<PaymentResponse>),
	/// It was not charged, and its sequence is used.
	NotCharged,
	/// Its voucher was not taken so far.
	NotTaken,
	/// It is being served, or the node cannot say right now.
	NotNow(String),
}

/// What came of an answer.
#[derive(Debug, Default)]
pub(super) struct Delivered {
	pub text: String,
	/// What the statement is about: the text, and the name and arguments of each tool call.
	pub signed: String,
	pub finish_reason: Option<String>,
	/// The whole answer, if it did not come in pieces.
	pub completion: Option<Value>,
	pub response: Option<PaymentResponse>,
	/// Why the answer is not whole, if it is not.
	pub broken: Option<String>,
	/// The error that the node ended it with.
	pub error: Option<Refusal>,
	/// What the node has said of the call since, if it was asked.
	pub known: Option<Known>,
}

impl NodeApi {
	pub(super) fn new(http: reqwest::Client, url: &str) -> Self {
		Self { http, url: url.trim_end_matches('/').to_owned() }
	}

	/// The HTTP client that all calls share.
	///
	/// # Errors
	/// If TLS cannot be set up.
	pub(super) fn client(
		connect_timeout: Duration,
		silence: Duration,
	) -> Result<reqwest::Client, CallerError> {
		reqwest::Client::builder()
			.connect_timeout(connect_timeout)
			.read_timeout(silence)
			// A voucher goes where it was meant to go, or nowhere.
			.redirect(Policy::none())
			.user_agent(concat!("openledger-client/", env!("CARGO_PKG_VERSION")))
			.build()
			.map_err(|error| CallerError::Protocol(describe(&error)))
	}

	fn chat(&self) -> String {
		format!("{}/v1/chat/completions", self.url)
	}

	fn unreachable(&self, reason: String) -> CallerError {
		CallerError::Unreachable { url: sanitised(&self.url, MESSAGE), reason }
	}

	/// Asks without paying, to learn what it costs.
	pub(super) async fn offer(&self, body: &[u8]) -> Result<PaymentRequired, CallerError> {
		let asking = timeout(QUESTION, self.ask_offer(body));
		asking.await.unwrap_or_else(|_| Err(self.unreachable(late())))
	}

	async fn ask_offer(&self, body: &[u8]) -> Result<PaymentRequired, CallerError> {
		let request = self.http.post(self.chat()).header(CONTENT_TYPE, "application/json");
		let answer = request.body(body.to_vec()).send().await;
		let answer = answer.map_err(|error| self.unreachable(describe(&error)))?;
		if answer.status().is_success() {
			let what = "it answered without asking for payment".to_owned();
			return Err(CallerError::Protocol(what));
		}
		let required = header(&answer, PAYMENT_REQUIRED, "PAYMENT-REQUIRED header")?;
		let refusal = refusal(answer).await;
		match required {
			Some(required) if refusal.status == StatusCode::PAYMENT_REQUIRED => Ok(required),
			_ => Err(refusal.into()),
		}
	}

	/// Asks with a payment.
	pub(super) async fn pay(&self, body: &[u8], payment: &str) -> Sent {
		let request = self
			.http
			.post(self.chat())
			.header(CONTENT_TYPE, "application/json")
			.header(PAYMENT_SIGNATURE, payment);
		// All of the answer has to come in this time.
		let request = request.timeout(LONGEST);
		match request.body(body.to_vec()).send().await {
			Ok(answer) if answer.status().is_success() => Sent::Answer(answer),
			Ok(answer) => Sent::Refused(refusal(answer).await),
			Err(error) if error.is_connect() || error.is_builder() => {
				Sent::NobodyThere(describe(&error))
			}
			Err(error) => Sent::Lost(describe(&error)),
		}
	}

	/// What became of a call.
	pub(super) async fn statement(
		&self,
		session: SessionId,
		lane: LaneId,
		sequence: Sequence,
	) -> Known {
		let url = format!("{}/v1/statements/{session}/{lane}/{sequence}", self.url);
		let asking = timeout(QUESTION, self.ask_statement(url));
		asking.await.unwrap_or_else(|_| Known::NotNow(late()))
	}

	async fn ask_statement(&self, url: String) -> Known {
		let answer = match self.http.get(url).send().await {
			Ok(answer) => answer,
			Err(error) => return Known::NotNow(describe(&error)),
		};
		match answer.status() {
			StatusCode::OK => match bounded(answer, MAX_BODY).await {
				Ok(json) => match x402::read_json(&json) {
					Ok(response) => Known::Served(Box::new(response)),
					Err(error) => Known::NotNow(format!("its statement cannot be read: {error}")),
				},
				Err(reason) => Known::NotNow(reason),
			},
			_ => Known::of(refusal(answer).await),
		}
	}
}

impl Known {
	/// What a node says that has no statement of a call. What a proxy does not find, the node behind
	/// it may have.
	fn of(refusal: Refusal) -> Self {
		match (refusal.status, refusal.shaped, refusal.code.as_str()) {
			(StatusCode::NOT_FOUND, true, "not_charged") => Self::NotCharged,
			(StatusCode::NOT_FOUND, true, "call_unknown") => Self::NotTaken,
			_ => Self::NotNow(refusal.message),
		}
	}
}

/// Reads an answer to its end, handing out its text as it comes.
pub(super) async fn read(
	answer: Response,
	size: AnswerSize,
	on_text: &mut (dyn FnMut(&str) + Send),
) -> Delivered {
	let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
	if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
		read_stream(answer, size, on_text).await
	} else {
		read_whole(answer, size, on_text).await
	}
}

async fn read_whole(
	answer: Response,
	size: AnswerSize,
	on_text: &mut (dyn FnMut(&str) + Send),
) -> Delivered {
	let mut delivered = Delivered::default();
	match header(&answer, PAYMENT_RESPONSE, "PAYMENT-RESPONSE header") {
		Ok(response) => delivered.response = response,
		Err(error) => tracing::warn!(%error),
	}
	let completion: Result<Value, String> = match bounded(answer, size.written).await {
		Ok(json) if !size.holds(&json) => Err(TOO_LONG.into()),
		Ok(json) => serde_json::from_slice(&json).map_err(|error| format!("not JSON: {error}")),
		Err(reason) => Err(reason),
	};
	match completion {
		Ok(completion) => {
			let choice = completion.pointer("/choices/0");
			let text = choice.and_then(|choice| choice.pointer("/message/content"));
			delivered.text = text.and_then(Value::as_str).unwrap_or_default().to_owned();
			delivered.signed = delivered.text.clone();
			let calls = choice.and_then(|choice| choice.pointer("/message/tool_calls"));
			delivered.take_calls(calls);
			delivered.finish_reason = choice.and_then(finish_reason);
			delivered.completion = Some(completion);
			on_text(&delivered.text);
		}
		Err(reason) => delivered.broken = Some(reason),
	}
	delivered
}

async fn read_stream(
	answer: Response,
	size: AnswerSize,
	on_text: &mut (dyn FnMut(&str) + Send),
) -> Delivered {
	let mut delivered = Delivered::default();
	let mut read: usize = 0;
	let mut parser = SseParser::default();
	let mut pieces = answer.bytes_stream();
	while let Some(piece) = pieces.next().await {
		let events = match piece {
			Ok(bytes) => {
				read = read.saturating_add(bytes.len());
				parser.push(&bytes)
			}
			Err(error) => {
				delivered.broken = Some(describe(&error));
				return delivered;
			}
		};
		let Ok(events) = events else {
			delivered.broken = Some("the node sends an endless event".into());
			return delivered;
		};
		for event in events {
			if event.data == "[DONE]" {
				return delivered;
			}
			delivered.take(event, on_text);
		}
		if read > size.written || delivered.signed.len() > size.said {
			delivered.broken = Some(TOO_LONG.into());
			return delivered;
		}
	}
	delivered.broken = Some("the stream ended before its last word".into());
	delivered
}

impl Delivered {
	/// Tool calls, or pieces of them.
	fn take_calls(&mut self, calls: Option<&Value>) {
		for call in calls.and_then(Value::as_array).into_iter().flatten() {
			for part in ["/function/name", "/function/arguments"] {
				let said = call.pointer(part).and_then(Value::as_str);
				self.signed.push_str(said.unwrap_or_default());
			}
		}
	}

	fn take(&mut self, event: SseEvent, on_text: &mut (dyn FnMut(&str) + Send)) {
		if event.name == PAYMENT_RESPONSE {
			let data = event.data.trim();
			let read = match data.starts_with('{') {
				true => x402::read_json(data.as_bytes()),
				false => x402::decode(data),
			};
			match read {
				Ok(response) => self.response = Some(response),
				Err(error) => tracing::warn!(%error, "the statement in the stream is unreadable"),
			}
			return;
		}
		let Ok(chunk) = serde_json::from_str::<Value>(&event.data) else {
			return;
		};
		if chunk.get("error").is_some() {
			self.error = Some(Refusal::of(StatusCode::OK, &chunk, &event.data));
			return;
		}
		let Some(choice) = chunk.pointer("/choices/0") else {
			return;
		};
		if let Some(text) = choice.pointer("/delta/content").and_then(Value::as_str) {
			self.text.push_str(text);
			self.signed.push_str(text);
			on_text(text);
		}
		self.take_calls(choice.pointer("/delta/tool_calls"));
		self.finish_reason = finish_reason(choice).or(self.finish_reason.take());
	}
}

fn finish_reason(choice: &Value) -> Option<String> {
	Some(sanitised(choice.get("finish_reason")?.as_str()?, WORD))
}

impl Refusal {
	/// From an error body in OpenAI's form, or whatever else came.
	fn of(status: StatusCode, body: &Value, raw: &str) -> Self {
		let text = |key: &str, most: usize| {
			let value = body.pointer(&format!("/error/{key}"));
			value.and_then(Value::as_str).map(|text| sanitised(text, most))
		};
		let shortened = || {
			let text = sanitised(raw.trim(), SHOWN);
			match text.is_empty() {
				true => status.canonical_reason().unwrap_or("no reason given").to_owned(),
				false => text,
			}
		};
		Self {
			status,
			shaped: text("message", MESSAGE).is_some(),
			code: text("code", WORD)
				.or_else(|| text("type", WORD))
				.unwrap_or_else(|| "error".into()),
			message: text("message", MESSAGE).unwrap_or_else(shortened),
			details: body.get("openledger").cloned().unwrap_or_default(),
		}
	}
}

async fn refusal(answer: Response) -> Refusal {
	let status = answer.status();
	let raw = bounded(answer, MAX_BODY).await.unwrap_or_default();
	let raw = String::from_utf8_lossy(&raw);
	let body = serde_json::from_str(&raw).unwrap_or_default();
	Refusal::of(status, &body, &raw)
}

fn header<T: DeserializeOwned>(
	answer: &Response,
	name: &str,
	what: &'static str,
) -> Result<Option<T>, CallerError> {
	let Some(value) = answer.headers().get(name) else {
		return Ok(None);
	};
	let value = value.to_str().unwrap_or_default();
	x402::decode(value).map(Some).map_err(|error| CallerError::Header { what, error })
}

fn late() -> String {
	format!("no answer within {} s", QUESTION.as_secs())
}

/// A whole body, if it has no more than `most` bytes.
async fn bounded(answer: Response, most: usize) -> Result<Vec<u8>, String> {
	let mut body = Vec::new();
	let mut pieces = answer.bytes_stream();
	while let Some(piece) = pieces.next().await {
		let piece = piece.map_err(|error| describe(&error))?;
		if body.len().saturating_add(piece.len()) > most {
			return Err(TOO_LONG.into());
		}
		body.extend_from_slice(&piece);
	}
	Ok(body)
}

/// What an HTTP error says, with its causes: the first line alone often says nothing.
fn describe(error: &reqwest::Error) -> String {
	let mut said = error.to_string();
	let mut cause: &dyn std::error::Error = error;
	while let Some(inner) = cause.source() {
		let more = inner.to_string();
		if !said.contains(&more) {
			said = format!("{said}: {more}");
		}
		cause = inner;
	}
	sanitised(&said, MESSAGE)
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn only_the_node_says_what_became_of_a_call() {
		let said = |status: u16, body: &Value| {
			let status = StatusCode::from_u16(status).unwrap();
			Known::of(Refusal::of(status, body, &body.to_string()))
		};
		let of = |code: &str| json!({ "error": { "message": "no", "code": code } });
		assert!(matches!(said(404, &of("not_charged")), Known::NotCharged));
		assert!(matches!(said(404, &of("call_unknown")), Known::NotTaken));
		for (status, body) in [
			(404, json!("<html>")),
			(404, json!({})),
			(404, json!({ "code": "not_charged" })),
			(404, of("unknown_url")),
			(410, json!(null)),
			(410, of("record_removed")),
			(409, of("not_charged")),
		] {
			assert!(matches!(said(status, &body), Known::NotNow(_)), "{status} {body}");
		}
	}

	#[test]
	fn what_a_node_says_is_short_and_plain() {
		let long = "\u{1b}[2Jé".repeat(9_999);
		let body = json!({ "error": { "message": long, "code": long } });
		let refusal = Refusal::of(StatusCode::BAD_REQUEST, &body, "");
		let characters = |text: &str| text.chars().count();
		assert_eq!((characters(&refusal.message), characters(&refusal.code)), (MESSAGE, WORD));
		assert!(refusal.shaped && refusal.message.starts_with("[2Jé["), "{}", refusal.message);
		let page = Refusal::of(StatusCode::BAD_GATEWAY, &Value::Null, "<h1>\nno\u{7}</h1>");
		assert_eq!((page.shaped, page.message.as_str()), (false, "<h1>\nno</h1>"));
	}

	#[test]
	fn tool_calls_are_part_of_what_is_signed() {
		let mut delivered = Delivered::default();
		let mut shown = String::new();
		for delta in [
			json!({ "role": "assistant", "content": "" }),
			json!({ "content": "Hm. " }),
			json!({ "tool_calls": [{ "index": 0, "function": { "name": "sum", "arguments": "" } }] }),
			json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{}" } }] }),
		] {
			let data = json!({ "choices": [{ "delta": delta }] }).to_string();
			delivered
				.take(SseEvent { name: String::new(), data }, &mut |text| shown.push_str(text));
		}
		assert_eq!((delivered.text.as_str(), shown.as_str()), ("Hm. ", "Hm. "));
		assert_eq!(delivered.signed, "Hm. sum{}");
	}
}

//! The OpenAI protocol as a client speaks it: requests to the other server, and its answers.

use std::{collections::VecDeque, time::Duration};

use openledger_protocol::sse::{SseItem, SseReader, TooLong};
use reqwest::{header, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{BackendError, Message, Prepared};

/// Of what a failing server says, this many characters are passed on.
const LONGEST_MESSAGE: usize = 300;

/// A server that sends a longer line, or a longer event of several, is not one that speaks this
/// protocol.
const LONGEST_EVENT: usize = 1 << 20;
/// A body that is not a stream is read up to this many bytes.
const LONGEST_BODY: usize = 1 << 20;
/// Vectors are, up to this many: 2,048 of 4,096 numbers, written out.
const LONGEST_VECTORS: usize = 192 << 20;

/// The body of a streaming request.
#[derive(Serialize)]
pub(super) struct Request<'a> {
	model: &'a str,
	#[serde(skip_serializing_if = "Option::is_none")]
	messages: Option<&'a [Message]>,
	#[serde(skip_serializing_if = "Option::is_none")]
	prompt: Option<&'a str>,
	stream: bool,
	stream_options: StreamOptions,
	max_tokens: u32,
	#[serde(skip_serializing_if = "Option::is_none")]
	temperature: Option<f64>,
	#[serde(skip_serializing_if = "Option::is_none")]
	top_p: Option<f64>,
	#[serde(skip_serializing_if = "Option::is_none")]
	seed: Option<i64>,
	#[serde(skip_serializing_if = "<[String]>::is_empty")]
	stop: &'a [String],
	#[serde(flatten)]
	extras: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct StreamOptions {
	include_usage: bool,
}

impl<'a> Request<'a> {
	/// True for a chat, false for a text to be continued.
	pub fn is_chat(&self) -> bool {
		self.messages.is_some()
	}

	pub fn new(model: &'a str, call: &'a Prepared) -> Self {
		let request = call.request();
		Self {
			model,
			messages: request.prompt.is_none().then_some(request.messages.as_slice()),
			prompt: request.prompt.as_deref(),
			stream: true,
			stream_options: StreamOptions { include_usage: true },
			max_tokens: call.max_output_tokens(),
			temperature: request.sampling.temperature,
			top_p: request.sampling.top_p,
			seed: request.sampling.seed,
			stop: &request.stop,
			extras: &request.extras,
		}
	}
}

/// One piece of a streamed answer.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
	#[serde(default)]
	pub choices: Vec<Choice>,
	pub usage: Option<Usage>,
	error: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
	#[serde(default)]
	pub delta: Delta,
	/// Instead of a delta, if a text is continued.
	pub text: Option<String>,
	pub finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta {
	pub content: Option<String>,
	pub tool_calls: Option<Vec<ToolPiece>>,
}

/// A piece of a tool call.
#[derive(Debug, Deserialize)]
pub(super) struct ToolPiece {
	pub index: Option<u32>,
	pub id: Option<String>,
	pub function: Option<FunctionPiece>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionPiece {
	pub name: Option<String>,
	pub arguments: Option<String>,
}

/// The counts that the server claims.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Usage {
	pub prompt_tokens: u32,
	#[serde(default)]
	pub completion_tokens: u32,
}

/// The body of a request for vectors.
#[derive(Serialize)]
pub(super) struct EmbeddingsRequest<'a> {
	pub model: &'a str,
	pub input: &'a [String],
	pub encoding_format: &'static str,
	#[serde(skip_serializing_if = "Option::is_none")]
	pub dimensions: Option<u32>,
}

/// Vectors, and what the server says that it counted.
#[derive(Debug, Deserialize)]
pub(super) struct Embeddings {
	pub data: Vec<EmbeddingVector>,
	pub usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EmbeddingVector {
	#[serde(default)]
	pub index: usize,
	pub embedding: Vec<f32>,
}

/// A reason why an attempt failed, and if another may succeed.
#[derive(Debug)]
pub(super) enum Failure {
	/// The server could not be reached, broke off, or said that it is busy.
	Passing(BackendError),
	/// It would fail again.
	Final(BackendError),
}

impl Failure {
	pub fn is_passing(&self) -> bool {
		matches!(self, Self::Passing(_))
	}

	pub fn into_backend(self) -> BackendError {
		match self {
			Self::Passing(error) | Self::Final(error) => error,
		}
	}

	/// It stopped in the middle.
	pub fn broke_off() -> Self {
		Self::Passing(upstream(None, "it broke off"))
	}
}

impl From<BackendError> for Failure {
	fn from(error: BackendError) -> Self {
		Self::Final(error)
	}
}

impl From<reqwest::Error> for Failure {
	fn from(error: reqwest::Error) -> Self {
		// The address is the operator's business.
		let error = error.without_url();
		let message = if error.is_connect() { "it cannot be reached" } else { "it broke off" };
		tracing::debug!(?error, message);
		Self::Passing(upstream(None, message))
	}
}

fn upstream(status: Option<StatusCode>, message: &str) -> BackendError {
	BackendError::Upstream {
		status: status.map(|status| status.as_u16()),
		message: message.chars().take(LONGEST_MESSAGE).collect(),
	}
}

/// The data of the events that these bytes complete. Comments, which keep connections alive, carry
/// nothing.
fn events(reader: &mut SseReader, bytes: &[u8]) -> Result<Vec<String>, BackendError> {
	let items = reader
		.push(bytes)
		.map_err(|TooLong| upstream(None, "it sends lines or events of more than a mebibyte"))?;
	let data = items.into_iter().filter_map(|item| match item {
		SseItem::Event { data, .. } => Some(data),
		SseItem::Comment(_) => None,
	});
	let text = |data| {
		String::from_utf8(data).map_err(|_| upstream(None, "it sends text that is no UTF-8"))
	};
	data.map(text).collect()
}

/// A streamed answer.
pub(super) struct Stream {
	response: Response,
	reader: SseReader,
	ready: VecDeque<String>,
}

impl Stream {
	/// Checks that a response is a stream, and what went wrong where it is not.
	pub async fn open(response: Response) -> Result<Self, Failure> {
		let response = refuse_errors(response).await?;
		let kind = response.headers().get(header::CONTENT_TYPE);
		let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
		if !kind.starts_with("text/event-stream") {
			return Err(Failure::Final(upstream(None, "it does not stream")));
		}
		Ok(Self { response, reader: SseReader::new(LONGEST_EVENT), ready: VecDeque::new() })
	}

	/// The next piece; `None` at the end.
	pub async fn next(&mut self) -> Result<Option<Chunk>, Failure> {
		let data = loop {
			if let Some(data) = self.ready.pop_front() {
				break data;
			}
			match self.response.chunk().await? {
				Some(bytes) => self.ready.extend(events(&mut self.reader, &bytes)?),
				None => return Ok(None),
			}
		};
		if data == "[DONE]" {
			return Ok(None);
		}
		let chunk: Chunk = serde_json::from_str(&data)
			.map_err(|_| upstream(None, "it sends what is no chat completion chunk"))?;
		match &chunk.error {
			Some(error) => Err(Failure::Passing(upstream(None, &message(error)))),
			None => Ok(Some(chunk)),
		}
	}
}

/// The vectors in an answer: as many as were asked for, in order.
pub(super) async fn embeddings(
	response: Response,
	count: usize,
) -> Result<(Vec<Vec<f32>>, Option<Usage>), Failure> {
	let body = body(refuse_errors(response).await?, LONGEST_VECTORS).await?;
	let nonsense = |_| Failure::Final(upstream(None, "it sends what are no vectors"));
	let mut found: Embeddings = serde_json::from_slice(&body).map_err(nonsense)?;
	found.data.sort_by_key(|vector| vector.index);
	let in_order = found.data.iter().enumerate().all(|(place, vector)| vector.index == place);
	if found.data.len() != count || !in_order {
		return Err(Failure::Final(upstream(None, "it does not send one vector for each text")));
	}
	Ok((found.data.into_iter().map(|vector| vector.embedding).collect(), found.usage))
}

/// The names of the models that a server lists.
pub(super) async fn models(response: Response) -> Result<Vec<String>, Failure> {
	#[derive(Deserialize)]
	struct List {
		data: Vec<Model>,
	}
	#[derive(Deserialize)]
	struct Model {
		id: String,
	}
	let body = body(refuse_errors(response).await?, LONGEST_BODY).await?;
	let list: List = serde_json::from_slice(&body)
		.map_err(|_| upstream(None, "it sends what is no list of models"))?;
	Ok(list.data.into_iter().map(|model| model.id).collect())
}

async fn refuse_errors(response: Response) -> Result<Response, Failure> {
	let status = response.status();
	if status.is_success() {
		return Ok(response);
	}
	let seconds = response.headers().get(header::RETRY_AFTER).and_then(|after| {
		let seconds: u64 = after.to_str().ok()?.parse().ok()?;
		Some(seconds.clamp(1, 60))
	});
	let body = body(response, LONGEST_BODY).await.unwrap_or_default();
	let said: Value = serde_json::from_slice(&body).unwrap_or_default();
	let said = message(said.get("error").unwrap_or(&said));
	let said = if said.is_empty() { format!("HTTP status {}", status.as_u16()) } else { said };
	Err(match status {
		StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
			let retry_after = Duration::from_secs(seconds.unwrap_or(1));
			Failure::Passing(BackendError::Overloaded { retry_after })
		}
		StatusCode::INTERNAL_SERVER_ERROR
		| StatusCode::BAD_GATEWAY
		| StatusCode::GATEWAY_TIMEOUT => Failure::Passing(upstream(Some(status), &said)),
		_ => Failure::Final(upstream(Some(status), &said)),
	})
}

/// The text in an error, wherever the server puts it.
fn message(error: &Value) -> String {
	let text = error.as_str().or_else(|| error.get("message")?.as_str());
	text.unwrap_or_default().to_owned()
}

async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
	let mut body = Vec::new();
	while let Some(bytes) = response.chunk().await? {
		if body.len().saturating_add(bytes.len()) > most {
			return Err(Failure::Final(upstream(None, "it sends too much")));
		}
		body.extend_from_slice(&bytes);
	}
	Ok(body)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn refuses_what_is_no_event_stream() {
		let read = |bytes: &[u8]| events(&mut SseReader::new(LONGEST_EVENT), bytes);
		assert_eq!(
			read(b": well\ndata: {}\n\ndata: [DONE]\n\n"),
			Ok(vec!["{}".into(), "[DONE]".into()])
		);
		assert!(read(&[b'x'; LONGEST_EVENT + 1]).is_err());
		assert!(read(b"data: \xFF\n\n").is_err());
	}
}

//! A backend that answers at once, in OpenAI's protocol, always the same.
//!
//! It does as little as it can, so that what is measured is what stands in front of it.

use anyhow::{Context, Result};
use openledger_e2e::{payer::chat, scenario::MODEL};
use serde_json::{json, Value};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpListener, TcpStream},
	process::Command,
};

use crate::{
	load::{body_length, head_end},
	server::{free_address, Server},
};

/// Where chats go.
pub const CHAT_PATH: &str = "/v1/chat/completions";
/// The answer, always the same.
const ANSWER: &str = "The capital of France is Paris.";
/// The tokens of its prompt, as the tokenizer of the small language model counts.
const PROMPT_TOKENS: u32 = 37;
const ANSWER_TOKENS: u32 = 7;
/// No request is longer than this, in bytes.
const LONGEST: usize = 1 << 20;

/// The body of every request.
pub fn request() -> Vec<u8> {
	chat(MODEL, "What is the capital of France?", 64)
}

/// Starts it as a process of its own.
///
/// # Errors
/// If it does not start.
pub async fn start(folder: &Path) -> Result<Server> {
	let address = free_address()?;
	let mut command = Command::new(std::env::current_exe()?);
	command.arg("backend").env("BENCH_LISTEN", address.to_string());
	let patience = Duration::from_secs(10);
	Server::start("backend", &mut command, folder, address, "/v1/models", patience).await
}

/// Serves until it is killed.
///
/// # Errors
/// If it cannot listen.
pub async fn run() -> Result<()> {
	let address = std::env::var("BENCH_LISTEN").context("BENCH_LISTEN says where to listen")?;
	let listener = TcpListener::bind(address).await?;
	let answers = Arc::new(Answers::new());
	loop {
		let (stream, _) = listener.accept().await?;
		let answers = answers.clone();
		// Whoever breaks a connection off has its reasons.
		tokio::spawn(async move { answers.serve(stream).await });
	}
}

/// The three things that it says.
struct Answers {
	models: Vec<u8>,
	whole: Vec<u8>,
	stream: Vec<u8>,
}

impl Answers {
	fn new() -> Self {
		let models = json!({ "object": "list", "data": [{ "id": MODEL, "object": "model" }] });
		let usage = json!({
			"prompt_tokens": PROMPT_TOKENS,
			"completion_tokens": ANSWER_TOKENS,
			"total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
		});
		let choice = json!({
			"index": 0,
			"message": { "role": "assistant", "content": ANSWER },
			"finish_reason": "stop",
		});
		let mut whole = chunk("chat.completion", json!([choice]));
		let mut last = chunk("chat.completion.chunk", json!([]));
		for counted in [&mut whole, &mut last] {
			if let Some(fields) = counted.as_object_mut() {
				fields.insert("usage".into(), usage.clone());
			}
		}
		let piece = |delta: Value, reason: Value| {
			let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
			chunk("chat.completion.chunk", json!([choice]))
		};
		let pieces = [
			piece(json!({ "role": "assistant", "content": ANSWER }), Value::Null),
			piece(json!({}), json!("stop")),
			last,
		];
		let mut events: String = pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect();
		events.push_str("data: [DONE]\n\n");
		Self {
			models: response("application/json", &models.to_string()),
			whole: response("application/json", &whole.to_string()),
			stream: response("text/event-stream", &events),
		}
	}

	async fn serve(&self, mut stream: TcpStream) -> Result<()> {
		stream.set_nodelay(true)?;
		let mut buffer = Vec::with_capacity(8 * 1024);
		loop {
			let (head, end) = loop {
				if let Some(head) = head_end(&buffer) {
					let end = head + body_length(buffer.get(..head).unwrap_or_default());
					if buffer.len() >= end {
						break (head, end);
					}
				}
				anyhow::ensure!(buffer.len() < LONGEST, "too long");
				if stream.read_buf(&mut buffer).await? == 0 {
					return Ok(());
				}
			};
			let (head, body) = buffer.split_at(head);
			let body = body.get(..end - head.len()).unwrap_or_default();
			let answer = match (head.starts_with(b"POST"), wants_stream(body)) {
				(false, _) => &self.models,
				(true, false) => &self.whole,
				(true, true) => &self.stream,
			};
			stream.write_all(answer).await?;
			buffer.drain(..end);
		}
	}
}

/// Returns `true` if a request asks for a stream. It is not read for anything else.
fn wants_stream(body: &[u8]) -> bool {
	[b"\"stream\":true".as_slice(), b"\"stream\": true"]
		.iter()
		.any(|wanted| body.windows(wanted.len()).any(|part| part == *wanted))
}

fn chunk(object: &str, choices: Value) -> Value {
	json!({ "id": "chatcmpl-0", "object": object, "created": 0, "model": MODEL, "choices": choices })
}

fn response(kind: &str, body: &str) -> Vec<u8> {
	let length = body.len();
	format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
		.into_bytes()
}

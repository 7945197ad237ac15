//! A model server whose answers are known beforehand.
//!
//! It speaks the OpenAI protocol as far as an inference node needs it, and is no bottleneck: what is
//! tested and measured is the node in front of it.

use anyhow::{ensure, Context, Result};
use serde_json::{json, Value};
use sp_io::hashing::blake2_256;
use std::{net::SocketAddr, time::Duration};
use tokio::{
	io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
	net::{TcpListener, TcpStream},
	task::{JoinHandle, JoinSet},
};

/// No request is longer, in bytes.
const MAX_BODY: usize = 1 << 20;
const WORDS: [&str; 16] = [
	"river", "mountain", "city", "harbour", "island", "valley", "forest", "bridge", "desert",
	"lake", "coast", "village", "road", "castle", "garden", "market",
];
/// Words of the shortest answer, and how many more the longest has, and one.
const SHORTEST: usize = 4;
const MORE: u8 = 13;

/// The answer to a prompt: always the same.
pub fn answer(prompt: &str) -> String {
	let hash = blake2_256(prompt.as_bytes());
	let [first, rest @ ..] = hash;
	let count = SHORTEST + usize::from(first % MORE);
	let words = rest.iter().take(count).filter_map(|byte| WORDS.get(usize::from(byte % 16)));
	words.copied().collect::<Vec<_>>().join(" ")
}

/// A running model server. It ends when this is dropped.
pub struct ModelServer {
	address: SocketAddr,
	task: JoinHandle<()>,
}

impl ModelServer {
	/// Starts it on a free port. It waits so long before each word.
	///
	/// # Errors
	/// If there is no port.
	pub async fn start(pause: Duration) -> Result<Self> {
		let listener = TcpListener::bind("127.0.0.1:0").await?;
		let address = listener.local_addr()?;
		let task = tokio::spawn(async move {
			let mut connections = JoinSet::new();
			while let Ok((stream, _)) = listener.accept().await {
				// A node that is killed leaves its connections broken.
				connections.spawn(async move {
					let _ = serve(stream, pause).await;
				});
				while connections.try_join_next().is_some() {}
			}
		});
		Ok(Self { address, task })
	}

	/// Its base URL, as OpenAI clients take it.
	pub fn url(&self) -> String {
		format!("http://{}/v1", self.address)
	}
}

impl Drop for ModelServer {
	fn drop(&mut self) {
		self.task.abort();
	}
}

async fn serve(stream: TcpStream, pause: Duration) -> Result<()> {
	stream.set_nodelay(true)?;
	let mut stream = BufReader::new(stream);
	while let Some((path, body)) = request(&mut stream).await? {
		if path.ends_with("/chat/completions") {
			stream_answer(stream.get_mut(), &asked(&body)?, pause).await?;
		} else {
			let models = json!({ "object": "list", "data": [{ "id": MODEL, "object": "model" }] });
			let (status, body) = match path.ends_with("/models") {
				true => ("200 OK", models),
				false => ("404 Not Found", json!({ "error": { "message": "no such page" } })),
			};
			let body = body.to_string();
			let head = format!(
				"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
				body.len()
			);
			stream.get_mut().write_all((head + &body).as_bytes()).await?;
		}
		stream.get_mut().flush().await?;
	}
	Ok(())
}

/// The model's name on this server.
pub const MODEL: &str = "known-answers";

/// The next request's path and body, if there is one.
async fn request(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<(String, Vec<u8>)>> {
	let mut line = String::new();
	if stream.read_line(&mut line).await? == 0 {
		return Ok(None);
	}
	let path = line.split_whitespace().nth(1).context("a request without a path")?.to_owned();
	let mut length = 0;
	loop {
		line.clear();
		stream.read_line(&mut line).await?;
		let Some((name, value)) = line.split_once(':') else { break };
		if name.eq_ignore_ascii_case("content-length") {
			length = value.trim().parse()?;
		}
	}
	ensure!(length <= MAX_BODY, "a request of {length} bytes");
	let mut body = vec![0; length];
	stream.read_exact(&mut body).await?;
	Ok(Some((path, body)))
}

/// The text of the last message of a chat.
fn asked(body: &[u8]) -> Result<String> {
	let body: Value = serde_json::from_slice(body)?;
	let messages = body.get("messages").and_then(Value::as_array).context("no messages")?;
	let content = messages.last().and_then(|message| message.get("content"));
	Ok(content.and_then(Value::as_str).context("no text")?.to_owned())
}

/// Sends the answer word by word. It does not say how many tokens that is: the node counts.
async fn stream_answer(
	to: &mut (impl AsyncWrite + Unpin),
	prompt: &str,
	pause: Duration,
) -> Result<()> {
	let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
	            transfer-encoding: chunked\r\n\r\n";
	let mut waiting = head.to_owned();
	for (number, word) in answer(prompt).split(' ').enumerate() {
		if !pause.is_zero() {
			to.write_all(waiting.as_bytes()).await?;
			waiting.clear();
			tokio::time::sleep(pause).await;
		}
		let word = if number == 0 { word.to_owned() } else { format!(" {word}") };
		waiting.push_str(&chunk(&json!({ "content": word }), None));
	}
	waiting.push_str(&chunk(&json!({}), Some("stop")));
	waiting.push_str(&framed("data: [DONE]\n\n"));
	waiting.push_str("0\r\n\r\n");
	to.write_all(waiting.as_bytes()).await?;
	Ok(())
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
	let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
	let chunk = json!({ "object": "chat.completion.chunk", "choices": [choice] });
	framed(&format!("data: {chunk}\n\n"))
}

/// A piece of a body whose length is not known before.
fn framed(data: &str) -> String {
	format!("{:x}\r\n{data}\r\n", data.len())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn the_answer_comes_as_it_was_known() {
		let server = ModelServer::start(Duration::ZERO).await.unwrap();
		let body = json!({ "messages": [{ "role": "user", "content": "Where?" }] });
		let url = format!("{}/chat/completions", server.url());
		for _ in 0..2 {
			let got = reqwest::Client::new().post(&url).json(&body).send().await.unwrap();
			let got = got.text().await.unwrap();
			let words = got.lines().filter_map(|line| {
				let chunk: Value = serde_json::from_str(line.strip_prefix("data: ")?).ok()?;
				Some(chunk.pointer("/choices/0/delta/content")?.as_str()?.to_owned())
			});
			assert_eq!(words.collect::<String>(), answer("Where?"));
			assert!(got.ends_with("data: [DONE]\n\n"));
		}
		let models = reqwest::get(format!("{}/models", server.url())).await.unwrap();
		assert!(models.text().await.unwrap().contains(MODEL));
		assert_ne!(answer("Where?"), answer("When?"));
	}
}

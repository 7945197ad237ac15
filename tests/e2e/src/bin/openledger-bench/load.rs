//! The load generator: so many connections, each with one call after the other.
//!
//! Requests are written ahead of time, and what comes back is only looked through for its length: what
//! the generator takes of the processors is taken from what is measured.

use anyhow::{anyhow, bail, ensure, Context, Result};
use std::{
	net::SocketAddr,
	str,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
	runtime,
	sync::Barrier,
	task::{block_in_place, JoinSet},
};

use crate::server::Server;

/// No answer is longer than this, in bytes.
const LONGEST: usize = 1 << 20;

/// The requests that are sent.
pub enum Requests {
	/// The same one, over so many connections.
	Same {
		/// The request.
		request: Vec<u8>,
		/// Connections.
		connections: usize,
	},
	/// Others each time: those of each connection, in their order. It ends when one has no more.
	Each(Vec<Vec<Vec<u8>>>),
}

/// The measurements.
#[derive(Debug, Default)]
pub struct Measured {
	/// The time it took.
	pub elapsed: Duration,
	/// The time of each call.
	pub latencies: Vec<Duration>,
	/// Processor time that the server has used.
	pub used: Duration,
	/// The header that acknowledges a payment, of each call of each connection.
	pub receipts: Vec<Vec<String>>,
}

/// A POST request with a JSON body.
pub fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
	let mut head = format!("POST {path} HTTP/1.1\r\nhost: bench\r\n");
	for (name, value) in headers {
		head.push_str(&format!("{name}: {value}\r\n"));
	}
	let length = body.len();
	head.push_str(&format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n"));
	[head.as_bytes(), body].concat()
}

/// Where a message's head ends, the empty line included.
pub fn head_end(buffer: &[u8]) -> Option<usize> {
	buffer.windows(4).position(|part| part == b"\r\n\r\n").map(|at| at + 4)
}

/// The length of a body, by its head.
pub fn body_length(head: &[u8]) -> usize {
	header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
	head.split(|byte| *byte == b'\n').find_map(|line| {
		let (found, value) = str::from_utf8(line).ok()?.split_once(':')?;
		found.eq_ignore_ascii_case(name).then(|| value.trim())
	})
}

/// Calls a server for so many seconds, from a thread of its own: several would take more of the
/// processors from what is measured, to wake one another.
///
/// # Errors
/// If a connection breaks, or a call is not answered well.
pub fn run(server: &Server, requests: Requests, seconds: f64) -> Result<Measured> {
	block_in_place(|| {
		std::thread::scope(|scope| {
			let calling = scope.spawn(|| {
				let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
				runtime.block_on(call(server, requests, seconds))
			});
			calling.join().map_err(|_| anyhow!("the load generator panicked"))?
		})
	})
}

async fn call(server: &Server, requests: Requests, seconds: f64) -> Result<Measured> {
	let address = server.address;
	let each = match requests {
		Requests::Same { request, connections } => {
			let request = Arc::new(vec![request]);
			vec![(request, true); connections]
		}
		Requests::Each(lists) => lists.into_iter().map(|list| (Arc::new(list), false)).collect(),
	};
	let start = Arc::new(Barrier::new(each.len() + 1));
	let limit = Duration::from_secs_f64(seconds);
	let mut tasks = JoinSet::new();
	for (number, (requests, again)) in each.into_iter().enumerate() {
		let start = start.clone();
		tasks.spawn(async move {
			let connection = Connection::open(address).await;
			start.wait().await;
			let done = connection?.calls(&requests, again, limit).await?;
			anyhow::Ok((number, done))
		});
	}
	let before = server.used()?;
	start.wait().await;
	let began = Instant::now();
	let mut done: Vec<(usize, Calls)> = Vec::new();
	while let Some(ended) = tasks.join_next().await {
		done.push(ended??);
	}
	let elapsed = began.elapsed();
	let used = server.used()?.saturating_sub(before);
	done.sort_by_key(|(number, _)| *number);
	let mut measured = Measured { elapsed, used, ..Measured::default() };
	for (_, Calls { latencies, receipts }) in done {
		measured.latencies.extend(latencies);
		measured.receipts.push(receipts);
	}
	Ok(measured)
}

#[derive(Default)]
struct Calls {
	latencies: Vec<Duration>,
	receipts: Vec<String>,
}

struct Connection {
	stream: TcpStream,
	buffer: Vec<u8>,
}

impl Connection {
	async fn open(address: SocketAddr) -> Result<Self> {
		let stream = TcpStream::connect(address).await?;
		stream.set_nodelay(true)?;
		Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
	}

	async fn calls(&mut self, requests: &[Vec<u8>], again: bool, limit: Duration) -> Result<Calls> {
		let mut calls = Calls::default();
		let end = Instant::now() + limit;
		let mut next = 0;
		while let Some(request) = requests.get(if again { 0 } else { next }) {
			let began = Instant::now();
			if began >= end {
				break;
			}
			let receipt = self.exchange(request).await?;
			calls.latencies.push(began.elapsed());
			calls.receipts.extend(receipt);
			next += 1;
		}
		Ok(calls)
	}

	/// Sends a request and reads its answer. The header that acknowledges a payment, if there is one.
	async fn exchange(&mut self, request: &[u8]) -> Result<Option<String>> {
		self.stream.write_all(request).await?;
		self.buffer.clear();
		let head = loop {
			match head_end(&self.buffer) {
				Some(end) => break end,
				None => self.more().await?,
			}
		};
		let (kept, end) = {
			let bytes = self.buffer.get(..head).unwrap_or_default();
			let receipt = header(bytes, "payment-response").map(str::to_owned);
			let length = header(bytes, "content-length").context("an answer without a length")?;
			(receipt, head + length.parse::<usize>()?)
		};
		while self.buffer.len() < end {
			self.more().await?;
		}
		if !self.buffer.starts_with(b"HTTP/1.1 200") {
			bail!("an answer that is none:\n{}", String::from_utf8_lossy(&self.buffer));
		}
		Ok(kept)
	}

	async fn more(&mut self) -> Result<()> {
		ensure!(self.buffer.len() < LONGEST, "an answer that is too long");
		let read = self.stream.read_buf(&mut self.buffer).await?;
		ensure!(read > 0, "a connection was closed");
		Ok(())
	}
}

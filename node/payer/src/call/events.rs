//! The events of a streamed answer.

use std::collections::VecDeque;

use axum::body::Bytes;
use futures::{stream::BoxStream, StreamExt};
use reqwest::Response;

use crate::{
	node::api::describe,
	sse::{SseEvent, SseParser},
};

/// The events of an answer, as they come.
pub(super) struct Events {
	pieces: BoxStream<'static, reqwest::Result<Bytes>>,
	parser: SseParser,
	ready: VecDeque<SseEvent>,
	/// Bytes that have come.
	pub read: usize,
}

impl Events {
	pub fn new(answer: Response) -> Self {
		Self {
			pieces: answer.bytes_stream().boxed(),
			parser: SseParser::default(),
			ready: VecDeque::new(),
			read: 0,
		}
	}

	/// The next event, or why there is none.
	pub async fn next(&mut self) -> Result<SseEvent, String> {
		loop {
			if let Some(event) = self.ready.pop_front() {
				return Ok(event);
			}
			let piece = match self.pieces.next().await {
				Some(piece) => piece.map_err(|error| describe(&error))?,
				None => return Err("the stream ended before its last word".into()),
			};
			self.read = self.read.saturating_add(piece.len());
			let events = self.parser.push(&piece);
			self.ready.extend(events.map_err(|_| "the node sends an endless event".to_owned())?);
		}
	}
}

//! The way back to the app that has asked.

use std::convert::Infallible;

use axum::{
	body::{Body, Bytes},
	http::{header::CONTENT_TYPE, HeaderName, HeaderValue},
	response::Response,
};
use futures::FutureExt;
use openledger_protocol::ApiError;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

/// Pieces of an answer that may be on their way.
const CAPACITY: usize = 16;

/// The app has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The answer to an app's request.
pub type AppReply = Result<Response, ApiError>;

/// The way back to the app.
#[derive(Debug)]
pub struct ReplyChannel(State);

#[derive(Debug)]
enum State {
	/// Nothing was said yet.
	Silent(oneshot::Sender<AppReply>),
	/// An answer goes out piece by piece.
	Streaming(mpsc::Sender<Result<Bytes, Infallible>>),
	/// Everything was said.
	Closed,
}

impl ReplyChannel {
	/// A channel, and what comes out of it.
	pub fn new() -> (Self, oneshot::Receiver<AppReply>) {
		let (reply, answer) = oneshot::channel();
		(Self(State::Silent(reply)), answer)
	}

	/// Returns `true` if part of an answer has gone out: nobody else can answer any more.
	pub fn has_begun(&self) -> bool {
		!matches!(self.0, State::Silent(_))
	}

	/// Completes when the app has gone.
	pub async fn gone(&mut self) {
		match &mut self.0 {
			State::Silent(reply) => reply.closed().await,
			State::Streaming(pieces) => pieces.closed().await,
			State::Closed => {}
		}
	}

	/// Returns `true` if the app has gone.
	pub fn is_gone(&mut self) -> bool {
		self.gone().now_or_never().is_some()
	}

	/// Answers at once, and all of it.
	pub fn answer(&mut self, reply: AppReply) -> Result<(), Gone> {
		match std::mem::replace(&mut self.0, State::Closed) {
			State::Silent(sender) => sender.send(reply).map_err(|_| Gone),
			State::Streaming(_) | State::Closed => Err(Gone),
		}
	}

	/// Begins an answer that goes out piece by piece.
	pub fn open(&mut self, headers: Vec<(HeaderName, HeaderValue)>) -> Result<(), Gone> {
		let (sender, receiver) = mpsc::channel(CAPACITY);
		let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
		let kind = HeaderValue::from_static("text/event-stream");
		let known = [
			(CONTENT_TYPE, kind),
			(axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
		];
		response.headers_mut().extend(known.into_iter().chain(headers));
		match std::mem::replace(&mut self.0, State::Closed) {
			State::Silent(sender) => sender.send(Ok(response)).map_err(|_| Gone)?,
			State::Streaming(_) | State::Closed => return Err(Gone),
		}
		self.0 = State::Streaming(sender);
		Ok(())
	}

	/// Sends a piece, waiting while the app reads slowly.
	pub async fn send(&mut self, piece: Bytes) -> Result<(), Gone> {
		match &self.0 {
			State::Streaming(pieces) => pieces.send(Ok(piece)).await.map_err(|_| Gone),
			State::Silent(_) | State::Closed => Err(Gone),
		}
	}

	/// Says what went wrong: as the answer, or, if one has begun, as its last event.
	pub async fn fail(&mut self, error: ApiError) {
		let sent = match &self.0 {
			State::Streaming(_) => {
				// What is written here are strings, which JSON can always hold.
				let body = serde_json::to_string(&error.body).unwrap_or_default();
				self.send(format!("data: {body}\n\n").into()).await
			}
			State::Silent(_) | State::Closed => self.answer(Err(error)),
		};
		if sent.is_err() {
			tracing::debug!("the app did not wait to hear what went wrong");
		}
		self.0 = State::Closed;
	}
}

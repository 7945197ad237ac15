//! An answer piece by piece, as server-sent events.
//!
//! Deltas, the chunk with the finish reason, the usage where it was asked for; then the call is
//! recorded, durably, and only then come the signed statement, as a comment, and `[DONE]`: readers of
//! events pass over comments, so OpenAI's own clients take the stream as it is.
//!
//! An answer that is cut short, because its caller goes away, time runs out, or it gets too long to be
//! hashed, is charged for the text that the connection had taken; one of which nothing was taken is not charged, and neither
//! is one that broke because the model failed.

use std::time::Duration;

use axum::response::{
	sse::{Event as SseEvent, KeepAlive, Sse},
	IntoResponse, Response,
};
use futures::StreamExt;
use openledger_models::{BackendError, Event, FinishReason, Finished, Generation};
use openledger_primitives::answer::MAX_ANSWER;
use openledger_protocol::{x402, ApiError, RefusalCode};
use serde::Serialize;
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::{
	call::{Call, Reply, Stop},
	frames::{self, FrameSender, Frames, Gone},
	refused::Refused,
};
use crate::{
	openai::AnswerWriter,
	payment::{Delivered, Reserved},
};

/// The time that the end of an answer may take to go out.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// The time that a backend that was told to stop may take to say how far it came.
const WIND_DOWN: Duration = Duration::from_secs(2);

/// The end of an answer.
enum End {
	/// The model was done, and the connection took everything.
	Complete(Finished),
	/// It was cut short.
	Cut(Stop),
}

/// The part that was delivered, with the counts to charge.
struct Part {
	text: String,
	input_tokens: u32,
	output_tokens: u32,
}

/// Streams the answer, and charges what was delivered of it.
pub(super) async fn answer(
	call: &Call,
	reserved: Reserved,
	mut generation: Generation,
	writer: impl FnOnce() -> AnswerWriter,
	mut reply: Reply,
) {
	// The model is at work meanwhile.
	if let Err(error) = reserved.secure().await {
		error!(call = %reserved.id(), %error, "a voucher could not be written down");
		let _ = reply.send(Err(Refused::from(error)));
		return;
	}
	// Until something has come out of the model, the caller can still get a proper status.
	let first = tokio::select! {
		biased;
		() = reply.closed() => Err(Stop::Gone),
		stop = call.interrupted() => Err(stop),
		event = generation.next() => event.unwrap_or_else(|| Err(broken())).map_err(Stop::Failed),
	};
	let first = match first {
		Ok(first) => first,
		Err(stop) => return call.give_up(reserved, stop, Some(reply)).await,
	};
	call.note_first_token();

	let (sender, receiver) = frames::channel();
	if reply.send(Ok(response(receiver))).is_err() {
		return call.give_up(reserved, Stop::Gone, None).await;
	}
	let mut answer =
		Answer { call, sender: &sender, writer: writer(), pieces: Vec::new(), room: MAX_ANSWER };
	let stop = match answer.pump(first, &mut generation).await {
		End::Complete(finished) => {
			let part = answer.whole(&finished);
			return conclude(call, reserved, part, &answer).await;
		}
		End::Cut(Stop::Failed(error)) => {
			let _ = timeout(LAST_WORDS, answer.fail(error.clone().into())).await;
			return call.give_up(reserved, Stop::Failed(error), None).await;
		}
		End::Cut(stop) => stop,
	};
	let taken = sender.seal();
	let caller_is_there = !matches!(stop, Stop::Gone);
	if taken == 0 {
		if caller_is_there {
			let _ = timeout(LAST_WORDS, answer.fail(stop.apology())).await;
		}
		return call.give_up(reserved, stop, None).await;
	}
	info!(call = %reserved.id(), why = stop.uncharged().code(), "answer cut short");
	let part = answer.part(taken, &mut generation, &reserved).await;
	drop(generation);
	if caller_is_there {
		let finished = part.finished(FinishReason::Length);
		let _ = timeout(LAST_WORDS, answer.close(&finished)).await;
	}
	conclude(call, reserved, part, &answer).await;
}

/// Records the call, then hands out its statement.
async fn conclude(call: &Call, reserved: Reserved, part: Part, answer: &Answer<'_>) {
	let id = reserved.id();
	let Part { text, input_tokens, output_tokens } = part;
	let delivered = Delivered { text, input_tokens, output_tokens };
	match reserved.deliver(delivered, None, &call.app.receipt_key).await {
		Ok(served) => {
			call.note_served(&served);
			let statement = x402::encode(&served.response());
			let _ = timeout(LAST_WORDS, answer.settle_up(statement)).await;
		}
		Err(error) => {
			error!(call = %id, %error, "a delivered answer could not be charged");
			let message = "the call could not be recorded; nothing was charged";
			let error = ApiError::new(RefusalCode::StoreUnavailable, message);
			let _ = timeout(LAST_WORDS, answer.fail(error)).await;
		}
	}
}

fn broken() -> BackendError {
	BackendError::Failed("the answer broke off".into())
}

fn response(frames: Frames) -> Response {
	let mut response = Sse::new(frames).keep_alive(KeepAlive::default()).into_response();
	// Reverse proxies that would rather collect the answer first are asked not to.
	response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
	response
}

impl Part {
	fn finished(&self, reason: FinishReason) -> Finished {
		Finished { reason, input_tokens: self.input_tokens, output_tokens: self.output_tokens }
	}
}

/// An answer on its way out.
struct Answer<'a> {
	call: &'a Call,
	sender: &'a FrameSender,
	writer: AnswerWriter,
	/// The pieces that were sent, in order.
	pieces: Vec<Piece>,
	/// Bytes that further pieces may have together.
	room: u32,
}

/// A piece that was sent: its text, as it is counted and hashed, and the tokens up to it.
struct Piece {
	text: String,
	output_tokens: u32,
}

impl Answer<'_> {
	/// Sends pieces as they come, until the end.
	async fn pump(&mut self, first: Event, generation: &mut Generation) -> End {
		let mut next = first;
		if let Some(opening) = self.writer.opening() {
			if self.patiently(self.sender.other(json(&opening))).await.is_err() {
				return End::Cut(Stop::Gone);
			}
		}
		loop {
			match next {
				Event::Delta(delta) => {
					let event = json(&self.writer.text(&*delta.text));
					let (text, output_tokens) = (delta.text, delta.output_tokens);
					if let Err(stop) = self.send(event, Piece { text, output_tokens }).await {
						return End::Cut(stop);
					}
				}
				Event::Tool(delta) => {
					let event = json(&self.writer.tool(&delta));
					let (text, output_tokens) = (delta.text(), delta.output_tokens);
					if let Err(stop) = self.send(event, Piece { text, output_tokens }).await {
						return End::Cut(stop);
					}
				}
				Event::Finished(finished) => {
					let out = async {
						self.close(&finished).await?;
						self.sender.drained().await
					};
					return match self.patiently(out).await {
						Ok(()) => End::Complete(finished),
						Err(stop) => End::Cut(stop),
					};
				}
			}
			next = tokio::select! {
				biased;
				() = self.sender.gone() => return End::Cut(Stop::Gone),
				stop = self.call.interrupted() => return End::Cut(stop),
				event = generation.next() => match event {
					Some(Ok(event)) => event,
					// A caller who reads slowly runs out of time; what was read is charged.
					Some(Err(BackendError::Timeout { .. })) => return End::Cut(Stop::Deadline),
					Some(Err(error)) => return End::Cut(Stop::Failed(error)),
					None => return End::Cut(Stop::Failed(broken())),
				},
			};
		}
	}

	/// Sends a piece of the answer.
	async fn send(&mut self, event: SseEvent, piece: Piece) -> Result<(), Stop> {
		let length = u32::try_from(piece.text.len()).ok();
		let Some(room) = length.and_then(|length| self.room.checked_sub(length)) else {
			// What was sent before is on its way, to a caller who waits for it.
			self.patiently(self.sender.drained()).await?;
			return Err(Stop::TooLong);
		};
		self.room = room;
		self.pieces.push(piece);
		self.patiently(self.sender.text(event)).await
	}

	/// Waits for something to go out, but not for ever.
	async fn patiently(
		&self,
		sending: impl std::future::Future<Output = Result<(), Gone>>,
	) -> Result<(), Stop> {
		tokio::select! {
			biased;
			sent = sending => sent.map_err(|Gone| Stop::Gone),
			stop = self.call.interrupted() => Err(stop),
		}
	}

	/// The chunk with the finish reason, and the usage where it was asked for.
	async fn close(&self, finished: &Finished) -> Result<(), Gone> {
		self.sender.other(json(&self.writer.closing(finished.reason))).await?;
		match self.writer.usage(finished) {
			Some(usage) => self.sender.other(json(&usage)).await,
			None => Ok(()),
		}
	}

	/// The statement, and the end.
	async fn settle_up(&self, statement: String) -> Result<(), Gone> {
		let event = SseEvent::default().comment(format!("{} {statement}", x402::PAYMENT_RESPONSE));
		self.sender.other(event).await?;
		self.sender.other(SseEvent::default().data("[DONE]")).await
	}

	/// An error, and the end.
	async fn fail(&self, error: ApiError) -> Result<(), Gone> {
		self.sender.other(json(&error.body)).await?;
		self.sender.other(SseEvent::default().data("[DONE]")).await
	}

	fn text(&self, pieces: usize) -> String {
		self.pieces.iter().take(pieces).map(|piece| piece.text.as_str()).collect()
	}

	fn whole(&self, finished: &Finished) -> Part {
		Part {
			text: self.text(self.pieces.len()),
			input_tokens: finished.input_tokens,
			output_tokens: finished.output_tokens,
		}
	}

	/// The sum of the first `taken` pieces: never more than they say, than anybody counts who
	/// tokenises their text, or than the backend would charge for all it made.
	async fn part(&self, taken: usize, generation: &mut Generation, reserved: &Reserved) -> Part {
		generation.cancel();
		let finished = timeout(WIND_DOWN, async {
			while let Some(event) = generation.next().await {
				if let Ok(Event::Finished(finished)) = event {
					return Some(finished);
				}
			}
			None
		});
		let finished = finished.await.ok().flatten();
		let text = self.text(taken);
		let said = taken.checked_sub(1).and_then(|last| self.pieces.get(last));
		let said = said.map_or(0, |piece| piece.output_tokens);
		let counted = self.call.backend.count_tokens(&text).unwrap_or(said);
		let made = finished.map_or(said, |finished| finished.output_tokens);
		Part {
			text,
			input_tokens: finished
				.map_or(reserved.offer().input_tokens, |finished| finished.input_tokens),
			output_tokens: said.min(counted).min(made),
		}
	}
}

/// An event with JSON in it. What is sent here always serialises.
fn json(value: &impl Serialize) -> SseEvent {
	match serde_json::to_string(value) {
		Ok(text) => SseEvent::default().data(text),
		Err(error) => {
			warn!(%error, "an event could not be written");
			SseEvent::default().comment("unwritable event")
		}
	}
}

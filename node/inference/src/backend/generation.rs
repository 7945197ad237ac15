//! An answer while it is being made.

use std::{
	pin::Pin,
	task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::BackendError;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinishReason {
	/// The model had no more to say, or a stop string was reached.
	Stop,
	/// The allowed number of tokens, or the context, was used up.
	Length,
	/// The caller, or this node, called it off.
	Cancelled,
}

/// A piece of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
	/// Whole characters, never part of a stop string.
	pub text: String,
	/// Tokens behind all the text handed out so far, this piece included. Never above the call's
	/// maximum. What is charged in the end may be lower, never higher.
	pub output_tokens: u32,
}

/// The end of an answer, with the counts to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
	/// Why it ended.
	pub reason: FinishReason,
	/// Input tokens to charge; never above what was quoted.
	pub input_tokens: u32,
	/// Output tokens to charge; never above the call's maximum, nor above what anybody counts who
	/// tokenises the text that was handed out.
	pub output_tokens: u32,
}

/// What happens while an answer is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
	/// Some more text.
	Delta(Delta),
	/// The end; nothing follows.
	Finished(Finished),
}

/// An answer that was made to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
	/// All the text.
	pub text: String,
	/// Why it ended, and the counts to charge.
	pub finished: Finished,
}

/// An answer while it is being made: a stream of [`Event`]s that ends with
/// [`Event::Finished`] or with an error. Dropping it stops the work behind it.
#[derive(Debug)]
pub struct Generation {
	events: mpsc::Receiver<Result<Event, BackendError>>,
	cancel: CancellationToken,
	ended: bool,
	_stop_on_drop: DropGuard,
}

/// The other end of a [`Generation`], held by whoever makes the answer.
#[derive(Debug)]
pub struct EventSink {
	events: mpsc::Sender<Result<Event, BackendError>>,
	/// A place kept free for the end, which therefore always gets through at once.
	last: Option<mpsc::OwnedPermit<Result<Event, BackendError>>>,
	cancel: CancellationToken,
}

/// Nobody reads this answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl Generation {
	/// A generation, and the sink that feeds it, with room for `capacity` unread deltas.
	pub fn channel(capacity: usize) -> (EventSink, Self) {
		let (sender, events) = mpsc::channel(capacity.max(1).saturating_add(1));
		let cancel = CancellationToken::new();
		let last = sender.clone().try_reserve_owned().ok();
		let sink = EventSink { events: sender, last, cancel: cancel.clone() };
		let stop = cancel.clone().drop_guard();
		(sink, Self { events, cancel, ended: false, _stop_on_drop: stop })
	}

	/// Calls the work off. The stream still tells how far it came: deltas that are on their way,
	/// then [`Event::Finished`] with [`FinishReason::Cancelled`], unless it ended by itself first.
	pub fn cancel(&self) {
		self.cancel.cancel();
	}

	/// A handle with which somebody else can call the work off.
	pub fn canceller(&self) -> CancellationToken {
		self.cancel.clone()
	}

	/// Waits for the whole answer.
	///
	/// # Errors
	/// What the stream ended with; text that came before it is lost, so nothing was delivered.
	pub async fn collect(mut self) -> Result<Completion, BackendError> {
		let mut text = String::new();
		while let Some(event) = self.next().await {
			match event? {
				Event::Delta(delta) => text.push_str(&delta.text),
				Event::Finished(finished) => return Ok(Completion { text, finished }),
			}
		}
		Err(vanished())
	}
}

impl Stream for Generation {
	type Item = Result<Event, BackendError>;

	fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
		if self.ended {
			return Poll::Ready(None);
		}
		let item = match self.events.poll_recv(cx) {
			Poll::Pending => return Poll::Pending,
			Poll::Ready(Some(item)) => item,
			// The maker went away without a last word: its thread died or the node stops.
			Poll::Ready(None) => Err(vanished()),
		};
		self.ended = !matches!(item, Ok(Event::Delta(_)));
		Poll::Ready(Some(item))
	}
}

fn vanished() -> BackendError {
	BackendError::Failed("the answer broke off".into())
}

impl EventSink {
	/// Hands out a piece of text, waiting while the reader is behind.
	///
	/// # Errors
	/// [`Gone`] when nobody reads, or the work was called off while waiting.
	pub async fn send(&self, delta: Delta) -> Result<(), Gone> {
		tokio::select! {
			biased;
			sent = self.events.send(Ok(Event::Delta(delta))) => sent.map_err(|_| Gone),
			() = self.cancel.cancelled() => Err(Gone),
		}
	}

	/// Hands out a piece of text at once, also from outside the async runtime. A channel without
	/// room for it counts as one that nobody reads.
	///
	/// # Errors
	/// [`Gone`] when nobody reads.
	pub fn try_send(&self, delta: Delta) -> Result<(), Gone> {
		self.events.try_send(Ok(Event::Delta(delta))).map_err(|_| Gone)
	}

	/// Ends the answer, well or with an error; what was handed out before stays.
	pub fn finish(self, end: Result<Finished, BackendError>) {
		if let Some(last) = self.last {
			last.send(end.map(Event::Finished));
		}
	}

	/// Whether the work was called off, or its reader is gone.
	pub fn is_cancelled(&self) -> bool {
		self.cancel.is_cancelled() || self.events.is_closed()
	}

	/// Completes when the work is called off.
	pub async fn cancelled(&self) {
		self.cancel.cancelled().await;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn delta(text: &str, output_tokens: u32) -> Delta {
		Delta { text: text.into(), output_tokens }
	}

	fn end(output_tokens: u32) -> Finished {
		Finished { reason: FinishReason::Stop, input_tokens: 3, output_tokens }
	}

	#[tokio::test]
	async fn collects_text_and_counts() {
		let (sink, generation) = Generation::channel(2);
		for delta in [delta("Par", 1), delta("is.", 2)] {
			sink.try_send(delta).expect("there is room");
		}
		assert_eq!(sink.try_send(delta("", 3)), Err(Gone), "the last place is for the end");
		sink.finish(Ok(end(2)));
		let completion = generation.collect().await.expect("it ends well");
		assert_eq!(completion.text, "Paris.");
		assert_eq!(completion.finished.output_tokens, 2);
	}

	#[tokio::test]
	async fn a_maker_that_dies_is_an_error() {
		let (sink, mut generation) = Generation::channel(4);
		sink.try_send(delta("Par", 1)).expect("there is room");
		drop(sink);
		assert_eq!(generation.next().await, Some(Ok(Event::Delta(delta("Par", 1)))));
		assert!(matches!(generation.next().await, Some(Err(BackendError::Failed(_)))));
		assert_eq!(generation.next().await, None);
	}

	#[tokio::test]
	async fn dropping_the_reader_stops_the_maker() {
		let (sink, generation) = Generation::channel(4);
		assert!(!sink.is_cancelled());
		drop(generation);
		assert!(sink.is_cancelled());
		assert_eq!(sink.send(delta("", 0)).await, Err(Gone));
	}

	#[tokio::test]
	async fn a_waiting_maker_is_freed_by_cancelling() {
		let (sink, generation) = Generation::channel(1);
		sink.try_send(delta("a", 1)).expect("there is room");
		let canceller = generation.canceller();
		let waiting = tokio::spawn(async move { sink.send(delta("b", 2)).await });
		tokio::task::yield_now().await;
		canceller.cancel();
		assert_eq!(waiting.await.expect("no panic"), Err(Gone));
	}
}

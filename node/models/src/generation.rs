//! An answer while it is being made.

use std::{
	pin::Pin,
	task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::BackendError;

/// A reason why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinishReason {
	/// The model had no more to say, or a stop string was reached.
	Stop,
	/// The allowed number of tokens, or the context, was used up.
	Length,
	/// The model wants to know what tools say that it called.
	ToolCalls,
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

/// A piece of a tool call that the model makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDelta {
	/// The number of the answer's tool call that it belongs to.
	pub index: u32,
	/// The call's id, in its first piece.
	pub id: Option<String>,
	/// The tool's name, in the first piece.
	pub name: Option<String>,
	/// More of its arguments, which are JSON when they are complete.
	pub arguments: String,
	/// Tokens behind all that was handed out so far, as for [`Delta`].
	pub output_tokens: u32,
}

impl ToolDelta {
	/// The text that is counted and hashed: the tool's name and its arguments.
	pub fn text(&self) -> String {
		[self.name.as_deref().unwrap_or_default(), &self.arguments].concat()
	}
}

/// A tool call that the model made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
	/// Its id.
	pub id: String,
	/// The tool's name.
	pub name: String,
	/// The arguments, as JSON.
	pub arguments: String,
}

/// The end of an answer, with the counts to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
	/// The reason why it ended.
	pub reason: FinishReason,
	/// Input tokens to charge; never above what was quoted.
	pub input_tokens: u32,
	/// Output tokens to charge; never above the call's maximum, nor above what anybody counts who
	/// tokenises the text that was handed out.
	pub output_tokens: u32,
}

/// An event while an answer is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
	/// Some more text.
	Delta(Delta),
	/// Some more of a tool call.
	Tool(ToolDelta),
	/// The end; nothing follows.
	Finished(Finished),
}

/// An answer that was made to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
	/// All the text.
	pub text: String,
	/// The tools that the model calls.
	pub tool_calls: Vec<ToolCall>,
	/// The reason why it ended, and the counts to charge.
	pub finished: Finished,
}

impl Completion {
	/// The text that is counted and hashed: that of the answer, then the name and arguments of each tool call.
	pub fn signed_text(&self) -> String {
		let mut text = self.text.clone();
		for call in &self.tool_calls {
			text.push_str(&call.name);
			text.push_str(&call.arguments);
		}
		text
	}

	fn add(&mut self, delta: ToolDelta) {
		// Servers number their calls one after the other; a number out of line begins a new one.
		let index = usize::try_from(delta.index).unwrap_or(usize::MAX);
		if index >= self.tool_calls.len() {
			self.tool_calls.push(ToolCall::default());
		}
		let last = self.tool_calls.len().saturating_sub(1);
		if let Some(call) = self.tool_calls.get_mut(index.min(last)) {
			if let Some(id) = delta.id.filter(|_| call.id.is_empty()) {
				call.id = id;
			}
			call.name.push_str(delta.name.as_deref().unwrap_or_default());
			call.arguments.push_str(&delta.arguments);
		}
	}
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
	/// The one that the stream ended with; text that came before it is lost, so nothing was delivered.
	pub async fn collect(mut self) -> Result<Completion, BackendError> {
		let finished = Finished { reason: FinishReason::Stop, input_tokens: 0, output_tokens: 0 };
		let mut whole = Completion { text: String::new(), tool_calls: Vec::new(), finished };
		while let Some(event) = self.next().await {
			match event? {
				Event::Delta(delta) => whole.text.push_str(&delta.text),
				Event::Tool(delta) => whole.add(delta),
				Event::Finished(finished) => return Ok(Completion { finished, ..whole }),
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
		self.ended = !matches!(item, Ok(Event::Delta(_) | Event::Tool(_)));
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
		self.send_event(Event::Delta(delta)).await
	}

	/// Does the same with a piece of a tool call.
	pub async fn send_tool(&self, delta: ToolDelta) -> Result<(), Gone> {
		self.send_event(Event::Tool(delta)).await
	}

	async fn send_event(&self, event: Event) -> Result<(), Gone> {
		tokio::select! {
			biased;
			sent = self.events.send(Ok(event)) => sent.map_err(|_| Gone),
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

	/// True if the work was called off, or its reader is gone.
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
	async fn collects_tool_calls() {
		let (sink, generation) = Generation::channel(8);
		let piece = |index, id: Option<&str>, name: Option<&str>, arguments: &str| ToolDelta {
			index,
			id: id.map(str::to_owned),
			name: name.map(str::to_owned),
			arguments: arguments.into(),
			output_tokens: 1,
		};
		sink.try_send(delta("Hm. ", 1)).expect("there is room");
		for piece in [
			piece(0, Some("a"), Some("sum"), "{\"x\""),
			piece(0, None, None, ":1}"),
			piece(1, Some("b"), Some("now"), "{}"),
			piece(9, Some("c"), Some("out"), ""),
		] {
			sink.send_tool(piece).await.expect("there is room");
		}
		sink.finish(Ok(end(5)));
		let completion = generation.collect().await.expect("it ends well");
		assert_eq!(completion.signed_text(), "Hm. sum{\"x\":1}now{}out");
		let ids: Vec<_> = completion.tool_calls.iter().map(|call| call.id.as_str()).collect();
		assert_eq!(ids, ["a", "b", "c"]);
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

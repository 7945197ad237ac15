//! The way of a streamed answer from its task to the connection.
//!
//! What is charged when a caller goes away in the middle is what the connection had taken by then,
//! not what was made. So the receiving end counts the pieces that it hands out, and the sending end
//! can seal the answer: after that no more text goes out, even what is on its way already, and the
//! count is final.

use std::{
	convert::Infallible,
	pin::Pin,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	task::{ready, Context, Poll},
};

use axum::response::sse::Event;
use futures::Stream;
use tokio::sync::mpsc;

/// The number of events that may be on their way.
const CAPACITY: usize = 8;

/// The connection is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

#[derive(Debug, Default)]
struct Progress {
	taken: usize,
	sealed: bool,
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
	progress.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
enum Frame {
	/// A piece of the answer.
	Text(Event),
	/// Anything else.
	Other(Event),
}

/// The task's end.
#[derive(Debug)]
pub(super) struct FrameSender {
	frames: mpsc::Sender<Frame>,
	progress: Arc<Mutex<Progress>>,
}

/// The connection's end.
#[derive(Debug)]
pub(super) struct Frames {
	frames: mpsc::Receiver<Frame>,
	progress: Arc<Mutex<Progress>>,
}

pub(super) fn channel() -> (FrameSender, Frames) {
	let (sender, receiver) = mpsc::channel(CAPACITY);
	let progress = Arc::<Mutex<Progress>>::default();
	let frames = Frames { frames: receiver, progress: progress.clone() };
	(FrameSender { frames: sender, progress }, frames)
}

impl FrameSender {
	/// Sends a piece of the answer, waiting while the caller reads slowly.
	pub(super) async fn text(&self, event: Event) -> Result<(), Gone> {
		self.frames.send(Frame::Text(event)).await.map_err(|_| Gone)
	}

	/// Sends anything else.
	pub(super) async fn other(&self, event: Event) -> Result<(), Gone> {
		self.frames.send(Frame::Other(event)).await.map_err(|_| Gone)
	}

	/// Waits until the connection has taken everything.
	pub(super) async fn drained(&self) -> Result<(), Gone> {
		self.frames.reserve_many(CAPACITY).await.map(drop).map_err(|_| Gone)
	}

	/// Waits until the connection is gone.
	pub(super) async fn gone(&self) {
		self.frames.closed().await;
	}

	/// Holds back all text from now on. How many pieces the connection has taken.
	pub(super) fn seal(&self) -> usize {
		let mut progress = lock(&self.progress);
		progress.sealed = true;
		progress.taken
	}
}

impl Stream for Frames {
	type Item = Result<Event, Infallible>;

	fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
		loop {
			let Some(frame) = ready!(self.frames.poll_recv(cx)) else { return Poll::Ready(None) };
			let event = match frame {
				Frame::Other(event) => event,
				Frame::Text(event) => {
					let mut progress = lock(&self.progress);
					if progress.sealed {
						continue;
					}
					progress.taken += 1;
					event
				}
			};
			return Poll::Ready(Some(Ok(event)));
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::StreamExt;

	fn event() -> Event {
		Event::default().data("x")
	}

	#[tokio::test]
	async fn counts_what_was_taken_and_holds_back_the_rest() {
		let (sender, mut frames) = channel();
		for _ in 0..3 {
			sender.text(event()).await.expect("it is open");
		}
		assert!(frames.next().await.is_some());
		assert_eq!(sender.seal(), 1);
		sender.other(event()).await.expect("it is open");
		drop(sender);
		assert!(frames.next().await.is_some(), "what is no text still goes out");
		assert!(frames.next().await.is_none(), "the other two pieces do not");
	}

	#[tokio::test]
	async fn knows_when_everything_was_taken() {
		let (sender, mut frames) = channel();
		sender.text(event()).await.expect("it is open");
		{
			let drained = sender.drained();
			tokio::pin!(drained);
			assert!(futures::poll!(&mut drained).is_pending());
			assert!(frames.next().await.is_some());
			assert_eq!(drained.await, Ok(()));
		}
		drop(frames);
		assert_eq!(sender.drained().await, Err(Gone));
		assert_eq!(sender.text(event()).await, Err(Gone));
	}
}

//! Slots: one for each call that is answered at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::fair_queue::FairQueue;
use crate::{BackendError, Party};

/// One slot for each call that is answered at the same time. Where none is free, parties take turns.
#[derive(Debug)]
pub(super) struct Slots(Mutex<State>);

#[derive(Debug)]
struct State {
	/// None as long as anybody waits.
	free: usize,
	waiting: FairQueue<Party, oneshot::Sender<Slot>>,
}

/// A slot, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Option<Arc<Slots>>);

impl Slots {
	pub fn new(count: usize) -> Arc<Self> {
		Arc::new(Self(Mutex::new(State { free: count, waiting: FairQueue::new() })))
	}

	/// A slot for a call of this party, as soon as it is its turn. Never fails, as long as this is there.
	pub async fn take(self: &Arc<Self>, party: &Party) -> Result<Slot, BackendError> {
		let turn = {
			let mut state = self.lock();
			if let Some(left) = state.free.checked_sub(1) {
				state.free = left;
				return Ok(Slot(Some(self.clone())));
			}
			state.forget_abandoned();
			let (waiting, turn) = oneshot::channel();
			state.waiting.push(party.clone(), waiting);
			turn
		};
		turn.await.map_err(BackendError::failed)
	}

	/// The number of those that are free.
	pub fn free(&self) -> usize {
		self.lock().free
	}

	fn lock(&self) -> MutexGuard<'_, State> {
		// Every change is complete before anything could panic.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl State {
	fn forget_abandoned(&mut self) {
		self.waiting.retain(|waiting| !waiting.is_closed());
	}
}

impl Drop for Slot {
	/// Hands it to whoever is next, or makes it free.
	fn drop(&mut self) {
		let Some(slots) = self.0.take() else { return };
		loop {
			let next = {
				let mut state = slots.lock();
				state.forget_abandoned();
				let next = state.waiting.pop();
				if next.is_none() {
					state.free = state.free.saturating_add(1);
				}
				next
			};
			let Some(next) = next else { return };
			match next.send(Self(Some(slots.clone()))) {
				Ok(()) => return,
				// That one waits no more: it must not be handed on twice.
				Err(mut slot) => slot.0 = None,
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::FutureExt;

	#[tokio::test]
	async fn parties_take_turns_and_each_in_its_order() {
		let slots = Slots::new(2);
		let take = |session, order: &Arc<Mutex<Vec<_>>>, name: &'static str| {
			let (slots, order) = (slots.clone(), order.clone());
			let mut taking = Box::pin(async move {
				let slot = slots.take(&Party::Session(session)).await;
				order.lock().expect("no panic").push(name);
				drop(slot.expect("it is its turn"));
			});
			// It has its place in the line from now on.
			assert!(taking.as_mut().now_or_never().is_none());
			tokio::spawn(taking)
		};
		let first = slots.take(&Party::Session(1)).await.expect("it is free");
		let second = slots.take(&Party::Session(1)).await.expect("it is free");
		assert_eq!(slots.free(), 0);
		let order = Arc::new(Mutex::new(Vec::new()));
		let a: Vec<_> = ["a1", "a2", "a3"].map(|name| take(1, &order, name)).into();
		let gone = take(2, &order, "gone");
		let b: Vec<_> = ["b1", "b2"].map(|name| take(2, &order, name)).into();
		gone.abort();
		assert!(gone.await.is_err(), "it waits no more");
		drop(first);
		for done in a.into_iter().chain(b) {
			done.await.expect("no panic");
		}
		assert_eq!(*order.lock().expect("no panic"), ["a1", "b1", "a2", "b2", "a3"]);
		assert_eq!(slots.free(), 1);
		drop(second);
		assert_eq!(slots.free(), 2);
	}

	#[tokio::test]
	async fn a_slot_that_nobody_fetches_is_not_lost() {
		let slots = Slots::new(1);
		let only = slots.take(&Party::Nobody).await.expect("it is free");
		let mut waiting = Box::pin(slots.take(&Party::Nobody));
		assert!(waiting.as_mut().now_or_never().is_none());
		drop(only);
		assert_eq!(slots.free(), 0, "it was handed on");
		drop(waiting);
		assert_eq!(slots.free(), 1);
	}
}

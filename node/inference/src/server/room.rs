//! Room for so many requests at once, as much as is set at the moment.

use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Arc,
};

/// Room for requests that are worked on.
#[derive(Clone, Debug)]
pub struct Room(Arc<State>);

#[derive(Debug)]
struct State {
	taken: AtomicUsize,
	size: AtomicUsize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place(Arc<State>);

impl Room {
	/// Room for `size` requests.
	pub fn new(size: usize) -> Self {
		Self(Arc::new(State { taken: AtomicUsize::new(0), size: AtomicUsize::new(size) }))
	}

	/// A place, if there is one.
	pub fn take(&self) -> Option<Place> {
		let size = self.0.size.load(Ordering::Relaxed);
		let one_more = |taken: usize| taken.checked_add(1).filter(|taken| *taken <= size);
		let taken = self.0.taken.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more);
		taken.is_ok().then(|| Place(self.0.clone()))
	}

	/// Makes room for `size` requests. Where more are worked on, they go on.
	pub fn resize(&self, size: usize) {
		self.0.size.store(size, Ordering::Relaxed);
	}

	/// How many places are free.
	pub fn free(&self) -> usize {
		let taken = self.0.taken.load(Ordering::Relaxed);
		self.0.size.load(Ordering::Relaxed).saturating_sub(taken)
	}
}

impl Drop for Place {
	fn drop(&mut self) {
		self.0.taken.fetch_sub(1, Ordering::AcqRel);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn places_are_limited_and_come_back() {
		let room = Room::new(2);
		let first = room.take().expect("there is room");
		let _second = room.take().expect("there is room");
		assert!(room.take().is_none());
		assert_eq!(room.free(), 0);
		drop(first);
		assert_eq!(room.free(), 1);
		room.resize(1);
		assert!(room.take().is_none(), "the other one goes on");
		room.resize(3);
		assert!(room.take().is_some());
	}
}

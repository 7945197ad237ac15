//! Room for so many requests, or so much of something, at once: as much as is set at the moment.

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

/// A place, or several, until it is dropped.
#[derive(Debug)]
pub struct Place {
	room: Arc<State>,
	places: usize,
}

impl State {
	/// Takes so many places, if there are as many.
	fn take(&self, places: usize) -> bool {
		let size = self.size.load(Ordering::Relaxed);
		let more = |taken: usize| taken.checked_add(places).filter(|taken| *taken <= size);
		self.taken.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
	}
}

impl Place {
	/// Takes so many more places, if there are as many.
	pub fn grow(&mut self, places: usize) -> bool {
		let grown = self.room.take(places);
		if grown {
			self.places = self.places.saturating_add(places);
		}
		grown
	}
}

impl Room {
	/// Room for `size` requests.
	pub fn new(size: usize) -> Self {
		Self(Arc::new(State { taken: AtomicUsize::new(0), size: AtomicUsize::new(size) }))
	}

	/// A place, if there is one.
	pub fn take(&self) -> Option<Place> {
		let mut place = self.none();
		place.grow(1).then_some(place)
	}

	/// No place yet; it can grow.
	pub fn none(&self) -> Place {
		Place { room: self.0.clone(), places: 0 }
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
		self.room.taken.fetch_sub(self.places, Ordering::AcqRel);
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
		let mut several = room.none();
		assert!(several.grow(2) && !several.grow(1));
		assert_eq!(room.free(), 0);
		drop(several);
		assert_eq!(room.free(), 2);
	}
}

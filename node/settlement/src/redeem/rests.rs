//! Lanes that there was nothing to do for are left alone for a while.

use std::{
	collections::{BTreeSet, HashMap},
	time::{Duration, Instant},
};

use openledger_books::LaneKey;

/// The lanes that rest, and those that have not been done with.
#[derive(Debug, Default)]
pub(super) struct Rests {
	/// Lanes that more calls wait of than one settlement takes.
	unfinished: BTreeSet<LaneKey>,
	/// Lanes that there was nothing to do for, and when that was.
	since: HashMap<LaneKey, Instant>,
}

impl Rests {
	/// Tells whether the lane's rest period is over, or it does not rest at all.
	pub fn has_rested(&self, key: LaneKey, now: Instant, rest: Duration) -> bool {
		self.is_unfinished(key)
			|| self.since.get(&key).is_none_or(|since| now.duration_since(*since) >= rest)
	}

	/// Tells whether one settlement of the lane was not enough.
	pub fn is_unfinished(&self, key: LaneKey) -> bool {
		self.unfinished.contains(&key)
	}

	/// Tells whether there is a lane of which one settlement was not enough.
	pub fn are_unfinished(&self) -> bool {
		!self.unfinished.is_empty()
	}

	/// Lets a lane rest from now on.
	pub fn rest(&mut self, key: LaneKey, now: Instant) {
		self.since.insert(key, now);
	}

	/// Lets a lane rest no longer.
	pub fn wake(&mut self, key: LaneKey) {
		self.since.remove(&key);
	}

	/// Notes that more calls wait of a lane than one settlement takes.
	pub fn go_on(&mut self, key: LaneKey) {
		self.unfinished.insert(key);
	}

	/// Notes that a lane has its next turn.
	pub fn take(&mut self, key: LaneKey) {
		self.unfinished.remove(&key);
	}

	/// The lanes that one settlement was not enough for; they have their next turn.
	pub fn take_unfinished(&mut self) -> BTreeSet<LaneKey> {
		std::mem::take(&mut self.unfinished)
	}

	/// Forgets lanes of which nothing waits any more.
	pub fn keep(&mut self, wanted: impl Fn(&LaneKey) -> bool) {
		self.since.retain(|key, _| wanted(key));
		self.unfinished.retain(|key| wanted(key));
	}
}

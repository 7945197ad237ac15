//! Permits to have a call answered, or waiting.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::Party;

/// Permits for calls. A party that is alone may have all of them. Where they are all taken, somebody with
/// less than a fair share of them is let in all the same, so that nobody keeps others out; beyond
/// twice as many, nobody is.
#[derive(Debug)]
pub(super) struct Permits {
	room: usize,
	held: Mutex<HashMap<Party, usize>>,
}

/// A permit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
	permits: Arc<Permits>,
	party: Party,
}

impl Permits {
	pub fn new(room: usize) -> Arc<Self> {
		Arc::new(Self { room, held: Mutex::default() })
	}

	/// A permit for a call of this party, if there is one.
	pub fn take(self: &Arc<Self>, party: &Party) -> Option<Permit> {
		let mut held = self.lock();
		let taken = count(&held);
		if taken >= self.room {
			let own = held.get(party).copied().unwrap_or(0);
			let others = held.len().saturating_sub(usize::from(own > 0));
			let share = self.room.checked_div(others.saturating_add(1)).unwrap_or(0);
			if own >= share || taken >= self.room.saturating_mul(2) {
				return None;
			}
		}
		let own = held.entry(party.clone()).or_default();
		*own = own.saturating_add(1);
		Some(Permit { permits: self.clone(), party: party.clone() })
	}

	/// The number of those that are taken.
	pub fn taken(&self) -> usize {
		count(&self.lock())
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<Party, usize>> {
		// Every change is complete before anything could panic.
		self.held.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

fn count(held: &HashMap<Party, usize>) -> usize {
	held.values().copied().fold(0, usize::saturating_add)
}

impl Drop for Permit {
	fn drop(&mut self) {
		let mut held = self.permits.lock();
		match held.get_mut(&self.party) {
			Some(own) if *own > 1 => *own = own.saturating_sub(1),
			_ => {
				held.remove(&self.party);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nobody_keeps_others_out() {
		let permits = Permits::new(6);
		let take = |session, times: usize| -> Vec<Permit> {
			(0..times).map_while(|_| permits.take(&Party::Session(session))).collect()
		};
		let first = take(1, 9);
		assert_eq!(first.len(), 6, "whoever is alone has all of them");
		let second = take(2, 9);
		assert_eq!(second.len(), 3, "a half");
		let third = take(3, 9);
		assert_eq!(third.len(), 2, "a third");
		let fourth = take(4, 9);
		assert_eq!((fourth.len(), permits.taken()), (1, 12), "no more than twice as many");
		assert!(take(5, 1).is_empty());
		assert!(take(1, 1).is_empty());
		drop((first, second, third));
		assert_eq!(permits.taken(), 1);
		assert_eq!(take(1, 9).len(), 5);
		drop(fourth);
		assert!(permits.lock().is_empty(), "nobody is remembered");
	}
}

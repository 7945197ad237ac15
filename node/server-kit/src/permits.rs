//! Permits for a bounded number of requests, or amount of something, at once: a counting semaphore that
//! never waits, and whose size can change at run time.

use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Arc,
};

/// A bounded number of permits. Clones share them.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Counts>);

#[derive(Debug)]
struct Counts {
	taken: AtomicUsize,
	size: AtomicUsize,
}

/// A permit, or several, until it is dropped.
#[derive(Debug)]
pub struct Permit {
	counts: Arc<Counts>,
	held: usize,
}

impl Counts {
	/// Takes this many permits, if there are as many.
	fn take(&self, permits: usize) -> bool {
		let size = self.size.load(Ordering::Relaxed);
		let more = |taken: usize| taken.checked_add(permits).filter(|taken| *taken <= size);
		self.taken.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
	}
}

impl Permit {
	/// Takes this many more permits, if there are as many.
	pub fn grow(&mut self, permits: usize) -> bool {
		let grown = self.counts.take(permits);
		if grown {
			self.held = self.held.saturating_add(permits);
		}
		grown
	}
}

impl Permits {
	/// Permits, `size` of them.
	pub fn new(size: usize) -> Self {
		Self(Arc::new(Counts { taken: AtomicUsize::new(0), size: AtomicUsize::new(size) }))
	}

	/// A permit, if there is one.
	pub fn take(&self) -> Option<Permit> {
		let mut permit = self.none();
		permit.grow(1).then_some(permit)
	}

	/// A permit for nothing yet; it can grow.
	pub fn none(&self) -> Permit {
		Permit { counts: self.0.clone(), held: 0 }
	}

	/// Changes how many there are. Where more are taken, they stay valid.
	pub fn resize(&self, size: usize) {
		self.0.size.store(size, Ordering::Relaxed);
	}

	/// The number of those that are free.
	pub fn free(&self) -> usize {
		let taken = self.0.taken.load(Ordering::Relaxed);
		self.0.size.load(Ordering::Relaxed).saturating_sub(taken)
	}
}

impl Drop for Permit {
	fn drop(&mut self) {
		self.counts.taken.fetch_sub(self.held, Ordering::AcqRel);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn permits_are_limited_and_come_back() {
		let permits = Permits::new(2);
		let first = permits.take().expect("there is one");
		let _second = permits.take().expect("there is one");
		assert!(permits.take().is_none());
		assert_eq!(permits.free(), 0);
		drop(first);
		assert_eq!(permits.free(), 1);
		permits.resize(1);
		assert!(permits.take().is_none(), "the other one goes on");
		permits.resize(3);
		assert!(permits.take().is_some());
		let mut several = permits.none();
		assert!(several.grow(2) && !several.grow(1));
		assert_eq!(permits.free(), 0);
		drop(several);
		assert_eq!(permits.free(), 2);
	}
}

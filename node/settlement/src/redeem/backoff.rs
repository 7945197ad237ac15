//! Waiting longer after each failure.

use std::{
	collections::HashMap,
	hash::Hash,
	time::{Duration, Instant},
};

const FIRST: Duration = Duration::from_secs(3);

/// The cost of trying in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
	/// Nothing: nothing was sent.
	Free,
	/// A fee, maybe.
	Dear,
}

impl Failure {
	/// The longest wait after it: ten blocks where nothing is lost, and an hour otherwise.
	fn longest(self) -> Duration {
		match self {
			Self::Free => Duration::from_secs(30),
			Self::Dear => Duration::from_secs(3_600),
		}
	}
}

/// The keys that have failed, how often in a row, and when each may be tried again.
#[derive(Debug)]
pub(super) struct Backoff<K> {
	failed: HashMap<K, Failing>,
}

#[derive(Debug)]
struct Failing {
	/// The numbers of failures without and with a cost. What failed for a long time because nobody
	/// could be asked is not put off for long when the first attempt after that fails.
	free: u32,
	dear: u32,
	since: Instant,
	last: Instant,
	until: Instant,
}

impl<K> Default for Backoff<K> {
	fn default() -> Self {
		Self { failed: HashMap::new() }
	}
}

impl<K: Eq + Hash + Copy> Backoff<K> {
	/// Tells whether `key` may be tried now.
	pub(super) fn is_ready(&self, key: K, now: Instant) -> bool {
		self.failed.get(&key).is_none_or(|failing| now >= failing.until)
	}

	/// For how long `key` was not tried after it failed.
	pub(super) fn waits_for(&self, key: K, now: Instant) -> Duration {
		let last = self.failed.get(&key).map_or(now, |failing| failing.last);
		now.saturating_duration_since(last)
	}

	/// Notes a failure. How long to wait: twice as long as after the one of the same cost before, up to
	/// a bound.
	pub(super) fn fail(&mut self, key: K, now: Instant, failure: Failure) -> Duration {
		let begin = Failing { free: 0, dear: 0, since: now, last: now, until: now };
		let failing = self.failed.entry(key).or_insert(begin);
		let times = match failure {
			Failure::Free => &mut failing.free,
			Failure::Dear => &mut failing.dear,
		};
		let wait = FIRST.saturating_mul(2_u32.saturating_pow(*times)).min(failure.longest());
		*times = times.saturating_add(1);
		failing.last = now;
		failing.until = now + wait;
		wait
	}

	/// Notes a success.
	pub(super) fn succeed(&mut self, key: K) {
		self.failed.remove(&key);
	}

	/// Forgets the keys that there is nothing to do for any more.
	pub(super) fn keep(&mut self, wanted: impl Fn(&K) -> bool) {
		self.failed.retain(|key, _| wanted(key));
	}

	/// For how long the key that fails the longest has failed.
	pub(super) fn failing_for(&self, now: Instant) -> Option<Duration> {
		let since = self.failed.values().map(|failing| failing.since).min()?;
		Some(now.saturating_duration_since(since))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const LONGEST: Duration = Duration::from_secs(3_600);

	#[test]
	fn waits_longer_after_each_failure_and_not_forever() {
		let mut backoff = Backoff::default();
		let start = Instant::now();
		assert!(backoff.is_ready(7, start));
		let waits: Vec<u64> =
			(0..13).map(|_| backoff.fail(7, start, Failure::Dear).as_secs()).collect();
		assert_eq!(waits, [3, 6, 12, 24, 48, 96, 192, 384, 768, 1536, 3072, 3600, 3600]);
		assert!(!backoff.is_ready(7, start + Duration::from_secs(3599)));
		assert!(backoff.is_ready(7, start + Duration::from_secs(3600)));
		assert!(backoff.is_ready(8, start), "others are not held up");
		assert_eq!(backoff.failing_for(start + LONGEST), Some(LONGEST), "since the first time");
		backoff.succeed(7);
		assert!(backoff.is_ready(7, start));
		assert_eq!(backoff.failing_for(start), None);
		assert_eq!(backoff.waits_for(7, start + LONGEST), Duration::ZERO, "it does not fail");
		backoff.fail(8, start, Failure::Dear);
		assert_eq!(backoff.waits_for(8, start + LONGEST), LONGEST);
		backoff.keep(|key| *key != 8);
		assert_eq!(backoff.failing_for(start), None);
	}

	#[test]
	fn failures_that_cost_nothing_do_not_make_others_dearer() {
		let mut backoff = Backoff::default();
		let start = Instant::now();
		let mut fail = |failure| backoff.fail(7, start, failure).as_secs();
		let waits: Vec<u64> = (0..6).map(|_| fail(Failure::Free)).collect();
		assert_eq!(waits, [3, 6, 12, 24, 30, 30]);
		assert_eq!((fail(Failure::Dear), fail(Failure::Dear)), (3, 6));
		assert_eq!(fail(Failure::Free), 30);
		assert_eq!(fail(Failure::Dear), 12, "what it costs is not forgotten");
	}

	#[test]
	fn many_failures_do_not_overflow() {
		let mut backoff = Backoff::default();
		for _ in 0..100 {
			assert!(backoff.fail(0, Instant::now(), Failure::Dear) <= LONGEST);
		}
	}
}

//! A node's health, as far as it was seen. Time is in milliseconds of a clock that only moves forward, so
//! that all of it can be tested.

/// The time that a node which was never asked is taken to need, in milliseconds: little enough to be
/// tried when the known ones are slow.
const UNKNOWN: f64 = 400.0;
/// The part of it that a node's health check leaves out.
const THINKING: f64 = 250.0;
/// The weight of each failure in a row, in milliseconds.
const FAILURE: f64 = 1_500.0;
/// The weight of the newest measurement in the average.
const NEWEST: f64 = 0.3;
/// After one failure a node is left alone for so long; after each further one, twice as long.
const PENALTY: u64 = 2_000;
/// But never longer than this.
const LONGEST_PENALTY: u64 = 300_000;

/// A node's health.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
	/// The time from a request to the first byte of its answer, on average, in milliseconds.
	latency: Option<f64>,
	/// The same for questions that no model has to think about, which says less.
	distance: Option<f64>,
	/// Failures since the last success.
	failures: u32,
	/// Answers that were charged, or may have been, and did not arrive, since the last success.
	losses: u32,
	/// It is left alone until then.
	rest_until: u64,
	/// Calls that it is answering.
	in_flight: u32,
}

impl Health {
	/// A call begins.
	pub fn begin(&mut self) {
		self.in_flight = self.in_flight.saturating_add(1);
	}

	/// A call has ended, well or not.
	pub fn end(&mut self) {
		self.in_flight = self.in_flight.saturating_sub(1);
	}

	/// A call was answered.
	pub fn succeeded(&mut self) {
		self.failures = 0;
		self.losses = 0;
		self.rest_until = 0;
	}

	/// An answer has begun after so many milliseconds.
	pub fn answered(&mut self, after: u64) {
		// Whoever has taken money for nothing has to bring an answer to its end first.
		if self.losses == 0 {
			self.succeeded();
		}
		self.latency = Some(average(self.latency, after));
	}

	/// A health check, or another question, was answered after so many milliseconds.
	pub fn reached(&mut self, after: u64) {
		self.distance = Some(average(self.distance, after));
		// A node that came back need not sit its time out, but for what it has charged for nothing.
		if self.losses == 0 {
			self.rest_until = 0;
		}
	}

	/// It failed, or could not be reached.
	pub fn failed(&mut self, now: u64) {
		self.rest_until = self.rest_until.max(rest(now, self.failures));
		self.failures = self.failures.saturating_add(1);
	}

	/// Its answer did not arrive, and was charged or may have been. No health check makes that good.
	pub fn lost(&mut self, now: u64) {
		self.rest_until = self.rest_until.max(rest(now, self.losses));
		self.losses = self.losses.saturating_add(1);
	}

	/// It is well, but wants to be left alone for a while.
	pub fn busy(&mut self, now: u64, for_millis: u64) {
		let rest = now.saturating_add(for_millis.min(LONGEST_PENALTY));
		self.rest_until = self.rest_until.max(rest);
	}

	/// The time until which it is left alone; 0 if that is over.
	pub fn rest(&self, now: u64) -> u64 {
		if now < self.rest_until {
			self.rest_until
		} else {
			0
		}
	}

	/// The time that it is likely to need for one more of its calls, in milliseconds, if it answers
	/// `capacity` at a time.
	pub fn cost(&self, capacity: u32) -> f64 {
		let near = || self.distance.map_or(UNKNOWN, |distance| distance + THINKING);
		let alone = self.latency.unwrap_or_else(near);
		let load = f64::from(self.in_flight) / f64::from(capacity.max(1));
		// Beyond its capacity calls wait for whole calls, not for each other's first token.
		let crowd = if load < 1.0 { 1.0 + load } else { 4.0 * load };
		alone.max(1.0) * crowd + FAILURE * f64::from(self.failures)
	}

	/// Returns `true` if nothing was measured yet, or it has failed since: it is worth a health check.
	pub fn is_unclear(&self) -> bool {
		self.failures > 0 || (self.latency.is_none() && self.distance.is_none())
	}
}

/// The time until which a node is left alone that has failed once more.
fn rest(now: u64, before: u32) -> u64 {
	let doubled = PENALTY.checked_shl(before.min(20)).unwrap_or(LONGEST_PENALTY);
	now.saturating_add(doubled.min(LONGEST_PENALTY))
}

fn average(before: Option<f64>, newest: u64) -> f64 {
	let newest = f64::from(u32::try_from(newest).unwrap_or(u32::MAX));
	match before {
		Some(before) => before.mul_add(1.0 - NEWEST, newest * NEWEST),
		None => newest,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn each_failure_in_a_row_costs_twice_the_time() {
		let mut health = Health::default();
		assert!(health.is_unclear() && health.rest(0) == 0);
		for expected in [2_000, 4_000, 8_000, 16_000] {
			health.failed(100);
			assert_eq!(health.rest(0), 100 + expected);
		}
		for _ in 0..100 {
			health.failed(0);
		}
		assert_eq!(health.rest(LONGEST_PENALTY - 1), LONGEST_PENALTY);
		assert_eq!(health.rest(LONGEST_PENALTY), 0);
		health.answered(50);
		assert!(health.rest(0) == 0 && !health.is_unclear());
		health.failed(0);
		assert_eq!(health.rest(0), 2_000);
	}

	#[test]
	fn a_health_check_does_not_make_good_what_was_charged_for_nothing() {
		let mut health = Health::default();
		health.failed(0);
		health.reached(5);
		assert_eq!(health.rest(0), 0);
		for expected in [2_000, 4_000, 8_000] {
			health.lost(0);
			health.reached(5);
			health.answered(5);
			assert_eq!(health.rest(0), expected);
		}
		health.succeeded();
		assert_eq!(health.rest(0), 0);
	}

	#[test]
	fn a_busy_node_is_not_a_failing_one() {
		let mut health = Health::default();
		health.answered(10);
		health.busy(1_000, 500);
		assert_eq!((health.rest(1_499), health.rest(1_500)), (1_500, 0));
		assert_eq!(health.failures, 0);
	}

	#[test]
	fn newer_measurements_count_more() {
		let mut health = Health::default();
		health.answered(100);
		health.answered(200);
		let latency = health.latency.unwrap();
		assert!((latency - 130.0).abs() < 1e-9, "{latency}");
	}

	proptest! {
		#[test]
		fn the_average_stays_within_what_was_measured(
			measured in prop::collection::vec(0u64..100_000, 1..50)
		) {
			let mut health = Health::default();
			for after in &measured {
				health.answered(*after);
			}
			let latency = health.latency.unwrap();
			let bound = |value: Option<&u64>| *value.unwrap() as f64;
			prop_assert!(latency >= bound(measured.iter().min()) - 1e-6);
			prop_assert!(latency <= bound(measured.iter().max()) + 1e-6);
		}
	}
}

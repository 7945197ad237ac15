//! The rules of when a lane is worth a settlement.

use std::time::Duration;

use openledger_books::{OpenLane, UnixSeconds};
use openledger_primitives::Balance;

/// The way in which calls go to the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettlementMode {
	/// One by one; or by their sums, where a lane has more calls waiting than four settlements take, so
	/// that settling keeps up with any number of them. Calls that name contributions always go one by one.
	#[default]
	Auto,
	/// One by one: each is priced, paid and shown on chain by itself. A lane with more than a few dozen
	/// calls a second is settled later and later.
	Itemised,
	/// By their sums: however many they are, they cost what a few do. A lane's newest call goes with later
	/// ones, or by itself when its session is closed or the node stops.
	Aggregate,
}

/// The rules of when and how to settle. A settlement costs a transaction fee, whatever it carries;
/// what is not settled yet is lost if the session ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementPolicy {
	/// Settle as soon as this many calls wait, over all lanes.
	pub max_calls: u32,
	/// Settle as soon as a lane's oldest call is this old.
	pub max_age: Duration,
	/// Settle as soon as a lane's calls cost this much together, in planck.
	pub max_value: Balance,
	/// A lane whose calls cost less together, in planck, waits until it cannot wait any longer.
	pub min_value: Balance,
	/// The most that a session may owe before it is not served any more, in planck: from half of
	/// that on its lanes are due, whatever else is set.
	pub exposure: Balance,
	/// The way in which calls go to the chain.
	pub mode: SettlementMode,
	/// Fewer calls that follow one another in a lane go one by one, whatever the mode is.
	pub aggregate_from: u32,
}

impl SettlementPolicy {
	/// Tells whether a lane is due when `waiting` calls wait over all lanes.
	pub fn is_due(&self, lane: &OpenLane, waiting: u32, now: UnixSeconds) -> bool {
		let old = now.saturating_sub(lane.oldest) >= self.max_age.as_secs();
		let dear = lane.value >= self.max_value;
		self.is_worth_it(lane) && (old || dear || waiting >= self.max_calls)
	}

	/// Tells whether a session that owes `owed` planck in all is to be settled now.
	pub fn is_exposed(&self, owed: Balance) -> bool {
		owed >= self.exposure.div_ceil(2)
	}

	/// Tells whether a lane's calls cost enough together to be settled before they have to be.
	pub fn is_worth_it(&self, lane: &OpenLane) -> bool {
		lane.value >= self.min_value
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_books::LaneKey;

	#[test]
	fn many_calls_or_old_calls_are_due_if_they_are_worth_it() {
		let max_age = Duration::from_secs(60);
		let policy = SettlementPolicy {
			max_calls: 3,
			max_age,
			max_value: 50,
			min_value: 10,
			exposure: 101,
			mode: SettlementMode::Itemised,
			aggregate_from: 2,
		};
		let lane = |value| OpenLane {
			key: LaneKey { session: 0, lane: 0 },
			calls: 1,
			value,
			oldest: 100,
			submitted: false,
		};
		assert!(!policy.is_due(&lane(10), 2, 159));
		assert!(policy.is_due(&lane(10), 3, 100), "many");
		assert!(policy.is_due(&lane(10), 1, 160), "old");
		assert!(!policy.is_due(&lane(9), 3, 160), "cheap");
		assert!(!policy.is_due(&lane(49), 1, 100));
		assert!(policy.is_due(&lane(50), 1, 100), "dear");
		assert!(!policy.is_exposed(50) && policy.is_exposed(51), "more than half");
		assert!(!policy.is_due(&lane(10), 1, 50), "a clock that goes backwards settles later");
	}
}

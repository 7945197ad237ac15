//! The choice of the node that answers a call.
//!
//! A call costs the model's price on chain, the same with every node. So nodes are compared by the time
//! that each is likely to take, with what it has to do already, and by whether there is a session with
//! it: opening one takes a few blocks and ties up a part of the budget.

use std::cmp::Ordering;

use openledger_primitives::AccountId;

use super::health::Health;

/// The weight of having to open a session first, in milliseconds.
const OPENING: f64 = 3_000.0;

/// A node that could answer.
#[derive(Clone, Debug)]
pub struct Candidate {
	/// Its operator.
	pub operator: AccountId,
	/// The number of the model's calls that it says it answers at a time.
	pub capacity: u32,
	/// `true` if there is a session with it that can pay for a usual call.
	pub funded: bool,
	/// Its health.
	pub health: Health,
}

impl Candidate {
	/// The cost of choosing it, in milliseconds.
	fn cost(&self) -> f64 {
		let opening = if self.funded { 0.0 } else { OPENING };
		self.health.cost(self.capacity) + opening
	}
}

/// Puts the nodes in the order in which they are tried. Those that are left alone for now come
/// last, whoever is back first before the others: they are better than no answer.
pub fn rank(mut candidates: Vec<Candidate>, now: u64) -> Vec<Candidate> {
	let order = |one: &Candidate, other: &Candidate| {
		let rests = one.health.rest(now).cmp(&other.health.rest(now));
		rests
			.then(one.cost().partial_cmp(&other.cost()).unwrap_or(Ordering::Equal))
			.then_with(|| one.operator.cmp(&other.operator))
	};
	candidates.sort_by(order);
	candidates
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn node(number: u8, latency: Option<u64>, funded: bool) -> Candidate {
		let mut health = Health::default();
		if let Some(latency) = latency {
			health.answered(latency);
		}
		Candidate { operator: [number; 32].into(), capacity: 4, funded, health }
	}

	fn order(nodes: Vec<Candidate>, now: u64) -> Vec<u8> {
		let number = |node: &Candidate| AsRef::<[u8]>::as_ref(&node.operator)[0];
		rank(nodes, now).iter().map(number).collect()
	}

	#[test]
	fn the_fastest_comes_first() {
		let nodes = vec![node(1, Some(900), true), node(2, Some(80), true), node(3, None, true)];
		assert_eq!(order(nodes, 0), [2, 3, 1]);
	}

	#[test]
	fn a_session_is_worth_something_but_not_everything() {
		let slow = |latency| vec![node(1, Some(latency), true), node(2, Some(50), false)];
		assert_eq!(order(slow(2_000), 0), [1, 2]);
		assert_eq!(order(slow(9_000), 0), [2, 1]);
	}

	#[test]
	fn work_is_shared() {
		let mut busy = node(1, Some(100), true);
		for _ in 0..8 {
			busy.health.begin();
		}
		assert_eq!(order(vec![busy.clone(), node(2, Some(300), true)], 0), [2, 1]);
		for _ in 0..8 {
			busy.health.end();
		}
		assert_eq!(order(vec![busy, node(2, Some(300), true)], 0), [1, 2]);
	}

	#[test]
	fn who_failed_comes_last_and_who_is_back_first_before() {
		let failed = |number, times| {
			let mut node = node(number, Some(1), true);
			for _ in 0..times {
				node.health.failed(0);
			}
			node
		};
		let nodes = || vec![failed(1, 3), failed(2, 1), node(3, Some(5_000), false)];
		assert_eq!(order(nodes(), 10), [3, 2, 1]);
		// Its time is over: what it did still counts, but so does its speed.
		assert_eq!(order(nodes(), 3_000), [2, 3, 1]);
	}

	proptest! {
		#[test]
		fn everybody_is_ranked_once_and_whoever_rests_comes_after(
			nodes in prop::collection::vec((0u64..5_000, any::<bool>(), 0u32..3), 0..20),
			now in 0u64..10_000,
		) {
			let candidates: Vec<_> = nodes.iter().enumerate().map(|(index, (latency, funded, fails))| {
				let mut node = node(u8::try_from(index).unwrap(), Some(*latency), *funded);
				for _ in 0..*fails {
					node.health.failed(0);
				}
				node
			}).collect();
			let ranked = rank(candidates.clone(), now);
			prop_assert_eq!(ranked.len(), candidates.len());
			let rests: Vec<_> = ranked.iter().map(|node| node.health.rest(now) > 0).collect();
			prop_assert!(rests.windows(2).all(|pair| !pair[0] || pair[1]));
		}
	}
}

//! The choice of a lane for a call.
//!
//! Calls on one lane follow one another, and all vouchers of a lane name the same version of the same
//! model and the same price version: a node could settle calls at terms that came after them otherwise.
//! So a call takes a lane of its own for as long as it lasts: one that earlier calls at the same terms
//! have left, else one that was never used.

use std::collections::BTreeMap;

use openledger_primitives::{voucher::LaneTerms, LaneId, MAX_LANES};

use crate::lane::Lane;

/// A lane for a call at these terms, if one is free. Those that `is_busy` are taken, and so are those
/// whose last call has no statement yet.
pub(crate) fn pick(
	lanes: &BTreeMap<LaneId, Lane>,
	is_busy: impl Fn(LaneId) -> bool,
	terms: LaneTerms,
) -> Option<LaneId> {
	let idle =
		|lane: &LaneId| !is_busy(*lane) && lanes.get(lane).is_none_or(|state| state.open.is_none());
	let of_terms = |lane: &Lane| lane.terms == Some(terms) && !lane.closed;
	let used = lanes.iter().filter(|(_, state)| of_terms(state)).map(|(lane, _)| *lane);
	let unused = (0..MAX_LANES).filter(|lane| !lanes.get(lane).is_some_and(Lane::is_used));
	used.filter(|lane| *lane < MAX_LANES).chain(unused).find(idle)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::lane::Settled;
	use openledger_primitives::ModelId;
	use proptest::prelude::*;
	use std::collections::BTreeSet;

	fn of(model: ModelId) -> LaneTerms {
		LaneTerms { model, version: 1, price_version: 2 }
	}

	fn used_for(model: ModelId) -> Lane {
		Lane { sequence: 1, terms: Some(of(model)), ..Lane::default() }
	}

	#[test]
	fn a_lane_of_the_same_terms_comes_before_a_new_one() {
		let lanes = BTreeMap::from([(0, used_for(1)), (3, used_for(2))]);
		assert_eq!(pick(&lanes, |_| false, of(2)), Some(3));
		assert_eq!(pick(&lanes, |lane| lane == 3, of(2)), Some(1));
		assert_eq!(pick(&lanes, |_| false, of(9)), Some(1));
		assert_eq!(pick(&BTreeMap::new(), |_| false, of(9)), Some(0));
		for other in [LaneTerms { version: 2, ..of(2) }, LaneTerms { price_version: 3, ..of(2) }] {
			assert_eq!(pick(&lanes, |_| false, other), Some(1), "{other}");
		}
	}

	#[test]
	fn a_new_lane_was_never_used() {
		let lane = Lane::default;
		for used in [
			Lane { closed: true, ..lane() },
			Lane { sequence: 1, ..lane() },
			Lane { signed: 1, ..lane() },
			Lane { settled: Settled { sequence: 1, amount: 1 }, ..lane() },
			Lane { closed: true, ..used_for(1) },
		] {
			assert!(used.is_used());
			let lanes = BTreeMap::from([(0, used)]);
			assert_eq!(pick(&lanes, |_| false, of(1)), Some(1));
		}
		let lanes = BTreeMap::from([(0, lane())]);
		assert_eq!(pick(&lanes, |_| false, of(1)), Some(0));
	}

	#[test]
	fn a_session_has_so_many_lanes() {
		let lanes: BTreeMap<_, _> = (0..MAX_LANES).map(|lane| (lane, used_for(1))).collect();
		assert_eq!(pick(&lanes, |_| false, of(2)), None);
		assert_eq!(pick(&lanes, |lane| lane < MAX_LANES - 1, of(1)), Some(MAX_LANES - 1));
		assert_eq!(pick(&lanes, |_| true, of(1)), None);
	}

	proptest! {
		#[test]
		fn calls_that_overlap_never_share_a_lane(models in prop::collection::vec(0u32..4, 1..100)) {
			let mut lanes = BTreeMap::new();
			let mut busy = BTreeSet::new();
			for model in models {
				let picked = pick(&lanes, |lane| busy.contains(&lane), of(model));
				let Some(lane) = picked else {
					prop_assert_eq!(busy.len(), usize::from(MAX_LANES));
					continue;
				};
				prop_assert!(lane < MAX_LANES && busy.insert(lane));
				let before = lanes.insert(lane, used_for(model));
				prop_assert!(before.is_none_or(|before| before.terms == Some(of(model))));
			}
		}
	}
}

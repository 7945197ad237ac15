//! Which lane of a session a call takes.
//!
//! Calls on one lane follow one another, and a lane is for one model. So a call takes a lane of its
//! own for as long as it lasts: one that earlier calls of the same model have left, else a new one.

use std::collections::BTreeMap;

use openledger_primitives::{LaneId, ModelId, MAX_LANES};

use crate::ledger::Lane;

/// A lane for a call of `model`, if one is free. Those that `is_busy` are taken, and so are those
/// whose last call has no statement yet.
pub fn pick(
	lanes: &BTreeMap<LaneId, Lane>,
	is_busy: impl Fn(LaneId) -> bool,
	model: ModelId,
) -> Option<LaneId> {
	let idle =
		|lane: &LaneId| !is_busy(*lane) && lanes.get(lane).is_none_or(|state| state.open.is_none());
	let of_model = |lane: &Lane| lane.model == Some(model);
	let used = lanes.iter().filter(|(_, state)| of_model(state)).map(|(lane, _)| *lane);
	let unused =
		(0..MAX_LANES).filter(|lane| lanes.get(lane).is_none_or(|state| state.model.is_none()));
	used.filter(|lane| *lane < MAX_LANES).chain(unused).find(idle)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use std::collections::BTreeSet;

	fn used_for(model: ModelId) -> Lane {
		Lane { sequence: 1, model: Some(model), ..Lane::default() }
	}

	#[test]
	fn a_lane_of_the_model_comes_before_a_new_one() {
		let lanes = BTreeMap::from([(0, used_for(1)), (3, used_for(2))]);
		assert_eq!(pick(&lanes, |_| false, 2), Some(3));
		assert_eq!(pick(&lanes, |lane| lane == 3, 2), Some(1));
		assert_eq!(pick(&lanes, |_| false, 9), Some(1));
		assert_eq!(pick(&BTreeMap::new(), |_| false, 9), Some(0));
	}

	#[test]
	fn a_session_has_so_many_lanes() {
		let lanes: BTreeMap<_, _> = (0..MAX_LANES).map(|lane| (lane, used_for(1))).collect();
		assert_eq!(pick(&lanes, |_| false, 2), None);
		assert_eq!(pick(&lanes, |lane| lane < MAX_LANES - 1, 1), Some(MAX_LANES - 1));
		assert_eq!(pick(&lanes, |_| true, 1), None);
	}

	proptest! {
		#[test]
		fn calls_that_overlap_never_share_a_lane(models in prop::collection::vec(0u32..4, 1..100)) {
			let mut lanes = BTreeMap::new();
			let mut busy = BTreeSet::new();
			for model in models {
				let picked = pick(&lanes, |lane| busy.contains(&lane), model);
				let Some(lane) = picked else {
					prop_assert_eq!(busy.len(), usize::from(MAX_LANES));
					continue;
				};
				prop_assert!(lane < MAX_LANES && busy.insert(lane));
				let before = lanes.insert(lane, used_for(model));
				prop_assert!(before.is_none_or(|before| before.model == Some(model)));
			}
		}
	}
}

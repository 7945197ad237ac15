//! The choice of a lane for a call.
//!
//! Calls on one lane follow one another, and all vouchers of a lane name the same agreement: a node could
//! settle calls at terms that came after them otherwise. So a call takes a lane of its own for as long as it
//! lasts: one that earlier calls of the same model, version, prices and evidence have left, whatever block it is
//! as of; else one that was never used.

use std::collections::BTreeMap;

use openledger_primitives::{lane::Agreement, BlockNumber, LaneId, MAX_LANES};

use crate::lane::Lane;

/// A lane for a call that wants this agreement, but for its block, if one is free. Those that `is_busy` are
/// taken, and so are those whose last call has no statement yet. One that is as of a block before `opened_at`,
/// in which the session was opened, is of no use any more.
pub(crate) fn pick(
	lanes: &BTreeMap<LaneId, Lane>,
	is_busy: impl Fn(LaneId) -> bool,
	wanted: &Agreement,
	opened_at: BlockNumber,
) -> Option<LaneId> {
	let idle =
		|lane: &LaneId| !is_busy(*lane) && lanes.get(lane).is_none_or(|state| state.open.is_none());
	let fits = |lane: &Lane| {
		let like = |agreement: Agreement| {
			agreement.as_of >= opened_at
				&& Agreement { as_of: wanted.as_of, ..agreement } == *wanted
		};
		lane.agreement.is_some_and(like) && !lane.closed && !lane.is_behind()
	};
	let used = lanes.iter().filter(|(_, state)| fits(state)).map(|(lane, _)| *lane);
	let unused = (0..MAX_LANES).filter(|lane| !lanes.get(lane).is_some_and(Lane::is_used));
	used.filter(|lane| *lane < MAX_LANES).chain(unused).find(idle)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::lane::Settled;
	use openledger_primitives::{answer::Evidence, price::PriceSchedule, ModelId};
	use proptest::prelude::*;
	use std::collections::BTreeSet;

	fn of(model: ModelId) -> Agreement {
		Agreement {
			model,
			version: 1,
			price_version: 2,
			as_of: 30,
			evidence: Evidence::Open,
			own_price: None,
		}
	}

	fn used_for(model: ModelId) -> Lane {
		Lane { sequence: 1, signed: 1, agreement: Some(of(model)), ..Lane::default() }
	}

	fn pick(
		lanes: &BTreeMap<LaneId, Lane>,
		is_busy: impl Fn(LaneId) -> bool,
		wanted: Agreement,
	) -> Option<LaneId> {
		super::pick(lanes, is_busy, &wanted, 20)
	}

	#[test]
	fn a_lane_of_the_same_agreement_comes_before_a_new_one() {
		let lanes = BTreeMap::from([(0, used_for(1)), (3, used_for(2))]);
		assert_eq!(pick(&lanes, |_| false, of(2)), Some(3));
		assert_eq!(pick(&lanes, |lane| lane == 3, of(2)), Some(1));
		assert_eq!(pick(&lanes, |_| false, of(9)), Some(1));
		assert_eq!(pick(&BTreeMap::new(), |_| false, of(9)), Some(0));
		let price = PriceSchedule { per_call: 5, ..PriceSchedule::default() };
		for other in [
			Agreement { version: 2, ..of(2) },
			Agreement { price_version: 3, ..of(2) },
			Agreement { evidence: Evidence::Sealed, ..of(2) },
			Agreement { own_price: Some(price), ..of(2) },
		] {
			assert_eq!(pick(&lanes, |_| false, other), Some(1), "{other}");
		}
	}

	#[test]
	fn a_lane_keeps_its_block_as_long_as_that_is_in_its_session() {
		let lanes = BTreeMap::from([(3, used_for(2))]);
		for as_of in [0, 20, 30, 40] {
			assert_eq!(pick(&lanes, |_| false, Agreement { as_of, ..of(2) }), Some(3));
		}
		assert_eq!(super::pick(&lanes, |_| false, &of(2), 30), Some(3));
		assert_eq!(super::pick(&lanes, |_| false, &of(2), 31), Some(0));
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
			// The chain has settled a voucher that is not known here.
			Lane { settled: Settled { sequence: 2, amount: 1 }, ..used_for(1) },
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
		assert_eq!(MAX_LANES, 1_024);
		assert_eq!(pick(&lanes, |_| false, of(2)), None);
		let last = MAX_LANES - 1;
		assert_eq!(pick(&lanes, |lane| lane < last, of(1)), Some(last));
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
				prop_assert!(before.is_none_or(|before| before.agreement == Some(of(model))));
			}
		}
	}
}

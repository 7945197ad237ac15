//! Roots do not stay with who only rejects their own, and go back to whom they were taken from.

use super::reserving::{reject, reserve, submit};
use crate::{mock::*, Contributions, Error, Event, Reservations, RootOwner};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};

/// Number of times that somebody rejects their own.
const TIMES: u64 = 5;

#[test]
fn a_root_cannot_be_kept_for_ever_by_rejecting_ones_own() {
	run(|| {
		let (own, others) = (datanet(), datanet());
		let commitment = DataAttribution::commitment(root(5), &CURATOR);
		assert_ok!(submit(&CURATOR, own, 5));
		assert_ok!(reject(0));
		let kept = Reservations::<Test>::get(commitment).unwrap();
		assert!(kept.kept);
		pass(RootClaimPeriod::get() - 1);
		// The second time leaves what the first has, and no more.
		assert_ok!(submit(&CURATOR, own, 5));
		assert_ok!(reject(1));
		assert_eq!(Reservations::<Test>::get(commitment), Some(kept.clone()));
		// Nor does it help to reserve it anew in between,
		assert_ok!(submit(&CURATOR, own, 5));
		assert_eq!(reserve(&CURATOR, 5), commitment);
		assert_ok!(reject(2));
		let fresh = Reservations::<Test>::get(commitment).unwrap();
		assert_eq!((fresh.at, fresh.kept), (RootClaimPeriod::get(), false));
		// or to hand one over that was submitted later, or to wait with the rejection.
		assert_ok!(submit(&CURATOR, own, 5));
		assert_ok!(submit(&CURATOR, own, 6));
		assert_ok!(reject(4));
		let six = DataAttribution::commitment(root(6), &CURATOR);
		let kept = Reservations::<Test>::get(six).unwrap();
		pass(2);
		assert_ok!(submit(&ALICE, own, 6));
		assert_ok!(DataAttribution::transfer_contribution(signed(&ALICE), 5, CURATOR));
		assert_ok!(reject(5));
		assert_eq!(Reservations::<Test>::get(six), Some(kept));
		assert_ok!(submit(&CURATOR, own, 6));
		pass(RootClaimPeriod::get());
		assert_ok!(reject(6));
		assert_eq!(Reservations::<Test>::get(six), None);
		assert_ok!(submit(&BOB, others, 6));
	});
}

#[test]
fn who_keeps_a_root_by_rejections_slashes_nobody_who_came_in_good_faith() {
	run(|| {
		let (own, others) = (datanet(), datanet());
		let mut id = 0;
		for _ in 0..TIMES {
			assert_ok!(submit(&CAROL, own, 5));
			assert_ok!(reject(id));
			id += 1;
			pass(RootClaimPeriod::get() - 1);
		}
		assert_ok!(submit(&BOB, others, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), id, 9));
		let bobs = id;
		// All that they have left counts from too late, or is over.
		pass(1);
		assert_noop!(submit(&CAROL, own, 5), Error::<Test>::RootTaken);
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(bobs));
	});
}

#[test]
fn a_root_that_was_taken_over_goes_back_if_nothing_comes_of_it() {
	for withdrawn in [false, true] {
		run(|| {
			let (own, others) = (datanet(), datanet());
			assert_ok!(submit(&ALICE, own, 5));
			assert_ok!(reject(0));
			pass(1);
			assert_ok!(submit(&BOB, others, 5));
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 1, 9));
			assert_ok!(submit(&ALICE, own, 5));
			assert_eq!(Contributions::<Test>::get(2).unwrap().displaced, Some(1));
			if withdrawn {
				assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), 2));
			} else {
				assert_ok!(reject(2));
			}
			System::assert_has_event(Event::RootReturned { contribution: 1, by: 2 }.into());
			assert_eq!(RootOwner::<Test>::get(root(5)), Some(1));
			assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
			assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
			assert_noop!(submit(&ALICE, own, 5), Error::<Test>::RootTaken);
		});
	}
}

#[test]
fn a_root_goes_back_past_those_who_had_it_in_between() {
	run(|| {
		let datanet = datanet();
		reserve(&ALICE, 5);
		pass(1);
		reserve(&CAROL, 5);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&CAROL, datanet, 5));
		assert_ok!(submit(&ALICE, datanet, 5));
		assert!(!Contributions::<Test>::contains_key(1));
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), 2));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(0));
	});
}

#[test]
fn a_root_does_not_go_back_to_who_is_gone_or_was_slashed() {
	for slashed in [false, true] {
		run(|| {
			let datanet = datanet();
			reserve(&ALICE, 5);
			pass(1);
			assert_ok!(submit(&BOB, datanet, 5));
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
			assert_ok!(submit(&ALICE, datanet, 5));
			if slashed {
				let origin = RuntimeOrigin::root();
				assert_ok!(DataAttribution::resolve_accusation(origin, 0, None, true));
			} else {
				assert_ok!(DataAttribution::stop_contribution(signed(&BOB), 0));
				pass(BondLockPeriod::get());
				assert_ok!(DataAttribution::withdraw_bond(signed(&BOB), 0));
			}
			assert_ok!(reject(1));
			assert!(!RootOwner::<Test>::contains_key(root(5)));
			// Then it is a rejection like any other.
			let commitment = DataAttribution::commitment(root(5), &ALICE);
			assert_eq!(Reservations::<Test>::get(commitment).unwrap().at, 1);
		});
	}
}

#[test]
fn a_root_goes_back_from_one_that_was_slashed() {
	run(|| {
		let datanet = datanet();
		// Carol has got hold of Alice's data before she brings it.
		reserve(&CAROL, 5);
		pass(1);
		assert_ok!(submit(&ALICE, datanet, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&CAROL, datanet, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 1, 9));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(1));
		assert_ok!(DataAttribution::resolve_accusation(RuntimeOrigin::root(), 1, None, true));
		System::assert_has_event(Event::RootReturned { contribution: 0, by: 1 }.into());
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(0));
		// Hers has no second leaf to show: no stranger is to be quicker than her with the same root.
		assert_noop!(submit(&BOB, datanet, 5), Error::<Test>::RootTaken);
	});
}

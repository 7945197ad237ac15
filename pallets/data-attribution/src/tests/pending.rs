//! Contributions that nobody decides about for too long keep no root.

use super::reserving::{accuse, reject, reserve, submit};
use crate::{
	mock::*, AccusationReason::Fraud, ContributionStatus, Contributions, ContributionsOf, Error,
	Event, HoldReason, Reservations, RootOwner, WeightInfo,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{AccountId, BlockNumber, ContributionId, DatanetId, Weight};
use sp_runtime::{DispatchResult, Permill};

fn accept(who: &AccountId, contribution: ContributionId, weight: Weight) -> DispatchResult {
	DataAttribution::accept_contribution(signed(who), contribution, weight)
}

fn withdraw(who: &AccountId, contribution: ContributionId) -> DispatchResult {
	DataAttribution::withdraw_contribution(signed(who), contribution)
}

/// Goes on to a block.
fn go_to(block: BlockNumber) {
	assert!(block >= System::block_number());
	System::set_block_number(block);
}

/// Checks that a contribution of the root 5 keeps it from [`ALICE`] until before the block, and not
/// any longer.
fn gives_way_at(block: BlockNumber, contribution: ContributionId, datanet: DatanetId) {
	go_to(block - 1);
	assert_noop!(submit(&ALICE, datanet, 5), Error::<Test>::RootTaken);
	go_to(block);
	assert_ok!(submit(&ALICE, datanet, 5));
	let by = RootOwner::<Test>::get(root(5)).unwrap();
	System::assert_has_event(Event::ContributionDisplaced { contribution, by }.into());
	assert!(!Contributions::<Test>::contains_key(contribution));
	let entry = Contributions::<Test>::get(by).unwrap();
	assert_eq!((entry.contributor, entry.since, entry.displaced), (ALICE, block, None));
	DataAttribution::do_try_state().unwrap();
}

#[test]
fn who_curates_themselves_keeps_no_root_by_not_deciding() {
	run(|| {
		let others = datanet();
		// Bob sees Alice's submission before it is in a block, and is quicker, in a datanet of his own.
		assert_ok!(DataAttribution::create_datanet(signed(&BOB), name("bobs")));
		let before = Balances::balance(&BOB);
		go_to(4);
		assert_ok!(submit(&BOB, others + 1, 5));
		assert_noop!(submit(&ALICE, others, 5), Error::<Test>::RootTaken);
		// Nobody can accuse it of anything.
		let pending = accuse(&ALICE, 0, Fraud).unwrap_err().error;
		assert_eq!(pending, Error::<Test>::NotAccepted.into());
		gives_way_at(4 + PendingPeriod::get(), 0, others);

		// He has lost nothing but the root, and can do nothing more with what is gone.
		assert_eq!(held(HoldReason::Contribution, &BOB), 0);
		assert_eq!(Balances::balance(&BOB), before);
		assert_eq!(ContributionsOf::<Test>::iter_key_prefix(BOB).count(), 0);
		assert_eq!(held(HoldReason::Contribution, &ALICE), ContributionBond::get());
		assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
		assert_noop!(accept(&BOB, 0, 9), Error::<Test>::UnknownContribution);
		assert_noop!(withdraw(&BOB, 0), Error::<Test>::UnknownContribution);
		let gone = Error::<Test>::UnknownContribution;
		assert_noop!(DataAttribution::reject_contribution(signed(&BOB), 0), gone);
		assert_noop!(submit(&BOB, others + 1, 5), Error::<Test>::RootTaken);
		assert_ok!(accept(&CURATOR, 1, 9));
		pass(2 * PendingPeriod::get());
		assert_noop!(submit(&BOB, others + 1, 5), Error::<Test>::RootTaken);
	});
}

#[test]
fn what_is_late_can_be_decided_about_until_somebody_comes() {
	run(|| {
		let datanet = datanet();
		for number in 5..8 {
			assert_ok!(submit(&BOB, datanet, number));
		}
		pass(3 * PendingPeriod::get());
		// One that was accepted does not give way, and one that was rejected leaves a claim as ever.
		assert_ok!(accept(&CURATOR, 0, 9));
		assert_noop!(submit(&ALICE, datanet, 5), Error::<Test>::RootTaken);
		assert_ok!(DataAttribution::stop_contribution(signed(&BOB), 0));
		assert_noop!(submit(&ALICE, datanet, 5), Error::<Test>::RootTaken);
		assert_ok!(reject(1));
		assert_ok!(submit(&ALICE, datanet, 6));
		assert_ok!(submit(&BOB, datanet, 6));
		assert_eq!(Contributions::<Test>::get(4).unwrap().contributor, BOB);
		assert_eq!(RootOwner::<Test>::get(root(6)), Some(4));
		assert_ok!(withdraw(&BOB, 2));
		assert_ok!(submit(&ALICE, datanet, 7));
	});
}

#[test]
fn the_time_to_decide_counts_from_the_reservation() {
	run(|| {
		let datanet = datanet();
		reserve(&BOB, 5);
		go_to(ReservationPeriod::get());
		assert_ok!(submit(&BOB, datanet, 5));
		gives_way_at(1 + PendingPeriod::get(), 0, datanet);
	});
}

#[test]
fn whose_contribution_was_rejected_late_is_not_late_elsewhere() {
	for waits in [0, ReservationPeriod::get() - 1] {
		run(|| {
			let (one, other) = (datanet(), datanet());
			assert_ok!(submit(&BOB, one, 5));
			// The curator takes all the time that there is, and more, to reject it.
			pass(2 * PendingPeriod::get());
			assert_ok!(reject(0));
			let kept_until = System::block_number() + ReservationPeriod::get();
			pass(waits);
			assert_ok!(submit(&BOB, other, 5));
			let entry = Contributions::<Test>::get(1).unwrap();
			assert_eq!((entry.since, entry.kept_until), (1, Some(kept_until)));
			gives_way_at(kept_until + PendingPeriod::get(), 1, one);
		});
	}
}

#[test]
fn who_gave_way_comes_back_only_with_a_reservation_from_before() {
	// When Bob reserves it anew, when Alice does, and whether he has it in the end.
	let late = 1 + PendingPeriod::get();
	for (bobs, alices, back) in [
		(late - 2, None, true),
		(late - 2, Some(late - 1), true),
		(late - 1, Some(late - 2), false),
		(late - 2, Some(late - 2), false),
		(late, None, false),
	] {
		run(|| {
			let datanet = datanet();
			assert_ok!(submit(&BOB, datanet, 5));
			for block in late - 2..=late {
				go_to(block);
				if Some(block) == alices {
					reserve(&ALICE, 5);
				}
				if block == bobs {
					reserve(&BOB, 5);
				}
			}
			assert_ok!(submit(&ALICE, datanet, 5));
			if back {
				assert_ok!(submit(&BOB, datanet, 5));
				System::assert_has_event(
					Event::ContributionDisplaced { contribution: 1, by: 2 }.into(),
				);
				assert_eq!(Contributions::<Test>::get(2).unwrap().since, bobs);
			} else {
				assert_noop!(submit(&BOB, datanet, 5), Error::<Test>::RootTaken);
			}
		});
	}
}

#[test]
fn submitting_anew_costs_a_submission_and_the_place_before_who_came_meanwhile() {
	run(|| {
		let datanet = datanet();
		let bond = ContributionBond::get();
		assert_ok!(submit(&BOB, datanet, 5));
		// As long as it is not late, only after withdrawing it.
		go_to(PendingPeriod::get());
		assert_noop!(submit(&BOB, datanet, 5), Error::<Test>::RootTaken);
		reserve(&ALICE, 5);
		pass(1);
		// Then also in its place. It needs a bond of its own.
		ContributionBond::set(2 * bond);
		assert_ok!(submit(&BOB, datanet, 5));
		assert_eq!(held(HoldReason::Contribution, &BOB), 2 * bond);
		assert!(!Contributions::<Test>::contains_key(0));
		assert_ok!(withdraw(&BOB, 1));
		assert_ok!(submit(&BOB, datanet, 5));
		// Alice has it, because she was there before.
		assert_ok!(submit(&ALICE, datanet, 5));
		System::assert_has_event(Event::ContributionDisplaced { contribution: 2, by: 3 }.into());
		assert_eq!(Balances::balance(&BOB), ENDOWMENT);
		assert_noop!(submit(&BOB, datanet, 5), Error::<Test>::RootTaken);
	});
}

#[test]
fn the_root_of_an_accepted_one_is_not_free_because_another_contends_for_it() {
	for slashed in [false, true] {
		run(|| {
			ReservationPeriod::set(2 * PendingPeriod::get());
			let datanet = datanet();
			reserve(&ALICE, 5);
			go_to(2);
			reserve(&CAROL, 5);
			go_to(3);
			assert_ok!(submit(&BOB, datanet, 5));
			assert_ok!(accept(&CURATOR, 0, 9));
			assert_ok!(submit(&ALICE, datanet, 5));
			assert_eq!(Contributions::<Test>::get(1).unwrap().displaced, Some(0));
			if slashed {
				assert_ok!(accuse(&DAVE, 0, Fraud));
				let origin = RuntimeOrigin::root();
				assert_ok!(DataAttribution::resolve_accusation(origin, 0, DAVE, true));
			}
			// Nobody decides about Alice's.
			go_to(1 + PendingPeriod::get());
			if slashed {
				assert_ok!(submit(&DAVE, datanet, 5));
				assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
				return;
			}
			assert_noop!(submit(&DAVE, datanet, 5), Error::<Test>::RootTaken);
			// But to who has a better right than both of them, it gives way.
			assert_ok!(submit(&CAROL, datanet, 5));
			assert!(!Contributions::<Test>::contains_key(1));
			let entry = Contributions::<Test>::get(2).unwrap();
			assert_eq!((entry.since, entry.displaced), (2, Some(0)));
			DataAttribution::do_try_state().unwrap();
			assert_ok!(withdraw(&CAROL, 2));
			System::assert_has_event(Event::RootReturned { contribution: 0, by: 2 }.into());
			assert_eq!(RootOwner::<Test>::get(root(5)), Some(0));
		});
	}
}

#[test]
fn a_late_one_gives_way_in_a_batch_and_nobody_s_earnings_move() {
	run(|| {
		let (datanet, release, ids) = released(&[(BOB, 1)]);
		let late = submitted(&BOB, datanet);
		pass(PendingPeriod::get());
		pay(40, Permill::from_percent(50), &[(late, 1)], &[fixed(datanet, release, 1)]).unwrap();
		let batch = BoundedVec::truncate_from(vec![submission(late), submission(99)]);
		let weight = DataAttribution::submit_contributions(signed(&CAROL), datanet, batch);
		let expected = <() as WeightInfo>::submit_contributions(1, 1);
		assert_eq!(weight.unwrap().actual_weight, Some(expected));
		assert_eq!(held(HoldReason::Contribution, &BOB), ContributionBond::get());
		assert_eq!(held(HoldReason::Contribution, &CAROL), 2 * ContributionBond::get());
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		let before = Balances::balance(&BOB);
		let releases = BoundedVec::truncate_from(vec![release]);
		assert_ok!(DataAttribution::claim(signed(&BOB), ids[0], releases));
		assert_eq!(Balances::balance(&BOB), before + 40);
	});
}

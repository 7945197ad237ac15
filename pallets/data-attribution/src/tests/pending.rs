//! Contributions that nobody decides about lapse, and their roots stay with whose they are.

use super::reserving::{reject, reserve, submit};
use crate::{
	mock::*, AccusationReason::Fraud, ContributionStatus, Contributions, ContributionsOf, Error,
	Event, HoldReason, Reservations, RootOwner,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{AccountId, BlockNumber, ContributionId, Weight};
use sp_runtime::{DispatchResult, Permill};

fn accept(who: &AccountId, contribution: ContributionId, weight: Weight) -> DispatchResult {
	DataAttribution::accept_contribution(signed(who), contribution, weight)
}

fn withdraw(who: &AccountId, contribution: ContributionId) -> DispatchResult {
	DataAttribution::withdraw_contribution(signed(who), contribution)
}

fn lapse(contribution: ContributionId) -> DispatchResult {
	DataAttribution::lapse_contribution(signed(&DAVE), contribution)
}

/// Goes on to a block.
fn go_to(block: BlockNumber) {
	pass(block.checked_sub(System::block_number()).unwrap());
}

/// Checks that anybody can have a contribution lapse from that block on, and not earlier.
fn lapses_at(block: BlockNumber, contribution: ContributionId) {
	go_to(block - 1);
	assert_noop!(lapse(contribution), Error::<Test>::TooEarly);
	go_to(block);
	assert_ok!(lapse(contribution));
	System::assert_last_event(Event::ContributionLapsed { contribution }.into());
	assert!(!Contributions::<Test>::contains_key(contribution));
	DataAttribution::do_try_state().unwrap();
}

#[test]
fn a_stranger_does_not_get_a_root_by_waiting() {
	run(|| {
		let (slow, own) = (datanet(), datanet());
		go_to(4);
		assert_ok!(submit(&ALICE, slow, 5));
		// Her curator does not decide. A second account of the curator's waits for that, and a bot, and both have
		// seen the data by now.
		lapses_at(4 + PendingPeriod::get(), 0);
		assert_ok!(submit(&BOB, own, 5));
		assert_ok!(accept(&CURATOR, 1, 9));
		publish(own);

		// It is hers all the same: she has the root, and nobody took anything from anybody.
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		pass(RootClaimPeriod::get() - 1);
		assert_ok!(submit(&ALICE, own, 5));
		System::assert_has_event(Event::RootTakenOver { contribution: 1, by: 2 }.into());
		let entry = Contributions::<Test>::get(2).unwrap();
		assert_eq!((entry.since, entry.displaced), (4, Some(1)));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
	});
}

#[test]
fn nobody_takes_a_root_that_is_not_decided_about_but_by_having_it_lapse() {
	run(|| {
		let (slow, own) = (datanet(), datanet());
		assert_ok!(submit(&ALICE, slow, 5));
		pass(3 * PendingPeriod::get());
		assert_noop!(submit(&BOB, own, 5), Error::<Test>::RootTaken);
		reserve(&BOB, 5);
		pass(1);
		assert_noop!(submit(&BOB, own, 5), Error::<Test>::RootTaken);
		// It can be accepted late as well.
		assert_ok!(accept(&CURATOR, 0, 9));
		assert_noop!(lapse(0), Error::<Test>::NotPending);
		assert_noop!(lapse(9), Error::<Test>::UnknownContribution);
	});
}

#[test]
fn who_curates_themselves_keeps_no_root_by_not_deciding() {
	run(|| {
		let others = datanet();
		// Bob has the same data, is quicker, and means to keep the root in a datanet of his own.
		assert_ok!(DataAttribution::create_datanet(signed(&BOB), name("bobs")));
		let before = Balances::balance(&BOB);
		go_to(4);
		assert_ok!(submit(&BOB, others + 1, 5));
		assert_noop!(submit(&ALICE, others, 5), Error::<Test>::RootTaken);
		// Nobody can accuse it of anything.
		let accuse = DataAttribution::accuse_contribution(signed(&ALICE), 0, Fraud);
		assert_noop!(accuse, Error::<Test>::NotAccepted);
		lapses_at(4 + PendingPeriod::get(), 0);
		let deposit = ReservationDeposit::get();
		assert_eq!(Balances::balance(&BOB), before - deposit);
		assert_eq!(ContributionsOf::<Test>::iter_key_prefix(BOB).count(), 0);
		assert_ok!(submit(&ALICE, others, 5));

		// He has it back once, with the claim that it leaves him. But that does not go on for ever.
		let second = 4 + PendingPeriod::get() + RootClaimPeriod::get() - 1;
		go_to(second);
		assert_ok!(submit(&BOB, others + 1, 5));
		System::assert_has_event(Event::ContributionDisplaced { contribution: 1, by: 2 }.into());
		lapses_at(second + PendingPeriod::get(), 2);
		assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
		assert_eq!(Balances::balance(&BOB), before);
		assert_ok!(submit(&ALICE, others, 5));
		assert_ok!(accept(&CURATOR, 3, 9));
		pass(2 * PendingPeriod::get());
		assert_noop!(submit(&BOB, others + 1, 5), Error::<Test>::RootTaken);
		assert_noop!(accept(&BOB, 0, 9), Error::<Test>::UnknownContribution);
	});
}

#[test]
fn the_time_to_decide_counts_from_when_the_data_was_shown() {
	run(|| {
		let datanet = datanet();
		reserve(&BOB, 5);
		go_to(ReservationPeriod::get());
		let id = crate::NextContributionId::<Test>::get();
		assert_ok!(DataAttribution::submit_contribution(signed(&BOB), datanet, submission(5)));
		pass(DrawDelay::get() + ShowPeriod::get() - 1);
		assert_ok!(show(id, 5));
		lapses_at(System::block_number() + PendingPeriod::get(), id);
		// It leaves a claim that counts from the reservation.
		let commitment = DataAttribution::commitment(root(5), &BOB);
		assert_eq!(Reservations::<Test>::get(commitment).unwrap().at, 1);
	});
}

#[test]
fn whose_contribution_was_rejected_late_is_not_late_elsewhere() {
	for waits in [0, RootClaimPeriod::get() - 1] {
		run(|| {
			let (one, other) = (datanet(), datanet());
			assert_ok!(submit(&BOB, one, 5));
			// The curator takes all the time that there is, and more, to reject it.
			pass(2 * PendingPeriod::get());
			assert_ok!(reject(0));
			let kept_until = System::block_number() + RootClaimPeriod::get();
			pass(waits);
			assert_ok!(submit(&BOB, other, 5));
			let entry = Contributions::<Test>::get(1).unwrap();
			assert_eq!((entry.since, entry.kept_until), (1, Some(kept_until)));
			lapses_at(System::block_number() + PendingPeriod::get(), 1);
			assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
		});
	}
}

#[test]
fn the_root_of_an_accepted_one_is_not_free_because_another_contends_for_it() {
	for slashed in [false, true] {
		run(|| {
			let datanet = datanet();
			reserve(&ALICE, 5);
			pass(1);
			assert_ok!(submit(&BOB, datanet, 5));
			assert_ok!(accept(&CURATOR, 0, 9));
			assert_ok!(submit(&ALICE, datanet, 5));
			assert_eq!(Contributions::<Test>::get(1).unwrap().displaced, Some(0));
			if slashed {
				let origin = RuntimeOrigin::root();
				assert_ok!(DataAttribution::resolve_accusation(origin, 0, None, true));
			}
			// Nobody decides about Alice's.
			lapses_at(2 + PendingPeriod::get(), 1);
			let claims = Reservations::<Test>::iter_keys().count();
			if slashed {
				assert_eq!((RootOwner::<Test>::get(root(5)), claims), (None, 1));
			} else {
				System::assert_has_event(Event::RootReturned { contribution: 0, by: 1 }.into());
				assert_eq!((RootOwner::<Test>::get(root(5)), claims), (Some(0), 0));
			}
		});
	}
}

#[test]
fn what_lapses_moves_nobody_s_earnings() {
	run(|| {
		let (datanet, release, ids) = released(&[(BOB, 1)]);
		let late = submitted(&BOB, datanet);
		pass(PendingPeriod::get());
		pay(40, Permill::from_percent(50), &[(late, 1)], &[fixed(datanet, release, 1)]).unwrap();
		assert_ok!(lapse(late));
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		let before = Balances::balance(&BOB);
		let releases = BoundedVec::truncate_from(vec![release]);
		assert_ok!(DataAttribution::claim(signed(&BOB), ids[0], releases));
		assert_eq!(Balances::balance(&BOB), before + 40);
		assert_noop!(withdraw(&BOB, late), Error::<Test>::UnknownContribution);
	});
}

//! Roots that are reserved before they are shown.

use crate::{mock::*, Contributions, Error, Event, HoldReason, Reservations, RootOwner};
use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{AccountId, DatanetId, Hash};
use sp_runtime::{DispatchError, TokenError};

fn submit(who: &AccountId, datanet: DatanetId, number: u64) -> Result<(), DispatchError> {
	DataAttribution::submit_contribution(signed(who), datanet, root(number), 1, uri())
		.map(|_| ())
		.map_err(|error| error.error)
}

fn reserve(who: &AccountId, number: u64) -> Hash {
	let commitment = DataAttribution::commitment(root(number), who);
	assert_ok!(DataAttribution::reserve_root(signed(who), commitment));
	commitment
}

#[test]
fn a_commitment_is_what_the_docs_say() {
	let bytes = ("openledger/reservation/v1", root(5), ALICE).encode();
	let hash = Hash::from(sp_io::hashing::blake2_256(&bytes));
	assert_eq!(DataAttribution::commitment(root(5), &ALICE), hash);
	assert_ne!(DataAttribution::commitment(root(5), &BOB), hash);
}

#[test]
fn submitting_uses_a_reservation_up() {
	run(|| {
		let datanet = datanet();
		let commitment = reserve(&ALICE, 5);
		let expires_at = 1 + ReservationPeriod::get();
		System::assert_last_event(
			Event::RootReserved { commitment, payer: ALICE, expires_at }.into(),
		);
		assert_eq!(held(HoldReason::Reservation, &ALICE), ReservationDeposit::get());
		ReservationDeposit::set(1);
		pass(3);
		assert_ok!(submit(&ALICE, datanet, 5));
		System::assert_has_event(Event::ReservationRemoved { commitment }.into());
		assert_eq!(held(HoldReason::Reservation, &ALICE), 0);
		assert!(!Reservations::<Test>::contains_key(commitment));
		assert_eq!(Contributions::<Test>::get(0).unwrap().since, 1);
	});
}

#[test]
fn who_copies_a_submission_from_the_pool_is_displaced() {
	run(|| {
		let datanet = datanet();
		reserve(&ALICE, 5);
		pass(3);
		// Bob sees Alice's submission before it is in a block, and is quicker, even with a
		// reservation of his own.
		reserve(&BOB, 5);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 5));
		assert_ok!(submit(&ALICE, datanet, 5));
		System::assert_has_event(Event::ContributionDisplaced { contribution: 0, by: 1 }.into());
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(1));
		assert!(!Contributions::<Test>::contains_key(0));
		assert_eq!(held(HoldReason::Contribution, &BOB), 0);
		assert_eq!(held(HoldReason::Contribution, &ALICE), ContributionBond::get());

		// And Bob cannot turn it round with a later reservation.
		reserve(&BOB, 5);
		pass(1);
		assert_noop!(submit(&BOB, datanet, 5), Error::<Test>::RootTaken);
	});
}

#[test]
fn copying_a_reservation_is_of_no_use() {
	run(|| {
		let datanet = datanet();
		let commitment = DataAttribution::commitment(root(5), &ALICE);
		assert_ok!(DataAttribution::reserve_root(signed(&BOB), commitment));
		assert_noop!(
			DataAttribution::reserve_root(signed(&ALICE), commitment),
			Error::<Test>::ReservationExists
		);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 5));
		// Bob has only paid for Alice's.
		assert_ok!(submit(&ALICE, datanet, 5));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(1));
		assert_eq!(held(HoldReason::Reservation, &BOB), 0);
	});
}

#[test]
fn only_pending_contributions_give_way_and_only_to_valid_reservations() {
	run(|| {
		let datanet = datanet();
		reserve(&ALICE, 5);
		let late = reserve(&ALICE, 6);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 1));
		assert_noop!(submit(&ALICE, datanet, 5), Error::<Test>::RootTaken);

		assert_ok!(submit(&BOB, datanet, 6));
		pass(ReservationPeriod::get() - 2);
		assert_noop!(
			DataAttribution::remove_reservation(signed(&CAROL), late),
			Error::<Test>::ReservationInForce
		);
		pass(1);
		assert_noop!(submit(&ALICE, datanet, 6), Error::<Test>::RootTaken);
		assert_ok!(DataAttribution::remove_reservation(signed(&CAROL), late));
		System::assert_last_event(Event::ReservationRemoved { commitment: late }.into());
		assert_eq!(held(HoldReason::Reservation, &ALICE), ReservationDeposit::get());
		assert_noop!(
			DataAttribution::remove_reservation(signed(&CAROL), late),
			Error::<Test>::UnknownReservation
		);
	});
}

#[test]
fn reserving_needs_the_deposit() {
	run(|| {
		assert_noop!(
			DataAttribution::reserve_root(signed(&POOR), root(1)),
			TokenError::FundsUnavailable
		);
	});
}

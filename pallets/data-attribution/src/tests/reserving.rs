//! Roots that are reserved before they are shown, or after a rejection, and what follows for those who
//! have them meanwhile.

use crate::{
	mock::*,
	AccusationReason::{Duplicate, Fraud},
	ContributionStatus, Contributions, Datanets, Error, Event, HoldReason, Reservation,
	Reservations, RootOwner,
};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, dispatch::Pays, traits::fungible::Inspect};
use openledger_primitives::{contribution::Submission, AccountId, ContributionId, DatanetId, Hash};
use sp_runtime::{DispatchError, DispatchResult, Permill, TokenError};

const NOTHING: Permill = Permill::from_percent(0);

/// Submits a number's data set and shows it.
pub(super) fn submit(
	who: &AccountId,
	datanet: DatanetId,
	number: u64,
) -> Result<(), DispatchError> {
	bring(who, datanet, number).map(|_| ())
}

pub(super) fn reserve(who: &AccountId, number: u64) -> Hash {
	let commitment = DataAttribution::commitment(root(number), who);
	assert_ok!(DataAttribution::reserve_root(signed(who), commitment));
	commitment
}

pub(super) fn reject(contribution: ContributionId) -> DispatchResult {
	DataAttribution::reject_contribution(signed(&CURATOR), contribution)
}

#[test]
fn a_commitment_is_what_the_docs_say() {
	let bytes = ("openledger/reservation/v1", root(5), ALICE).encode();
	let hash = Hash::from(sp_io::hashing::blake2_256(&bytes));
	assert_eq!(DataAttribution::commitment(root(5), &ALICE), hash);
	assert_ne!(DataAttribution::commitment(root(5), &BOB), hash);
}

#[test]
fn showing_uses_a_reservation_up() {
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
		System::assert_has_event(Event::ReservationRemoved { commitment, forfeited: 0 }.into());
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
fn roots_give_way_only_to_reservations_that_count() {
	run(|| {
		let datanet = datanet();
		let deposit = ReservationDeposit::get();
		let late = reserve(&ALICE, 6);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 6));
		pass(ReservationPeriod::get() - 2);
		assert_noop!(
			DataAttribution::remove_reservation(signed(&CAROL), late),
			Error::<Test>::ReservationInForce
		);
		pass(1);
		assert_noop!(submit(&ALICE, datanet, 6), Error::<Test>::RootTaken);
		// What was of no use in time is lost, and whoever clears it away pays nothing for that.
		let removed = DataAttribution::remove_reservation(signed(&CAROL), late).unwrap();
		assert_eq!(removed.pays_fee, Pays::No);
		System::assert_last_event(
			Event::ReservationRemoved { commitment: late, forfeited: deposit }.into(),
		);
		assert_eq!(held(HoldReason::Reservation, &ALICE), 0);
		assert_eq!(Balances::balance(&ALICE), ENDOWMENT - deposit);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + deposit);
		assert_noop!(
			DataAttribution::remove_reservation(signed(&CAROL), late),
			Error::<Test>::UnknownReservation
		);
		// Nor to one of the same block.
		reserve(&CAROL, 7);
		assert_ok!(submit(&BOB, datanet, 7));
		assert_noop!(submit(&CAROL, datanet, 7), Error::<Test>::RootTaken);
	});
}

#[test]
fn whose_contribution_is_rejected_keeps_a_claim_to_the_root() {
	run(|| {
		let datanet = datanet();
		pass(6);
		assert_ok!(submit(&ALICE, datanet, 5));
		pass(2);
		assert_ok!(reject(0));
		let commitment = DataAttribution::commitment(root(5), &ALICE);
		let (deposit, period) = (ReservationDeposit::get(), RootClaimPeriod::get());
		let expires_at = 9 + period;
		System::assert_has_event(
			Event::RootReserved { commitment, payer: ALICE, expires_at }.into(),
		);
		let entry =
			Reservation { payer: ALICE, deposit, at: 7, expires_at, kept: true, used_by: None };
		assert_eq!(Reservations::<Test>::get(commitment), Some(entry));
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		assert_eq!(held(HoldReason::Reservation, &ALICE), deposit);
		assert_eq!(Balances::balance(&ALICE), ENDOWMENT - deposit);
		pass(period);
		// It was not she who wanted it: its deposit comes back.
		let removed = DataAttribution::remove_reservation(signed(&BOB), commitment).unwrap();
		assert_eq!(removed.pays_fee, Pays::Yes);
		assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
	});
}

#[test]
fn withdrawing_leaves_no_claim_to_the_root() {
	run(|| {
		let datanet = datanet();
		assert_ok!(submit(&ALICE, datanet, 5));
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), 0));
		assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
	});
}

#[test]
fn the_deposit_for_a_claim_to_a_root_is_never_more_than_the_bond() {
	run(|| {
		ContributionBond::set(EXISTENTIAL_DEPOSIT);
		let datanet = datanet();
		assert_ok!(submit(&ALICE, datanet, 5));
		use frame_support::traits::{fungible::Mutate, tokens::Preservation::Preserve};
		let rest = Balances::balance(&ALICE) - EXISTENTIAL_DEPOSIT;
		assert_ok!(Balances::transfer(&ALICE, &DAVE, rest, Preserve));
		assert_ok!(reject(0));
		assert_eq!(held(HoldReason::Reservation, &ALICE), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn a_rejected_claim_joins_the_reservation_that_there_is() {
	run(|| {
		let datanet = datanet();
		pass(1);
		assert_ok!(submit(&ALICE, datanet, 5));
		pass(3);
		// Somebody reserves it for her meanwhile.
		let commitment = DataAttribution::commitment(root(5), &ALICE);
		assert_ok!(DataAttribution::reserve_root(signed(&BOB), commitment));
		let deposit = ReservationDeposit::get();
		pass(4);
		assert_ok!(reject(0));
		let expires_at = 9 + RootClaimPeriod::get();
		let entry =
			Reservation { payer: BOB, deposit, at: 2, expires_at, kept: true, used_by: None };
		assert_eq!(Reservations::<Test>::get(commitment), Some(entry));
		assert_eq!(held(HoldReason::Reservation, &ALICE), 0);

		// The earlier of the two counts: of one whose contribution came to her only later, her own. It
		// is not made to last longer by that.
		let commitment = reserve(&ALICE, 6);
		pass(2);
		assert_ok!(submit(&BOB, datanet, 6));
		assert_ok!(DataAttribution::transfer_contribution(signed(&BOB), 1, ALICE));
		assert_ok!(reject(1));
		let entry = Reservations::<Test>::get(commitment).unwrap();
		assert_eq!(
			(entry.at, entry.expires_at, entry.kept),
			(9, 9 + ReservationPeriod::get(), false)
		);

		// But not if it was over: then that is lost, and the claim is a new one.
		let commitment = reserve(&ALICE, 7);
		pass(ReservationPeriod::get());
		let now = System::block_number();
		assert_ok!(submit(&BOB, datanet, 7));
		assert_ok!(DataAttribution::transfer_contribution(signed(&BOB), 2, ALICE));
		assert_ok!(reject(2));
		let entry = Reservations::<Test>::get(commitment).unwrap();
		assert_eq!((entry.at, entry.expires_at), (now, now + RootClaimPeriod::get()));
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + deposit);

		// Nor does it touch one that is in use.
		assert_ok!(submit(&ALICE, datanet, 8));
		pass(1);
		let commitment = reserve(&ALICE, 8);
		let used_by = crate::NextContributionId::<Test>::get();
		let submission = Submission { root: root(8), ..submission(8) };
		assert_noop!(
			DataAttribution::submit_contribution(signed(&ALICE), datanet, submission.clone()),
			Error::<Test>::RootTaken
		);
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), used_by - 1));
		assert_ok!(DataAttribution::submit_contribution(signed(&ALICE), datanet, submission));
		assert_ok!(submit(&BOB, datanet, 8));
		assert_ok!(DataAttribution::transfer_contribution(signed(&BOB), used_by + 1, ALICE));
		assert_ok!(reject(used_by + 1));
		let entry = Reservations::<Test>::get(commitment).unwrap();
		assert_eq!((entry.used_by, entry.kept), (Some(used_by), false));
	});
}

#[test]
fn a_curator_cannot_reject_a_contribution_and_keep_it() {
	for stopped in [false, true] {
		run(|| {
			let (theirs, others) = (datanet(), datanet());
			assert_ok!(submit(&ALICE, theirs, 5));
			pass(1);
			// The curator rejects it, submits it in the same block, and has it in a release.
			assert_ok!(reject(0));
			assert_ok!(submit(&CURATOR, theirs, 5));
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 1, 9));
			publish(theirs);
			pay(90, NOTHING, &[], &[latest(theirs, 1)]).unwrap();
			if stopped {
				assert_ok!(DataAttribution::stop_contribution(signed(&CURATOR), 1));
			}
			pass(3);

			// Alice brings it anywhere, and has the root.
			assert_ok!(submit(&ALICE, others, 5));
			System::assert_has_event(Event::RootTakenOver { contribution: 1, by: 2 }.into());
			assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
			assert!(Contributions::<Test>::contains_key(1));
			assert_eq!(held(HoldReason::Contribution, &CURATOR), ContributionBond::get());
			DataAttribution::do_try_state().unwrap();

			// Whether the curator's was a copy, governance says. Its bond is at stake, and all that it would earn.
			let reason = Duplicate(2);
			assert_ok!(DataAttribution::accuse_contribution(signed(&ALICE), 1, reason));
			let origin = RuntimeOrigin::root();
			assert_ok!(DataAttribution::resolve_accusation(origin, 1, Some(ALICE), true));
			let bond = ContributionBond::get();
			System::assert_has_event(
				Event::ContributionSlashed {
					contribution: 1,
					datanet: theirs,
					accuser: Some(ALICE),
					to_accuser: bond / 4,
					to_protocol: bond - bond / 4,
					kept: 90,
				}
				.into(),
			);
			assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT + bond / 4);
			assert_eq!(held(HoldReason::Contribution, &CURATOR), 0);
			assert_eq!(Contributions::<Test>::get(1).unwrap().status, ContributionStatus::Slashed);
			assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
			assert_eq!(Datanets::<Test>::get(theirs).unwrap().next_total_weight, 0);
		});
	}
}

#[test]
fn who_counts_from_earlier_is_never_the_copy() {
	run(|| {
		let (one, other) = (datanet(), datanet());
		reserve(&ALICE, 5);
		pass(1);
		assert_ok!(submit(&BOB, one, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&CAROL, other, 6));
		assert_ok!(submit(&ALICE, other, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 2, 9));
		let accuse = |contribution, reason| {
			DataAttribution::accuse_contribution(signed(&DAVE), contribution, reason)
		};
		// Of the same block, the one with the lower id is the earlier one.
		assert_noop!(accuse(0, Duplicate(1)), Error::<Test>::NotEarlier);
		assert_noop!(accuse(2, Duplicate(0)), Error::<Test>::NotEarlier);
		assert_ok!(accuse(0, Duplicate(2)));
		// Alice leaves. Bob has the root again once her contribution is gone, and nobody else can have it.
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), 2));
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&ALICE), 2));
		System::assert_has_event(Event::RootReturned { contribution: 0, by: 2 }.into());
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(0));
		assert_noop!(submit(&CAROL, other, 5), Error::<Test>::RootTaken);
	});
}

#[test]
fn slashing_frees_the_root_for_whose_it_is() {
	run(|| {
		let datanet = datanet();
		for (number, guilty) in [(5, true), (6, false)] {
			let contribution = number - 5;
			assert_ok!(submit(&BOB, datanet, number));
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, 9));
			let accused = DataAttribution::accuse_contribution(signed(&ALICE), contribution, Fraud);
			assert_ok!(accused);
			let (origin, accuser) = (RuntimeOrigin::root(), Some(ALICE));
			assert_ok!(DataAttribution::resolve_accusation(origin, contribution, accuser, guilty));
			assert_eq!(RootOwner::<Test>::contains_key(root(number)), !guilty);
		}
		assert_ok!(submit(&ALICE, datanet, 5));
		assert_noop!(submit(&ALICE, datanet, 6), Error::<Test>::RootTaken);
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
	});
}

#[test]
fn who_lost_a_root_does_not_free_it_by_leaving() {
	run(|| {
		let datanet = datanet();
		reserve(&ALICE, 5);
		pass(1);
		assert_ok!(submit(&BOB, datanet, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&ALICE, datanet, 5));
		assert_ok!(DataAttribution::stop_contribution(signed(&BOB), 0));
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&BOB), 0));
		assert!(!Contributions::<Test>::contains_key(0));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(1));
	});
}

#[test]
fn a_reservation_that_is_over_gives_way_to_another() {
	run(|| {
		let commitment = DataAttribution::commitment(root(5), &ALICE);
		assert_ok!(DataAttribution::reserve_root(signed(&BOB), commitment));
		pass(ReservationPeriod::get() - 1);
		assert_noop!(
			DataAttribution::reserve_root(signed(&ALICE), commitment),
			Error::<Test>::ReservationExists
		);
		pass(1);
		assert_ok!(DataAttribution::reserve_root(signed(&ALICE), commitment));
		let forfeited = ReservationDeposit::get();
		System::assert_has_event(Event::ReservationRemoved { commitment, forfeited }.into());
		assert_eq!(held(HoldReason::Reservation, &BOB), 0);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + forfeited);
		let (deposit, at) = (ReservationDeposit::get(), System::block_number());
		assert_eq!(held(HoldReason::Reservation, &ALICE), deposit);
		let expires_at = at + ReservationPeriod::get();
		let entry =
			Reservation { payer: ALICE, deposit, at, expires_at, kept: false, used_by: None };
		assert_eq!(Reservations::<Test>::get(commitment), Some(entry));
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

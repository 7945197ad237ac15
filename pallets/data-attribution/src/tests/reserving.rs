//! Roots that are reserved before they are shown, or after a rejection, and what follows for those who
//! have them meanwhile.

use crate::{
	mock::*,
	AccusationReason::{self, Duplicate, Fraud},
	Accusations, ContributionStatus, Contributions, Datanets, Error, Event, HoldReason,
	Reservation, Reservations, RootOwner, WeightInfo,
};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo, traits::fungible::Inspect,
};
use openledger_primitives::{AccountId, ContributionId, DatanetId, Hash};
use sp_runtime::{DispatchError, DispatchResult, Permill, TokenError};

const NOTHING: Permill = Permill::from_percent(0);

pub(super) fn submit(
	who: &AccountId,
	datanet: DatanetId,
	number: u64,
) -> Result<(), DispatchError> {
	DataAttribution::submit_contribution(signed(who), datanet, submission(number))
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(super) fn reserve(who: &AccountId, number: u64) -> Hash {
	let commitment = DataAttribution::commitment(root(number), who);
	assert_ok!(DataAttribution::reserve_root(signed(who), commitment));
	commitment
}

pub(super) fn reject(contribution: ContributionId) -> DispatchResult {
	DataAttribution::reject_contribution(signed(&CURATOR), contribution)
}

pub(super) fn accuse(
	who: &AccountId,
	contribution: ContributionId,
	reason: AccusationReason,
) -> DispatchResultWithPostInfo {
	DataAttribution::accuse_contribution(signed(who), contribution, reason)
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
fn roots_give_way_only_to_reservations_that_count() {
	run(|| {
		let datanet = datanet();
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
		assert_ok!(DataAttribution::remove_reservation(signed(&CAROL), late));
		System::assert_last_event(Event::ReservationRemoved { commitment: late }.into());
		assert_eq!(held(HoldReason::Reservation, &ALICE), 0);
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
		let (deposit, period) = (ReservationDeposit::get(), ReservationPeriod::get());
		let expires_at = 9 + period;
		System::assert_has_event(
			Event::RootReserved { commitment, payer: ALICE, expires_at }.into(),
		);
		let entry = Reservation { payer: ALICE, deposit, at: 7, expires_at, kept: true };
		assert_eq!(Reservations::<Test>::get(commitment), Some(entry));
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		assert_eq!(held(HoldReason::Reservation, &ALICE), deposit);
		assert_eq!(Balances::balance(&ALICE), ENDOWMENT - deposit);
		pass(period);
		assert_ok!(DataAttribution::remove_reservation(signed(&BOB), commitment));
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
		let expires_at = 9 + ReservationPeriod::get();
		let entry = Reservation { payer: BOB, deposit, at: 2, expires_at, kept: true };
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

		// But not if it was over.
		let commitment = reserve(&ALICE, 7);
		pass(ReservationPeriod::get());
		let now = System::block_number();
		assert_ok!(submit(&BOB, datanet, 7));
		assert_ok!(DataAttribution::transfer_contribution(signed(&BOB), 2, ALICE));
		assert_ok!(reject(2));
		let entry = Reservations::<Test>::get(commitment).unwrap();
		assert_eq!((entry.at, entry.expires_at), (now, now + ReservationPeriod::get()));
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

			// And the curator's is slashed on the spot. She needs no deposit, and is rewarded.
			use frame_support::traits::{fungible::Mutate, tokens::Preservation::Preserve};
			let rest = Balances::balance(&ALICE) - EXISTENTIAL_DEPOSIT;
			assert_ok!(Balances::transfer(&ALICE, &DAVE, rest, Preserve));
			let pending = accuse(&ALICE, 1, Duplicate(2)).unwrap_err().error;
			assert_eq!(pending, Error::<Test>::NotEarlier.into());
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 2, 1));
			let weight = accuse(&ALICE, 1, Duplicate(2)).unwrap().actual_weight;
			assert_eq!(weight, Some(<() as WeightInfo>::accuse_contribution(1)));
			let bond = ContributionBond::get();
			System::assert_last_event(
				Event::ContributionSlashed {
					contribution: 1,
					datanet: theirs,
					accuser: ALICE,
					to_accuser: bond / 4,
					to_protocol: bond - bond / 4,
					kept: 90,
				}
				.into(),
			);
			assert_eq!(Balances::balance(&ALICE), EXISTENTIAL_DEPOSIT + bond / 4);
			assert_eq!(held(HoldReason::Contribution, &CURATOR), 0);
			assert_eq!(Contributions::<Test>::get(1).unwrap().status, ContributionStatus::Slashed);
			assert_eq!(RootOwner::<Test>::get(root(5)), Some(2));
			assert_eq!(Datanets::<Test>::get(theirs).unwrap().next_total_weight, 0);
			let again = accuse(&ALICE, 1, Duplicate(2)).unwrap_err().error;
			assert_eq!(again, Error::<Test>::AlreadySlashed.into());
		});
	}
}

#[test]
fn a_proof_does_not_wait_for_other_accusations() {
	run(|| {
		reserve(&ALICE, 5);
		let (one, other) = (datanet(), datanet());
		pass(1);
		assert_ok!(submit(&BOB, one, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&ALICE, other, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 1, 9));
		// Bob's second account accuses it of something else, to keep others from doing so.
		assert_ok!(accuse(&CAROL, 0, Fraud));
		let accused = accuse(&DAVE, 0, Fraud).unwrap_err().error;
		assert_eq!(accused, Error::<Test>::ContributionAccused.into());
		assert_ok!(accuse(&DAVE, 0, Duplicate(1)));
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT);
		assert_eq!(Balances::balance(&DAVE), ENDOWMENT + ContributionBond::get() / 4);
		assert!(!Accusations::<Test>::contains_key(0));
	});
}

#[test]
fn only_who_may_accuse_can_prove_and_only_what_has_taken_the_root_is_a_proof() {
	run(|| {
		let (one, other) = (datanet(), datanet());
		reserve(&ALICE, 5);
		pass(1);
		assert_ok!(submit(&BOB, one, 5));
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), 0, 9));
		assert_ok!(submit(&CAROL, other, 6));
		assert_ok!(submit(&ALICE, other, 5));
		let accuse = |who: &AccountId, contribution, reason| {
			accuse(who, contribution, reason).map_err(|error| error.error)
		};
		let wrong = [
			(&BOB, Duplicate(2), Error::<Test>::AccuserIsContributor),
			(&CURATOR, Duplicate(2), Error::<Test>::AccuserIsCurator),
			// Another root, and not an earlier one.
			(&DAVE, Duplicate(1), Error::<Test>::NotEarlier),
			// One that is pending.
			(&DAVE, Duplicate(2), Error::<Test>::NotEarlier),
		];
		for (who, reason, error) in wrong {
			assert_eq!(accuse(who, 0, reason), Err(error.into()));
		}
		// Alice leaves, and keeps nothing. Bob has the root again, and nobody else can have it.
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), 2));
		System::assert_has_event(Event::RootReturned { contribution: 0, by: 2 }.into());
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(0));
		let taken = Error::<Test>::RootTaken;
		assert_eq!(submit(&CAROL, other, 5), Err(taken.into()));
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
			assert_ok!(accuse(&ALICE, contribution, Fraud));
			let root_origin = RuntimeOrigin::root();
			assert_ok!(DataAttribution::resolve_accusation(
				root_origin,
				contribution,
				ALICE,
				guilty
			));
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
		System::assert_has_event(Event::ReservationRemoved { commitment }.into());
		assert_eq!(held(HoldReason::Reservation, &BOB), 0);
		let (deposit, at) = (ReservationDeposit::get(), System::block_number());
		assert_eq!(held(HoldReason::Reservation, &ALICE), deposit);
		let expires_at = at + ReservationPeriod::get();
		let entry = Reservation { payer: ALICE, deposit, at, expires_at, kept: false };
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

//! Calls of contributors on their contributions after, and beside, submitting one.

use crate::{
	mock::*, AccusationReason, Checkpoint, Claimed, ContributionStatus, Contributions,
	ContributionsOf, Datanets, Draws, Error, Event, HoldReason, RootOwner, MAX_CHECKPOINTS,
	MAX_TOTAL_WEIGHT,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{
	contribution::{Submission, FORMAT_PRIVATE_STREAM, FORMAT_STREAM, FORMAT_UNSPECIFIED},
	stream::MAX_STREAM,
	AccountId, ContributionId, DatanetId,
};
use sp_runtime::{DispatchError, Permill, TokenError};

const NOTHING: Permill = Permill::from_percent(0);

fn submit(who: &AccountId, datanet: DatanetId, roots: &[u64]) -> Result<(), DispatchError> {
	let submissions = roots.iter().map(|number| submission(*number)).collect::<Vec<_>>();
	let submissions = BoundedVec::try_from(submissions).unwrap();
	DataAttribution::submit_contributions(signed(who), datanet, submissions)
}

fn set_weight(contribution: ContributionId, weight: u64) -> Result<(), DispatchError> {
	DataAttribution::set_weight(signed(&CURATOR), contribution, weight)
}

fn stop(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::stop_contribution(signed(who), contribution)
}

fn withdraw_bond(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::withdraw_bond(signed(who), contribution)
}

fn transfer(who: &AccountId, id: ContributionId, to: &AccountId) -> Result<(), DispatchError> {
	DataAttribution::transfer_contribution(signed(who), id, to.clone())
}

fn claim(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::claim(signed(who), contribution, BoundedVec::truncate_from(vec![1]))
		.map(|_| ())
		.map_err(|error| error.error)
}

#[test]
fn a_batch_is_submitted_whole_or_not_at_all() {
	run(|| {
		let datanet = datanet();
		assert_ok!(submit(&ALICE, datanet, &[1, 2, 3]));
		assert_eq!(held(HoldReason::Contribution, &ALICE), 3 * ContributionBond::get());
		for number in 1..=3 {
			let id = number - 1;
			assert_eq!(Contributions::<Test>::get(id).unwrap().root, root(number));
			System::assert_has_event(
				Event::ContributionSubmitted {
					contribution: id,
					datanet,
					contributor: ALICE,
					root: root(number),
					format: FORMAT_STREAM,
					since: 1,
					draw: Some(1 + DrawDelay::get()),
				}
				.into(),
			);
		}
		assert_noop!(submit(&BOB, datanet, &[]), Error::<Test>::EmptySubmission);
		// One draw for all of them, and each is shown by itself.
		assert_eq!(Draws::<Test>::iter_values().map(|draw| draw.waiting).sum::<u32>(), 3);
		for number in 1..=3 {
			assert_ok!(show(number - 1, number));
			assert_eq!(RootOwner::<Test>::get(root(number)), Some(number - 1));
		}
		assert_noop!(submit(&BOB, datanet, &[4, 3]), Error::<Test>::RootTaken);
		assert_noop!(submit(&BOB, datanet, &[4, 4]), Error::<Test>::RootTaken);
		assert_noop!(submit(&BOB, 9, &[4]), Error::<Test>::UnknownDatanet);
		assert_noop!(submit(&POOR, datanet, &[4]), TokenError::FundsUnavailable);
		let empty = Submission { size: 0, ..submission(4) };
		let submissions = BoundedVec::truncate_from(vec![empty]);
		assert_noop!(
			DataAttribution::submit_contributions(signed(&BOB), datanet, submissions),
			Error::<Test>::EmptyContribution
		);
		let closed = datanet_with(false, 0);
		assert_noop!(submit(&BOB, closed, &[4]), Error::<Test>::NotAdmitted);
	});
}

#[test]
fn a_contribution_has_a_format_that_is_known_and_a_size_that_fits_it() {
	run(|| {
		let datanet = datanet();
		let submit = |number, format, size| {
			let submission = Submission { format, size, ..submission(number) };
			DataAttribution::submit_contribution(signed(&ALICE), datanet, submission)
		};
		for format in [3, u8::MAX] {
			assert_noop!(submit(1, format, 1), Error::<Test>::UnknownFormat);
		}
		for format in [FORMAT_STREAM, FORMAT_PRIVATE_STREAM] {
			assert_noop!(submit(1, format, 0), Error::<Test>::EmptyContribution);
			assert_noop!(submit(1, format, MAX_STREAM + 1), Error::<Test>::StreamTooLong);
		}
		assert_ok!(submit(1, FORMAT_STREAM, MAX_STREAM));
		assert_ok!(submit(2, FORMAT_PRIVATE_STREAM, MAX_STREAM));
		assert_ok!(submit(3, FORMAT_UNSPECIFIED, u64::MAX));

		let stored = [0, 1, 2].map(|id| {
			let entry = Contributions::<Test>::get(id).unwrap();
			assert_eq!(entry.licence, submission(0).licence);
			(entry.format, entry.size)
		});
		assert_eq!(stored, [(1, MAX_STREAM), (2, MAX_STREAM), (0, u64::MAX)]);
		// In a batch, one is as good as all.
		let odd = Submission { format: 9, ..submission(5) };
		let batch = BoundedVec::truncate_from(vec![submission(4), odd]);
		assert_noop!(
			DataAttribution::submit_contributions(signed(&ALICE), datanet, batch),
			Error::<Test>::UnknownFormat
		);
	});
}

#[test]
fn a_weight_changes_from_the_next_release_on() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 3), (BOB, 4)]);
		pay(70, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		// A call was paid before the weight changed, and another is after: both pay as they were.
		assert_ok!(set_weight(ids[0], 30));
		System::assert_last_event(
			Event::WeightSet { contribution: ids[0], datanet, weight: 30, from_release: 2 }.into(),
		);
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().next_total_weight, 34);
		pay(70, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		let before = Balances::balance(&ALICE);
		assert_ok!(claim(&ALICE, ids[0]));
		assert_eq!(Balances::balance(&ALICE) - before, 60);

		// The checkpoint of an unpublished release is replaced.
		assert_ok!(set_weight(ids[0], 5));
		let point = |from_release, weight| Checkpoint { from_release, weight };
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.checkpoints.to_vec(), vec![point(1, 3), point(2, 5)]);
		publish(datanet);
		assert_ok!(set_weight(ids[0], 3));
	});
}

#[test]
fn changing_a_weight_has_its_bounds() {
	run(|| {
		assert_noop!(set_weight(0, 1), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 3), (BOB, 4)]);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(set_weight(pending, 1), Error::<Test>::NotAccepted);
		assert_noop!(
			DataAttribution::set_weight(signed(&ALICE), ids[0], 1),
			Error::<Test>::NotCurator
		);
		assert_noop!(set_weight(ids[0], 0), Error::<Test>::ZeroWeight);
		assert_noop!(set_weight(ids[0], MAX_TOTAL_WEIGHT + 1), Error::<Test>::WeightTooHigh);
		assert_noop!(set_weight(ids[0], MAX_TOTAL_WEIGHT - 3), Error::<Test>::TotalWeightTooHigh);
		assert_noop!(set_weight(ids[0], 3), Error::<Test>::WeightUnchanged);

		// One place is kept for stopping.
		for weight in 0..u64::from(MAX_CHECKPOINTS) - 2 {
			assert_ok!(set_weight(ids[0], 10 + weight));
			publish(datanet);
		}
		assert_noop!(set_weight(ids[0], 1), Error::<Test>::TooManyWeightChanges);
		assert_ok!(stop(&ALICE, ids[0]));
		assert_eq!(
			Contributions::<Test>::get(ids[0]).unwrap().checkpoints.len(),
			MAX_CHECKPOINTS as usize
		);
		assert_noop!(set_weight(ids[0], 1), Error::<Test>::NotAccepted);
	});
}

#[test]
fn who_stops_keeps_what_there_is_and_gets_the_bond_back_later() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		assert_ok!(stop(&ALICE, ids[0]));
		let bond_until = 1 + BondLockPeriod::get();
		System::assert_last_event(
			Event::ContributionStopped {
				contribution: ids[0],
				datanet,
				from_release: 2,
				bond_until,
			}
			.into(),
		);
		let entry = Datanets::<Test>::get(datanet).unwrap();
		assert_eq!((entry.next_total_weight, entry.next_contributions), (1, 1));
		assert_noop!(stop(&ALICE, ids[0]), Error::<Test>::NotAccepted);
		publish(datanet);
		pay(40, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		pay(40, NOTHING, &[], &[fixed(datanet, 2, 1)]).unwrap();
		let before = Balances::balance(&ALICE);
		assert_ok!(claim(&ALICE, ids[0]));
		assert_eq!(Balances::balance(&ALICE) - before, 30);

		pass(BondLockPeriod::get() - 1);
		assert_noop!(withdraw_bond(&ALICE, ids[0]), Error::<Test>::BondLocked);
		pass(1);
		assert_noop!(withdraw_bond(&BOB, ids[0]), Error::<Test>::NotContributor);
		assert_ok!(withdraw_bond(&ALICE, ids[0]));
		let stays = ContributionDeposit::get();
		let amount = ContributionBond::get() - stays;
		System::assert_last_event(Event::BondReturned { contribution: ids[0], amount }.into());
		assert_eq!(held(HoldReason::Contribution, &ALICE), stays);
		assert_eq!(Contributions::<Test>::get(ids[0]).unwrap().bond, stays);
		assert_noop!(withdraw_bond(&ALICE, ids[0]), Error::<Test>::NothingHeld);
		// Releases have it, so it stays with what its storage costs, and earns.
		pay(40, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		assert_ok!(claim(&ALICE, ids[0]));
		// It can be handed over, too.
		assert_ok!(transfer(&ALICE, ids[0], &CAROL));
		assert_eq!(held(HoldReason::Contribution, &CAROL), stays);
		// What storage costs is never more than what there is.
		ContributionDeposit::set(stays + 1);
		assert_noop!(withdraw_bond(&CAROL, ids[0]), Error::<Test>::NothingHeld);
		ContributionDeposit::set(stays - 1);
		assert_ok!(withdraw_bond(&CAROL, ids[0]));
		assert_eq!(held(HoldReason::Contribution, &CAROL), stays - 1);
	});
}

#[test]
fn what_no_release_has_goes_with_its_bond() {
	run(|| {
		let datanet = datanet();
		let id = accepted(&ALICE, datanet, 3);
		assert_noop!(withdraw_bond(&ALICE, 9), Error::<Test>::UnknownContribution);
		assert_noop!(withdraw_bond(&ALICE, id), Error::<Test>::NotStopped);
		assert_ok!(stop(&ALICE, id));
		pass(BondLockPeriod::get());
		assert_ok!(withdraw_bond(&ALICE, id));
		System::assert_last_event(Event::ContributionWithdrawn { contribution: id }.into());
		assert!(!Contributions::<Test>::contains_key(id));
		assert!(!RootOwner::<Test>::contains_key(root(id)));
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
	});
}

#[test]
fn stopping_needs_an_accepted_contribution_and_its_contributor() {
	run(|| {
		assert_noop!(stop(&ALICE, 0), Error::<Test>::UnknownContribution);
		let datanet = datanet();
		let pending = submitted(&ALICE, datanet);
		assert_noop!(stop(&ALICE, pending), Error::<Test>::NotAccepted);
		assert_noop!(stop(&BOB, pending), Error::<Test>::NotContributor);
	});
}

#[test]
fn a_contribution_changes_hands_with_its_bond_and_its_earnings() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 1)]);
		pay(40, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		assert_ok!(DataAttribution::set_beneficiary(signed(&ALICE), ids[0], Some(DAVE)));
		assert_ok!(transfer(&ALICE, ids[0], &BOB));
		System::assert_last_event(
			Event::ContributionTransferred { contribution: ids[0], from: ALICE, to: BOB }.into(),
		);
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		assert_eq!(held(HoldReason::Contribution, &BOB), ContributionBond::get());
		let key = ids[0].to_be_bytes();
		assert!(!ContributionsOf::<Test>::contains_key(ALICE, key));
		assert!(ContributionsOf::<Test>::contains_key(BOB, key));
		assert_noop!(claim(&ALICE, ids[0]), Error::<Test>::NotContributor);
		let before = Balances::balance(&BOB);
		assert_ok!(claim(&BOB, ids[0]));
		assert_eq!(Balances::balance(&BOB) - before, 40);
		assert_eq!(Claimed::<Test>::get(ids[0], 1), 40);
	});
}

#[test]
fn handing_over_has_its_conditions() {
	run(|| {
		assert_noop!(transfer(&ALICE, 0, &BOB), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(transfer(&BOB, ids[0], &CAROL), Error::<Test>::NotContributor);
		assert_noop!(transfer(&ALICE, ids[0], &ALICE), Error::<Test>::SameAccount);
		assert!(frame_support::storage::with_storage_layer(|| transfer(&ALICE, ids[0], &NOBODY))
			.is_err());
		let reason = AccusationReason::Fraud;
		assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), ids[0], reason));
		assert_noop!(transfer(&ALICE, ids[0], &BOB), Error::<Test>::ContributionAccused);
		assert_ok!(stop(&ALICE, ids[0]));
		assert!(matches!(
			Contributions::<Test>::get(ids[0]).unwrap().status,
			ContributionStatus::Stopped(_)
		));
		pass(BondLockPeriod::get());
		assert_noop!(withdraw_bond(&ALICE, ids[0]), Error::<Test>::ContributionAccused);
		assert_ok!(DataAttribution::resolve_accusation(RuntimeOrigin::root(), ids[0], None, true));
		assert_noop!(transfer(&ALICE, ids[0], &BOB), Error::<Test>::AlreadySlashed);
	});
}

#[test]
fn a_beneficiary_is_paid_instead_of_the_contributor() {
	run(|| {
		let set = |who: &AccountId, id, to| DataAttribution::set_beneficiary(signed(who), id, to);
		assert_noop!(set(&ALICE, 0, Some(BOB)), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(set(&BOB, ids[0], Some(BOB)), Error::<Test>::NotContributor);
		assert_ok!(set(&ALICE, ids[0], Some(DAVE)));
		System::assert_last_event(
			Event::BeneficiarySet { contribution: ids[0], beneficiary: Some(DAVE) }.into(),
		);
		pay(40, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		let before = Balances::balance(&ALICE);
		assert_ok!(claim(&ALICE, ids[0]));
		assert_eq!(Balances::balance(&DAVE), ENDOWMENT + 40);
		assert_eq!(Balances::balance(&ALICE), before);
		System::assert_last_event(
			Event::PayoutClaimed {
				contribution: ids[0],
				datanet,
				contributor: DAVE,
				direct: 0,
				releases: vec![release_payout(1, 1, 0, 40)],
				amount: 40,
			}
			.into(),
		);
		assert_ok!(set(&ALICE, ids[0], None));
		pay(40, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		assert_ok!(claim(&ALICE, ids[0]));
		assert_eq!(Balances::balance(&ALICE), before + 40);
	});
}

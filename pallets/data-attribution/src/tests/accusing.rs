//! Duplicates and frauds, and why slashing does not pay a curator.

use crate::{
	mock::*, Accounted, AccusationReason, Accusations, Claimed, ContributionStatus, Contributions,
	Datanets, DirectEarnings, Error, Event, HoldReason,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{AccountId, Balance, ContributionId, ReleaseId};
use sp_runtime::{DispatchError, Permill, TokenError};
use AccusationReason::{Duplicate, Fraud};

const NOTHING: Permill = Permill::from_percent(0);
const ALL: Permill = Permill::from_percent(100);

fn accuse(
	who: &AccountId,
	id: ContributionId,
	reason: AccusationReason,
) -> Result<(), DispatchError> {
	DataAttribution::accuse_contribution(signed(who), id, reason)
}

fn confirm(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::confirm_accusation(signed(who), contribution)
}

fn contest(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::contest_accusation(signed(who), contribution)
}

fn drop_it(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::drop_accusation(signed(who), contribution)
}

fn execute(contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::execute_slash(signed(&DAVE), contribution)
		.map(|_| ())
		.map_err(|error| error.error)
}

fn resolve(contribution: ContributionId, guilty: bool) -> Result<(), DispatchError> {
	DataAttribution::resolve_accusation(RuntimeOrigin::root(), contribution, guilty)
		.map(|_| ())
		.map_err(|error| error.error)
}

fn claim(who: &AccountId, id: ContributionId, releases: &[ReleaseId]) -> Result<(), DispatchError> {
	DataAttribution::claim(signed(who), id, BoundedVec::truncate_from(releases.to_vec()))
		.map(|_| ())
		.map_err(|error| error.error)
}

fn sweep(id: ContributionId, releases: &[ReleaseId]) -> Result<(), DispatchError> {
	DataAttribution::sweep_slashed(signed(&DAVE), id, BoundedVec::truncate_from(releases.to_vec()))
		.map(|_| ())
		.map_err(|error| error.error)
}

/// What a step pays an account.
fn paid(who: &AccountId, step: impl FnOnce() -> Result<(), DispatchError>) -> Balance {
	let before = Balances::balance(who);
	assert_ok!(step());
	Balances::balance(who) - before
}

#[test]
fn an_uncontested_accusation_is_carried_out() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		pay(400, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		let (bond, period) = (ContributionBond::get(), ContestPeriod::get());

		assert_ok!(accuse(&CAROL, ids[1], Duplicate(ids[0])));
		let until = 1 + period;
		System::assert_last_event(
			Event::ContributionAccused {
				contribution: ids[1],
				accuser: CAROL,
				reason: Duplicate(ids[0]),
				until,
			}
			.into(),
		);
		assert_eq!(held(HoldReason::Accusation, &CAROL), bond);
		pass(period - 1);
		assert_ok!(confirm(&CURATOR, ids[1]));
		let until = until - 1 + period;
		System::assert_last_event(
			Event::AccusationConfirmed { contribution: ids[1], until }.into(),
		);
		pass(period - 1);
		assert_noop!(execute(ids[1]), Error::<Test>::TooEarly);
		pass(1);
		let curator_before = Balances::total_balance(&CURATOR);
		let accuser_gets = paid(&CAROL, || execute(ids[1]));
		System::assert_last_event(
			Event::ContributionSlashed {
				contribution: ids[1],
				datanet,
				accuser: CAROL,
				to_accuser: bond / 4,
				to_protocol: bond - bond / 4,
				kept: 100,
			}
			.into(),
		);
		assert_eq!(accuser_gets, bond + bond / 4);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + bond - bond / 4);
		assert_eq!(Balances::total_balance(&CURATOR), curator_before);
		assert_eq!(held(HoldReason::Contribution, &BOB), 0);
		assert!(!Accusations::<Test>::contains_key(ids[1]));
		let entry = Contributions::<Test>::get(ids[1]).unwrap();
		assert_eq!((entry.status, entry.bond), (ContributionStatus::Slashed, 0));
		assert_eq!(entry.weight_at(release + 1), 0);
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().next_total_weight, 3);
		assert_noop!(accuse(&CAROL, ids[1], Fraud), Error::<Test>::AlreadySlashed);
	});
}

#[test]
fn slashing_moves_nobody_elses_share() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		pay(400, NOTHING, &[], &sources).unwrap();
		pay(10, ALL, &[(ids[1], 1)], &sources).unwrap();
		assert_ok!(accuse(&CAROL, ids[1], Fraud));
		assert_ok!(resolve(ids[1], true));
		assert_eq!(DirectEarnings::<Test>::get(ids[1]), 110);
		assert_eq!(Claimed::<Test>::get(ids[1], release), 100);

		// Later calls pay Alice as if nothing had happened, and the protocol instead of Bob.
		pay(400, NOTHING, &[], &sources).unwrap();
		let direct = pay(50, ALL, &[(ids[1], 1)], &sources).unwrap();
		assert!(direct.direct.is_empty());
		let pending = DataAttribution::pending(&BOB, 0, 9).payouts;
		assert_eq!(pending.iter().map(|payout| payout.amount).collect::<Vec<_>>(), vec![110]);
		assert_eq!(paid(&ALICE, || claim(&ALICE, ids[0], &[release])), 600 + 36);
		assert_eq!(paid(&BOB, || claim(&BOB, ids[1], &[release])), 110);
		assert_noop!(claim(&BOB, ids[1], &[release]), Error::<Test>::NothingToClaim);
		let swept = paid(&PROTOCOL, || sweep(ids[1], &[release, release]));
		assert_eq!(swept, 100 + 12);
		System::assert_last_event(Event::SlashedSwept { contribution: ids[1], amount: 112 }.into());
		assert_noop!(sweep(ids[1], &[release]), Error::<Test>::NothingToClaim);
		assert_eq!(Accounted::<Test>::get(), carried());
	});
}

#[test]
fn sweeping_needs_a_slashed_contribution_and_known_releases() {
	run(|| {
		assert_noop!(sweep(0, &[1]), Error::<Test>::UnknownContribution);
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		assert_noop!(sweep(ids[0], &[release]), Error::<Test>::NotSlashed);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(resolve(ids[0], true));
		assert_noop!(sweep(ids[0], &[2]), Error::<Test>::UnknownRelease);
		assert_noop!(sweep(ids[0], &[]), Error::<Test>::NothingToClaim);
		pay(5, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		let all = Balances::balance(&PROTOCOL);
		use frame_support::traits::{fungible::Mutate, tokens::Preservation::Expendable};
		assert_ok!(Balances::transfer(&PROTOCOL, &DAVE, all, Expendable));
		assert_noop!(sweep(ids[0], &[release]), Error::<Test>::ClaimBelowMinimum);
	});
}

#[test]
fn a_curator_cannot_slash_to_steal() {
	run(|| {
		let datanet = datanet_with(true, 30);
		let victim = accepted(&ALICE, datanet, 1);
		let release = publish(datanet);
		pay(1_000, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		// Not as the accuser, and not by handing the role to the accuser either.
		assert_noop!(accuse(&CURATOR, victim, Fraud), Error::<Test>::AccuserIsCurator);
		assert_ok!(accuse(&BOB, victim, Fraud));
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, BOB));
		assert_ok!(DataAttribution::accept_curator(signed(&BOB), datanet));
		assert_noop!(confirm(&BOB, victim), Error::<Test>::AccuserIsCurator);
		assert_ok!(DataAttribution::offer_curator(signed(&BOB), datanet, CURATOR));
		assert_ok!(DataAttribution::accept_curator(signed(&CURATOR), datanet));
		// With an accomplice, the victim contests, and the accomplice pays for it.
		assert_ok!(confirm(&CURATOR, victim));
		assert_ok!(contest(&ALICE, victim));
		pass(10 * ContestPeriod::get());
		assert_noop!(execute(victim), Error::<Test>::AccusationContested);
		let bond = ContributionBond::get();
		assert_eq!(paid(&ALICE, || resolve(victim, false)), bond);
		System::assert_last_event(
			Event::ContributionAcquitted {
				contribution: victim,
				accuser: BOB,
				to_contributor: bond,
			}
			.into(),
		);
		assert_eq!(Balances::total_balance(&BOB), ENDOWMENT - bond);
		assert_eq!(held(HoldReason::Contribution, &ALICE), bond);
		assert_eq!(paid(&ALICE, || claim(&ALICE, victim, &[release])), 700);
	});
}

#[test]
fn accusing_has_its_conditions() {
	run(|| {
		assert_noop!(accuse(&CAROL, 0, Fraud), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(accuse(&CAROL, pending, Fraud), Error::<Test>::NotAccepted);
		assert_noop!(accuse(&ALICE, ids[0], Fraud), Error::<Test>::AccuserIsContributor);
		assert_noop!(accuse(&CAROL, ids[0], Duplicate(ids[0])), Error::<Test>::NotEarlier);
		assert_noop!(accuse(&CAROL, ids[0], Duplicate(ids[1])), Error::<Test>::NotEarlier);
		let gone = submitted(&ALICE, datanet);
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), gone));
		let later = accepted(&BOB, datanet, 1);
		assert_noop!(accuse(&CAROL, later, Duplicate(gone)), Error::<Test>::UnknownContribution);
		assert_noop!(accuse(&POOR, ids[0], Fraud), TokenError::FundsUnavailable);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_noop!(accuse(&DAVE, ids[0], Fraud), Error::<Test>::ContributionAccused);
	});
}

#[test]
fn accusing_costs_a_bond_even_if_none_is_left() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), ids[0]));
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&ALICE), ids[0]));
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_eq!(held(HoldReason::Accusation, &CAROL), ContributionBond::get());
		assert_ok!(resolve(ids[0], true));
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT);
		assert_eq!(Contributions::<Test>::get(ids[0]).unwrap().status, ContributionStatus::Slashed);
	});
}

#[test]
fn confirming_has_its_conditions() {
	run(|| {
		assert_noop!(confirm(&CURATOR, 0), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		assert_noop!(confirm(&ALICE, ids[0]), Error::<Test>::NotCurator);
		assert_noop!(confirm(&CURATOR, ids[0]), Error::<Test>::NoAccusation);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(accuse(&CAROL, ids[1], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0]));
		assert_noop!(confirm(&CURATOR, ids[0]), Error::<Test>::AlreadyConfirmed);
		pass(ContestPeriod::get());
		assert_noop!(confirm(&CURATOR, ids[1]), Error::<Test>::TooLate);
	});
}

#[test]
fn contesting_has_its_conditions() {
	run(|| {
		assert_noop!(contest(&ALICE, 0), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1), (ALICE, 1)]);
		assert_noop!(contest(&BOB, ids[0]), Error::<Test>::NotContributor);
		assert_noop!(contest(&ALICE, ids[0]), Error::<Test>::NoAccusation);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
			assert_noop!(contest(&ALICE, *id), Error::<Test>::NotConfirmed);
			assert_ok!(confirm(&CURATOR, *id));
		}
		pass(ContestPeriod::get() - 1);
		assert_ok!(contest(&ALICE, ids[0]));
		System::assert_last_event(Event::AccusationContested { contribution: ids[0] }.into());
		assert_noop!(contest(&ALICE, ids[0]), Error::<Test>::AccusationContested);
		assert_noop!(confirm(&CURATOR, ids[0]), Error::<Test>::AlreadyConfirmed);
		pass(1);
		assert_noop!(contest(&ALICE, ids[1]), Error::<Test>::TooLate);
	});
}

#[test]
fn carrying_out_and_deciding_have_their_conditions() {
	run(|| {
		assert_noop!(execute(0), Error::<Test>::UnknownContribution);
		assert_noop!(resolve(0, true), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(execute(ids[0]), Error::<Test>::NoAccusation);
		assert_noop!(resolve(ids[0], false), Error::<Test>::NoAccusation);
		assert_noop!(
			DataAttribution::resolve_accusation(signed(&CURATOR), ids[0], true),
			DispatchError::BadOrigin
		);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		pass(ContestPeriod::get());
		assert_noop!(execute(ids[0]), Error::<Test>::NotConfirmed);
	});
}

#[test]
fn an_accusation_that_nobody_confirms_is_dropped() {
	run(|| {
		assert_noop!(drop_it(&DAVE, 0), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(drop_it(&DAVE, ids[0]), Error::<Test>::NoAccusation);
		for who in [&CAROL, &CURATOR] {
			assert_ok!(accuse(&CAROL, ids[0], Fraud));
			assert_noop!(drop_it(&DAVE, ids[0]), Error::<Test>::TooEarly);
			assert_ok!(drop_it(who, ids[0]));
			System::assert_last_event(Event::AccusationDropped { contribution: ids[0] }.into());
		}
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		pass(ContestPeriod::get());
		assert_ok!(drop_it(&DAVE, ids[0]));
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT);

		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0]));
		pass(ContestPeriod::get());
		assert_noop!(drop_it(&CAROL, ids[0]), Error::<Test>::AlreadyConfirmed);
	});
}

#[test]
fn a_stopped_contribution_can_be_slashed_as_well() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), ids[0]));
		publish(datanet);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		let weight = DataAttribution::resolve_accusation(RuntimeOrigin::root(), ids[0], true)
			.unwrap()
			.actual_weight;
		// Two releases were looked at, of 512 that were paid for.
		assert_eq!(weight, Some(<() as crate::WeightInfo>::resolve_accusation(2)));
		pay(10, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert_ok!(sweep(ids[0], &[release, 2]));
	});
}

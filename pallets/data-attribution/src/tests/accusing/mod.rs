//! Duplicates and frauds: what it takes to accuse, and what comes of it.

mod attacks;

use crate::{
	mock::*, Accounted, AccusationReason, AccusationStage, Accusations, Claimed,
	ContributionStatus, Contributions, Datanets, DirectEarnings, Error, Event, HoldReason,
	SlashedEarnings,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{AccountId, Balance, ContributionId, ReleaseId, OPEN};
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

fn confirm(
	who: &AccountId,
	contribution: ContributionId,
	accuser: &AccountId,
) -> Result<(), DispatchError> {
	DataAttribution::confirm_accusation(signed(who), contribution, accuser.clone())
}

fn contest(
	who: &AccountId,
	contribution: ContributionId,
	accuser: &AccountId,
) -> Result<(), DispatchError> {
	DataAttribution::contest_accusation(signed(who), contribution, accuser.clone())
}

fn drop_it(
	who: &AccountId,
	contribution: ContributionId,
	accuser: &AccountId,
) -> Result<(), DispatchError> {
	DataAttribution::drop_accusation(signed(who), contribution, accuser.clone())
}

fn escalate(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::escalate_accusation(signed(who), contribution)
}

fn suspend(contribution: ContributionId, accuser: &AccountId) -> Result<(), DispatchError> {
	DataAttribution::suspend_contribution(signed(&DAVE), contribution, accuser.clone())
}

fn resolve(
	contribution: ContributionId,
	accuser: Option<&AccountId>,
	guilty: bool,
) -> Result<(), DispatchError> {
	let root = RuntimeOrigin::root();
	DataAttribution::resolve_accusation(root, contribution, accuser.cloned(), guilty)
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

/// Amount that a step pays an account.
fn paid(who: &AccountId, step: impl FnOnce() -> Result<(), DispatchError>) -> Balance {
	let before = Balances::balance(who);
	assert_ok!(step());
	Balances::balance(who) - before
}

/// What the protocol has got, in planck.
fn to_protocol() -> Balance {
	Balances::balance(&PROTOCOL) - EXISTENTIAL_DEPOSIT
}

fn status(contribution: ContributionId) -> ContributionStatus<u32> {
	Contributions::<Test>::get(contribution).unwrap().status
}

#[test]
fn what_is_not_contested_is_suspended_and_keeps_what_it_earns() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		pay(400, NOTHING, &[], &sources).unwrap();
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
		assert_ok!(confirm(&CURATOR, ids[1], &CAROL));
		let until = until - 1 + period;
		System::assert_last_event(
			Event::AccusationConfirmed { contribution: ids[1], until, accuser: CAROL, stake: bond }
				.into(),
		);
		assert_eq!(held(HoldReason::Confirmation, &CURATOR), bond);
		pass(period - 1);
		assert_noop!(suspend(ids[1], &CAROL), Error::<Test>::TooEarly);
		pass(1);
		assert_eq!(paid(&CAROL, || suspend(ids[1], &CAROL)), bond);
		let bond_until = System::block_number() + BondLockPeriod::get();
		System::assert_has_event(
			Event::ContributionSuspended {
				contribution: ids[1],
				datanet,
				accuser: CAROL,
				from_release: release + 1,
				bond_until,
			}
			.into(),
		);
		System::assert_last_event(
			Event::AccusationDropped { contribution: ids[1], charged: 0, accuser: CAROL }.into(),
		);
		assert_eq!(status(ids[1]), ContributionStatus::Stopped(bond_until));
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().next_total_weight, 3);
		assert_eq!(held(HoldReason::Confirmation, &CURATOR), 0);
		assert_eq!(Accusations::<Test>::iter_keys().count(), 0);
		// Nothing of its bond is gone, and nothing of its income: not what came before, nor what comes.
		assert_eq!(held(HoldReason::Contribution, &BOB), bond);
		pay(400, NOTHING, &[], &sources).unwrap();
		assert_eq!(paid(&BOB, || claim(&BOB, ids[1], &[release])), 200);
		assert_eq!(to_protocol(), 0);
		// To take more takes a verdict.
		assert_ok!(resolve(ids[1], None, true));
		assert_eq!(to_protocol(), bond);
		assert_noop!(accuse(&CAROL, ids[1], Fraud), Error::<Test>::AlreadySlashed);
	});
}

#[test]
fn sweeping_needs_a_slashed_contribution_and_known_releases() {
	run(|| {
		assert_noop!(sweep(0, &[1]), Error::<Test>::UnknownContribution);
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		assert_noop!(sweep(ids[0], &[release]), Error::<Test>::NotSlashed);
		assert_ok!(resolve(ids[0], None, true));
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
fn a_verdict_needs_nobody_s_accusation() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1), (BOB, 1)]);
		let bond = ContributionBond::get();
		// None was made; one was dropped before the verdict; one is not the reason for it.
		assert_ok!(accuse(&CAROL, ids[1], Fraud));
		assert_ok!(drop_it(&CAROL, ids[1], &CAROL));
		assert_ok!(accuse(&CAROL, ids[2], Fraud));
		let verdicts = [(ids[0], None), (ids[1], Some(&CAROL)), (ids[2], None)];
		for (id, accuser) in verdicts {
			let before = to_protocol();
			assert_ok!(resolve(id, accuser, true));
			assert_eq!(status(id), ContributionStatus::Slashed);
			assert_eq!(to_protocol() - before, bond);
			assert_noop!(resolve(id, accuser, true), Error::<Test>::AlreadySlashed);
		}
		assert_eq!(paid(&CAROL, || drop_it(&DAVE, ids[2], &CAROL)), bond);
		// To say that it is not guilty is to decide about one.
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(resolve(ids[0], None, false), Error::<Test>::NoAccusation);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(accuse(&DAVE, ids[0], Fraud));
		assert_noop!(resolve(ids[0], Some(&BOB), false), Error::<Test>::NoAccusation);
		assert_ok!(resolve(ids[0], Some(&CAROL), false));
		// And the other one is still to be decided about.
		assert!(Accusations::<Test>::contains_key(ids[0], DAVE));
		assert!(!Accusations::<Test>::contains_key(ids[0], CAROL));
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
		assert_noop!(accuse(&CAROL, ids[0], Fraud), Error::<Test>::AlreadyAccused);
		assert_ok!(accuse(&DAVE, ids[0], Fraud));
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
		assert_ok!(resolve(ids[0], Some(&CAROL), true));
		// There was the deposit for its storage.
		let reward = ContributionDeposit::get() / 4;
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT + reward);
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		assert_eq!(status(ids[0]), ContributionStatus::Slashed);
	});
}

#[test]
fn confirming_has_its_conditions() {
	run(|| {
		assert_noop!(confirm(&CURATOR, 0, &CAROL), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 1), (BOB, 1), (BOB, 1)]);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(confirm(&CURATOR, pending, &CAROL), Error::<Test>::NotAccepted);
		assert_noop!(confirm(&ALICE, ids[0], &CAROL), Error::<Test>::NotCurator);
		assert_noop!(confirm(&CURATOR, ids[0], &CAROL), Error::<Test>::NoAccusation);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
		}
		assert_noop!(confirm(&CURATOR, ids[0], &DAVE), Error::<Test>::NoAccusation);
		assert_ok!(confirm(&CURATOR, ids[0], &CAROL));
		assert_noop!(confirm(&CURATOR, ids[0], &CAROL), Error::<Test>::AlreadyConfirmed);
		assert_ok!(resolve(ids[2], None, true));
		assert_noop!(confirm(&CURATOR, ids[2], &CAROL), Error::<Test>::AlreadySlashed);
		let bond = ContributionBond::get();
		ContributionBond::set(ENDOWMENT);
		assert_noop!(confirm(&CURATOR, ids[1], &CAROL), TokenError::FundsUnavailable);
		ContributionBond::set(bond);
		pass(ContestPeriod::get());
		assert_noop!(confirm(&CURATOR, ids[1], &CAROL), Error::<Test>::TooLate);
	});
}

#[test]
fn contesting_has_its_conditions() {
	run(|| {
		assert_noop!(contest(&ALICE, 0, &CAROL), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1), (ALICE, 1)]);
		assert_noop!(contest(&BOB, ids[0], &CAROL), Error::<Test>::NotContributor);
		assert_noop!(contest(&ALICE, ids[0], &CAROL), Error::<Test>::NoAccusation);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
			assert_noop!(contest(&ALICE, *id, &CAROL), Error::<Test>::NotConfirmed);
			assert_ok!(confirm(&CURATOR, *id, &CAROL));
		}
		pass(ContestPeriod::get() - 1);
		assert_ok!(contest(&ALICE, ids[0], &CAROL));
		let until = System::block_number() + VerdictPeriod::get();
		System::assert_last_event(
			Event::AccusationContested { contribution: ids[0], until, accuser: CAROL }.into(),
		);
		let contested = Error::<Test>::AccusationContested;
		assert_noop!(contest(&ALICE, ids[0], &CAROL), contested);
		assert_noop!(confirm(&CURATOR, ids[0], &CAROL), Error::<Test>::AccusationContested);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::AccusationContested);
		assert_noop!(suspend(ids[0], &CAROL), Error::<Test>::AccusationContested);
		pass(1);
		assert_noop!(contest(&ALICE, ids[1], &CAROL), Error::<Test>::TooLate);
	});
}

#[test]
fn suspending_and_deciding_have_their_conditions() {
	run(|| {
		assert_noop!(suspend(0, &CAROL), Error::<Test>::UnknownContribution);
		assert_noop!(resolve(0, None, true), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 1)]);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(resolve(pending, None, true), Error::<Test>::NotAccepted);
		assert_noop!(suspend(pending, &CAROL), Error::<Test>::NotAccepted);
		assert_noop!(suspend(ids[0], &CAROL), Error::<Test>::NoAccusation);
		assert_noop!(
			DataAttribution::resolve_accusation(signed(&CURATOR), ids[0], Some(CAROL), true),
			DispatchError::BadOrigin
		);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		pass(ContestPeriod::get());
		assert_noop!(suspend(ids[0], &CAROL), Error::<Test>::NotConfirmed);
		assert_ok!(resolve(ids[0], None, true));
		assert_noop!(suspend(ids[0], &CAROL), Error::<Test>::AlreadySlashed);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::AlreadySlashed);
		assert_noop!(contest(&ALICE, ids[0], &CAROL), Error::<Test>::AlreadySlashed);
	});
}

#[test]
fn an_accusation_that_nobody_confirms_is_dropped_at_a_cost() {
	run(|| {
		assert_noop!(drop_it(&DAVE, 0, &CAROL), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(drop_it(&DAVE, ids[0], &CAROL), Error::<Test>::NoAccusation);
		let charged = ContributionBond::get() / 10;
		for (who, blocks) in [(&CAROL, 0), (&DAVE, ContestPeriod::get())] {
			let before = Balances::total_balance(&CAROL);
			assert_ok!(accuse(&CAROL, ids[0], Fraud));
			for other in [&DAVE, &CURATOR, &ALICE] {
				assert_noop!(drop_it(other, ids[0], &CAROL), Error::<Test>::TooEarly);
			}
			pass(blocks);
			// Not to the contributor, whose second account it may be.
			assert_eq!(paid(&PROTOCOL, || drop_it(who, ids[0], &CAROL)), charged);
			System::assert_last_event(
				Event::AccusationDropped { contribution: ids[0], charged, accuser: CAROL }.into(),
			);
			assert_eq!(held(HoldReason::Accusation, &CAROL), 0);
			assert_eq!(Balances::total_balance(&CAROL), before - charged);
		}

		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0], &CAROL));
		pass(ContestPeriod::get());
		assert_noop!(drop_it(&CAROL, ids[0], &CAROL), Error::<Test>::AlreadyConfirmed);
	});
}

#[test]
fn an_accuser_can_turn_to_governance() {
	run(|| {
		assert_noop!(escalate(&CAROL, 0), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1), (BOB, 1)]);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::NoAccusation);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
		}
		for other in [&DAVE, &CURATOR, &ALICE] {
			assert_noop!(escalate(other, ids[0]), Error::<Test>::NoAccusation);
		}
		assert_ok!(confirm(&CURATOR, ids[2], &CAROL));
		assert_noop!(escalate(&CAROL, ids[2]), Error::<Test>::AlreadyConfirmed);
		let bond = ContributionBond::get();
		let charged = bond / 10;
		// What it costs is the protocol's at once.
		assert_eq!(paid(&PROTOCOL, || escalate(&CAROL, ids[0])), charged);
		let until = System::block_number() + VerdictPeriod::get();
		System::assert_last_event(
			Event::AccusationEscalated { contribution: ids[0], until, charged, accuser: CAROL }
				.into(),
		);
		assert_eq!(held(HoldReason::Accusation, &CAROL), 3 * bond - charged);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::AlreadyEscalated);
		assert_noop!(contest(&ALICE, ids[0], &CAROL), Error::<Test>::NotConfirmed);
		assert_noop!(suspend(ids[0], &CAROL), Error::<Test>::NotConfirmed);
		// Also when the curator has let the time pass.
		pass(ContestPeriod::get());
		assert_ok!(escalate(&CAROL, ids[1]));

		// The reward makes up for it; who was wrong loses the rest as well.
		let rewarded = paid(&CAROL, || resolve(ids[0], Some(&CAROL), true));
		assert_eq!(rewarded, bond - charged + bond / 4);
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT - bond);
		assert_eq!(paid(&BOB, || resolve(ids[1], Some(&CAROL), false)), bond - charged);
		assert_eq!(Balances::total_balance(&CAROL), ENDOWMENT - charged + bond / 4 - bond);
	});
}

#[test]
fn what_governance_does_not_decide_in_time_is_dropped_at_a_cost() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
		}
		assert_ok!(escalate(&CAROL, ids[0]));
		assert_ok!(confirm(&CURATOR, ids[1], &CAROL));
		assert_ok!(contest(&BOB, ids[1], &CAROL));
		pass(VerdictPeriod::get() - 1);
		for id in &ids {
			assert_noop!(drop_it(&CAROL, *id, &CAROL), Error::<Test>::TooEarly);
		}
		pass(1);
		// Until somebody does, governance still can.
		let bond = ContributionBond::get();
		let asked = bond / 10;
		for (id, deposit) in ids.iter().zip([bond - asked, bond]) {
			assert_eq!(paid(&CAROL, || drop_it(&DAVE, *id, &CAROL)), deposit - deposit / 10);
		}
		let cost = asked + (bond - asked) / 10 + bond / 10;
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT - cost);
		assert_eq!(held(HoldReason::Confirmation, &CURATOR), 0);
		assert_eq!(to_protocol(), cost + bond / 10);
		assert_ok!(DataAttribution::transfer_contribution(signed(&ALICE), ids[0], DAVE));
	});
}

#[test]
fn a_stopped_contribution_can_be_slashed_as_well() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), ids[0]));
		publish(datanet);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		let root = RuntimeOrigin::root();
		let resolved = DataAttribution::resolve_accusation(root, ids[0], Some(CAROL), true);
		// Two releases were looked at, of 512 that were paid for.
		let expected = <() as crate::WeightInfo>::resolve_accusation(2);
		assert_eq!(resolved.unwrap().actual_weight, Some(expected));
		pay(10, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert_ok!(sweep(ids[0], &[release, 2]));
	});
}

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
		.map(|_| ())
		.map_err(|error| error.error)
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

fn escalate(who: &AccountId, contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::escalate_accusation(signed(who), contribution)
}

fn execute(contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::execute_slash(signed(&DAVE), contribution)
		.map(|_| ())
		.map_err(|error| error.error)
}

/// Has governance decide about the accusation that there is.
fn resolve(contribution: ContributionId, guilty: bool) -> Result<(), DispatchError> {
	let accuser = Accusations::<Test>::get(contribution).map_or(NOBODY, |entry| entry.accuser);
	resolve_that_of(&accuser, contribution, guilty)
}

fn resolve_that_of(
	accuser: &AccountId,
	contribution: ContributionId,
	guilty: bool,
) -> Result<(), DispatchError> {
	let root = RuntimeOrigin::root();
	DataAttribution::resolve_accusation(root, contribution, accuser.clone(), guilty)
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
				to_accuser: 0,
				to_protocol: bond,
				kept: 100,
			}
			.into(),
		);
		// The deposit, and no more.
		assert_eq!(accuser_gets, bond);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + bond);
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
		System::assert_last_event(
			Event::SlashedSwept {
				contribution: ids[1],
				datanet,
				direct: 0,
				releases: vec![release_payout(release, 1, 100, 212)],
				amount: 112,
			}
			.into(),
		);
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
		pass(VerdictPeriod::get() - 1);
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
		// There was the deposit for its storage.
		let reward = ContributionDeposit::get() / 4;
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT + reward);
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
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
		let until = System::block_number() + VerdictPeriod::get();
		System::assert_last_event(
			Event::AccusationContested { contribution: ids[0], until }.into(),
		);
		assert_noop!(contest(&ALICE, ids[0]), Error::<Test>::AccusationContested);
		assert_noop!(confirm(&CURATOR, ids[0]), Error::<Test>::AccusationContested);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::AccusationContested);
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
			DataAttribution::resolve_accusation(signed(&CURATOR), ids[0], CAROL, true),
			DispatchError::BadOrigin
		);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		for guilty in [true, false] {
			let other = resolve_that_of(&DAVE, ids[0], guilty);
			assert_noop!(other, Error::<Test>::OtherAccusation);
		}
		pass(ContestPeriod::get());
		assert_noop!(execute(ids[0]), Error::<Test>::NotConfirmed);
	});
}

#[test]
fn a_verdict_does_not_hit_the_next_accusation() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		// Governance has decided about Carol's accusation, but before that is carried out, it is
		// dropped, and Dave makes another.
		for (id, guilty) in ids.iter().zip([true, false]) {
			assert_ok!(accuse(&CAROL, *id, Fraud));
			assert_ok!(drop_it(&CAROL, *id));
			assert_ok!(accuse(&DAVE, *id, Fraud));
			assert_noop!(resolve_that_of(&CAROL, *id, guilty), Error::<Test>::OtherAccusation);
			assert_ok!(resolve_that_of(&DAVE, *id, guilty));
		}
	});
}

#[test]
fn an_accusation_that_nobody_confirms_is_dropped_at_a_cost() {
	run(|| {
		assert_noop!(drop_it(&DAVE, 0), Error::<Test>::UnknownContribution);
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_noop!(drop_it(&DAVE, ids[0]), Error::<Test>::NoAccusation);
		let charged = ContributionBond::get() / 10;
		for (who, blocks) in [(&CAROL, 0), (&DAVE, ContestPeriod::get())] {
			let before = Balances::total_balance(&CAROL);
			assert_ok!(accuse(&CAROL, ids[0], Fraud));
			for other in [&DAVE, &CURATOR, &ALICE] {
				assert_noop!(drop_it(other, ids[0]), Error::<Test>::TooEarly);
			}
			pass(blocks);
			assert_eq!(paid(&ALICE, || drop_it(who, ids[0])), charged);
			System::assert_last_event(
				Event::AccusationDropped {
					contribution: ids[0],
					charged,
					accuser: CAROL,
					to: Some(ALICE),
				}
				.into(),
			);
			assert_eq!(held(HoldReason::Accusation, &CAROL), 0);
			assert_eq!(Balances::total_balance(&CAROL), before - charged);
		}

		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0]));
		pass(ContestPeriod::get());
		assert_noop!(drop_it(&CAROL, ids[0]), Error::<Test>::AlreadyConfirmed);
	});
}

#[test]
fn who_is_gone_does_not_keep_an_accuser_from_dropping() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		// As if there were neither a bond nor an account, and less to be had than one needs.
		use frame_support::traits::{
			fungible::MutateHold,
			tokens::{Precision::Exact, Preservation::Expendable},
		};
		let reason: RuntimeHoldReason = HoldReason::Contribution.into();
		assert_ok!(Balances::release(&reason, &ALICE, ContributionBond::get(), Exact));
		Contributions::<Test>::mutate(ids[0], |entry| entry.as_mut().unwrap().bond = 0);
		use frame_support::traits::fungible::Mutate;
		assert_ok!(Balances::transfer(&ALICE, &DAVE, ENDOWMENT, Expendable));
		let small = EXISTENTIAL_DEPOSIT;
		Accusations::<Test>::mutate(ids[0], |entry| entry.as_mut().unwrap().deposit = small);
		let rest = ContributionBond::get() - small;
		assert_ok!(Balances::release(&HoldReason::Accusation.into(), &CAROL, rest, Exact));

		assert_eq!(paid(&PROTOCOL, || drop_it(&CAROL, ids[0])), small / 10);
		System::assert_last_event(
			Event::AccusationDropped {
				contribution: ids[0],
				charged: small / 10,
				accuser: CAROL,
				to: Some(PROTOCOL),
			}
			.into(),
		);
		assert_eq!(Balances::balance(&ALICE), 0);
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT - small / 10);
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
			assert_noop!(escalate(other, ids[0]), Error::<Test>::NotAccuser);
		}
		assert_ok!(confirm(&CURATOR, ids[2]));
		assert_noop!(escalate(&CAROL, ids[2]), Error::<Test>::AlreadyConfirmed);
		assert_ok!(escalate(&CAROL, ids[0]));
		let until = System::block_number() + VerdictPeriod::get();
		let bond = ContributionBond::get();
		let charged = bond / 10;
		System::assert_last_event(
			Event::AccusationEscalated { contribution: ids[0], until, charged }.into(),
		);
		// What it costs is the contributor's at once.
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT + charged);
		assert_eq!(held(HoldReason::Accusation, &CAROL), 3 * bond - charged);
		assert_noop!(escalate(&CAROL, ids[0]), Error::<Test>::AlreadyEscalated);
		assert_noop!(contest(&ALICE, ids[0]), Error::<Test>::NotConfirmed);
		assert_noop!(execute(ids[0]), Error::<Test>::NotConfirmed);
		// Also when the curator has let the time pass.
		pass(ContestPeriod::get());
		assert_ok!(escalate(&CAROL, ids[1]));

		// The reward makes up for it; who was wrong loses the rest as well.
		let before = Balances::total_balance(&CAROL);
		assert_eq!(paid(&CAROL, || resolve(ids[0], true)), bond - charged + bond / 4);
		assert_eq!(Balances::total_balance(&CAROL), before + bond / 4);
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT + charged - bond);
		assert_eq!(paid(&BOB, || resolve(ids[1], false)), bond - charged);
		assert_eq!(Balances::total_balance(&BOB), ENDOWMENT + bond);
		assert_eq!(Balances::total_balance(&CAROL), ENDOWMENT - charged + bond / 4 - bond);
	});
}

#[test]
fn only_what_was_contested_and_not_decided_is_dropped_at_no_cost() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		for id in &ids {
			assert_ok!(accuse(&CAROL, *id, Fraud));
		}
		assert_ok!(escalate(&CAROL, ids[0]));
		assert_ok!(confirm(&CURATOR, ids[1]));
		assert_ok!(contest(&BOB, ids[1]));
		pass(VerdictPeriod::get() - 1);
		for id in &ids {
			assert_noop!(drop_it(&CAROL, *id), Error::<Test>::TooEarly);
		}
		pass(1);
		// Until somebody does, governance still can.
		let bond = ContributionBond::get();
		let asked = bond / 10;
		let deposits = [bond - asked, bond];
		let charges = [(deposits[0] / 10, Some(ALICE)), (0, None)];
		for ((id, deposit), (charged, to)) in ids.iter().zip(deposits).zip(charges) {
			assert_eq!(paid(&CAROL, || drop_it(&DAVE, *id)), deposit - charged);
			System::assert_last_event(
				Event::AccusationDropped { contribution: *id, charged, accuser: CAROL, to }.into(),
			);
		}
		let cost = asked + deposits[0] / 10;
		assert_eq!(Balances::balance(&CAROL), ENDOWMENT - cost);
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT + cost);
		assert_ok!(DataAttribution::transfer_contribution(signed(&ALICE), ids[0], DAVE));
	});
}

#[test]
fn escalating_does_not_protect_a_fraud_from_its_curator() {
	run(|| {
		// The contributor's second account accuses it first, so that nobody else can.
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		for id in &ids {
			assert_ok!(accuse(&DAVE, *id, Fraud));
			assert_ok!(escalate(&DAVE, *id));
			assert_noop!(accuse(&CAROL, *id, Fraud), Error::<Test>::ContributionAccused);
			assert_noop!(drop_it(&DAVE, *id), Error::<Test>::TooEarly);
		}
		// The curator has more time than for one that was only reported, and then all goes on as ever.
		pass(VerdictPeriod::get() - 1);
		assert_ok!(confirm(&CURATOR, ids[0]));
		let until = System::block_number() + ContestPeriod::get();
		System::assert_last_event(
			Event::AccusationConfirmed { contribution: ids[0], until }.into(),
		);
		assert_noop!(escalate(&DAVE, ids[0]), Error::<Test>::AlreadyConfirmed);
		assert_noop!(drop_it(&DAVE, ids[0]), Error::<Test>::AlreadyConfirmed);
		pass(1);
		assert_noop!(confirm(&CURATOR, ids[1]), Error::<Test>::TooLate);
		assert_ok!(drop_it(&ALICE, ids[1]));
		let bond = ContributionBond::get();
		assert_eq!(held(HoldReason::Accusation, &DAVE), bond - bond / 10);
		pass(ContestPeriod::get());
		assert_ok!(execute(ids[0]));
		assert_eq!(Contributions::<Test>::get(ids[0]).unwrap().status, ContributionStatus::Slashed);
	});
}

#[test]
fn a_curators_second_account_earns_nothing_by_slashing_who_sleeps() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		let wealth = || Balances::total_balance(&CURATOR) + Balances::total_balance(&BOB);
		let before = wealth();
		assert_ok!(accuse(&BOB, ids[0], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0]));
		pass(ContestPeriod::get());
		assert_ok!(execute(ids[0]));
		assert_eq!(wealth(), before);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + ContributionBond::get());
	});
}

#[test]
fn a_curator_cannot_get_rid_of_an_accusation() {
	run(|| {
		// Of a fraud in their own datanet, by their second account.
		let (datanet, _, ids) = released(&[(BOB, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_noop!(drop_it(&CURATOR, ids[0]), Error::<Test>::TooEarly);
		assert_ok!(escalate(&CAROL, ids[0]));
		assert_noop!(drop_it(&CURATOR, ids[0]), Error::<Test>::TooEarly);
		assert_ok!(resolve(ids[0], true));
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().next_total_weight, 0);
	});
}

#[test]
fn an_escalation_costs_even_if_an_accomplice_confirms_it() {
	run(|| {
		// The curator and the accuser tie the bond together, for as long as they can.
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(escalate(&CAROL, ids[0]));
		pass(VerdictPeriod::get() - 1);
		assert_ok!(confirm(&CURATOR, ids[0]));
		assert_ok!(contest(&ALICE, ids[0]));
		pass(VerdictPeriod::get());
		assert_ok!(drop_it(&CAROL, ids[0]));
		let cost = ContributionBond::get() / 10;
		assert_eq!(Balances::total_balance(&CAROL), ENDOWMENT - cost);
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT + cost);
	});
}

#[test]
fn who_is_gone_does_not_keep_an_accuser_from_governance() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		// As if the contribution were of an account that does not exist, and less to be had than one
		// needs.
		use frame_support::traits::{fungible::MutateHold, tokens::Precision::Exact};
		Contributions::<Test>::mutate(ids[0], |entry| entry.as_mut().unwrap().contributor = NOBODY);
		let small = EXISTENTIAL_DEPOSIT;
		Accusations::<Test>::mutate(ids[0], |entry| entry.as_mut().unwrap().deposit = small);
		let rest = ContributionBond::get() - small;
		assert_ok!(Balances::release(&HoldReason::Accusation.into(), &CAROL, rest, Exact));

		assert_eq!(paid(&PROTOCOL, || escalate(&CAROL, ids[0])), small / 10);
		assert_eq!(Balances::balance(&NOBODY), 0);
		assert_eq!(held(HoldReason::Accusation, &CAROL), small - small / 10);
		// So that the state is a possible one again.
		Contributions::<Test>::mutate(ids[0], |entry| entry.as_mut().unwrap().contributor = ALICE);
	});
}

#[test]
fn accusing_for_ever_costs_for_ever() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		let before = Balances::total_balance(&ALICE);
		for _ in 0..20 {
			assert_ok!(accuse(&BOB, ids[0], Fraud));
			pass(ContestPeriod::get());
			assert_ok!(drop_it(&ALICE, ids[0]));
		}
		// Whom it was done to got two bonds for it.
		assert_eq!(Balances::total_balance(&ALICE), before + 2 * ContributionBond::get());
		assert_eq!(Balances::total_balance(&BOB), ENDOWMENT - 2 * ContributionBond::get());
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
		let weight =
			DataAttribution::resolve_accusation(root, ids[0], CAROL, true).unwrap().actual_weight;
		// Two releases were looked at, of 512 that were paid for.
		assert_eq!(weight, Some(<() as crate::WeightInfo>::resolve_accusation(2)));
		pay(10, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert_ok!(sweep(ids[0], &[release, 2]));
	});
}

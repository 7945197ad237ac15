//! Why accusing and slashing pay neither a curator, nor a fraud, nor anybody else who was not first to be right.

use super::*;

#[test]
fn slashing_moves_nobody_elses_share() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		pay(400, NOTHING, &[], &sources).unwrap();
		pay(10, ALL, &[(ids[1], 1)], &sources).unwrap();
		assert_ok!(accuse(&CAROL, ids[1], Fraud));
		assert_ok!(resolve(ids[1], Some(&CAROL), true));
		assert_eq!(DirectEarnings::<Test>::get(ids[1]), 110);
		assert_eq!(Claimed::<Test>::get(ids[1], release), 100);

		// Later calls pay Alice as if nothing had happened, and the protocol instead of Bob: also what they
		// attribute to his directly.
		pay(400, NOTHING, &[], &sources).unwrap();
		let direct = pay(50, ALL, &[(ids[1], 1)], &sources).unwrap();
		assert_eq!((direct.direct[0].amount, direct.pools.len()), (50, 0));
		assert_eq!(SlashedEarnings::<Test>::get(ids[1]), 50);
		let pending = DataAttribution::pending(&BOB, 0, 9).payouts;
		assert_eq!(pending.iter().map(|payout| payout.amount).collect::<Vec<_>>(), vec![110]);
		assert_eq!(paid(&ALICE, || claim(&ALICE, ids[0], &[release])), 600);
		assert_eq!(paid(&BOB, || claim(&BOB, ids[1], &[release])), 110);
		assert_noop!(claim(&BOB, ids[1], &[release]), Error::<Test>::NothingToClaim);
		let swept = paid(&PROTOCOL, || sweep(ids[1], &[release, release]));
		assert_eq!(swept, 100 + 50);
		System::assert_last_event(
			Event::SlashedSwept {
				contribution: ids[1],
				datanet,
				direct: 50,
				releases: vec![release_payout(release, 1, 100, 200)],
				amount: 150,
			}
			.into(),
		);
		assert_noop!(sweep(ids[1], &[release]), Error::<Test>::NothingToClaim);
		assert_eq!(Accounted::<Test>::get(), carried());
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
		assert_ok!(DataAttribution::accept_curator(signed(&BOB), datanet, OPEN * 100));
		assert_noop!(confirm(&BOB, victim, &BOB), Error::<Test>::AccuserIsCurator);
		assert_ok!(DataAttribution::offer_curator(signed(&BOB), datanet, CURATOR));
		assert_ok!(DataAttribution::accept_curator(signed(&CURATOR), datanet, OPEN * 100));
		// With an accomplice, the victim contests, and both of them pay for it.
		assert_ok!(confirm(&CURATOR, victim, &BOB));
		assert_ok!(contest(&ALICE, victim, &BOB));
		pass(VerdictPeriod::get() - 1);
		assert_noop!(suspend(victim, &BOB), Error::<Test>::AccusationContested);
		let bond = ContributionBond::get();
		let curator = Balances::total_balance(&CURATOR);
		assert_eq!(paid(&ALICE, || resolve(victim, Some(&BOB), false)), bond);
		System::assert_last_event(
			Event::ContributionAcquitted {
				contribution: victim,
				accuser: BOB,
				to_contributor: bond,
				to_protocol: bond,
			}
			.into(),
		);
		assert_eq!(Balances::total_balance(&BOB), ENDOWMENT - bond);
		assert_eq!(Balances::total_balance(&CURATOR), curator - bond);
		assert_eq!(to_protocol(), bond);
		assert_eq!(held(HoldReason::Contribution, &ALICE), bond);
		assert_eq!(paid(&ALICE, || claim(&ALICE, victim, &[release])), 700);
	});
}

#[test]
fn a_curator_with_a_second_account_gains_nothing_by_accusing_again_and_again() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		let bond = ContributionBond::get();
		let before = [&CURATOR, &BOB].map(Balances::total_balance);
		for round in 1..=3 {
			assert_ok!(accuse(&BOB, ids[0], Fraud));
			assert_ok!(confirm(&CURATOR, ids[0], &BOB));
			assert_ok!(contest(&ALICE, ids[0], &BOB));
			// Nobody decides.
			pass(VerdictPeriod::get() - 1);
			assert_noop!(drop_it(&ALICE, ids[0], &BOB), Error::<Test>::TooEarly);
			pass(1);
			assert_ok!(drop_it(&ALICE, ids[0], &BOB));
			System::assert_last_event(
				Event::AccusationDropped { contribution: ids[0], charged: bond / 5, accuser: BOB }
					.into(),
			);
			// A tenth of what each of them has put at stake, each time.
			let after = [&CURATOR, &BOB].map(Balances::total_balance);
			assert_eq!(after, before.map(|before| before - round * bond / 10));
			assert_eq!(to_protocol(), round * bond / 5);
		}
		assert_eq!(status(ids[0]), ContributionStatus::Accepted);
		assert_eq!(Balances::total_balance(&ALICE), ENDOWMENT);
	});
}

#[test]
fn a_fraud_does_not_shield_itself_by_accusing_itself() {
	run(|| {
		let (_, _, ids) = released(&[(BOB, 1)]);
		let bond = ContributionBond::get();
		// Bob's second and third accounts are there first, and turn to governance.
		for second in [&CAROL, &ALICE] {
			assert_ok!(accuse(second, ids[0], Fraud));
			assert_ok!(escalate(second, ids[0]));
		}
		let costs = 2 * (bond / 10);
		assert_eq!(to_protocol(), costs);
		// Dave accuses it all the same, and the verdict names him, because he is the first that was right.
		assert_ok!(accuse(&DAVE, ids[0], Fraud));
		let made_at = |who| Accusations::<Test>::get(ids[0], who).unwrap().made_at;
		assert_eq!((made_at(CAROL), made_at(DAVE)), (1, 1));
		assert_eq!(paid(&DAVE, || resolve(ids[0], Some(&DAVE), true)), bond + bond / 4);
		let bobs = [&BOB, &CAROL, &ALICE];
		// Everything that is left of theirs comes back, and what accusing has cost does not.
		for second in [&CAROL, &ALICE] {
			assert_ok!(drop_it(&DAVE, ids[0], second));
		}
		let left = bobs.map(Balances::total_balance).iter().sum::<Balance>();
		assert_eq!(left, 3 * ENDOWMENT - bond - costs);
		assert_eq!(to_protocol(), costs + bond - bond / 4);
		assert_eq!(Accusations::<Test>::iter_keys().count(), 0);
	});
}

#[test]
fn escalating_does_not_protect_a_fraud_from_its_curator() {
	run(|| {
		// The contributor's second account accuses it first.
		let (_, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		for id in &ids {
			assert_ok!(accuse(&DAVE, *id, Fraud));
			assert_ok!(escalate(&DAVE, *id));
			assert_noop!(drop_it(&DAVE, *id, &DAVE), Error::<Test>::TooEarly);
		}
		// The curator has more time than for one that was only reported, and then all goes on as ever.
		pass(VerdictPeriod::get() - 1);
		assert_ok!(confirm(&CURATOR, ids[0], &DAVE));
		let stage = Accusations::<Test>::get(ids[0], DAVE).unwrap().stage;
		let until = System::block_number() + ContestPeriod::get();
		assert_eq!(stage, AccusationStage::Confirmed(until));
		assert_noop!(escalate(&DAVE, ids[0]), Error::<Test>::AlreadyConfirmed);
		assert_noop!(drop_it(&DAVE, ids[0], &DAVE), Error::<Test>::AlreadyConfirmed);
		pass(1);
		assert_noop!(confirm(&CURATOR, ids[1], &DAVE), Error::<Test>::TooLate);
		assert_ok!(drop_it(&ALICE, ids[1], &DAVE));
		let bond = ContributionBond::get();
		assert_eq!(held(HoldReason::Accusation, &DAVE), bond - bond / 10);
		pass(ContestPeriod::get());
		assert_ok!(suspend(ids[0], &DAVE));
	});
}

#[test]
fn a_curator_cannot_get_rid_of_an_accusation() {
	run(|| {
		// Of a fraud in their own datanet, by their second account.
		let (datanet, _, ids) = released(&[(BOB, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_noop!(drop_it(&CURATOR, ids[0], &CAROL), Error::<Test>::TooEarly);
		assert_ok!(escalate(&CAROL, ids[0]));
		assert_noop!(drop_it(&CURATOR, ids[0], &CAROL), Error::<Test>::TooEarly);
		assert_ok!(resolve(ids[0], Some(&CAROL), true));
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().next_total_weight, 0);
	});
}

#[test]
fn a_former_curator_answers_for_what_they_have_confirmed() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 1)]);
		assert_ok!(accuse(&CAROL, ids[0], Fraud));
		assert_ok!(confirm(&CURATOR, ids[0], &CAROL));
		assert_ok!(contest(&ALICE, ids[0], &CAROL));
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, BOB));
		assert_ok!(DataAttribution::accept_curator(signed(&BOB), datanet, OPEN * 100));
		let bond = ContributionBond::get();
		assert_eq!(held(HoldReason::Confirmation, &CURATOR), bond);
		assert_ok!(resolve(ids[0], Some(&CAROL), false));
		assert_eq!(Balances::total_balance(&CURATOR), ENDOWMENT - bond);
		assert_eq!(Balances::total_balance(&BOB), ENDOWMENT);
	});
}

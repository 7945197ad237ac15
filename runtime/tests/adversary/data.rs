//! Data: who it is said to be of, and who is paid for it.

use super::*;

#[test]
fn self_attribution_by_the_node() {
	on_chain(|| {
		create_datanet(CURATOR, "datanet", 10);
		assert_eq!(contribute(Eve, CURATOR, 0, 1, 1_000), 0);
		assert_eq!(contribute(OPERATOR, CURATOR, 0, 2, 1), 1);
		publish(CURATOR, 0);
		register(DEVELOPER, "model", policy(), fixed(0, 1));
		serve([0]);
		open_session(CALLER, 10 * OPEN);
		// The node's operator has two more contributions: one that the datanet had too late for the
		// model, and one in a datanet of the operator's own.
		assert_eq!(contribute(OPERATOR, CURATOR, 0, 3, 1_000), 2);
		publish(CURATOR, 0);
		create_datanet(OPERATOR, "own", 30);
		assert_eq!(contribute(OPERATOR, OPERATOR, 1, 4, 1_000), 3);
		publish(OPERATOR, 1);

		pass(1);

		let charge = 50 * MILLI_OPEN;
		let data = data_part(charge, &policy());
		let pool = || Releases::<Runtime>::get(0, 1).unwrap().received;
		let mut sequence = 0;
		let mut attribute = |entries: &[(ContributionId, u16)]| {
			let acknowledged = charge * Balance::from(sequence);
			let attribution = entries.to_vec();
			let next = sequence + 1;
			let call = TheCall { sequence: next, acknowledged, attribution, ..the_call() };
			let before = (DirectEarnings::<Runtime>::get(1), pool());
			call.settle()?;
			sequence = next;
			Ok((DirectEarnings::<Runtime>::get(1) - before.0, pool() - before.1))
		};

		// To what the model was not made from: all goes to the model's release.
		let foreign = [(2, 5_000), (3, 1), (77, 5)];
		assert_eq!(attribute(&foreign), Ok((0, data - data / 10)));
		assert_eq!(DirectEarnings::<Runtime>::get(2), 0);
		assert_eq!(DirectEarnings::<Runtime>::get(3), 0);

		// To the one that is in the release: the attributed half at the most, less the curator's tenth. It is
		// named once, and for no more than the whole answer.
		let half = data / 2 - data / 20;
		assert_eq!(attribute(&[(1, 10_000)]), Ok((half, half)));
		let invalid: Result<_, DispatchError> = Err(MeteringError::<Runtime>::InvalidRecord.into());
		for entries in [&[(1, 5_000); 2][..], &[(1, 10_001)], &[(1, 10_000), (2, 1)], &[(1, 0)]] {
			assert_eq!(attribute(entries), invalid);
		}
		// Next to others, only a part of the half, whether they are in it or not: what would go to
		// those that are not is the release's.
		assert_eq!(attribute(&[(1, 2_000), (0, 8_000)]), Ok((half / 5, half)));
		let some = [(2, 3_000), (1, 2_000), (77, 1_000)];
		assert_eq!(attribute(&some), Ok((half / 5, half + half / 5 * 4)));

		// And once it is found to be a fraud, nothing at all. That is the protocol's then, and nobody else in the
		// release has more of it.
		let verdict = Data::resolve_accusation { contribution: 1, accuser: None, guilty: true };
		assert_ok!(govern(verdict));
		assert_eq!(attribute(&[(1, 10_000)]), Ok((0, half)));
		assert_eq!(SlashedEarnings::<Runtime>::get(1), half);
		// That is so of calls that are agreed on later, too.
		pass(1);
		let before = pool();
		let later = TheCall { lane: 1, as_of: block_before(), ..the_call() };
		let later = TheCall { attribution: vec![(1, 10_000)], ..later };
		assert_ok!(later.settle());
		assert_eq!(pool() - before, half);
		assert_eq!(SlashedEarnings::<Runtime>::get(1), 2 * half);
	});
}

#[test]
fn curator_slashing_to_steal() {
	on_chain(|| {
		market(30);
		assert_ok!(the_call().settle());
		let bond = parameters::ContributionBond::get();
		let accomplice = Dave;
		let accuse = || Data::accuse_contribution { contribution: 0, reason: Fraud };
		let confirm = || Data::confirm_accusation { contribution: 0, accuser: id(accomplice) };
		let accept = || Data::accept_curator { datanet: 0, max_deposit: 20 * OPEN };

		// Not by the curator alone, not even if the accuser becomes the curator.
		let is_curator: DispatchError = DataError::<Runtime>::AccuserIsCurator.into();
		assert_eq!(send(&id(CURATOR), accuse()), Err(is_curator));
		assert_ok!(send(&id(accomplice), accuse()));
		let offer = Data::offer_curator { datanet: 0, to: id(accomplice) };
		assert_ok!(send(&id(CURATOR), offer));
		assert_ok!(send(&id(accomplice), accept()));
		assert_eq!(send(&id(accomplice), confirm()), Err(is_curator));
		let back = Data::offer_curator { datanet: 0, to: id(CURATOR) };
		assert_ok!(send(&id(accomplice), back));
		assert_ok!(send(&id(CURATOR), accept()));

		// With an accomplice, the contributor contests, and only governance decides. It costs both of them.
		let [data_pot, _, protocol] = pots();
		let everybody =
			|| [id(CURATOR), id(accomplice), id(Eve), protocol.clone()].map(|who| wealth(&who));
		let before = everybody();
		assert_ok!(send(&id(CURATOR), confirm()));
		let contest = || Data::contest_accusation { contribution: 0, accuser: id(accomplice) };
		assert_ok!(send(&id(Eve), contest()));
		pass(2 * parameters::ContestPeriod::get());
		let suspend = || Data::suspend_contribution { contribution: 0, accuser: id(accomplice) };
		let contested: DispatchError = DataError::<Runtime>::AccusationContested.into();
		assert_eq!(send(&id(CURATOR), suspend()), Err(contested));
		let accuser = Some(id(accomplice));
		let decide =
			|guilty| Data::resolve_accusation { contribution: 0, accuser: accuser.clone(), guilty };
		assert_eq!(send(&id(CURATOR), decide(true)), Err(DispatchError::BadOrigin));
		assert_ok!(govern(decide(false)));
		let [curator, theirs, eves, protocols] = before;
		assert_eq!(everybody(), [curator - bond, theirs - bond, eves + bond, protocols + bond]);

		// If governance does not decide, a tenth of what each of them has put at stake, as often as they try.
		for _ in 0..2 {
			let [curator, theirs, eves, protocols] = everybody();
			assert_ok!(send(&id(accomplice), accuse()));
			assert_ok!(send(&id(CURATOR), confirm()));
			assert_ok!(send(&id(Eve), contest()));
			pass(<Runtime as pallet_data_attribution::Config>::VerdictPeriod::get());
			let drop_it = Data::drop_accusation { contribution: 0, accuser: id(accomplice) };
			assert_ok!(send(&id(Eve), drop_it));
			let tenth = bond / 10;
			let after = [curator - tenth, theirs - tenth, eves, protocols + 2 * tenth];
			assert_eq!(everybody(), after);
		}

		// If the contributor sleeps, it is in no further release, and nobody gets anything: it earns of this one
		// what it did.
		let earned = claimable(0, 1);
		let the_others = claimable(1, 1);
		let before = (everybody(), wealth(&data_pot));
		assert_ok!(send(&id(accomplice), accuse()));
		assert_ok!(send(&id(CURATOR), confirm()));
		pass(parameters::ContestPeriod::get());
		assert_ok!(send(&id(accomplice), suspend()));
		assert_eq!((everybody(), wealth(&data_pot)), before);
		assert_eq!(claim(0, 1), Ok(earned));
		assert_eq!(claim(1, 1), Ok(the_others));
		let entry = Contributions::<Runtime>::get(0).unwrap();
		assert_eq!((entry.weight_at(1), entry.weight_at(2)), (1, 0));
	});
}

#[test]
fn a_fraud_that_accuses_itself() {
	on_chain(|| {
		market(0);
		let bond = parameters::ContributionBond::get();
		let [.., protocol] = pots();
		// Eve's second account accuses her, and turns to governance, so that nobody else would.
		let accuse = || Data::accuse_contribution { contribution: 0, reason: Fraud };
		let before = [id(Eve), id(Dave), id(FerdieStash), protocol].map(|who| (wealth(&who), who));
		assert_ok!(send(&id(Dave), accuse()));
		assert_ok!(send(&id(Dave), Data::escalate_accusation { contribution: 0 }));
		// Somebody else does, and it is their accusation that the verdict names.
		assert_ok!(send(&id(FerdieStash), accuse()));
		let accuser = Some(id(FerdieStash));
		assert_ok!(govern(Data::resolve_accusation { contribution: 0, accuser, guilty: true }));
		let drop_it = Data::drop_accusation { contribution: 0, accuser: id(Dave) };
		assert_ok!(send(&id(One), drop_it));
		let [eve, dave, reporter, protocol] = before.map(|(before, who)| {
			i128::try_from(wealth(&who)).unwrap() - i128::try_from(before).unwrap()
		});
		let bond = i128::try_from(bond).unwrap();
		assert_eq!([eve, dave, reporter], [-bond, -bond / 10, bond * 3 / 10]);
		assert_eq!(protocol, bond * 7 / 10 + bond / 10);
	});
}

#[test]
fn a_court_has_data_taken_down() {
	on_chain(|| {
		market(0);
		assert_ok!(the_call().settle());
		let earned = [0, 1].map(|contribution| claimable(contribution, 1));
		let order = Data::take_down { contribution: 0 };
		assert_eq!(send(&id(CURATOR), order.clone()), Err(DispatchError::BadOrigin));
		assert_ok!(govern(order));

		// What it would earn goes to the protocol, and the other one's part is as large as it was.
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		assert_ok!(second.settle());
		assert_eq!(claim(0, 1), Ok(earned[0]));
		assert_eq!(claim(1, 1), Ok(2 * earned[1]));
		let [.., protocol] = pots();
		let before = wealth(&protocol);
		let sweep = Data::sweep_slashed { contribution: 0, releases: bounded([1]) };
		assert_ok!(send(&id(Dave), sweep));
		assert_eq!(wealth(&protocol), before + earned[0]);
		assert_ok!(govern(Data::restore { contribution: 0 }));
		let third = TheCall { sequence: 3, acknowledged: 100 * MILLI_OPEN, ..the_call() };
		assert_ok!(third.settle());
		assert_eq!(claim(0, 1), Ok(earned[0]));
	});
}

#[test]
fn duplicate_content_under_another_root_order() {
	on_chain(|| {
		market(0);
		let copy = Data::submit_contribution { datanet: 0, submission: submission(1) };
		let taken: DispatchError = DataError::<Runtime>::RootTaken.into();
		assert_eq!(send(&id(One), copy.clone()), Err(taken));

		// With its chunks in another order it has another root, and the curator of another datanet
		// does not notice.
		create_datanet(Dave, "other", 0);
		let copy = contribute(Bob, Dave, 1, 99, 4);
		publish(Dave, 1);
		let source =
			|datanet| DataSource { datanet, release: ReleaseSelector::Fixed(1), weight: 1 };
		let both: DataSources = bounded([source(0), source(1)]);
		let details = version("https://models.example/both", root(5), both);
		let publish_version = Models::publish_version { model: 0, details };
		assert_ok!(send(&id(DEVELOPER), publish_version));
		pass(parameters::NoticePeriod::get());
		pass(1);
		let as_of = block_before();
		let call = |sequence| TheCall {
			sequence,
			acknowledged: 50 * MILLI_OPEN * Balance::from(sequence - 1),
			version: 1,
			as_of,
			..the_call()
		};
		assert_ok!(call(1).settle());
		let half = data_part(50 * MILLI_OPEN, &policy()) / 2;
		let (earlier, others) = (claimable(0, 1), claimable(1, 1));
		assert_eq!((earlier, others, claimable(copy, 1)), (half / 4, half / 4 * 3, half));

		// The earlier one cannot be called the copy.
		let not_earlier: DispatchError = DataError::<Runtime>::NotEarlier.into();
		let backwards = Data::accuse_contribution { contribution: 0, reason: Duplicate(copy) };
		assert_eq!(send(&id(Bob), backwards), Err(not_earlier));

		// A reporter who has seen both asks governance if the curator does nothing, has it slashed, and
		// is paid out of its bond.
		let bond = parameters::ContributionBond::get();
		let before = (wealth(&id(FerdieStash)), wealth(&id(Bob)));
		let accuse = Data::accuse_contribution { contribution: copy, reason: Duplicate(0) };
		assert_ok!(send(&id(FerdieStash), accuse));
		let too_early: DispatchError = DataError::<Runtime>::TooEarly.into();
		let drop_it = Data::drop_accusation { contribution: copy, accuser: id(FerdieStash) };
		assert_eq!(send(&id(Dave), drop_it), Err(too_early));
		let escalate = Data::escalate_accusation { contribution: copy };
		assert_ok!(send(&id(FerdieStash), escalate));
		// It costs the reporter a tenth at once, which the reward makes up for.
		let fee = bond / 10;
		assert_eq!(wealth(&id(FerdieStash)), before.0 - fee);
		let accuser = Some(id(FerdieStash));
		assert_ok!(govern(Data::resolve_accusation { contribution: copy, accuser, guilty: true }));
		assert_eq!(wealth(&id(FerdieStash)), before.0 - fee + bond * 3 / 10);
		assert_eq!(wealth(&id(Bob)), before.1 - bond);

		// It is in no further release, and earns nothing more; the earlier one keeps everything.
		assert_eq!(RootOwner::<Runtime>::get(root(1)), Some(0));
		assert_ok!(call(2).settle());
		assert_eq!(claimable(0, 1), 2 * earlier);
		assert_eq!(claim(0, 1), Ok(2 * earlier));
		assert_eq!(claim(1, 1), Ok(2 * others));
		assert_eq!(claim(copy, 1), Ok(half));
		let empty: DispatchError = DataError::<Runtime>::EmptyRelease.into();
		assert_eq!(send(&id(Dave), Data::publish_release { datanet: 1 }), Err(empty));
		let [.., protocol] = pots();
		let before = wealth(&protocol);
		let sweep = Data::sweep_slashed { contribution: copy, releases: bounded([1]) };
		assert_ok!(send(&id(Eve), sweep));
		assert_eq!(wealth(&protocol), before + half);
		// Its root is free, for whoever can justify it. The earlier one's is not.
		assert_eq!(RootOwner::<Runtime>::get(root(99)), None);
		let again = Data::submit_contribution { datanet: 0, submission: submission(1) };
		assert_eq!(send(&id(Bob), again), Err(taken));
	});
}

#[test]
fn curator_keeps_what_was_rejected() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		// The curator sees it, rejects it, and brings it as their own before anybody else can.
		let bobs = bring(Bob, 0, 42).unwrap();
		pass(1);
		assert_ok!(send(&id(CURATOR), Data::reject_contribution { contribution: bobs }));
		let copy = bring(CURATOR, 0, 42).unwrap();
		let accept = Data::accept_contribution { contribution: copy, weight: 1_000 };
		assert_ok!(send(&id(CURATOR), accept));
		publish(CURATOR, 0);

		// It is Bob's all the same: he brings it elsewhere, and has the root. What becomes of the copy, governance
		// says.
		pass(1);
		let again = bring(Bob, 1, 42).unwrap();
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(again));
		let accept = Data::accept_contribution { contribution: again, weight: 1 };
		assert_ok!(send(&id(Dave), accept));
		let bond = parameters::ContributionBond::get();
		let before = (wealth(&id(Bob)), wealth(&id(CURATOR)));
		let reason = Duplicate(again);
		assert_ok!(send(&id(Bob), Data::accuse_contribution { contribution: copy, reason }));
		let accuser = Some(id(Bob));
		assert_ok!(govern(Data::resolve_accusation { contribution: copy, accuser, guilty: true }));
		assert_eq!(wealth(&id(Bob)), before.0 + bond * 3 / 10);
		assert_eq!(wealth(&id(CURATOR)), before.1 - bond);
		let entry = Contributions::<Runtime>::get(copy).unwrap();
		assert_eq!(entry.status, ContributionStatus::Slashed);
	});
}

#[test]
fn curator_takes_what_was_not_decided_about() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		// The curator neither accepts Bob's nor rejects it, and their second account waits.
		let bobs = bring(Bob, 0, 42).unwrap();
		let period: openledger_primitives::BlockNumber =
			<Runtime as pallet_data_attribution::Config>::PendingPeriod::get();
		let lapse = || Data::lapse_contribution { contribution: bobs };
		pass(period - 1);
		let too_early: DispatchError = DataError::<Runtime>::TooEarly.into();
		assert_eq!(send(&id(FerdieStash), lapse()), Err(too_early));
		pass(1);
		let taken: DispatchError = DataError::<Runtime>::RootTaken.into();
		assert_eq!(bring(FerdieStash, 0, 42), Err(taken));
		assert_ok!(send(&id(FerdieStash), lapse()));
		let copy = bring(FerdieStash, 0, 42).unwrap();
		let accept = Data::accept_contribution { contribution: copy, weight: 1 };
		assert_ok!(send(&id(CURATOR), accept));

		// Bob has a day to bring it where he likes, with the right that he had.
		pass(1);
		let again = bring(Bob, 1, 42).unwrap();
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(again));
	});
}

#[test]
fn thief_with_a_root_and_without_the_data() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "own", 0);
		let contribution = NextContributionId::<Runtime>::get();
		// Dave has reserved what he guesses that Bob will bring, and accepts it himself.
		let commitment =
			pallet_data_attribution::Pallet::<Runtime>::commitment(root(42), &id(Dave));
		assert_ok!(send(&id(Dave), Data::reserve_root { commitment }));
		pass(1);
		let bobs = bring(Bob, 0, 42).unwrap();
		assert_ok!(send(&id(CURATOR), Data::accept_contribution { contribution: bobs, weight: 1 }));
		let submission = submission(42);
		let own = contribution + 1;
		assert_ok!(send(&id(Dave), Data::submit_contribution { datanet: 1, submission }));
		let accept = Data::accept_contribution { contribution: own, weight: 1 };
		let not_shown: DispatchError = DataError::<Runtime>::NotShown.into();
		assert_eq!(send(&id(Dave), accept), Err(not_shown));
		pass(<Runtime as pallet_data_attribution::Config>::DrawDelay::get());
		let guess = Data::show_possession { contribution: own, proof: proof(41) };
		let wrong: DispatchError = DataError::<Runtime>::PossessionNotShown.into();
		assert_eq!(send(&id(Dave), guess), Err(wrong));

		// He loses the deposit of the reservation, and Bob nothing.
		pass(<Runtime as pallet_data_attribution::Config>::ShowPeriod::get());
		let before = wealth(&id(Dave));
		assert_ok!(send(&id(Bob), Data::lapse_contribution { contribution: own }));
		let deposit: Balance =
			<Runtime as pallet_data_attribution::Config>::ReservationDeposit::get();
		assert_eq!(wealth(&id(Dave)), before - deposit);
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(bobs));
	});
}

#[test]
fn squatter_on_a_root_that_nobody_decides_about() {
	on_chain(|| {
		market(0);
		// Eve has the same data as Bob, is quicker, and decides about hers herself: not at all.
		create_datanet(Eve, "trap", 0);
		let before = wealth(&id(Eve));
		let hers = bring(Eve, 1, 42).unwrap();
		let taken: DispatchError = DataError::<Runtime>::RootTaken.into();
		assert_eq!(bring(Bob, 0, 42), Err(taken));
		let accuse = Data::accuse_contribution { contribution: hers, reason: Fraud };
		let not_accepted: DispatchError = DataError::<Runtime>::NotAccepted.into();
		assert_eq!(send(&id(Bob), accuse), Err(not_accepted));

		// She has it for a week, and once more with the claim that this leaves her. Not a third time.
		let period: openledger_primitives::BlockNumber =
			<Runtime as pallet_data_attribution::Config>::PendingPeriod::get();
		pass(period);
		assert_ok!(send(&id(Bob), Data::lapse_contribution { contribution: hers }));
		let again = bring(Eve, 1, 42).unwrap();
		pass(period);
		assert_ok!(send(&id(Bob), Data::lapse_contribution { contribution: again }));
		assert_eq!(wealth(&id(Eve)), before);
		let bobs = bring(Bob, 0, 42).unwrap();
		assert_eq!(bring(Eve, 1, 42), Err(taken));
		assert_ok!(send(&id(CURATOR), Data::accept_contribution { contribution: bobs, weight: 1 }));
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(bobs));
	});
}

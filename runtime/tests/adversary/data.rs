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

		// Once it is found to be a fraud, the contributor gets nothing more: of calls that were agreed on
		// before, its part is the protocol's.
		let accuse = Data::accuse_contribution { contribution: 1, reason: Fraud };
		assert_ok!(send(&id(Dave), accuse));
		let accuser = id(Dave);
		assert_ok!(govern(Data::resolve_accusation { contribution: 1, accuser, guilty: true }));
		assert_eq!(attribute(&[(1, 10_000)]), Ok((0, half)));
		assert_eq!(SlashedEarnings::<Runtime>::get(1), half);
		// And to calls that are agreed on later it is nothing at all.
		pass(1);
		let before = pool();
		let later = TheCall { lane: 1, as_of: block_before(), ..the_call() };
		let later = TheCall { attribution: vec![(1, 10_000)], ..later };
		assert_ok!(later.settle());
		assert_eq!(pool() - before, data - data / 10);
		assert_eq!(SlashedEarnings::<Runtime>::get(1), half);
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
		let confirm = || Data::confirm_accusation { contribution: 0 };

		// Not by the curator alone, not even if the accuser becomes the curator.
		let is_curator: DispatchError = DataError::<Runtime>::AccuserIsCurator.into();
		assert_eq!(send(&id(CURATOR), accuse()), Err(is_curator));
		assert_ok!(send(&id(accomplice), accuse()));
		let offer = Data::offer_curator { datanet: 0, to: id(accomplice) };
		assert_ok!(send(&id(CURATOR), offer));
		assert_ok!(send(&id(accomplice), Data::accept_curator { datanet: 0 }));
		assert_eq!(send(&id(accomplice), confirm()), Err(is_curator));
		let back = Data::offer_curator { datanet: 0, to: id(CURATOR) };
		assert_ok!(send(&id(accomplice), back));
		assert_ok!(send(&id(CURATOR), Data::accept_curator { datanet: 0 }));

		// With an accomplice, the contributor contests, and only governance decides. It costs them.
		let before = (wealth(&id(accomplice)), wealth(&id(Eve)));
		assert_ok!(send(&id(CURATOR), confirm()));
		assert_ok!(send(&id(Eve), Data::contest_accusation { contribution: 0 }));
		pass(2 * parameters::ContestPeriod::get());
		let execute = || Data::execute_slash { contribution: 0 };
		let contested: DispatchError = DataError::<Runtime>::AccusationContested.into();
		assert_eq!(send(&id(CURATOR), execute()), Err(contested));
		let accuser = id(accomplice);
		let decide =
			|guilty| Data::resolve_accusation { contribution: 0, accuser: accuser.clone(), guilty };
		assert_eq!(send(&id(CURATOR), decide(true)), Err(DispatchError::BadOrigin));
		assert_ok!(govern(decide(false)));
		assert_eq!(wealth(&id(accomplice)), before.0 - bond);
		assert_eq!(wealth(&id(Eve)), before.1 + bond);

		// If the contributor sleeps, the protocol gets the bond, and they get nothing: what was earned
		// stays the contributor's, what comes is the protocol's, and the other's share is what it was.
		let [data_pot, _, protocol] = pots();
		let earned = claimable(0, 1);
		let the_others = claimable(1, 1);
		let before =
			(wealth(&id(CURATOR)), wealth(&id(accomplice)), wealth(&protocol), wealth(&data_pot));
		assert_ok!(send(&id(accomplice), accuse()));
		assert_ok!(send(&id(CURATOR), confirm()));
		pass(parameters::ContestPeriod::get());
		assert_ok!(send(&id(accomplice), execute()));
		assert_eq!(wealth(&id(CURATOR)), before.0);
		assert_eq!(wealth(&id(accomplice)), before.1);
		assert_eq!(wealth(&protocol), before.2 + bond);
		assert_eq!(wealth(&data_pot), before.3);
		assert_eq!(claim(0, 1), Ok(earned));
		assert_eq!(claim(1, 1), Ok(the_others));

		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		assert_ok!(second.settle());
		assert_eq!(claim(1, 1), Ok(the_others));
		assert_eq!(claim(0, 1), Err(DataError::<Runtime>::NothingToClaim.into()));
		let before = wealth(&protocol);
		let sweep = Data::sweep_slashed { contribution: 0, releases: bounded([1]) };
		assert_ok!(send(&id(CURATOR), sweep));
		assert_eq!(wealth(&protocol), before + earned);
	});
}

#[test]
fn duplicate_content_under_another_root_order() {
	on_chain(|| {
		market(0);
		let bytes = submission(root(1), 1, "https://data.example/copy");
		let copy = Data::submit_contribution { datanet: 0, submission: bytes };
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
		let drop_it = Data::drop_accusation { contribution: copy };
		assert_eq!(send(&id(Dave), drop_it), Err(too_early));
		let escalate = Data::escalate_accusation { contribution: copy };
		assert_ok!(send(&id(FerdieStash), escalate));
		// It costs the reporter a tenth at once, which the reward makes up for. A verdict about somebody
		// else's accusation is none about this one.
		let fee = bond / 10;
		assert_eq!(wealth(&id(FerdieStash)), before.0 - fee);
		let verdict =
			|accuser| Data::resolve_accusation { contribution: copy, accuser, guilty: true };
		let other: DispatchError = DataError::<Runtime>::OtherAccusation.into();
		assert_eq!(govern(verdict(id(Dave))), Err(other));
		assert_ok!(govern(verdict(id(FerdieStash))));
		assert_eq!(wealth(&id(FerdieStash)), before.0 - fee + bond * 3 / 10);
		assert_eq!(wealth(&id(Bob)), before.1 + fee - bond);

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
		let bytes = submission(root(1), 1, "https://data.example/again");
		let again = Data::submit_contribution { datanet: 0, submission: bytes };
		assert_eq!(send(&id(Bob), again), Err(taken));
	});
}

#[test]
fn curator_keeps_what_was_rejected() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		let submit = |datanet| {
			let submission = submission(root(42), 1, "https://data.example/new");
			Data::submit_contribution { datanet, submission }
		};
		// The curator sees it, rejects it, and brings it as their own before anybody else can.
		assert_ok!(send(&id(Bob), submit(0)));
		let bobs = NextContributionId::<Runtime>::get() - 1;
		pass(1);
		assert_ok!(send(&id(CURATOR), Data::reject_contribution { contribution: bobs }));
		assert_ok!(send(&id(CURATOR), submit(0)));
		let copy = bobs + 1;
		let accept = Data::accept_contribution { contribution: copy, weight: 1_000 };
		assert_ok!(send(&id(CURATOR), accept));
		publish(CURATOR, 0);

		// It is Bob's all the same: he brings it elsewhere, and the copy is slashed on the spot.
		pass(1);
		assert_ok!(send(&id(Bob), submit(1)));
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(copy + 1));
		let accept = Data::accept_contribution { contribution: copy + 1, weight: 1 };
		assert_ok!(send(&id(Dave), accept));
		let bond = parameters::ContributionBond::get();
		let before = (wealth(&id(Bob)), wealth(&id(CURATOR)));
		let reason = Duplicate(copy + 1);
		assert_ok!(send(&id(Bob), Data::accuse_contribution { contribution: copy, reason }));
		assert_eq!(wealth(&id(Bob)), before.0 + bond * 3 / 10);
		assert_eq!(wealth(&id(CURATOR)), before.1 - bond);
		let entry = Contributions::<Runtime>::get(copy).unwrap();
		assert_eq!(entry.status, ContributionStatus::Slashed);
	});
}

#[test]
fn squatter_on_a_root_that_nobody_decides_about() {
	on_chain(|| {
		market(0);
		// Eve sees Bob's submission before it is in a block, is quicker, and decides about hers herself:
		// not at all.
		create_datanet(Eve, "trap", 0);
		let submit = |datanet| {
			let submission = submission(root(42), 1, "https://data.example/new");
			Data::submit_contribution { datanet, submission }
		};
		let before = wealth(&id(Eve));
		let hers = NextContributionId::<Runtime>::get();
		assert_ok!(send(&id(Eve), submit(1)));
		let taken: DispatchError = DataError::<Runtime>::RootTaken.into();
		assert_eq!(send(&id(Bob), submit(0)), Err(taken));
		let accuse = Data::accuse_contribution { contribution: hers, reason: Fraud };
		let not_accepted: DispatchError = DataError::<Runtime>::NotAccepted.into();
		assert_eq!(send(&id(Bob), accuse), Err(not_accepted));

		// Bob waits for a week, and has it. He has reserved it, so she does not come back.
		let period: openledger_primitives::BlockNumber =
			<Runtime as pallet_data_attribution::Config>::PendingPeriod::get();
		pass(period - 2);
		let commitment = pallet_data_attribution::Pallet::<Runtime>::commitment(root(42), &id(Bob));
		assert_ok!(send(&id(Bob), Data::reserve_root { commitment }));
		pass(1);
		assert_eq!(send(&id(Bob), submit(0)), Err(taken));
		let again = pallet_data_attribution::Pallet::<Runtime>::commitment(root(42), &id(Eve));
		assert_ok!(send(&id(Eve), Data::reserve_root { commitment: again }));
		pass(1);
		assert_ok!(send(&id(Bob), submit(0)));
		assert_eq!(send(&id(Eve), submit(1)), Err(taken));
		let accept = |contribution| Data::accept_contribution { contribution, weight: 1 };
		let unknown: DispatchError = DataError::<Runtime>::UnknownContribution.into();
		assert_eq!(send(&id(Eve), accept(hers)), Err(unknown));
		assert_ok!(send(&id(CURATOR), accept(hers + 1)));
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(hers + 1));
		// It was for nothing, but it cost her nothing either.
		assert_eq!(wealth(&id(Eve)), before);
	});
}

//! Datanets, contributions and releases: each call and each of its errors.

use crate::{
	mock::*, Accusation, Admission, Checkpoint, Contribution, ContributionStatus, Contributions,
	ContributionsOf, Datanet, Datanets, Draw, Error, Event, HoldReason, NextContributionId,
	NextDatanetId, Possession, Release, ReleaseLogs, Releases, Reservation, RootOwner,
	MAX_RELEASES, MAX_TOTAL_WEIGHT,
};
use codec::MaxEncodedLen;
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::Inspect, GetStorageVersion, StorageVersion},
	BoundedVec,
};
use openledger_primitives::{
	contribution::{Standing, Submission},
	history::History,
	pool_index::PoolIndex,
	release::ReleaseLog,
	traits::DataInspect,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId,
};
use sp_runtime::{Permill, TokenError};

#[test]
fn creating_a_datanet_holds_its_deposit() {
	run(|| {
		assert_ok!(DataAttribution::create_datanet(signed(&CURATOR), name("law/cases")));
		assert_eq!(
			Datanets::<Test>::get(0),
			Some(Datanet {
				name: name("law/cases"),
				curators: History::new(1, CURATOR),
				offered_to: None,
				open: true,
				curator_share: Permill::zero(),
				deposit: DatanetDeposit::get(),
				latest_release: 0,
				current: History::new(1, 0),
				next_total_weight: 0,
				next_contributions: 0,
				contributions: 0,
				changed: false,
			})
		);
		assert_eq!(held(HoldReason::Datanet, &CURATOR), DatanetDeposit::get());
		System::assert_last_event(
			Event::DatanetCreated {
				datanet: 0,
				curator: CURATOR,
				name: name("law/cases"),
				open: true,
				curator_share: Permill::zero(),
			}
			.into(),
		);
		assert_eq!(DataAttribution::datanet_by_name(b"law/cases"), Some(0));
		assert_noop!(
			DataAttribution::create_datanet(signed(&ALICE), name("law/cases")),
			Error::<Test>::NameTaken
		);
		assert_eq!(datanet(), 1);
	});
}

#[test]
fn creating_a_datanet_needs_a_readable_name() {
	run(|| {
		for bad in ["", "Law", "law cases", "/law"] {
			assert_noop!(
				DataAttribution::create_datanet(signed(&CURATOR), name(bad)),
				Error::<Test>::InvalidName
			);
		}
	});
}

#[test]
fn creating_a_datanet_needs_the_deposit() {
	run(|| {
		assert_noop!(
			DataAttribution::create_datanet(signed(&POOR), name("law")),
			TokenError::FundsUnavailable
		);
	});
}

#[test]
fn submitting_holds_the_bond() {
	run(|| {
		let datanet = datanet();
		assert_ok!(DataAttribution::submit_contribution(signed(&ALICE), datanet, submission(9)));
		assert_eq!(
			Contributions::<Test>::get(0),
			Some(Contribution {
				datanet,
				contributor: ALICE,
				beneficiary: None,
				root: root(9),
				size: 1_000,
				uri: uri(),
				format: 1,
				licence: submission(9).licence,
				bond: ContributionBond::get(),
				since: 1,
				kept_until: None,
				displaced: None,
				possession: Possession::Owed(1 + DrawDelay::get()),
				status: ContributionStatus::Pending,
				taken_down: None,
				standing: History::default(),
				place: None,
				checkpoints: Default::default(),
			})
		);
		assert_eq!(RootOwner::<Test>::get(root(9)), None);
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().contributions, 1);
		assert!(ContributionsOf::<Test>::contains_key(ALICE, 0u64.to_be_bytes()));
		assert_eq!(held(HoldReason::Contribution, &ALICE), ContributionBond::get());
		System::assert_last_event(
			Event::ContributionSubmitted {
				contribution: 0,
				datanet,
				contributor: ALICE,
				root: root(9),
				format: 1,
				since: 1,
				draw: Some(1 + DrawDelay::get()),
			}
			.into(),
		);
	});
}

#[test]
fn submitting_needs_a_datanet_and_bytes_and_the_bond() {
	run(|| {
		let submit = |who: &AccountId, datanet, size| {
			let submission = Submission { size, ..submission(1) };
			DataAttribution::submit_contribution(signed(who), datanet, submission)
		};
		assert_noop!(submit(&ALICE, 0, 1), Error::<Test>::UnknownDatanet);
		let datanet = datanet();
		assert_noop!(submit(&ALICE, datanet, 0), Error::<Test>::EmptyContribution);
		assert_noop!(submit(&POOR, datanet, 1), TokenError::FundsUnavailable);
	});
}

#[test]
fn a_root_belongs_to_whoever_shows_it_first_in_any_datanet() {
	run(|| {
		let (one, other) = (datanet(), datanet());
		let first = submitted(&ALICE, one);
		for datanet in [one, other] {
			assert_noop!(
				DataAttribution::submit_contribution(signed(&BOB), datanet, submission(first)),
				Error::<Test>::RootTaken
			);
		}
	});
}

#[test]
fn accepting_gives_weight_from_the_next_release_on() {
	run(|| {
		let (datanet, first, _) = released(&[(ALICE, 5)]);
		let second = submitted(&BOB, datanet);
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), second, 7));

		let entry = Contributions::<Test>::get(second).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		assert_eq!(entry.checkpoints.to_vec(), vec![Checkpoint { from_release: 2, weight: 7 }]);
		assert_eq!(entry.weight_at(first), 0);
		assert_eq!(entry.weight_at(first + 1), 7);
		assert_eq!(entry.place, Some(1));
		assert_eq!(entry.standing, History::new(1, Standing::Accepted));
		assert_eq!(ReleaseLogs::<Test>::get(datanet).count(), 2);
		let datanet_entry = Datanets::<Test>::get(datanet).unwrap();
		assert_eq!(datanet_entry.next_total_weight, 12);
		assert_eq!(datanet_entry.next_contributions, 2);
		assert!(datanet_entry.changed);
		System::assert_last_event(
			Event::ContributionAccepted {
				contribution: second,
				datanet,
				weight: 7,
				from_release: 2,
				place: 1,
			}
			.into(),
		);
		// The bond stays.
		assert_eq!(held(HoldReason::Contribution, &BOB), ContributionBond::get());
	});
}

#[test]
fn accepting_needs_a_pending_contribution_and_its_curator() {
	run(|| {
		assert_noop!(
			DataAttribution::accept_contribution(signed(&CURATOR), 0, 1),
			Error::<Test>::UnknownContribution
		);
		let contribution = submitted(&ALICE, datanet());
		assert_noop!(
			DataAttribution::accept_contribution(signed(&ALICE), contribution, 1),
			Error::<Test>::NotCurator
		);
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1));
		assert_noop!(
			DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1),
			Error::<Test>::NotPending
		);
	});
}

#[test]
fn accepting_bounds_the_weight() {
	run(|| {
		let datanet = datanet();
		let accept = |contribution, weight| {
			DataAttribution::accept_contribution(signed(&CURATOR), contribution, weight)
		};
		let first = submitted(&ALICE, datanet);
		assert_noop!(accept(first, 0), Error::<Test>::ZeroWeight);
		assert_noop!(accept(first, MAX_TOTAL_WEIGHT + 1), Error::<Test>::WeightTooHigh);
		assert_ok!(accept(first, MAX_TOTAL_WEIGHT - 1));
		let second = submitted(&BOB, datanet);
		assert_noop!(accept(second, 2), Error::<Test>::TotalWeightTooHigh);
		assert_ok!(accept(second, 1));
	});
}

#[test]
fn rejecting_and_withdrawing_free_bond_and_root() {
	type Way = (fn(ContributionId), fn(ContributionId) -> Event<Test>, Balance);
	let ways: [Way; 2] = [
		(
			|id| {
				assert_ok!(DataAttribution::reject_contribution(signed(&CURATOR), id));
			},
			|contribution| Event::ContributionRejected { contribution },
			1,
		),
		(
			|id| {
				assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), id));
			},
			|contribution| Event::ContributionWithdrawn { contribution },
			0,
		),
	];
	for (remove, event, reserved) in ways {
		run(|| {
			ContributionBond::set(3);
			ReservationDeposit::set(1);
			let datanet = datanet();
			let kept = submitted(&ALICE, datanet);
			let id = submitted(&ALICE, datanet);
			// What is freed is what was held, whatever the bond is by now.
			ContributionBond::set(1_000);
			remove(id);
			System::assert_last_event(event(id).into());
			assert_eq!(held(HoldReason::Contribution, &ALICE), 3);
			assert_eq!(held(HoldReason::Reservation, &ALICE), reserved);
			assert_eq!(Balances::balance(&ALICE), ENDOWMENT - 3 - reserved);
			assert!(Contributions::<Test>::contains_key(kept));
			assert!(!Contributions::<Test>::contains_key(id));
			assert!(!RootOwner::<Test>::contains_key(root(id)));
			assert!(!ContributionsOf::<Test>::contains_key(ALICE, id.to_be_bytes()));

			let again = submission(id);
			assert_ok!(DataAttribution::submit_contribution(signed(&BOB), datanet, again));
			ContributionBond::set(2);
		});
	}
}

#[test]
fn rejecting_needs_a_pending_contribution_and_its_curator() {
	run(|| {
		let reject = |who: &AccountId, id| DataAttribution::reject_contribution(signed(who), id);
		assert_noop!(reject(&CURATOR, 0), Error::<Test>::UnknownContribution);
		let contribution = submitted(&ALICE, datanet());
		assert_noop!(reject(&ALICE, contribution), Error::<Test>::NotCurator);
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1));
		assert_noop!(reject(&CURATOR, contribution), Error::<Test>::NotPending);
	});
}

#[test]
fn withdrawing_needs_a_pending_contribution_and_its_contributor() {
	run(|| {
		let withdraw =
			|who: &AccountId, id| DataAttribution::withdraw_contribution(signed(who), id);
		assert_noop!(withdraw(&ALICE, 0), Error::<Test>::UnknownContribution);
		let contribution = submitted(&ALICE, datanet());
		assert_noop!(withdraw(&CURATOR, contribution), Error::<Test>::NotContributor);
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1));
		assert_noop!(withdraw(&ALICE, contribution), Error::<Test>::NotPending);
	});
}

#[test]
fn publishing_freezes_the_accepted_contributions() {
	run(|| {
		let datanet = datanet();
		assert_eq!(DataAttribution::latest_release(datanet), None);
		accepted(&ALICE, datanet, 3);
		accepted(&BOB, datanet, 4);
		submitted(&CAROL, datanet);
		assert_eq!(publish(datanet), 1);
		let first = Release {
			total_weight: 7,
			contributions: 2,
			root: ReleaseLogs::<Test>::get(datanet).root(),
			curator_share: Permill::zero(),
			index: PoolIndex::default(),
			received: 0,
		};
		assert_eq!(Releases::<Test>::get(datanet, 1), Some(first));
		System::assert_last_event(
			Event::ReleasePublished {
				datanet,
				release: 1,
				total_weight: 7,
				contributions: 2,
				curator_share: Permill::zero(),
				root: first.root,
			}
			.into(),
		);

		accepted(&CAROL, datanet, 10);
		assert_eq!(publish(datanet), 2);
		assert_eq!(Releases::<Test>::get(datanet, 1), Some(first));
		let second = Releases::<Test>::get(datanet, 2).unwrap();
		assert_eq!(second.total_weight, 17);
		assert_ne!(second.root, first.root);
		assert_eq!(DataAttribution::latest_release(datanet), Some(2));
		assert!(DataAttribution::release_exists(datanet, 1));
		assert!(DataAttribution::release_exists(datanet, 2));
		assert!(!DataAttribution::release_exists(datanet, 0));
		assert!(!DataAttribution::release_exists(datanet, 3));
		assert!(!DataAttribution::release_exists(datanet + 1, 1));
		assert_eq!(DataAttribution::latest_release(datanet + 1), None);
	});
}

#[test]
fn publishing_needs_a_change_and_the_curator() {
	run(|| {
		let publish = |who: &AccountId, id| DataAttribution::publish_release(signed(who), id);
		assert_noop!(publish(&CURATOR, 0), Error::<Test>::UnknownDatanet);
		let datanet = datanet();
		assert_noop!(publish(&ALICE, datanet), Error::<Test>::NotCurator);
		assert_noop!(publish(&CURATOR, datanet), Error::<Test>::EmptyRelease);
		submitted(&ALICE, datanet);
		assert_noop!(publish(&CURATOR, datanet), Error::<Test>::EmptyRelease);
		accepted(&ALICE, datanet, 1);
		assert_ok!(publish(&CURATOR, datanet));
		assert_noop!(publish(&CURATOR, datanet), Error::<Test>::NothingChanged);
	});
}

#[test]
fn each_release_has_its_deposit() {
	run(|| {
		let datanet = datanet();
		let id = accepted(&ALICE, datanet, 3);
		let deposit = ReleaseDeposit::get();
		publish(datanet);
		ReleaseDeposit::set(7);
		assert_ok!(DataAttribution::set_weight(signed(&CURATOR), id, 4));
		publish(datanet);
		let all = DatanetDeposit::get() + deposit + 7;
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().deposit, all);
		assert_eq!(held(HoldReason::Datanet, &CURATOR), all);

		assert_ok!(DataAttribution::set_weight(signed(&CURATOR), id, 5));
		ReleaseDeposit::set(ENDOWMENT);
		assert_noop!(
			DataAttribution::publish_release(signed(&CURATOR), datanet),
			TokenError::FundsUnavailable
		);

		// They move with the role, as they are by then.
		ReleaseDeposit::set(9);
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, BOB));
		assert_ok!(DataAttribution::accept_curator(signed(&BOB), datanet, ENDOWMENT));
		assert_eq!(held(HoldReason::Datanet, &CURATOR), 0);
		assert_eq!(Balances::balance(&CURATOR), ENDOWMENT);
		assert_eq!(held(HoldReason::Datanet, &BOB), DatanetDeposit::get() + 18);
	});
}

#[test]
fn sources_without_a_number_lead_to_a_later_release_after_a_notice() {
	run(|| {
		let (datanet, first, ids) = released(&[(ALICE, 1)]);
		let notice = ReleaseNotice::get();
		let state = || {
			let (entry, now) = (Datanets::<Test>::get(datanet).unwrap(), System::block_number());
			(entry.current_at(now), entry.announced(now))
		};
		let publish_with = |weight| {
			assert_ok!(DataAttribution::set_weight(signed(&CURATOR), ids[0], weight));
			publish(datanet)
		};
		assert_eq!(state(), (Some(first), None));

		let second = publish_with(2);
		let from = 1 + notice;
		let announced = |release, from| Event::ReleaseAnnounced { datanet, release, from };
		System::assert_last_event(announced(second, from).into());
		assert_eq!(state(), (Some(first), Some((second, from))));
		// One that is published meanwhile takes its place, and the notice begins anew.
		pass(notice - 1);
		let third = publish_with(3);
		let from = 2 * notice;
		System::assert_last_event(announced(third, from).into());
		assert_eq!(state(), (Some(first), Some((third, from))));
		pass(notice - 1);
		assert_eq!(state(), (Some(first), Some((third, from))));
		pass(1);
		assert_eq!(state(), (Some(third), None));
		// What has become current stays that while the next one is announced.
		let fourth = publish_with(4);
		assert_eq!(state(), (Some(third), Some((fourth, from + notice))));
		assert_eq!(DataAttribution::latest_release(datanet), Some(fourth));
	});
}

#[test]
fn ids_end_with_an_error() {
	new_test_ext().execute_with(|| {
		let datanet = datanet();
		accepted(&ALICE, datanet, 1);
		NextContributionId::<Test>::put(ContributionId::MAX);
		assert_noop!(
			DataAttribution::submit_contribution(signed(&ALICE), datanet, submission(77)),
			Error::<Test>::OutOfIds
		);
		NextDatanetId::<Test>::put(DatanetId::MAX);
		assert_noop!(
			DataAttribution::create_datanet(signed(&CURATOR), name("law")),
			Error::<Test>::OutOfIds
		);
	});
}

#[test]
fn a_datanet_has_only_so_many_releases() {
	new_test_ext().execute_with(|| {
		let datanet = datanet();
		let pending = submitted(&ALICE, datanet);
		let other = accepted(&ALICE, datanet, 1);
		Datanets::<Test>::mutate(datanet, |entry| {
			entry.as_mut().unwrap().latest_release = MAX_RELEASES - 1;
		});
		assert_ok!(DataAttribution::publish_release(signed(&CURATOR), datanet));
		Datanets::<Test>::mutate(datanet, |entry| entry.as_mut().unwrap().changed = true);
		assert_noop!(
			DataAttribution::publish_release(signed(&CURATOR), datanet),
			Error::<Test>::TooManyReleases
		);
		assert_noop!(
			DataAttribution::accept_contribution(signed(&CURATOR), pending, 1),
			Error::<Test>::TooManyReleases
		);
		assert_noop!(
			DataAttribution::set_weight(signed(&CURATOR), other, 2),
			Error::<Test>::TooManyReleases
		);
		// Whoever is in the last one can still stop.
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), other));
	});
}

#[test]
fn weight_is_that_of_the_newest_checkpoint() {
	let contribution = Contribution {
		datanet: 0,
		contributor: ALICE,
		beneficiary: None,
		root: root(1),
		size: 1,
		uri: uri(),
		format: 1,
		licence: Default::default(),
		bond: 0,
		since: 0u32,
		kept_until: None,
		displaced: None,
		possession: Possession::Shown(1),
		taken_down: None,
		status: ContributionStatus::Accepted,
		standing: History::new(0, Standing::Accepted),
		place: Some(0),
		checkpoints: BoundedVec::truncate_from(vec![
			Checkpoint { from_release: 2, weight: 5 },
			Checkpoint { from_release: 4, weight: 0 },
			Checkpoint { from_release: 5, weight: 9 },
		]),
	};
	let weights = (1..=6).map(|release| contribution.weight_at(release)).collect::<Vec<_>>();
	assert_eq!(weights, vec![0, 5, 5, 0, 9, 9]);
}

#[test]
fn the_storage_table_tells_the_truth() {
	assert_eq!(Datanet::<AccountId, BlockNumber>::max_encoded_len(), 944);
	assert_eq!(ReleaseLog::max_encoded_len(), 1_029);
	assert_eq!(Admission::<AccountId>::max_encoded_len(), 48);
	assert_eq!(Contribution::<AccountId, BlockNumber>::max_encoded_len(), 692);
	assert_eq!(Draw::max_encoded_len(), 37);
	assert_eq!(Release::max_encoded_len(), 96);
	assert_eq!(Accusation::<AccountId, BlockNumber>::max_encoded_len(), 83);
	assert_eq!(Reservation::<AccountId, BlockNumber>::max_encoded_len(), 66);
	assert_eq!(DataAttribution::in_code_storage_version(), StorageVersion::new(1));
}

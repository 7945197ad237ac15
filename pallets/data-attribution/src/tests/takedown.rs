//! What a court's order and withdrawn consent do, and what they leave alone.

use crate::{
	mock::*, AccusationReason::Fraud, ContributionStatus, Contributions, Datanets, DirectEarnings,
	Error, Event, HoldReason, RootOwner, SlashedEarnings, MAX_CHECKPOINTS, MAX_STANDINGS,
	MAX_TOTAL_WEIGHT,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use openledger_primitives::{
	contribution::Standing, info::ContributionState, AccountId, Balance, ContributionId, ReleaseId,
};
use sp_runtime::{DispatchError, Permill};

const NOTHING: Permill = Permill::from_percent(0);
const HALF: Permill = Permill::from_percent(50);

fn take_down(contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::take_down(RuntimeOrigin::root(), contribution)
		.map(|_| ())
		.map_err(|error| error.error)
}

fn restore(contribution: ContributionId) -> Result<(), DispatchError> {
	DataAttribution::restore(RuntimeOrigin::root(), contribution)
		.map(|_| ())
		.map_err(|error| error.error)
}

fn claim(
	who: &AccountId,
	id: ContributionId,
	releases: &[ReleaseId],
) -> Result<Balance, DispatchError> {
	let before = Balances::balance(who);
	let releases = BoundedVec::truncate_from(releases.to_vec());
	DataAttribution::claim(signed(who), id, releases).map_err(|error| error.error)?;
	Ok(Balances::balance(who) - before)
}

fn sweep(id: ContributionId, releases: &[ReleaseId]) -> Result<Balance, DispatchError> {
	let before = Balances::balance(&PROTOCOL);
	let releases = BoundedVec::truncate_from(releases.to_vec());
	DataAttribution::sweep_slashed(signed(&DAVE), id, releases).map_err(|error| error.error)?;
	Ok(Balances::balance(&PROTOCOL) - before)
}

fn weight_of_next(datanet: u32) -> u64 {
	Datanets::<Test>::get(datanet).unwrap().next_total_weight
}

#[test]
fn what_is_taken_down_earns_for_the_protocol_and_moves_nobody_elses_share() {
	run(|| {
		let (datanet, first, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		let sources = [fixed(datanet, first, 1)];
		pay(400, HALF, &[(ids[0], 1)], &sources).unwrap();
		pass(2);
		assert_ok!(take_down(ids[0]));
		System::assert_last_event(
			Event::ContributionTakenDown {
				contribution: ids[0],
				datanet,
				from_release: first + 1,
				kept: 150,
			}
			.into(),
		);
		let info = DataAttribution::contribution_info(ids[0]).unwrap();
		assert_eq!((info.state, info.next_weight), (ContributionState::TakenDown, 0));
		assert_eq!(RootOwner::<Test>::get(root(ids[0])), Some(ids[0]));
		assert_eq!(held(HoldReason::Contribution, &ALICE), ContributionBond::get());
		// It is in no later release, and Bob's part of this one is as large as it was.
		assert_eq!(weight_of_next(datanet), 1);
		pay(400, HALF, &[(ids[0], 1)], &sources).unwrap();
		let agreed = System::block_number() - 1;
		pay_as_of(agreed, 400, HALF, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(claim(&BOB, ids[1], &[first]), Ok(150));
		// Alice has what it had earned, and the protocol what it would earn.
		assert_eq!(claim(&ALICE, ids[0], &[first]), Ok(200 + 150));
		assert_noop!(
			DataAttribution::claim(signed(&ALICE), ids[0], BoundedVec::truncate_from(vec![first])),
			Error::<Test>::NothingToClaim
		);
		assert_eq!(sweep(ids[0], &[first]), Ok(2 * (200 + 150)));
		let second = publish(datanet);
		assert_eq!(Contributions::<Test>::get(ids[0]).unwrap().weight_at(second), 0);
	});
}

#[test]
fn what_is_restored_earns_again_but_not_what_came_meanwhile() {
	run(|| {
		let (datanet, first, ids) = released(&[(ALICE, 3), (BOB, 1)]);
		let sources = [fixed(datanet, first, 1)];
		pass(1);
		assert_ok!(take_down(ids[0]));
		let down = System::block_number();
		pay(400, HALF, &[(ids[0], 1)], &sources).unwrap();
		pass(2);
		assert_ok!(restore(ids[0]));
		let up = System::block_number();
		System::assert_last_event(
			Event::ContributionRestored {
				contribution: ids[0],
				datanet,
				next_weight: 3,
				forfeited: 150,
			}
			.into(),
		);
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		let standings = [down - 1, down, up - 1, up].map(|block| entry.standing_at(block));
		let expected =
			[Standing::Accepted, Standing::TakenDown, Standing::TakenDown, Standing::Accepted];
		assert_eq!(standings, expected.map(Some));
		assert_eq!(weight_of_next(datanet), 4);
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 200 + 150);

		// Calls that were agreed on while it was down are not paid to it, those from before and since are.
		pay_as_of(up - 1, 400, HALF, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(DirectEarnings::<Test>::get(ids[0]), 0);
		for block in [down - 1, up] {
			pay_as_of(block, 400, HALF, &[(ids[0], 1)], &sources).unwrap();
		}
		assert_eq!(claim(&ALICE, ids[0], &[first]), Ok(2 * 200 + 3 * 150));
		assert_eq!(sweep(ids[0], &[first]), Ok(200 + 150 + 200));
		assert_eq!(sweep(ids[0], &[first]), Err(Error::<Test>::NotSlashed.into()));
		assert_eq!(claim(&BOB, ids[1], &[first]), Ok(4 * 50));
	});
}

#[test]
fn a_court_s_order_has_its_conditions() {
	run(|| {
		assert_noop!(take_down(0), Error::<Test>::UnknownContribution);
		let (datanet, _, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(take_down(pending), Error::<Test>::NotAccepted);
		assert_noop!(restore(ids[0]), Error::<Test>::NotTakenDown);
		for contribution in [0, 1] {
			assert_noop!(
				DataAttribution::take_down(signed(&CURATOR), contribution),
				DispatchError::BadOrigin
			);
			assert_noop!(
				DataAttribution::restore(signed(&ALICE), contribution),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(take_down(ids[0]));
		assert_noop!(take_down(ids[0]), Error::<Test>::TakenDown);
		let weigh = DataAttribution::set_weight(signed(&CURATOR), ids[0], 9);
		assert_noop!(weigh, Error::<Test>::TakenDown);
		let origin = RuntimeOrigin::root();
		assert_ok!(DataAttribution::resolve_accusation(origin, ids[1], None, true));
		assert_noop!(take_down(ids[1]), Error::<Test>::AlreadySlashed);
		assert_noop!(restore(ids[1]), Error::<Test>::AlreadySlashed);
	});
}

#[test]
fn what_is_taken_down_can_be_slashed_and_keeps_nothing_of_the_time() {
	run(|| {
		let (datanet, first, ids) = released(&[(ALICE, 1)]);
		let sources = [fixed(datanet, first, 1)];
		pay(100, NOTHING, &[], &sources).unwrap();
		assert_ok!(take_down(ids[0]));
		pay(100, NOTHING, &[], &sources).unwrap();
		assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), ids[0], Fraud));
		let origin = RuntimeOrigin::root();
		assert_ok!(DataAttribution::resolve_accusation(origin, ids[0], Some(CAROL), true));
		assert_eq!(claim(&ALICE, ids[0], &[first]), Ok(100));
		assert_eq!(sweep(ids[0], &[first]), Ok(100));
	});
}

#[test]
fn consent_that_was_withdrawn_does_not_come_back() {
	for accused in [false, true] {
		run(|| {
			let (datanet, first, ids) = released(&[(ALICE, 3), (BOB, 1)]);
			if accused {
				assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), ids[0], Fraud));
			}
			assert_ok!(take_down(ids[0]));
			assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), ids[0]));
			assert_ok!(restore(ids[0]));
			let entry = Contributions::<Test>::get(ids[0]).unwrap();
			assert!(matches!(entry.status, ContributionStatus::Stopped(_)));
			assert_eq!(weight_of_next(datanet), 1);
			// What was published stays paid.
			pay(400, NOTHING, &[], &[fixed(datanet, first, 1)]).unwrap();
			publish(datanet);
			assert_eq!(claim(&ALICE, ids[0], &[first, 2]), Ok(300));
		});
	}
}

#[test]
fn what_has_no_room_to_come_back_stays_out() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 3), (BOB, 4)]);
		// Others have taken the weight that there is.
		assert_ok!(take_down(ids[0]));
		let set_weight = |id, weight| DataAttribution::set_weight(signed(&CURATOR), id, weight);
		assert_ok!(set_weight(ids[1], MAX_TOTAL_WEIGHT));
		assert_ok!(restore(ids[0]));
		let status = |id| Contributions::<Test>::get(id).unwrap().status;
		assert!(matches!(status(ids[0]), ContributionStatus::Stopped(_)));
		assert_eq!(weight_of_next(datanet), MAX_TOTAL_WEIGHT);

		// Its own weight has changed as often as it can, and a release came between.
		assert_ok!(set_weight(ids[1], 4));
		for weight in 0..u64::from(MAX_CHECKPOINTS) - 3 {
			publish(datanet);
			assert_ok!(set_weight(ids[1], 10 + weight));
		}
		let other = accepted(&CAROL, datanet, 1);
		publish(datanet);
		assert_ok!(take_down(ids[1]));
		publish(datanet);
		assert_ok!(restore(ids[1]));
		assert!(matches!(status(ids[1]), ContributionStatus::Stopped(_)));
		assert_eq!(status(other), ContributionStatus::Accepted);
	});
}

#[test]
fn a_court_is_never_refused_for_want_of_room() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		for _ in 0..MAX_STANDINGS {
			pass(1);
			assert_ok!(take_down(ids[0]));
			pass(1);
			match restore(ids[0]) {
				Ok(()) => (),
				Err(error) => {
					assert_eq!(error, Error::<Test>::TooManyStandings.into());
					break;
				}
			}
		}
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.standing.now(), Some(&Standing::TakenDown));
		// Later on there is room again.
		pass(HistoryPeriod::get());
		assert_ok!(restore(ids[0]));
		assert_ok!(take_down(ids[0]));
	});
}

#[test]
fn what_a_court_takes_down_often_is_slashed_with_all_that_is_remembered() {
	run(|| {
		let (_, _, ids) = released(&[(ALICE, 1)]);
		for _ in 0..MAX_STANDINGS {
			pass(1);
			assert_ok!(take_down(ids[0]));
			pass(1);
			if restore(ids[0]).is_err() {
				break;
			}
		}
		pass(1);
		let origin = RuntimeOrigin::root();
		assert_ok!(DataAttribution::resolve_accusation(origin, ids[0], None, true));
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.standing.now(), Some(&Standing::Slashed));
		assert_eq!(entry.standing_at(1), Some(Standing::Accepted));
	});
}

#[test]
fn what_is_taken_down_keeps_its_root_though_no_release_has_it() {
	run(|| {
		let datanet = datanet();
		let id = accepted(&ALICE, datanet, 3);
		assert_ok!(take_down(id));
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), id));
		pass(BondLockPeriod::get());
		// If it were gone, anybody could bring the same data anew.
		let withdraw = || DataAttribution::withdraw_bond(signed(&ALICE), id);
		assert_ok!(withdraw());
		assert_eq!(held(HoldReason::Contribution, &ALICE), ContributionDeposit::get());
		assert_eq!(RootOwner::<Test>::get(root(id)), Some(id));
		assert_noop!(bring(&ALICE, datanet, id), Error::<Test>::RootTaken);
		assert_noop!(withdraw(), Error::<Test>::NothingHeld);
		assert_ok!(restore(id));
		assert_ok!(withdraw());
		assert_eq!(held(HoldReason::Contribution, &ALICE), 0);
		assert!(!Contributions::<Test>::contains_key(id));
		assert_ok!(bring(&ALICE, datanet, id));
	});
}

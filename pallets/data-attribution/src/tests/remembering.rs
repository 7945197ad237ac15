//! The state of an earlier block, and who would like it to have been something else.

use crate::{
	mock::*, AccusationReason, ContributionStatus, Contributions, Datanets, DirectEarnings, Error,
	HoldReason, SlashedEarnings, MAX_CURATORS, MAX_CURRENT, MAX_STANDINGS,
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	contribution::{Standing, Submission, FORMAT_PRIVATE_STREAM, FORMAT_UNSPECIFIED},
	history::History,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, ReleaseId,
};
use sp_runtime::{DispatchResult, Permill};

const ALL: Permill = Permill::from_percent(100);
const NOTHING: Permill = Permill::from_percent(0);

/// Lets a datanet have another release, without anything that costs a bond.
fn change(datanet: DatanetId) {
	Datanets::<Test>::mutate(datanet, |entry| entry.as_mut().unwrap().changed = true);
}

fn current_at(datanet: DatanetId, block: BlockNumber) -> Option<ReleaseId> {
	Datanets::<Test>::get(datanet).unwrap().current_at(block)
}

fn curator_at(datanet: DatanetId, block: BlockNumber) -> Option<AccountId> {
	Datanets::<Test>::get(datanet).unwrap().curator_at(block).cloned()
}

fn standing_at(contribution: ContributionId, block: BlockNumber) -> Option<Standing> {
	Contributions::<Test>::get(contribution).unwrap().standing_at(block)
}

fn hand_over(datanet: DatanetId, from: &AccountId, to: &AccountId) -> DispatchResult {
	DataAttribution::offer_curator(signed(from), datanet, to.clone())?;
	DataAttribution::accept_curator(signed(to), datanet, ENDOWMENT)
}

/// A verdict of governance.
fn slash(contribution: ContributionId) {
	let origin = RuntimeOrigin::root();
	assert_ok!(DataAttribution::resolve_accusation(origin, contribution, None, true));
}

/// The releases that were paid, and the contributions.
fn paid(payment: &DataPayment) -> (Vec<ReleaseId>, Vec<ContributionId>) {
	let pools = payment.pools.iter().map(|pool| pool.release).collect();
	(pools, payment.direct.iter().map(|direct| direct.contribution).collect())
}

#[test]
fn a_role_that_is_borrowed_within_a_block_was_nobodys() {
	run(|| {
		let datanet = datanet_with(true, 20);
		pass(1);
		for _ in 0..3 * MAX_CURATORS {
			assert_ok!(hand_over(datanet, &CURATOR, &BOB));
			assert_ok!(hand_over(datanet, &BOB, &CURATOR));
		}
		let entry = Datanets::<Test>::get(datanet).unwrap();
		assert_eq!(entry.curators.entries(), [(1, CURATOR)]);
	});
}

#[test]
fn a_verdict_does_not_reach_back_and_nothing_undoes_it() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let agreed = System::block_number();
		pass(2);
		slash(ids[0]);
		let verdict = System::block_number();

		let payment = pay_as_of(verdict - 1, 100, ALL, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(paid(&payment), (vec![], vec![ids[0]]));
		// From then on it is the protocol's, and neither the contributor's nor the others'.
		let payment = pay_as_of(verdict, 100, ALL, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(paid(&payment), (vec![], vec![ids[0]]));
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 200);
		// Nor did it count before it was accepted.
		assert_eq!(standing_at(ids[0], agreed - 1), None);
		assert_eq!(standing_at(ids[0], agreed), Some(Standing::Accepted));
		pass(10 * HistoryPeriod::get());
		let payment = pay(100, ALL, &[(ids[0], 1), (ids[1], 1)], &sources).unwrap();
		assert_eq!(paid(&payment), (vec![], ids.clone()));
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 250);
		assert_eq!(standing_at(ids[0], System::block_number()), Some(Standing::Slashed));
	});
}

#[test]
fn what_was_slashed_and_is_accepted_again_is_another_contribution() {
	run(|| {
		let (datanet, first, ids) = released(&[(ALICE, 1), (CAROL, 1)]);
		pass(1);
		slash(ids[0]);
		// The root is free, and whose it really is brings it.
		pass(1);
		let new = bring(&BOB, datanet, ids[0]).unwrap();
		let accept = |id| DataAttribution::accept_contribution(signed(&CURATOR), id, 1);
		assert_noop!(accept(ids[0]), Error::<Test>::NotPending);
		pass(1);
		assert_ok!(accept(new));
		let second = publish(datanet);

		let [old_entry, new_entry] =
			[ids[0], new].map(|id| Contributions::<Test>::get(id).unwrap());
		assert_eq!(old_entry.status, ContributionStatus::Slashed);
		assert_eq!(old_entry.slashed_at(), Some(2));
		assert_eq!(new_entry.standing, History::new(4, Standing::Accepted));
		assert_eq!((old_entry.place, new_entry.place), (Some(0), Some(2)));
		assert_eq!((old_entry.since, new_entry.since), (1, 3));
		assert_ne!(old_entry.log_leaf(ids[0]), new_entry.log_leaf(new));
		// It is not in the release that the other one was in, nor does it get what that would.
		for (release, id, expected) in
			[(first, new, vec![]), (second, new, vec![new]), (second, ids[0], vec![])]
		{
			let sources = [fixed(datanet, release, 1)];
			let payment = pay(100, ALL, &[(id, 1)], &sources).unwrap();
			assert_eq!(paid(&payment).1, expected, "{release} {id}");
		}
	});
}

#[test]
fn a_contribution_that_is_moved_is_the_same_one() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (CAROL, 1)]);
		let before = Contributions::<Test>::get(ids[0]).unwrap();
		let transfer = |from: &AccountId, to: AccountId| {
			DataAttribution::transfer_contribution(signed(from), ids[0], to)
		};
		pass(1);
		// The bond goes with it, wherever it goes: no account is left with it that is not at stake.
		assert_ok!(transfer(&ALICE, BOB));
		assert_ok!(transfer(&BOB, CAROL));
		assert_ok!(transfer(&CAROL, BOB));
		let bond = ContributionBond::get();
		let bonds = [&ALICE, &BOB, &CAROL].map(|who| held(HoldReason::Contribution, who));
		assert_eq!(bonds, [0, bond, bond]);
		let moved = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(moved, crate::Contribution { contributor: BOB, ..before.clone() });
		assert_eq!(moved.log_leaf(ids[0]), before.log_leaf(ids[0]));

		// Not to get out of the way of a verdict, and not after it.
		let fraud = AccusationReason::Fraud;
		assert_ok!(DataAttribution::accuse_contribution(signed(&DAVE), ids[0], fraud));
		assert_noop!(transfer(&BOB, ALICE), Error::<Test>::ContributionAccused);
		let origin = RuntimeOrigin::root();
		assert_ok!(DataAttribution::resolve_accusation(origin, ids[0], Some(DAVE), true));
		assert_noop!(transfer(&BOB, ALICE), Error::<Test>::AlreadySlashed);
		assert_eq!(held(HoldReason::Contribution, &BOB), 0);
		let sources = [fixed(datanet, release, 1)];
		pay(100, ALL, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 100);
	});
}

#[test]
fn a_day_of_releases_takes_one_place() {
	run(|| {
		let (datanet, first, _) = released(&[(ALICE, 1)]);
		ReleaseNotice::set(1_000);
		for _ in 0..400 {
			change(datanet);
			publish(datanet);
			pass(1);
		}
		let entry = Datanets::<Test>::get(datanet).unwrap();
		assert_eq!(entry.current.entries(), [(1, first), (1_400, 401)]);
		// None of those that were passed over was ever current.
		pass(1_000);
		let now = System::block_number();
		assert_eq!(current_at(datanet, 1_399), Some(first));
		assert_eq!(current_at(datanet, now), Some(401));
	});
}

#[test]
fn a_history_of_releases_that_is_full_stops_releases_and_nothing_else() {
	run(|| {
		ReleaseNotice::set(1);
		HistoryPeriod::set(1_000);
		let (datanet, first, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let mut published = 1;
		// Each is in force before the next.
		while published < MAX_CURRENT {
			pass(1);
			change(datanet);
			published = publish(datanet);
		}
		pass(1);
		change(datanet);
		let publish = || DataAttribution::publish_release(signed(&CURATOR), datanet);
		assert_noop!(publish(), Error::<Test>::TooManyReleaseChanges);
		let deposit = held(HoldReason::Datanet, &CURATOR);

		// What is known stays known, and what others do goes on.
		assert_eq!(current_at(datanet, 1), Some(first));
		let sources = [latest(datanet, 1)];
		let payment = pay(100, ALL, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(paid(&payment), (vec![], vec![ids[0]]));
		assert_ok!(DataAttribution::stop_contribution(signed(&BOB), ids[1]));
		slash(ids[0]);
		assert_ok!(hand_over(datanet, &CURATOR, &BOB));
		assert_ok!(hand_over(datanet, &BOB, &CURATOR));
		assert_eq!(held(HoldReason::Datanet, &CURATOR), deposit);

		// Room comes with time: what no block of the period can ask for is forgotten.
		accepted(&CAROL, datanet, 1);
		let began = Datanets::<Test>::get(datanet).unwrap().current.entries()[1].0;
		System::set_block_number(began + HistoryPeriod::get() - 1);
		assert_noop!(publish(), Error::<Test>::TooManyReleaseChanges);
		pass(1);
		assert_ok!(publish());
		let now = System::block_number();
		assert_eq!(current_at(datanet, now - HistoryPeriod::get()), Some(2));
		assert_eq!(current_at(datanet, now - HistoryPeriod::get() - 1), None);
	});
}

#[test]
fn the_curators_role_changes_hands_only_so_often() {
	run(|| {
		let datanet = datanet_with(true, 20);
		let id = accepted(&CAROL, datanet, 1);
		publish(datanet);
		let mut curators = vec![CURATOR, ALICE, BOB].into_iter().cycle().peekable();
		for _ in 1..MAX_CURATORS {
			pass(1);
			let from = curators.next().unwrap();
			assert_ok!(hand_over(datanet, &from, curators.peek().unwrap()));
		}
		let (curator, next) = (curators.next().unwrap(), curators.next().unwrap());
		pass(1);
		assert_ok!(DataAttribution::offer_curator(signed(&curator), datanet, next.clone()));
		let accept = || DataAttribution::accept_curator(signed(&next), datanet, ENDOWMENT);
		assert_noop!(accept(), Error::<Test>::TooManyCuratorChanges);

		// The one who has it goes on, and everybody is paid for their time.
		assert_ok!(DataAttribution::set_weight(signed(&curator), id, 2));
		let everybody = [CURATOR, ALICE, BOB];
		for block in 1..=System::block_number() {
			pay_as_of(block, 100, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
			let expected = &everybody[(block as usize - 1).min(7) % 3];
			assert_eq!(curator_at(datanet, block).as_ref(), Some(expected), "{block}");
		}
		let earned = everybody.map(|who| DataAttribution::pending_curator(&who));
		assert_eq!(earned.iter().sum::<Balance>(), 20 * Balance::from(System::block_number()));

		pass(HistoryPeriod::get());
		assert_ok!(accept());
		// Nobody is paid in the place of who is not known any more.
		assert_noop!(pay_as_of(1, 100, NOTHING, &[], &[fixed(datanet, 1, 1)]), FORGOTTEN);
	});
}

#[test]
fn slashing_has_room_however_often_a_standing_has_changed() {
	for forced in [false, true] {
		run(|| {
			let (_, _, ids) = released(&[(ALICE, 1)]);
			let mut withheld = true;
			let full = || {
				let entry = Contributions::<Test>::get(ids[0]).unwrap();
				entry.standing.entries().len() as u32
			};
			// Nothing sets it yet; what does will leave the last place free.
			while full() < MAX_STANDINGS - u32::from(!forced) {
				pass(1);
				let now = System::block_number();
				let standing = if withheld { Standing::Withheld } else { Standing::Accepted };
				withheld = !withheld;
				Contributions::<Test>::mutate(ids[0], |entry| {
					let history = &mut entry.as_mut().unwrap().standing;
					let set = match forced {
						true => history.set(now, standing, 0),
						false => history.set_but_last(now, standing, 0),
					};
					set.unwrap();
				});
			}
			pass(1);
			slash(ids[0]);
			let now = System::block_number();
			let entry = Contributions::<Test>::get(ids[0]).unwrap();
			assert_eq!(entry.slashed_at(), Some(now));
			assert_eq!(entry.standing_at(now), Some(Standing::Slashed));
			let before = entry.standing_at(now - 1);
			assert_eq!(before.is_none(), forced);
		});
	}
}

#[test]
fn what_is_withheld_is_not_named_and_earns_from_its_releases() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let agreed = System::block_number();
		pass(1);
		let withheld = System::block_number();
		Contributions::<Test>::mutate(ids[0], |entry| {
			let history = &mut entry.as_mut().unwrap().standing;
			history.set_but_last(withheld, Standing::Withheld, 0).unwrap();
		});
		assert!(DataAttribution::contribution_info(ids[0]).unwrap().withheld);
		let attribution = [(ids[0], 1), (ids[1], 1)];
		let payment = pay(100, ALL, &attribution, &sources).unwrap();
		assert_eq!(paid(&payment), (vec![release], vec![ids[1]]));
		// Its part is not the other one's.
		assert_eq!(payment.direct[0].amount, 50);
		let payment = pay_as_of(agreed, 100, ALL, &attribution, &sources).unwrap();
		assert_eq!(paid(&payment), (vec![], ids.clone()));
		assert_eq!(DirectEarnings::<Test>::get(ids[0]), 50);
	});
}

#[test]
fn what_has_no_format_earns_from_its_releases_only() {
	run(|| {
		let datanet = datanet();
		let ids = [FORMAT_UNSPECIFIED, FORMAT_PRIVATE_STREAM].map(|format| {
			let id = crate::NextContributionId::<Test>::get();
			let submission = match format {
				FORMAT_PRIVATE_STREAM => private_submission(id),
				_ => Submission { format, ..submission(id) },
			};
			assert_ok!(DataAttribution::submit_contribution(signed(&ALICE), datanet, submission));
			if format == FORMAT_PRIVATE_STREAM {
				assert_ok!(show(id, id));
			}
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), id, 1));
			id
		});
		let release = publish(datanet);
		let sources = [fixed(datanet, release, 1)];
		let payment = pay(100, ALL, &[(ids[0], 3), (ids[1], 1)], &sources).unwrap();
		assert_eq!(paid(&payment), (vec![release], vec![ids[1]]));
		let amounts = (payment.direct[0].amount, payment.pools[0].amount);
		assert_eq!(amounts, (25, 75));
		let pending = DataAttribution::pending(&ALICE, 0, 9).payouts;
		let claims = pending.iter().map(|payout| (payout.contribution, payout.amount));
		assert_eq!(claims.collect::<Vec<_>>(), vec![(ids[0], 37), (ids[1], 25), (ids[1], 37)]);
	});
}

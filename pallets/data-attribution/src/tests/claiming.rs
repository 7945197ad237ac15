//! Claims, and what earners are told that they can claim.

use crate::{
	mock::*, Accounted, Claimed, CuratorEarnings, DatanetPayout, DirectEarnings, Error, Event,
	ReleasePayout, WeightInfo, MAX_RELEASES,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::Preservation,
	},
	BoundedVec,
};
use openledger_primitives::{
	info::{PendingPage, PendingPayout},
	traits::Role,
	AccountId, Balance, ContributionId, ReleaseId, OPEN,
};
use sp_runtime::{DispatchError, DispatchResult, Permill};

const HALF: Permill = Permill::from_percent(50);
const NOTHING: Permill = Permill::from_percent(0);

fn claim(who: &AccountId, contribution: ContributionId, releases: &[ReleaseId]) -> DispatchResult {
	let releases = BoundedVec::try_from(releases.to_vec()).unwrap();
	DataAttribution::claim(signed(who), contribution, releases)
		.map(|_| ())
		.map_err(|error| error.error)
}

/// Amount that a claim pays.
fn claimed(who: &AccountId, contribution: ContributionId, releases: &[ReleaseId]) -> Balance {
	let before = Balances::balance(who);
	assert_ok!(claim(who, contribution, releases));
	Balances::balance(who) - before
}

#[test]
fn pays_weight_times_index_and_direct_earnings_at_once() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 3)]);
		pay(800, HALF, &[(ids[1], 1)], &[fixed(datanet, release, 1)]).unwrap();

		System::reset_events();
		Recorded::take();
		assert_eq!(claimed(&BOB, ids[1], &[release]), 400 + 300);
		let transfers = System::events()
			.into_iter()
			.filter(|record| {
				matches!(
					record.event,
					RuntimeEvent::Balances(pallet_balances::Event::Transfer { .. })
				)
			})
			.count();
		assert_eq!(transfers, 1);
		System::assert_last_event(
			Event::PayoutClaimed {
				contribution: ids[1],
				datanet,
				contributor: BOB,
				direct: 400,
				releases: vec![release_payout(release, 3, 0, 100)],
				amount: 700,
			}
			.into(),
		);
		assert_eq!(Recorded::get(), vec![(BOB, Role::Data, 700)]);
		assert_eq!(Claimed::<Test>::get(ids[1], release), 100);
		assert!(!DirectEarnings::<Test>::contains_key(ids[1]));
		assert_eq!(Accounted::<Test>::get(), 100);
		assert_eq!(pot_balance(), EXISTENTIAL_DEPOSIT + 100);

		assert_eq!(claimed(&ALICE, ids[0], &[release]), 100);
		assert_eq!(pot_balance(), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn pays_each_planck_once() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 2)]);
		let sources = [fixed(datanet, release, 1)];
		pay(10, NOTHING, &[], &sources).unwrap();
		// A release that is named twice counts once.
		assert_eq!(claimed(&ALICE, ids[0], &[release, release]), 10);
		assert_noop!(claim(&ALICE, ids[0], &[release]), Error::<Test>::NothingToClaim);
		pay(5, NOTHING, &[], &sources).unwrap();
		assert_eq!(claimed(&ALICE, ids[0], &[release]), 4);
		pay(1, NOTHING, &[], &sources).unwrap();
		assert_eq!(claimed(&ALICE, ids[0], &[release]), 2);
	});
}

#[test]
fn pays_several_releases_and_only_those_named() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 1)]);
		accepted(&BOB, datanet, 1);
		publish(datanet);
		accepted(&CAROL, datanet, 2);
		publish(datanet);
		for release in 1..=3 {
			pay(100, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		}
		assert_eq!(claimed(&ALICE, ids[0], &[1, 3]), 100 + 25);
		assert_eq!(claimed(&ALICE, ids[0], &[1, 2, 3]), 50);
	});
}

#[test]
fn contributing_later_dilutes_nobody() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		pay(50, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		let late = accepted(&BOB, datanet, 1_000_000);
		publish(datanet);
		pay(50, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert_noop!(claim(&BOB, late, &[1, 2]), Error::<Test>::NothingToClaim);
		assert_eq!(claimed(&ALICE, ids[0], &[release]), 100);
	});
}

#[test]
fn direct_earnings_need_no_release() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		pay(100, HALF, &[(ids[0], 1)], &[fixed(datanet, release, 1)]).unwrap();
		assert_eq!(claimed(&ALICE, ids[0], &[]), 50);
		assert_eq!(claimed(&ALICE, ids[0], &[release]), 50);
	});
}

#[test]
fn needs_the_contributor_and_known_releases() {
	run(|| {
		assert_noop!(claim(&ALICE, 0, &[1]), Error::<Test>::UnknownContribution);
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		pay(10, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert_noop!(claim(&BOB, ids[0], &[release]), Error::<Test>::NotContributor);
		assert_noop!(claim(&ALICE, ids[0], &[release, 2]), Error::<Test>::UnknownRelease);
		assert_noop!(claim(&ALICE, ids[0], &[0]), Error::<Test>::UnknownRelease);
		assert_noop!(claim(&ALICE, ids[0], &[]), Error::<Test>::NothingToClaim);
		let pending = submitted(&ALICE, datanet);
		assert_noop!(claim(&ALICE, pending, &[release]), Error::<Test>::NothingToClaim);
	});
}

#[test]
fn below_the_existential_deposit_waits() {
	run(|| {
		// Without a bond the contributor's account may end before the claim.
		ContributionBond::set(0);
		let (datanet, release, ids) = released(&[(POOR, 1)]);
		let sources = [fixed(datanet, release, 1)];
		pay(EXISTENTIAL_DEPOSIT - 1, HALF, &[(ids[0], 1)], &sources).unwrap();
		assert_ok!(Balances::transfer(
			&POOR,
			&ALICE,
			EXISTENTIAL_DEPOSIT,
			Preservation::Expendable
		));
		assert_noop!(claim(&POOR, ids[0], &[release]), Error::<Test>::ClaimBelowMinimum);

		pay(1, NOTHING, &[], &sources).unwrap();
		assert_eq!(claimed(&POOR, ids[0], &[release]), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn the_pot_keeps_its_existential_deposit() {
	new_test_ext().execute_with(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		pay(OPEN, NOTHING, &[], &[fixed(datanet, release, 1)]).unwrap();
		let pot = DataAttribution::pot();
		Balances::set_balance(&pot, OPEN);
		assert!(claim(&ALICE, ids[0], &[release]).is_err());
		assert_eq!(DataAttribution::do_try_state(), Err("the pot cannot pay".into()));
	});
}

/// Fields of the last event, which is that of a claim: the direct part, and by release the weight and the pool
/// indices from and to which it paid.
fn told() -> (Balance, Vec<(ReleaseId, u64, Balance, Balance)>) {
	match System::events().pop().unwrap().event {
		RuntimeEvent::DataAttribution(Event::PayoutClaimed {
			direct, releases, amount, ..
		}) => {
			let paid = releases.iter().map(|payout| payout.amount).sum::<Balance>();
			assert_eq!(direct + paid, amount);
			for payout in &releases {
				let ReleasePayout { weight, from, to, amount, .. } = *payout;
				assert_eq!(amount, Balance::from(weight) * (to - from));
			}
			let releases = releases
				.iter()
				.map(|payout| (payout.release, payout.weight, payout.from, payout.to));
			(direct, releases.collect())
		}
		other => panic!("{other:?}"),
	}
}

#[test]
fn a_claim_tells_what_was_paid_for_what() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 1), (BOB, 3)]);
		accepted(&CAROL, datanet, 4);
		publish(datanet);
		pay(80, HALF, &[(ids[1], 1)], &[fixed(datanet, 1, 1)]).unwrap();
		pay(83, NOTHING, &[], &[fixed(datanet, 2, 1)]).unwrap();

		assert_ok!(claim(&BOB, ids[1], &[1, 2]));
		assert_eq!(told(), (40, vec![(1, 3, 0, 10), (2, 3, 0, 10)]));
		// What was not paid anew is not told again.
		pay(85, NOTHING, &[], &[fixed(datanet, 2, 1)]).unwrap();
		assert_ok!(claim(&BOB, ids[1], &[1, 2]));
		assert_eq!(told(), (0, vec![(2, 3, 10, 21)]));
		pay(10, Permill::one(), &[(ids[1], 1)], &[fixed(datanet, 2, 1)]).unwrap();
		assert_ok!(claim(&BOB, ids[1], &[2]));
		assert_eq!(told(), (10, vec![]));
	});
}

#[test]
fn curators_are_paid_sixteen_datanets_at_a_time_and_told_which() {
	run(|| {
		let datanets = (0..20).map(|_| datanet()).collect::<Vec<_>>();
		for datanet in &datanets {
			CuratorEarnings::<Test>::insert(DAVE, datanet, Balance::from(datanet + 1));
		}
		Accounted::<Test>::put(210);
		assert_ok!(Balances::mint_into(&DataAttribution::pot(), 210));
		assert_eq!(DataAttribution::pending_curator(&DAVE), 210);
		let before = Balances::balance(&DAVE);

		let mut told = Vec::new();
		for paid in [16, 4] {
			let post = DataAttribution::claim_curator(signed(&DAVE)).unwrap();
			assert_eq!(post.actual_weight, Some(<()>::claim_curator(paid)));
			let event = System::events().pop().unwrap().event;
			let RuntimeEvent::DataAttribution(Event::CuratorPaid { curator, datanets, amount }) =
				event
			else {
				panic!("{event:?}")
			};
			assert_eq!((curator, datanets.len()), (DAVE, paid as usize));
			assert_eq!(datanets.iter().map(|paid| paid.amount).sum::<Balance>(), amount);
			told.extend(datanets);
		}
		told.sort_by_key(|paid| paid.datanet);
		let expected = datanets
			.iter()
			.map(|datanet| DatanetPayout { datanet: *datanet, amount: Balance::from(datanet + 1) });
		assert_eq!(told, expected.collect::<Vec<_>>());
		assert_eq!(Balances::balance(&DAVE) - before, 210);
		assert_noop!(DataAttribution::claim_curator(signed(&DAVE)), Error::<Test>::NothingToClaim);
	});
}

#[test]
fn a_curator_claims_what_was_earned_in_their_time() {
	run(|| {
		let datanet = datanet_with(true, 10);
		accepted(&BOB, datanet, 1);
		publish(datanet);
		let sources = [latest(datanet, 1)];
		pay(1_000, NOTHING, &[], &sources).unwrap();
		pass(1);
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, ALICE));
		assert_ok!(DataAttribution::accept_curator(signed(&ALICE), datanet, ENDOWMENT));
		pay(2_000, NOTHING, &[], &sources).unwrap();
		let pending = [CURATOR, ALICE].map(|who| DataAttribution::pending_curator(&who));
		assert_eq!(pending, [100, 200]);
		Recorded::take();

		let before = [CURATOR, ALICE].map(|who| Balances::balance(&who));
		assert_ok!(DataAttribution::claim_curator(signed(&CURATOR)));
		let datanets = vec![DatanetPayout { datanet, amount: 100 }];
		System::assert_last_event(
			Event::CuratorPaid { curator: CURATOR, datanets, amount: 100 }.into(),
		);
		// Anybody may have them paid.
		assert_ok!(DataAttribution::claim_curator_for(signed(&BOB), ALICE));
		let after = [CURATOR, ALICE].map(|who| Balances::balance(&who));
		assert_eq!(after, [before[0] + 100, before[1] + 200]);
		let recorded = [(CURATOR, Role::Curator, 100), (ALICE, Role::Curator, 200)];
		assert_eq!(Recorded::get(), recorded);

		let nothing: DispatchError = Error::<Test>::NothingToClaim.into();
		assert_noop!(DataAttribution::claim_curator(signed(&CURATOR)), nothing);
		assert_noop!(DataAttribution::claim_curator_for(signed(&BOB), NOBODY), nothing);
	});
}

#[test]
fn a_curators_claim_below_the_existential_deposit_waits() {
	run(|| {
		CuratorEarnings::<Test>::insert(NOBODY, datanet(), EXISTENTIAL_DEPOSIT - 1);
		Accounted::<Test>::put(EXISTENTIAL_DEPOSIT - 1);
		assert_ok!(Balances::mint_into(&DataAttribution::pot(), EXISTENTIAL_DEPOSIT - 1));
		assert_noop!(
			DataAttribution::claim_curator_for(signed(&BOB), NOBODY),
			Error::<Test>::ClaimBelowMinimum
		);
	});
}

fn payout(
	contribution: ContributionId,
	release: Option<ReleaseId>,
	weight: u64,
	amount: Balance,
) -> PendingPayout {
	PendingPayout { contribution, datanet: 0, release, weight, amount }
}

#[test]
fn pending_tells_what_a_claim_pays() {
	run(|| {
		let (datanet, _, ids) = released(&[(ALICE, 1), (BOB, 3), (ALICE, 4)]);
		accepted(&CAROL, datanet, 2);
		publish(datanet);
		submitted(&ALICE, datanet);
		pay(80, HALF, &[(ids[2], 1)], &[fixed(datanet, 1, 1)]).unwrap();
		pay(100, NOTHING, &[], &[fixed(datanet, 2, 1)]).unwrap();

		let page = DataAttribution::pending(&ALICE, 0, 10);
		assert_eq!(
			page,
			PendingPage {
				payouts: vec![
					payout(ids[0], Some(1), 1, 5),
					payout(ids[0], Some(2), 1, 10),
					payout(ids[2], None, 0, 40),
					payout(ids[2], Some(1), 4, 20),
					payout(ids[2], Some(2), 4, 40),
				],
				next: None,
			}
		);
		assert_eq!(claimed(&ALICE, ids[0], &[1, 2]), 15);
		assert_eq!(claimed(&ALICE, ids[2], &[1, 2]), 100);
		assert_eq!(DataAttribution::pending(&ALICE, 0, 10), PendingPage::default());
		assert_eq!(DataAttribution::pending(&POOR, 0, 10), PendingPage::default());
	});
}

#[test]
fn pending_comes_in_pages() {
	run(|| {
		// More than 256, so that the order of ids is not that of their first byte.
		let datanet = datanet();
		let ids = (0..300).map(|_| accepted(&ALICE, datanet, 1)).collect::<Vec<_>>();
		publish(datanet);
		pay(300, NOTHING, &[], &[latest(datanet, 1)]).unwrap();
		let page = |from, limit| {
			let page = DataAttribution::pending(&ALICE, from, limit);
			let found = page.payouts.iter().map(|payout| payout.contribution);
			(found.collect::<Vec<_>>(), page.next)
		};
		assert_eq!(page(0, 3), (ids[0..3].to_vec(), Some(ids[3])));
		assert_eq!(page(254, 4), (ids[254..258].to_vec(), Some(ids[258])));
		assert_eq!(page(298, 4), (ids[298..].to_vec(), None));
		assert_eq!(page(300, 4), (vec![], None));
		// Nobody who asks for nothing goes round in circles.
		assert_eq!(page(7, 0), (vec![ids[7]], Some(ids[8])));
		assert_eq!(page(0, u32::MAX), (ids[..256].to_vec(), Some(ids[256])));
	});
}

#[test]
fn a_page_ends_early_with_a_long_history() {
	run(|| {
		let datanet = datanet();
		let ids = (0..9).map(|_| accepted(&ALICE, datanet, 1)).collect::<Vec<_>>();
		for _ in 0..MAX_RELEASES {
			// A change that needs no bond.
			crate::Datanets::<Test>::mutate(datanet, |entry| {
				entry.as_mut().unwrap().changed = true;
			});
			publish(datanet);
		}
		pass(ReleaseNotice::get());
		pay(90, NOTHING, &[], &[latest(datanet, 1)]).unwrap();
		let expected = |id: &ContributionId| payout(*id, Some(MAX_RELEASES), 1, 10);
		let page = DataAttribution::pending(&ALICE, 0, 10);
		assert_eq!(page.payouts, ids[..8].iter().map(expected).collect::<Vec<_>>());
		assert_eq!(page.next, Some(ids[8]));
		let page = DataAttribution::pending(&ALICE, ids[8], 10);
		assert_eq!(page.payouts, vec![expected(&ids[8])]);
		assert_eq!(page.next, None);
	});
}

//! The curators' earnings of calls, and the crediting of batches.

use crate::{
	mock::*, Accounted, CuratorEarnings, DatanetPayout, DirectEarnings, Error, Event, Releases,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use openledger_primitives::{
	attribution::{AttributionEntry, DataSources},
	record::{DirectPayment, PoolPayment},
	traits::{DataDue, Role},
	Balance,
};
use sp_runtime::{ArithmeticError, Permill};

const HALF: Permill = Permill::from_percent(50);
const ALL: Permill = Permill::from_percent(100);
const NOTHING: Permill = Permill::from_percent(0);

fn due<'a>(
	amount: Balance,
	attributed: Permill,
	attribution: &'a [AttributionEntry],
	unattributed: u64,
	sources: &'a DataSources,
) -> DataDue<'a> {
	DataDue { amount, attributed, attribution, unattributed, sources }
}

#[test]
fn curators_earn_their_share_of_everything() {
	run(|| {
		let datanet = datanet_with(true, 10);
		let id = accepted(&ALICE, datanet, 4);
		let release = publish(datanet);
		let payment = pay(1_005, HALF, &[(id, 1)], &[fixed(datanet, release, 1)]).unwrap();
		// Halves of 503 and 502, and a tenth of each: 50.3 and 50.2.
		assert_eq!(
			payment.direct.to_vec(),
			vec![DirectPayment { contribution: id, amount: 503, curator: 50 }]
		);
		assert_eq!(
			payment.pools.to_vec(),
			vec![PoolPayment {
				datanet,
				release,
				amount: 502,
				curator: 50,
				raised: 113,
				total_weight: 4,
				carry_before: 0,
				carry_after: 0,
			}]
		);
		assert_eq!(DirectEarnings::<Test>::get(id), 453);
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 100);
		assert_eq!(Releases::<Test>::get(datanet, release).unwrap().received, 452);
		Recorded::take();
		let before = Balances::balance(&CURATOR);
		assert_ok!(DataAttribution::claim_curator(signed(&CURATOR)));
		assert_eq!(Balances::balance(&CURATOR) - before, 100);
		let datanets = vec![DatanetPayout { datanet, amount: 100 }];
		System::assert_last_event(
			Event::CuratorPaid { curator: CURATOR, datanets, amount: 100 }.into(),
		);
		assert_eq!(Recorded::get(), vec![(CURATOR, Role::Curator, 100)]);
		assert_noop!(
			DataAttribution::claim_curator(signed(&CURATOR)),
			Error::<Test>::NothingToClaim
		);
	});
}

#[test]
fn who_was_the_curator_when_a_call_was_paid_earns() {
	run(|| {
		let datanet = datanet_with(true, 10);
		accepted(&BOB, datanet, 1);
		publish(datanet);
		let sources = [latest(datanet, 1)];
		pay(1_000, NOTHING, &[], &sources).unwrap();
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, ALICE));
		assert_ok!(DataAttribution::accept_curator(signed(&ALICE), datanet, ENDOWMENT));
		pay(2_000, NOTHING, &[], &sources).unwrap();
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 100);
		assert_eq!(DataAttribution::pending_curator(&ALICE), 200);
		let before = Balances::balance(&ALICE);
		// Anybody may have them paid.
		assert_ok!(DataAttribution::claim_curator_for(signed(&BOB), ALICE));
		assert_eq!(Balances::balance(&ALICE) - before, 200);
		assert_noop!(
			DataAttribution::claim_curator_for(signed(&BOB), NOBODY),
			Error::<Test>::NothingToClaim
		);
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

#[test]
fn the_newest_release_says_what_the_curator_takes_of_direct_payments() {
	run(|| {
		let datanet = datanet_with(true, 30);
		let id = accepted(&ALICE, datanet, 1);
		let share = |percent| {
			let share = Permill::from_percent(percent);
			assert_ok!(DataAttribution::lower_curator_share(signed(&CURATOR), datanet, share));
			publish(datanet)
		};
		publish(datanet);
		share(20);
		share(10);
		let curator = |sources: &[_]| {
			let payment = pay(100, ALL, &[(id, 1)], sources).unwrap();
			payment.direct.first().unwrap().curator
		};
		assert_eq!(curator(&[fixed(datanet, 1, 1)]), 30);
		assert_eq!(curator(&[fixed(datanet, 1, 1), fixed(datanet, 2, 1)]), 20);
		assert_eq!(curator(&[fixed(datanet, 2, 1), fixed(datanet, 1, 1)]), 20);
		pass(ReleaseNotice::get());
		assert_eq!(curator(&[latest(datanet, 1), fixed(datanet, 1, 1)]), 10);
	});
}

#[test]
fn calls_without_attribution_leave_their_part_to_the_sources() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let sources = DataSources::truncate_from(vec![fixed(datanet, release, 1)]);
		let entries = entries(&[(ids[0], 2), (ids[1], 1)]);
		let payments = pay_all(&[due(1_000, HALF, &entries, 2, &sources)]).unwrap();
		let amounts = payments[0].direct.iter().map(|paid| paid.amount).collect::<Vec<_>>();
		assert_eq!(amounts, vec![200, 100]);
		assert_eq!(payments[0].pools.first().map(|pool| pool.amount), Some(700));
	});
}

#[test]
fn a_batch_fails_whole() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let good = DataSources::truncate_from(vec![fixed(datanet, release, 1)]);
		let bad = DataSources::truncate_from(vec![fixed(datanet, 9, 1)]);
		let entries = entries(&[(ids[0], 1)]);
		let first = due(1_000, HALF, &entries, 0, &good);
		assert_noop!(pay_all(&[first, due(1, HALF, &[], 0, &bad)]), Error::<Test>::NoPayableSource);
		assert_noop!(
			pay_all(&[first, due(Balance::MAX, HALF, &[], 0, &good)]),
			ArithmeticError::Overflow
		);
	});
}

#[test]
fn an_attribution_names_only_so_many() {
	run(|| {
		let people = vec![(ALICE, 1); 65];
		let (datanet, release, ids) = released(&people);
		let sources = DataSources::truncate_from(vec![fixed(datanet, release, 1)]);
		let all = ids.iter().map(|id| (*id, 1)).collect::<Vec<_>>();
		let (most, too_many) = (entries(&all[1..]), entries(&all));
		assert_ok!(pay_all(&[due(1_000, ALL, &most, 0, &sources)]));
		assert_noop!(
			pay_all(&[due(1_000, ALL, &too_many, 0, &sources)]),
			Error::<Test>::AttributionTooLong
		);
	});
}

//! Who earns from a call's data part, and to the planck how much.

use crate::{mock::*, Accounted, DirectEarnings, Error, Releases};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	record::{DataPayment, DirectPayment, PoolPayment},
	Balance, OPEN,
};
use sp_runtime::{ArithmeticError, Permill};

const HALF: Permill = Permill::from_percent(50);
const ALL: Permill = Permill::from_percent(100);
const NOTHING: Permill = Permill::from_percent(0);

#[test]
fn without_attribution_all_goes_to_the_release() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 1), (BOB, 2)]);
		let payment = pay(10, HALF, &[], &[fixed(datanet, release, 1)]).unwrap();
		assert!(payment.direct.is_empty());
		assert_eq!(
			payment.pools.to_vec(),
			vec![PoolPayment {
				datanet,
				release,
				amount: 10,
				curator: 0,
				raised: 3,
				total_weight: 3,
				carry_before: 0,
				carry_after: 1,
			}]
		);
		let payment = pay(2, HALF, &[], &[fixed(datanet, release, 1)]).unwrap();
		let pool = payment.pools.first().unwrap();
		assert_eq!((pool.raised, pool.carry_before, pool.carry_after), (1, 1, 0));
		let state = Releases::<Test>::get(datanet, release).unwrap();
		assert_eq!((state.received, state.index.per_weight, state.index.carry), (12, 4, 0));
	});
}

#[test]
fn attributed_contributions_earn_their_part_directly() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1), (CAROL, 1)]);
		let attribution = [(ids[0], 3), (ids[1], 1)];
		let payment = pay(1_000, HALF, &attribution, &[fixed(datanet, release, 1)]).unwrap();
		assert_eq!(
			payment.direct.to_vec(),
			vec![
				DirectPayment { contribution: ids[0], amount: 375, curator: 0 },
				DirectPayment { contribution: ids[1], amount: 125, curator: 0 },
			]
		);
		assert_eq!(payment.pools.first().map(|pool| pool.amount), Some(500));
		assert_eq!(DirectEarnings::<Test>::get(ids[0]), 375);
		assert_eq!(DirectEarnings::<Test>::get(ids[1]), 125);
		assert!(!DirectEarnings::<Test>::contains_key(ids[2]));
	});
}

#[test]
fn all_can_be_attributed() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let payment = pay(7, ALL, &[(ids[1], 1)], &[fixed(datanet, release, 1)]).unwrap();
		assert_eq!(
			payment.direct.to_vec(),
			vec![DirectPayment { contribution: ids[1], amount: 7, curator: 0 }]
		);
		assert!(payment.pools.is_empty());
	});
}

#[test]
fn an_attributed_share_of_nothing_pays_no_one_directly() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let payment = pay(7, NOTHING, &[(ids[0], 1)], &[fixed(datanet, release, 1)]).unwrap();
		assert!(payment.direct.is_empty());
		assert_eq!(payment.pools.first().map(|pool| pool.amount), Some(7));
	});
}

#[test]
fn a_node_cannot_attribute_to_what_the_model_was_not_made_from() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let (_, _, foreign) = released(&[(CAROL, 1)]);
		// In the datanet, but pending; and accepted, but only from a later release on.
		let pending = submitted(&CAROL, datanet);
		let late = accepted(&CAROL, datanet, 1);
		publish(datanet);

		let unknown = late + 100;
		let outsiders = [(foreign[0], 9), (pending, 9), (late, 9), (unknown, 9)];
		let sources = [fixed(datanet, release, 1)];
		let payment = pay(100, HALF, &outsiders, &sources).unwrap();
		assert!(payment.direct.is_empty());
		assert_eq!(payment.pools.first().map(|pool| pool.amount), Some(100));

		// Next to one that is, it gets only its own part: they are 36 of 40.
		let with_insider = [outsiders.as_slice(), &[(ids[0], 4)]].concat();
		let payment = pay(100, HALF, &with_insider, &sources).unwrap();
		assert_eq!(
			payment.direct.to_vec(),
			vec![DirectPayment { contribution: ids[0], amount: 5, curator: 0 }]
		);
		assert_eq!(payment.pools.first().map(|pool| pool.amount), Some(95));
	});
}

#[test]
fn what_does_not_count_takes_its_part_to_the_sources() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1), (CAROL, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let paid = |attribution: &[_]| {
			let payment = pay(1_000, ALL, attribution, &sources).unwrap();
			let direct = payment.direct.iter().map(|paid| (paid.contribution, paid.amount));
			let pooled = payment.pools.iter().map(|paid| paid.amount).sum::<Balance>();
			(direct.collect::<Vec<_>>(), pooled)
		};
		// A node names what there is not, to leave less to the others, or more.
		let unknown = 99;
		let expected = (vec![(ids[0], 100), (ids[1], 200)], 700);
		assert_eq!(paid(&[(ids[0], 1), (unknown, 7), (ids[1], 2)]), expected);
		assert_eq!(paid(&[(unknown, 3), (ids[1], 2), (unknown, 4), (ids[0], 1)]), expected);
		// The largest numbers do not help.
		let (direct, pooled) = paid(&[(unknown, u64::MAX), (unknown, u64::MAX), (ids[0], 1)]);
		assert_eq!((direct, pooled), (vec![], 1_000));
	});
}

#[test]
fn entries_are_merged_and_zeros_ignored() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let attribution = [(ids[0], 1), (ids[1], 0), (ids[0], 1), (ids[1], 2)];
		let payment = pay(100, ALL, &attribution, &[fixed(datanet, release, 1)]).unwrap();
		let amounts = payment.direct.iter().map(|paid| paid.amount).collect::<Vec<_>>();
		assert_eq!(amounts, vec![50, 50]);

		let none = pay(100, ALL, &[(ids[0], 0)], &[fixed(datanet, release, 1)]).unwrap();
		assert!(none.direct.is_empty());
		assert_eq!(none.pools.first().map(|pool| pool.amount), Some(100));
	});
}

#[test]
fn weights_at_their_limits_do_no_harm() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let attribution = [(ids[0], u64::MAX), (ids[0], u64::MAX), (ids[1], u64::MAX)];
		let sources = [fixed(datanet, release, u64::MAX), latest(datanet, u64::MAX)];
		let payment = pay(101, ALL, &attribution, &sources).unwrap();
		let amounts = payment.direct.iter().map(|paid| paid.amount).collect::<Vec<_>>();
		assert_eq!(amounts, vec![51, 50]);
	});
}

#[test]
fn sources_are_paid_by_weight_whatever_their_order() {
	let paid = |turned: bool| {
		let mut amounts = Vec::new();
		run(|| {
			let (one, first, _) = released(&[(ALICE, 1)]);
			let (other, second, _) = released(&[(BOB, 1)]);
			let mut sources = vec![fixed(one, first, 2), fixed(other, second, 1)];
			if turned {
				sources.reverse();
			}
			for amount in [100, 1, 2, 1_000_001] {
				pay(amount, NOTHING, &[], &sources).unwrap();
			}
			amounts = [one, other]
				.map(|datanet| Releases::<Test>::get(datanet, 1).unwrap().received)
				.to_vec();
		});
		amounts
	};
	assert_eq!(paid(false), vec![67 + 1 + 1 + 666_667, 33 + 1 + 333_334]);
	assert_eq!(paid(false), paid(true));
}

#[test]
fn latest_follows_the_datanet_and_fixed_does_not() {
	run(|| {
		let (datanet, _, _) = released(&[(ALICE, 1)]);
		pay(10, NOTHING, &[], &[latest(datanet, 1)]).unwrap();
		accepted(&BOB, datanet, 1);
		publish(datanet);
		pass(ReleaseNotice::get());
		pay(10, NOTHING, &[], &[latest(datanet, 1)]).unwrap();
		pay(5, NOTHING, &[], &[fixed(datanet, 1, 1)]).unwrap();
		let received =
			|release| Releases::<Test>::get(datanet, release).map(|state| state.received);
		assert_eq!((received(1), received(2)), (Some(15), Some(10)));
	});
}

#[test]
fn a_curator_cannot_publish_and_be_paid_by_the_next_call() {
	run(|| {
		let (datanet, first, _) = released(&[(ALICE, 1)]);
		let sources = [latest(datanet, 1)];
		// A contribution of the curator's outweighs all others.
		let heavy = accepted(&CURATOR, datanet, 1_000_000);
		let second = publish(datanet);
		pass(ReleaseNotice::get() - 1);
		for attribution in [&[][..], &[(heavy, 1)]] {
			let payment = pay(100, ALL, attribution, &sources).unwrap();
			assert!(payment.direct.is_empty());
			let pools = payment.pools.iter().map(|paid| (paid.release, paid.amount));
			assert_eq!(pools.collect::<Vec<_>>(), vec![(first, 100)]);
		}
		// Whoever runs the model has seen it coming.
		pass(1);
		let payment = pay(100, NOTHING, &[], &sources).unwrap();
		assert_eq!(payment.pools.first().map(|paid| paid.release), Some(second));
	});
}

#[test]
fn two_ways_to_one_release_both_pay_it() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 1), (BOB, 2)]);
		let sources = [fixed(datanet, release, 1), latest(datanet, 1)];
		let payment = pay(20, NOTHING, &[], &sources).unwrap();
		let steps = payment.pools.iter().map(|pool| (pool.amount, pool.raised, pool.carry_after));
		assert_eq!(steps.collect::<Vec<_>>(), vec![(10, 3, 1), (10, 3, 2)]);
		let state = Releases::<Test>::get(datanet, release).unwrap();
		assert_eq!((state.received, state.index.per_weight, state.index.carry), (20, 6, 2));
	});
}

#[test]
fn a_source_without_release_leaves_its_part_to_the_others() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let empty = datanet + 1;
		assert_eq!(self::datanet(), empty);
		let sources =
			[latest(empty, 5), fixed(datanet, 9, 5), fixed(99, 1, 5), fixed(datanet, release, 1)];
		let payment = pay(10, HALF, &[(ids[0], 1)], &sources).unwrap();
		assert_eq!(payment.pools.len(), 1);
		assert_eq!(payment.pools.first().map(|pool| pool.amount), Some(5));
		assert_eq!(payment.direct.len(), 1);

		for sources in [vec![], vec![latest(empty, 5)], vec![fixed(datanet, release, 0)]] {
			assert_noop!(pay(10, HALF, &[], &sources), Error::<Test>::NoPayableSource);
		}
	});
}

#[test]
fn nothing_is_credited_for_nothing() {
	run(|| {
		assert_ok!(pay(0, HALF, &[(0, 1)], &[]), DataPayment::default());
		let (datanet, release, _) = released(&[(ALICE, 1)]);
		let sources = [fixed(datanet, release, 1)];
		assert_ok!(pay(0, HALF, &[], &sources), DataPayment::default());
		assert_eq!(Accounted::<Test>::get(), 0);
	});
}

#[test]
fn what_does_not_fit_changes_nothing() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 2)]);
		let sources = [fixed(datanet, release, 1)];
		pay(OPEN, NOTHING, &[], &sources).unwrap();
		assert_noop!(pay(Balance::MAX, NOTHING, &[], &sources), ArithmeticError::Overflow);
	});
}

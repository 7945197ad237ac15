//! One batch: who is paid what, and what makes it fail.

use super::*;
use crate::{Error, TotalAccrued};
use frame_support::assert_noop;
use openledger_primitives::{
	info::ModelEarnings,
	record::CallPayment,
	traits::{CallTerms, ChargedCall, RecordEarnings, RevenueDistributor, Role},
};
use sp_runtime::{DispatchError, Permill};

#[test]
fn everyone_is_paid_in_one_batch() {
	run(|| {
		fund_pot(30_000);
		let payments = distribute(&NODE, &[call(10_000), call(20_000)]).unwrap();

		assert_eq!(payments.len(), 2);
		let first = &payments[0];
		assert_eq!(
			(first.protocol, first.developer, first.data, first.node),
			(500, 3_800, 3_325, 2_375)
		);
		assert!(first.royalties.is_empty());
		assert_eq!(gained(&PROTOCOL), 1_500);
		assert_eq!(Balances::balance(&DEVELOPER), 11_400);
		assert_eq!(Balances::balance(&NODE), 7_125);
		assert_eq!(gained(&DATA_POT), 9_975);
		assert_eq!(pot_surplus(), 0);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER).developer, 11_400);
		assert_eq!(RevenueSplit::earnings(&NODE).node, 7_125);
		assert_eq!(RevenueSplit::earnings(&PROTOCOL).protocol, 1_500);
	});
}

#[test]
fn data_is_credited_once_a_batch() {
	run(|| {
		let mut attributed = call(10_000);
		attributed.attribution = attribution(&[(4, 1), (9, 3)]);
		fund_pot(20_000);
		let calls = [call(10_000), call(0), attributed];
		let payments = distribute(&NODE, &calls).unwrap();

		assert_eq!(Credits::get(), vec![2]);
		assert_eq!(payments[0].data_payment.pools[0].amount, 3_325);
		assert_eq!(payments[1].data_payment, Default::default());
		let direct = &payments[2].data_payment.direct;
		let paid: Vec<_> = direct.iter().map(|paid| (paid.contribution, paid.amount)).collect();
		// Half of 3,325, one planck more for the sources, a quarter and three quarters.
		assert_eq!(paid.iter().map(|(to, _)| *to).collect::<Vec<_>>(), vec![4, 9]);
		assert_eq!(paid[0].1 + paid[1].1 + payments[2].data_payment.pools[0].amount, 3_325);
		assert_eq!(paid[1].1.div_ceil(paid[0].1), 3);

		let free_of_data = CallTerms { policy: terms().policy.without_data(), ..terms() };
		fund_pot(2_000);
		let payments = RevenueSplit::distribute(&NODE, MODEL, &free_of_data, &[call(2_000)]);
		assert_eq!(payments.unwrap()[0].data_payment, Default::default());
		assert_eq!(Credits::get(), vec![2]);
	});
}

#[test]
fn calls_without_attribution_in_a_sum_keep_their_weight() {
	run(|| {
		let mut sum = call(10_000);
		sum.calls = 4;
		sum.attribution = attribution(&[(4, 1)]);
		sum.unattributed = 3;
		fund_pot(10_000);
		let payments = distribute(&NODE, &[sum]).unwrap();
		let direct = payments[0].data_payment.direct[0].amount;
		// A quarter of the half that is attributed.
		assert!((415..=416).contains(&direct), "{direct}");
	});
}

#[test]
fn one_account_in_all_roles_gets_one_transfer() {
	run(|| {
		let levels = [(DEVELOPER, 10), (DEVELOPER, 50)];
		fund_pot(10_000);
		distribute_descended(&DEVELOPER, &levels, &[call(10_000)]).unwrap();
		assert_eq!(Balances::balance(&DEVELOPER), 3_800 + 2_375);
		let earnings = RevenueSplit::earnings(&DEVELOPER);
		assert_eq!((earnings.developer, earnings.royalty, earnings.node), (3_420, 380, 2_375));
		let transfers = System::events()
			.into_iter()
			.filter(|record| {
				matches!(
					&record.event,
					RuntimeEvent::Balances(pallet_balances::Event::Transfer { to, .. })
						if *to == DEVELOPER
				)
			})
			.count();
		assert_eq!(transfers, 1);
	});
}

#[test]
fn models_have_totals() {
	run(|| {
		let mut sum = call(9_000);
		sum.calls = 1_000_000;
		fund_pot(20_000);
		distribute(&NODE, &[call(10_000)]).unwrap();
		RevenueSplit::distribute(&NODE, 8, &terms(), &[call(1_000)]).unwrap();
		distribute_descended(&NODE, &[(PARENT, 10)], &[sum]).unwrap();

		assert_eq!(
			RevenueSplit::model_earnings(MODEL),
			ModelEarnings {
				calls: 1_000_001,
				charged: 19_000,
				developer: 3_800 + 3_078,
				data: 3_325 + 2_993,
				node: 2_375 + 2_137,
				royalties: 342,
				protocol: 950,
			}
		);
		assert_eq!(RevenueSplit::model_earnings(8).charged, 1_000);
		assert_eq!(RevenueSplit::model_earnings(9), ModelEarnings::default());

		fund_pot(10_000);
		distribute(&NODE, &[call(10_000)]).unwrap();
		let totals = RevenueSplit::model_earnings(MODEL);
		assert_eq!((totals.calls, totals.charged), (1_000_002, 29_000));
	});
}

#[test]
fn a_policy_that_does_not_add_up_is_refused() {
	run(|| {
		fund_pot(10_000);
		let mut terms = terms();
		terms.policy.node = Permill::from_percent(26);
		for calls in [vec![call(10_000)], vec![]] {
			assert_noop!(
				RevenueSplit::distribute(&NODE, MODEL, &terms, &calls),
				Error::<Test>::Unsplittable
			);
		}
	});
}

#[test]
fn sums_that_do_not_fit_are_refused() {
	run(|| {
		fund_pot(10_000);
		let calls = [call(u128::MAX), call(1)];
		assert_noop!(distribute(&NODE, &calls), Error::<Test>::Overflow);
		let many = |charge| ChargedCall { calls: u64::MAX, ..call(charge) };
		assert_noop!(distribute(&NODE, &[many(1), many(1)]), Error::<Test>::Overflow);
	});
}

#[test]
fn a_planck_or_a_call_that_data_miscounts_undoes_the_settlement() {
	run(|| {
		fund_pot(20_000);
		for (fault, error) in [
			(Fault::MiscountsAPlanck, Error::<Test>::NotConserved.into()),
			(Fault::ForgetsACall, Error::<Test>::NotConserved.into()),
			(Fault::Refuses, DispatchError::Unavailable),
		] {
			DataFault::set(Some(fault));
			assert_noop!(distribute(&NODE, &[call(10_000), call(10_000)]), error);
		}
	});
}

#[test]
fn an_unfunded_pot_pays_nothing() {
	run(|| {
		let outcome =
			frame_support::storage::with_storage_layer(|| distribute(&NODE, &[call(10_000)]));
		assert!(outcome.is_err());
		assert_eq!(Balances::balance(&DEVELOPER), 0);
	});
}

#[test]
fn a_free_call_pays_nobody_and_counts() {
	run(|| {
		let payments = distribute_descended(&NODE, &[(PARENT, 10)], &[call(0)]).unwrap();
		assert_eq!(payments, vec![CallPayment::default()]);
		assert_eq!(TotalAccrued::<Test>::get(), 0);
		assert_eq!(RevenueSplit::model_earnings(MODEL).calls, 1);
		assert_eq!(RevenueSplit::earnings(&NODE), Default::default());
		assert_eq!(distribute(&NODE, &[]).unwrap(), vec![]);
	});
}

#[test]
fn what_others_pay_counts_in_its_role() {
	run(|| {
		RevenueSplit::record(&NODE, Role::Curator, 3);
		RevenueSplit::record(&NODE, Role::Data, u128::MAX);
		RevenueSplit::record(&NODE, Role::Data, 1);
		let earnings = RevenueSplit::earnings(&NODE);
		// A lifetime total stays at the largest number: it never undoes a payment.
		assert_eq!((earnings.curator, earnings.data), (3, u128::MAX));
	});
}

//! Tests of the distribution and of each error.

use crate::{mock::*, Accrued, Error, Event, TotalAccrued};
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use openledger_primitives::traits::{RecordEarnings, RevenueDistributor, Role};
use proptest::{collection::vec, prelude::*};
use sp_runtime::{DispatchError, Permill};

/// Runs `test` on a fresh chain and checks the invariants afterwards.
fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		RevenueSplit::do_try_state().unwrap();
	});
}

fn pot_surplus() -> u128 {
	Balances::balance(&RevenueSplit::pot()) - EXISTENTIAL_DEPOSIT
}

#[test]
fn everyone_is_paid_in_one_batch() {
	run(|| {
		fund_pot(30_000);
		let payments = RevenueSplit::distribute(&NODE, &[call(10_000), call(20_000)]).unwrap();

		assert_eq!(payments.len(), 2);
		let first = &payments[0];
		assert_eq!(
			(first.protocol, first.developer, first.data, first.node),
			(500, 3_800, 3_325, 2_375)
		);
		assert_eq!(Balances::balance(&PROTOCOL), 1_500);
		assert_eq!(Balances::balance(&DEVELOPER), 11_400);
		assert_eq!(Balances::balance(&NODE), 7_125);
		assert_eq!(Balances::balance(&DATA_POT), EXISTENTIAL_DEPOSIT + 9_975);
		assert_eq!(pot_surplus(), 0);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER).developer, 11_400);
		assert_eq!(RevenueSplit::earnings(&NODE).node, 7_125);
		assert_eq!(RevenueSplit::earnings(&PROTOCOL).protocol, 1_500);
	});
}

#[test]
fn one_account_in_two_roles_gets_one_transfer() {
	run(|| {
		fund_pot(10_000);
		RevenueSplit::distribute(&DEVELOPER, &[call(10_000)]).unwrap();
		assert_eq!(Balances::balance(&DEVELOPER), 3_800 + 2_375);
		let earnings = RevenueSplit::earnings(&DEVELOPER);
		assert_eq!((earnings.developer, earnings.node), (3_800, 2_375));
		let transfers = System::events()
			.into_iter()
			.filter(|record| {
				matches!(
					record.event,
					RuntimeEvent::Balances(pallet_balances::Event::Transfer { to, .. })
						if to == DEVELOPER
				)
			})
			.count();
		assert_eq!(transfers, 1);
	});
}

#[test]
fn small_payments_accrue_until_they_can_be_paid() {
	run(|| {
		fund_pot(200);
		RevenueSplit::distribute(&NODE, &[call(200)]).unwrap();
		// 5% of 200, then 40% / 35% / 25% of 190: all below the existential deposit of 100.
		assert_eq!(Balances::balance(&DEVELOPER), 0);
		assert_eq!(Accrued::<Test>::get(DEVELOPER), 76);
		assert_eq!(TotalAccrued::<Test>::get(), pot_surplus());
		System::assert_has_event(Event::PaymentAccrued { account: DEVELOPER, amount: 76 }.into());

		fund_pot(200);
		RevenueSplit::distribute(&NODE, &[call(200)]).unwrap();
		assert_eq!(Balances::balance(&DEVELOPER), 152);
		assert_eq!(Accrued::<Test>::get(DEVELOPER), 0);
		System::assert_has_event(Event::AccruedPaid { account: DEVELOPER, amount: 76 }.into());
		assert_eq!(TotalAccrued::<Test>::get(), pot_surplus());
	});
}

#[test]
fn accrued_payments_can_be_asked_for_once_the_account_exists() {
	run(|| {
		fund_pot(200);
		RevenueSplit::distribute(&NODE, &[call(200)]).unwrap();
		let origin = RuntimeOrigin::signed(PAYER);
		assert_noop!(
			RevenueSplit::pay_accrued(origin.clone(), DEVELOPER),
			Error::<Test>::BelowExistentialDeposit
		);
		assert_noop!(
			RevenueSplit::pay_accrued(origin.clone(), PAYER),
			Error::<Test>::NothingAccrued
		);
		assert_noop!(
			RevenueSplit::pay_accrued(RuntimeOrigin::none(), DEVELOPER),
			DispatchError::BadOrigin
		);

		Balances::mint_into(&DEVELOPER, 100).unwrap();
		assert_ok!(RevenueSplit::pay_accrued(origin.clone(), DEVELOPER));
		System::assert_last_event(Event::AccruedPaid { account: DEVELOPER, amount: 76 }.into());
		assert_eq!(Balances::balance(&DEVELOPER), 176);
		assert_noop!(RevenueSplit::pay_accrued(origin, DEVELOPER), Error::<Test>::NothingAccrued);
	});
}

#[test]
fn protocol_share_is_governed_and_bounded() {
	run(|| {
		assert_noop!(
			RevenueSplit::set_protocol_share(
				RuntimeOrigin::signed(PAYER),
				Permill::from_percent(1)
			),
			DispatchError::BadOrigin
		);
		assert_noop!(
			RevenueSplit::set_protocol_share(RuntimeOrigin::root(), Permill::from_percent(21)),
			Error::<Test>::ShareTooHigh
		);
		let share = Permill::from_percent(20);
		assert_ok!(RevenueSplit::set_protocol_share(RuntimeOrigin::root(), share));
		System::assert_last_event(Event::ProtocolShareSet { share }.into());

		fund_pot(10_000);
		RevenueSplit::distribute(&NODE, &[call(10_000)]).unwrap();
		assert_eq!(Balances::balance(&PROTOCOL), 2_000);
	});
}

#[test]
fn a_policy_that_does_not_add_up_is_refused() {
	run(|| {
		fund_pot(10_000);
		let mut call = call(10_000);
		call.terms.policy.node = Permill::from_percent(26);
		assert_noop!(RevenueSplit::distribute(&NODE, &[call]), Error::<Test>::Unsplittable);
	});
}

#[test]
fn a_lost_planck_undoes_the_settlement() {
	run(|| {
		fund_pot(10_000);
		LosePlanck::set(true);
		assert_noop!(RevenueSplit::distribute(&NODE, &[call(10_000)]), Error::<Test>::NotConserved);
		LosePlanck::set(false);
	});
}

#[test]
fn an_unfunded_pot_pays_nothing() {
	run(|| {
		let outcome = frame_support::storage::with_storage_layer(|| {
			RevenueSplit::distribute(&NODE, &[call(10_000)])
		});
		assert!(outcome.is_err());
		assert_eq!(Balances::balance(&DEVELOPER), 0);
	});
}

#[test]
fn a_free_call_pays_nobody() {
	run(|| {
		let payments = RevenueSplit::distribute(&NODE, &[call(0)]).unwrap();
		assert_eq!(payments, vec![Default::default()]);
		assert_eq!(TotalAccrued::<Test>::get(), 0);
	});
}

#[test]
fn lifetime_totals_never_undo_a_payment() {
	run(|| {
		RevenueSplit::record(&NODE, Role::Data, u128::MAX);
		RevenueSplit::record(&NODE, Role::Data, 1);
		assert_eq!(RevenueSplit::earnings(&NODE).data, u128::MAX);
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Whatever is charged, in whatever batches: it is paid, credited to data, or kept as accrued.
	#[test]
	fn every_planck_is_accounted_for(batches in vec(vec(0u128..5_000, 1..6), 1..20)) {
		new_test_ext().execute_with(|| {
			let mut charged = 0;
			for batch in batches {
				let sum: u128 = batch.iter().sum();
				fund_pot(sum);
				charged += sum;
				let calls: Vec<_> = batch.into_iter().map(call).collect();
				let payments = RevenueSplit::distribute(&NODE, &calls).unwrap();
				for (payment, call) in payments.iter().zip(&calls) {
					prop_assert_eq!(
						payment.protocol + payment.developer + payment.node + payment.data,
						call.charge
					);
				}
				RevenueSplit::do_try_state().unwrap();
				prop_assert_eq!(pot_surplus(), TotalAccrued::<Test>::get());
			}
			let paid: u128 = [DEVELOPER, NODE, PROTOCOL].iter().map(Balances::balance).sum();
			let data = Balances::balance(&DATA_POT) - EXISTENTIAL_DEPOSIT;
			prop_assert_eq!(paid + data + TotalAccrued::<Test>::get(), charged);
			Ok(())
		})?;
	}
}

//! Payments below the existential deposit.

use super::{
	lanes::{charged, descended, settle},
	*,
};
use crate::{Accrued, Error, Event, TotalAccrued};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use sp_runtime::DispatchError;

fn small_settlement() {
	settle(&[charged(200)]).unwrap();
}

#[test]
fn small_payments_accrue_until_they_can_be_paid() {
	run(|| {
		small_settlement();
		// 5% of 200, then 40% / 35% / 25% of 190: all below the existential deposit of 100.
		assert_eq!(Balances::balance(&DEVELOPER), 0);
		assert_eq!(Accrued::<Test>::get(DEVELOPER), 76);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER).accrued, 76);
		assert_eq!(TotalAccrued::<Test>::get(), pot_surplus());
		System::assert_has_event(
			Event::PaymentAccrued { account: DEVELOPER, added: 76, amount: 76 }.into(),
		);

		small_settlement();
		assert_eq!(Balances::balance(&DEVELOPER), 152);
		assert_eq!(Accrued::<Test>::get(DEVELOPER), 0);
		System::assert_has_event(Event::AccruedPaid { account: DEVELOPER, amount: 76 }.into());
		assert_eq!(TotalAccrued::<Test>::get(), pot_surplus());
		// The protocol's account exists: nothing is too small for it.
		assert_eq!(gained(&PROTOCOL), 20);
	});
}

#[test]
fn accrued_payments_can_be_asked_for_once_the_account_exists() {
	run(|| {
		small_settlement();
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
fn an_accrual_that_was_miscounted_is_not_paid() {
	new_test_ext().execute_with(|| {
		small_settlement();
		Balances::mint_into(&DEVELOPER, 100).unwrap();
		TotalAccrued::<Test>::put(75);
		assert_noop!(
			RevenueSplit::pay_accrued(RuntimeOrigin::signed(PAYER), DEVELOPER),
			Error::<Test>::NotConserved
		);
		assert!(RevenueSplit::do_try_state().is_err());
	});
}

#[test]
fn an_account_that_was_emptied_accrues_again() {
	run(|| {
		settle(&[charged(10_000)]).unwrap();
		let all = Balances::balance(&DEVELOPER);
		assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(DEVELOPER), PAYER, all));
		small_settlement();
		assert_eq!(RevenueSplit::earnings(&DEVELOPER).accrued, 76);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER).developer, 3_876);
	});
}

#[test]
fn a_chain_whose_issuance_is_all_that_fits_still_pays() {
	run(|| {
		let free = u128::MAX - pallet_balances::TotalIssuance::<Test>::get();
		Balances::mint_into(&DEVELOPER, free - 10_000).unwrap();
		// It pays what was charged into the pot first.
		settle(&[charged(10_000)]).unwrap();
		assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), u128::MAX);
		assert_eq!(Balances::balance(&DEVELOPER), free - 10_000 + 3_800);
		assert_eq!(pot_surplus(), 0);
	});
}

#[test]
fn a_royalty_below_the_existential_deposit_accrues() {
	run(|| {
		for (round, accrued, balance) in [(1, 38, 0), (2, 76, 0), (3, 0, 114)] {
			settle(&[descended(charged(1_000), &[(PARENT, 10)])]).unwrap();
			let earnings = RevenueSplit::earnings(&PARENT);
			assert_eq!((earnings.accrued, earnings.royalty), (accrued, 38 * round), "{round}");
			assert_eq!(Balances::balance(&PARENT), balance, "{round}");
		}
	});
}

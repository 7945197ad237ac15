//! Tests of the distribution, of each error, and of what random settlements keep true.

use crate::mock::*;
use frame_support::traits::fungible::Inspect;

mod accrual;
mod earnings;
mod genesis;
mod lanes;
mod share;

/// Runs `test` on a fresh chain and checks the invariants afterwards.
fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		RevenueSplit::do_try_state().unwrap();
	});
}

/// Amount that the pot holds beyond the existential deposit.
fn pot_surplus() -> u128 {
	Balances::balance(&RevenueSplit::pot()) - EXISTENTIAL_DEPOSIT
}

/// Amount that `account` got since it was endowed with the existential deposit.
fn gained(account: &AccountId) -> u128 {
	Balances::balance(account) - EXISTENTIAL_DEPOSIT
}

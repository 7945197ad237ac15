//! The start of a chain.

use super::*;

#[test]
fn the_protocols_accounts_exist_from_genesis_on() {
	new_test_ext().execute_with(|| {
		for account in [RevenueSplit::pot(), PROTOCOL] {
			assert_eq!(Balances::balance(&account), EXISTENTIAL_DEPOSIT);
		}
		let endowed = 1_000_000 + 3 * EXISTENTIAL_DEPOSIT;
		assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), endowed);
		RevenueSplit::do_try_state().unwrap();
	});
}

#[test]
fn an_account_that_was_endowed_gets_no_more() {
	let balances = vec![(RevenueSplit::pot(), EXISTENTIAL_DEPOSIT), (PROTOCOL, 1_000)];
	chain(balances).execute_with(|| {
		assert_eq!(Balances::balance(&RevenueSplit::pot()), EXISTENTIAL_DEPOSIT);
		assert_eq!(Balances::balance(&PROTOCOL), 1_000);
		assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 1_000 + EXISTENTIAL_DEPOSIT);
	});
}

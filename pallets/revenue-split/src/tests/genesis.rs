//! The start of a chain, and the upgrade of one that is older.

use super::*;
use crate::{
	migrations::{KeepShare, MigrateToV2},
	Pallet, TotalAccrued,
};
use frame_support::{
	storage_alias,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	weights::Weight,
};
use sp_runtime::Permill;

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

/// Keeps the share where the mock reads it.
struct InMock;

impl KeepShare for InMock {
	fn keep(share: Permill) -> Weight {
		ProtocolShare::set(share);
		Weight::from_parts(1, 0)
	}
}

/// The place of the share in version 1.
#[storage_alias]
type OldShare = StorageValue<RevenueSplit, Permill>;

fn old_key() -> Vec<u8> {
	frame_support::storage::storage_prefix(b"RevenueSplit", b"ProtocolShare").to_vec()
}

fn upgrade<Keep: KeepShare>() -> Weight {
	#[cfg(feature = "try-runtime")]
	return MigrateToV2::<Test, Keep>::try_on_runtime_upgrade(true).unwrap();
	#[cfg(not(feature = "try-runtime"))]
	return MigrateToV2::<Test, Keep>::on_runtime_upgrade();
}

#[test]
fn the_share_that_governance_set_outlives_the_upgrade() {
	run(|| {
		fund_pot(200);
		distribute(&NODE, &[call(200)]).unwrap();
		let accrued = TotalAccrued::<Test>::get();
		assert!(accrued > 0);
		StorageVersion::new(1).put::<Pallet<Test>>();
		sp_io::storage::set(&old_key(), &codec::Encode::encode(&Permill::from_percent(12)));

		let weight = upgrade::<InMock>();
		assert!(weight.ref_time() > 0);
		assert_eq!(ProtocolShare::get(), Permill::from_percent(12));
		assert!(!sp_io::storage::exists(&old_key()));
		assert_eq!(TotalAccrued::<Test>::get(), accrued);
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);

		// A second time, it does nothing.
		sp_io::storage::set(&old_key(), &[1]);
		upgrade::<InMock>();
		assert!(sp_io::storage::exists(&old_key()));
		assert_eq!(ProtocolShare::get(), Permill::from_percent(12));
	});
}

#[test]
fn a_chain_without_a_share_of_its_own_keeps_the_default() {
	run(|| {
		StorageVersion::new(1).put::<Pallet<Test>>();
		assert!(!OldShare::exists());
		upgrade::<InMock>();
		assert_eq!(ProtocolShare::get(), Permill::from_percent(5));
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
	});
}

#[test]
fn a_share_may_be_let_go() {
	run(|| {
		StorageVersion::new(1).put::<Pallet<Test>>();
		sp_io::storage::set(&old_key(), &codec::Encode::encode(&Permill::from_percent(5)));
		upgrade::<()>();
		assert!(!sp_io::storage::exists(&old_key()));
	});
}

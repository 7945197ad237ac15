//! Weights of `pallet_balances`. Measured by `scripts/weights.sh`: run it again rather than edit this.
//!
//! | | |
//! |---|---|
//! | machine | 2 cores, AMD EPYC, 24 GiB of memory |
//! | compiler | rustc 1.95.0 (59807616e 2026-04-14) |
//! | runtime | wasm, production profile |
//! | date | 2026-11-22 |
//! | benchmark runner | 64.0.0, 10 steps, 4 repeats |

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
#[allow(unused_imports)]
use frame_support::{traits::Get, weights::Weight};

/// The weights of `pallet_balances`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 55_352 nanoseconds.
	fn transfer_allow_death() -> Weight {
		Weight::from_parts(57_686_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 43_235 nanoseconds.
	fn transfer_keep_alive() -> Weight {
		Weight::from_parts(45_478_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 21_372 nanoseconds.
	fn force_set_balance_creating() -> Weight {
		Weight::from_parts(23_505_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 21_652 nanoseconds.
	fn force_set_balance_killing() -> Weight {
		Weight::from_parts(23_004_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 57_676 nanoseconds.
	fn force_transfer() -> Weight {
		Weight::from_parts(59_499_000, 6_196)
			.saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 54_281 nanoseconds.
	fn transfer_all() -> Weight {
		Weight::from_parts(56_304_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 17_646 nanoseconds.
	fn force_unreserve() -> Weight {
		Weight::from_parts(18_748_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `System::Account` (r:1000 w:1000)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// `u` is from 1 to 1000.
	///
	/// At least 17_896 nanoseconds.
	fn upgrade_accounts(u: u32, ) -> Weight {
		Weight::from_parts(18_077_000, 990)
			// Standard error: 58_812
			.saturating_add(Weight::from_parts(17_205_736, 0).saturating_mul(u.into()))
			.saturating_add(Weight::from_parts(0, 2_603).saturating_mul(u.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(u.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(u.into())))
	}
	/// At least 5_529 nanoseconds.
	fn force_adjust_total_issuance() -> Weight {
		Weight::from_parts(6_200_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
	}
	/// At least 33_350 nanoseconds.
	fn burn_allow_death() -> Weight {
		Weight::from_parts(36_754_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
	}
	/// At least 21_882 nanoseconds.
	fn burn_keep_alive() -> Weight {
		Weight::from_parts(23_085_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
	}
}

//! Weights of `pallet_revenue_split`. Measured by `scripts/weights.sh`: run it again rather than edit this.
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

/// The weights of `pallet_revenue_split`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_revenue_split::WeightInfo for WeightInfo<T> {
	/// Storage: `RevenueSplit::Accrued` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Accrued` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::TotalAccrued` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::TotalAccrued` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// At least 58_978 nanoseconds.
	fn pay_accrued() -> Weight {
		Weight::from_parts(62_033_000, 6_196)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Storage: `RevenueSplit::ProtocolShares` (r:1 w:1)
	///
	/// Estimated.
	fn update_share() -> Weight {
		Weight::from_parts(30_000_000, 7_500)
			.saturating_add(T::DbWeight::get().reads_writes(3, 1))
	}
}

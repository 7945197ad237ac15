//! Weights of `frame_system`. Measured by `scripts/weights.sh`: run it again rather than edit this.
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

/// The weights of `frame_system`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
	/// `b` is from 0 to 3932160.
	///
	/// At least 2_113 nanoseconds.
	fn remark(b: u32, ) -> Weight {
		Weight::from_parts(15_124_387, 0)
			// Standard error: 18
			.saturating_add(Weight::from_parts(499, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
	}
	/// `b` is from 0 to 3932160.
	///
	/// At least 5_508 nanoseconds.
	fn remark_with_event(b: u32, ) -> Weight {
		Weight::from_parts(171_939_770, 0)
			// Standard error: 53
			.saturating_add(Weight::from_parts(2_069, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
	}
	/// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	///
	/// Proof: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	///
	/// At least 3_796 nanoseconds.
	fn set_heap_pages() -> Weight {
		Weight::from_parts(4_437_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 1))
	}
	/// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	///
	/// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	///
	/// At least 138_949_644 nanoseconds.
	fn set_code() -> Weight {
		Weight::from_parts(147_637_385_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 1))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	///
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	///
	/// `i` is from 0 to 1000.
	///
	/// At least 2_103 nanoseconds.
	fn set_storage(i: u32, ) -> Weight {
		Weight::from_parts(2_283_000, 0)
			// Standard error: 3_069
			.saturating_add(Weight::from_parts(893_685, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(i.into())))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	///
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	///
	/// `i` is from 0 to 1000.
	///
	/// At least 2_173 nanoseconds.
	fn kill_storage(i: u32, ) -> Weight {
		Weight::from_parts(2_363_000, 0)
			// Standard error: 5_276
			.saturating_add(Weight::from_parts(702_922, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(i.into())))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	///
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	///
	/// `p` is from 0 to 1000.
	///
	/// At least 4_076 nanoseconds.
	fn kill_prefix(p: u32, ) -> Weight {
		Weight::from_parts(5_028_000, 90)
			// Standard error: 21_549
			.saturating_add(Weight::from_parts(1_561_835, 0).saturating_mul(p.into()))
			.saturating_add(Weight::from_parts(0, 70).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads_writes(0, 0))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(p.into())))
	}
	/// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
	///
	/// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	///
	/// At least 13_960 nanoseconds.
	fn authorize_upgrade() -> Weight {
		Weight::from_parts(26_420_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(0, 1))
	}
	/// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
	///
	/// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	///
	/// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	///
	/// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	///
	/// At least 146_685_897 nanoseconds.
	fn apply_authorized_upgrade() -> Weight {
		Weight::from_parts(170_400_499_000, 1_518)
			.saturating_add(T::DbWeight::get().reads_writes(1, 2))
	}
}

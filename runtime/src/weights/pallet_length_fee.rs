//! Weights of `pallet_length_fee`. To be measured by `scripts/weights.sh`: run it rather than edit this.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
#[allow(unused_imports)]
use frame_support::{traits::Get, weights::Weight};

/// The weights of `pallet_length_fee`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_length_fee::WeightInfo for WeightInfo<T> {
	/// Storage: `LengthFee::NextMultiplier` (r:1 w:1)
	///
	/// Proof: `LengthFee::NextMultiplier` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Estimated.
	fn update() -> Weight {
		Weight::from_parts(10_000_000, 1_501)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
}

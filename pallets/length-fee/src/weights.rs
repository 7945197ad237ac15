//! Weights of what blocks do by themselves.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// Weight functions of the pallet.
pub trait WeightInfo {
	/// Weight of moving the price at the end of a block.
	fn update() -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
	fn update() -> Weight {
		// NextMultiplier, the block's size.
		Weight::from_parts(10_000_000, 4_096).saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn update() -> Weight {
		RocksDbWeight::get().reads_writes(2, 1)
	}
}

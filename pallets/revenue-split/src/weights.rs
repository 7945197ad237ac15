//! Weights of the extrinsics.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// Weight functions of the pallet.
pub trait WeightInfo {
	/// Weight of `set_protocol_share`.
	fn set_protocol_share() -> Weight;
	/// Weight of `pay_accrued`.
	fn pay_accrued() -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
	fn set_protocol_share() -> Weight {
		Weight::from_parts(15_000_000, 1_500).saturating_add(T::DbWeight::get().writes(1))
	}

	fn pay_accrued() -> Weight {
		// Accrued, TotalAccrued, the pot's account, the recipient's account.
		Weight::from_parts(90_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn set_protocol_share() -> Weight {
		RocksDbWeight::get().writes(1)
	}

	fn pay_accrued() -> Weight {
		RocksDbWeight::get().reads_writes(4, 4)
	}
}

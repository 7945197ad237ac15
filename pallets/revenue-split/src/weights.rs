//! Weights of the extrinsics.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// Weight functions of the pallet.
pub trait WeightInfo {
	/// Weight of `pay_accrued`.
	fn pay_accrued() -> Weight;
	/// Weight of putting another share of the protocol's in force.
	fn update_share() -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
	fn pay_accrued() -> Weight {
		// Accrued, TotalAccrued, the pot's account, the recipient's account.
		Weight::from_parts(90_000_000, 16_384).saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}

	fn update_share() -> Weight {
		// ProtocolShares, the share as it is governed, and two parameters that the period is made of.
		Weight::from_parts(30_000_000, 12_288).saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn pay_accrued() -> Weight {
		RocksDbWeight::get().reads_writes(4, 4)
	}

	fn update_share() -> Weight {
		RocksDbWeight::get().reads_writes(4, 1)
	}
}

//! # Length fee
//!
//! The price of a transaction's bytes, which rises while blocks are full of them.
//!
//! A block has two limits: the time that its transactions may take, and the bytes that they may have. FRAME's
//! transaction payment raises the price of time with the load of the blocks; bytes have one price there. Whoever
//! fills blocks with bytes that take no time would keep others out for as little in a full chain as in an
//! empty one. This pallet does for bytes what `TargetedFeeAdjustment` does for time, by the same formula: in
//! each block the multiplier `m` becomes
//!
//! ```text
//! m * (1 + v * (s - target) + (v * (s - target))² / 2)
//! ```
//!
//! where `s` is the part of the bytes of ordinary transactions that the block used, and `v` the
//! [`AdjustmentVariable`](Config::AdjustmentVariable); but never less than 1, and never more than
//! [`MaximumMultiplier`](Config::MaximumMultiplier).
//!
//! The pallet is the `LengthToFee` of the transaction payment. So what wallets are told that a transaction would
//! cost is what it is charged in the same block.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `NextMultiplier` | - | 16 bytes | - | - |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::{
	dispatch::DispatchClass,
	ensure,
	traits::Get,
	weights::{Weight, WeightToFee},
};
use openledger_primitives::Balance;
use sp_runtime::{
	traits::{One, Saturating},
	FixedPointNumber, FixedU128, TryRuntimeError,
};

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use sp_runtime::Perquintill;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Parameters that the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Fee for a byte while blocks are not fuller than the target, in planck.
		#[pallet::constant]
		type FeePerByte: Get<Balance>;

		/// The part of a block's bytes of ordinary transactions that may be used before a byte gets dearer.
		type TargetFullness: Get<Perquintill>;

		/// The speed at which the price moves.
		type AdjustmentVariable: Get<FixedU128>;

		/// The most that [`FeePerByte`](Config::FeePerByte) is multiplied by. At least 1.
		type MaximumMultiplier: Get<FixedU128>;

		/// Weights of what blocks do by themselves.
		type WeightInfo: WeightInfo;
	}

	/// The multiplier of the present block, and at its end that of the next one.
	#[pallet::storage]
	pub type NextMultiplier<T: Config> = StorageValue<_, FixedU128, ValueQuery, NoMultiplier>;

	/// The multiplier at the beginning: 1.
	pub struct NoMultiplier;

	impl Get<FixedU128> for NoMultiplier {
		fn get() -> FixedU128 {
			FixedU128::one()
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Reserves the weight of what the block ends with.
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			T::WeightInfo::update()
		}

		/// Moves the price for the next block.
		fn on_finalize(_: BlockNumberFor<T>) {
			NextMultiplier::<T>::mutate(|multiplier| *multiplier = Self::after(*multiplier));
		}

		#[cfg(feature = "std")]
		fn integrity_test() {
			assert!(T::MaximumMultiplier::get() >= FixedU128::one(), "a byte would have no price");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), TryRuntimeError> {
			Self::do_try_state()
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The multiplier that follows `previous` after the present block.
	fn after(previous: FixedU128) -> FixedU128 {
		let most = u64::from(*T::BlockLength::get().max.get(DispatchClass::Normal));
		let used = u64::from(frame_system::Pallet::<T>::block_size()).min(most);
		let target = T::TargetFullness::get().mul_floor(most);
		let part = FixedU128::saturating_from_rational(used.abs_diff(target), most.max(1));

		let change = T::AdjustmentVariable::get().saturating_mul(part);
		let half = FixedU128::saturating_from_rational(1, 2);
		let second = change.saturating_mul(change).saturating_mul(half);
		let next = if used >= target {
			previous.saturating_add(change.saturating_add(second).saturating_mul(previous))
		} else {
			previous.saturating_sub(change.saturating_sub(second).saturating_mul(previous))
		};
		next.clamp(FixedU128::one(), T::MaximumMultiplier::get().max(FixedU128::one()))
	}

	/// Checks the pallet's invariants. The first one that does not hold is the error.
	///
	/// # Errors
	/// If the multiplier is out of its bounds.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let multiplier = NextMultiplier::<T>::get();
		ensure!(multiplier >= FixedU128::one(), "a byte costs less than it should");
		ensure!(multiplier <= T::MaximumMultiplier::get(), "a byte costs more than it may");
		Ok(())
	}
}

impl<T: Config> WeightToFee for Pallet<T> {
	type Balance = Balance;

	/// The fee for as many bytes as `length` has units of time, which is how the transaction payment asks.
	fn weight_to_fee(length: &Weight) -> Balance {
		let at_rest = T::FeePerByte::get().saturating_mul(length.ref_time().into());
		NextMultiplier::<T>::get().saturating_mul_int(at_rest)
	}
}

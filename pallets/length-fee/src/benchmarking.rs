//! The benchmark of what a block ends with.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::Hooks;
use frame_system::BlockSize;
use sp_runtime::traits::Zero;

#[benchmarks]
mod benchmarks {
	use super::*;

	/// After a block that is full.
	#[benchmark]
	fn update() {
		BlockSize::<T>::put(*T::BlockLength::get().max.get(DispatchClass::Normal));

		#[block]
		{
			Pallet::<T>::on_finalize(Zero::zero());
		}

		assert!(NextMultiplier::<T>::get() > FixedU128::one());
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::new_test_ext(), crate::tests::Test);
}

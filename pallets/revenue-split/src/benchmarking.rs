//! Benchmarks of the extrinsics. What a distribution costs is part of the settlement's own.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Inspect, Mutate};
use frame_system::RawOrigin;

#[benchmarks]
mod benchmarks {
	use super::*;

	/// The recipient does not exist yet, and others wait as well.
	#[benchmark]
	fn pay_accrued() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let earner: T::AccountId = account("earner", 0, 0);
		let other: T::AccountId = account("earner", 1, 0);
		let minimum = T::Currency::minimum_balance();
		T::Currency::mint_into(&Pallet::<T>::pot(), minimum.saturating_mul(4))?;
		Accrued::<T>::insert(&earner, minimum);
		Accrued::<T>::insert(&other, 1);
		TotalAccrued::<T>::put(minimum.saturating_add(1));

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), earner.clone());

		assert_eq!(T::Currency::balance(&earner), minimum);
		assert_eq!(TotalAccrued::<T>::get(), 1);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}

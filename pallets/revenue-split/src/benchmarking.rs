//! Benchmarks of the extrinsics.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	EnsureOrigin, Get,
};
use frame_system::RawOrigin;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_protocol_share() -> Result<(), BenchmarkError> {
		let origin =
			T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let share = T::MaxProtocolShare::get();

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, share);

		assert_eq!(ProtocolShare::<T>::get(), share);
		Ok(())
	}

	/// The recipient does not exist yet.
	#[benchmark]
	fn pay_accrued() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let account: T::AccountId = account("earner", 0, 0);
		let minimum = T::Currency::minimum_balance();
		T::Currency::mint_into(&Pallet::<T>::pot(), minimum.saturating_mul(3))?;
		Accrued::<T>::insert(&account, minimum);
		TotalAccrued::<T>::put(minimum);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), account.clone());

		assert_eq!(T::Currency::balance(&account), minimum);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}

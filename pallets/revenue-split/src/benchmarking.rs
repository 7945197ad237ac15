//! Benchmarks of the extrinsics, and of what a block begins with. What a distribution costs is part of the
//! settlement's own.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_runtime::{traits::Zero, DispatchResult, Permill};

/// Lets the existential deposit have accrued for an account, and for the protocol's. The pot has it.
pub(crate) fn accrue<T: Config>(account: &T::AccountId) -> DispatchResult {
	let amount = T::Currency::minimum_balance();
	for earner in [account, &T::ProtocolAccount::get()] {
		T::Currency::mint_into(&Pallet::<T>::pot(), amount)?;
		Accrued::<T>::mutate(earner, |sum| *sum = sum.saturating_add(amount));
		TotalAccrued::<T>::mutate(|sum| *sum = sum.saturating_add(amount));
	}
	Ok(())
}

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

	/// All but one of the places for earlier shares are taken.
	#[benchmark]
	fn update_share() -> Result<(), BenchmarkError> {
		let mut shares = ShareHistory::<BlockNumberFor<T>>::default();
		for number in 1..MAX_SHARES {
			let share = Permill::from_parts(number);
			let set = shares.set(number.into(), share, Zero::zero());
			set.map_err(|_| BenchmarkError::Stop("no room"))?;
		}
		ProtocolShares::<T>::put(shares);
		let now: BlockNumberFor<T> = MAX_SHARES.into();

		#[block]
		{
			Pallet::<T>::update_share(now);
		}

		let shares = ProtocolShares::<T>::get();
		assert_eq!(shares.now(), Some(&T::ProtocolShare::get()));
		assert_eq!(shares.entries().len(), MAX_SHARES as usize);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}

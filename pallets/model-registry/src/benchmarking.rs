//! Measures the calls at their worst: the longest name and URI, and as many data sources as fit,
//! each in a datanet of its own.

use super::*;
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::RawOrigin;
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::DataInspect,
	Balance, Hash, ModelId, Name, Uri, MAX_NAME, MAX_SOURCES, MAX_URI, OPEN,
};
use sp_runtime::{DispatchError, Permill};

/// Gives an account enough to pay for a few models of any size.
fn fund<T: Config>(who: &T::AccountId) {
	let bytes = Balance::from(MAX_NAME + MAX_URI).saturating_mul(8);
	let deposit =
		T::DepositBase::get().saturating_add(T::DepositPerByte::get().saturating_mul(bytes));
	let least = T::Currency::minimum_balance().saturating_add(OPEN);
	T::Currency::set_balance(
		who,
		T::Currency::balance(who).saturating_add(least).saturating_add(deposit.saturating_mul(4)),
	);
}

fn longest_uri() -> Uri {
	Uri::truncate_from(vec![b'u'; usize::try_from(MAX_URI).unwrap_or_default()])
}

/// A name of full length that ends with `number`.
fn longest_name(number: ModelId) -> Name {
	let digits = alloc::format!("{number:064}");
	Name::truncate_from(digits.into_bytes())
}

fn price() -> PriceSchedule {
	PriceSchedule { per_call: 1_000_000, per_input_token: 1_000, per_output_token: 2_000 }
}

fn policy(sources: &DataSources) -> RevenuePolicy {
	let data = if sources.is_empty() { 0 } else { 40 };
	RevenuePolicy {
		developer: Permill::from_percent(60 - data),
		data: Permill::from_percent(data),
		node: Permill::from_percent(40),
		attributed: Permill::from_percent(50),
	}
}

/// Registers a model of `owner`, and pays for it.
pub(crate) fn register<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
) -> Result<ModelId, DispatchError> {
	fund::<T>(owner);
	let policy = policy(&sources);
	let version = ModelVersion {
		uri: longest_uri(),
		weights_hash: Hash::repeat_byte(1),
		tokenizer_hash: Hash::repeat_byte(2),
		sources,
	};
	let name = longest_name(NextModelId::<T>::get());
	Pallet::<T>::do_register(owner.clone(), name, version, price(), policy)
}

fn sources<T: Config>(count: u32) -> Result<DataSources, BenchmarkError> {
	let mut sources = Vec::new();
	for _ in 0..count {
		let (datanet, release) = T::Data::benchmark_release(1)?;
		sources.push(DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 });
	}
	DataSources::try_from(sources).map_err(|_| BenchmarkError::Stop("too many sources"))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_model(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let sources = sources::<T>(s)?;
		let policy = policy(&sources);
		let id = NextModelId::<T>::get();

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller),
			longest_name(id),
			longest_uri(),
			Hash::repeat_byte(1),
			Hash::repeat_byte(2),
			price(),
			policy,
			sources,
		);

		assert!(Models::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn pause_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.paused));
		Ok(())
	}

	#[benchmark]
	fn resume_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		Pallet::<T>::pause_model(RawOrigin::Signed(caller.clone()).into(), id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| !model.paused));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}

//! Measures the calls at their worst: the longest name and URI, as many data sources as fit, each
//! in a datanet of its own, as many parents as there can be, and something announced that has to
//! go.

use super::*;
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	info::ParentInfo,
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::DataInspect,
	Balance, Hash, ModelId, Name, Uri, MAX_LINEAGE, MAX_SOURCES, MAX_URI, OPEN,
};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _, One, Saturating},
	DispatchError, DispatchResult, Permill,
};

/// Gives an account enough to pay for a model with hundreds of versions and prices.
fn fund<T: Config>(who: &T::AccountId) {
	let bytes = Balance::from(MAX_REMOVED).saturating_mul(1_024);
	let deposit =
		T::DepositBase::get().saturating_add(T::DepositPerByte::get().saturating_mul(bytes));
	let least = T::Currency::minimum_balance().saturating_add(OPEN);
	T::Currency::set_balance(
		who,
		T::Currency::balance(who).saturating_add(least).saturating_add(deposit.saturating_mul(2)),
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

/// A price that is higher than [`price`].
fn higher_price() -> PriceSchedule {
	let price = price();
	PriceSchedule { per_call: price.per_call.saturating_add(1), ..price }
}

/// A price that is lower than [`price`].
fn lower_price(by: u32) -> PriceSchedule {
	let price = price();
	PriceSchedule { per_call: price.per_call.saturating_sub(by.into()), ..price }
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

/// Another policy that pays data.
fn policy_for_data() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(30),
		data: Permill::from_percent(30),
		node: Permill::from_percent(40),
		attributed: Permill::from_percent(50),
	}
}

/// Another policy that pays no data.
fn policy_without_data() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(50),
		data: Permill::zero(),
		node: Permill::from_percent(50),
		attributed: Permill::zero(),
	}
}

fn hash(number: u32) -> Hash {
	BlakeTwo256::hash_of(&number)
}

fn version(number: u32, sources: DataSources) -> ModelVersion {
	ModelVersion {
		uri: longest_uri(),
		weights_hash: hash(number),
		tokenizer_hash: hash(number),
		sources,
	}
}

/// Registers a model of `owner` with this parent, and pays for it.
fn register_below<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
	parent: Option<ModelId>,
) -> Result<ModelId, DispatchError> {
	fund::<T>(owner);
	let policy = policy(&sources);
	let name = longest_name(NextModelId::<T>::get());
	let parent = parent.map(|model| ParentInfo { model, royalty: Permill::from_percent(10) });
	Pallet::<T>::do_register(owner.clone(), name, version(0, sources), price(), policy, parent)
}

/// Registers a model of `owner`, and pays for it.
fn register<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
) -> Result<ModelId, DispatchError> {
	register_below::<T>(owner, sources, None)
}

/// Registers models one below the other, each of an owner of its own, and returns the lowest one.
fn parents<T: Config>(levels: u32) -> Result<Option<ModelId>, DispatchError> {
	let mut parent = None;
	for level in 0..levels {
		let owner = account("parent", NextModelId::<T>::get(), level);
		parent = Some(register_below::<T>(&owner, DataSources::default(), parent)?);
	}
	Ok(parent)
}

/// Registers a model of `owner` with so many levels of parents, each with an owner of its own.
pub(crate) fn register_with_parents<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
	levels: u32,
) -> Result<ModelId, DispatchError> {
	let parent = parents::<T>(levels)?;
	register_below::<T>(owner, sources, parent)
}

fn sources<T: Config>(count: u32) -> Result<DataSources, BenchmarkError> {
	let mut sources = Vec::new();
	for _ in 0..count {
		let (datanet, release, _) = T::Data::benchmark_release(1)?;
		sources.push(DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 });
	}
	DataSources::try_from(sources).map_err(|_| BenchmarkError::Stop("too many sources"))
}

/// Announces a version with as many sources as fit.
fn announce_version<T: Config>(id: ModelId) -> Result<(), BenchmarkError> {
	let model = Pallet::<T>::model_now(id)?;
	let sources = sources::<T>(MAX_SOURCES)?;
	Ok(Pallet::<T>::do_publish(id, model, version(u32::MAX, sources))?)
}

/// Announces a version with the sources of the one in force, but one.
fn announce_smaller_version<T: Config>(id: ModelId) -> Result<(), BenchmarkError> {
	let model = Pallet::<T>::model_now(id)?;
	let mut sources = Pallet::<T>::known_versions(id, &model)?.in_force().sources.clone();
	sources.pop();
	Ok(Pallet::<T>::do_publish(id, model, version(0, sources))?)
}

fn set_price<T: Config>(id: ModelId, price: PriceSchedule) -> DispatchResult {
	Pallet::<T>::do_set_price(id, Pallet::<T>::model_now(id)?, price)
}

fn set_policy<T: Config>(id: ModelId, policy: RevenuePolicy) -> DispatchResult {
	Pallet::<T>::do_set_policy(id, Pallet::<T>::model_now(id)?, policy)
}

fn pass<T: Config>(blocks: BlockNumberFor<T>) {
	let now = Pallet::<T>::now().saturating_add(blocks).saturating_add(One::one());
	frame_system::Pallet::<T>::set_block_number(now);
}

/// Retires a model, and waits until its calls are settled.
fn retire<T: Config>(id: ModelId) -> DispatchResult {
	Pallet::<T>::do_retire(id, Pallet::<T>::model_now(id)?)?;
	pass::<T>(T::SettlementGrace::get());
	Ok(())
}

/// Goes on to the block in which what is announced is in force.
fn pass_notice<T: Config>() {
	pass::<T>(T::NoticePeriod::get());
}

/// The number of the version and of the price version that are announced.
fn announced<T: Config>(id: ModelId) -> (Option<u32>, Option<u32>) {
	let now = Pallet::<T>::now();
	let Some(model) = Models::<T>::get(id) else { return (None, None) };
	let version = model.version.announced(now).map(|next| next.value);
	(version, model.price.announced(now).map(|next| next.value))
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
			hash(1),
			hash(2),
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

	/// With tombstones above the parent, which take two reads each to find.
	#[benchmark]
	fn register_derived_model(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let sources = sources::<T>(s)?;
		let policy = policy(&sources);
		let parent = parents::<T>(MAX_LINEAGE)?.ok_or(BenchmarkError::Stop("no parent"))?;
		let above = Pallet::<T>::model_now(parent)?.parent;
		for ancestor in Pallet::<T>::lineage_from(above) {
			retire::<T>(ancestor.model)?;
			let model = Pallet::<T>::model_now(ancestor.model)?;
			Pallet::<T>::do_purge(ancestor.model, model, 0)?;
		}
		let id = NextModelId::<T>::get();

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller),
			longest_name(id),
			longest_uri(),
			hash(1),
			hash(2),
			price(),
			policy,
			sources,
			parent,
			Permill::from_percent(10),
		);

		assert!(Models::<T>::get(id).is_some_and(|model| model.parent.is_some()));
		Ok(())
	}

	/// In place of one that is announced. With a model that pays no data, versions need no sources,
	/// but without them the terms are looked at, which are announced, too.
	#[benchmark]
	fn publish_version(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		announce_version::<T>(id)?;
		super::set_price::<T>(id, higher_price())?;
		let sources = sources::<T>(s)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, longest_uri(), hash(1), hash(2), sources);

		assert!(Versions::<T>::contains_key(id, 2));
		assert!(!Versions::<T>::contains_key(id, 1));
		Ok(())
	}

	#[benchmark]
	fn cancel_version() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		announce_version::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).0, None);
		Ok(())
	}

	/// A cut, while a rise and a policy are announced: the policy is announced anew. After a change
	/// that came into force by itself, so that the model has to be brought up to date.
	#[benchmark]
	fn set_price() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		super::set_price::<T>(id, higher_price())?;
		pass_notice::<T>();
		let dearer = PriceSchedule { per_output_token: Balance::from(u64::MAX), ..price() };
		super::set_price::<T>(id, dearer)?;
		super::set_policy::<T>(id, policy_for_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, lower_price(1));

		assert_eq!(announced::<T>(id).1, Some(5));
		assert_eq!(Prices::<T>::iter_prefix(id).count(), 4);
		Ok(())
	}

	/// With nothing else announced, so that the deposit changes.
	#[benchmark]
	fn cancel_price() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		super::set_price::<T>(id, higher_price())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).1, None);
		Ok(())
	}

	/// With two versions to look at, as large as they can be. No terms are announced, so that the
	/// deposit changes.
	#[benchmark]
	fn set_policy() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		announce_version::<T>(id)?;
		pass_notice::<T>();
		announce_smaller_version::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, policy_for_data());

		assert_eq!(announced::<T>(id).1, Some(1));
		Ok(())
	}

	/// With nothing else announced, so that the deposit changes.
	#[benchmark]
	fn cancel_policy() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		super::set_policy::<T>(id, policy_without_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).1, None);
		Ok(())
	}

	/// With everything announced that can be.
	#[benchmark]
	fn retire_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		announce_version::<T>(id)?;
		super::set_price::<T>(id, higher_price())?;
		super::set_policy::<T>(id, policy_for_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.retired_at.is_some()));
		Ok(())
	}

	/// The last of a line whose others have left tombstones.
	#[benchmark]
	fn purge_model(n: Linear<0, MAX_REMOVED>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register_with_parents::<T>(&caller, sources::<T>(MAX_SOURCES)?, MAX_LINEAGE)?;
		for number in 1..=n {
			let model = Pallet::<T>::model_now(id)?;
			let sources = Versions::<T>::get(id, 0).map(|first| first.value.sources);
			Pallet::<T>::do_publish(id, model, version(number, sources.unwrap_or_default()))?;
		}
		let above = Pallet::<T>::model_now(id)?.parent;
		for ancestor in Pallet::<T>::lineage_from(above) {
			retire::<T>(ancestor.model)?;
			let model = Pallet::<T>::model_now(ancestor.model)?;
			Pallet::<T>::do_purge(ancestor.model, model, 0)?;
		}
		retire::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, n);

		assert!(!Models::<T>::contains_key(id));
		assert_eq!(Tombstones::<T>::iter_keys().count(), 0);
		Ok(())
	}

	#[benchmark]
	fn prune_model(n: Linear<1, MAX_REMOVED>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let owner = account("owner", 0, 0);
		let id = register::<T>(&owner, Default::default())?;
		for number in 1..=n {
			super::set_price::<T>(id, lower_price(number))?;
		}
		pass::<T>(T::SettlementGrace::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, n);

		assert_eq!(Prices::<T>::iter_prefix(id).count(), 1);
		Ok(())
	}

	#[benchmark]
	fn offer_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		let to: T::AccountId = account("to", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, to.clone());

		assert_eq!(Models::<T>::get(id).and_then(|model| model.offered_to), Some(to));
		Ok(())
	}

	#[benchmark]
	fn withdraw_offer() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		Pallet::<T>::do_offer(id, Pallet::<T>::model_now(id)?, account("to", 0, 0))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.offered_to.is_none()));
		Ok(())
	}

	#[benchmark]
	fn accept_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let id = register::<T>(&account("owner", 0, 0), Default::default())?;
		Pallet::<T>::do_offer(id, Pallet::<T>::model_now(id)?, caller.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.owner == caller));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::with_real_periods(), crate::mock::Test);
}

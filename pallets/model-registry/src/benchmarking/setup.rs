//! The set-up that benchmarks start from.

use crate::*;
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	Get,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector, NEWEST_RULE},
	info::ParentInfo,
	model::{VersionDetails, MAX_TEMPLATE_OVERHEAD},
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::DataInspect,
	Balance, Hash, ModelId, Name, Uri, MAX_LINEAGE, MAX_SOURCES, MAX_URI, OPEN,
};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _, One, Saturating, Zero},
	DispatchError, DispatchResult, Permill,
};

/// Gives an account enough to pay for a model with hundreds of versions and prices.
pub(super) fn fund<T: Config>(who: &T::AccountId) {
	let bytes = Balance::from(MAX_REMOVED).saturating_mul(1_024);
	let deposit =
		T::DepositBase::get().saturating_add(T::DepositPerByte::get().saturating_mul(bytes));
	let least = T::Currency::minimum_balance().saturating_add(OPEN);
	T::Currency::set_balance(
		who,
		T::Currency::balance(who).saturating_add(least).saturating_add(deposit.saturating_mul(2)),
	);
}

pub(super) fn longest_uri() -> Uri {
	Uri::truncate_from(vec![b'u'; usize::try_from(MAX_URI).unwrap_or_default()])
}

/// A name of full length that ends with `number`.
pub(super) fn longest_name(number: ModelId) -> Name {
	let digits = alloc::format!("{number:064}");
	Name::truncate_from(digits.into_bytes())
}

pub(super) fn price() -> PriceSchedule {
	PriceSchedule {
		per_call: 1_000_000,
		per_input_token: 1_000,
		per_cached_input_token: 500,
		per_output_token: 2_000,
	}
}

/// A price that is higher than [`price`].
pub(super) fn higher_price() -> PriceSchedule {
	let price = price();
	PriceSchedule { per_call: price.per_call.saturating_add(1), ..price }
}

/// A price that is lower than [`price`].
pub(super) fn lower_price(by: u32) -> PriceSchedule {
	let price = price();
	PriceSchedule { per_call: price.per_call.saturating_sub(by.into()), ..price }
}

pub(super) fn policy(sources: &DataSources) -> RevenuePolicy {
	let data = if sources.is_empty() { 0 } else { 40 };
	RevenuePolicy {
		developer: Permill::from_percent(60 - data),
		data: Permill::from_percent(data),
		node: Permill::from_percent(40),
		attributed: Permill::from_percent(50),
	}
}

/// Another policy that pays data.
pub(super) fn policy_for_data() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(30),
		data: Permill::from_percent(30),
		node: Permill::from_percent(40),
		attributed: Permill::from_percent(50),
	}
}

/// Another policy that pays no data.
pub(super) fn policy_without_data() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(50),
		data: Permill::zero(),
		node: Permill::from_percent(50),
		attributed: Permill::zero(),
	}
}

pub(super) fn hash(number: u32) -> Hash {
	BlakeTwo256::hash_of(&number)
}

/// A version as large as one with these sources can be.
pub(super) fn version(number: u32, sources: DataSources) -> VersionDetails {
	VersionDetails {
		uri: longest_uri(),
		base_hash: hash(number),
		adapter_hash: Some(hash(number)),
		tokenizer_hash: hash(number),
		template_hash: Some(hash(number)),
		template_overhead: MAX_TEMPLATE_OVERHEAD,
		max_retrieved_tokens: u32::MAX,
		attribution_rule: NEWEST_RULE,
		sources,
	}
}

/// Registers a model of `owner` with this parent, and pays for it.
pub(super) fn register_below<T: Config>(
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
pub(super) fn register<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
) -> Result<ModelId, DispatchError> {
	register_below::<T>(owner, sources, None)
}

/// Registers models one below the other, each of an owner of its own, and returns the lowest one.
pub(super) fn parents<T: Config>(levels: u32) -> Result<Option<ModelId>, DispatchError> {
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

/// Registers a model of `owner` with as many levels of parents as it can have. All of them have had as many payees
/// as are remembered.
pub(crate) fn register_remembered<T: Config>(
	owner: &T::AccountId,
	sources: DataSources,
) -> Result<ModelId, DispatchError> {
	let id = register_with_parents::<T>(owner, sources, MAX_LINEAGE)?;
	let least: BlockNumberFor<T> = MAX_PARTIES.into();
	if Pallet::<T>::now() < least {
		frame_system::Pallet::<T>::set_block_number(least);
	}
	let mut next = Some(id);
	while let Some(model) = next {
		next = remember_payees::<T>(model);
	}
	Ok(id)
}

/// Lets a model have had another payee in each of the last blocks. Returns its parent.
fn remember_payees<T: Config>(id: ModelId) -> Option<ModelId> {
	let now = Pallet::<T>::now();
	let first = now.saturating_sub(MAX_PARTIES.into());
	Models::<T>::mutate(id, |model| {
		let model = model.as_mut()?;
		let present = model.parties.now()?.clone();
		let mut parties = PartiesHistory::default();
		for number in 1..MAX_PARTIES {
			let payee = Some(account("payee", number, 0));
			let former = Parties { owner: present.owner.clone(), payee };
			let from = first.saturating_add(number.into());
			parties.set(from, former, Zero::zero()).ok()?;
		}
		parties.set(now, present, Zero::zero()).ok()?;
		model.parties = parties;
		model.parent.map(|parent| parent.model)
	})
}

pub(super) fn sources<T: Config>(count: u32) -> Result<DataSources, BenchmarkError> {
	let mut sources = Vec::new();
	for _ in 0..count {
		let (datanet, release, _) = T::Data::benchmark_release(1)?;
		sources.push(DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 });
	}
	DataSources::try_from(sources).map_err(|_| BenchmarkError::Stop("too many sources"))
}

/// Announces a version with as many sources as fit.
pub(super) fn announce_version<T: Config>(id: ModelId) -> Result<(), BenchmarkError> {
	let model = Pallet::<T>::model_now(id)?;
	let sources = sources::<T>(MAX_SOURCES)?;
	Ok(Pallet::<T>::do_publish(id, model, version(u32::MAX, sources))?)
}

/// Announces a version with the sources of the one in force, but one.
pub(super) fn announce_smaller_version<T: Config>(id: ModelId) -> Result<(), BenchmarkError> {
	let model = Pallet::<T>::model_now(id)?;
	let mut sources = Pallet::<T>::known_versions(id, &model)?.in_force().sources.clone();
	sources.pop();
	Ok(Pallet::<T>::do_publish(id, model, version(0, sources))?)
}

pub(super) fn set_price<T: Config>(id: ModelId, price: PriceSchedule) -> DispatchResult {
	Pallet::<T>::do_set_price(id, Pallet::<T>::model_now(id)?, price)
}

pub(super) fn set_policy<T: Config>(id: ModelId, policy: RevenuePolicy) -> DispatchResult {
	Pallet::<T>::do_set_policy(id, Pallet::<T>::model_now(id)?, policy)
}

pub(super) fn pass<T: Config>(blocks: BlockNumberFor<T>) {
	let now = Pallet::<T>::now().saturating_add(blocks).saturating_add(One::one());
	frame_system::Pallet::<T>::set_block_number(now);
}

/// Retires a model, and waits until its calls are settled.
pub(super) fn retire<T: Config>(id: ModelId) -> DispatchResult {
	Pallet::<T>::do_retire(id, Pallet::<T>::model_now(id)?)?;
	pass::<T>(T::SettlementGrace::get());
	Ok(())
}

/// Lets a name have rested for long enough, for somebody who has put up a deposit for it.
pub(super) fn rest<T: Config>(name: Name) -> DispatchResult {
	let owner: T::AccountId = account("former", 0, 0);
	fund::<T>(&owner);
	let (deposit, until) = (T::Currency::minimum_balance(), Pallet::<T>::now());
	T::Currency::hold(&HoldReason::Model.into(), &owner, deposit)?;
	RestingNames::<T>::insert(name, RestingName { owner, until, deposit });
	Ok(())
}

/// Gives a model's history as many owners and payees as leave room for one more.
pub(super) fn fill_history<T: Config>(id: ModelId) -> DispatchResult {
	for number in 2..MAX_PARTIES {
		pass::<T>(Zero::zero());
		let payee = account("payee", number, 0);
		Pallet::<T>::do_set_payee(id, Pallet::<T>::model_now(id)?, Some(payee))?;
	}
	pass::<T>(Zero::zero());
	Ok(())
}

/// Goes on to the block in which what is announced is in force.
pub(super) fn pass_notice<T: Config>() {
	pass::<T>(T::NoticePeriod::get());
}

/// The number of the version and of the price version that are announced.
pub(super) fn announced<T: Config>(id: ModelId) -> (Option<u32>, Option<u32>) {
	let now = Pallet::<T>::now();
	let Some(model) = Models::<T>::get(id) else { return (None, None) };
	let version = model.version.announced(now).map(|next| next.value);
	(version, model.price.announced(now).map(|next| next.value))
}

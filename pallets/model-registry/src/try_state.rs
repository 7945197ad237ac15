//! Invariants of the registry between any two blocks.

use crate::{
	deposits::bytes_of, Changing, Config, Dated, HoldReason, ModelIdByName, ModelOf, Models,
	NextModelId, Pallet, PartiesHistory, Prices, RestingNames, Tombstones, Versions,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{ensure, traits::fungible::InspectHold};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::NEWEST_RULE, info::ParentInfo, model::MAX_TEMPLATE_OVERHEAD, Balance, ModelId,
	MAX_LINEAGE,
};
use sp_runtime::TryRuntimeError;

type Entries<T, Value> = Vec<(u32, Dated<Value, BlockNumberFor<T>>)>;

impl<T: Config> Pallet<T> {
	/// Checks that ids, names, versions, prices and parents fit together, that versions and prices
	/// follow one another without a gap in time, that what is announced changes something, that every
	/// price and every version is within bounds, that every policy is complete and leads to data if it pays
	/// data, that owners and payees follow one another up to the present ones, that no time to settle is
	/// forgotten, that no name rests that a model has, that every deposit is what the stored bytes ask for, and
	/// that this is what is held, of everybody.
	///
	/// # Errors
	/// With the first thing that is wrong.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let next = NextModelId::<T>::get();
		let mut deposits = BTreeMap::<T::AccountId, Balance>::new();
		let mut models = 0usize;
		for (id, model) in Models::<T>::iter() {
			ensure!(id < next, "a model's id was not given out");
			Self::check_model(id, &model)?;
			let amount = model.deposit.amount().ok_or("a deposit overflows")?;
			let deposit = deposits.entry(model.owner).or_default();
			*deposit = deposit.checked_add(amount).ok_or("deposits overflow")?;
			models = models.saturating_add(1);
		}
		ensure!(ModelIdByName::<T>::iter().count() == models, "a name without a model");
		for (id, _) in Versions::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "a version without a model");
		}
		for (id, _) in Prices::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "a price without a model");
		}
		for (name, resting) in RestingNames::<T>::iter() {
			ensure!(!ModelIdByName::<T>::contains_key(&name), "a model's name rests");
			let deposit = deposits.entry(resting.owner).or_default();
			*deposit = deposit.checked_add(resting.deposit).ok_or("deposits overflow")?;
		}
		Self::check_children()?;
		let reason = HoldReason::Model.into();
		for who in frame_system::Account::<T>::iter_keys() {
			let held = T::Currency::balance_on_hold(&reason, &who);
			let deposit = deposits.remove(&who).unwrap_or_default();
			ensure!(held == deposit, "an owner's hold differs from the deposits");
		}
		ensure!(deposits.values().all(|deposit| *deposit == 0), "an owner is no account");
		Ok(())
	}

	fn check_model(id: ModelId, model: &ModelOf<T>) -> Result<(), TryRuntimeError> {
		ensure!(
			ModelIdByName::<T>::get(&model.name) == Some(id),
			"a model is not found by its name"
		);
		let mut versions: Entries<T, _> = Versions::<T>::iter_prefix(id).collect();
		let mut prices: Entries<T, _> = Prices::<T>::iter_prefix(id).collect();
		let sizes = versions.iter().map(|(_, entry)| bytes_of(entry));
		let sizes = sizes.chain(prices.iter().map(|(_, entry)| bytes_of(entry)));
		let levels = Self::levels_from(model.parent).len();
		let bytes = sizes.fold(Self::fixed_bytes(&model.name, levels), u32::saturating_add);
		ensure!(model.deposit.bytes == bytes, "a deposit is not for what is stored");

		Self::check_parties(&model.parties)?;
		let parties = model.parties.now().ok_or("a model without an owner")?;
		ensure!(parties.owner == model.owner, "a model's owner is not the newest one");
		let mut in_force = None;
		let mut announced = None;
		for (number, entry) in &prices {
			ensure!(entry.value.policy.is_complete(), "a policy does not add up to 100%");
			ensure!(entry.value.price.is_sound(), "a cached token is dearer than another one");
			if *number == model.price.current {
				in_force = Some(entry.value);
			} else if model.price.next.as_ref().is_some_and(|next| *number == next.value) {
				announced = Some(entry.value);
			}
		}
		ensure!(in_force != announced || in_force.is_none(), "what is announced changes nothing");
		let pays_data = in_force.iter().chain(&announced).any(|terms| terms.policy.pays_data());
		for (number, version) in &versions {
			ensure!(
				version.value.template_overhead <= MAX_TEMPLATE_OVERHEAD
					&& version.value.attribution_rule == NEWEST_RULE,
				"a version has a number out of bounds"
			);
			let coming = model.version.next.as_ref().map(|next| next.value);
			if *number == model.version.current || Some(*number) == coming {
				ensure!(
					!pays_data || !version.value.sources.is_empty(),
					"a policy pays data that there is none of"
				);
			}
		}
		// Purging takes what is not in force in any order.
		if model.retired_at.is_some_and(|at| at <= Self::now()) {
			versions.retain(|(number, _)| *number == model.version.current);
			prices.retain(|(number, _)| *number == model.price.current);
		}
		ensure!(
			prices.iter().all(|(number, _)| *number >= model.oldest_price),
			"a price is older than the oldest"
		);
		let settle_until = Self::check_times(versions, &model.version, model.next_version)?
			.max(Self::check_times(prices, &model.price, model.next_price)?);
		let mut now = model.clone();
		now.advance(Self::now());
		ensure!(settle_until <= Some(now.settle_until), "a time to settle is forgotten");
		ensure!(
			model.retired_at.is_none_or(|at| now.settle_until <= at),
			"a model is gone before its calls are settled"
		);
		Ok(())
	}

	/// Checks that owners and payees follow one another, and that none lies ahead.
	fn check_parties(
		parties: &PartiesHistory<T::AccountId, BlockNumberFor<T>>,
	) -> Result<(), TryRuntimeError> {
		ensure!(parties.is_sound(), "owners and payees are out of order");
		for (from, parties) in parties.entries() {
			ensure!(*from <= Self::now(), "an owner or payee lies ahead");
			ensure!(parties.payee.as_ref() != Some(&parties.owner), "a payee is the owner");
		}
		Ok(())
	}

	/// Checks that each entry is in force until the next one is, and that the model knows the last
	/// ones. Returns until when calls can be settled under what is not in force any more.
	fn check_times<Value>(
		mut entries: Entries<T, Value>,
		known: &Changing<u32, BlockNumberFor<T>>,
		next_number: u32,
	) -> Result<Option<BlockNumberFor<T>>, TryRuntimeError> {
		entries.sort_by_key(|(number, _)| *number);
		for (one, next) in entries.iter().zip(entries.iter().skip(1)) {
			let ends = one.1.ends.ok_or("times do not join up")?;
			ensure!(ends.at == next.1.from, "times do not join up");
			ensure!(one.1.from <= ends.at, "times go backwards");
			ensure!(ends.at <= ends.settle_until, "calls cannot be settled");
		}
		let ended = entries.iter().filter_map(|(_, entry)| entry.ends);
		let ended = ended.filter(|ends| ends.at <= Self::now());
		let settle_until = ended.map(|ends| ends.settle_until).max();
		let mut last = entries.iter().rev();
		let (number, entry) = last.next().ok_or("a model without a version or price")?;
		ensure!(*number < next_number, "a number was not given out");
		ensure!(entry.ends.is_none(), "nothing follows the last version or price");
		let current = match &known.next {
			None => Some((number, entry)),
			Some(next) => {
				ensure!(
					(next.value, next.from) == (*number, entry.from),
					"what is announced is not there"
				);
				let before = last.next().map(|(number, entry)| (number, entry));
				let ends = before.and_then(|(_, entry)| entry.ends);
				ensure!(
					ends.is_none_or(|ends| ends.settle_until == next.settle_until),
					"a time to settle is not as announced"
				);
				before
			}
		};
		let (number, entry) = current.ok_or("nothing is in force")?;
		ensure!(known.current == *number, "what is in force is not there");
		ensure!(entry.from <= Self::now(), "what is in force lies ahead");
		Ok(settle_until)
	}

	/// Checks that every parent is there, knows how many children it has, and is not too far up.
	fn check_children() -> Result<(), TryRuntimeError> {
		let models = Models::<T>::iter().map(|(id, model)| (id, model.parent, model.children));
		let tombstones = Tombstones::<T>::iter().map(|(id, left)| (id, left.parent, left.children));
		let mut counted = BTreeMap::<ModelId, u32>::new();
		let mut known = BTreeMap::<ModelId, u32>::new();
		for (id, parent, children) in models.chain(tombstones) {
			ensure!(known.insert(id, children).is_none(), "a tombstone of a model that is there");
			if let Some(ParentInfo { model, .. }) = parent {
				ensure!(model < id, "a parent is younger than its child");
				let count = counted.entry(model).or_default();
				*count = count.saturating_add(1);
			}
			let mut levels = 0u32;
			let mut above = parent;
			while let Some(ParentInfo { model, .. }) = above {
				levels = levels.saturating_add(1);
				ensure!(levels <= MAX_LINEAGE, "a lineage is too deep");
				above = match Models::<T>::get(model) {
					Some(model) => model.parent,
					None => Tombstones::<T>::get(model).ok_or("a parent is not there")?.parent,
				};
			}
		}
		for (id, left) in Tombstones::<T>::iter() {
			ensure!(left.children > 0, "a tombstone that nothing descends from");
			ensure!(id < NextModelId::<T>::get(), "a tombstone's id was not given out");
			Self::check_parties(&left.parties)?;
			ensure!(left.parties.now().is_some(), "a tombstone of nobody's");
		}
		known.retain(|_, children| *children > 0);
		ensure!(known == counted, "a number of children is wrong");
		Ok(())
	}
}

//! The removal of models, of prices that have had their time, and of names that have rested, from storage.

use crate::{
	deposits::bytes_of, Config, Error, Event, ModelIdByName, ModelOf, Models, Pallet, Prices,
	RestingNameOf, RestingNames, Versions,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use openledger_primitives::{ModelId, Name, PriceVersion, VersionId};
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError, DispatchResult, SaturatedConversion,
};

/// Something that a purge removes, by its number.
enum Entry {
	Version(VersionId),
	Price(PriceVersion),
}

impl<T: Config> Pallet<T> {
	/// Removes up to `limit` of a retired model's versions and prices, other than the last ones in
	/// force, and then all that is left. Returns how many it removed of the former.
	pub(crate) fn do_purge(
		id: ModelId,
		mut model: ModelOf<T>,
		limit: u32,
	) -> Result<u32, DispatchError> {
		let retired_at = model.retired_at.ok_or(Error::<T>::NotRetired)?;
		ensure!(retired_at <= Self::now(), Error::<T>::SettlementOpen);
		let most = usize::try_from(limit).unwrap_or_default();
		// One more than may be removed, to know whether it is all.
		let (version, price) = (model.version.current, model.price.current);
		let versions = Versions::<T>::iter_prefix(id)
			.filter(|(number, _)| *number != version)
			.map(|(number, entry)| (Entry::Version(number), bytes_of(&entry)));
		let prices = Prices::<T>::iter_prefix(id)
			.filter(|(number, _)| *number != price)
			.map(|(number, entry)| (Entry::Price(number), bytes_of(&entry)));
		let mut entries: Vec<_> = versions.chain(prices).take(most.saturating_add(1)).collect();
		let finished = entries.len() <= most;
		entries.truncate(most);
		ensure!(finished || !entries.is_empty(), Error::<T>::NothingToRemove);
		let mut resting = None;
		if finished {
			let until = Self::now().saturating_add(T::NameRest::get());
			resting = Some(Self::release_to_rest(&model, until)?);
		} else {
			let bytes = entries.iter().fold(0u32, |sum, (_, bytes)| sum.saturating_add(*bytes));
			Self::adjust_deposit(&mut model, 0, bytes)?;
		}

		let removed = entries.len().saturated_into();
		for (entry, _) in entries {
			match entry {
				Entry::Version(number) => Versions::<T>::remove(id, number),
				Entry::Price(number) => Prices::<T>::remove(id, number),
			}
		}
		if let Some(resting) = resting {
			Versions::<T>::remove(id, version);
			Prices::<T>::remove(id, price);
			ModelIdByName::<T>::remove(&model.name);
			Models::<T>::remove(id);
			Self::leave_lineage(id, &model);
			let (owner, until) = (resting.owner.clone(), resting.until);
			RestingNames::<T>::insert(&model.name, resting);
			Self::deposit_event(Event::NameRests { name: model.name, owner, until });
			Self::deposit_event(Event::ModelPurged { model: id });
		} else {
			Models::<T>::insert(id, model);
			Self::deposit_event(Event::ModelPurgedInPart { model: id, removed });
		}
		Ok(removed)
	}

	/// Removes prices that no call can be settled at any more, oldest first, looking at `limit`
	/// price versions at most. Returns at how many it looked.
	pub(crate) fn do_prune(
		id: ModelId,
		mut model: ModelOf<T>,
		limit: u32,
	) -> Result<u32, DispatchError> {
		let now = Self::now();
		let first = model.oldest_price;
		let last = first.saturating_add(limit).min(model.price.current);
		let mut expired = Vec::new();
		let mut bytes = 0u32;
		for number in first..last {
			// A number without an entry was announced, and then taken back.
			if let Some(price) = Prices::<T>::get(id, number) {
				if !price.is_expired(now) {
					break;
				}
				bytes = bytes.saturating_add(bytes_of(&price));
				expired.push(number);
			}
			model.oldest_price = number.saturating_add(1);
		}
		let looked_at = model.oldest_price.saturating_sub(first);
		ensure!(!looked_at.is_zero(), Error::<T>::NothingToRemove);
		Self::adjust_deposit(&mut model, 0, bytes)?;

		let removed = expired.len().saturated_into();
		for number in expired {
			Prices::<T>::remove(id, number);
		}
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PricesPruned { model: id, removed });
		Ok(looked_at)
	}

	/// Frees a name that has rested for long enough.
	pub(crate) fn do_release_name(name: Name) -> DispatchResult {
		let resting = RestingNames::<T>::get(&name).ok_or(Error::<T>::NameNotResting)?;
		ensure!(resting.until <= Self::now(), Error::<T>::NameRests);
		Self::end_rest(name, &resting)
	}

	/// Removes a name from those that rest, and gives the deposit for it back.
	pub(crate) fn end_rest(name: Name, resting: &RestingNameOf<T>) -> DispatchResult {
		Self::release_amount(&resting.owner, resting.deposit)?;
		RestingNames::<T>::remove(&name);
		Self::deposit_event(Event::NameReleased { name });
		Ok(())
	}
}

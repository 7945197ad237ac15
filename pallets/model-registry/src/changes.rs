//! New versions, prices and policies, with notice where somebody could be hurt by them.

use crate::{
	succession::Succession, Config, Error, Event, ModelOf, ModelVersion, Models, Pallet, Prices,
	Versions,
};
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{policy::RevenuePolicy, price::PriceSchedule, ModelId};
use sp_runtime::{traits::Saturating, DispatchError, DispatchResult};

/// Whether no call gets dearer.
fn is_cut(from: &PriceSchedule, to: &PriceSchedule) -> bool {
	to.per_call <= from.per_call
		&& to.per_input_token <= from.per_input_token
		&& to.per_output_token <= from.per_output_token
}

impl<T: Config> Pallet<T> {
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// The first block in which something that is announced now is in force.
	fn after_notice() -> BlockNumberFor<T> {
		Self::now().saturating_add(T::NoticePeriod::get())
	}

	/// Publishes a version: all of [`publish_version`](Self::publish_version) but the origin.
	pub(crate) fn do_publish(
		id: ModelId,
		mut model: ModelOf<T>,
		version: ModelVersion,
	) -> DispatchResult {
		let current =
			Versions::<T>::get(id, model.version.current).ok_or(DispatchError::Corruption)?;
		ensure!(version != current.value, Error::<T>::SameVersion);
		ensure!(
			!version.sources.is_empty() || !model.pays_data(),
			Error::<T>::NoSourceForDataShare
		);
		Self::ensure_sources(&version.sources)?;
		let same_sources = version.sources == current.value.sources;
		let from = if same_sources { Self::now() } else { Self::after_notice() };
		let number = model.next_version;
		model.next_version = number.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		let next = Some((number, version, from));
		let change = Succession::plan::<Versions<T>>(id, &model.version, current, next)?;
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_versions(id, &mut model, change);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::VersionPublished { model: id, version: number, from });
		Ok(())
	}

	/// Sets a price: all of [`set_price`](Self::set_price) but the origin.
	pub(crate) fn do_set_price(
		id: ModelId,
		mut model: ModelOf<T>,
		price: PriceSchedule,
	) -> DispatchResult {
		let current = Prices::<T>::get(id, model.price.current).ok_or(DispatchError::Corruption)?;
		ensure!(price != current.value, Error::<T>::SamePrice);
		let cut = is_cut(&current.value, &price);
		let from = if cut { Self::now() } else { Self::after_notice() };
		let number = model.next_price;
		model.next_price = number.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		let next = Some((number, price, from));
		let change = Succession::plan::<Prices<T>>(id, &model.price, current, next)?;
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_prices(id, &mut model, change);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PriceSet { model: id, price_version: number, price, from });
		Ok(())
	}

	/// Sets a policy: all of [`set_policy`](Self::set_policy) but the origin.
	pub(crate) fn do_set_policy(
		id: ModelId,
		mut model: ModelOf<T>,
		policy: RevenuePolicy,
	) -> DispatchResult {
		ensure!(policy.is_complete(), Error::<T>::PolicyIncomplete);
		ensure!(policy != model.policy.current, Error::<T>::SamePolicy);
		if policy.pays_data() {
			let next = model.version.next.as_ref().map(|next| next.value);
			for number in core::iter::once(model.version.current).chain(next) {
				let version = Versions::<T>::get(id, number).ok_or(DispatchError::Corruption)?;
				ensure!(!version.value.sources.is_empty(), Error::<T>::NoSourceForDataShare);
			}
		}

		if model.policy.next.is_some() {
			Self::deposit_event(Event::PolicyCancelled { model: id });
		}
		let from = Self::after_notice();
		model.policy.change(policy, from, Self::now());
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PolicySet { model: id, policy, from });
		Ok(())
	}

	/// Takes back the version that is announced.
	pub(crate) fn do_cancel_version(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		let change = Self::without_next_version(id, &model)?;
		let change = change.ok_or(Error::<T>::NothingAnnounced)?;
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_versions(id, &mut model, change);
		Models::<T>::insert(id, model);
		Ok(())
	}

	/// Takes back the price that is announced.
	pub(crate) fn do_cancel_price(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		let change = Self::without_next_price(id, &model)?;
		let change = change.ok_or(Error::<T>::NothingAnnounced)?;
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_prices(id, &mut model, change);
		Models::<T>::insert(id, model);
		Ok(())
	}

	/// Takes back the policy that is announced.
	pub(crate) fn do_cancel_policy(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		ensure!(model.policy.next.is_some(), Error::<T>::NothingAnnounced);

		model.policy.next = None;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PolicyCancelled { model: id });
		Ok(())
	}

	/// Takes back whatever is announced, and makes `retired_at` known.
	pub(crate) fn do_retire(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		let versions = Self::without_next_version(id, &model)?;
		let prices = Self::without_next_price(id, &model)?;
		let (mut added, mut removed) = (0u32, 0u32);
		for (more, less) in versions
			.iter()
			.map(|change| (change.added, change.removed))
			.chain(prices.iter().map(|change| (change.added, change.removed)))
		{
			added = added.saturating_add(more);
			removed = removed.saturating_add(less);
		}
		Self::adjust_deposit(&mut model, added, removed)?;

		if let Some(change) = versions {
			Self::write_versions(id, &mut model, change);
		}
		if let Some(change) = prices {
			Self::write_prices(id, &mut model, change);
		}
		if model.policy.next.take().is_some() {
			Self::deposit_event(Event::PolicyCancelled { model: id });
		}
		let retired_at = Self::now().saturating_add(T::SettlementGrace::get());
		model.retired_at = Some(retired_at);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelRetired { model: id, retired_at });
		Ok(())
	}

	fn without_next_version(
		id: ModelId,
		model: &ModelOf<T>,
	) -> Result<Option<Succession<ModelVersion, BlockNumberFor<T>>>, DispatchError> {
		if model.version.next.is_none() {
			return Ok(None);
		}
		let current =
			Versions::<T>::get(id, model.version.current).ok_or(DispatchError::Corruption)?;
		Succession::plan::<Versions<T>>(id, &model.version, current, None).map(Some)
	}

	fn without_next_price(
		id: ModelId,
		model: &ModelOf<T>,
	) -> Result<Option<Succession<PriceSchedule, BlockNumberFor<T>>>, DispatchError> {
		if model.price.next.is_none() {
			return Ok(None);
		}
		let current = Prices::<T>::get(id, model.price.current).ok_or(DispatchError::Corruption)?;
		Succession::plan::<Prices<T>>(id, &model.price, current, None).map(Some)
	}

	fn write_versions(
		id: ModelId,
		model: &mut ModelOf<T>,
		change: Succession<ModelVersion, BlockNumberFor<T>>,
	) {
		if let Some(version) = change.dropped {
			Self::deposit_event(Event::VersionCancelled { model: id, version });
		}
		change.write::<Versions<T>>(id, &mut model.version, Self::now());
	}

	fn write_prices(
		id: ModelId,
		model: &mut ModelOf<T>,
		change: Succession<PriceSchedule, BlockNumberFor<T>>,
	) {
		if let Some(price_version) = change.dropped {
			Self::deposit_event(Event::PriceCancelled { model: id, price_version });
		}
		change.write::<Prices<T>>(id, &mut model.price, Self::now());
	}
}

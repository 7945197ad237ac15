//! New versions, and when they are in force; what changes when a model is paused or retired.

use crate::{
	succession::{Known, Succession},
	Config, Error, Event, ModelOf, Models, Pallet, Prices, Terms, Versions,
};
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{model::VersionDetails, ModelId};
use sp_runtime::{traits::Saturating, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// The first block in which something that is announced now is in force.
	pub(crate) fn after_notice() -> BlockNumberFor<T> {
		Self::now().saturating_add(T::NoticePeriod::get())
	}

	/// The next number of a model's versions or price versions.
	pub(crate) fn take_number(next: &mut u32) -> Result<u32, Error<T>> {
		let number = *next;
		*next = number.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		Ok(number)
	}

	/// The version in force, and the one that is announced.
	pub(crate) fn known_versions(
		id: ModelId,
		model: &ModelOf<T>,
	) -> Result<Known<VersionDetails, BlockNumberFor<T>>, DispatchError> {
		Known::read::<Versions<T>>(id, &model.version)
	}

	/// The terms in force, and those that are announced.
	pub(crate) fn known_terms(
		id: ModelId,
		model: &ModelOf<T>,
	) -> Result<Known<Terms, BlockNumberFor<T>>, DispatchError> {
		Known::read::<Prices<T>>(id, &model.price)
	}

	/// Publishes a version: all of [`publish_version`](Self::publish_version) but the origin.
	pub(crate) fn do_publish(
		id: ModelId,
		mut model: ModelOf<T>,
		version: VersionDetails,
	) -> DispatchResult {
		let known = Self::known_versions(id, &model)?;
		ensure!(version != *known.in_force(), Error::<T>::SameVersion);
		if version.sources.is_empty() {
			let terms = Self::known_terms(id, &model)?;
			let pays_data = terms.values().any(|terms| terms.policy.pays_data());
			ensure!(!pays_data, Error::<T>::NoSourceForDataShare);
		}
		Self::ensure_details(&version)?;
		let same_sources = version.sources == known.in_force().sources;
		let from = if same_sources { Self::now() } else { Self::after_notice() };
		let number = Self::take_number(&mut model.next_version)?;
		let change = known.followed_by([(number, version, from)], T::SettlementGrace::get());
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_versions(id, &mut model, change);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::VersionPublished { model: id, version: number, from });
		Ok(())
	}

	/// Takes back the version that is announced.
	pub(crate) fn do_cancel_version(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		let known = Self::known_versions(id, &model)?;
		ensure!(known.announced().is_some(), Error::<T>::NothingAnnounced);
		let change = known.followed_by([], T::SettlementGrace::get());
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_versions(id, &mut model, change);
		Models::<T>::insert(id, model);
		Ok(())
	}

	pub(crate) fn do_pause(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		ensure!(!model.paused, Error::<T>::AlreadyPaused);

		model.paused = true;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelPaused { model: id });
		Ok(())
	}

	pub(crate) fn do_resume(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		ensure!(model.paused, Error::<T>::NotPaused);

		model.paused = false;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelResumed { model: id });
		Ok(())
	}

	/// Takes back whatever is announced, and makes `retired_at` known. Calls under what was replaced
	/// before keep the time that they have.
	pub(crate) fn do_retire(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		let grace = T::SettlementGrace::get();
		let versions = Self::known_versions(id, &model)?.followed_by([], grace);
		let terms = Self::known_terms(id, &model)?.followed_by([], grace);
		let added = versions.added.saturating_add(terms.added);
		let removed = versions.removed.saturating_add(terms.removed);
		Self::adjust_deposit(&mut model, added, removed)?;

		Self::write_versions(id, &mut model, versions);
		Self::write_terms(id, &mut model, terms);
		let retired_at = Self::now().saturating_add(grace).max(model.settle_until);
		model.retired_at = Some(retired_at);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelRetired { model: id, retired_at });
		Ok(())
	}

	fn write_versions(
		id: ModelId,
		model: &mut ModelOf<T>,
		change: Succession<VersionDetails, BlockNumberFor<T>>,
	) {
		if let Some((version, _)) = change.dropped {
			Self::deposit_event(Event::VersionCancelled { model: id, version });
		}
		let ended = change.write::<Versions<T>>(id, &mut model.version, Self::now());
		model.keep_promise(ended);
	}
}

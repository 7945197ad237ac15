//! What must be true of the registry between any two blocks.

use crate::{
	Config, HoldReason, Model, ModelIdByName, ModelVersion, Models, NextModelId, Pallet, Prices,
	Versions,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use openledger_primitives::{Balance, ModelId};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks that ids, names, versions and prices fit together, that every policy is complete and
	/// leads to data exactly if it pays data, and that every deposit is held.
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
			let deposit = deposits.entry(model.owner).or_default();
			*deposit = deposit.checked_add(model.deposit).ok_or("deposits overflow")?;
			models = models.saturating_add(1);
		}
		ensure!(ModelIdByName::<T>::iter().count() == models, "a name without a model");
		for (id, _) in Versions::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "a version without a model");
		}
		for (id, _) in Prices::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "a price without a model");
		}
		let reason = HoldReason::Model.into();
		for (owner, deposit) in deposits {
			let held = T::Currency::balance_on_hold(&reason, &owner);
			ensure!(held == deposit, "an owner's hold differs from the deposits");
		}
		Ok(())
	}

	fn check_model(id: ModelId, model: &Model<T::AccountId>) -> Result<(), TryRuntimeError> {
		ensure!(
			ModelIdByName::<T>::get(&model.name) == Some(id),
			"a model is not found by its name"
		);
		ensure!(model.policy.is_complete(), "a policy does not add up to 100%");
		ensure!(
			Prices::<T>::contains_key(id, model.price_version),
			"a model without the price in force"
		);
		let ModelVersion { sources, .. } =
			Versions::<T>::get(id, model.version).ok_or("a model without the version in force")?;
		ensure!(
			model.policy.pays_data() != sources.is_empty(),
			"data sources and data share do not fit"
		);
		Ok(())
	}
}

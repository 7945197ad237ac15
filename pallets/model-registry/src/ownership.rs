//! How a model changes hands, in two steps: its owner offers it, the other accepts.

use crate::{Config, Error, Event, ModelOf, Models, Pallet};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use openledger_primitives::ModelId;
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
	/// The model as it is now.
	pub(crate) fn model_now(id: ModelId) -> Result<ModelOf<T>, DispatchError> {
		let mut model = Models::<T>::get(id).ok_or(Error::<T>::UnknownModel)?;
		model.advance(Self::now());
		Ok(model)
	}

	/// The model as it is now, if the origin is its owner.
	pub(crate) fn owned_model(
		origin: OriginFor<T>,
		id: ModelId,
	) -> Result<ModelOf<T>, DispatchError> {
		let who = ensure_signed(origin)?;
		let model = Self::model_now(id)?;
		ensure!(model.owner == who, Error::<T>::NotOwner);
		Ok(model)
	}

	/// The model as it is now, if the origin is its owner and has not retired it.
	pub(crate) fn active_model(
		origin: OriginFor<T>,
		id: ModelId,
	) -> Result<ModelOf<T>, DispatchError> {
		let model = Self::owned_model(origin, id)?;
		ensure!(model.retired_at.is_none(), Error::<T>::Retired);
		Ok(model)
	}

	pub(crate) fn do_offer(id: ModelId, mut model: ModelOf<T>, to: T::AccountId) -> DispatchResult {
		ensure!(to != model.owner, Error::<T>::AlreadyOwner);

		model.offered_to = Some(to.clone());
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelOffered { model: id, to });
		Ok(())
	}

	pub(crate) fn do_withdraw_offer(id: ModelId, mut model: ModelOf<T>) -> DispatchResult {
		ensure!(model.offered_to.is_some(), Error::<T>::NoOffer);

		model.offered_to = None;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::OfferWithdrawn { model: id });
		Ok(())
	}

	pub(crate) fn do_accept(id: ModelId, to: T::AccountId) -> DispatchResult {
		let mut model = Self::model_now(id)?;
		ensure!(model.offered_to.as_ref() == Some(&to), Error::<T>::NotOffered);
		let deposit = Self::deposit_for(model.deposit.bytes);
		Self::hold(&to, &deposit)?;
		Self::release(&model.owner, &model.deposit)?;

		let from = core::mem::replace(&mut model.owner, to.clone());
		model.deposit = deposit;
		model.offered_to = None;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::OwnerChanged { model: id, from, to });
		Ok(())
	}
}

//! The transfer of a model, in two steps: its owner offers it, the other accepts. And who is paid for it.

use crate::{Config, Error, Event, ModelOf, Models, Pallet, Parties};
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use frame_system::{
	ensure_signed,
	pallet_prelude::{BlockNumberFor, OriginFor},
};
use openledger_primitives::{Balance, ModelId};
use sp_runtime::{traits::Saturating, ArithmeticError, DispatchError};

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

	pub(crate) fn do_accept(id: ModelId, to: T::AccountId, max_deposit: Balance) -> DispatchResult {
		let mut model = Self::model_now(id)?;
		ensure!(model.offered_to.as_ref() == Some(&to), Error::<T>::NotOffered);
		let (from, held) = (model.owner.clone(), model.deposit);
		// Whom the owner before has named is not paid any more.
		Self::change_parties(&mut model, Parties { owner: to.clone(), payee: None })?;
		let deposit = Self::deposit_for(model.deposit.bytes);
		let amount = deposit.amount().ok_or(ArithmeticError::Overflow)?;
		ensure!(amount <= max_deposit, Error::<T>::DepositTooHigh);
		Self::hold(&to, &deposit)?;
		Self::release(&from, &held)?;

		model.deposit = deposit;
		model.offered_to = None;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::OwnerChanged { model: id, from, to });
		Ok(())
	}

	pub(crate) fn do_set_payee(
		id: ModelId,
		mut model: ModelOf<T>,
		payee: Option<T::AccountId>,
	) -> DispatchResult {
		let owner = model.owner.clone();
		// The owner's own account is the same as none.
		let payee = payee.filter(|payee| *payee != owner);
		let parties = Parties { owner, payee };
		let payee = parties.payee().clone();
		ensure!(payee != *model.payee(), Error::<T>::SamePayee);
		Self::change_parties(&mut model, parties)?;

		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PayeeSet { model: id, payee });
		Ok(())
	}

	/// Gives a model another owner or payee, and remembers those before for as long as calls can be settled
	/// on their terms.
	fn change_parties(model: &mut ModelOf<T>, parties: Parties<T::AccountId>) -> DispatchResult {
		let now = Self::now();
		let set = model.set_parties(parties, now, Self::oldest_needed(now));
		Ok(set.map_err(|_| Error::<T>::TooManyChanges)?)
	}

	/// The oldest block on whose terms calls can be settled in block `now` or later.
	fn oldest_needed(now: BlockNumberFor<T>) -> BlockNumberFor<T> {
		now.saturating_sub(T::HistoryPeriod::get())
	}
}

//! Deposits of owners for what their models store.
//!
//! The deposit is for each byte of the model's versions and terms as they are, of its name twice
//! (it is a key, too), of the rest of the model's entry at its largest, so that pausing, offering
//! and retiring it, and naming a payee, never need more, and of a tombstone for each model above it, so that those can
//! go. What a name that rests takes is less than that, and is paid for out of it.

use crate::{
	Config, Dated, Deposit, HoldReason, ModelOf, Pallet, RestingName, RestingNameOf, TombstoneOf,
};
use codec::{Encode, MaxEncodedLen};
use frame_support::traits::{fungible::MutateHold, tokens::Precision::BestEffort, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{Balance, Name};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, SaturatedConversion};

/// The bytes that a version, or terms, take.
pub(crate) fn bytes_of<Value: Encode, BlockNumber: Encode>(
	entry: &Dated<Value, BlockNumber>,
) -> u32 {
	entry.encoded_size().saturated_into()
}

impl<T: Config> Pallet<T> {
	/// The bytes that an owner pays for, beside those of versions and terms: for a model of this
	/// name with so many levels of parents above it.
	pub(crate) fn fixed_bytes(name: &Name, levels: usize) -> u32 {
		let rest = ModelOf::<T>::max_encoded_len().saturating_sub(Name::max_encoded_len());
		let tombstones = TombstoneOf::<T>::max_encoded_len().saturating_mul(levels);
		let names = name.encoded_size().saturating_mul(2);
		rest.saturating_add(names).saturating_add(tombstones).saturated_into()
	}

	/// The deposit for so many bytes at the rates of today.
	pub(crate) fn deposit_for(bytes: u32) -> Deposit {
		Deposit { bytes, base: T::DepositBase::get(), per_byte: T::DepositPerByte::get() }
	}

	/// Holds a deposit on the account of `who`.
	///
	/// # Errors
	/// If it does not fit a balance, or `who` cannot afford it.
	pub(crate) fn hold(who: &T::AccountId, deposit: &Deposit) -> DispatchResult {
		let amount = deposit.amount().ok_or(ArithmeticError::Overflow)?;
		T::Currency::hold(&HoldReason::Model.into(), who, amount)
	}

	/// Gives a whole deposit back.
	///
	/// # Errors
	/// None, as long as the holds are what they should be.
	pub(crate) fn release(who: &T::AccountId, deposit: &Deposit) -> DispatchResult {
		let amount = deposit.amount().ok_or(ArithmeticError::Overflow)?;
		Self::release_amount(who, amount)
	}

	/// Gives an amount back that is on hold for models.
	///
	/// # Errors
	/// None, as long as the holds are what they should be.
	pub(crate) fn release_amount(who: &T::AccountId, amount: Balance) -> DispatchResult {
		T::Currency::release(&HoldReason::Model.into(), who, amount, BestEffort).map(|_| ())
	}

	/// Gives back a model's deposit but for what its name takes while it rests. The base stays as well, the price of a
	/// good name: nobody gets hold of names for a year by purging models as fast as they can.
	///
	/// # Errors
	/// None, as long as the holds are what they should be.
	pub(crate) fn release_to_rest(
		model: &ModelOf<T>,
		until: BlockNumberFor<T>,
	) -> Result<RestingNameOf<T>, DispatchError> {
		let held = model.deposit.amount().ok_or(ArithmeticError::Overflow)?;
		let bytes = RestingNameOf::<T>::max_encoded_len().saturating_add(model.name.encoded_size());
		let bytes: u32 = bytes.saturated_into();
		let rests = Deposit { bytes, ..model.deposit };
		let deposit = rests.amount().ok_or(ArithmeticError::Overflow)?.min(held);
		Self::release_amount(&model.owner, held.saturating_sub(deposit))?;
		Ok(RestingName { owner: model.owner.clone(), until, deposit })
	}

	/// Adjusts a model's deposit to bytes that come and go. If they become more, the deposit for
	/// all of them is that of today's rates; else each keeps its rate, so that giving something up
	/// never costs anything.
	///
	/// # Errors
	/// If the deposit does not fit a balance, or the owner cannot afford what is missing.
	pub(crate) fn adjust_deposit(
		model: &mut ModelOf<T>,
		added: u32,
		removed: u32,
	) -> DispatchResult {
		let before = model.deposit;
		let bytes = before
			.bytes
			.checked_add(added)
			.and_then(|bytes| bytes.checked_sub(removed))
			.ok_or(ArithmeticError::Overflow)?;
		let after = if bytes > before.bytes {
			Self::deposit_for(bytes)
		} else {
			Deposit { bytes, ..before }
		};
		let held = before.amount().ok_or(ArithmeticError::Overflow)?;
		let wanted = after.amount().ok_or(ArithmeticError::Overflow)?;
		let reason = HoldReason::Model.into();
		if wanted > held {
			T::Currency::hold(&reason, &model.owner, wanted.saturating_sub(held))?;
		} else if held > wanted {
			let less = held.saturating_sub(wanted);
			T::Currency::release(&reason, &model.owner, less, BestEffort)?;
		}
		model.deposit = after;
		Ok(())
	}
}

//! What became of requests, kept for a while.

use crate::{
	pallet::*,
	types::{bytes, End, Outcome, OutcomeOf, RequestOf, OUTCOME_SEARCH},
};
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{AccountId, Balance, RequestId, MAX_REQUEST_INPUT, MAX_REQUEST_OUTPUT};
use sp_runtime::{traits::One, DispatchError, DispatchResult, Saturating};

/// A request's input is not kept with its answer, so that one deposit is for the longer of them.
const _: () = assert!(MAX_REQUEST_INPUT <= MAX_REQUEST_OUTPUT);

impl<T: Config> Pallet<T> {
	/// Amount held for the place that a request takes, in planck: whatever its answer will be.
	pub(crate) fn longest_deposit() -> Option<Balance> {
		Self::deposit_for(MAX_REQUEST_OUTPUT)
	}

	fn deposit_for(bytes: u32) -> Option<Balance> {
		let bytes = T::DepositPerByte::get().checked_mul(bytes.into())?;
		T::DepositBase::get().checked_add(bytes)
	}

	/// Keeps how a request ended, which is forgotten otherwise, and frees what of its deposit that does not take.
	/// Returns what is held for it, and until when it is kept.
	pub(crate) fn keep(
		id: RequestId,
		request: RequestOf<T>,
		end: End<AccountId>,
	) -> Result<(Balance, BlockNumberFor<T>), DispatchError> {
		let length = match &end {
			End::Answered { output, .. } => bytes(output),
			End::Declined { .. } => 0,
		};
		// What is held is what was right when it was put there, and is enough.
		let deposit = Self::deposit_for(length).unwrap_or(Balance::MAX).min(request.deposit);
		let released = request.deposit.saturating_sub(deposit);
		Self::release(&request.caller, HoldReason::Storage, released)?;
		let at = frame_system::Pallet::<T>::block_number();
		let until = at.saturating_add(T::AnswerPeriod::get());
		let (slot, _) = Self::free_slot(until.saturating_add(One::one()), OUTCOME_SEARCH);
		let slot = slot.filter(|slot| Self::queue(*slot, id));
		let (caller, model) = (request.caller, request.model);
		let outcome = Outcome { caller, model, deposit, at, until, slot, end };
		Outcomes::<T>::insert(id, outcome);
		Ok((deposit, until))
	}

	/// Removes an outcome for its caller, or for anybody when it is old.
	pub(crate) fn do_forget(who: &AccountId, id: RequestId) -> DispatchResult {
		let outcome = Outcomes::<T>::get(id).ok_or(Error::<T>::UnknownOutcome)?;
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(outcome.caller == *who || now > outcome.until, Error::<T>::StillKept);

		Self::unqueue(outcome.slot, id);
		Self::drop_outcome(id, outcome)
	}

	/// Removes an outcome, and frees its deposit. Its slot is the caller's business.
	pub(crate) fn drop_outcome(id: RequestId, outcome: OutcomeOf<T>) -> DispatchResult {
		let Outcome { caller, deposit, .. } = outcome;
		Self::release(&caller, HoldReason::Storage, deposit)?;
		Outcomes::<T>::remove(id);
		Self::deposit_event(Event::OutcomeForgotten { request: id, caller, deposit });
		Ok(())
	}
}

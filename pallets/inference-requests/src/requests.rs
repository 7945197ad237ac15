//! The work of the extrinsics.

use crate::{
	pallet::*,
	types::{length, Answer, Request, RequestInput, RequestOf},
	WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	price::Tokens,
	record::{CallPayment, RejectReason},
	traits::{CallTerms, ChargedCall, ModelInspect, NodeInspect, RevenueDistributor},
	AccountId, Balance, Hash, ModelId, PriceVersion, RequestId, VersionId,
};
use sp_runtime::{DispatchError, DispatchResult, Saturating};

/// The key of a request among those of its model.
pub(crate) fn ordered(id: RequestId) -> [u8; 8] {
	id.to_be_bytes()
}

/// The hash of an input or output.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
	sp_io::hashing::blake2_256(bytes).into()
}

impl<T: Config> Pallet<T> {
	/// Takes a request, also if no slot is free. Returns how many full slots it had to pass over.
	pub(crate) fn do_request(
		caller: AccountId,
		model: ModelId,
		node: Option<AccountId>,
		input: RequestInput,
		max_charge: Balance,
		deadline: BlockNumberFor<T>,
	) -> Result<u32, DispatchError> {
		ensure!(!input.is_empty(), Error::<T>::EmptyInput);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(deadline >= now.saturating_add(T::MinDeadline::get()), Error::<T>::DeadlineTooSoon);
		ensure!(deadline <= now.saturating_add(T::MaxDeadline::get()), Error::<T>::DeadlineTooLate);
		ensure!(T::Models::exists(model), Error::<T>::UnknownModel);
		ensure!(T::Models::is_callable(model), Error::<T>::ModelNotCallable);
		let (version, price_version) = T::Models::in_force(model).ok_or(Error::<T>::NoTerms)?;
		let terms = Self::terms(model, version, price_version)?;
		let least = terms.price.charge(&Tokens::default()).ok_or(Error::<T>::ChargeOverflow)?;
		ensure!(least <= max_charge, Error::<T>::MaxChargeTooSmall);
		if let Some(operator) = &node {
			ensure!(T::Nodes::serves(operator, model), Error::<T>::ModelNotServed);
		}
		let deposit = Self::deposit_of(&input).ok_or(Error::<T>::Overflow)?;
		let id = NextRequestId::<T>::get();
		let next = id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
		let mut request = Request {
			caller,
			model,
			node,
			version,
			price_version,
			max_charge,
			deposit,
			deadline,
			cancelled_at: None,
			slot: None,
			input_hash: hash(&input),
		};
		let (slot, passed) = Self::free_slot(request.ends_at());

		T::Currency::hold(&HoldReason::Call.into(), &request.caller, max_charge)?;
		T::Currency::hold(&HoldReason::Storage.into(), &request.caller, deposit)?;
		NextRequestId::<T>::put(next);
		request.slot = slot.filter(|slot| Self::queue(*slot, id));
		Inputs::<T>::insert(id, input);
		ByModel::<T>::insert(model, ordered(id), ());
		Requests::<T>::insert(id, &request);
		Self::deposit_event(Event::CallRequested {
			request: id,
			caller: request.caller,
			model,
			node: request.node,
			version,
			price_version,
			max_charge,
			deposit,
			deadline,
			input_hash: request.input_hash,
		});
		Ok(passed)
	}

	/// Charges and pays for an answer. Returns what that weighed.
	pub(crate) fn do_fulfil(
		operator: AccountId,
		id: RequestId,
		answer: Answer,
	) -> Result<Weight, DispatchError> {
		let request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now <= request.deadline, Error::<T>::DeadlinePassed);
		ensure!(now < request.ends_at(), Error::<T>::Cancelled);
		let named = request.node.as_ref().is_none_or(|node| *node == operator);
		ensure!(named, Error::<T>::NotNamedNode);
		ensure!(T::Nodes::serves(&operator, request.model), Error::<T>::ModelNotServed);
		let input_bytes = Inputs::<T>::decode_len(id).unwrap_or_default();
		ensure!(answer.is_plausible(input_bytes), Error::<T>::TooManyTokens);
		ensure!(answer.version >= request.version, Error::<T>::VersionTooOld);
		let terms = Self::terms(request.model, answer.version, request.price_version)?;
		let tokens = Tokens::new(answer.input_tokens, answer.output_tokens);
		let charge = terms.price.charge(&tokens).ok_or(Error::<T>::ChargeOverflow)?;
		let released = request.max_charge.checked_sub(charge).ok_or(Error::<T>::AboveMaxCharge)?;

		let weight = Self::weight_of(&answer, &terms);
		let payee = T::Nodes::payee(&operator);
		let payment = Self::collect(&request, &payee, charge, &terms, &answer)?;
		Self::release(&request.caller, HoldReason::Call, released)?;
		Self::release(&request.caller, HoldReason::Storage, request.deposit)?;
		Self::unqueue(request.slot, id);
		Self::forget(id, request.model);
		Self::deposit_event(Event::CallFulfilled {
			request: id,
			caller: request.caller,
			node: operator,
			payee,
			developer: terms.payee,
			model: request.model,
			version: answer.version,
			price_version: request.price_version,
			input_tokens: answer.input_tokens,
			output_tokens: answer.output_tokens,
			charge,
			released,
			input_hash: request.input_hash,
			output_hash: hash(&answer.output),
			output: answer.output,
			attribution: answer.attribution,
			payment,
		});
		Ok(weight)
	}

	/// Has a call end after the notice. Returns how many full slots it had to pass over.
	pub(crate) fn do_cancel(caller: AccountId, id: RequestId) -> Result<u32, DispatchError> {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.caller == caller, Error::<T>::NotRequestCaller);
		ensure!(request.cancelled_at.is_none(), Error::<T>::AlreadyCancelled);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now <= request.deadline, Error::<T>::DeadlinePassed);

		let cancelled_at = now.saturating_add(T::CancelNotice::get()).min(request.ends_at());
		request.cancelled_at = Some(cancelled_at);
		let (slot, passed) = Self::free_slot(cancelled_at);
		// Where it waits now, if it does, is good as well, only later.
		let earlier = slot.filter(|slot| request.slot.is_none_or(|now| *slot < now));
		if let Some(slot) = earlier.filter(|slot| Self::queue(*slot, id)) {
			Self::unqueue(request.slot, id);
			request.slot = Some(slot);
		}
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::CallCancelled { request: id, cancelled_at });
		Ok(passed)
	}

	/// Ends a call that is over.
	pub(crate) fn do_expire(id: RequestId) -> DispatchResult {
		let request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now >= request.ends_at(), Error::<T>::NotOver);

		Self::unqueue(request.slot, id);
		Self::give_back(id, request)
	}

	/// Frees everything that is on hold for a request, and forgets it. Its slot is the caller's
	/// business.
	pub(crate) fn give_back(id: RequestId, request: RequestOf<T>) -> DispatchResult {
		Self::release(&request.caller, HoldReason::Call, request.max_charge)?;
		Self::release(&request.caller, HoldReason::Storage, request.deposit)?;
		Self::forget(id, request.model);
		Self::deposit_event(Event::CallExpired {
			request: id,
			caller: request.caller,
			released: request.max_charge,
			deposit: request.deposit,
			cancelled: request.cancelled_at.is_some(),
		});
		Ok(())
	}

	/// Amount held for the place that a request takes, in planck.
	fn deposit_of(input: &RequestInput) -> Option<Balance> {
		let bytes = T::DepositPerByte::get().checked_mul(length(input).into())?;
		T::DepositBase::get().checked_add(bytes)
	}

	/// Takes what a call costs out of the caller's hold, and has it split. `payee` is paid for the node.
	fn collect(
		request: &RequestOf<T>,
		payee: &AccountId,
		charge: Balance,
		terms: &CallTerms<AccountId>,
		answer: &Answer,
	) -> Result<CallPayment, DispatchError> {
		if charge > 0 {
			// By force: the caller may have frozen the funds since for a purpose of their own, but
			// these are promised.
			T::Currency::transfer_on_hold(
				&HoldReason::Call.into(),
				&request.caller,
				&T::Revenue::pot(),
				charge,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		let call = ChargedCall {
			calls: 1,
			charge,
			attribution: answer.attribution.to_vec(),
			unattributed: 0,
		};
		let payments: Vec<CallPayment> =
			T::Revenue::distribute(payee, request.model, terms, &[call])?;
		Ok(payments.into_iter().next().ok_or(Error::<T>::NotDistributed)?)
	}

	/// Weight of an answer: data is only paid where the model does.
	fn weight_of(answer: &Answer, terms: &CallTerms<AccountId>) -> Weight {
		let (attribution, sources) = if terms.policy.pays_data() {
			(length(&answer.attribution), length(&terms.sources))
		} else {
			(0, 0)
		};
		T::WeightInfo::fulfil_call(length(&answer.output), attribution, sources)
	}

	fn terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
	) -> Result<CallTerms<AccountId>, Error<T>> {
		T::Models::terms(model, version, price_version).map_err(|reason| match reason {
			RejectReason::UnknownModel => Error::UnknownModel,
			RejectReason::UnknownVersion => Error::UnknownVersion,
			// The price was in force at the request, so it is only unknown if it was removed since.
			RejectReason::UnknownPrice | RejectReason::PriceExpired => Error::PriceExpired,
			RejectReason::NotInForce => Error::VersionNotInForce,
			RejectReason::VersionExpired => Error::VersionExpired,
			RejectReason::ModelRetired => Error::ModelRetired,
			_ => Error::NoTerms,
		})
	}

	fn release(caller: &AccountId, reason: HoldReason, amount: Balance) -> DispatchResult {
		T::Currency::release(&reason.into(), caller, amount, Precision::Exact).map(|_| ())
	}

	/// Removes all of a request but its place in a slot.
	fn forget(id: RequestId, model: ModelId) {
		Requests::<T>::remove(id);
		Inputs::<T>::remove(id);
		ByModel::<T>::remove(model, ordered(id));
	}
}

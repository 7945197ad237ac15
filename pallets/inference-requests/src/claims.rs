//! Claims on open calls, and nodes that will not answer.

use crate::{
	pallet::*,
	types::{Claim, ClaimOf, End, RequestOf},
};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
		Get,
	},
};
use openledger_primitives::{
	on_chain::{DeclineReason, Refusal, MAX_CLAIMS, MAX_NOTES},
	traits::NodeInspect,
	AccountId, Balance, RequestId,
};
use sp_runtime::{DispatchError, DispatchResult, Saturating};

impl<T: Config> Pallet<T> {
	/// Gives an open call to a node for a while.
	pub(crate) fn do_claim(operator: AccountId, id: RequestId) -> DispatchResult {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		Self::check_not_over(&request)?;
		ensure!(request.cancelled_at.is_none(), Error::<T>::Cancelled);
		ensure!(request.node.is_none(), Error::<T>::NotOpen);
		ensure!(T::Nodes::serves(&operator, request.model), Error::<T>::ModelNotServed);
		ensure!(request.claim_at(now).is_none(), Error::<T>::AlreadyClaimed);
		ensure!(!Self::has_refused(&request, &operator), Error::<T>::AlreadyRefused);
		let lapsed = u32::from(request.claim.is_some());
		let lost = request.lost_claims().saturating_add(lapsed);
		ensure!(lost < MAX_CLAIMS, Error::<T>::TooManyClaims);

		let deposit = T::ClaimDeposit::get();
		T::Currency::hold(&HoldReason::Claim.into(), &operator, deposit)?;
		Self::forfeit(id, &mut request)?;
		let until = now.saturating_add(T::ClaimPeriod::get()).min(request.deadline);
		request.claim = Some(Claim { node: operator.clone(), deposit, until });
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::CallClaimed { request: id, node: operator, deposit, until });
		Ok(())
	}

	/// Notes that a node will not answer.
	pub(crate) fn do_decline(
		operator: AccountId,
		id: RequestId,
		reason: DeclineReason,
	) -> DispatchResult {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		Self::check_not_over(&request)?;
		let named = request.node.clone();
		if let Some(named) = &named {
			ensure!(*named == operator, Error::<T>::NotNamedNode);
		}
		ensure!(!Self::has_refused(&request, &operator), Error::<T>::AlreadyRefused);
		let has_claimed = request.claim_at(now).is_some_and(|claim| claim.node == operator);
		if named.is_none() && !has_claimed {
			ensure!(T::Nodes::serves(&operator, request.model), Error::<T>::ModelNotServed);
			ensure!(request.notes() < MAX_NOTES, Error::<T>::TooManyRefusals);
		}

		let over = named.is_some();
		let mut lost = 0;
		if over {
			Self::release(&request.caller, HoldReason::Call, request.max_charge)?;
			Self::unqueue(request.slot, id);
			Self::forget(id, request.model);
			Self::keep(id, request, End::Declined { node: operator.clone(), reason })?;
		} else {
			let claim = if has_claimed { request.claim.take() } else { None };
			let refusal = match claim {
				Some(claim) => {
					let loss = T::ClaimLoss::get().mul_ceil(claim.deposit).min(claim.deposit);
					lost = Self::lose(&claim, loss)?;
					Refusal::GaveUp(reason)
				}
				None => Refusal::Declined(reason),
			};
			Self::refuse(&mut request, operator.clone(), refusal)?;
			Requests::<T>::insert(id, request);
		}
		let node = operator;
		Self::deposit_event(Event::CallDeclined { request: id, node, reason, over, lost });
		Ok(())
	}

	/// Takes a claim off a request whose time is over, if there is one, and its deposit with it. Whoever calls this
	/// stores the request or forgets it.
	pub(crate) fn forfeit(id: RequestId, request: &mut RequestOf<T>) -> DispatchResult {
		let Some(claim) = request.claim.take() else { return Ok(()) };
		let lost = Self::lose(&claim, claim.deposit)?;
		Self::refuse(request, claim.node.clone(), Refusal::Lapsed)?;
		Self::deposit_event(Event::ClaimForfeited { request: id, node: claim.node, lost });
		Ok(())
	}

	/// Returns `true` if the operator has refused a request, or let a claim on it lapse.
	fn has_refused(request: &RequestOf<T>, operator: &AccountId) -> bool {
		let now = frame_system::Pallet::<T>::block_number();
		let lapsed = request.claim.as_ref().filter(|claim| claim.until < now);
		request.is_refused_by(operator) || lapsed.is_some_and(|claim| claim.node == *operator)
	}

	fn refuse(
		request: &mut RequestOf<T>,
		operator: AccountId,
		refusal: Refusal,
	) -> Result<(), Error<T>> {
		let refused = request.refusals.try_push((operator, refusal));
		refused.map_err(|_| Error::<T>::TooManyRefusals)
	}

	/// Pays `loss` of a claim's deposit to the protocol, and frees the rest. Returns what was paid: an account that
	/// cannot take it stands in nobody's way.
	fn lose(claim: &ClaimOf<T>, loss: Balance) -> Result<Balance, DispatchError> {
		let Claim { node, deposit, .. } = claim;
		let protocol = T::ProtocolAccount::get();
		let payable = T::Currency::can_deposit(&protocol, loss, Provenance::Extant);
		let mut lost = 0;
		if loss > 0 && payable.into_result().is_ok() {
			// By force: the operator may have frozen the funds since for a purpose of their own.
			lost = T::Currency::transfer_on_hold(
				&HoldReason::Claim.into(),
				node,
				&protocol,
				loss,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		Self::release(node, HoldReason::Claim, deposit.saturating_sub(lost))?;
		Ok(lost)
	}
}

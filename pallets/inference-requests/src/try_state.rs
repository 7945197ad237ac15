//! The pallet's invariants.

use crate::{pallet::*, requests::ordered, types::RequestOf};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use openledger_primitives::{
	on_chain::{text_hash, MAX_CLAIMS, MAX_NOTES},
	AccountId, Balance,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the pallet's invariants. The first one that does not hold is the error.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_holds()?;
		Self::check_requests()?;
		Self::check_outcomes()?;
		Self::check_slots()
	}

	fn check_holds() -> Result<(), TryRuntimeError> {
		let mut promised = BTreeMap::<AccountId, (Balance, Balance, Balance)>::new();
		for request in Requests::<T>::iter_values() {
			let (call, storage, _) = promised.entry(request.caller).or_default();
			*call = call.checked_add(request.max_charge).ok_or("charges overflow")?;
			*storage = storage.checked_add(request.deposit).ok_or("deposits overflow")?;
			if let Some(claim) = request.claim {
				let (_, _, claims) = promised.entry(claim.node).or_default();
				*claims = claims.checked_add(claim.deposit).ok_or("claims overflow")?;
			}
		}
		for outcome in Outcomes::<T>::iter_values() {
			let (_, storage, _) = promised.entry(outcome.caller).or_default();
			*storage = storage.checked_add(outcome.deposit).ok_or("deposits overflow")?;
		}
		let held =
			|reason: HoldReason, who: &AccountId| T::Currency::balance_on_hold(&reason.into(), who);
		// Of everybody: what is on hold for a request that is gone would stay so for ever.
		for who in frame_system::Account::<T>::iter_keys() {
			let (call, storage, claims) = promised.remove(&who).unwrap_or_default();
			ensure!(held(HoldReason::Call, &who) == call, "what calls may cost is not on hold");
			ensure!(held(HoldReason::Storage, &who) == storage, "deposits are not on hold");
			ensure!(
				held(HoldReason::Claim, &who) == claims,
				"what was claimed with is not on hold"
			);
		}
		ensure!(promised.is_empty(), "a caller, or who has claimed a call, is no account");
		Ok(())
	}

	fn check_requests() -> Result<(), TryRuntimeError> {
		let now = frame_system::Pallet::<T>::block_number();
		let mut count: u32 = 0;
		for (id, request) in Requests::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(id < NextRequestId::<T>::get(), "a request has an id not yet given out");
			ensure!(request.asked_at <= now, "a request was made in a block to come");
			ensure!(request.asked_at < request.deadline, "a request is older than its deadline");
			if let Some(slot) = request.slot {
				ensure!(slot >= request.ends_at(), "a request would be swept too early");
				let here = Deadlines::<T>::get(slot);
				let times = here.iter().filter(|other| **other == id).count();
				ensure!(times == 1, "a request is not in its slot once");
			}
			let input = Inputs::<T>::get(id).ok_or("a request has no input")?;
			let hash = text_hash(input.as_str());
			ensure!(request.input_hash == hash, "an input is not what its hash says");
			Self::check_claims(&request)?;
			let listed = ByModel::<T>::contains_key(request.model, ordered(id));
			ensure!(listed, "ByModel lacks a request");
		}
		ensure!(count == Requests::<T>::count(), "requests are miscounted");
		let inputs = Inputs::<T>::iter_keys().fold(0u32, |sum, _| sum.saturating_add(1));
		ensure!(inputs == count, "an input has no request");
		let listed = ByModel::<T>::iter_keys().fold(0u32, |sum, _| sum.saturating_add(1));
		ensure!(listed == count, "ByModel names an unknown request");
		Ok(())
	}

	fn check_claims(request: &RequestOf<T>) -> Result<(), TryRuntimeError> {
		let claimed = request.claim.is_some();
		let open = request.node.is_none();
		ensure!(open || (!claimed && request.refusals.is_empty()), "a call of a node is claimed");
		if let Some(claim) = &request.claim {
			ensure!(claim.until < request.ends_at(), "a claim outlasts its call");
			ensure!(!request.is_refused_by(&claim.node), "who refused a call has claimed it");
		}
		let lost = request.lost_claims().saturating_add(u32::from(claimed));
		ensure!(lost <= MAX_CLAIMS && request.notes() <= MAX_NOTES, "too many refuse a call");
		let mut before = request.refusals.iter().enumerate();
		let twice = before.any(|(at, (node, _))| {
			request.refusals.iter().take(at).any(|(other, _)| other == node)
		});
		ensure!(!twice, "a node refuses a call twice");
		Ok(())
	}

	fn check_outcomes() -> Result<(), TryRuntimeError> {
		let now = frame_system::Pallet::<T>::block_number();
		let mut count: u32 = 0;
		for (id, outcome) in Outcomes::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(id < NextRequestId::<T>::get(), "an outcome is of a request to come");
			ensure!(!Requests::<T>::contains_key(id), "a call that waits has an outcome");
			ensure!(outcome.at <= now && outcome.at <= outcome.until, "an outcome is out of time");
			if let Some(slot) = outcome.slot {
				ensure!(slot > outcome.until, "an outcome would be swept too early");
				let times = Deadlines::<T>::get(slot).iter().filter(|it| **it == id).count();
				ensure!(times == 1, "an outcome is not in its slot once");
			}
		}
		ensure!(count == Outcomes::<T>::count(), "outcomes are miscounted");
		Ok(())
	}

	fn check_slots() -> Result<(), TryRuntimeError> {
		let mut count: u32 = 0;
		for (slot, ids) in Deadlines::<T>::iter() {
			ensure!(!ids.is_empty(), "a slot is empty");
			let next = NextSlot::<T>::get().ok_or("the sweep does not know that calls wait")?;
			ensure!(slot >= next, "the sweep has passed a slot");
			count = ids.iter().fold(count, |sum, _| sum.saturating_add(1));
		}
		let waiting = Requests::<T>::iter_values().filter_map(|request| request.slot);
		let kept = Outcomes::<T>::iter_values().filter_map(|outcome| outcome.slot);
		let queued = waiting.chain(kept).fold(0u32, |sum, _| sum.saturating_add(1));
		ensure!(count == queued, "a slot names an unknown request");
		Ok(())
	}
}

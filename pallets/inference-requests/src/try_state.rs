//! The pallet's invariants.

use crate::{
	pallet::*,
	requests::{hash, ordered},
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use openledger_primitives::{AccountId, Balance};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the pallet's invariants. The first one that does not hold is the error.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_holds()?;
		Self::check_requests()?;
		Self::check_slots()
	}

	fn check_holds() -> Result<(), TryRuntimeError> {
		let mut promised = BTreeMap::<AccountId, (Balance, Balance)>::new();
		for request in Requests::<T>::iter_values() {
			let (call, storage) = promised.entry(request.caller).or_default();
			*call = call.checked_add(request.max_charge).ok_or("charges overflow")?;
			*storage = storage.checked_add(request.deposit).ok_or("deposits overflow")?;
		}
		let held =
			|reason: HoldReason, who: &AccountId| T::Currency::balance_on_hold(&reason.into(), who);
		// Of everybody: what is on hold for a request that is gone would stay so for ever.
		for who in frame_system::Account::<T>::iter_keys() {
			let (call, storage) = promised.remove(&who).unwrap_or_default();
			ensure!(held(HoldReason::Call, &who) == call, "what calls may cost is not on hold");
			ensure!(held(HoldReason::Storage, &who) == storage, "deposits are not on hold");
		}
		ensure!(promised.is_empty(), "a caller is no account");
		Ok(())
	}

	fn check_requests() -> Result<(), TryRuntimeError> {
		let mut count: u32 = 0;
		for (id, request) in Requests::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(id < NextRequestId::<T>::get(), "a request has an id not yet given out");
			if let Some(slot) = request.slot {
				ensure!(slot >= request.ends_at(), "a request would be swept too early");
				let here = Deadlines::<T>::get(slot);
				let times = here.iter().filter(|other| **other == id).count();
				ensure!(times == 1, "a request is not in its slot once");
			}
			let input = Inputs::<T>::get(id).ok_or("a request has no input")?;
			ensure!(request.input_hash == hash(&input), "an input is not what its hash says");
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

	fn check_slots() -> Result<(), TryRuntimeError> {
		let mut count: u32 = 0;
		for (slot, ids) in Deadlines::<T>::iter() {
			ensure!(!ids.is_empty(), "a slot is empty");
			let next = NextSlot::<T>::get().ok_or("the sweep does not know that calls wait")?;
			ensure!(slot >= next, "the sweep has passed a slot");
			count = ids.iter().fold(count, |sum, _| sum.saturating_add(1));
		}
		let queued = Requests::<T>::iter_values().filter(|request| request.slot.is_some());
		let queued = queued.fold(0u32, |sum, _| sum.saturating_add(1));
		ensure!(count == queued, "a slot names an unknown request");
		Ok(())
	}
}

//! The pallet's invariants.

use crate::pallet::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use openledger_primitives::{AccountId, Balance, MAX_LANES};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the pallet's invariants.
	///
	/// # Errors
	/// The one that does not hold.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_sessions()?;
		Self::check_nodes()
	}

	fn check_sessions() -> Result<(), TryRuntimeError> {
		let mut promised = BTreeMap::<AccountId, Balance>::new();
		for (id, session) in Sessions::<T>::iter() {
			ensure!(id < NextSessionId::<T>::get(), "a session has an id not yet given out");
			ensure!(session.settled <= session.deposit, "a session settled more than its deposit");
			ensure!(session.lanes <= MAX_LANES, "a session has too many lanes");

			let mut lanes: u32 = 0;
			let mut settled: Balance = 0;
			for (_, lane) in Lanes::<T>::iter_prefix(id) {
				lanes = lanes.saturating_add(1);
				settled = settled.checked_add(lane.settled).ok_or("lanes overflow")?;
			}
			ensure!(lanes == u32::from(session.lanes), "a session's lanes are miscounted");
			ensure!(settled == session.settled, "lanes do not add up to what a session settled");

			let sum = promised.entry(session.caller.clone()).or_default();
			*sum = sum.checked_add(session.remaining()).ok_or("deposits overflow")?;
		}
		for (caller, sum) in promised {
			let held = T::Currency::balance_on_hold(&HoldReason::Session.into(), &caller);
			ensure!(held == sum, "what sessions have left is not what is on hold");
		}
		for (id, _, _) in Lanes::<T>::iter() {
			ensure!(Sessions::<T>::contains_key(id), "a lane has no session");
		}
		Ok(())
	}

	fn check_nodes() -> Result<(), TryRuntimeError> {
		for (operator, node) in Nodes::<T>::iter() {
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &operator);
			ensure!(held == node.bond, "a bond is not what is on hold");
			for model in &node.models {
				ensure!(ServedBy::<T>::contains_key(model, &operator), "ServedBy lacks a node");
			}
		}
		for (model, operator, ()) in ServedBy::<T>::iter() {
			let node = Nodes::<T>::get(&operator).ok_or("ServedBy names an unknown node")?;
			ensure!(node.models.contains(&model), "ServedBy names a model that is not served");
		}
		Ok(())
	}
}

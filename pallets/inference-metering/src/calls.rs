//! Calls that were answered on chain, among the settlements.
//!
//! Where calls are requested and answered by extrinsics, they are charged there. What is kept of one here is what is
//! kept of a settled lane: the root over its items, of which it is the only one. So whatever the node has signed of the
//! call besides can be brought against it, its bond stays until the time for that is over, and it is punished as for
//! any other call: see [`disputes`](crate::disputes).
//!
//! The node has signed a statement of the call too, with which it was answered. It says what was settled, so another
//! statement of the call contradicts both.

use crate::{
	pallet::*,
	types::{Node, RootKey, SettledRoot},
};
use alloc::vec;
use frame_support::{ensure, traits::Get};
use openledger_primitives::{lane::Statement, AccountId, Hash};
use sp_runtime::{DispatchResult, Saturating};

impl<T: Config> Pallet<T> {
	/// Keeps an answered call until nobody can dispute it any more.
	pub(crate) fn do_keep_call(
		operator: &AccountId,
		caller: &AccountId,
		statement: &Statement,
		root: Hash,
	) -> DispatchResult {
		let node = Self::node(operator)?;
		let now = Self::now();
		let until = now.saturating_add(T::DisputeWindow::get());
		let Statement { session, lane, sequence, charge, .. } = *statement;
		let kept = SettledRoot {
			agreement: statement.agreement.hash(),
			root,
			items: 1,
			first_sequence: sequence,
			last_sequence: sequence,
			voucher_sequence: sequence,
			acknowledged_root: Hash::zero(),
			charged: charge,
			node: operator.clone(),
			caller: caller.clone(),
			at: now,
			until,
		};
		Self::keep_roots(vec![((session, lane, sequence), kept)])?;
		let liable_until = node.liable_until.max(until);
		Nodes::<T>::insert(operator, Node { liable_until, ..node });
		Ok(())
	}

	/// Notes that a node made two statements of a call that it has answered on chain.
	///
	/// It has to have answered it: nobody could tell a request that was never made from another. What was proven is
	/// kept with the call, so that it takes none of the room that there is for calls of sessions, which are all older.
	pub(crate) fn count_two_statements_of_call(
		operator: &AccountId,
		call: RootKey,
	) -> DispatchResult {
		let root = Self::disputable(call)?;
		ensure!(root.node == *operator, Error::<T>::NotTheSameCall);
		let (_, _, sequence) = call;
		Self::count_misreport(call, sequence)?;
		Ok(())
	}
}

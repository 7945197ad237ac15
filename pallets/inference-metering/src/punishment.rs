//! Price of a contradiction, from a node's bond: a refund, a reward, and a penalty.
//!
//! See [`disputes`](crate::disputes) for what is paid when.

use crate::{
	pallet::*,
	types::{count, Node, NodeOf, Punished, Status},
};
use frame_support::{
	dispatch::{Pays, PostDispatchInfo},
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
		Get,
	},
	weights::Weight,
};
use openledger_primitives::{AccountId, Balance};
use sp_runtime::{DispatchError, Saturating};

/// A division of a bond, in planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
	/// The node's loss.
	pub(crate) penalty: Balance,
	/// Part that its caller gets back.
	pub(crate) refund: Balance,
}

impl Bill {
	/// Divides `bond`, of which the node loses `least` at the least, and its caller is owed `due`.
	///
	/// For every two planck of refund, one of penalty goes with them: a caller who is the operator
	/// under another name gets two thirds of a bond out at the most. If something of the refund is
	/// missing, nothing of the bond is left.
	fn of(bond: Balance, least: Balance, due: Balance) -> Self {
		let least = least.min(bond);
		let two_thirds = bond.saturating_sub(bond.div_ceil(3));
		let refund = due.min(bond.saturating_sub(least)).min(two_thirds);
		let penalty = match refund < due {
			true => bond.saturating_sub(refund),
			false => refund.div_ceil(2).max(least),
		};
		Self { penalty, refund }
	}
}

impl<T: Config> Pallet<T> {
	/// Price of a report that holds, for its reporter: no fee if the protocol got something for it. What
	/// a node with next to no bond says against itself would fill blocks for nothing otherwise.
	pub(crate) fn cost_of_report(weight: Weight, punished: &Punished) -> PostDispatchInfo {
		let paid = punished.protocol >= T::Currency::minimum_balance();
		let pays_fee = if paid { Pays::No } else { Pays::Yes };
		PostDispatchInfo { actual_weight: Some(weight), pays_fee }
	}

	/// The loss of a node for a contradiction of which its caller is owed nothing, in planck.
	pub(crate) fn least_penalty(node: &NodeOf<T>) -> Balance {
		T::DisputePenalty::get().mul_ceil(node.bond)
	}

	/// Divides a node's bond. What the caller's account cannot take stays in the bond, and due.
	pub(crate) fn bill(node: &NodeOf<T>, least: Balance, caller: &AccountId, due: Balance) -> Bill {
		let bill = Bill::of(node.bond, least, due);
		if Self::can_be_paid(caller, bill.refund) {
			bill
		} else {
			Bill::of(node.bond, least, 0)
		}
	}

	/// Takes penalty and refund out of a node's bond, pays the reporter a part of the least penalty,
	/// and jails the node.
	///
	/// The reward does not grow with a penalty that is larger because of the refund: of that, a caller
	/// who is the operator, and reports it under yet another name, would get a part back.
	///
	/// It is the same for a node that is jailed already, as long as there is a bond: somebody has to be paid to look
	/// on. An operator who takes the bond out by that way loses more of it than by a refund to themself.
	pub(crate) fn punish(
		operator: &AccountId,
		node: NodeOf<T>,
		reporter: &AccountId,
		caller: &AccountId,
		bill: Bill,
	) -> Result<Punished, DispatchError> {
		let least = Self::least_penalty(&node).min(bill.penalty);
		let rewarded = if reporter == operator { 0 } else { least };
		let reward = T::DisputeReward::get().mul_floor(rewarded);
		let mut punished = Self::pay(operator, caller, bill, reporter, reward)?;

		let bond = punished.left_of(node.bond);
		let until = Self::now().saturating_add(T::JailPeriod::get());
		let until = match node.status {
			Status::Active => {
				Self::unlist(operator, &node.models);
				punished.unlisted = count(node.models.len());
				until
			}
			Status::Jailed(before) => before.max(until),
			// Whoever could stay after all would be out of jail at once.
			Status::Unbonding(_) => until,
		};
		Nodes::<T>::insert(operator, Node { bond, status: Status::Jailed(until), ..node });
		Self::deposit_event(Event::NodeJailed { operator: operator.clone(), until, bond });
		Ok(punished)
	}

	/// Takes what was missing of a refund, and the penalty that goes with it, out of a node's bond.
	/// The node was punished before; but it takes no sessions without its bond.
	pub(crate) fn pay_arrears(
		operator: &AccountId,
		node: NodeOf<T>,
		reporter: &AccountId,
		caller: &AccountId,
		bill: Bill,
	) -> Result<Punished, DispatchError> {
		let mut punished = Self::pay(operator, caller, bill, reporter, 0)?;
		let bond = punished.left_of(node.bond);
		if node.is_active() && bond < T::MinBond::get() {
			Self::unlist(operator, &node.models);
			punished.unlisted = count(node.models.len());
			// It may come back with a bond that is large enough.
			let until = Self::now();
			Nodes::<T>::insert(operator, Node { bond, status: Status::Jailed(until), ..node });
			Self::deposit_event(Event::NodeJailed { operator: operator.clone(), until, bond });
		} else {
			Nodes::<T>::insert(operator, Node { bond, ..node });
		}
		Ok(punished)
	}

	/// Pays refund and reward, and the protocol the rest of the penalty.
	fn pay(
		operator: &AccountId,
		caller: &AccountId,
		Bill { penalty, refund }: Bill,
		reporter: &AccountId,
		reward: Balance,
	) -> Result<Punished, DispatchError> {
		let refunded = Self::pay_from_bond(operator, caller, refund)?;
		let reward = Self::pay_from_bond(operator, reporter, reward)?;
		let rest = penalty.saturating_sub(reward);
		let protocol = Self::pay_from_bond(operator, &T::ProtocolAccount::get(), rest)?;
		Ok(Punished { refunded, reward, protocol, unlisted: 0 })
	}

	/// Pays out of a node's bond, if the account can take it. Returns what was paid: an account that
	/// cannot stands in nobody's way.
	fn pay_from_bond(
		operator: &AccountId,
		to: &AccountId,
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		if amount == 0 || !Self::can_be_paid(to, amount) {
			return Ok(0);
		}
		// By force: whatever the operator has frozen since, the bond answers for the node.
		T::Currency::transfer_on_hold(
			&HoldReason::Bond.into(),
			operator,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
	}

	fn can_be_paid(to: &AccountId, amount: Balance) -> bool {
		T::Currency::can_deposit(to, amount, Provenance::Extant).into_result().is_ok()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn a_bond_is_divided() {
		let bill = |bond, least, due| {
			let Bill { penalty, refund } = Bill::of(bond, least, due);
			(penalty, refund)
		};
		assert_eq!(bill(100, 10, 0), (10, 0));
		assert_eq!(bill(100, 10, 20), (10, 20));
		assert_eq!(bill(100, 10, 21), (11, 21));
		assert_eq!(bill(100, 10, 66), (33, 66));
		assert_eq!(bill(100, 10, 67), (34, 66));
		assert_eq!(bill(100, 10, 1_000), (34, 66));
		assert_eq!(bill(99, 0, 1_000), (33, 66));
		assert_eq!(bill(100, 60, 1_000), (60, 40));
		assert_eq!(bill(100, 100, 5), (100, 0));
		assert_eq!(bill(1, 1, 5), (1, 0));
		assert_eq!(bill(0, 0, 5), (0, 0));
	}

	proptest! {
		#[test]
		fn a_bond_pays_what_it_has(bond: u128, least: u128, due: u128, small: bool) {
			let cut = |amount| if small { amount % 1_000 } else { amount };
			let (bond, least, due) = (cut(bond), cut(least), cut(due));
			let Bill { penalty, refund } = Bill::of(bond, least, due);
			prop_assert!(penalty.checked_add(refund).is_some_and(|sum| sum <= bond));
			prop_assert!(penalty >= least.min(bond) && refund <= due);
			prop_assert!(penalty >= refund.div_ceil(2));
			// Nothing is kept from a caller that the bond could pay.
			if refund < due {
				prop_assert_eq!(penalty + refund, bond);
				prop_assert!(refund == bond - bond.div_ceil(3) || penalty == least.min(bond));
			}
		}
	}
}

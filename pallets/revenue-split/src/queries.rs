//! The runtime APIs' view of what accounts and models have earned.

use crate::pallet::*;
use openledger_primitives::{
	info::{Earnings, ModelEarnings},
	traits::Role,
	ModelId,
};

impl<T: Config> Pallet<T> {
	/// Earnings of `account` over its lifetime, by role, and the part of them that waits to be paid.
	pub fn earnings(account: &T::AccountId) -> Earnings {
		let earned = |role| Earned::<T>::get(account, role);
		Earnings {
			developer: earned(Role::Developer),
			data: earned(Role::Data),
			node: earned(Role::Node),
			protocol: earned(Role::Protocol),
			curator: earned(Role::Curator),
			royalty: earned(Role::Royalty),
			accrued: Accrued::<T>::get(account),
		}
	}

	/// Charges and payments of the calls of `model` over its lifetime; zeros for a model
	/// without settled calls.
	pub fn model_earnings(model: ModelId) -> ModelEarnings {
		ModelTotals::<T>::get(model)
	}
}

//! Paying any number of contributors in constant time.
//!
//! A release of a datanet has a fixed total weight `T`. Its *index* is how many planck have been
//! paid per unit of weight since it was published. A payment raises the index; a contribution of
//! weight `w` has earned `w * index`, and may claim `w * (index - what it claimed up to)`. One
//! contributor or a million: a payment is one addition.
//!
//! This is the reward counter of F1 fee distribution (Ojha & Goes, 2019), with one difference. The
//! usual form divides with a fixed-point index and rounds every claim down, which leaves dust
//! behind that belongs to nobody. Here the index is a whole number of planck per unit of weight,
//! and what does not divide is *carried* into the next payment:
//!
//! ```text
//! index' = index + (carry + amount) / T
//! carry' =         (carry + amount) mod T
//! ```
//!
//! So `T * index + carry` equals everything ever paid in, to the planck, at all times, and claims
//! are exact integers. The price is that up to `T - 1` planck wait for the next payment: the pallet
//! bounds `T` at 2^40, so never more than 0.0000011 OPEN per release.

use crate::{Balance, Weight};
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Cumulative payout per unit of weight, with what is carried into the next payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolIndex {
	/// Planck paid per unit of weight so far.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_weight: Balance,
	/// Planck that did not divide and wait for the next payment. Always below the total weight.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry: Balance,
}

impl PoolIndex {
	/// The index after `amount` planck more are paid to a pool of weight `total`. `None` if the
	/// pool has no weight or a number would overflow.
	#[must_use]
	pub fn pay(&self, amount: Balance, total: Weight) -> Option<Self> {
		let total = Balance::from(total);
		let sum = self.carry.checked_add(amount)?;
		let per_weight = self.per_weight.checked_add(sum.checked_div(total)?)?;
		// Whatever a holder of any part of the weight may claim has to fit as well.
		per_weight.checked_mul(total)?;
		Some(Self { per_weight, carry: sum.checked_rem(total)? })
	}

	/// Amount that a contribution of `weight` may claim that has claimed up to `claimed` per unit of
	/// weight, in planck. `None` if `claimed` is ahead of the index or a number would overflow.
	pub fn owed(&self, weight: Weight, claimed: Balance) -> Option<Balance> {
		self.per_weight.checked_sub(claimed)?.checked_mul(weight.into())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	#[test]
	fn what_does_not_divide_is_carried() {
		let index = PoolIndex::default().pay(10, 3).unwrap();
		assert_eq!(index, PoolIndex { per_weight: 3, carry: 1 });
		let index = index.pay(2, 3).unwrap();
		assert_eq!(index, PoolIndex { per_weight: 4, carry: 0 });
		assert_eq!(index.owed(2, 3), Some(2));
	}

	#[test]
	fn refuses_what_it_cannot_represent() {
		assert_eq!(PoolIndex::default().pay(1, 0), None);
		assert_eq!(PoolIndex { per_weight: 0, carry: 1 }.pay(u128::MAX, 2), None);
		assert_eq!(PoolIndex { per_weight: u128::MAX, carry: 0 }.pay(1, 1), None);
		assert_eq!(PoolIndex::default().owed(1, 1), None);
	}

	proptest! {
		/// Payments and claims in any order: what is claimed, what is still owed and the carry add
		/// up to what was paid, and nobody's share depends on when the others claim.
		#[test]
		fn conserves_every_planck(
			weights in vec(1u64..1_000_000, 1..20),
			steps in vec((0u128..1u128 << 80, any::<prop::sample::Index>()), 0..60),
		) {
			let total: u64 = weights.iter().sum();
			let mut index = PoolIndex::default();
			let mut claimed_to = vec![0u128; weights.len()];
			let mut claimed = vec![0u128; weights.len()];
			let mut paid = 0u128;
			for (amount, who) in steps {
				index = index.pay(amount, total).unwrap();
				paid += amount;
				prop_assert!(index.carry < u128::from(total));

				let who = who.index(weights.len());
				claimed[who] += index.owed(weights[who], claimed_to[who]).unwrap();
				claimed_to[who] = index.per_weight;
			}
			let mut sum = index.carry;
			for who in 0..weights.len() {
				claimed[who] += index.owed(weights[who], claimed_to[who]).unwrap();
				prop_assert_eq!(claimed[who], u128::from(weights[who]) * index.per_weight);
				sum += claimed[who];
			}
			prop_assert_eq!(sum, paid);
		}
	}
}

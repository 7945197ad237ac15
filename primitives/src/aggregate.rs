//! The sums of any number of calls, settled at once.
//!
//! A node that has answered a million calls on a lane need not bring a million records to the chain:
//! it brings their sums, and the Merkle root over the records, so that each of them can still be
//! proven ([`crate::merkle`]).

use crate::{
	attribution::AttributionEntry, price::PriceSchedule, Balance, Hash, Sequence, Weight,
	MAX_MERGED_ATTRIBUTION,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The merged attribution of the calls of an aggregate. The weights are relative to one another, and
/// to [`Aggregate::unattributed`].
pub type MergedAttribution = BoundedVec<AttributionEntry, ConstU32<MAX_MERGED_ATTRIBUTION>>;

/// The sums of the calls of one lane from the last settled sequence up to `up_to`. All of them are of
/// the version of the model, and at the price version, that the voucher names.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Aggregate {
	/// The sequence of the last call. Below that of the voucher, whose caller agrees with what all
	/// calls before it cost.
	pub up_to: Sequence,
	/// Number of calls.
	pub calls: u32,
	/// Tokens of their prompts.
	pub input_tokens: u64,
	/// Tokens of their answers that were delivered.
	pub output_tokens: u64,
	/// Where the answers came from.
	pub attribution: MergedAttribution,
	/// The weight of calls without attribution, next to those of `attribution`.
	pub unattributed: Weight,
	/// The Merkle root over the records, in rising order of their sequence.
	pub root: Hash,
}

impl Aggregate {
	/// Charge for the calls together, in planck: the sum of what each of them costs. `None` if it
	/// does not fit a [`Balance`].
	pub fn charge(&self, price: &PriceSchedule) -> Option<Balance> {
		let calls = price.per_call.checked_mul(self.calls.into())?;
		let input = price.per_input_token.checked_mul(self.input_tokens.into())?;
		let output = price.per_output_token.checked_mul(self.output_tokens.into())?;
		calls.checked_add(input)?.checked_add(output)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::price::Tokens;
	use proptest::{collection::vec, prelude::*};

	fn sums(calls: u32, input_tokens: u64, output_tokens: u64) -> Aggregate {
		Aggregate {
			up_to: calls.into(),
			calls,
			input_tokens,
			output_tokens,
			attribution: Default::default(),
			unattributed: 0,
			root: Hash::zero(),
		}
	}

	proptest! {
		#[test]
		fn costs_what_its_calls_cost(
			price in (any::<u64>(), any::<u64>(), any::<u64>()),
			calls in vec((any::<u32>(), any::<u32>()), 0..50),
		) {
			let price = PriceSchedule {
				per_call: price.0.into(),
				per_input_token: price.1.into(),
				per_output_token: price.2.into(),
				..Default::default()
			};
			let sums = sums(
				u32::try_from(calls.len()).unwrap(),
				calls.iter().map(|call| u64::from(call.0)).sum(),
				calls.iter().map(|call| u64::from(call.1)).sum(),
			);
			let charge = |call: &(u32, u32)| price.charge(&Tokens::new(call.0, call.1)).unwrap();
			let sum = calls.iter().map(charge).sum::<Balance>();
			prop_assert_eq!(sums.charge(&price), Some(sum));
		}
	}

	#[test]
	fn overflow_is_none() {
		let price = PriceSchedule { per_call: u128::MAX, ..Default::default() };
		assert_eq!(sums(2, 0, 0).charge(&price), None);
	}
}

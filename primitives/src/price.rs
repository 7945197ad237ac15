//! What a call costs.

use crate::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A model's prices, in planck.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PriceSchedule {
	/// Charged once per call.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_call: Balance,
	/// Charged for each token of the prompt, as the model's own tokenizer counts them.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_input_token: Balance,
	/// Charged for each token of the answer.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_output_token: Balance,
}

impl PriceSchedule {
	/// The charge, in planck, of a call that used so many tokens. `None` if it does not fit a
	/// [`Balance`].
	pub fn charge(&self, input_tokens: u32, output_tokens: u32) -> Option<Balance> {
		let input = self.per_input_token.checked_mul(input_tokens.into())?;
		let output = self.per_output_token.checked_mul(output_tokens.into())?;
		self.per_call.checked_add(input)?.checked_add(output)
	}

	/// The most output tokens that `budget` pays for after the call itself and its input, or
	/// `None` if the budget does not even cover those. `u32::MAX` when output is free.
	pub fn affordable_output(&self, input_tokens: u32, budget: Balance) -> Option<u32> {
		let left = budget.checked_sub(self.charge(input_tokens, 0)?)?;
		match left.checked_div(self.per_output_token) {
			Some(tokens) => Some(u32::try_from(tokens).unwrap_or(u32::MAX)),
			None => Some(u32::MAX),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn schedule() -> impl Strategy<Value = PriceSchedule> {
		(any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(call, input, output)| PriceSchedule {
			per_call: call.into(),
			per_input_token: input.into(),
			per_output_token: output.into(),
		})
	}

	#[test]
	fn charges_each_part() {
		let price = PriceSchedule { per_call: 100, per_input_token: 2, per_output_token: 5 };
		assert_eq!(price.charge(10, 20), Some(100 + 20 + 100));
		assert_eq!(price.charge(0, 0), Some(100));
	}

	#[test]
	fn overflow_is_none() {
		let price = PriceSchedule { per_call: 1, per_input_token: u128::MAX, per_output_token: 0 };
		assert_eq!(price.charge(1, 0), None);
		assert_eq!(price.charge(2, 0), None);
		assert_eq!(price.affordable_output(2, u128::MAX), None);
	}

	proptest! {
		#[test]
		fn more_tokens_never_cost_less(
			price in schedule(), input: u32, output: u32, more in 0u32..1000
		) {
			let charge = price.charge(input, output);
			prop_assert!(charge.is_some());
			prop_assert!(price.charge(input.saturating_add(more), output) >= charge);
			prop_assert!(price.charge(input, output.saturating_add(more)) >= charge);
		}

		#[test]
		fn affordable_output_is_the_most_that_fits(
			price in schedule(), input in 0u32..10_000, budget: u64
		) {
			let budget = Balance::from(budget) << 16;
			match price.affordable_output(input, budget) {
				None => prop_assert!(price.charge(input, 0).unwrap() > budget),
				Some(tokens) => {
					prop_assert!(price.charge(input, tokens).unwrap() <= budget);
					if tokens < u32::MAX {
						prop_assert!(price.charge(input, tokens + 1).unwrap() > budget);
					}
				},
			}
		}
	}
}

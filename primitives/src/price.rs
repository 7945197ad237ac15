//! Price of calls.

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
	/// Charged for each token of the prompt that was not cached, as the model's own tokenizer counts them.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_input_token: Balance,
	/// Charged for each token of the prompt that the node had worked on before; never more than
	/// [`per_input_token`](Self::per_input_token) in a registered price.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_cached_input_token: Balance,
	/// Charged for each token of the answer.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_output_token: Balance,
}

/// Tokens that a call used. Cached and retrieved tokens are part of the input; a token may be both.
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
pub struct Tokens {
	/// Tokens of the prompt, all of them.
	pub input: u32,
	/// Tokens of the prompt that the node had worked on before, `input` at most.
	pub cached: u32,
	/// Tokens of the prompt that the node took from data for this call, `input` at most. They cost what
	/// other tokens of the prompt cost.
	pub retrieved: u32,
	/// Tokens of the answer.
	pub output: u32,
}

impl Tokens {
	/// The tokens of a call with nothing cached and nothing retrieved.
	pub fn new(input: u32, output: u32) -> Self {
		Self { input, cached: 0, retrieved: 0, output }
	}

	/// Returns `true` if neither more is cached nor more is retrieved than was put in.
	pub fn is_sound(&self) -> bool {
		self.cached <= self.input && self.retrieved <= self.input
	}
}

impl PriceSchedule {
	/// Returns `true` if a cached token costs no more than one that is not: the charge for a prompt of
	/// which nothing is cached is then the most that the prompt can cost.
	pub fn is_sound(&self) -> bool {
		self.per_cached_input_token <= self.per_input_token
	}

	/// The charge, in planck, of a call that used these tokens. `None` if it does not fit a
	/// [`Balance`], or the tokens are not [sound](Tokens::is_sound).
	pub fn charge(&self, tokens: &Tokens) -> Option<Balance> {
		if !tokens.is_sound() {
			return None;
		}
		let fresh = tokens.input.checked_sub(tokens.cached)?;
		let input = self.per_input_token.checked_mul(fresh.into())?;
		let cached = self.per_cached_input_token.checked_mul(tokens.cached.into())?;
		let output = self.per_output_token.checked_mul(tokens.output.into())?;
		self.per_call.checked_add(input)?.checked_add(cached)?.checked_add(output)
	}

	/// The most output tokens that `budget` (in planck) pays for after the call itself and the input that
	/// `tokens` names, whose `output` is ignored; or `None` if the budget does not even cover those.
	/// `u32::MAX` when output is free.
	pub fn affordable_output(&self, tokens: &Tokens, budget: Balance) -> Option<u32> {
		let left = budget.checked_sub(self.charge(&Tokens { output: 0, ..*tokens })?)?;
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

	/// A price that may be registered.
	fn schedule() -> impl Strategy<Value = PriceSchedule> {
		(any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(
			|(call, one, other, output)| PriceSchedule {
				per_call: call.into(),
				per_input_token: one.max(other).into(),
				per_cached_input_token: one.min(other).into(),
				per_output_token: output.into(),
			},
		)
	}

	fn tokens() -> impl Strategy<Value = Tokens> {
		(any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
			|(input, cached, retrieved, output)| Tokens {
				input,
				cached: cached.min(input),
				retrieved: retrieved.min(input),
				output,
			},
		)
	}

	#[test]
	fn charges_each_part() {
		let price = PriceSchedule {
			per_call: 100,
			per_input_token: 7,
			per_cached_input_token: 2,
			per_output_token: 5,
		};
		let cached = Tokens { input: 10, cached: 4, retrieved: 3, output: 20 };

		assert_eq!(price.charge(&Tokens::new(10, 20)), Some(100 + 70 + 100));
		assert_eq!(price.charge(&cached), Some(100 + 6 * 7 + 4 * 2 + 100));
		assert_eq!(price.charge(&Tokens::new(0, 0)), Some(100));
	}

	#[test]
	fn no_more_is_cached_or_retrieved_than_was_put_in() {
		let price = PriceSchedule { per_call: 100, ..Default::default() };
		let all = Tokens { input: 10, cached: 10, retrieved: 10, output: 0 };

		assert_eq!(price.charge(&all), Some(100));
		assert_eq!(price.charge(&Tokens { cached: 11, ..all }), None);
		assert_eq!(price.charge(&Tokens { retrieved: 11, ..all }), None);
		assert_eq!(price.affordable_output(&Tokens { cached: 11, ..all }, u128::MAX), None);
	}

	#[test]
	fn overflow_is_none() {
		let price = PriceSchedule { per_call: 1, per_input_token: u128::MAX, ..Default::default() };

		assert_eq!(price.charge(&Tokens::new(1, 0)), None);
		assert_eq!(price.charge(&Tokens::new(2, 0)), None);
		assert_eq!(price.affordable_output(&Tokens::new(2, 0), u128::MAX), None);
		let cached = PriceSchedule { per_cached_input_token: u128::MAX, ..price };
		assert_eq!(cached.charge(&Tokens { cached: 1, ..Tokens::new(1, 0) }), None);
	}

	#[test]
	fn a_cached_token_may_cost_as_much_as_another_one_and_no_more() {
		let price = |cached| PriceSchedule {
			per_input_token: 5,
			per_cached_input_token: cached,
			..Default::default()
		};

		assert!(price(0).is_sound());
		assert!(price(5).is_sound());
		assert!(!price(6).is_sound());
	}

	proptest! {
		#[test]
		fn more_tokens_never_cost_less(price in schedule(), tokens in tokens(), more in 0u32..1000) {
			let charge = price.charge(&tokens);
			let input = Tokens { input: tokens.input.saturating_add(more), ..tokens };
			let output = Tokens { output: tokens.output.saturating_add(more), ..tokens };

			prop_assert!(charge.is_some());
			prop_assert!(price.charge(&input) >= charge);
			prop_assert!(price.charge(&output) >= charge);
		}

		#[test]
		fn the_offer_for_nothing_cached_is_the_most_that_it_can_cost(
			price in schedule(), tokens in tokens()
		) {
			let offered = price.charge(&Tokens::new(tokens.input, tokens.output)).unwrap();

			prop_assert!(price.is_sound());
			prop_assert!(price.charge(&tokens).unwrap() <= offered);
		}

		#[test]
		fn affordable_output_is_the_most_that_fits(
			price in schedule(), tokens in tokens(), budget: u64
		) {
			let budget = Balance::from(budget) << 16;
			let charge = |output| price.charge(&Tokens { output, ..tokens }).unwrap();

			match price.affordable_output(&tokens, budget) {
				None => prop_assert!(charge(0) > budget),
				Some(output) => {
					prop_assert!(charge(output) <= budget);
					if output < u32::MAX {
						prop_assert!(charge(output + 1) > budget);
					}
				},
			}
		}
	}
}

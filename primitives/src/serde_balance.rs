//! Amounts in JSON are decimal strings: JavaScript's numbers cannot hold them. Plain integers are
//! accepted on the way in.

use crate::Balance;
use serde::{de, Deserializer, Serializer};

/// Writes an amount as a decimal string of planck.
pub fn serialize<S: Serializer>(amount: &Balance, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(amount)
}

/// Reads an amount from a decimal string or an integer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Balance, D::Error> {
	struct Visitor;

	impl de::Visitor<'_> for Visitor {
		type Value = Balance;

		fn expecting(&self, formatter: &mut core::fmt::Formatter) -> core::fmt::Result {
			formatter.write_str("an amount in planck, as a decimal string")
		}

		fn visit_u64<E: de::Error>(self, value: u64) -> Result<Balance, E> {
			Ok(value.into())
		}

		fn visit_str<E: de::Error>(self, value: &str) -> Result<Balance, E> {
			value.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(value), &self))
		}
	}

	deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests {
	use crate::price::PriceSchedule;

	#[test]
	fn amounts_survive_json() {
		let price = PriceSchedule {
			per_call: u128::MAX,
			per_input_token: 0,
			per_cached_input_token: 0,
			per_output_token: 9_007_199_254_740_993,
		};
		let json = serde_json::to_string(&price).unwrap();
		assert!(json.contains("\"340282366920938463463374607431768211455\""));
		assert_eq!(serde_json::from_str::<PriceSchedule>(&json).unwrap(), price);
	}

	#[test]
	fn integers_are_accepted_and_rubbish_is_not() {
		let read = |text: &str| serde_json::from_str::<PriceSchedule>(text);
		let good = r#"{"per_call": 5, "per_input_token": "6", "per_cached_input_token": 1, "per_output_token": 0}"#;
		assert_eq!(read(good).unwrap().per_input_token, 6);
		let bad = r#"{"per_call": "-5"}"#;
		assert!(read(bad).unwrap_err().to_string().contains("amount in planck"));
	}
}

//! Amounts as people write them: OPEN with up to 18 decimals, or planck.

use openledger_primitives::{Balance, MICRO_OPEN, OPEN};
use thiserror::Error;

/// Decimal places of an OPEN.
const DECIMALS: usize = 18;

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
	"`{0}` is not an amount: write OPEN as `1.5` or `1.5 OPEN` with at most 18 decimals, or \
	 planck as `1500planck`"
)]
pub struct AmountError(String);

/// Reads an amount: `1.5`, `1.5 OPEN`, `1500 planck`. The result is in planck.
///
/// # Errors
/// If the text is something else, has more than 18 decimals, or is more than a balance holds.
pub fn parse_amount(text: &str) -> Result<Balance, AmountError> {
	let wrong = || AmountError(text.to_owned());
	let trimmed = text.trim();
	let number = |digits: &str| -> Option<Balance> {
		let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
		plain.then(|| digits.parse().ok()).flatten()
	};
	if let Some(planck) = trimmed.strip_suffix("planck") {
		return number(planck.trim_end()).ok_or_else(wrong);
	}
	let open = trimmed.strip_suffix("OPEN").unwrap_or(trimmed).trim_end();
	let (whole, fraction) = open.split_once('.').unwrap_or((open, "0"));
	if fraction.is_empty() || fraction.len() > DECIMALS {
		return Err(wrong());
	}
	let fraction = format!("{fraction:0<DECIMALS$}");
	let (whole, fraction) = number(whole).zip(number(&fraction)).ok_or_else(wrong)?;
	whole.checked_mul(OPEN).and_then(|planck| planck.checked_add(fraction)).ok_or_else(wrong)
}

/// Writes an amount exactly, as `1.5 OPEN`.
pub fn format_amount(planck: Balance) -> String {
	let (whole, fraction) = (planck / OPEN, planck % OPEN);
	if fraction == 0 {
		return format!("{whole} OPEN");
	}
	let fraction = format!("{fraction:0>DECIMALS$}");
	format!("{whole}.{} OPEN", fraction.trim_end_matches('0'))
}

/// An amount in planck as OPEN, for metrics: rounded down to micro-OPEN, since 53 bits do not hold a
/// balance in planck.
pub fn in_open(amount: Balance) -> f64 {
	let micros = amount / MICRO_OPEN;
	f64::from(u32::try_from(micros / 1_000_000).unwrap_or(u32::MAX))
		+ f64::from(u32::try_from(micros % 1_000_000).unwrap_or(0)) / 1e6
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn reads_what_people_write() {
		for (text, planck) in [
			("1", OPEN),
			("1.5", OPEN + OPEN / 2),
			("1.5 OPEN", OPEN + OPEN / 2),
			(" 0.000000000000000001 ", 1),
			("1500planck", 1500),
			("1500 planck", 1500),
			("0", 0),
		] {
			assert_eq!(parse_amount(text), Ok(planck), "{text}");
		}
	}

	#[test]
	fn refuses_rubbish() {
		for text in [
			"",
			".",
			"1.",
			".5",
			"-1",
			"+1",
			"1e3",
			"1,5",
			"1.5.5",
			"OPEN",
			"planck",
			"1.5planck",
			"0.0000000000000000001",
			"340282366920938463464",
			"1 OPEN OPEN",
			"٣",
		] {
			assert!(parse_amount(text).is_err(), "{text}");
		}
	}

	proptest! {
		#[test]
		fn writing_and_reading_agree(planck: u128) {
			prop_assert_eq!(parse_amount(&format_amount(planck)), Ok(planck));
		}
	}

	#[test]
	fn amounts_as_metrics() {
		assert_eq!(in_open(OPEN * 3 / 2), 1.5);
		assert_eq!(in_open(0), 0.0);
		assert_eq!(in_open(MICRO_OPEN), 1e-6);
	}
}

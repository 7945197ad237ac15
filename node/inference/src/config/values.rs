//! Values with bounds.

use std::{
	fmt::Display,
	path::{Path, PathBuf},
};

use openledger_chain_client::Scheme;
use openledger_primitives::{AccountId, OPEN};
use openledger_protocol::units::parse_amount;
use serde::{de::Error, Deserialize, Deserializer};
use toml::Value;

/// The complaint that a value is not `what`.
pub(super) fn wrong<E: Error>(value: &Value, what: impl Display) -> E {
	E::custom(format_args!("{value} is not {what}"))
}

/// An integer from `LEAST` to `MOST`.
pub(super) fn bounded<'de, D, T, const LEAST: i64, const MOST: i64>(
	deserializer: D,
) -> Result<T, D::Error>
where
	D: Deserializer<'de>,
	T: TryFrom<i64>,
{
	let value = Value::deserialize(deserializer)?;
	let number = value.as_integer().filter(|number| (LEAST..=MOST).contains(number));
	number
		.and_then(|number| T::try_from(number).ok())
		.ok_or_else(|| wrong(&value, format_args!("an integer from {LEAST} to {MOST}")))
}

/// The same, where it may be left out.
pub(super) fn optional<'de, D, T, const LEAST: i64, const MOST: i64>(
	deserializer: D,
) -> Result<Option<T>, D::Error>
where
	D: Deserializer<'de>,
	T: TryFrom<i64>,
{
	bounded::<D, T, LEAST, MOST>(deserializer).map(Some)
}

/// An amount in planck. TOML's integers end at 9.2 OPEN, so it may be a text as well.
pub(super) fn planck<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
	let value = Value::deserialize(deserializer)?;
	let planck = match &value {
		Value::Integer(number) => u128::try_from(*number).ok(),
		Value::String(text) => text.replace('_', "").parse().ok(),
		_ => None,
	};
	let what = "an amount in planck, as a whole number or as a text of digits";
	planck.ok_or_else(|| wrong(&value, what))
}

/// An amount in OPEN, as a whole number, or as a text such as `1.5` or `1500 planck`. In planck.
pub(super) fn open<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
	let value = Value::deserialize(deserializer)?;
	let number = match &value {
		Value::Integer(number) => u128::try_from(*number).ok(),
		Value::String(text) => return parse_amount(text).map_err(D::Error::custom),
		_ => None,
	};
	let planck = number.map(|number| number.saturating_mul(OPEN));
	let what = "an amount in OPEN, as a whole number or as a text such as \"1.5\"";
	planck.ok_or_else(|| wrong(&value, what))
}

/// A kind of key.
pub(super) fn scheme<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scheme, D::Error> {
	let text = String::deserialize(deserializer)?;
	text.parse().map_err(D::Error::custom)
}

/// An account, as an SS58 address or in hexadecimal digits.
pub(super) fn account<'de, D: Deserializer<'de>>(
	deserializer: D,
) -> Result<Option<AccountId>, D::Error> {
	let text = String::deserialize(deserializer)?;
	openledger_chain_client::parse_account(&text).map(Some).map_err(D::Error::custom)
}

/// The URL of a WebSocket.
pub(super) fn ws_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
	url(deserializer, &["ws", "wss"])
}

/// The URL of an HTTP server.
pub(super) mod http_url {
	use super::*;

	/// One that must be there.
	pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
		url(deserializer, &["http", "https"])
	}

	/// One that may be left out.
	pub fn optional<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<String>, D::Error> {
		required(deserializer).map(Some)
	}
}

fn url<'de, D: Deserializer<'de>>(deserializer: D, schemes: &[&str]) -> Result<String, D::Error> {
	let text = String::deserialize(deserializer)?;
	let known = reqwest::Url::parse(&text)
		.is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host());
	if known {
		Ok(text)
	} else {
		let schemes = schemes.join("://… or ");
		Err(D::Error::custom(format_args!("{text:?} is not a URL such as {schemes}://…")))
	}
}

/// Makes a path from a configuration absolute, as far as its folder is.
pub(super) fn resolve(path: &mut PathBuf, folder: &Path) {
	let home = path.strip_prefix("~").ok().zip(std::env::var_os("HOME"));
	*path = match home {
		Some((rest, home)) => Path::new(&home).join(rest),
		None => folder.join(&path),
	};
}

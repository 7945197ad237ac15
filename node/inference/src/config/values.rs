//! Values with bounds.

use std::{
	fmt,
	marker::PhantomData,
	path::{Path, PathBuf},
};

use openledger_chain_client::Scheme;
use openledger_primitives::{AccountId, OPEN};
use openledger_protocol::units::parse_amount;
use serde::{
	de::{Error, Unexpected, Visitor},
	Deserialize, Deserializer,
};

/// An integer from `LEAST` to `MOST`.
pub(super) fn bounded<'de, D, T, const LEAST: u64, const MOST: u64>(
	deserializer: D,
) -> Result<T, D::Error>
where
	D: Deserializer<'de>,
	T: TryFrom<u64>,
{
	struct Bounded<T, const LEAST: u64, const MOST: u64>(PhantomData<T>);

	impl<T: TryFrom<u64>, const LEAST: u64, const MOST: u64> Visitor<'_> for Bounded<T, LEAST, MOST> {
		type Value = T;

		fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
			write!(f, "an integer from {LEAST} to {MOST}")
		}

		fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
			let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
			if !(LEAST..=MOST).contains(&number) {
				return Err(wrong());
			}
			T::try_from(number).map_err(|_| wrong())
		}

		fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
			match u64::try_from(number) {
				Ok(number) => self.visit_u64(number),
				Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
			}
		}
	}

	deserializer.deserialize_u64(Bounded::<T, LEAST, MOST>(PhantomData))
}

/// The same, where it may be left out.
pub(super) fn optional<'de, D, T, const LEAST: u64, const MOST: u64>(
	deserializer: D,
) -> Result<Option<T>, D::Error>
where
	D: Deserializer<'de>,
	T: TryFrom<u64>,
{
	bounded::<D, T, LEAST, MOST>(deserializer).map(Some)
}

/// An amount in planck. TOML's integers end at 9.2 OPEN, so it may be a text as well.
pub(super) fn planck<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
	struct Planck;

	impl Visitor<'_> for Planck {
		type Value = u128;

		fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
			f.write_str("an amount in planck, as a whole number or as a text of digits")
		}

		fn visit_u64<E: Error>(self, number: u64) -> Result<u128, E> {
			Ok(number.into())
		}

		fn visit_i64<E: Error>(self, number: i64) -> Result<u128, E> {
			number.try_into().map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
		}

		fn visit_str<E: Error>(self, text: &str) -> Result<u128, E> {
			let digits: String = text.chars().filter(|c| *c != '_').collect();
			digits.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
		}
	}

	deserializer.deserialize_any(Planck)
}

/// An amount in OPEN, as a whole number, or as a text such as `1.5` or `1500 planck`. In planck.
pub(super) fn open<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
	struct Open;

	impl Visitor<'_> for Open {
		type Value = u128;

		fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
			f.write_str("an amount in OPEN, as a whole number or as a text such as \"1.5\"")
		}

		fn visit_u64<E: Error>(self, number: u64) -> Result<u128, E> {
			Ok(u128::from(number).saturating_mul(OPEN))
		}

		fn visit_i64<E: Error>(self, number: i64) -> Result<u128, E> {
			match u64::try_from(number) {
				Ok(number) => self.visit_u64(number),
				Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
			}
		}

		fn visit_str<E: Error>(self, text: &str) -> Result<u128, E> {
			parse_amount(text).map_err(E::custom)
		}
	}

	deserializer.deserialize_any(Open)
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

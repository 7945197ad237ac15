//! The places where keys are kept, as a configuration names them.

use openledger_chain_client::{keys::SecretUri, KeySource};
use serde::{de::Error, Deserialize, Deserializer};
use toml::Value;

const EXPECTED: &str =
	"expected `\"stdin\"`, or one of `{ file = \"…\" }`, `{ env = \"…\" }` and, \
	for development, `{ uri = \"//…\" }`";

/// A place. No complaint ever repeats what is written there.
pub(super) fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeySource, D::Error> {
	let wrong = || D::Error::custom(EXPECTED);
	let table = match Value::deserialize(deserializer)? {
		Value::String(text) if text == "stdin" => return Ok(KeySource::Stdin),
		Value::Table(table) if table.len() == 1 => table,
		_ => return Err(wrong()),
	};
	match table.into_iter().next() {
		Some((name, Value::String(value))) => match name.as_str() {
			"file" => Ok(KeySource::File(value.into())),
			"env" => Ok(KeySource::Env(value)),
			"uri" if value.starts_with("//") => Ok(KeySource::Uri(SecretUri::from(value))),
			"uri" => Err(D::Error::custom(
				"only development keys, which begin with `//`, belong into a configuration; use \
				 `file`, `env` or `\"stdin\"` for a real one",
			)),
			_ => Err(wrong()),
		},
		_ => Err(wrong()),
	}
}

/// The same, where it may be left out.
pub(super) fn optional<'de, D: Deserializer<'de>>(
	deserializer: D,
) -> Result<Option<KeySource>, D::Error> {
	source(deserializer).map(Some)
}

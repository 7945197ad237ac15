//! Bytes in JSON: `0x` and hexadecimal digits.

use alloc::{format, string::String, vec::Vec};
use serde::{de::Error, Deserialize, Deserializer, Serializer};

/// Writes bytes as `0x` and hexadecimal digits.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(bytes)))
}

/// Reads bytes from `0x` and hexadecimal digits.
///
/// # Errors
/// If it is anything else.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
	let text = String::deserialize(deserializer)?;
	let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("expected 0x"))?;
	hex::decode(digits).map_err(D::Error::custom)
}

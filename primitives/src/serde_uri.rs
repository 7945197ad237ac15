//! A [`Uri`] in JSON: text. Bytes that are no UTF-8 are replaced, and what does not fit any more after that
//! is cut off, so that whatever is on chain can be read again.

use crate::{Uri, MAX_URI};
use alloc::{string::String, vec::Vec};
use serde::{de::Error, Deserialize, Deserializer, Serializer};

/// Writes a URI as text.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(uri: &Uri, serializer: S) -> Result<S::Ok, S::Error> {
	let text = String::from_utf8_lossy(uri);
	let most = usize::try_from(MAX_URI).unwrap_or_default();
	serializer.serialize_str(text.get(..text.floor_char_boundary(most)).unwrap_or_default())
}

/// Reads a URI from text.
///
/// # Errors
/// If it is longer than 256 bytes.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uri, D::Error> {
	let text = String::deserialize(deserializer)?;
	Uri::try_from(Vec::from(text)).map_err(|_| D::Error::custom("a URI has 256 bytes at most"))
}

//! Models and datanets in parameters: by id or by name.

use crate::shorten::shorten;
use serde::{de::Error, Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::fmt;

/// A model or a datanet as people name it: by its id, a number, or by its name, a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum IdOrName {
	/// By its id.
	Id(u32),
	/// By its name.
	Name(String),
}

/// A model as people name it.
pub type ModelRef = IdOrName;
/// A datanet as people name it.
pub type DatanetRef = IdOrName;

impl From<u32> for IdOrName {
	fn from(id: u32) -> Self {
		Self::Id(id)
	}
}

impl From<&str> for IdOrName {
	fn from(name: &str) -> Self {
		Self::Name(name.into())
	}
}

impl fmt::Display for IdOrName {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Id(id) => id.fmt(formatter),
			Self::Name(name) => write!(formatter, "{:?}", shorten(name)),
		}
	}
}

// By hand, so that whoever sends something else is told what is expected.
impl<'de> Deserialize<'de> for IdOrName {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let id = match Value::deserialize(deserializer)? {
			Value::String(name) => return Ok(Self::Name(name)),
			Value::Number(id) => id.as_u64().and_then(|id| u32::try_from(id).ok()),
			_ => None,
		};
		let wrong = || D::Error::custom("expected an id from 0 to 4294967295, or a name in quotes");
		id.map(Self::Id).ok_or_else(wrong)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn things_are_named_by_id_or_name() {
		fn read(text: &str) -> Result<IdOrName, serde_json::Error> {
			serde_json::from_str(text)
		}
		assert_eq!(read("7").unwrap(), IdOrName::from(7));
		assert_eq!(read("\"meta/llama\"").unwrap(), IdOrName::from("meta/llama"));
		for wrong in ["-1", "4294967296", "null", "true", "1.5", "[0]"] {
			let error = read(wrong).unwrap_err().to_string();
			assert!(error.contains("from 0 to 4294967295"), "{wrong}: {error}");
		}
		for reference in [IdOrName::from(7), IdOrName::from("meta/llama")] {
			let json = serde_json::to_string(&reference).unwrap();
			assert_eq!(read(&json).unwrap(), reference);
		}
	}

	#[test]
	fn errors_name_them_as_they_came() {
		assert_eq!(IdOrName::from(7).to_string(), "7");
		assert_eq!(IdOrName::from("meta/llama").to_string(), "\"meta/llama\"");
		assert!(IdOrName::from("x".repeat(1_000).as_str()).to_string().len() < 100);
	}
}

//! The types that the chain shares are written in `snake_case`; x402 wants `camelCase`. This renames
//! the fields of such a type, in depth, on the way out and in. For `#[serde(with = "camel")]`.

use serde::{de::DeserializeOwned, de::Error as _, ser::Error as _, Deserialize};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

pub(super) fn serialize<T: Serialize, S: Serializer>(
	value: &T,
	serializer: S,
) -> Result<S::Ok, S::Error> {
	let value = serde_json::to_value(value).map_err(S::Error::custom)?;
	rename(value, camel).serialize(serializer)
}

pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
	deserializer: D,
) -> Result<T, D::Error> {
	let value = Value::deserialize(deserializer)?;
	serde_json::from_value(rename(value, snake)).map_err(D::Error::custom)
}

fn rename(value: Value, name: fn(&str) -> String) -> Value {
	match value {
		Value::Object(fields) => Value::Object(
			fields
				.into_iter()
				.map(|(key, value)| (name(&key), rename(value, name)))
				.collect::<Map<_, _>>(),
		),
		Value::Array(items) => {
			Value::Array(items.into_iter().map(|item| rename(item, name)).collect())
		}
		other => other,
	}
}

fn camel(key: &str) -> String {
	let mut words = key.split('_');
	let mut renamed = words.next().unwrap_or_default().to_owned();
	for word in words {
		let mut letters = word.chars();
		renamed.extend(letters.next().map(|first| first.to_ascii_uppercase()));
		renamed.push_str(letters.as_str());
	}
	renamed
}

fn snake(key: &str) -> String {
	let mut renamed = String::with_capacity(key.len());
	for letter in key.chars() {
		if letter.is_ascii_uppercase() {
			renamed.push('_');
		}
		renamed.push(letter.to_ascii_lowercase());
	}
	renamed
}

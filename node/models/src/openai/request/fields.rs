//! Reading the fields of a request.

use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{Map, Value};

use super::is_nothing;

/// The JSON object in a body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
	let value: Value =
		serde_json::from_slice(body).map_err(|error| ApiError::malformed_json(&error))?;
	match value {
		Value::Object(object) => Ok(object),
		_ => Err(ApiError::invalid("body", RefusalCode::InvalidType, "the body must be an object")),
	}
}

/// 400: a part of the request is of another type.
pub(super) fn wrong_type(param: &str, expected: &str) -> ApiError {
	ApiError::invalid(param, RefusalCode::InvalidType, format!("`{param}` must be {expected}"))
}

/// The fields of a request, by name; `null` is the same as absent.
pub(super) struct Fields<'a>(pub &'a Map<String, Value>);

impl<'a> Fields<'a> {
	/// The model that is wanted.
	pub fn model(&self) -> Result<String, ApiError> {
		match self.text("model")? {
			Some(model) if !model.is_empty() => Ok(model.to_owned()),
			_ => Err(ApiError::missing("model")),
		}
	}

	/// Refuses parameters that would change the answer and that nobody here knows.
	pub fn refuse(&self, names: &[&str]) -> Result<(), ApiError> {
		let asks = |name: &&&str| self.0.get(**name).is_some_and(|value| !is_nothing(name, value));
		match names.iter().find(asks) {
			Some(name) => Err(ApiError::unsupported(name)),
			None => Ok(()),
		}
	}

	/// One answer per call is served.
	pub fn one_answer(&self, name: &str) -> Result<(), ApiError> {
		if self.integer(name, 1..=i64::MAX)?.unwrap_or(1) != 1 {
			let message = format!("only one answer per call is served: `{name}` must be 1");
			return Err(ApiError::invalid(name, RefusalCode::UnsupportedValue, message));
		}
		Ok(())
	}

	pub fn get(&self, name: &str) -> Option<&'a Value> {
		self.0.get(name).filter(|value| !value.is_null())
	}

	pub fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
		self.read(name, Value::as_str, "a string")
	}

	pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
		self.read(name, Value::as_bool, "true or false")
	}

	pub fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, ApiError> {
		match self.read(name, Value::as_f64, "a number")? {
			Some(number) if !(least..=most).contains(&number) => {
				let message = format!("`{name}` must be between {least} and {most}");
				Err(ApiError::invalid(name, RefusalCode::InvalidValue, message))
			}
			number => Ok(number),
		}
	}

	pub fn integer(
		&self,
		name: &str,
		range: std::ops::RangeInclusive<i64>,
	) -> Result<Option<i64>, ApiError> {
		match self.read(name, Value::as_i64, "an integer")? {
			Some(number) if !range.contains(&number) => {
				let message = format!("`{name}` must be at least {}", range.start());
				Err(ApiError::invalid(name, RefusalCode::InvalidValue, message))
			}
			number => Ok(number),
		}
	}

	fn read<T>(
		&self,
		name: &str,
		read: impl Fn(&'a Value) -> Option<T>,
		expected: &str,
	) -> Result<Option<T>, ApiError> {
		let Some(value) = self.get(name) else { return Ok(None) };
		read(value).map(Some).ok_or_else(|| wrong_type(name, expected))
	}
}

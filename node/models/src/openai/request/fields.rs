//! Reading the fields of a request.

use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{Map, Value};

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

/// The fields of an object in a request, by name; `null` is the same as absent.
pub(super) struct Fields<'a> {
	pub object: &'a Map<String, Value>,
	/// The path of the object, with a point at its end; empty for the request itself.
	at: String,
}

impl<'a> Fields<'a> {
	/// The fields of the request itself.
	pub fn of(object: &'a Map<String, Value>) -> Self {
		Self { object, at: String::new() }
	}

	/// The fields of a value in it, at this path.
	pub fn within(at: &str, value: &'a Value) -> Result<Self, ApiError> {
		let object = value.as_object().ok_or_else(|| wrong_type(at, "an object"))?;
		Ok(Self { object, at: format!("{at}.") })
	}

	/// The path of a field.
	pub fn path(&self, name: &str) -> String {
		[self.at.as_str(), name].concat()
	}

	/// The model that is wanted.
	pub fn model(&self) -> Result<String, ApiError> {
		match self.text("model")? {
			Some(model) if !model.is_empty() => Ok(model.to_owned()),
			_ => Err(ApiError::missing("model")),
		}
	}

	/// Refuses parameters that would change the answer and that nobody here knows.
	pub fn refuse(&self, names: &[&str]) -> Result<(), ApiError> {
		let asks =
			|name: &&&str| self.object.get(**name).is_some_and(|value| !is_nothing(name, value));
		match names.iter().find(asks) {
			Some(name) => Err(ApiError::unsupported(&self.path(name))),
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
		self.object.get(name).filter(|value| !value.is_null())
	}

	pub fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
		self.read(name, Value::as_str, "a string")
	}

	/// A text that has to be there.
	pub fn required(&self, name: &str) -> Result<&'a str, ApiError> {
		self.text(name)?.ok_or_else(|| ApiError::missing(&self.path(name)))
	}

	/// A text, or several.
	pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
		let read = |value: &'a Value| match value {
			Value::Array(texts) => {
				texts.iter().map(|text| text.as_str().map(str::to_owned)).collect()
			}
			text => Some(vec![text.as_str()?.to_owned()]),
		};
		self.read(name, read, "a string or an array of strings")
	}

	pub fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, ApiError> {
		self.read(name, Value::as_array, "an array")
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
		read(value).map(Some).ok_or_else(|| wrong_type(&self.path(name), expected))
	}
}

/// True if a parameter with this value asks for nothing.
pub(super) fn is_nothing(name: &str, value: &Value) -> bool {
	match value {
		Value::Null | Value::Bool(false) => true,
		Value::Array(values) if name == "modalities" => values.iter().all(|mode| mode == "text"),
		Value::Array(values) => values.is_empty(),
		Value::Object(fields) if name == "response_format" => {
			fields.get("type").is_some_and(|kind| kind == "text")
		}
		Value::Object(fields) => fields.is_empty(),
		Value::Number(number) => number.as_f64() == Some(0.0),
		Value::Bool(true) | Value::String(_) => false,
	}
}

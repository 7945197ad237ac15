//! Faults of a configuration, and their places.

use std::{
	fmt, io,
	path::{Path, PathBuf},
};

use thiserror::Error;

/// A fault in a configuration.
#[derive(Debug, Error)]
#[allow(missing_docs)] // The messages say what the fields are.
pub enum ConfigError {
	#[error("cannot read the configuration {}: {source}", path.display())]
	Read { path: PathBuf, source: io::Error },
	/// Something in it is wrong. The message never has the value of a secret.
	#[error("{place}: {message}")]
	Invalid { place: Place, message: String },
}

/// A place in a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
	/// The file, where there is one.
	pub file: Option<PathBuf>,
	/// The line, from 1, where it is one line that is wrong.
	pub line: Option<usize>,
	/// The key, as a path from the top.
	pub key: Option<String>,
}

impl fmt::Display for Place {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match &self.file {
			Some(file) => write!(f, "{}", file.display())?,
			None => f.write_str("configuration")?,
		}
		if let Some(line) = self.line {
			write!(f, ", line {line}")?;
		}
		if let Some(key) = &self.key {
			write!(f, ", `{key}`")?;
		}
		Ok(())
	}
}

impl ConfigError {
	pub(super) fn invalid(key: &str, message: impl Into<String>) -> Self {
		let place = Place { key: Some(key.to_owned()), ..Place::default() };
		Self::Invalid { place, message: message.into() }
	}

	/// Without the line itself, which might hold a secret.
	pub(super) fn from_toml(text: &str, mut error: toml::de::Error) -> Self {
		let line = error.span().map(|span| {
			let before = text.get(..span.start).unwrap_or(text);
			before.matches('\n').count().saturating_add(1)
		});
		// Without its input the error shows as its message and, after it, the path of keys.
		let message = error.message().to_owned();
		error.set_input(None);
		let shown = error.to_string();
		let rest = shown.strip_prefix(&message).unwrap_or_default().trim();
		let key = rest.strip_prefix("in `").and_then(|rest| rest.strip_suffix('`'));
		let place = Place { file: None, line, key: key.map(str::to_owned) };
		Self::Invalid { place, message }
	}

	pub(super) fn in_file(self, path: &Path) -> Self {
		match self {
			Self::Invalid { place, message } => {
				let place = Place { file: Some(path.to_owned()), ..place };
				Self::Invalid { place, message }
			}
			other => other,
		}
	}
}

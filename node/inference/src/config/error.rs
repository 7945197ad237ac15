//! What is wrong with a configuration, and where.

use std::{
	fmt, io,
	path::{Path, PathBuf},
};

use thiserror::Error;

/// A fault in a configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
	/// The file cannot be read.
	#[error("cannot read the configuration {}: {source}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// The reason why not.
		source: io::Error,
	},
	/// Something in it is wrong.
	#[error("{place}: {message}")]
	Invalid {
		/// The place of the fault.
		place: Place,
		/// The fault; never the value of a secret.
		message: String,
	},
	/// The key cannot be had from where it should be.
	#[error("key: {0}")]
	Key(String),
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

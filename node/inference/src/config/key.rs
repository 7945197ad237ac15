//! Where the node's key comes from.

use std::{
	fmt,
	io::{self, BufRead},
	path::{Path, PathBuf},
};

use serde::{
	de::{Error, MapAccess, Visitor},
	Deserialize, Deserializer,
};
use zeroize::Zeroizing;

use super::ConfigError;

/// A secret, as Substrate tools write one: a phrase or a seed, with derivations. It never shows in
/// logs and is wiped from memory when it is no longer needed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
	/// The secret itself.
	pub fn expose(&self) -> &str {
		&self.0
	}
}

impl From<String> for Secret {
	fn from(secret: String) -> Self {
		Self(Zeroizing::new(secret))
	}
}

impl fmt::Debug for Secret {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Secret(..)")
	}
}

/// The place where the node's key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
	/// A file that only its owner can read, with nothing but the secret in it.
	File(PathBuf),
	/// An environment variable.
	Env(String),
	/// One line from standard input, at start.
	Stdin,
	/// One of the well-known development keys, such as `//Bob`.
	Uri(Secret),
}

impl KeySource {
	/// Reads the secret.
	///
	/// # Errors
	/// [`ConfigError::Key`] when it is not there, or where others could read it.
	pub fn read(&self) -> Result<Secret, ConfigError> {
		let secret = match self {
			Self::File(path) => read_file(path)?,
			Self::Env(name) => Zeroizing::new(std::env::var(name).map_err(|_| {
				ConfigError::Key(format!("the environment variable `{name}` is not set"))
			})?),
			Self::Stdin => read_line(&mut io::stdin().lock())?,
			Self::Uri(secret) => return Ok(secret.clone()),
		};
		let trimmed = secret.trim();
		if trimmed.is_empty() {
			return Err(ConfigError::Key(format!("{self} holds nothing")));
		}
		Ok(Secret(Zeroizing::new(trimmed.to_owned())))
	}
}

impl fmt::Display for KeySource {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::File(path) => write!(f, "the file {}", path.display()),
			Self::Env(name) => write!(f, "the environment variable `{name}`"),
			Self::Stdin => f.write_str("standard input"),
			Self::Uri(_) => f.write_str("a development key"),
		}
	}
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
	let failed = |error| ConfigError::Key(format!("{}: {error}", path.display()));
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
		if mode & 0o077 != 0 {
			return Err(ConfigError::Key(format!(
				"{} can be read by others; run `chmod 600` on it",
				path.display()
			)));
		}
	}
	std::fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

fn read_line(input: &mut impl BufRead) -> Result<Zeroizing<String>, ConfigError> {
	let mut line = Zeroizing::new(String::new());
	input
		.read_line(&mut line)
		.map_err(|error| ConfigError::Key(format!("standard input: {error}")))?;
	Ok(line)
}

/// By hand, so that no complaint ever repeats what is written there.
impl<'de> Deserialize<'de> for KeySource {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Source;

		const EXPECTED: &str = "`\"stdin\"`, or one of `{ file = \"…\" }`, `{ env = \"…\" }` and, \
			for development, `{ uri = \"//…\" }`";

		impl<'de> Visitor<'de> for Source {
			type Value = KeySource;

			fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
				f.write_str(EXPECTED)
			}

			fn visit_str<E: Error>(self, text: &str) -> Result<KeySource, E> {
				match text {
					"stdin" => Ok(KeySource::Stdin),
					_ => Err(E::custom(format_args!("expected {EXPECTED}"))),
				}
			}

			fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeySource, A::Error> {
				let wrong = || A::Error::custom(format_args!("expected {EXPECTED}"));
				let name: String = map.next_key()?.ok_or_else(wrong)?;
				let value = Zeroizing::new(map.next_value::<String>().map_err(|_| wrong())?);
				if map.next_key::<String>()?.is_some() {
					return Err(wrong());
				}
				match name.as_str() {
					"file" => Ok(KeySource::File(PathBuf::from(value.as_str()))),
					"env" => Ok(KeySource::Env(value.as_str().to_owned())),
					"uri" if value.starts_with("//") => Ok(KeySource::Uri(Secret(value))),
					"uri" => Err(A::Error::custom(
						"only development keys, which begin with `//`, belong into a \
						 configuration; use `file`, `env` or `\"stdin\"` for a real one",
					)),
					_ => Err(wrong()),
				}
			}
		}

		deserializer.deserialize_any(Source)
	}
}

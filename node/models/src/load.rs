//! From options to a backend that is ready to be called.

use std::{
	fmt::Display,
	io,
	path::{Path, PathBuf},
	sync::Arc,
};

use thiserror::Error;

use super::Backend;
#[cfg(feature = "forward")]
use super::{ForwardBackend, ForwardOptions};
#[cfg(feature = "local")]
use super::{LocalBackend, LocalOptions};

/// A reason why a model could not be loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum LoadError {
	#[error("{}: {source}", path.display())]
	Read { path: PathBuf, source: io::Error },
	#[error("{}: {message}", path.display())]
	Invalid { path: PathBuf, message: String },
	/// A setting cannot be used.
	#[error("{0}")]
	Setting(String),
}

impl LoadError {
	pub(crate) fn read(path: &Path, source: io::Error) -> Self {
		Self::Read { path: path.to_owned(), source }
	}

	pub(crate) fn invalid(path: &Path, error: impl Display) -> Self {
		Self::Invalid { path: path.to_owned(), message: error.to_string() }
	}
}

/// The engine that is to answer for a model, and its settings. Whoever reads a configuration file
/// makes this of it; nothing here knows such a file, or the environment.
#[derive(Clone)]
#[non_exhaustive]
pub enum BackendOptions {
	/// Weights that run in this process.
	#[cfg(feature = "local")]
	Local(LocalOptions),
	/// Another server that speaks the OpenAI protocol.
	#[cfg(feature = "forward")]
	Forward(ForwardOptions),
}

impl BackendOptions {
	/// Loads the model, outside the async runtime's own threads: weights may take minutes.
	///
	/// # Errors
	/// If a file cannot be read or is not what it should be, or a setting cannot be used.
	pub async fn load(self) -> Result<Arc<dyn Backend>, LoadError> {
		tokio::task::spawn_blocking(move || self.load_here())
			.await
			.unwrap_or_else(|panic| Err(LoadError::Setting(panic.to_string())))
	}

	fn load_here(self) -> Result<Arc<dyn Backend>, LoadError> {
		match self {
			#[cfg(feature = "local")]
			Self::Local(options) => Ok(Arc::new(LocalBackend::load(&options)?)),
			#[cfg(feature = "forward")]
			Self::Forward(options) => Ok(Arc::new(ForwardBackend::new(options)?)),
		}
	}
}

#[cfg(all(test, feature = "local", feature = "forward"))]
mod tests {
	use super::*;
	use crate::test_model;

	#[tokio::test]
	async fn loads_what_the_options_name() {
		let forward = ForwardOptions {
			tokenizer: Some(test_model::path()),
			..crate::forward::tests::options("http://127.0.0.1:9/v1")
		};
		for (options, kind) in [
			(BackendOptions::Local(test_model::options()), "candle"),
			(BackendOptions::Forward(forward), "openai"),
		] {
			let backend = options.load().await.expect("it loads");
			assert_eq!(backend.facts().kind, kind);
		}
	}

	#[tokio::test]
	async fn names_the_file_that_cannot_be_loaded() {
		let path = PathBuf::from("/nowhere/gone.gguf");
		let options = LocalOptions { path, ..test_model::options() };
		let refused = BackendOptions::Local(options).load().await.err().expect("it is refused");
		assert!(refused.to_string().contains("/nowhere/gone.gguf"), "{refused}");
	}
}

//! All the models that one node serves.

use std::{
	fmt::Display,
	io,
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use thiserror::Error;

use super::{Backend, CandleBackend, CandleOptions, ForwardBackend, ForwardOptions};
use crate::config::{BackendConfig, ModelConfig, ModelRef};

/// Why a model could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
	/// A file cannot be read.
	#[error("{}: {source}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// Why not.
		source: io::Error,
	},
	/// A file is not what it should be.
	#[error("{}: {message}", path.display())]
	Invalid {
		/// The file.
		path: PathBuf,
		/// What is wrong with it.
		message: String,
	},
	/// A setting cannot be used.
	#[error("{0}")]
	Setting(String),
	/// One of several models could not be loaded.
	#[error("model {model}: {source}")]
	Model {
		/// Its name in the configuration.
		model: ModelRef,
		/// Why not.
		source: Box<LoadError>,
	},
}

impl LoadError {
	pub(crate) fn read(path: &Path, source: io::Error) -> Self {
		Self::Read { path: path.to_owned(), source }
	}

	pub(crate) fn invalid(path: &Path, error: impl Display) -> Self {
		Self::Invalid { path: path.to_owned(), message: error.to_string() }
	}

	pub(crate) fn unsupported(path: &Path, message: impl Into<String>) -> Self {
		Self::Invalid { path: path.to_owned(), message: message.into() }
	}
}

/// A model that is ready to be called.
#[derive(Clone)]
pub struct ServedModel {
	/// The model on the chain.
	pub model: ModelRef,
	/// What answers for it.
	pub backend: Arc<dyn Backend>,
}

/// All the models that one node serves, in the order of its configuration.
#[derive(Clone, Default)]
pub struct ModelSet(Vec<ServedModel>);

impl ModelSet {
	/// Loads every model of a configuration, one after the other, outside the async runtime's own
	/// threads.
	///
	/// # Errors
	/// [`LoadError::Model`] for the first that cannot be loaded.
	pub async fn load(models: &[ModelConfig]) -> Result<Self, LoadError> {
		let mut loaded = Vec::with_capacity(models.len());
		for config in models {
			let model = config.name.clone();
			let config = config.clone();
			let backend = tokio::task::spawn_blocking(move || load(&config))
				.await
				.unwrap_or_else(|panic| Err(LoadError::Setting(panic.to_string())))
				.map_err(|source| LoadError::Model {
					model: model.clone(),
					source: Box::new(source),
				})?;
			let facts = backend.facts();
			tracing::info!(
				model = %model,
				backend = facts.kind,
				context = facts.context_length,
				weights_hash = ?facts.weights_hash,
				tokenizer_hash = ?facts.tokenizer_hash,
				"model loaded"
			);
			loaded.push(ServedModel { model, backend });
		}
		Ok(Self(loaded))
	}

	/// A set of models that were loaded by other means.
	pub fn new(models: Vec<ServedModel>) -> Self {
		Self(models)
	}

	/// All of them.
	pub fn iter(&self) -> impl Iterator<Item = &ServedModel> {
		self.0.iter()
	}
}

fn load(config: &ModelConfig) -> Result<Arc<dyn Backend>, LoadError> {
	let timeout = Duration::from_secs(config.timeout_seconds.into());
	match &config.backend {
		BackendConfig::Candle(candle) => {
			let backend = CandleBackend::load(&CandleOptions {
				path: candle.path.clone(),
				tokenizer: candle.tokenizer.clone(),
				chat_template: candle.chat_template.clone(),
				context: candle.context,
				unpack: candle.unpack,
				default_max_tokens: config.default_max_tokens,
				conversations: u64::from(candle.conversations_mib) << 20,
				conversations_for: Duration::from_secs(60) * candle.conversations_minutes,
				queue: usize::from(config.queue),
				timeout,
			})?;
			Ok(Arc::new(backend))
		}
		BackendConfig::Openai(openai) => {
			let api_key = match &openai.api_key_env {
				Some(name) => Some(std::env::var(name).map_err(|_| {
					LoadError::Setting(format!(
						"the environment variable `{name}`, which `api_key_env` names, is not set"
					))
				})?),
				None => None,
			};
			let backend = ForwardBackend::new(ForwardOptions {
				base_url: openai.base_url.clone(),
				api_key,
				upstream_model: openai.upstream_model.clone(),
				tokenizer: openai.tokenizer.clone(),
				chat_template: openai.chat_template.clone(),
				context: openai.context,
				default_max_tokens: config.default_max_tokens,
				concurrent: usize::from(openai.concurrent),
				queue: usize::from(config.queue),
				connect_timeout: Duration::from_secs(openai.connect_timeout_seconds.into()),
				first_token_timeout: Duration::from_secs(openai.first_token_timeout_seconds.into()),
				timeout,
				retries: openai.retries,
				pass_through: openai
					.pass_through
					.iter()
					.flat_map(|parameter| parameter.names())
					.map(|name| (*name).to_owned())
					.collect(),
				embeddings: openai.embeddings,
				health_interval: Duration::from_secs(openai.health_interval_seconds.into()),
			})?;
			Ok(Arc::new(backend))
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{backend::test_model, config::Config};

	fn config(backend: &str) -> Config {
		let text = format!(
			"data_dir = \"data\"\nkey = \"stdin\"\n[[models]]\nname = \"acme/m\"\n{backend}\n"
		);
		Config::parse(&text, Path::new("/nowhere")).expect("the configuration is good")
	}

	async fn refusal(backend: &str) -> String {
		let loaded = ModelSet::load(&config(backend).models).await;
		loaded.err().expect("it is refused").to_string()
	}

	#[tokio::test]
	async fn loads_what_the_configuration_names() {
		let path = test_model::path();
		let (path, url) = (path.display(), "http://127.0.0.1:9/v1");
		let forward = format!(
			"backend.openai = {{ base_url = {url:?}, upstream_model = \"m\", context = 100, \
			 tokenizer = \"{path}\" }}"
		);
		for (backend, kind) in
			[(format!("backend.candle.path = \"{path}\""), "candle"), (forward, "openai")]
		{
			let models = ModelSet::load(&config(&backend).models).await.expect("it loads");
			let served: Vec<_> = models.iter().collect();
			assert_eq!(served.len(), 1);
			assert_eq!(served[0].model, ModelRef::Name("acme/m".into()));
			assert_eq!(served[0].backend.facts().kind, kind);
		}
	}

	#[tokio::test]
	async fn says_which_model_cannot_be_loaded() {
		let error = refusal("backend.candle.path = \"gone.gguf\"").await;
		assert!(error.contains("acme/m") && error.contains("/nowhere/gone.gguf"), "{error}");
		let error = refusal(
			"backend.openai = { base_url = \"http://127.0.0.1\", upstream_model = \"m\", \
			 context = 100, tokenizer = \"t.json\", api_key_env = \"OPENLEDGER_UNSET\" }",
		)
		.await;
		assert!(error.contains("acme/m") && error.contains("`OPENLEDGER_UNSET`"), "{error}");
	}
}

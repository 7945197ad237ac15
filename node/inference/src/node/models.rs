//! From the configuration of a model to the model, loaded.

use std::{sync::Arc, time::Duration};

use openledger_models::{Backend, BackendOptions, LoadError, ModelFacts};
use openledger_primitives::info::ModelInfo;
use thiserror::Error;
use tracing::info;

use crate::config::{BackendConfig, ModelConfig, ModelRef};

/// A model that cannot be loaded.
#[derive(Debug, Error)]
#[error("model {model}: {source}")]
pub struct ModelError {
	/// Its name in the configuration.
	pub model: ModelRef,
	/// The reason why not.
	pub source: LoadError,
}

/// Loads a model as it is configured.
///
/// # Errors
/// If a file or a setting of it cannot be used.
pub(crate) async fn load(config: &ModelConfig) -> Result<Arc<dyn Backend>, ModelError> {
	let failed = |source| ModelError { model: config.name.clone(), source };
	let backend = options(config).map_err(failed)?.load().await.map_err(failed)?;
	let facts = backend.facts();
	info!(
		model = %config.name,
		backend = facts.kind,
		context = facts.context_length,
		base_hash = ?facts.base_hash,
		tokenizer_hash = ?facts.tokenizer_hash,
		"model loaded"
	);
	Ok(backend)
}

/// The reason why it is not sure that tokens are counted as the chain says, and what to do about it;
/// `None` if it is.
pub(crate) fn tokenizer_doubt(
	config: &ModelConfig,
	facts: &ModelFacts,
	info: &ModelInfo,
) -> Option<String> {
	let expected = info.details.tokenizer_hash;
	let file = config.tokenizer().map(|path| path.display());
	match (facts.tokenizer_hash, file) {
		(Some(found), _) if found == expected => None,
		(Some(found), file) => {
			let file = file.map_or("its tokenizer".into(), |file| file.to_string());
			Some(format!(
				"{file} has the hash {found:?}, and the chain says {expected:?}: callers may count other \
				 tokens; get the model's own `tokenizer.json`"
			))
		}
		(None, Some(file)) if expected == info.details.base_hash => Some(format!(
			"tokens are counted by the tokenizer in {file}, which cannot be compared, because the chain has \
			 the hash of the weights in place of that of a `tokenizer.json`: ask the model's owner for one"
		)),
		(None, Some(file)) => Some(format!(
			"tokens are counted by the tokenizer in {file}, which cannot be compared, because the chain has \
			 the hash of a `tokenizer.json`: name the one for which `b2sum -l 256` shows {expected:?} under \
			 `tokenizer`"
		)),
		(None, None) => Some(
			"it has no tokenizer here: what its server counts is charged (`trust_usage`), and cannot be \
			 compared with the chain; name the model's `tokenizer.json` under `tokenizer`"
				.into(),
		),
	}
}

/// The engine that is configured.
fn options(config: &ModelConfig) -> Result<BackendOptions, LoadError> {
	let timeout = Duration::from_secs(config.timeout_seconds.into());
	match &config.backend {
		#[cfg(feature = "local")]
		BackendConfig::Candle(candle) => Ok(BackendOptions::Local(openledger_models::LocalOptions {
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
		})),
		#[cfg(feature = "forward")]
		BackendConfig::Openai(openai) => {
			let seconds = |seconds: u32| Duration::from_secs(seconds.into());
			let parameters = openai.pass_through.iter().flat_map(|parameter| parameter.names());
			Ok(BackendOptions::Forward(openledger_models::ForwardOptions {
				base_url: openai.base_url.clone(),
				api_key: openai.api_key_env.as_deref().map(api_key).transpose()?,
				upstream_model: openai.upstream_model.clone(),
				tokenizer: openai.tokenizer.clone(),
				chat_template: openai.chat_template.clone(),
				context: openai.context,
				default_max_tokens: config.default_max_tokens,
				concurrent: usize::from(openai.concurrent),
				queue: usize::from(config.queue),
				connect_timeout: seconds(openai.connect_timeout_seconds),
				first_token_timeout: seconds(openai.first_token_timeout_seconds),
				timeout,
				retries: openai.retries,
				pass_through: parameters.map(|name| (*name).to_owned()).collect(),
				embeddings: openai.embeddings,
				health_interval: seconds(openai.health_interval_seconds),
			}))
		}
		#[cfg(not(all(feature = "local", feature = "forward")))]
		_ => Err(LoadError::Setting("this program was built without such a backend".into())),
	}
}

#[cfg(feature = "forward")]
fn api_key(name: &str) -> Result<String, LoadError> {
	std::env::var(name).map_err(|_| {
		let message =
			format!("the environment variable `{name}`, which `api_key_env` names, is not set");
		LoadError::Setting(message)
	})
}

#[cfg(all(test, feature = "local", feature = "forward"))]
mod tests {
	use super::*;
	use crate::config::Config;
	use std::path::Path;

	fn config(backend: &str) -> ModelConfig {
		let text = format!(
			"data_dir = \"data\"\nkey = \"stdin\"\n[[models]]\nname = \"acme/m\"\n{backend}\n"
		);
		let config = Config::parse(&text, Path::new("/nowhere"));
		config.expect("the configuration is good").models.remove(0)
	}

	#[test]
	fn options_are_what_the_configuration_says() {
		let here = config("backend.candle = { path = \"m.gguf\", conversations_mib = 3 }");
		let Ok(BackendOptions::Local(here)) = options(&here) else { panic!("another engine") };
		assert_eq!(here.path, Path::new("/nowhere/m.gguf"));
		assert_eq!((here.conversations, here.queue), (3 << 20, 32));
		assert_eq!(here.conversations_for, Duration::from_secs(600));
		assert_eq!((here.default_max_tokens, here.timeout), (512, Duration::from_secs(600)));
		let there = config(
			"queue = 7\ntimeout_seconds = 9\nbackend.openai = { base_url = \"http://a/v1\", \
			 upstream_model = \"m\", context = 100, tokenizer = \"t.json\", retries = 3, \
			 pass_through = [\"response_format\", \"logit_bias\"] }",
		);
		let Ok(BackendOptions::Forward(there)) = options(&there) else { panic!("another engine") };
		assert_eq!((there.base_url.as_str(), there.upstream_model.as_str()), ("http://a/v1", "m"));
		assert_eq!(there.tokenizer.as_deref(), Some(Path::new("/nowhere/t.json")));
		assert_eq!((there.context, there.concurrent, there.queue, there.retries), (100, 16, 7, 3));
		assert_eq!(there.pass_through, ["response_format", "logit_bias"]);
		assert_eq!(there.connect_timeout, Duration::from_secs(5));
		assert_eq!(there.first_token_timeout, Duration::from_secs(60));
		assert_eq!((there.timeout, there.api_key), (Duration::from_secs(9), None));
	}

	#[tokio::test]
	async fn says_which_model_cannot_be_loaded() {
		let gone = load(&config("backend.candle.path = \"gone.gguf\"")).await;
		let error = gone.err().expect("it is refused").to_string();
		assert!(error.contains("acme/m") && error.contains("/nowhere/gone.gguf"), "{error}");
		let keyless = config(
			"backend.openai = { base_url = \"http://127.0.0.1\", upstream_model = \"m\", \
			 context = 100, tokenizer = \"t.json\", api_key_env = \"OPENLEDGER_UNSET\" }",
		);
		let error = load(&keyless).await.err().expect("it is refused").to_string();
		assert!(error.contains("acme/m") && error.contains("`OPENLEDGER_UNSET`"), "{error}");
	}
}

//! The models that a node serves.

use std::{
	fmt,
	path::{Path, PathBuf},
};

use openledger_primitives::{
	info::ModelInfo, is_valid_name, price::PriceSchedule, Balance, ModelId, MAX_NAME,
};
use serde::{de::Error, Deserialize, Deserializer};
use toml::Value;

use super::{
	values::{bounded, http_url, optional, planck, wrong},
	ConfigError,
};

/// A model on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelRef {
	/// By the name that it was registered with.
	Name(String),
	/// By its number.
	Id(ModelId),
}

/// One served model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
	/// The model on the chain.
	pub name: ModelRef,
	/// The engine that answers for it.
	pub backend: BackendConfig,
	/// The price that this node charges instead of the model's list price.
	pub price: Option<PriceConfig>,
	/// Output tokens of a call that names no number.
	#[serde(default = "number::<_, 512>", deserialize_with = "bounded::<_, _, 1, 1_048_576>")]
	pub default_max_tokens: u32,
	/// Calls that may wait for their turn; more are refused.
	#[serde(default = "number::<_, 32>", deserialize_with = "bounded::<_, _, 0, 65_535>")]
	pub queue: u16,
	/// The longest that one call may take, waiting included, in seconds.
	#[serde(default = "number::<_, 600>", deserialize_with = "bounded::<_, _, 1, 86_400>")]
	pub timeout_seconds: u32,
}

/// A price of this node's own, in planck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceConfig {
	/// Charged once per call.
	#[serde(deserialize_with = "planck")]
	pub per_call: Balance,
	/// Charged for each token of the prompt that was not cached.
	#[serde(deserialize_with = "planck")]
	pub per_input_token: Balance,
	/// Charged for each token of the prompt that was.
	#[serde(deserialize_with = "planck")]
	pub per_cached_input_token: Balance,
	/// Charged for each token of the answer.
	#[serde(deserialize_with = "planck")]
	pub per_output_token: Balance,
}

impl From<PriceConfig> for PriceSchedule {
	fn from(price: PriceConfig) -> Self {
		let PriceConfig { per_call, per_input_token, per_cached_input_token, per_output_token } =
			price;
		Self { per_call, per_input_token, per_cached_input_token, per_output_token }
	}
}

/// The engine that answers for a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendConfig {
	/// Weights that run in this process.
	Candle(CandleConfig),
	/// Another server that speaks the OpenAI protocol.
	Openai(OpenaiConfig),
}

/// Weights that run in this process.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandleConfig {
	/// The GGUF file.
	pub path: PathBuf,
	/// A `tokenizer.json`, for files whose own tokenizer cannot be loaded, and to compare it with the
	/// chain's.
	pub tokenizer: Option<PathBuf>,
	/// A chat template, instead of the file's own.
	pub chat_template: Option<PathBuf>,
	/// A smaller context than the model's, in tokens.
	#[serde(default, deserialize_with = "optional::<_, _, 16, 1_048_576>")]
	pub context: Option<u32>,
	/// True if to unpack the weights when they are loaded, which takes four bytes for each, and is
	/// faster and more exact. If not given, they are if they then take at most 4 GiB.
	pub unpack: Option<bool>,
	/// Memory for conversations that may go on, in MiB: what the model has read in one turn it need not
	/// read again in the next. 0 keeps none.
	#[serde(default = "number::<_, 512>", deserialize_with = "bounded::<_, _, 0, 1_048_576>")]
	pub conversations_mib: u32,
	/// The time that each of them is kept after its last turn, in minutes.
	#[serde(default = "number::<_, 10>", deserialize_with = "bounded::<_, _, 1, 10_080>")]
	pub conversations_minutes: u32,
}

/// Another server that speaks the OpenAI protocol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenaiConfig {
	/// Its base URL as OpenAI clients take it, with `/v1`.
	#[serde(deserialize_with = "http_url::required")]
	pub base_url: String,
	/// The environment variable that holds its API key, where it wants one.
	pub api_key_env: Option<String>,
	/// The model's name there.
	pub upstream_model: String,
	/// The model's `tokenizer.json` or GGUF file, with which tokens are counted here. May only be
	/// left out where the server's own counts are trusted.
	pub tokenizer: Option<PathBuf>,
	/// True if to charge what the server says that it counted, where there is no tokenizer.
	#[serde(default)]
	pub trust_usage: bool,
	/// A chat template, instead of the tokenizer's own.
	pub chat_template: Option<PathBuf>,
	/// The most tokens, input and output together, that the server serves.
	#[serde(deserialize_with = "bounded::<_, _, 16, 16_777_216>")]
	pub context: u32,
	/// Calls that the server is given at the same time.
	#[serde(default = "number::<_, 16>", deserialize_with = "bounded::<_, _, 1, 65_535>")]
	pub concurrent: u16,
	/// The longest to wait for a connection, in seconds.
	#[serde(default = "number::<_, 5>", deserialize_with = "bounded::<_, _, 1, 3_600>")]
	pub connect_timeout_seconds: u32,
	/// The longest to wait for the first text of an answer, in seconds.
	#[serde(default = "number::<_, 60>", deserialize_with = "bounded::<_, _, 1, 86_400>")]
	pub first_token_timeout_seconds: u32,
	/// The number of times that a call which produced nothing yet is tried again.
	#[serde(default = "number::<_, 2>", deserialize_with = "bounded::<_, _, 0, 10>")]
	pub retries: u32,
	/// Parameters beyond the usual that this server knows; calls that use others are refused.
	#[serde(default = "pass_through")]
	pub pass_through: Vec<PassThrough>,
	/// True if the server turns texts into vectors as well.
	#[serde(default)]
	pub embeddings: bool,
	/// The time between two looks at the server's health, in seconds.
	#[serde(default = "number::<_, 10>", deserialize_with = "bounded::<_, _, 1, 3_600>")]
	pub health_interval_seconds: u32,
}

/// Parameters that may be handed on to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassThrough {
	/// Tools that the model may call, which of them it should, and whether several at once.
	Tools,
	/// The form of the answer, such as JSON.
	ResponseFormat,
	/// Makes frequent tokens less likely.
	FrequencyPenalty,
	/// Makes tokens that were there less likely.
	PresencePenalty,
	/// Makes single tokens more or less likely.
	LogitBias,
}

impl PassThrough {
	/// The parameters' names in a request.
	pub fn names(self) -> &'static [&'static str] {
		match self {
			Self::Tools => &["tools", "tool_choice", "parallel_tool_calls"],
			Self::ResponseFormat => &["response_format"],
			Self::FrequencyPenalty => &["frequency_penalty"],
			Self::PresencePenalty => &["presence_penalty"],
			Self::LogitBias => &["logit_bias"],
		}
	}
}

fn number<T: From<u16>, const N: u16>() -> T {
	N.into()
}

fn pass_through() -> Vec<PassThrough> {
	vec![PassThrough::Tools, PassThrough::ResponseFormat]
}

impl ModelConfig {
	/// The number of calls that the node answers at the same time.
	pub fn capacity(&self) -> u32 {
		match &self.backend {
			// One thread runs the model; other calls wait for their turn.
			BackendConfig::Candle(_) => 1,
			BackendConfig::Openai(openai) => openai.concurrent.into(),
		}
	}

	/// The file with the tokenizer that tokens are counted by: a `tokenizer.json` or a GGUF file. `None` if
	/// the server that answers is trusted to count them.
	pub fn tokenizer(&self) -> Option<&Path> {
		match &self.backend {
			BackendConfig::Candle(candle) => {
				Some(candle.tokenizer.as_deref().unwrap_or(&candle.path))
			}
			BackendConfig::Openai(openai) => openai.tokenizer.as_deref(),
		}
	}

	/// Returns `true` if what is loaded for one is good for the other: they may differ in the price alone.
	pub fn loads_as(&self, other: &Self) -> bool {
		Self { price: None, ..self.clone() } == Self { price: None, ..other.clone() }
	}

	/// The price that this node charges instead of the list price, if it is to charge its own.
	pub fn own_price(&self) -> Option<PriceSchedule> {
		self.price.map(PriceSchedule::from)
	}

	/// Checks what the types alone do not say; `key` is where this model is in the configuration.
	pub(super) fn check(&self, key: &str) -> Result<(), ConfigError> {
		if self.own_price().is_some_and(|price| !price.is_sound()) {
			let key = format!("{key}.price.per_cached_input_token");
			let message =
				"is above `per_input_token`: a cached token may not be dearer than another";
			return Err(ConfigError::invalid(&key, message));
		}
		if let BackendConfig::Openai(openai) = &self.backend {
			if openai.tokenizer.is_none() && !openai.trust_usage {
				let key = format!("{key}.backend.openai.tokenizer");
				let message = "name the model's tokenizer, with which tokens are counted here; or \
				               set `trust_usage = true` to charge what the server says that it \
				               counted";
				return Err(ConfigError::invalid(&key, message));
			}
			for (name, value) in [
				("upstream_model", Some(&openai.upstream_model)),
				("api_key_env", openai.api_key_env.as_ref()),
			] {
				if value.is_some_and(String::is_empty) {
					let key = format!("{key}.backend.openai.{name}");
					return Err(ConfigError::invalid(&key, "is empty"));
				}
			}
		}
		Ok(())
	}

	pub(super) fn resolve(&mut self, resolve: &dyn Fn(&mut PathBuf)) {
		let (path, tokenizer, template) = match &mut self.backend {
			BackendConfig::Candle(candle) => {
				(Some(&mut candle.path), candle.tokenizer.as_mut(), &mut candle.chat_template)
			}
			BackendConfig::Openai(openai) => {
				(None, openai.tokenizer.as_mut(), &mut openai.chat_template)
			}
		};
		path.into_iter().chain(tokenizer).chain(template.as_mut()).for_each(resolve);
	}
}

impl ModelRef {
	/// Returns `true` if this is what the configuration calls the model on chain.
	pub fn is(&self, model: &ModelInfo) -> bool {
		match self {
			Self::Name(name) => *name == model.name,
			Self::Id(id) => *id == model.id,
		}
	}
}

impl fmt::Display for ModelRef {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Name(name) => f.write_str(name),
			Self::Id(id) => write!(f, "#{id}"),
		}
	}
}

impl<'de> Deserialize<'de> for ModelRef {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		match Value::deserialize(deserializer)? {
			Value::String(name) if is_valid_name(name.as_bytes()) => Ok(Self::Name(name)),
			Value::String(name) => Err(D::Error::custom(format_args!(
				"{name:?} cannot be a model's name: those have 1 to {MAX_NAME} of a-z, 0-9 and \
				 ._/- and neither begin nor end with one of ._/-"
			))),
			Value::Integer(id) => ModelId::try_from(id).map(Self::Id).map_err(|_| {
				let most = ModelId::MAX;
				D::Error::custom(format_args!(
					"{id} cannot be a model's number: those are not negative, and {most} at most"
				))
			}),
			value => Err(wrong(&value, "a model's name, or its number on the chain")),
		}
	}
}

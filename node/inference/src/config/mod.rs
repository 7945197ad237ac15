//! The node's configuration: one TOML file.
//!
//! `config.example.toml` beside this crate explains every key. What can be checked by looking at
//! the file alone is checked when it is read, and every complaint names the line and the key;
//! secrets never show in one.

mod error;
mod key;
mod models;
mod values;

use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
};

use openledger_chain_client::{KeySource, Scheme};
use openledger_gateway::server::Origins;
use openledger_primitives::{AccountId, MILLI_OPEN, OPEN};
use openledger_settlement::{redeem::SettlementMode, requests::OnChainCalls};
use serde::Deserialize;

use self::values::{account, bounded, http_url, open, planck, scheme, ws_url};
pub use self::{
	error::{ConfigError, Place},
	models::{
		BackendConfig, CandleConfig, ModelConfig, ModelRef, OpenaiConfig, PassThrough, PriceConfig,
	},
};

/// Everything that an operator can set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
	/// The folder in which vouchers, records and other state are kept.
	pub data_dir: PathBuf,
	/// The address at which callers connect. A proxy with TLS belongs in front of it before the
	/// public does.
	#[serde(default = "defaults::listen")]
	pub listen: SocketAddr,
	/// The URL under which callers reach this node, for its registration on chain.
	#[serde(default, deserialize_with = "http_url::optional")]
	pub endpoint: Option<String>,
	/// Signs transactions: the operator's key, or that of its proxy; and statements, where nothing
	/// else does.
	#[serde(deserialize_with = "key::source")]
	pub key: KeySource,
	/// The kind of that key.
	#[serde(default, deserialize_with = "scheme")]
	pub key_type: Scheme,
	/// The account that is registered, where `key` is that of its proxy.
	#[serde(default, deserialize_with = "account")]
	pub operator: Option<AccountId>,
	/// The account that is paid for calls, to be registered. What is registered stays if not given, which
	/// is the operator's own account at first.
	#[serde(default, deserialize_with = "account")]
	pub payee: Option<AccountId>,
	/// Signs statements.
	#[serde(default, deserialize_with = "key::optional")]
	pub receipt_key: Option<KeySource>,
	/// The kind of that key.
	#[serde(default, deserialize_with = "scheme")]
	pub receipt_key_type: Scheme,
	/// The calls that are answered, of those that are requested on chain.
	#[serde(default)]
	pub on_chain_calls: OnChainCalls,
	/// The web pages that may call this node.
	#[serde(default)]
	pub allowed_origins: Origins,
	/// The chain.
	#[serde(default)]
	pub chain: ChainConfig,
	/// The rules of when calls are settled.
	#[serde(default)]
	pub settlement: SettlementConfig,
	/// The bounds of what callers may do.
	#[serde(default)]
	pub limits: LimitsConfig,
	/// Numbers for monitoring.
	#[serde(default)]
	pub metrics: MetricsConfig,
	/// Threads for models that run in this process.
	#[serde(default)]
	pub compute: ComputeConfig,
	/// The models that are served.
	pub models: Vec<ModelConfig>,
}

/// The chain that sessions are opened on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChainConfig {
	/// WebSocket URL of a chain node.
	#[serde(deserialize_with = "ws_url")]
	pub url: String,
	/// The time between two signs of life on the chain, in seconds.
	#[serde(deserialize_with = "bounded::<_, _, 60, 604_800>")]
	pub heartbeat_seconds: u32,
	/// For how long sessions that are known already are served while the chain cannot be asked, in
	/// seconds.
	#[serde(deserialize_with = "bounded::<_, _, 60, 86_400>")]
	pub away_seconds: u32,
}

/// The rules of when calls are settled. Whichever bound is reached first counts; what is left of a
/// session is settled before it closes in any case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettlementConfig {
	/// Settle when the oldest unsettled call is this old, in seconds.
	#[serde(deserialize_with = "bounded::<_, _, 1, 604_800>")]
	pub max_age_seconds: u32,
	/// Settle when this many calls are unsettled.
	#[serde(deserialize_with = "bounded::<_, _, 1, 100_000>")]
	pub max_calls: u32,
	/// Settle a lane's calls when they are together worth this much, in planck.
	#[serde(deserialize_with = "planck")]
	pub max_value: u128,
	/// Leave calls that are together worth less, in planck, for later, so that fees do not eat them.
	#[serde(deserialize_with = "planck")]
	pub min_value: u128,
	/// The way in which calls go to the chain: one by one, by their sums, or whichever keeps up.
	pub mode: SettlementMode,
	/// With the mode `aggregate`, lanes with fewer calls are itemised all the same.
	#[serde(deserialize_with = "bounded::<_, _, 2, 65_536>")]
	pub aggregate_from: u32,
	/// Calls that were settled this many days ago are removed from the store. It has to be longer than
	/// calls can be disputed.
	#[serde(deserialize_with = "bounded::<_, _, 1, 36_500>")]
	pub keep_days: u32,
}

/// The bounds of what callers may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
	/// The largest body of a request, in bytes.
	#[serde(deserialize_with = "bounded::<_, _, 1_024, 67_108_864>")]
	pub body_bytes: usize,
	/// Requests that are worked on at the same time, over all models.
	#[serde(deserialize_with = "bounded::<_, _, 1, 65_536>")]
	pub concurrent: usize,
	/// The largest headers of a request, in bytes. A payment alone may have 16 KiB.
	#[serde(deserialize_with = "bounded::<_, _, 20_480, 262_144>")]
	pub header_bytes: usize,
	/// Connections at once; more wait.
	#[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
	pub connections: usize,
	/// The time that a request's headers may take to come, in seconds.
	#[serde(deserialize_with = "bounded::<_, _, 16, 600>")]
	pub header_timeout_seconds: u32,
	/// The time that a request's body may stall on its way, in seconds. All of it may take four times as
	/// long.
	#[serde(deserialize_with = "bounded::<_, _, 1, 600>")]
	pub body_timeout_seconds: u32,
	/// The time that a connection may be idle, or a caller take nothing of its answer, in seconds.
	#[serde(deserialize_with = "bounded::<_, _, 16, 3_600>")]
	pub idle_timeout_seconds: u32,
	/// The most that a session may owe for calls that were served, or are being served, and are not
	/// settled, in planck. From then on its calls are refused until something is; from half of it
	/// on they are settled at once.
	#[serde(deserialize_with = "open")]
	pub exposure: u128,
	/// For how many blocks a voucher may be valid. This node's own offers stand for 200.
	#[serde(deserialize_with = "bounded::<_, _, 200, 28_700>")]
	pub voucher_blocks: u32,
}

/// Numbers for monitoring.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
	/// True if `/metrics` is served.
	pub enabled: bool,
	/// A separate address for it; on the address for callers if not given.
	pub listen: Option<SocketAddr>,
}

/// Threads for models that run in this process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComputeConfig {
	/// The number of threads that share the work of one token; one for each core if not given.
	#[serde(deserialize_with = "values::optional::<_, _, 1, 1_024>")]
	pub threads: Option<u16>,
}

mod defaults {
	use super::*;

	pub fn listen() -> SocketAddr {
		SocketAddr::from(([127, 0, 0, 1], 8402))
	}

	impl Default for ChainConfig {
		fn default() -> Self {
			Self {
				url: "ws://127.0.0.1:9944".into(),
				heartbeat_seconds: 43_200,
				away_seconds: 3_600,
			}
		}
	}

	impl Default for SettlementConfig {
		fn default() -> Self {
			Self {
				max_age_seconds: 60,
				max_calls: 200,
				max_value: u128::MAX,
				min_value: 5 * MILLI_OPEN,
				mode: SettlementMode::Auto,
				aggregate_from: 64,
				keep_days: 30,
			}
		}
	}

	impl Default for LimitsConfig {
		fn default() -> Self {
			Self {
				body_bytes: 1 << 20,
				concurrent: 256,
				header_bytes: 32 << 10,
				connections: 4_096,
				header_timeout_seconds: 20,
				body_timeout_seconds: 30,
				idle_timeout_seconds: 75,
				exposure: 100 * OPEN,
				voucher_blocks: 1_200,
			}
		}
	}

	impl Default for MetricsConfig {
		fn default() -> Self {
			Self { enabled: true, listen: None }
		}
	}
}

impl Config {
	/// Reads a configuration file. Relative paths in it start from the folder that it is in; `~/`
	/// is the home folder.
	///
	/// # Errors
	/// If the file cannot be read, or something in it is wrong.
	pub fn load(path: &Path) -> Result<Self, ConfigError> {
		let text = std::fs::read_to_string(path)
			.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
		let folder = path.parent().unwrap_or(Path::new(""));
		Self::parse(&text, folder).map_err(|error| error.in_file(path))
	}

	/// Reads a configuration from text; relative paths in it start from `folder`.
	///
	/// # Errors
	/// If something in it is wrong.
	pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
		let mut config: Self =
			toml::from_str(text).map_err(|error| ConfigError::from_toml(text, error))?;
		config.check()?;
		config.resolve(&|path: &mut PathBuf| values::resolve(path, folder));
		Ok(config)
	}

	/// The number of calls of a model that the node answers at the same time: as its backend can, as far as
	/// the limit over all models allows.
	pub fn capacity(&self, model: &ModelConfig) -> u32 {
		let room = u32::try_from(self.limits.concurrent).unwrap_or(u32::MAX);
		model.capacity().min(room)
	}

	/// Hands the number of threads to the library that runs models, which reads it from the
	/// environment when the first model is loaded.
	///
	/// Call it first thing in `main`, while there is only one thread: changing the environment
	/// under other threads is not safe.
	pub fn apply_threads(&self) {
		if let Some(threads) = self.compute.threads {
			for name in ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"] {
				std::env::set_var(name, threads.to_string());
			}
		}
	}

	fn check(&self) -> Result<(), ConfigError> {
		if self.models.is_empty() {
			return Err(ConfigError::invalid("models", "at least one model has to be served"));
		}
		for (index, model) in self.models.iter().enumerate() {
			let earlier = self.models.iter().take(index);
			if earlier.clone().any(|other| other.name == model.name) {
				let key = format!("models[{index}].name");
				return Err(ConfigError::invalid(&key, format!("{} is there twice", model.name)));
			}
			model.check(&format!("models[{index}]"))?;
		}
		Ok(())
	}

	fn resolve(&mut self, resolve: &dyn Fn(&mut PathBuf)) {
		resolve(&mut self.data_dir);
		for key in [Some(&mut self.key), self.receipt_key.as_mut()] {
			if let Some(KeySource::File(path)) = key {
				resolve(path);
			}
		}
		for model in &mut self.models {
			model.resolve(resolve);
		}
	}
}

#[cfg(test)]
mod tests;

//! New settings while the node runs.
//!
//! On SIGHUP the configuration is read again. What can change at run time takes effect at once:
//! models, what answers for them, this node's own prices, limits, the endpoint, when calls are settled.
//! Calls that are being served go on with what was in force when they came. A file with an error in it, or
//! one that names a model that cannot be loaded or a price that cannot be charged, changes nothing at all.

use std::{sync::Arc, time::Duration};

use openledger_chain_client::Chain;
use openledger_gateway::server::{App, Limits, Live};
use openledger_settlement::{redeem::SettlementPolicy, view::ChainView};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
	keys::Keys,
	own_prices,
	start::{self, Loaded},
	StartError,
};
use crate::config::{Config, ConfigError, LimitsConfig};

/// Applies new settings.
pub(super) struct Reloader {
	pub app: Arc<App>,
	pub chain: Chain,
	pub view: Arc<ChainView>,
	pub keys: Keys,
	/// The configuration in force, or that would be after a new start.
	pub config: Config,
	/// The models that were loaded for it.
	pub loaded: Vec<Loaded>,
}

impl Reloader {
	/// Applies new settings, as `read` reads them, whenever something comes out of `asked`, until it is
	/// stopped.
	pub async fn run(
		mut self,
		mut asked: mpsc::Receiver<()>,
		read: impl Fn() -> Result<Config, ConfigError>,
		stop: CancellationToken,
	) {
		loop {
			let asked = tokio::select! {
				() = stop.cancelled() => return,
				asked = asked.recv() => asked,
			};
			if asked.is_none() {
				return stop.cancelled().await;
			}
			let applied = tokio::select! {
				() = stop.cancelled() => return,
				applied = self.reload(read()) => applied,
			};
			match applied {
				Ok(models) => info!(models, "the new settings are in force"),
				Err(error) => error!(%error, "the old settings stay in force"),
			}
		}
	}

	async fn reload(&mut self, new: Result<Config, ConfigError>) -> Result<usize, StartError> {
		let new = new?;
		let payee = new.payee.as_ref();
		let node = start::registration(&self.chain, &self.keys, payee).await?;
		let models = start::find_models(&self.chain, &node, &new.models).await?;
		let own_prices = own_prices::find(&self.chain, &new.models, &models).await?;
		let loaded = start::load(&new.models, &models, &self.loaded).await?;
		// Nothing can go wrong any more.
		for key in needs_restart(&self.config, &new) {
			warn!(key, "a change of this needs a new start");
		}
		self.view.serve(&start::ids(&models));
		self.app.permits.resize(new.limits.concurrent);
		self.app.settler.follow(policy(&new));
		self.app.settings.set(Live {
			models: start::catalogue(&loaded),
			own_prices,
			public_url: public_url(&new, &node.endpoint),
			limits: limits(&new.limits),
			origins: new.allowed_origins.clone(),
		});
		self.loaded = loaded;
		self.config = new;
		Ok(self.loaded.len())
	}
}

/// The URL at which callers reach this node, without a slash at the end.
pub(super) fn public_url(config: &Config, registered: &str) -> String {
	let url = config.endpoint.as_deref().unwrap_or(registered);
	url.trim_end_matches('/').to_owned()
}

/// The limits that can change at run time.
pub(super) fn limits(config: &LimitsConfig) -> Limits {
	Limits {
		body_bytes: config.body_bytes,
		body_timeout: Duration::from_secs(config.body_timeout_seconds.into()),
		header_bytes: config.header_bytes,
		exposure: config.exposure,
		voucher_blocks: config.voucher_blocks,
	}
}

/// The rules of when and how calls are settled.
pub(super) fn policy(config: &Config) -> SettlementPolicy {
	let exposure = config.limits.exposure;
	let config = &config.settlement;
	SettlementPolicy {
		max_calls: config.max_calls,
		max_age: Duration::from_secs(config.max_age_seconds.into()),
		max_value: config.max_value,
		min_value: config.min_value,
		exposure,
		mode: config.mode,
		aggregate_from: config.aggregate_from,
	}
}

/// The keys that have changed and cannot take effect while the node runs.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
	let connections = |limits: &LimitsConfig| {
		(limits.connections, limits.header_timeout_seconds, limits.idle_timeout_seconds)
	};
	[
		("data_dir", old.data_dir != new.data_dir),
		("listen", old.listen != new.listen),
		("key", old.key != new.key),
		("key_type", old.key_type != new.key_type),
		("receipt_key", old.receipt_key != new.receipt_key),
		("receipt_key_type", old.receipt_key_type != new.receipt_key_type),
		("operator", old.operator != new.operator),
		("chain", old.chain != new.chain),
		("settlement.keep_days", old.settlement.keep_days != new.settlement.keep_days),
		("on_chain_calls", old.on_chain_calls != new.on_chain_calls),
		("metrics", old.metrics != new.metrics),
		("compute", old.compute != new.compute),
		(
			"limits.connections and time-outs of connections",
			connections(&old.limits) != connections(&new.limits),
		),
	]
	.into_iter()
	.filter_map(|(key, changed)| changed.then_some(key))
	.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::path::Path;

	fn config(more: &str) -> Config {
		let text = format!(
			"{more}\ndata_dir = \"d\"\nkey = {{ uri = \"//Bob\" }}\n[[models]]\nname = \"m\"\n\
			 backend.candle.path = \"m.gguf\"\n"
		);
		Config::parse(&text, Path::new("/")).expect("it is good")
	}

	#[test]
	fn what_needs_a_new_start_is_named() {
		let old = config("");
		let same =
			config("endpoint = \"http://a\"\nlimits.concurrent = 3\nlimits.body_bytes = 2048");
		assert!(needs_restart(&old, &same).is_empty());
		let new =
			config("listen = \"127.0.0.1:1\"\nchain.url = \"ws://b\"\nlimits.connections = 5");
		let keys = needs_restart(&old, &new);
		assert_eq!(keys[..2], ["listen", "chain"]);
		assert_eq!(keys.len(), 3);
	}

	#[test]
	fn the_endpoint_is_the_configuration_s_or_the_chain_s() {
		assert_eq!(public_url(&config(""), "http://chain/"), "http://chain");
		let named = config("endpoint = \"http://here/\"");
		assert_eq!(public_url(&named, "http://chain/"), "http://here");
		assert_eq!(limits(&named.limits).header_bytes, 32_768);
	}
}

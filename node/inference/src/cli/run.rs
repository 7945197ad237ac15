//! `run`: serves models.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::{
	config::{Config, ConfigError},
	node,
};

/// Serves models until SIGINT or SIGTERM, then ends in order: calls are finished,
/// what is owed is settled. On SIGHUP the configuration is read again, and what can
/// change at run time changes. The exit code is 1 if the store fails, so that
/// whatever started the node starts it again.
///
/// Calls are settled in batches, one by one; where more of a lane wait than a few
/// batches take, by their sums, so that settling keeps up with any number of them
/// (`settlement.mode` is `auto`; the other modes do always one or the other). While
/// the chain cannot be asked, sessions that are known are served for an hour
/// (`chain.away_seconds`), as far as each may owe (`limits.exposure`).
///
/// Examples:
///
///   openledger-inference run --config config.toml
///   openledger-inference run --config config.toml --listen 0.0.0.0:8402 --log debug
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Run {
	/// The configuration. config.example.toml explains every key.
	#[arg(long, short, value_name = "FILE")]
	config: PathBuf,
	/// Where callers connect, instead of the configuration's `listen`.
	#[arg(long, value_name = "ADDRESS:PORT")]
	listen: Option<SocketAddr>,
	/// The WebSocket of a chain node, instead of the configuration's `chain.url`.
	#[arg(long, value_name = "URL")]
	chain: Option<String>,
	/// Where state is kept, instead of the configuration's `data_dir`.
	#[arg(long, value_name = "FOLDER")]
	data_dir: Option<PathBuf>,
}

impl Run {
	/// Not async: the number of threads has to be set before there are any.
	pub(super) fn main(self) -> anyhow::Result<()> {
		let config = self.read()?;
		config.apply_threads();
		super::block_on(async move { Ok(node::run(config, move || self.read()).await?) })
	}

	/// The configuration, with what the command line says instead.
	fn read(&self) -> Result<Config, ConfigError> {
		let mut config = Config::load(&self.config)?;
		if let Some(listen) = self.listen {
			config.listen = listen;
		}
		if let Some(chain) = self.chain.clone() {
			config.chain.url = chain;
		}
		if let Some(data_dir) = self.data_dir.clone() {
			config.data_dir = data_dir;
		}
		Ok(config)
	}
}

//! Whose key signs.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use openledger_chain_client::{keys::SecretUri, Agent, KeySource, Keypair, Scheme};

use crate::{config::Config, node::Keys};

/// Where the secret key comes from: one of these.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
pub(super) struct KeyArgs {
	/// A file with the secret and nothing else: a mnemonic, or 0x and the hex digits of a seed.
	#[arg(long, visible_alias = "key", value_name = "FILE", group = "key")]
	key_file: Option<PathBuf>,
	/// An environment variable that holds the secret.
	#[arg(long, value_name = "NAME", group = "key")]
	key_env: Option<String>,
	/// Read the secret from standard input.
	#[arg(long, group = "key")]
	key_stdin: bool,
	/// The secret itself. For development keys such as //Alice: others can see command lines.
	#[arg(long, value_name = "SECRET", group = "key")]
	suri: Option<SecretUri>,
	/// The kind of key: sr25519, ed25519 or ecdsa.
	#[arg(long, value_name = "KIND", default_value = "sr25519")]
	key_type: Scheme,
}

impl KeyArgs {
	/// The source of the key, if the command line says.
	fn source(&self) -> Option<KeySource> {
		if let Some(path) = &self.key_file {
			return Some(KeySource::File(path.clone()));
		}
		if let Some(name) = &self.key_env {
			return Some(KeySource::Env(name.clone()));
		}
		if self.key_stdin {
			return Some(KeySource::Stdin);
		}
		self.suri.clone().map(KeySource::Uri)
	}

	/// The key, if the command line says where it is.
	pub(super) fn read(&self) -> anyhow::Result<Option<Keypair>> {
		self.source().map(|source| source.read(self.key_type)).transpose().context("key")
	}

	/// The key, which has to be there.
	fn require(&self) -> anyhow::Result<Keypair> {
		self.read()?.context(
			"whose key? Give one of --key-file, --key-env, --key-stdin and, for development keys \
			 such as //Alice, --suri",
		)
	}

	/// The keys that an operator signs with: as the configuration says; or with the key from the
	/// command line, where there is one.
	pub(super) fn of_operator(&self, config: Option<&Config>) -> anyhow::Result<Keys> {
		let Some(key) = self.read()? else {
			return match config {
				Some(config) => Ok(Keys::read(config)?),
				None => self.require().map(Keys::one),
			};
		};
		Ok(match config {
			// What signs statements has nothing to do with who signs this.
			Some(config) if config.operator.is_some() || config.receipt_key.is_some() => {
				let operator = config.operator.clone().unwrap_or_else(|| key.account());
				let receipts = match &config.receipt_key {
					Some(_) => Keys::read_receipts(config)?,
					None => Keys::read(config)?.receipts,
				};
				Keys { operator: Agent::new(operator, key), receipts }
			}
			_ => Keys::one(key),
		})
	}
}

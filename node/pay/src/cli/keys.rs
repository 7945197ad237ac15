//! Whose key pays.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use openledger_client::{keys::SecretUri, KeySource, Keypair, Scheme};

/// Where the secret key comes from: one of these.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
#[group(id = "source", required = true, multiple = false)]
pub(super) struct KeyArgs {
	/// A file with the secret and nothing else: a mnemonic, or 0x and the hex digits of a seed.
	#[arg(long, value_name = "FILE")]
	key_file: Option<PathBuf>,
	/// An environment variable that holds the secret.
	#[arg(long, value_name = "NAME")]
	key_env: Option<String>,
	/// Read the secret from standard input.
	#[arg(long)]
	key_stdin: bool,
	/// The secret itself. For development keys such as //Alice: others can see command lines.
	#[arg(long, value_name = "SECRET")]
	suri: Option<SecretUri>,
}

/// What kind of key it is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
pub(super) struct KeyType {
	/// The kind of key: sr25519, ed25519 or ecdsa.
	#[arg(long, value_name = "KIND", default_value = "sr25519")]
	key_type: Scheme,
}

impl KeyArgs {
	/// Reads the key.
	pub(super) fn read(&self, kind: &KeyType) -> anyhow::Result<Keypair> {
		let source = match (&self.key_file, &self.key_env, &self.suri) {
			(Some(path), _, _) => KeySource::File(path.clone()),
			(_, Some(name), _) => KeySource::Env(name.clone()),
			(_, _, Some(secret)) => KeySource::Uri(secret.clone()),
			(None, None, None) => KeySource::Stdin,
		};
		source.read(kind.key_type).context("key")
	}
}

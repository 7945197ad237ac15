//! The keys that pay.

use std::path::PathBuf;

use anyhow::{bail, ensure, Context};
use clap::Args;
use openledger_chain_client::{keys::SecretUri, parse_account, KeySource, Keypair, Scheme};
use openledger_payer::network::Keys;
use openledger_primitives::{AccountId, Balance};
use openledger_protocol::units::parse_amount;

/// The options that say whose key pays.
pub(super) const SOURCES: [&str; 5] = ["key_file", "key_env", "key_stdin", "suri", "account"];

/// The source of the secret key of the account that pays: one of these.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
#[group(id = "source", multiple = false)]
pub(super) struct KeyArgs {
	/// A file with the secret and nothing else: a mnemonic, or 0x and the hex digits of a seed.
	#[arg(long, visible_alias = "key", value_name = "FILE")]
	key_file: Option<PathBuf>,
	/// An environment variable that holds the secret. It stays readable for this user's other programs
	/// as long as this one runs: a file is better.
	#[arg(long, value_name = "NAME")]
	key_env: Option<String>,
	/// Read the secret from standard input.
	#[arg(long)]
	key_stdin: bool,
	/// The secret itself. For development keys such as //Alice: others can see command lines.
	#[arg(long, value_name = "SECRET")]
	suri: Option<SecretUri>,
	/// Without its key: pay out of the sessions of this account that were opened for the key of
	/// --signer-file or --signer-env. No others are opened, topped up or closed.
	#[arg(long, value_name = "ADDRESS", value_parser = parse_account)]
	account: Option<AccountId>,
}

/// The kind of the key.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
pub(super) struct KeyType {
	/// The kind of key: sr25519, ed25519 or ecdsa.
	#[arg(long, value_name = "KIND", default_value = "sr25519")]
	key_type: Scheme,
}

/// A key that signs vouchers in place of the account's own.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Hot key")]
pub(super) struct SignerArgs {
	/// A file with the secret of a hot key. New sessions are opened for it: it signs their vouchers,
	/// and whoever gets hold of it can spend what is in them, with their nodes, and nothing else.
	#[arg(long, value_name = "FILE", conflicts_with = "signer_env")]
	signer_file: Option<PathBuf>,
	/// An environment variable that holds the secret of a hot key. It stays readable, as with --key-env.
	#[arg(long, value_name = "NAME")]
	signer_env: Option<String>,
	/// The kind of the hot key: sr25519, ed25519 or ecdsa.
	#[arg(long, value_name = "KIND", default_value = "sr25519")]
	signer_type: Scheme,
	/// The most that the hot key may spend in each new session, in OPEN, whatever is in it.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount)]
	signer_limit: Option<Balance>,
}

impl KeyArgs {
	/// Returns `true` if the secret takes up standard input.
	pub(super) fn uses_stdin(&self) -> bool {
		self.key_stdin
	}

	/// Reads the key, if it is here.
	pub(super) fn read(&self, kind: &KeyType) -> anyhow::Result<Option<Keypair>> {
		let source = match (&self.key_file, &self.key_env, &self.suri) {
			_ if self.account.is_some() => return Ok(None),
			(Some(path), _, _) => KeySource::File(path.clone()),
			(_, Some(name), _) => KeySource::Env(name.clone()),
			(_, _, Some(secret)) => KeySource::Uri(secret.clone()),
			(None, None, None) if self.key_stdin => KeySource::Stdin,
			(None, None, None) => bail!(
				"whose key? Give one of --key-file, --key-env, --key-stdin and, for development keys \
				 such as //Alice, --suri"
			),
		};
		source.read(kind.key_type).context("key").map(Some)
	}

	/// Reads all keys. `closes` is whether the account's own is needed for what is to be done.
	pub(super) fn keys(
		&self,
		kind: &KeyType,
		signer: &SignerArgs,
		closes: bool,
	) -> anyhow::Result<Keys> {
		let own = self.read(kind)?;
		let hot = signer.read()?;
		if own.is_none() {
			ensure!(!closes, "--close needs the account's own key, not --account");
			ensure!(hot.is_some(), "--account needs --signer-file or --signer-env");
		}
		ensure!(
			signer.signer_limit.is_none() || hot.is_some(),
			"--signer-limit needs --signer-file or --signer-env"
		);
		let account = match (&self.account, &own) {
			(Some(account), _) => account.clone(),
			(None, Some(own)) => own.account(),
			(None, None) => bail!("no account"),
		};
		// The account's own key needs no leave of its own.
		let hot = hot.filter(|hot| hot.account() != account);
		let hot_limit = signer.signer_limit.filter(|_| hot.is_some());
		Ok(Keys { account, own, hot, hot_limit })
	}
}

impl SignerArgs {
	fn read(&self) -> anyhow::Result<Option<Keypair>> {
		let source = match (&self.signer_file, &self.signer_env) {
			(Some(path), _) => KeySource::File(path.clone()),
			(None, Some(name)) => KeySource::Env(name.clone()),
			(None, None) => return Ok(None),
		};
		source.read(self.signer_type).context("hot key").map(Some)
	}
}

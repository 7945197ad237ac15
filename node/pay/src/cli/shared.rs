//! Parts that commands share: the chain, the state, whose keys pay, how calls are paid, and a payer for a few
//! calls.

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use openledger_chain_client::Chain;
use openledger_payer::{
	assembly::state_files,
	network::{Keys, Network},
	node::endpoint,
	OpenError, Payer, PayerSettings,
};
use openledger_payer_ledger::{Budget, StoreError, Treasury};
use openledger_primitives::{answer::Evidence, Hash, SessionId};
use tokio::time::{sleep, Instant};

use super::keys::{KeyArgs, KeyType, SignerArgs};

/// The time that another command may take which uses the same state.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pause before it is looked at again.
const PAUSE: Duration = Duration::from_millis(200);

/// A chain node.
#[derive(Clone, Debug, Args)]
pub(super) struct ChainArgs {
	/// The WebSocket of a chain node.
	#[arg(
		long = "chain",
		value_name = "URL",
		env = "OPENLEDGER_CHAIN",
		default_value = "ws://127.0.0.1:9944"
	)]
	pub url: String,
}

impl ChainArgs {
	pub(super) async fn connect(&self) -> anyhow::Result<Chain> {
		Ok(Chain::connect(&self.url).await?)
	}
}

/// A payer: the chain, the state, and whose keys pay.
#[derive(Clone, Debug, Args)]
pub(super) struct PayerArgs {
	#[command(flatten)]
	pub chain: ChainArgs,
	#[command(flatten)]
	pub state: StateArgs,
	#[command(flatten)]
	pub key: KeyArgs,
	#[command(flatten)]
	key_type: KeyType,
	#[command(flatten)]
	signer: SignerArgs,
}

impl PayerArgs {
	/// Reads all keys. `closes` says if the account's own is needed for what is to be done.
	pub(super) fn keys(&self, closes: bool) -> anyhow::Result<Keys> {
		self.key.keys(&self.key_type, &self.signer, closes)
	}

	/// The usual settings.
	pub(super) fn settings(&self, budget: Budget) -> PayerSettings {
		PayerSettings {
			inside: endpoint::chain_is_inside(&self.chain.url),
			..PayerSettings::new(budget, self.state.state.clone())
		}
	}
}

/// The way in which calls are paid.
#[derive(Clone, Debug, Args)]
pub(super) struct PayingArgs {
	/// The part of answers that may be shown on chain, if it is disputed what they are made of: words of them,
	/// or nothing. What is sealed pays no contribution by itself, only the data behind the model as a whole.
	#[arg(long, value_enum, value_name = "EVIDENCE", default_value = "open")]
	evidence: Shown,
	/// Use a session of the account again whose state is lost, by its number. Its node is asked for what was
	/// signed in it. No other state may be using it. Can be given several times.
	#[arg(long, value_name = "SESSION", help_heading = "State")]
	take_over: Vec<SessionId>,
}

/// The permission to show on chain what answers are made of.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shown {
	/// Words of an answer may be shown.
	Open,
	/// Nothing of an answer is ever shown.
	Sealed,
}

impl PayingArgs {
	/// The permission to show on chain what answers are made of.
	pub(super) fn evidence(&self) -> Evidence {
		match self.evidence {
			Shown::Open => Evidence::Open,
			Shown::Sealed => Evidence::Sealed,
		}
	}

	/// Sessions that are used again.
	pub(super) fn take_over(&self) -> Vec<SessionId> {
		self.take_over.clone()
	}
}

/// The folder with the state.
#[derive(Clone, Debug, Args)]
pub(super) struct StateArgs {
	/// Folder in which state is kept. What is lost from here, nodes still hold vouchers for.
	#[arg(long, value_name = "FOLDER", env = "OPENLEDGER_PAY_STATE",
		default_value_os_t = default_state(), help_heading = "State")]
	pub state: PathBuf,
}

/// The folder for state if nothing else is said.
fn default_state() -> PathBuf {
	let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
	let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
	state.or_else(home).unwrap_or_else(env::temp_dir).join("openledger").join("pay")
}

/// Opens state, once a command that uses it is done. A proxy that runs is waited for in vain.
async fn patiently<T>(
	patience: Duration,
	open: impl AsyncFn() -> Result<T, OpenError>,
) -> Result<T, OpenError> {
	let deadline = Instant::now() + patience;
	loop {
		match open().await {
			Err(OpenError::Store(StoreError::InUse)) if Instant::now() < deadline => {
				sleep(PAUSE).await;
			}
			opened => return opened,
		}
	}
}

/// Opens a payer.
pub(super) async fn open_payer(
	network: Arc<dyn Network>,
	settings: PayerSettings,
) -> anyhow::Result<Payer> {
	let open = async || Payer::open(network.clone(), settings.clone()).await;
	Ok(patiently(PATIENCE, open).await?)
}

/// State that is looked at, and its file.
pub(super) struct Opened {
	pub path: PathBuf,
	pub treasury: Treasury,
}

/// Opens all state of a chain that is in a folder, of whatever account, to be looked at.
pub(super) async fn open_all(state: &StateArgs, genesis_hash: Hash) -> anyhow::Result<Vec<Opened>> {
	open_within(PATIENCE, state, genesis_hash).await
}

async fn open_within(
	patience: Duration,
	state: &StateArgs,
	genesis_hash: Hash,
) -> anyhow::Result<Vec<Opened>> {
	let mut opened = Vec::new();
	for path in state_files(&state.state, &genesis_hash)? {
		let open = async || Ok(Treasury::open_to_read(&path, genesis_hash).await?);
		let treasury = patiently(patience, open).await?;
		opened.push(Opened { path, treasury });
	}
	Ok(opened)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn beside_a_proxy_the_error_says_where_its_sessions_are_shown() {
		let folder = tempfile::tempdir().unwrap();
		let state = StateArgs { state: folder.path().to_owned() };
		let genesis = Hash::repeat_byte(7);
		let path = state.state.join("07070707-0000000000000000.redb");
		let budget = Budget::new(0, None);
		let running = Treasury::open(&path, genesis, [1; 32].into(), budget).await.unwrap();
		let refused = open_within(Duration::ZERO, &state, genesis).await;
		let refused = refused.err().unwrap().to_string();
		assert!(refused.contains("in use") && refused.contains("GET /spend"), "{refused}");
		running.close().await;
		assert_eq!(open_within(Duration::ZERO, &state, genesis).await.unwrap().len(), 1);
	}
}

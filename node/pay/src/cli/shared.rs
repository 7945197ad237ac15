//! What the commands have in common: the chain, the state, and a payer for a few calls.

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use openledger_chain_client::Chain;
use openledger_payer::{
	network::Network,
	node::api::Patience,
	store::{Store, StoreError},
	OpenError, Payer, PayerSettings,
};
use openledger_primitives::Hash;
use tokio::time::{sleep, Instant};

/// How long another command may take that uses the same state.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often to check whether it is done.
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

/// The folder with the state.
#[derive(Clone, Debug, Args)]
pub(super) struct StateArgs {
	/// Where state is kept. What is lost from here, nodes still hold vouchers for.
	#[arg(long, value_name = "FOLDER", env = "OPENLEDGER_PAY_STATE",
		default_value_os_t = default_state(), help_heading = "State")]
	pub state: PathBuf,
}

/// Where state is kept if nothing else is said.
fn default_state() -> PathBuf {
	let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
	let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
	state.or_else(home).unwrap_or_else(env::temp_dir).join("openledger").join("pay")
}

/// How long nodes are waited for.
pub(super) const NODES: Patience = Patience {
	connect: Duration::from_secs(5),
	question: Duration::from_secs(15),
	silence: Duration::from_secs(300),
};

/// Opens a payer, once a command that uses the same state is done. A proxy that runs is waited for in
/// vain.
pub(super) async fn open_payer(
	network: Arc<dyn Network>,
	settings: PayerSettings,
) -> anyhow::Result<Payer> {
	let deadline = Instant::now() + PATIENCE;
	loop {
		match Payer::open(network.clone(), settings.clone()).await {
			Err(OpenError::Store(StoreError::InUse)) if Instant::now() < deadline => {
				sleep(PAUSE).await;
			}
			opened => return Ok(opened?),
		}
	}
}

/// All state of a chain that is in a folder, of whatever account.
pub(super) async fn open_all(
	state: &StateArgs,
	genesis_hash: Hash,
) -> anyhow::Result<Vec<(Store, openledger_payer::ledger::Ledger)>> {
	let deadline = Instant::now() + PATIENCE;
	let mut opened = Vec::new();
	for path in openledger_payer::assembly::state_files(&state.state, &genesis_hash)? {
		loop {
			match Store::open_existing(&path, genesis_hash).await {
				Err(StoreError::InUse) if Instant::now() < deadline => sleep(PAUSE).await,
				found => {
					opened.push(found?);
					break;
				}
			}
		}
	}
	Ok(opened)
}

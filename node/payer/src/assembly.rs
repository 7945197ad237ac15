//! All parts of a payer, put together.

use std::{path::PathBuf, sync::Arc, time::Duration};

use openledger_primitives::{AccountId, BlockNumber, Hash};
use thiserror::Error;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

use crate::{
	budget::Budget,
	call::{CallSettings, Router, RouterParts},
	clerk::Clerk,
	funding::{Funding, Search},
	janitor::{Closer, ClosingSettings, Janitor, JanitorParts},
	ledger::{Signers, TrustRules},
	market::Market,
	network::Network,
	node::api::{NodeApi, Patience},
	proof::Proofs,
	recount::Recount,
	store::{Store, StoreError},
	treasury::Treasury,
};

/// How long it may take to learn what became of the last calls.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// How long a transaction that was submitted may take, when the payer ends.
const TRANSACTIONS: Duration = Duration::from_secs(30);

/// How a payer is set up.
#[derive(Clone, Debug)]
pub struct PayerSettings {
	/// How much may be spent.
	pub budget: Budget,
	/// Whether the budget counts from now on, not from when the state was begun.
	pub new_budget: bool,
	/// Nodes that were caught cheating and are paid again.
	pub forgive: Vec<AccountId>,
	/// The folder with the state. Each account on each chain has files of its own in it.
	pub state: PathBuf,
	/// How long a new session lasts, in blocks.
	pub session_blocks: BlockNumber,
	/// Whether nodes inside this machine's network are called.
	pub inside: bool,
	/// How long nodes are waited for.
	pub patience: Patience,
	/// How calls are made.
	pub call: CallSettings,
	/// Tokenizers to count answers with.
	pub recount: Arc<Recount>,
	/// How sessions are closed.
	pub closing: ClosingSettings,
	/// When a node that charges for what does not arrive gets no calls for a day.
	pub trust: TrustRules,
}

/// Why there is no payer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
	/// The state cannot be used.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// HTTP cannot be set up.
	#[error("cannot set up HTTP: {0}")]
	Http(#[from] reqwest::Error),
}

/// A payer: makes calls, and looks after what is left of them.
pub struct Payer {
	/// The chain, and the account that pays.
	pub network: Arc<dyn Network>,
	/// Models and nodes.
	pub market: Arc<Market>,
	/// The ledger.
	pub treasury: Arc<Treasury>,
	/// Makes calls.
	pub router: Arc<Router>,
	/// Looks after calls whose outcome is unknown, and after sessions.
	pub janitor: Arc<Janitor>,
	/// What nodes have signed and should not have.
	pub proofs: Proofs,
	/// HTTP to nodes.
	pub api: NodeApi,
	/// What must not be interrupted.
	transactions: TaskTracker,
}

impl Payer {
	/// Opens the state of the account that pays, and puts everything together.
	///
	/// # Errors
	/// If the state or HTTP cannot be used.
	pub async fn open(
		network: Arc<dyn Network>,
		settings: PayerSettings,
	) -> Result<Self, OpenError> {
		let (account, genesis) = (network.account(), network.genesis_hash());
		let name = file_name(&genesis, &account);
		let path = settings.state.join(format!("{name}.{EXTENSION}"));
		let (store, mut ledger) = Store::open(&path, genesis, account).await?;
		let hot = network.hot_key().map(|hot| hot.account());
		ledger.sign_with(Signers { own: network.key().is_some(), hot });
		ledger.judge_by(settings.trust);
		let mut changes = match settings.new_budget {
			true => ledger.rebase(),
			false => Vec::new(),
		};
		changes.extend(settings.forgive.iter().flat_map(|node| ledger.forgive(node)));
		store.write(changes).wait().await?;
		let treasury = Arc::new(Treasury::new(ledger, store, settings.budget));
		let transactions = TaskTracker::new();
		let market = Arc::new(Market::new(network.clone(), settings.inside));
		let proofs = Proofs::new(settings.state.join(format!("{name}.proofs")));
		let clerk = Clerk::new(genesis, treasury.clone(), proofs.clone(), settings.recount.clone());
		let funding = Funding::new(
			network.clone(),
			treasury.clone(),
			settings.session_blocks,
			transactions.clone(),
		);
		let api = NodeApi::new(settings.patience, settings.inside)?;
		let closer = Closer::new(
			network.clone(),
			market.clone(),
			treasury.clone(),
			clerk.clone(),
			api.clone(),
			settings.closing.again,
		);
		let janitor = Janitor::new(JanitorParts {
			network: network.clone(),
			market: market.clone(),
			treasury: treasury.clone(),
			search: Search::new(network.clone(), treasury.clone()),
			clerk: clerk.clone(),
			api: api.clone(),
			closer,
			settings: settings.closing,
		});
		let parts = RouterParts {
			network: network.clone(),
			market: market.clone(),
			treasury: treasury.clone(),
			funding,
			clerk,
			recount: settings.recount,
			api: api.clone(),
		};
		Ok(Self {
			network,
			market,
			treasury,
			router: Arc::new(Router::new(parts, &settings.call)),
			janitor: Arc::new(janitor),
			proofs,
			api,
			transactions,
		})
	}

	/// Looks at the chain, keeps up with it from then on, and looks after calls and sessions, until it
	/// is stopped.
	pub async fn start(&self, stop: CancellationToken) -> Background {
		if let Err(error) = self.market.refresh_if_older(Duration::ZERO).await {
			warn!(%error, "the chain cannot be asked yet");
		}
		Background(vec![
			tokio::spawn(self.market.clone().follow(stop.clone())),
			tokio::spawn(self.janitor.clone().run(stop)),
		])
	}

	/// Waits for transactions that are under way, and asks what became of the last calls. None is made
	/// any more.
	pub async fn settle_down(&self) {
		self.transactions.close();
		if timeout(TRANSACTIONS, self.transactions.wait()).await.is_err() {
			warn!("a transaction is still under way; its outcome is looked up at the next start");
		}
		// What became of calls that were cut off.
		let _ = timeout(LAST_LOOK, self.janitor.recover()).await;
	}

	/// Lets go of the state, once everything is on disk.
	pub async fn close(&self) {
		self.treasury.store().close().await;
	}
}

/// Tasks in the background.
#[derive(Debug)]
pub struct Background(Vec<JoinHandle<()>>);

impl Background {
	/// Waits for tasks that were told to stop.
	pub async fn ended(self) {
		for task in self.0 {
			if let Err(error) = task.await {
				error!(%error, "a task failed");
			}
		}
	}
}

/// The ending of a state file's name.
const EXTENSION: &str = "redb";

/// One account on one chain has one ledger.
fn file_name(genesis: &Hash, account: &AccountId) -> String {
	let bytes: &[u8] = account.as_ref();
	format!("{}-{}", of_chain(genesis), hex::encode(bytes.get(..8).unwrap_or(bytes)))
}

fn of_chain(genesis: &Hash) -> String {
	let (chain, _) = genesis.as_bytes().split_at(4);
	hex::encode(chain)
}

/// The state files in a folder that are for a chain, of whatever account, in the order of their names.
/// There are none where there is no such folder.
///
/// # Errors
/// If the folder cannot be read.
pub fn state_files(folder: &std::path::Path, genesis: &Hash) -> std::io::Result<Vec<PathBuf>> {
	let entries = match std::fs::read_dir(folder) {
		Ok(entries) => entries,
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
		Err(error) => return Err(error),
	};
	let chain = format!("{}-", of_chain(genesis));
	let mut found = Vec::new();
	for entry in entries {
		let path = entry?.path();
		let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
		if name.starts_with(&chain) && path.extension().is_some_and(|it| it == EXTENSION) {
			found.push(path);
		}
	}
	found.sort();
	Ok(found)
}

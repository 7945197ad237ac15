//! All parts of a payer, put together.

use std::{
	io,
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use openledger_payer_ledger::{Proofs, Reports, Signers, StoreError, Treasury};
use openledger_primitives::{AccountId, Hash};
use thiserror::Error;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

use crate::{
	call::Router, clerk::Clerk, funding::Funding, janitor::Janitor, market::Market,
	network::Network, node::api::NodeApi, parts::Parts, settings::PayerSettings,
};

/// The time in which to learn what became of the last calls.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// The time that a transaction which was submitted is given when the payer ends.
const TRANSACTIONS: Duration = Duration::from_secs(30);

/// A reason why there is no payer.
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
	/// Files with what nodes have signed and should not have.
	pub proofs: Proofs,
	/// HTTP to nodes.
	pub api: NodeApi,
	/// Transactions, which must not be interrupted.
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
		let path = settings.state.join(format!("{}.{EXTENSION}", file_name(&genesis, &account)));
		let treasury = Treasury::open(&path, genesis, account, settings.budget).await?;
		Self::with(network, treasury, settings).await
	}

	/// Puts everything together around a treasury.
	pub(crate) async fn with(
		network: Arc<dyn Network>,
		treasury: Treasury,
		settings: PayerSettings,
	) -> Result<Self, OpenError> {
		let (account, genesis) = (network.account(), network.genesis_hash());
		let treasury = Arc::new(treasury);
		let keys = network.keys();
		let signers = Signers { own: keys.own.is_some(), hot: keys.hot_account() };
		let PayerSettings { new_budget, forgive, trust, .. } = &settings;
		let begun = treasury.update(|ledger| {
			ledger.sign_with(signers);
			ledger.judge_by(*trust);
			let mut changes = if *new_budget { ledger.rebase() } else { Vec::new() };
			changes.extend(forgive.iter().flat_map(|node| ledger.forgive(node)));
			changes
		});
		begun.await?;
		let proofs = proofs_of(&settings.state.join(file_name(&genesis, &account)));
		let clerk = Clerk::new(genesis, treasury.clone(), proofs.clone(), settings.recount.clone());
		let market = Arc::new(Market::new(network.clone(), settings.inside));
		let api = NodeApi::new(settings.patience, settings.inside)?;
		let transactions = TaskTracker::new();
		let (blocks, tasks) = (settings.session_blocks, transactions.clone());
		let funding = Funding::new(network.clone(), treasury.clone(), blocks, tasks);
		let parts = Arc::new(Parts {
			network: network.clone(),
			market: market.clone(),
			treasury: treasury.clone(),
			funding,
			clerk,
			api: api.clone(),
			settings,
		});
		let router = Arc::new(Router::new(parts.clone()));
		let janitor = Arc::new(Janitor::new(parts));
		Ok(Self { network, market, treasury, router, janitor, proofs, api, transactions })
	}

	/// Looks at the chain, keeps up with it from then on, and looks after calls and sessions, until it
	/// is stopped.
	pub async fn start(&self, stop: CancellationToken) -> Background {
		if let Err(error) = self.market.refresh_if_older(Duration::ZERO).await {
			warn!(%error, "the chain cannot be asked yet");
		}
		// Before the first call could have another session opened.
		if let Err(error) = self.janitor.take_over().await {
			warn!(%error, "a session could not be taken over yet");
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
		self.treasury.close().await;
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

/// The proofs that are kept beside a state file.
pub fn proofs_of(path: &Path) -> Proofs {
	Proofs::new(path.with_extension("proofs"))
}

/// The reports under way that are kept with those proofs.
pub fn reports_of(path: &Path) -> Reports {
	Reports::new(path.with_extension("proofs"))
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
pub fn state_files(folder: &Path, genesis: &Hash) -> io::Result<Vec<PathBuf>> {
	let entries = match std::fs::read_dir(folder) {
		Ok(entries) => entries,
		Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
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

//! The models that the network has to offer, the nodes that serve them, and how well.
//!
//! A copy of the chain's lists, made anew from time to time, so that a call does not wait for it.
//! A node's offer is compared with the chain's newest word where it differs from the copy. What asks the
//! chain fails if that cannot be asked.

use std::{
	collections::{BTreeMap, BTreeSet, HashMap},
	sync::{
		atomic::{AtomicU32, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::{At, ChainError};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus},
	AccountId, BlockNumber, ModelId, MAX_PAGE,
};
use openledger_protocol::Task;
use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use crate::{
	network::Network,
	node::{api::NodeApi, endpoint, health::Health},
};

/// Questions to the chain that are on their way at the same time.
const PARALLEL: usize = 8;
/// The pause before the chain is asked for its newest block again.
const BLOCK: Duration = Duration::from_secs(3);
/// The lists are made anew when they are so old.
const REFRESH: Duration = Duration::from_secs(60);
/// A model that is not in the lists is looked for on chain, but not more often than this.
const SEARCH: Duration = Duration::from_secs(5);
/// After the chain could not be asked, the next try is made so much later.
const AGAIN: Duration = Duration::from_secs(1);
/// Nodes that are asked how they are in one round, at most.
const CHECKS: usize = 32;
/// A node that does not serve some kind of call is asked for such calls last, for so long.
const UNSERVED: Duration = Duration::from_secs(600);

/// A model, and the nodes that serve it.
#[derive(Clone, Debug)]
pub struct Listing {
	/// The model as the chain has it.
	pub model: ModelInfo,
	/// The nodes that take calls of it.
	pub nodes: Vec<NodeInfo>,
}

/// The chain's lists at one time.
#[derive(Clone, Debug, Default)]
pub struct Lists {
	/// The models that some node serves, by name.
	pub models: BTreeMap<String, Listing>,
	/// The time when they were made.
	pub made: Option<Instant>,
	/// The time when that was tried last, and why it failed.
	pub failed: Option<(Instant, ChainError)>,
}

/// See the module's documentation.
pub struct Market {
	network: Arc<dyn Network>,
	/// `true` if nodes inside this machine's network are called.
	inside: bool,
	began: Instant,
	best: AtomicU32,
	finalized: AtomicU32,
	lists: RwLock<Arc<Lists>>,
	health: Mutex<HashMap<AccountId, Health>>,
	/// The time when a node said that it does not serve some kind of call of a model.
	unserved: Mutex<HashMap<(AccountId, (ModelId, Task)), Instant>>,
	turn: tokio::sync::Mutex<()>,
}

impl Market {
	/// Nothing is known yet: see [`Self::refresh`].
	pub fn new(network: Arc<dyn Network>, inside: bool) -> Self {
		Self {
			network,
			inside,
			began: Instant::now(),
			best: AtomicU32::new(0),
			finalized: AtomicU32::new(0),
			lists: RwLock::default(),
			health: Mutex::default(),
			unserved: Mutex::default(),
			turn: tokio::sync::Mutex::default(),
		}
	}

	/// The newest block that is known.
	pub fn best(&self) -> BlockNumber {
		self.best.load(Ordering::Relaxed)
	}

	/// The newest block that is known to be final.
	pub fn finalized(&self) -> BlockNumber {
		self.finalized.load(Ordering::Relaxed)
	}

	/// The lists as they are.
	pub fn lists(&self) -> Arc<Lists> {
		self.lists.read().clone()
	}

	/// Milliseconds since the market opened.
	pub fn now(&self) -> u64 {
		u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
	}

	/// Changes what is known of a node's health.
	pub fn note<T>(&self, operator: &AccountId, change: impl FnOnce(&mut Health, u64) -> T) -> T {
		change(self.health.lock().entry(operator.clone()).or_default(), self.now())
	}

	/// Notes that a node has failed, or cannot be reached.
	pub fn failed(&self, operator: &AccountId) {
		self.note(operator, Health::failed);
	}

	/// A model's name, or its number if it is not listed any more.
	pub fn model_name(&self, id: ModelId) -> String {
		let lists = self.lists();
		let listed = lists.models.values().find(|listing| listing.model.id == id);
		listed.map_or_else(|| id.to_string(), |listing| listing.model.name.clone())
	}

	/// A node's health.
	pub fn health(&self, operator: &AccountId) -> Health {
		self.health.lock().get(operator).cloned().unwrap_or_default()
	}

	/// Notes that a node does not serve such calls of a model.
	pub fn note_unserved(&self, operator: &AccountId, calls: (ModelId, Task)) {
		let mut unserved = self.unserved.lock();
		unserved.retain(|_, at| at.elapsed() < UNSERVED);
		unserved.insert((operator.clone(), calls), Instant::now());
	}

	/// Returns `true` if a node has said lately that it does not serve such calls of a model.
	pub fn is_unserved(&self, operator: &AccountId, calls: (ModelId, Task)) -> bool {
		let unserved = self.unserved.lock();
		unserved.get(&(operator.clone(), calls)).is_some_and(|at| at.elapsed() < UNSERVED)
	}

	/// A model by its name, looked for on chain if it is not in the lists.
	pub async fn find(&self, name: &str) -> Result<Option<Listing>, ChainError> {
		let lists = self.lists();
		if let Some(listing) = lists.models.get(name) {
			return Ok(Some(listing.clone()));
		}
		self.refresh_if_older(SEARCH).await?;
		Ok(self.lists().models.get(name).cloned())
	}

	/// Makes the lists anew if they are older than `age`. Whoever comes while that is being done
	/// waits for it.
	pub async fn refresh_if_older(&self, age: Duration) -> Result<(), ChainError> {
		let _turn = self.turn.lock().await;
		let lists = self.lists();
		match (lists.made, &lists.failed) {
			(Some(made), _) if made.elapsed() < age => Ok(()),
			// A chain that does not answer is not asked by every call that waits.
			(_, Some((tried, error))) if tried.elapsed() < AGAIN => Err(error.clone()),
			_ => self.refresh().await,
		}
	}

	/// Makes the lists anew.
	async fn refresh(&self) -> Result<(), ChainError> {
		let made = self.make().await;
		let mut lists = self.lists.write();
		match made {
			Ok(models) => {
				let made = Some(Instant::now());
				*lists = Arc::new(Lists { models, made, failed: None });
				Ok(())
			}
			Err(error) => {
				let failed = Some((Instant::now(), error.clone()));
				*lists = Arc::new(Lists { failed, ..Lists::clone(&lists) });
				Err(error)
			}
		}
	}

	async fn make(&self) -> Result<BTreeMap<String, Listing>, ChainError> {
		self.look_at_blocks().await?;
		let mut models = Vec::new();
		let mut from = Some(0);
		while let Some(first) = from {
			let page = self.network.models(first).await?;
			let last = page.last().map(|model| model.id);
			// A page may be shorter than it could be only at the end.
			let full = u32::try_from(page.len()).is_ok_and(|entries| entries >= MAX_PAGE);
			from = last.filter(|_| full).and_then(|last: ModelId| last.checked_add(1));
			models.extend(page.into_iter().filter(is_callable));
		}
		let listings = stream::iter(models).map(|model| async move {
			let nodes = self.nodes(model.id).await?;
			Ok::<_, ChainError>((model.name.clone(), Listing { model, nodes }))
		});
		let listings: Vec<_> = listings.buffer_unordered(PARALLEL).try_collect().await?;
		Ok(listings.into_iter().filter(|(_, listing)| !listing.nodes.is_empty()).collect())
	}

	/// The nodes that take calls of a model.
	async fn nodes(&self, model: ModelId) -> Result<Vec<NodeInfo>, ChainError> {
		let mut nodes: Vec<NodeInfo> = Vec::new();
		let mut after = None;
		loop {
			let page = self.network.nodes(model, after.as_ref()).await?;
			let full = u32::try_from(page.len()).is_ok_and(|entries| entries >= MAX_PAGE);
			after = page.last().map(|node| node.operator.clone());
			nodes.extend(page.into_iter().filter(|node| self.is_usable(node)));
			if !full {
				return Ok(nodes);
			}
		}
	}

	/// Returns `true` if a node takes calls, at an address that may be called.
	pub fn is_usable(&self, node: &NodeInfo) -> bool {
		node.status == NodeStatus::Active && self.may_ask(node)
	}

	/// Returns `true` if a node is at an address that may be called.
	pub fn may_ask(&self, node: &NodeInfo) -> bool {
		endpoint::is_allowed(&node.endpoint, self.inside)
	}

	/// A model as the chain has it now: a price or version that has changed lately may not have
	/// reached a node yet, so the final word of the chain is handed out too.
	pub async fn newest(&self, id: ModelId) -> Result<Vec<ModelInfo>, ChainError> {
		let mut known = Vec::new();
		for at in [At::Best, At::Finalized] {
			known.extend(self.network.model(id, at).await?);
		}
		Ok(known)
	}

	async fn look_at_blocks(&self) -> Result<(), ChainError> {
		let best = self.network.block(At::Best).await?;
		let finalized = self.network.block(At::Finalized).await?;
		self.best.store(best, Ordering::Relaxed);
		self.finalized.store(finalized, Ordering::Relaxed);
		Ok(())
	}

	/// Keeps up with the chain until it is stopped.
	pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
		let following = async {
			let mut away = false;
			loop {
				tokio::time::sleep(BLOCK).await;
				let looked = match self.look_at_blocks().await {
					Ok(()) => self.refresh_if_older(REFRESH).await,
					Err(error) => Err(error),
				};
				// Once is enough.
				match &looked {
					Ok(()) if away => tracing::info!("the chain can be asked again"),
					Err(error) if !away => tracing::warn!(%error, "the chain cannot be asked"),
					Ok(()) | Err(_) => {}
				}
				away = looked.is_err();
			}
		};
		let _ = stop.run_until_cancelled(following).await;
	}

	/// Asks nodes of which nothing is known, or that have failed, how they are. `first` come first.
	pub async fn check_nodes(&self, api: &NodeApi, first: &BTreeSet<AccountId>) {
		let lists = self.lists();
		let nodes = lists.models.values().flat_map(|listing| &listing.nodes);
		let mut unclear: BTreeMap<(bool, AccountId), String> = BTreeMap::new();
		for node in nodes {
			if self.health(&node.operator).is_unclear() {
				let key = (!first.contains(&node.operator), node.operator.clone());
				unclear.insert(key, node.endpoint.clone());
			}
		}
		let checks = stream::iter(unclear.into_iter().take(CHECKS));
		checks
			.for_each_concurrent(PARALLEL, |((_, operator), endpoint)| async move {
				let asked = Instant::now();
				let well = api.is_well(&endpoint).await;
				let after = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
				self.note(&operator, |health, now| match well {
					true => health.reached(after),
					false => health.failed(now),
				});
			})
			.await;
	}
}

/// Returns `true` if a model takes new calls.
pub fn is_callable(model: &ModelInfo) -> bool {
	!model.paused && model.retired_at.is_none()
}

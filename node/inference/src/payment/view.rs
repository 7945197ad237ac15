//! Follows the chain, so that a payment check rarely has to wait for it.
//!
//! At every finalized block, or every few seconds, the view is renewed: the best block's number and
//! the served models with their prices. A price that was in force goes on to count as long as the
//! offers that were made with it stand, also after a new start. Sessions are read when a voucher names
//! them and kept for a few blocks: what can change about an open session against the node (its caller
//! asks to close it) comes with a notice period that is far longer. When the chain cannot be reached,
//! what is known goes on to count for [`MAX_AGE`], then paid calls are refused.

use std::{
	collections::{BTreeMap, HashMap},
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::StreamExt;
use openledger_client::{At, Block, Chain, ChainError};
use openledger_primitives::{
	info::{ModelInfo, SessionInfo},
	price::PriceSchedule,
	AccountId, BlockNumber, Hash, ModelId, PriceVersion, SessionId,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
	prices::{Note, Prices},
	ChainUnavailable, SessionSource,
};

/// For how long the view counts after the chain was last heard of.
pub const MAX_AGE: Duration = Duration::from_secs(60);
/// After how long without news the chain counts as disconnected: ten blocks.
const QUIET: Duration = Duration::from_secs(30);
/// How long to wait for the next finalized block before looking all the same.
const REFRESH: Duration = Duration::from_secs(6);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// For how many blocks a session is not read again.
const SESSION_BLOCKS: BlockNumber = 2;
/// The most sessions that are kept in memory.
const MAX_SESSIONS: usize = 10_000;

/// What was last seen of the chain.
#[derive(Clone, Debug)]
pub struct View {
	/// The best block's height.
	pub best: BlockNumber,
	/// The finalized block.
	pub finalized: Block,
	/// The models that this node serves.
	pub models: BTreeMap<ModelId, ModelInfo>,
	/// When it was seen.
	pub seen: Instant,
}

impl View {
	/// Whether the chain was heard of lately.
	pub fn is_connected(&self) -> bool {
		self.seen.elapsed() < QUIET
	}
}

/// A session as it was read when the best block was `read_at`.
#[derive(Clone, Debug)]
struct CachedSession {
	info: SessionInfo,
	read_at: BlockNumber,
	seen: Instant,
}

/// A real chain, followed.
#[derive(Debug)]
pub struct ChainView {
	chain: Chain,
	operator: AccountId,
	view: watch::Sender<View>,
	/// The models that are served, whether the chain knows them for good yet or not.
	models: Mutex<Vec<ModelId>>,
	sessions: Mutex<HashMap<SessionId, CachedSession>>,
	prices: Mutex<Prices>,
	/// Where they are written down.
	offers: PathBuf,
}

impl ChainView {
	/// Reads the state of the chain, and of the models that are served. What is offered is written to
	/// the file `offers`.
	///
	/// # Errors
	/// When the chain cannot be asked.
	pub async fn new(
		chain: Chain,
		operator: AccountId,
		models: &[ModelId],
		offers: &Path,
	) -> Result<Arc<Self>, ChainError> {
		let finalized = chain.block(At::Finalized).await?;
		let seen = look(&chain, finalized, models).await?;
		let mut prices = Prices::load(offers, seen.best).unwrap_or_else(|error| {
			let file = offers.display();
			warn!(%error, %file, "what was offered before is not known; it does not count any more");
			Prices::default()
		});
		let note = prices.note(&seen.models, seen.best);
		write_down(note, offers).await;
		Ok(Arc::new(Self {
			chain,
			operator,
			view: watch::Sender::new(seen),
			models: Mutex::new(models.to_vec()),
			sessions: Mutex::default(),
			prices: Mutex::new(prices),
			offers: offers.to_owned(),
		}))
	}

	/// Renews the view at every finalized block, and from time to time where there is none, until it
	/// is stopped.
	pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
		let mut blocks = self.chain.finalized_blocks(None);
		loop {
			let block = tokio::select! {
				() = stop.cancelled() => return,
				block = blocks.next() => block.unwrap_or_else(|| Err(ended())),
				() = tokio::time::sleep(REFRESH) => self.chain.block(At::Finalized).await,
			};
			let models = self.served();
			let seen = match block {
				Ok(block) => look(&self.chain, block, &models).await,
				Err(error) => Err(error),
			};
			match seen {
				Ok(view) => {
					debug!(best = view.best, finalized = view.finalized.number, "chain seen");
					let note = self.prices().note(&view.models, view.best);
					write_down(note, &self.offers).await;
					self.view.send_replace(view);
					self.forget_old_sessions();
				}
				Err(error) => {
					warn!(%error, "the chain cannot be followed; trying on");
					tokio::time::sleep(PAUSE).await;
				}
			}
		}
	}

	/// Serves these models from now on. Each is known as soon as it is final on the chain.
	pub fn serve(&self, models: &[ModelId]) {
		*self.models.lock().unwrap_or_else(PoisonError::into_inner) = models.to_vec();
	}

	fn prices(&self) -> std::sync::MutexGuard<'_, Prices> {
		self.prices.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn served(&self) -> Vec<ModelId> {
		self.models.lock().unwrap_or_else(PoisonError::into_inner).clone()
	}

	/// What was last seen of the chain, now and when it changes.
	pub fn watch(&self) -> watch::Receiver<View> {
		self.view.subscribe()
	}

	fn recent(&self) -> Result<watch::Ref<'_, View>, ChainUnavailable> {
		let view = self.view.borrow();
		match view.seen.elapsed() {
			age if age < MAX_AGE => Ok(view),
			age => Err(ChainUnavailable(format!("no news for {} s", age.as_secs()))),
		}
	}

	fn cached(&self, id: SessionId) -> Option<CachedSession> {
		self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
	}

	fn forget_old_sessions(&self) {
		let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
		sessions.retain(|_, session| session.seen.elapsed() < MAX_AGE);
	}
}

/// Writes down what is offered from now on, on another thread. Without it offers do not stand after a
/// new start, and calls go on.
async fn write_down(note: Option<Note>, file: &Path) {
	let Some(note) = note else { return };
	let path = file.to_owned();
	let written = tokio::task::spawn_blocking(move || note.write(&path)).await;
	if let Err(error) = written.map_err(std::io::Error::other).flatten() {
		warn!(%error, file = %file.display(), "what is offered cannot be written down");
	}
}

/// The stream of finalized blocks never ends; if it did, looking from time to time goes on.
fn ended() -> ChainError {
	ChainError::UnknownBlock { block: "next finalized".into() }
}

/// Looks at the chain when `finalized` is its finalized block.
async fn look(chain: &Chain, finalized: Block, models: &[ModelId]) -> Result<View, ChainError> {
	let best = chain.block(At::Best).await?.number;
	let mut infos = BTreeMap::new();
	for id in models {
		if let Some(info) = chain.model(*id, At::Finalized).await? {
			infos.insert(*id, info);
		}
	}
	Ok(View { best, finalized, models: infos, seen: Instant::now() })
}

#[async_trait]
impl SessionSource for ChainView {
	fn genesis_hash(&self) -> Hash {
		self.chain.genesis_hash()
	}

	fn operator(&self) -> &AccountId {
		&self.operator
	}

	fn best_block(&self) -> Result<BlockNumber, ChainUnavailable> {
		Ok(self.recent()?.best)
	}

	fn model(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable> {
		Ok(self.recent()?.models.get(&id).cloned())
	}

	fn standing_price(
		&self,
		model: ModelId,
		version: PriceVersion,
	) -> Result<Option<PriceSchedule>, ChainUnavailable> {
		let best = self.recent()?.best;
		Ok(self.prices().standing(model, version, best))
	}

	async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, ChainUnavailable> {
		let best = self.recent()?.best;
		let cached = self.cached(id);
		if let Some(session) = &cached {
			if best.saturating_sub(session.read_at) < SESSION_BLOCKS {
				return Ok(Some(session.info.clone()));
			}
		}
		match self.chain.session(id, At::Best).await {
			Ok(Some(info)) => {
				let entry =
					CachedSession { info: info.clone(), read_at: best, seen: Instant::now() };
				let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
				if sessions.len() < MAX_SESSIONS || sessions.contains_key(&id) {
					sessions.insert(id, entry);
				}
				Ok(Some(info))
			}
			Ok(None) => {
				self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
				Ok(None)
			}
			Err(error) => match cached {
				Some(session) if session.seen.elapsed() < MAX_AGE => {
					warn!(%error, session = id, "using a session as it was last read");
					Ok(Some(session.info))
				}
				_ => Err(ChainUnavailable(error.to_string())),
			},
		}
	}
}

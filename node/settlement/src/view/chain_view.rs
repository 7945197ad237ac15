//! Follows the chain, so that a payment check rarely has to wait for it.
//!
//! At every finalized block, or every few seconds, the view is renewed: the best block's number and
//! the served models with their prices. A price that was in force goes on to count as long as the
//! offers that were made with it stand, also after a new start. Sessions are read when a voucher names
//! them and kept for a few blocks: what can change about an open session against the node (its caller
//! asks to close it) comes with a notice period that is far longer. So are the terms of lanes, for longer.
//!
//! When the chain cannot be reached, what is known goes on to count for as long as the operator lets it:
//! sessions that were seen shortly before are served, within what each may owe, and others are not. The
//! block is then what it would be by the clock.

use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use futures::StreamExt;
use openledger_books::LaneFunds;
use openledger_chain_client::{chain::finalized_blocks, AccountInfo, At, Block, Chain, ChainError};
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, SessionInfo},
	lane::RejectReason,
	price::PriceSchedule,
	AccountId, Balance, BlockNumber, Hash, ModelId, PriceVersion, SessionId, VersionId,
};
use openledger_protocol::units::format_amount;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
	prices::{Note, Prices},
	sessions::{Sessions, Sight},
	terms::Terms,
	ChainUnavailable, SessionSource,
};

/// The time that a block takes, in seconds.
const BLOCK: u64 = 3;
/// After how long without news the chain counts as away: ten blocks.
const QUIET: Duration = Duration::from_secs(30);
/// The time to wait for the next finalized block before looking all the same.
const REFRESH: Duration = Duration::from_secs(6);
/// The time to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// The chain as it was last seen.
#[derive(Clone, Debug)]
pub struct View {
	/// The best block's height.
	pub best: BlockNumber,
	/// The finalized block.
	pub finalized: Block,
	/// The models that this node serves.
	pub models: BTreeMap<ModelId, ModelInfo>,
	/// The deposit for a lane, and what the operator has for more of them.
	pub funds: LaneFunds,
	/// The moment when it was seen.
	pub seen: Seen,
}

/// A moment, on both clocks: one stands still while the machine sleeps, the other one can be set.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
	running: Instant,
	wall: SystemTime,
}

impl Seen {
	/// This moment.
	pub fn now() -> Self {
		Self { running: Instant::now(), wall: SystemTime::now() }
	}

	/// The time that ago it was: the longer of what the two say. A clock that was set back says nothing.
	pub fn elapsed(&self) -> Duration {
		self.running.elapsed().max(self.wall.elapsed().unwrap_or_default())
	}
}

impl View {
	/// Tells whether the chain was heard of lately.
	pub fn is_connected(&self) -> bool {
		self.seen.elapsed() < QUIET
	}

	/// The same, seen after `before`. A chain node that says the same again and again may have lost its
	/// peers: that is no news of the chain.
	fn after(self, before: &View) -> Self {
		let is_news = self.best > before.best || self.finalized.number > before.finalized.number;
		let seen = if is_news { self.seen } else { before.seen };
		Self { seen, ..self }
	}

	/// The best block's height by now. Where the chain was not heard of lately it is taken to have gone
	/// on, so that nothing is served for a session or a voucher that may have ended.
	fn best_now(&self) -> BlockNumber {
		best_after(self.best, self.seen.elapsed())
	}

	/// The finalized block's height. Nothing is known to be final by the clock.
	fn final_block(&self) -> BlockNumber {
		self.finalized.number.min(self.best)
	}

	/// A model as it is now, unless something that was announced has come into force while the chain
	/// could not be asked: what that is, down to its number, only the chain says.
	fn model_now(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable> {
		let Some(info) = self.models.get(&id) else { return Ok(None) };
		match self.is_connected() || !changes_by(info, self.best_now()) {
			true => Ok(Some(info.clone())),
			false => Err(ChainUnavailable(format!("model {id} has changed since it was asked"))),
		}
	}
}

/// The best block's height when the one that was seen was `best` and nothing was heard for `age`.
fn best_after(best: BlockNumber, age: Duration) -> BlockNumber {
	if age < QUIET {
		return best;
	}
	best.saturating_add(BlockNumber::try_from(age.as_secs() / BLOCK).unwrap_or(BlockNumber::MAX))
}

/// Tells whether something that was announced of a model is in force at this block.
fn changes_by(model: &ModelInfo, best: BlockNumber) -> bool {
	let from = [
		model.next_version.map(|next| next.from),
		model.next_price.map(|next| next.from),
		model.next_policy.map(|next| next.from),
	];
	from.into_iter().flatten().any(|from| from <= best)
}

/// A real chain, followed.
#[derive(Debug)]
pub struct ChainView {
	chain: Chain,
	operator: AccountId,
	view: watch::Sender<View>,
	/// The models that are served, whether the chain knows them for good yet or not.
	models: Mutex<Vec<ModelId>>,
	sessions: Sessions,
	terms: Terms,
	/// For how long the view counts after the chain was last heard of.
	away: Duration,
	prices: Mutex<Prices>,
	/// The file in which they are written down.
	offers: PathBuf,
}

impl ChainView {
	/// Reads the state of the chain, and of the models that are served. What is offered is written to
	/// the file `offers`. What is known counts for `away` where the chain cannot be asked.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn new(
		chain: Chain,
		operator: AccountId,
		models: &[ModelId],
		offers: &Path,
		away: Duration,
	) -> Result<Arc<Self>, ChainError> {
		let finalized = chain.block(At::Finalized).await?;
		let seen = look(&chain, &operator, finalized, models).await?;
		warn_of_poverty(&seen.funds);
		let mut prices = Prices::load(offers, seen.best).unwrap_or_else(|error| {
			let file = offers.display();
			warn!(%error, %file, "what was offered before is not known; it does not count any more");
			Prices::default()
		});
		let note = prices.note(&seen.models, seen.best);
		write_down(note, offers).await;
		Ok(Arc::new(Self {
			chain,
			sessions: Sessions::new(operator.clone()),
			terms: Terms::default(),
			away,
			operator,
			view: watch::Sender::new(seen),
			models: Mutex::new(models.to_vec()),
			prices: Mutex::new(prices),
			offers: offers.to_owned(),
		}))
	}

	/// Renews the view at every finalized block, and from time to time where there is none, until it
	/// is stopped.
	pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
		let mut blocks = finalized_blocks(&self.chain, None);
		loop {
			let block = tokio::select! {
				() = stop.cancelled() => return,
				block = blocks.next() => block.unwrap_or_else(|| Err(ended())),
				() = tokio::time::sleep(REFRESH) => self.chain.block(At::Finalized).await,
			};
			let models = self.served();
			let seen = match block {
				Ok(block) => look(&self.chain, &self.operator, block, &models).await,
				Err(error) => Err(error),
			};
			match seen {
				Ok(view) => {
					let view = view.after(&self.view.borrow());
					if !is_poor(&self.view.borrow().funds) {
						warn_of_poverty(&view.funds);
					}
					debug!(best = view.best, finalized = view.finalized.number, "chain seen");
					let note = self.prices().note(&view.models, view.best);
					write_down(note, &self.offers).await;
					self.terms.forget_old(view.best);
					self.view.send_replace(view);
					self.sessions.forget_old();
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

	/// The chain as it was last seen, now and when that changes.
	pub fn watch(&self) -> watch::Receiver<View> {
		self.view.subscribe()
	}

	fn recent(&self) -> Result<watch::Ref<'_, View>, ChainUnavailable> {
		let view = self.view.borrow();
		match view.seen.elapsed() {
			age if age < self.away => Ok(view),
			age => Err(ChainUnavailable(format!("no news for {} s", age.as_secs()))),
		}
	}

	fn sight(&self) -> Result<Sight, ChainUnavailable> {
		let view = self.recent()?;
		Ok(Sight { best: view.best_now(), away: !view.is_connected() })
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

/// Returns `true` if there is no deposit for another lane.
fn is_poor(funds: &LaneFunds) -> bool {
	funds.free < funds.deposit
}

fn warn_of_poverty(funds: &LaneFunds) {
	if is_poor(funds) {
		let (free, deposit) = (format_amount(funds.free), format_amount(funds.deposit));
		warn!(
			%free, %deposit,
			"the operator's account has no deposit for another lane: new callers are refused until it has"
		);
	}
}

/// The part of an account's balance that can be held, in planck.
fn holdable(account: &AccountInfo) -> Balance {
	// What must stay may be what is held already.
	account.free.saturating_sub(account.frozen.saturating_sub(account.reserved))
}

/// Looks at the chain when `finalized` is its finalized block.
async fn look(
	chain: &Chain,
	operator: &AccountId,
	finalized: Block,
	models: &[ModelId],
) -> Result<View, ChainError> {
	let best = chain.block(At::Best).await?.number;
	let funds = LaneFunds {
		deposit: chain.constant("InferenceMetering", "LaneDeposit").await?,
		free: holdable(&chain.account(operator, At::Best).await?),
	};
	let mut infos = BTreeMap::new();
	for id in models {
		if let Some(info) = chain.model(*id, At::Finalized).await? {
			infos.insert(*id, info);
		}
	}
	Ok(View { best, finalized, models: infos, funds, seen: Seen::now() })
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
		Ok(self.recent()?.best_now())
	}

	fn final_block(&self) -> Result<BlockNumber, ChainUnavailable> {
		Ok(self.recent()?.final_block())
	}

	fn lane_funds(&self) -> Result<LaneFunds, ChainUnavailable> {
		Ok(self.recent()?.funds)
	}

	fn model(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable> {
		self.recent()?.model_now(id)
	}

	fn standing_price(
		&self,
		model: ModelId,
		version: PriceVersion,
	) -> Result<Option<PriceSchedule>, ChainUnavailable> {
		let best = self.recent()?.best_now();
		Ok(self.prices().standing(model, version, best))
	}

	async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, ChainUnavailable> {
		let sight = self.sight()?;
		let ask = || async {
			let found = self.chain.session(id, At::Best).await;
			found.map_err(|error| error.to_string())
		};
		self.sessions.get(id, sight, ask).await
	}

	async fn lane_terms(
		&self,
		session: SessionId,
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<Result<LaneTermsInfo, RejectReason>, ChainUnavailable> {
		let ask = || async {
			let found = self.chain.lane_terms(model, version, price_version, as_of, At::Best).await;
			found.map_err(|error| error.to_string())
		};
		let key = (model, version, price_version, as_of);
		self.terms.get(session, key, self.sight()?, ask).await
	}

	fn away_for(&self) -> Option<Duration> {
		let view = self.view.borrow();
		(!view.is_connected()).then(|| view.seen.elapsed())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::info::Scheduled;
	use openledger_testkit as testkit;

	#[test]
	fn a_chain_that_is_not_heard_of_goes_on() {
		assert_eq!(best_after(100, Duration::ZERO), 100);
		assert_eq!(best_after(100, QUIET - Duration::from_millis(1)), 100);
		assert_eq!(best_after(100, QUIET), 110);
		assert_eq!(best_after(100, Duration::from_secs(3_600)), 1_300);
	}

	#[test]
	fn a_chain_that_stands_still_is_not_heard_of() {
		let block = |number| Block { number, hash: Hash::zero() };
		let view = |best, finalized| View {
			best,
			finalized: block(finalized),
			models: BTreeMap::new(),
			funds: LaneFunds::default(),
			seen: Seen::now(),
		};
		let old = Seen { running: Instant::now(), wall: SystemTime::now() - 2 * QUIET };
		let before = View { seen: old, ..view(100, 98) };
		assert!(!view(100, 98).after(&before).is_connected());
		assert!(!view(99, 98).after(&before).is_connected(), "it went back");
		assert!(view(101, 98).after(&before).is_connected());
		assert!(view(99, 99).after(&before).is_connected(), "blocks were replaced");
	}

	#[test]
	fn time_in_which_the_machine_slept_counts() {
		let hour = Duration::from_secs(3_600);
		let seen = Seen::now();
		assert!(seen.elapsed() < hour);
		let slept = Seen { wall: seen.wall - hour, ..seen };
		assert!(slept.elapsed() >= hour);
		let set_back = Seen { wall: seen.wall + hour, ..seen };
		assert!(set_back.elapsed() < hour);
	}

	#[test]
	fn what_is_held_already_may_be_what_has_to_stay() {
		let account = AccountInfo { nonce: 0, free: 100, reserved: 30, frozen: 0 };
		assert_eq!(holdable(&account), 100);
		assert_eq!(holdable(&AccountInfo { frozen: 30, ..account }), 100);
		assert_eq!(holdable(&AccountInfo { frozen: 70, ..account }), 60);
		assert_eq!(holdable(&AccountInfo { frozen: 500, ..account }), 0);
	}

	#[test]
	fn what_was_announced_comes_into_force_all_the_same() {
		let model = testkit::model();
		assert!(!changes_by(&model, BlockNumber::MAX));
		let model = ModelInfo { next_version: Some(Scheduled { from: 110, value: 2 }), ..model };
		assert!(!changes_by(&model, 109));
		assert!(changes_by(&model, 110));
	}
}

//! Putting money into sessions.
//!
//! A transaction is written down before it is submitted, with what it would put in, and counts
//! against the budget from then on. If its outcome is unknown, it counts until the chain tells.

mod search;

pub use self::search::{Search, SearchError};

use std::{collections::HashMap, sync::Arc, time::Duration};

use openledger_chain_client::{ss58, At, ChainError};
use openledger_primitives::{AccountId, Balance, BlockNumber, ModelId, SessionId, MILLI_OPEN};
use openledger_protocol::units::format_amount;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::{
	runtime::Handle,
	sync::oneshot,
	time::{sleep, Instant},
};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::{
	ledger::{Draft, IntentKind, Shortfall},
	network::{Network, Opened, Submitted},
	store::StoreError,
	treasury::{Reserved, Treasury, TreasuryError},
};

/// What an account needs besides a deposit: what is held for the session's place on chain, the
/// existential deposit, and fees. Governance may raise the first: then the chain says what is missing.
const RESERVE: Balance = 200 * MILLI_OPEN;
/// How often money is put into sessions for one call.
const FUNDINGS: u32 = 3;
/// Below this part of a usual deposit, a session is topped up before it has run dry.
const LOW: Balance = 4;
/// How long a node is given to see what happened on chain.
const FRESH: Duration = Duration::from_secs(60);
/// How often to check whether a transaction has come to its end.
const PAUSE: Duration = Duration::from_millis(500);

/// Why no money could be put into a session.
#[derive(Clone, Debug, Error)]
pub enum FundingError {
	/// The budget does not allow it, or the node is not paid any more.
	#[error(transparent)]
	Short(Shortfall),
	/// The account does not hold enough.
	#[error(
		"the account {account} has {} that can be spent, and a session needs {} and fees: send it \
		 OPEN", format_amount(*free), format_amount(*need)
	)]
	Poor {
		/// Its address.
		account: String,
		/// What it can spend, in planck.
		free: Balance,
		/// What is needed, in planck.
		need: Balance,
	},
	/// The key that opens sessions is not here.
	#[error(
		"no session with this node can pay for the call, and the key of {account}, which could open \
		 one, is not here"
	)]
	NoKey {
		/// The account's address.
		account: String,
	},
	/// A call may cost more than the hot key may spend in a session.
	#[error(
		"this call may cost {}, and the hot key may spend {} in a session (--signer-limit)",
		format_amount(*need), format_amount(*limit)
	)]
	AboveLimit {
		/// What the call may cost, in planck.
		need: Balance,
		/// The limit, in planck.
		limit: Balance,
	},
	/// The chain did not do it.
	#[error("the chain refused: {0}")]
	Refused(String),
	/// The chain may have done it, or may do it yet.
	#[error("it is not known yet whether a session has its money: {0}")]
	Unknown(String),
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}

impl From<TreasuryError> for FundingError {
	fn from(error: TreasuryError) -> Self {
		match error {
			TreasuryError::Short(shortfall) => Self::Short(shortfall),
			TreasuryError::Store(error) => Self::Store(error),
		}
	}
}

/// What is wanted: a lane of a session with a node that can pay for a call.
#[derive(Clone, Debug)]
pub struct Want {
	/// The operator.
	pub node: AccountId,
	/// The model.
	pub model: ModelId,
	/// The most that the call may cost, in planck.
	pub amount: Balance,
	/// What was agreed on.
	pub draft: Draft,
	/// The newest block.
	pub best: BlockNumber,
}

/// Puts money into sessions.
pub struct Funding {
	network: Arc<dyn Network>,
	treasury: Arc<Treasury>,
	/// How long a new session lasts, in blocks.
	session_blocks: BlockNumber,
	nodes: Mutex<HashMap<AccountId, Arc<Waiting>>>,
	/// When money was last put into a session: its node may not have seen it yet.
	changed: Mutex<HashMap<SessionId, Instant>>,
	tasks: TaskTracker,
}

/// Calls that wait for money in a session with one node.
#[derive(Default)]
struct Waiting {
	turn: tokio::sync::Mutex<()>,
	/// What they may cost together, in planck.
	demand: Mutex<Balance>,
}

/// A call's part in that, as long as it waits.
struct Demand<'a> {
	waiting: &'a Waiting,
	amount: Balance,
}

impl<'a> Demand<'a> {
	fn raise(waiting: &'a Waiting, amount: Balance) -> Self {
		let mut demand = waiting.demand.lock();
		*demand = demand.saturating_add(amount);
		Self { waiting, amount }
	}

	/// What all that wait may cost together, in planck.
	fn of_all(&self) -> Balance {
		*self.waiting.demand.lock()
	}
}

impl Drop for Demand<'_> {
	fn drop(&mut self) {
		let mut demand = self.waiting.demand.lock();
		*demand = demand.saturating_sub(self.amount);
	}
}

/// A lane with what a call may cost set aside, on its way to who has asked for it: given back if it
/// does not arrive there.
struct Unclaimed {
	funding: Arc<Funding>,
	reserved: Option<Reserved>,
}

impl Unclaimed {
	fn claim(mut self) -> Option<Reserved> {
		self.reserved.take()
	}
}

impl Drop for Unclaimed {
	fn drop(&mut self) {
		let Ok(runtime) = Handle::try_current() else { return };
		let Some(reserved) = self.reserved.take() else { return };
		let funding = self.funding.clone();
		let giving_back = async move { funding.give_back(reserved).await };
		self.funding.tasks.spawn_on(giving_back, &runtime);
	}
}

impl Funding {
	/// New sessions last `session_blocks`. What must not be interrupted runs on `tasks`.
	pub fn new(
		network: Arc<dyn Network>,
		treasury: Arc<Treasury>,
		session_blocks: BlockNumber,
		tasks: TaskTracker,
	) -> Arc<Self> {
		Arc::new(Self {
			network,
			treasury,
			session_blocks,
			nodes: Mutex::default(),
			changed: Mutex::default(),
			tasks,
		})
	}

	/// Finds a lane for a call and sets aside what it may cost, and puts money into a session where
	/// that is needed. One transaction serves all that wait for the same node, and whoever waits
	/// for money comes before those who come later. When this returns, the voucher may go out.
	///
	/// # Errors
	/// Why the call cannot be paid.
	pub async fn begin(self: &Arc<Self>, want: Want) -> Result<Reserved, FundingError> {
		let funding = self.clone();
		let (reply, answer) = oneshot::channel();
		// Whoever loses patience must leave neither a transaction half done, nor a lane taken.
		self.tasks.spawn(async move {
			let reserved = funding.serve(want).await;
			let reserved = reserved.map(|reserved| Unclaimed { funding, reserved: Some(reserved) });
			// Where nobody waits for it, it comes back and is dropped.
			drop(reply.send(reserved));
		});
		let ended = || FundingError::Unknown("its task has ended".into());
		answer.await.map_err(|_| ended())??.claim().ok_or_else(ended)
	}

	/// Gives a lane back that nobody wants any more.
	async fn give_back(&self, reserved: Reserved) {
		if let Err(error) = self.treasury.release(&reserved.slot, false).await {
			warn!(%error, "a lane that nobody wants any more could not be released");
		}
	}

	async fn serve(&self, want: Want) -> Result<Reserved, FundingError> {
		let waiting = self.nodes.lock().entry(want.node.clone()).or_default().clone();
		if *waiting.demand.lock() == 0 {
			match self.take(&want).await {
				Err(TreasuryError::Short(Shortfall::TopUp { .. } | Shortfall::Open { .. })) => {}
				taken => return taken.map_err(Into::into),
			}
		}
		let demand = Demand::raise(&waiting, want.amount);
		let _turn = waiting.turn.lock().await;
		for _ in 0..FUNDINGS {
			let (need, top_up) = match self.take(&want).await {
				Err(TreasuryError::Short(Shortfall::TopUp { session, need })) => {
					(need, Some(session))
				}
				Err(TreasuryError::Short(Shortfall::Open { need })) => (need, None),
				taken => return taken.map_err(Into::into),
			};
			self.fund(&want.node, need, top_up, demand.of_all()).await?;
		}
		self.take(&want).await.map_err(Into::into)
	}

	async fn take(&self, want: &Want) -> Result<Reserved, TreasuryError> {
		let Want { node, model, amount, draft, best } = want;
		self.treasury.begin(node, *model, *amount, draft.clone(), *best).await
	}

	/// Puts money into a session with a node: what is needed for one call, or, if there is as much,
	/// for all that wait.
	async fn fund(
		&self,
		node: &AccountId,
		need: Balance,
		top_up: Option<SessionId>,
		demand: Balance,
	) -> Result<(), FundingError> {
		let account = ss58(&self.network.account());
		if self.network.key().is_none() {
			return Err(FundingError::NoKey { account });
		}
		// Another session would not help either.
		if let Some(limit) = self.network.hot_limit().filter(|limit| *limit < need) {
			if top_up.is_none() {
				return Err(FundingError::AboveLimit { need, limit });
			}
		}
		let from = self.network.block(At::Best).await?;
		let free = self.network.free_balance().await?;
		let available = free.saturating_sub(RESERVE);
		if available < need {
			return Err(FundingError::Poor { account, free, need });
		}
		let committed = self.treasury.look(|ledger| ledger.standing().committed);
		// But one node is not given everything.
		let most = self.treasury.budget().left(committed) / 2;
		let need = demand.min(most).min(available).max(need);
		match top_up {
			Some(session) => self.top_up(node, session, need, from, available).await,
			None => self.open(node, need, from, available).await,
		}
	}

	async fn open(
		&self,
		node: &AccountId,
		need: Balance,
		from: BlockNumber,
		available: Balance,
	) -> Result<(), FundingError> {
		let expires_at = from.saturating_add(self.session_blocks);
		let first = self.network.next_session().await?;
		let kind = IntentKind::Open { expires_at, first };
		let deposit = self.treasury.plan(node, need, kind, from, available).await?;
		let submitted = self.network.open_session(node, deposit, expires_at).await;
		let noted = match submitted {
			Submitted::Done(Opened { session, deposit, expires_at }) => {
				info!(session, node = %ss58(node), deposit = %format_amount(deposit), "session opened");
				let hot = self.network.hot_key().map(|hot| hot.account());
				let limit = self.network.hot_limit();
				let opened = self.treasury.update(|ledger| {
					// It takes the place of those.
					let mut changes = ledger.retire_worn(node);
					changes.extend(ledger.opened(node, session, deposit, expires_at));
					if let Some(hot) = hot {
						changes.extend(ledger.opened_for(session, hot, limit));
					}
					changes
				});
				self.changed.lock().insert(session, Instant::now());
				opened.await.map_err(Into::into)
			}
			other => self.not_done(node, other).await,
		};
		self.treasury.submitted(node);
		noted
	}

	async fn top_up(
		&self,
		node: &AccountId,
		session: SessionId,
		need: Balance,
		from: BlockNumber,
		available: Balance,
	) -> Result<(), FundingError> {
		let before =
			self.treasury.look(|ledger| ledger.session(session).map(|found| found.deposit));
		let Some(before) = before else {
			return Err(FundingError::Unknown("the session was closed".into()));
		};
		let kind = IntentKind::TopUp { session, before };
		let amount = self.treasury.plan(node, need, kind, from, available).await?;
		let noted = match self.network.top_up(session, amount).await {
			Submitted::Done(()) => {
				info!(session, node = %ss58(node), amount = %format_amount(amount), "session topped up");
				self.changed.lock().insert(session, Instant::now());
				self.treasury.update(|ledger| ledger.topped_up(node)).await.map_err(Into::into)
			}
			other => self.not_done(node, other).await,
		};
		self.treasury.submitted(node);
		noted
	}

	async fn not_done<T>(
		&self,
		node: &AccountId,
		submitted: Submitted<T>,
	) -> Result<(), FundingError> {
		match submitted {
			Submitted::Refused(reason) => {
				warn!(node = %ss58(node), %reason, "no money could be put into a session");
				self.treasury.update(|ledger| ledger.abandon(node)).await?;
				Err(FundingError::Refused(reason))
			}
			Submitted::Unknown(reason) => {
				warn!(node = %ss58(node), %reason, "a transaction's outcome is unknown");
				Err(FundingError::Unknown(reason))
			}
			Submitted::Done(_) => Ok(()),
		}
	}

	/// Tops a session up that has little left, so that no call has to wait for it. Does nothing
	/// where that would tie up the rest of the budget.
	pub fn refill(self: &Arc<Self>, node: &AccountId, session: SessionId) {
		let usual = self.treasury.budget().deposit;
		let is_low = self.treasury.look(|ledger| {
			let spare = self.treasury.budget().left(ledger.standing().committed);
			let grows = ledger
				.session(session)
				.is_some_and(|session| session.limit.is_none_or(|limit| session.deposit < limit));
			ledger.left(session) < usual / LOW
				&& grows && spare >= usual
				// Whoever has to make good for something first.
				&& !ledger.is_doubted(node)
				&& !ledger.intents().contains_key(node)
		});
		if !is_low || self.network.key().is_none() {
			return;
		}
		let (funding, node) = (self.clone(), node.clone());
		self.tasks.spawn(async move {
			let waiting = funding.nodes.lock().entry(node.clone()).or_default().clone();
			// Somebody is at it.
			let Ok(_turn) = waiting.turn.try_lock() else { return };
			if let Err(error) = funding.add(&node, session).await {
				tracing::debug!(%error, "a session was not topped up ahead of time");
			}
		});
	}

	async fn add(&self, node: &AccountId, session: SessionId) -> Result<(), FundingError> {
		let from = self.network.block(At::Best).await?;
		let available = self.network.free_balance().await?.saturating_sub(RESERVE);
		match available {
			0 => Ok(()),
			_ => self.top_up(node, session, 1, from, available).await,
		}
	}

	/// Whether money was put into a session so lately that its node may not have seen it.
	pub fn is_fresh(&self, session: SessionId) -> bool {
		let mut changed = self.changed.lock();
		changed.retain(|_, at| at.elapsed() < FRESH);
		changed.contains_key(&session)
	}

	/// Waits until the transaction for a node has come to its end, or until `deadline`.
	pub async fn settled(&self, node: &AccountId, deadline: Instant) -> bool {
		loop {
			if self.treasury.look(|ledger| !ledger.intents().contains_key(node)) {
				return true;
			}
			if Instant::now() >= deadline {
				return false;
			}
			sleep(PAUSE).await;
		}
	}
}

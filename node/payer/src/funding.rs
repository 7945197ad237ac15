//! Putting money into sessions.
//!
//! A transaction is written down before it is submitted, with what it would put in, and counts
//! against the budget from then on. If its outcome is unknown, it counts until the chain tells.

use std::{collections::HashMap, sync::Arc, time::Duration};

use openledger_chain_client::{ss58, At, ChainError};
use openledger_payer_ledger::{
	Book, CallTerms, IntentKind, Reserved, Shortfall, StoreError, Treasury, TreasuryError,
};
use openledger_primitives::{AccountId, Balance, BlockNumber, SessionId, MILLI_OPEN};
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

use crate::network::{Keys, Network, Opened, Submitted};

/// The amount that an account needs besides a deposit: what is held for the session's place on chain, the
/// existential deposit, and fees. Governance may raise the first: then the chain says what is missing.
const RESERVE: Balance = 200 * MILLI_OPEN;
/// Money is put into sessions so often for one call.
const FUNDINGS: u32 = 3;
/// Below this part of a usual deposit, a session is topped up before it has run dry.
const LOW: Balance = 4;
/// The time that a node is given to see what happened on chain.
const FRESH: Duration = Duration::from_secs(60);
/// The pause before a transaction is looked at again.
const PAUSE: Duration = Duration::from_millis(500);

/// The reason why no money could be put into a session. Amounts in planck.
#[derive(Clone, Debug, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum FundingError {
	#[error(transparent)]
	Short(Shortfall),
	#[error(
		"the account {account} has {} that can be spent, and a session needs {} and fees: send it \
		 OPEN", format_amount(*free), format_amount(*need)
	)]
	Poor { account: String, free: Balance, need: Balance },
	#[error(
		"no session with this node can pay for the call, and the key of {account}, which could open \
		 one, is not here"
	)]
	NoKey { account: String },
	#[error(
		"this call may cost {}, and the hot key may spend {} in a session (--signer-limit)",
		format_amount(*need), format_amount(*limit)
	)]
	AboveLimit { need: Balance, limit: Balance },
	#[error("the chain refused: {0}")]
	Refused(String),
	#[error("it is not known yet whether a session has its money: {0}")]
	Unknown(String),
	#[error(transparent)]
	Chain(#[from] ChainError),
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

/// A wish for a lane of a session with a node that can pay for a call.
#[derive(Clone, Debug)]
pub struct Want {
	/// The operator.
	pub node: AccountId,
	/// The call.
	pub agreed: CallTerms,
	/// The newest block.
	pub best: BlockNumber,
}

/// Puts money into sessions.
pub struct Funding {
	network: Arc<dyn Network>,
	treasury: Arc<Treasury>,
	/// The length of a new session, in blocks.
	session_blocks: BlockNumber,
	nodes: Mutex<HashMap<AccountId, Arc<Waiting>>>,
	/// The time when money was last put into a session: its node may not have seen it yet.
	changed: Mutex<HashMap<SessionId, Instant>>,
	tasks: TaskTracker,
}

/// Calls that wait for money in a session with one node.
#[derive(Default)]
struct Waiting {
	turn: tokio::sync::Mutex<()>,
	/// Their cost together at most, in planck.
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

	/// The most that all who wait may cost together, in planck.
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
		let slot = &reserved.slot;
		let released = self.treasury.at(slot.session, |book| book.unsent(slot));
		if let Err(error) = released.await {
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
		let demand = Demand::raise(&waiting, want.agreed.allowance);
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
		self.treasury.begin(&want.node, want.agreed.clone(), want.best).await
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
		let Keys { account, own, hot_limit, .. } = self.network.keys();
		let account = ss58(&account);
		if own.is_none() {
			return Err(FundingError::NoKey { account });
		}
		// Another session would not help either.
		if let Some(limit) = hot_limit.filter(|limit| *limit < need) {
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
			Submitted::Done(Opened { session, deposit, expires_at, opened_at }) => {
				info!(session, node = %ss58(node), deposit = %format_amount(deposit), "session opened");
				let keys = self.network.keys();
				let limit = keys.hot_limit.unwrap_or(Balance::MAX);
				let opened = self.treasury.update(|ledger| {
					// It takes the place of those.
					let mut changes = ledger.books_mut().retire_worn(node);
					changes.extend(
						ledger.deposits().opened(node, session, deposit, expires_at, opened_at),
					);
					if let Some(hot) = keys.hot_account() {
						let books = ledger.books_mut();
						changes.extend(books.at(session, |book| book.opened_for(hot, limit)));
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
		let before = self.treasury.look(|ledger| Some(ledger.books().session(session)?.deposit));
		let Some(before) = before else {
			return Err(FundingError::Unknown("the session was closed".into()));
		};
		let kind = IntentKind::TopUp { session, before };
		let amount = self.treasury.plan(node, need, kind, from, available).await?;
		let noted = match self.network.top_up(session, amount).await {
			Submitted::Done(()) => {
				info!(session, node = %ss58(node), amount = %format_amount(amount), "session topped up");
				self.changed.lock().insert(session, Instant::now());
				self.treasury
					.update(|ledger| ledger.deposits().topped_up(node))
					.await
					.map_err(Into::into)
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
				self.treasury.update(|ledger| ledger.deposits().abandon(node)).await?;
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
			let known = ledger.books().session(session);
			// More money for what a node has refused would be its to settle as well.
			ledger.books().get(session).map_or(0, Book::unspent) < usual / LOW
				&& known.is_some_and(|session| session.deposit < session.limit)
				&& spare >= usual
				// Whoever has to make good for something first.
				&& !ledger.means().is_doubted(node)
				&& !ledger.funds().intents().contains_key(node)
		});
		if !is_low || self.network.keys().own.is_none() {
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

	/// Returns `true` if money was put into a session so lately that its node may not have seen it.
	pub fn is_fresh(&self, session: SessionId) -> bool {
		let mut changed = self.changed.lock();
		changed.retain(|_, at| at.elapsed() < FRESH);
		changed.contains_key(&session)
	}

	/// Waits until the transaction for a node has come to its end, or until `deadline`.
	pub async fn settled(&self, node: &AccountId, deadline: Instant) -> bool {
		loop {
			if self.treasury.look(|ledger| !ledger.funds().intents().contains_key(node)) {
				return true;
			}
			if Instant::now() >= deadline {
				return false;
			}
			sleep(PAUSE).await;
		}
	}
}

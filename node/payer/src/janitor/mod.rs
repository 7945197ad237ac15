//! Looking after what is left lying about: calls whose outcome is unknown, transactions of unknown
//! outcome, sessions that nobody uses, and those that have come to their end.

mod closing;

pub use self::closing::{Closer, CloserError, Closing, ClosingSettings};

use std::{
	collections::{BTreeSet, HashMap},
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::{At, ChainError};
use openledger_primitives::{info::NodeInfo, AccountId, BlockNumber, SessionId};
use openledger_protocol::{
	sanitise::{sanitised, SHOWN},
	units::format_amount,
};
use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
	clerk::{Clerk, Unacceptable},
	funding::{Search, SearchError},
	ledger::{LaneSlot, Ledger, Open, Seen, Session, Usage},
	market::Market,
	network::Network,
	node::api::{NodeApi, StatementStatus},
	store::{unix_seconds, StoreError},
	treasury::Treasury,
};

/// Statements are kept for so long.
const KEEP_STATEMENTS: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How often old ones are thrown away.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// A session that ends within so many blocks pays for no more calls.
const MARGIN: BlockNumber = 20;
/// A session that the final chain does not have was closed, if it was opened so many blocks ago;
/// else it may just not be final yet.
const SETTLED_DOWN: BlockNumber = 128;
/// How many questions are on their way at the same time.
const PARALLEL: usize = 8;

/// Why a round was not finished.
#[derive(Debug, Error)]
pub enum JanitorError {
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// A transaction of unknown outcome could not be looked up.
	#[error(transparent)]
	Search(#[from] SearchError),
	/// A session could not be closed.
	#[error(transparent)]
	Closer(#[from] CloserError),
}

/// The parts of a janitor.
pub struct JanitorParts {
	/// The chain.
	pub network: Arc<dyn Network>,
	/// The nodes.
	pub market: Arc<Market>,
	/// The ledger.
	pub treasury: Arc<Treasury>,
	/// Transactions whose outcome is unknown.
	pub search: Search,
	/// Statements.
	pub clerk: Clerk,
	/// HTTP to nodes.
	pub api: NodeApi,
	/// Sessions that have come to their end.
	pub closer: Closer,
	/// How sessions are closed.
	pub settings: ClosingSettings,
}

/// See the module's documentation.
pub struct Janitor {
	parts: JanitorParts,
	/// When something was last done with a session, and what its lanes were like then.
	used: Mutex<HashMap<SessionId, (Usage, Instant)>>,
}

impl Janitor {
	/// Looks after what these parts leave behind.
	pub fn new(parts: JanitorParts) -> Self {
		Self { parts, used: Mutex::default() }
	}

	/// How sessions are closed.
	pub fn settings(&self) -> &ClosingSettings {
		&self.parts.settings
	}

	/// Makes rounds until it is stopped.
	pub async fn run(self: Arc<Self>, stop: CancellationToken) {
		let mut pruned: Option<Instant> = None;
		let rounds = async {
			loop {
				if let Err(error) = self.round().await {
					warn!(%error, "could not look after sessions");
				}
				if pruned.is_none_or(|last| last.elapsed() > PRUNE) {
					pruned = Some(Instant::now());
					if let Err(error) =
						self.parts.treasury.store().forget_statements(KEEP_STATEMENTS).await
					{
						warn!(%error, "could not throw old statements away");
					}
				}
				tokio::time::sleep(self.parts.settings.round).await;
			}
		};
		// A node may take minutes to agree to the end of a session.
		let closings = async {
			loop {
				self.close_retired().await;
				tokio::time::sleep(self.parts.settings.round).await;
			}
		};
		let _ = stop.run_until_cancelled(futures::future::join(rounds, closings)).await;
	}

	/// One round.
	///
	/// # Errors
	/// What could not be asked or written. The next round tries again.
	pub async fn round(&self) -> Result<(), JanitorError> {
		self.take_stock().await?;
		self.retire_idle().await?;
		let paid: BTreeSet<AccountId> = self
			.parts
			.treasury
			.look(|ledger| ledger.sessions().map(|known| known.node.clone()).collect());
		self.parts.market.check_nodes(&self.parts.api, &paid).await;
		Ok(())
	}

	/// Finds out what became of everything whose outcome is unknown, and compares the sessions with the
	/// chain.
	///
	/// # Errors
	/// What could not be asked or written.
	pub async fn take_stock(&self) -> Result<(), JanitorError> {
		let now = unix_seconds();
		self.parts.treasury.update(|ledger| ledger.lift(now)).await?;
		self.recover().await;
		self.parts.search.resolve().await?;
		self.observe().await
	}

	/// Asks what became of calls whose outcome is unknown.
	pub async fn recover(&self) {
		let unresolved = stream::iter(self.parts.treasury.look(Ledger::unresolved));
		unresolved
			.for_each_concurrent(PARALLEL, |(slot, open)| async move {
				let Some(_resumed) = self.parts.treasury.resume(&slot) else { return };
				if let Err(error) = self.resolve(&slot, &open).await {
					debug!(session = slot.session, lane = slot.lane, %error, "outcome still unknown");
				}
			})
			.await;
		let taken = stream::iter(self.parts.treasury.look(Ledger::taken_since));
		taken
			.for_each_concurrent(PARALLEL, |(slot, open)| async move {
				if let Err(error) = self.take_up(&slot, &open).await {
					debug!(session = slot.session, lane = slot.lane, %error, "outcome still unknown");
				}
			})
			.await;
		// Only now: each of them was asked about once, where the chain has settled it.
		let best = self.parts.market.best();
		if let Err(error) = self.parts.treasury.update(|ledger| ledger.forget_untaken(best)).await {
			error!(%error, "what can be taken no more could not be forgotten");
		}
	}

	/// The node of a call, if it may be asked.
	async fn node_of(&self, slot: &LaneSlot) -> Result<NodeInfo, String> {
		let node = self.parts.network.node(&slot.node).await.map_err(|error| error.to_string())?;
		let node = node.ok_or("the node is not registered any more")?;
		match self.parts.market.may_ask(&node) {
			true => Ok(node),
			false => Err(format!("{} is no address to be asked", sanitised(&node.endpoint, SHOWN))),
		}
	}

	/// What a node says of a call.
	async fn status_of(&self, slot: &LaneSlot) -> Result<StatementStatus, String> {
		let LaneSlot { session, lane, sequence, .. } = *slot;
		let node = self.node_of(slot).await?;
		Ok(self.parts.api.statement(&node.endpoint, session, lane, sequence).await)
	}

	/// Asks what became of one call.
	async fn resolve(&self, slot: &LaneSlot, open: &Open) -> Result<(), String> {
		let treasury = &self.parts.treasury;
		match self.status_of(slot).await? {
			StatementStatus::Served(response) => {
				let fate = treasury.look(|ledger| ledger.fate(slot));
				match self.parts.clerk.take(slot, open, *response, None, fate).await {
					Ok(charge) => info!(
						session = slot.session, lane = slot.lane, charge = %format_amount(charge),
						"a call whose outcome was unknown was charged",
					),
					// It is kept as a proof.
					Err(Unacceptable::False(_)) => {}
					Err(Unacceptable::Store(error)) => return Err(error.to_string()),
				}
				Ok(())
			}
			StatementStatus::NotCharged => {
				treasury.release(slot, true).await.map_err(|error| error.to_string())
			}
			StatementStatus::NotTaken if open.call.can_be_taken(self.parts.market.best()) => {
				let until = open.call.valid_until;
				Err(format!("its voucher was not taken, and can be until block {until}"))
			}
			StatementStatus::NotTaken => {
				treasury.release(slot, false).await.map_err(|error| error.to_string())
			}
			StatementStatus::NotNow(reason) => Err(reason),
		}
	}

	/// Asks for the statement of a call whose voucher was refused, and that the chain has settled.
	async fn take_up(&self, slot: &LaneSlot, open: &Open) -> Result<(), String> {
		match self.status_of(slot).await? {
			StatementStatus::Served(response) => {
				match self.parts.clerk.take_up(slot, open, *response).await {
					// It is kept as a proof.
					Ok(_) | Err(Unacceptable::False(_)) => Ok(()),
					Err(Unacceptable::Store(error)) => Err(error.to_string()),
				}
			}
			StatementStatus::NotCharged | StatementStatus::NotTaken => {
				let used_up = self.parts.treasury.update(|ledger| ledger.use_up(slot));
				used_up.await.map_err(|error| error.to_string())
			}
			StatementStatus::NotNow(reason) => Err(reason),
		}
	}

	/// Compares the sessions with the chain.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn observe(&self) -> Result<(), JanitorError> {
		let sessions: Vec<Session> =
			self.parts.treasury.look(|ledger| ledger.sessions().cloned().collect());
		if sessions.is_empty() {
			return Ok(());
		}
		let best = self.parts.network.block(At::Best).await?;
		let now = unix_seconds();
		for Session { id, opened_after, opening, .. } in sessions {
			if opening.is_some() {
				if let Some(info) = self.parts.network.session(id, At::Finalized).await? {
					self.parts.treasury.update(|ledger| ledger.prove(id, &info)).await?;
				}
			}
			let info = match self.parts.network.session(id, At::Best).await? {
				Some(info) => Some(info),
				None if self.is_closed(id, opened_after).await? => None,
				None => continue,
			};
			let mut evidence = Vec::new();
			self.parts
				.treasury
				.update(|ledger| {
					let seen = info.as_ref().map_or(Seen::Gone, Seen::There);
					let (mut changes, found) = ledger.observe(id, seen);
					evidence = found;
					changes.extend(ledger.take_settled(id, now));
					let ends = ledger.session(id).map(|session| session.expires_at);
					if ends.is_some_and(|ends| ends <= best.saturating_add(MARGIN)) {
						changes.extend(ledger.retire(id));
					}
					changes
				})
				.await?;
			for found in evidence {
				self.parts.clerk.accuse(&found).await?;
			}
		}
		Ok(())
	}

	/// Whether a session that the best chain does not have is closed for good.
	async fn is_closed(
		&self,
		id: SessionId,
		opened_after: BlockNumber,
	) -> Result<bool, ChainError> {
		let finalized = self.parts.network.block(At::Finalized).await?;
		let is_old = finalized >= opened_after.saturating_add(SETTLED_DOWN);
		Ok(is_old && self.parts.network.session(id, At::Finalized).await?.is_none())
	}

	/// Uses sessions no more with which nothing was done for a while. What is in them counts against
	/// the budget as long as they are open.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn retire_idle(&self) -> Result<(), JanitorError> {
		// What is closed without the account's key could not be opened again.
		let idle = self.parts.settings.idle.filter(|_| self.parts.network.key().is_some());
		let Some(patience) = idle else { return Ok(()) };
		let open: Vec<_> = self.parts.treasury.look(|ledger| {
			let open = ledger.sessions().filter(|session| !session.retired);
			open.map(|session| (session.id, ledger.usage(session.id))).collect()
		});
		let mut idle = Vec::new();
		{
			let mut used = self.used.lock();
			used.retain(|id, _| open.iter().any(|(open, _)| open == id));
			for (id, usage) in open {
				let entry = used.entry(id).or_insert((usage, Instant::now()));
				if entry.0 != usage || usage.busy {
					*entry = (usage, Instant::now());
				} else if entry.1.elapsed() >= patience {
					idle.push((id, usage));
				}
			}
		}
		for (session, usage) in idle {
			info!(session, "nothing was done with a session for a while: it is closed");
			// Unless a call has come in between.
			self.parts.treasury.update(|ledger| ledger.retire_unused(session, usage)).await?;
		}
		Ok(())
	}

	/// Closes the sessions that pay for no more calls, as far as they can be closed now.
	pub async fn close_retired(&self) {
		let retired: Vec<SessionId> = self.parts.treasury.look(|ledger| {
			let retired = ledger.sessions().filter(|session| session.retired);
			retired.map(|session| session.id).collect()
		});
		let closings = stream::iter(retired).for_each_concurrent(PARALLEL, |id| async move {
			if let Err(error) = self.parts.closer.close(id).await {
				warn!(session = id, %error, "could not look after a session");
			}
		});
		closings.await;
	}

	/// Uses no session for further calls, and closes those that can be closed.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn close_all(&self) -> Result<Vec<(SessionId, Closing)>, JanitorError> {
		self.observe().await?;
		let sessions: Vec<SessionId> = self
			.parts
			.treasury
			.look(|ledger| ledger.sessions().map(|session| session.id).collect());
		for id in &sessions {
			self.parts.treasury.update(|ledger| ledger.retire(*id)).await?;
		}
		// What failed before is tried again now.
		self.parts.closer.forget_failures();
		let closings = stream::iter(sessions)
			.map(
				|id| async move { Ok::<_, JanitorError>((id, self.parts.closer.close(id).await?)) },
			)
			.buffered(PARALLEL);
		closings.try_collect().await
	}

	/// Brings one session closer to its end, whether it is in the ledger or not.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn close_one(&self, id: SessionId) -> Result<Closing, JanitorError> {
		self.observe().await?;
		self.parts.treasury.update(|ledger| ledger.retire(id)).await?;
		self.parts.closer.forget_failures();
		Ok(self.parts.closer.close_one(id).await?)
	}
}

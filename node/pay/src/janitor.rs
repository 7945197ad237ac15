//! Looking after what is left lying about: calls whose outcome is unknown, transactions of unknown
//! outcome, and sessions that have come to their end.

use std::{
	collections::{BTreeSet, HashMap},
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use openledger_client::{ss58, units::format_amount, At, ChainError};
use openledger_primitives::{AccountId, BlockNumber, SessionId};
use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
	clerk::{Clerk, Unacceptable},
	funding::{Funding, FundingError},
	ledger::{Open, Seat, Seen},
	market::Market,
	network::{Network, Submitted},
	node::api::{Known, NodeApi},
	store::StoreError,
	treasury::Treasury,
};

/// How often a round is made.
const ROUND: Duration = Duration::from_secs(15);
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
/// After a transaction failed that closes a session, the next one is sent so much later.
const LATER: Duration = Duration::from_secs(600);

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
	Funding(#[from] FundingError),
}

/// See the module's documentation.
pub struct Janitor {
	/// The chain.
	pub network: Arc<dyn Network>,
	/// The nodes.
	pub market: Arc<Market>,
	/// The ledger.
	pub treasury: Arc<Treasury>,
	/// Transactions.
	pub funding: Arc<Funding>,
	/// Statements.
	pub clerk: Clerk,
	/// Speaks with nodes.
	pub api: NodeApi,
	/// When to try again to close a session.
	pub later: Mutex<HashMap<SessionId, Instant>>,
}

/// Where closing a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
	/// It is closed.
	Closed,
	/// It can be closed in this block at the soonest.
	From(BlockNumber),
	/// A transaction has failed; it is tried again later.
	NotYet,
}

impl Janitor {
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
						self.treasury.store().forget_statements(KEEP_STATEMENTS).await
					{
						warn!(%error, "could not throw old statements away");
					}
				}
				tokio::time::sleep(ROUND).await;
			}
		};
		let _ = stop.run_until_cancelled(rounds).await;
	}

	/// One round.
	///
	/// # Errors
	/// What could not be asked or written. The next round tries again.
	pub async fn round(&self) -> Result<(), JanitorError> {
		self.recover().await;
		self.funding.resolve().await?;
		self.observe().await?;
		for session in self.retired() {
			self.close(session).await?;
		}
		let paid: BTreeSet<AccountId> = self
			.treasury
			.look(|ledger| ledger.sessions().map(|known| known.node.clone()).collect());
		self.market.check_nodes(&self.api, &paid).await;
		Ok(())
	}

	/// Asks what became of calls whose outcome is unknown.
	pub async fn recover(&self) {
		let unresolved = stream::iter(self.treasury.take_unresolved());
		unresolved
			.for_each_concurrent(PARALLEL, |(seat, open)| async move {
				if let Err(error) = self.resolve(&seat, &open).await {
					debug!(session = seat.session, lane = seat.lane, %error, "outcome still unknown");
					self.treasury.park(&seat);
				}
			})
			.await;
	}

	/// Asks what became of one call.
	async fn resolve(&self, seat: &Seat, open: &Open) -> Result<(), String> {
		let node = self.network.node(&seat.node).await.map_err(|error| error.to_string())?;
		let node = node.ok_or("the node is not registered any more")?;
		let asked = self.api.statement(&node.endpoint, seat.session, seat.lane, seat.sequence);
		match asked.await {
			Known::Served(response) => {
				match self.clerk.take(seat, open, *response, None, false).await {
					Ok(charge) => info!(
						session = seat.session, lane = seat.lane, charge = %format_amount(charge),
						"a call whose outcome was unknown was charged",
					),
					// It is kept as a proof.
					Err(Unacceptable::False(_)) => {}
					Err(Unacceptable::Store(error)) => return Err(error.to_string()),
				}
				Ok(())
			}
			Known::NotCharged => {
				self.treasury.release(seat, true).await.map_err(|error| error.to_string())
			}
			Known::NotTaken if open.call.can_be_taken(self.market.best()) => {
				let until = open.call.valid_until;
				Err(format!("its voucher was not taken, and can be until block {until}"))
			}
			Known::NotTaken => {
				self.treasury.release(seat, false).await.map_err(|error| error.to_string())
			}
			Known::NotNow(reason) => Err(reason),
		}
	}

	/// Compares the sessions with the chain.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn observe(&self) -> Result<(), JanitorError> {
		let sessions: Vec<(SessionId, BlockNumber)> = self.treasury.look(|ledger| {
			ledger.sessions().map(|session| (session.id, session.opened_after)).collect()
		});
		if sessions.is_empty() {
			return Ok(());
		}
		let best = self.network.block(At::Best).await?;
		for (id, opened_after) in sessions {
			let info = match self.network.session(id, At::Best).await? {
				Some(info) => Some(info),
				None if self.is_closed(id, opened_after).await? => None,
				None => continue,
			};
			let mut evidence = Vec::new();
			self.treasury
				.update(|ledger| {
					let seen = info.as_ref().map_or(Seen::Gone, Seen::There);
					let (mut changes, found) = ledger.observe(id, seen);
					evidence = found;
					let ends = ledger.session(id).map(|session| session.expires_at);
					if ends.is_some_and(|ends| ends <= best.saturating_add(MARGIN)) {
						changes.extend(ledger.retire(id));
					}
					changes
				})
				.await?;
			for found in evidence {
				self.clerk.accuse(&found).await?;
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
		let finalized = self.network.block(At::Finalized).await?;
		let is_old = finalized >= opened_after.saturating_add(SETTLED_DOWN);
		Ok(is_old && self.network.session(id, At::Finalized).await?.is_none())
	}

	/// The sessions that pay for no more calls.
	fn retired(&self) -> Vec<SessionId> {
		self.treasury.look(|ledger| {
			let retired = ledger.sessions().filter(|session| session.retired);
			retired.map(|session| session.id).collect()
		})
	}

	/// Brings a session that pays for no more calls closer to its end, so that what is left of its
	/// deposit comes back: first that is asked for; then, when the node had its time to settle, the
	/// session is closed.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn close(&self, id: SessionId) -> Result<Closing, JanitorError> {
		// What became of a call whose outcome is unknown, the node may settle until the notice is over.
		let session = self.treasury.look(|ledger| ledger.session(id).cloned());
		let Some(session) = session else { return Ok(Closing::NotYet) };
		let waits = self.later.lock().get(&id).is_some_and(|later| Instant::now() < *later);
		if waits {
			return Ok(Closing::NotYet);
		}
		let best = self.network.block(At::Best).await?;
		let outcome = match session.closes_at {
			Some(from) if best < from => return Ok(Closing::From(from)),
			Some(_) => match self.network.close(id).await {
				Submitted::Done(refunded) => {
					let back = format_amount(refunded);
					info!(session = id, node = %ss58(&session.node), %back, "session closed");
					self.treasury.update(|ledger| ledger.closed(id, Some(refunded))).await?;
					self.later.lock().remove(&id);
					return Ok(Closing::Closed);
				}
				Submitted::Refused(reason) | Submitted::Unknown(reason) => reason,
			},
			None => match self.network.request_close(id).await {
				Submitted::Done(from) => {
					info!(session = id, from, "asked to close a session");
					if let Some(info) = self.network.session(id, At::Best).await? {
						self.treasury
							.update(|ledger| ledger.observe(id, Seen::There(&info)).0)
							.await?;
					}
					return Ok(Closing::From(from));
				}
				Submitted::Refused(reason) | Submitted::Unknown(reason) => reason,
			},
		};
		debug!(session = id, reason = %outcome, "a session could not be closed; trying again later");
		let later = Instant::now().checked_add(LATER).unwrap_or_else(Instant::now);
		self.later.lock().insert(id, later);
		Ok(Closing::NotYet)
	}
}

//! Looking after what is left lying about: calls whose outcome is unknown, transactions of unknown
//! outcome, sessions that nobody uses, and those that have come to their end.

mod closing;

pub use self::closing::{Closing, ClosingSettings};

use std::{
	collections::{BTreeSet, HashMap},
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use openledger_client::{
	sanitise::{sanitised, SHOWN},
	units::format_amount,
	At, ChainError,
};
use openledger_primitives::{AccountId, BlockNumber, SessionId};
use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
	clerk::{Clerk, Unacceptable},
	funding::{Funding, FundingError},
	ledger::{Ledger, Open, Seat, Seen, Session, Usage},
	market::Market,
	network::Network,
	node::api::{Known, NodeApi},
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
	/// How sessions are closed.
	pub closing: ClosingSettings,
	/// When to try again to close a session, and whether its notice was over.
	pub later: Mutex<HashMap<SessionId, (Instant, bool)>>,
	/// When something was last done with a session, and what its lanes were like then.
	pub used: Mutex<HashMap<SessionId, (Usage, Instant)>>,
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
				tokio::time::sleep(self.closing.round).await;
			}
		};
		// A node may take minutes to agree to the end of a session.
		let closings = async {
			loop {
				self.close_retired().await;
				tokio::time::sleep(self.closing.round).await;
			}
		};
		let _ = stop.run_until_cancelled(futures::future::join(rounds, closings)).await;
	}

	/// One round.
	///
	/// # Errors
	/// What could not be asked or written. The next round tries again.
	pub async fn round(&self) -> Result<(), JanitorError> {
		let now = unix_seconds();
		self.treasury.update(|ledger| ledger.lift(now)).await?;
		self.recover().await;
		self.funding.resolve().await?;
		self.observe().await?;
		self.retire_idle().await?;
		let paid: BTreeSet<AccountId> = self
			.treasury
			.look(|ledger| ledger.sessions().map(|known| known.node.clone()).collect());
		self.market.check_nodes(&self.api, &paid).await;
		Ok(())
	}

	/// Asks what became of calls whose outcome is unknown.
	pub async fn recover(&self) {
		let unresolved = stream::iter(self.treasury.look(Ledger::unresolved));
		unresolved
			.for_each_concurrent(PARALLEL, |(seat, open)| async move {
				let Some(_resumed) = self.treasury.resume(&seat) else { return };
				if let Err(error) = self.resolve(&seat, &open).await {
					debug!(session = seat.session, lane = seat.lane, %error, "outcome still unknown");
				}
			})
			.await;
	}

	/// Asks what became of one call.
	async fn resolve(&self, seat: &Seat, open: &Open) -> Result<(), String> {
		let node = self.network.node(&seat.node).await.map_err(|error| error.to_string())?;
		let node = node.ok_or("the node is not registered any more")?;
		if !self.market.may_ask(&node) {
			return Err(format!("{} is no address to be asked", sanitised(&node.endpoint, SHOWN)));
		}
		let asked = self.api.statement(&node.endpoint, seat.session, seat.lane, seat.sequence);
		match asked.await {
			Known::Served(response) => {
				let fate = self.treasury.look(|ledger| ledger.fate(seat));
				match self.clerk.take(seat, open, *response, None, fate).await {
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
		let sessions: Vec<Session> =
			self.treasury.look(|ledger| ledger.sessions().cloned().collect());
		if sessions.is_empty() {
			return Ok(());
		}
		let best = self.network.block(At::Best).await?;
		let now = unix_seconds();
		for Session { id, opened_after, opening, .. } in sessions {
			if opening.is_some() {
				if let Some(info) = self.network.session(id, At::Finalized).await? {
					self.treasury.update(|ledger| ledger.prove(id, &info)).await?;
				}
			}
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
					changes.extend(ledger.take_settled(id, now));
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
}

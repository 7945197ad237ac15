//! The payer's upkeep: calls whose outcome is unknown, transactions of unknown outcome, sessions that
//! nobody uses, and those that have come to their end. All of it fails where the chain cannot be asked, or a
//! change not be written down; the next round tries again.

mod closing;
mod error;
mod search;
mod watch;

pub use self::{closing::Closing, error::UpkeepError};

use std::{
	collections::{BTreeSet, HashMap},
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::At;
use openledger_payer_ledger::{Book, Session, Usage};
use openledger_primitives::{AccountId, SessionId};
use openledger_protocol::clock::unix_seconds;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::{closing::Closer, search::Search};
use crate::{adoption, parts::Parts, recovery};

/// Statements are kept for so long.
const KEEP_STATEMENTS: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Old ones are thrown away at this interval.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// Sessions that are closed at the same time.
const PARALLEL: usize = 8;

/// See the module's documentation.
pub struct Janitor {
	parts: Arc<Parts>,
	search: Search,
	closer: Closer,
	/// Sessions that were named to be taken over, and of which that is still to be done.
	take_over: Mutex<BTreeSet<SessionId>>,
	/// The time when something was last done with a session, and what its lanes were like then.
	used: Mutex<HashMap<SessionId, (Usage, Instant)>>,
}

impl Janitor {
	pub(crate) fn new(parts: Arc<Parts>) -> Self {
		let (search, closer) = (Search::new(parts.clone()), Closer::new(parts.clone()));
		let take_over = Mutex::new(parts.settings.take_over.iter().copied().collect());
		Self { parts, search, closer, take_over, used: Mutex::default() }
	}

	/// Takes over the sessions that were named, with their lanes, as far as that can be done now.
	pub async fn take_over(&self) -> Result<(), UpkeepError> {
		let named = self.take_over.lock().clone();
		for session in named {
			if adoption::take_over(&self.parts, session).await? {
				self.take_over.lock().remove(&session);
			}
		}
		Ok(())
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
					if let Err(error) = self.parts.treasury.forget_old(KEEP_STATEMENTS).await {
						warn!(%error, "could not throw old statements away");
					}
				}
				tokio::time::sleep(self.parts.settings.closing.round).await;
			}
		};
		// A node may take minutes to agree to the end of a session.
		let closings = async {
			loop {
				self.close_retired().await;
				tokio::time::sleep(self.parts.settings.closing.round).await;
			}
		};
		let _ = stop.run_until_cancelled(futures::future::join(rounds, closings)).await;
	}

	/// One round.
	pub async fn round(&self) -> Result<(), UpkeepError> {
		self.take_stock().await?;
		self.retire_idle().await?;
		let sessions = self.sessions();
		let paid: BTreeSet<AccountId> = sessions.into_iter().map(|known| known.node).collect();
		self.parts.market.check_nodes(&self.parts.api, &paid).await;
		Ok(())
	}

	/// Finds out what became of everything whose outcome is unknown, and compares the sessions with the
	/// chain.
	pub async fn take_stock(&self) -> Result<(), UpkeepError> {
		let now = unix_seconds();
		self.parts.treasury.update(|ledger| ledger.lift(now)).await?;
		self.search.resolve().await?;
		self.take_over().await?;
		// First what the chain has settled; then nodes are asked what for; then they are judged by it.
		self.look().await?;
		self.recover().await;
		adoption::adopt_forgotten(&self.parts, None).await?;
		self.reckon().await
	}

	/// Asks what became of calls whose outcome is unknown.
	pub async fn recover(&self) {
		recovery::ask_all(&self.parts).await;
	}

	/// Compares the sessions with the chain, and judges their nodes by it.
	pub async fn observe(&self) -> Result<(), UpkeepError> {
		self.look().await?;
		self.reckon().await
	}

	fn sessions(&self) -> Vec<Session> {
		self.parts.treasury.look(|ledger| ledger.books().sessions().cloned().collect())
	}

	async fn look(&self) -> Result<(), UpkeepError> {
		let sessions = self.sessions();
		if sessions.is_empty() {
			return Ok(());
		}
		let best = self.parts.network.block(At::Best).await?;
		for session in sessions {
			watch::look(&self.parts, &session).await?;
			self.parts.treasury.at(session.id, |book| book.retire_at(best)).await?;
		}
		Ok(())
	}

	async fn reckon(&self) -> Result<(), UpkeepError> {
		for session in self.sessions() {
			watch::reckon(&self.parts, session.id).await?;
		}
		Ok(())
	}

	/// Uses sessions no more with which nothing was done for a while. What is in them counts against
	/// the budget as long as they are open.
	pub async fn retire_idle(&self) -> Result<(), UpkeepError> {
		// What is closed without the account's key could not be opened again.
		let idle =
			self.parts.settings.closing.idle.filter(|_| self.parts.network.keys().own.is_some());
		let Some(patience) = idle else { return Ok(()) };
		let open: Vec<_> = self.parts.treasury.look(|ledger| {
			let open = ledger.books().all().filter(|book| !book.session().retired);
			open.map(|book| (book.session().id, book.usage())).collect()
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
			self.parts.treasury.at(session, |book| book.retire_unused(usage)).await?;
		}
		Ok(())
	}

	/// Closes the sessions that pay for no more calls, as far as they can be closed now.
	pub async fn close_retired(&self) {
		let retired = self.sessions().into_iter().filter(|session| session.retired);
		let closings = stream::iter(retired).for_each_concurrent(PARALLEL, |session| async move {
			if let Err(error) = self.closer.close(session.id).await {
				warn!(session = session.id, %error, "could not look after a session");
			}
		});
		closings.await;
	}

	/// Uses no session for further calls, and closes those that can be closed.
	pub async fn close_all(&self) -> Result<Vec<(SessionId, Closing)>, UpkeepError> {
		self.take_over().await?;
		self.observe().await?;
		let sessions = self.sessions();
		for session in &sessions {
			self.parts.treasury.at(session.id, Book::retire).await?;
		}
		// What failed before is tried again now.
		self.closer.forget_failures();
		let closings = stream::iter(sessions).map(|session| async move {
			Ok::<_, UpkeepError>((session.id, self.closer.close(session.id).await?))
		});
		closings.buffered(PARALLEL).try_collect().await
	}

	/// Brings one session closer to its end, whether it is in the ledger or not.
	pub async fn close_one(&self, id: SessionId) -> Result<Closing, UpkeepError> {
		self.observe().await?;
		self.parts.treasury.at(id, Book::retire).await?;
		self.closer.forget_failures();
		self.closer.close_one(id).await
	}
}

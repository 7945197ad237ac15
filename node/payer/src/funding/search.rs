//! Finding out what became of transactions whose outcome is unknown, and under which number a session
//! is that they have opened.

use std::{collections::HashMap, sync::Arc};

use openledger_chain_client::{ss58, At, ChainError};
use openledger_primitives::{info::SessionInfo, AccountId, BlockNumber, SessionId};
use parking_lot::Mutex;
use thiserror::Error;
use tracing::{info, warn};

use crate::{
	ledger::{Intent, IntentKind, Ledger, Opening, Seen},
	network::Network,
	store::StoreError,
	treasury::Treasury,
};

/// A transaction can enter a block for so many blocks after it was written down, generously.
const LIFETIME: BlockNumber = 128;
/// The most sessions that are looked at in one go when one is searched for.
const SEARCHED: SessionId = 5_000;

/// Why it could not be found out.
#[derive(Clone, Debug, Error)]
pub enum SearchError {
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// The node that a session is searched for with, and the session, if it had a number before.
type Searched = (AccountId, Option<SessionId>);

/// The result of looking through some sessions.
enum Looked {
	Found(SessionInfo),
	/// There is more to look at.
	GoesOn,
	Nothing,
}

/// See the module's documentation.
pub struct Search {
	network: Arc<dyn Network>,
	treasury: Arc<Treasury>,
	/// Where a search for a session goes on.
	searched: Mutex<HashMap<Searched, SessionId>>,
}

impl Search {
	/// Searches on this chain for what the treasury does not know.
	pub fn new(network: Arc<dyn Network>, treasury: Arc<Treasury>) -> Self {
		Self { network, treasury, searched: Mutex::default() }
	}

	/// Finds out what became of transactions whose outcome is unknown.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn resolve(&self) -> Result<(), SearchError> {
		let intents = self.treasury.look(|ledger| {
			let intents = ledger.intents().iter();
			let unknown = intents.filter(|(node, _)| !ledger.is_submitting(node));
			unknown.map(|(node, intent)| (node.clone(), intent.clone())).collect::<Vec<_>>()
		});
		for (node, intent) in intents {
			let finalized = self.network.block(At::Finalized).await?;
			let is_over = finalized > intent.from.saturating_add(LIFETIME);
			match intent.kind {
				IntentKind::TopUp { session, before } => {
					let info = self.network.session(session, At::Best).await?;
					let expected = before.saturating_add(intent.amount);
					if info.is_some_and(|info| info.deposit >= expected) {
						self.treasury.update(|ledger| ledger.topped_up(&node)).await?;
					} else if is_over {
						self.treasury.update(|ledger| ledger.abandon(&node)).await?;
					}
				}
				IntentKind::Open { .. } => self.search(&node, &intent, is_over).await?,
			}
		}
		self.find_moved().await
	}

	/// Looks for the session that a transaction of unknown outcome may have opened.
	async fn search(
		&self,
		node: &AccountId,
		intent: &Intent,
		is_over: bool,
	) -> Result<(), SearchError> {
		let IntentKind::Open { expires_at, first } = intent.kind else { return Ok(()) };
		let opening = Opening { first, amount: intent.amount, expires_at, displaced: false };
		match self.look_for(node, None, opening).await? {
			Looked::Found(info) => {
				let id = info.id;
				info!(session = id, node = %ss58(node), "found the session of a lost transaction");
				let opened = |ledger: &mut Ledger| {
					let mut changes = ledger.opened(node, id, info.deposit, info.expires_at);
					changes.extend(ledger.observe(id, Seen::There(&info)).0);
					changes
				};
				self.treasury.update(opened).await?;
			}
			// New ones may come as long as the transaction may be included.
			Looked::Nothing if is_over => {
				self.treasury.update(|ledger| ledger.abandon(node)).await?;
			}
			Looked::GoesOn | Looked::Nothing => {}
		}
		Ok(())
	}

	/// Looks for sessions that have another number in the final chain than they were opened with.
	async fn find_moved(&self) -> Result<(), SearchError> {
		let displaced = self.treasury.look(|ledger| {
			let displaced = ledger.sessions().filter(|session| session.is_displaced());
			displaced.cloned().collect::<Vec<_>>()
		});
		// A later one may have the number that an earlier one has now.
		for session in displaced.into_iter().rev() {
			let Some(opening) = session.opening else { continue };
			let finalized = self.network.block(At::Finalized).await?;
			let is_over = finalized > session.opened_after.saturating_add(LIFETIME);
			let (id, node) = (session.id, &session.node);
			match self.look_for(node, Some(id), opening).await? {
				Looked::Found(info) => {
					warn!(session = id, now = info.id, node = %ss58(node), "a session has another number");
					self.treasury
						.update(|ledger| {
							let mut changes = ledger.moved(id, info.id);
							changes.extend(ledger.observe(info.id, Seen::There(&info)).0);
							changes
						})
						.await?;
				}
				Looked::Nothing if is_over => {
					warn!(session = id, node = %ss58(node), "a session is not there any more");
					self.treasury.update(|ledger| ledger.closed(id, None)).await?;
				}
				Looked::GoesOn | Looked::Nothing => {}
			}
		}
		Ok(())
	}

	/// Looks for a session that is not known yet and was opened like this.
	async fn look_for(
		&self,
		node: &AccountId,
		before: Option<SessionId>,
		opening: Opening,
	) -> Result<Looked, SearchError> {
		let key = (node.clone(), before);
		let next = self.network.next_session().await?;
		let from = self.searched.lock().get(&key).copied().unwrap_or(opening.first);
		let to = next.min(from.saturating_add(SEARCHED));
		let caller = self.network.account();
		for id in from..to {
			let Some(info) = self.network.session(id, At::Best).await? else { continue };
			let ours = (&info.caller, &info.node, info.deposit, info.expires_at)
				== (&caller, node, opening.amount, opening.expires_at);
			if ours && self.treasury.look(|ledger| ledger.session(id).is_none()) {
				self.searched.lock().remove(&key);
				return Ok(Looked::Found(info));
			}
		}
		if to < next {
			self.searched.lock().insert(key, to);
			return Ok(Looked::GoesOn);
		}
		self.searched.lock().remove(&key);
		Ok(Looked::Nothing)
	}
}

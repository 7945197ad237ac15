//! Finding out what became of transactions whose outcome is unknown, and under which number a session
//! is that they have opened.

use std::{collections::HashMap, sync::Arc};

use openledger_chain_client::{ss58, At};
use openledger_payer_ledger::{Intent, IntentKind, Ledger, Opening};
use openledger_primitives::{info::SessionInfo, AccountId, BlockNumber, SessionId};
use openledger_protocol::clock::unix_seconds;
use parking_lot::Mutex;
use tracing::{info, warn};

use super::error::UpkeepError;
use crate::parts::Parts;

/// A transaction can enter a block for so many blocks after it was written down, generously.
const LIFETIME: BlockNumber = 128;
/// The most sessions that are looked at in one go when one is searched for.
const SEARCHED: SessionId = 5_000;

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
pub(super) struct Search {
	parts: Arc<Parts>,
	/// The session at which a search goes on.
	searched: Mutex<HashMap<Searched, SessionId>>,
}

impl Search {
	pub fn new(parts: Arc<Parts>) -> Self {
		Self { parts, searched: Mutex::default() }
	}

	/// Finds out what became of transactions whose outcome is unknown.
	pub async fn resolve(&self) -> Result<(), UpkeepError> {
		let intents = self.parts.treasury.look(|ledger| {
			let funds = ledger.funds();
			let unknown = funds.intents().iter().filter(|(node, _)| !funds.is_submitting(node));
			unknown.map(|(node, intent)| (node.clone(), intent.clone())).collect::<Vec<_>>()
		});
		for (node, intent) in intents {
			let finalized = self.parts.network.block(At::Finalized).await?;
			let is_over = finalized > intent.from.saturating_add(LIFETIME);
			match intent.kind {
				IntentKind::TopUp { session, before } => {
					let info = self.parts.network.session(session, At::Best).await?;
					let expected = before.saturating_add(intent.amount);
					if info.is_some_and(|info| info.deposit >= expected) {
						self.parts
							.treasury
							.update(|ledger| ledger.deposits().topped_up(&node))
							.await?;
					} else if is_over {
						self.parts
							.treasury
							.update(|ledger| ledger.deposits().abandon(&node))
							.await?;
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
	) -> Result<(), UpkeepError> {
		let IntentKind::Open { expires_at, first } = intent.kind else { return Ok(()) };
		let opening = Opening { first, amount: intent.amount, expires_at, displaced: false };
		match self.look_for(node, None, opening).await? {
			Looked::Found(info) => {
				let id = info.id;
				info!(session = id, node = %ss58(node), "found the session of a lost transaction");
				let opened = |ledger: &mut Ledger| {
					let (deposit, expires_at) = (info.deposit, info.expires_at);
					let mut changes =
						ledger.deposits().opened(node, id, deposit, expires_at, info.opened_at);
					changes.extend(ledger.observe(id, Some(&info), unix_seconds()).0);
					changes
				};
				self.parts.treasury.update(opened).await?;
			}
			// New ones may come as long as the transaction may be included.
			Looked::Nothing if is_over => {
				self.parts.treasury.update(|ledger| ledger.deposits().abandon(node)).await?;
			}
			Looked::GoesOn | Looked::Nothing => {}
		}
		Ok(())
	}

	/// Looks for sessions that have another number in the final chain than they were opened with.
	async fn find_moved(&self) -> Result<(), UpkeepError> {
		let displaced = self.parts.treasury.look(|ledger| {
			let displaced = ledger.books().sessions().filter(|session| session.is_displaced());
			displaced.cloned().collect::<Vec<_>>()
		});
		// A later one may have the number that an earlier one has now.
		for session in displaced.into_iter().rev() {
			let Some(opening) = session.opening else { continue };
			let finalized = self.parts.network.block(At::Finalized).await?;
			let is_over = finalized > session.opened_after.saturating_add(LIFETIME);
			let (id, node) = (session.id, &session.node);
			match self.look_for(node, Some(id), opening).await? {
				Looked::Found(info) => {
					warn!(session = id, now = info.id, node = %ss58(node), "a session has another number");
					self.parts
						.treasury
						.update(|ledger| {
							let mut changes = ledger.deposits().moved(id, info.id);
							changes.extend(ledger.observe(info.id, Some(&info), unix_seconds()).0);
							changes
						})
						.await?;
				}
				Looked::Nothing if is_over => {
					warn!(session = id, node = %ss58(node), "a session is not there any more");
					self.parts
						.treasury
						.update(|ledger| ledger.closed(id, None, unix_seconds()).0)
						.await?;
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
	) -> Result<Looked, UpkeepError> {
		let key = (node.clone(), before);
		let next = self.parts.network.next_session().await?;
		let from = self.searched.lock().get(&key).copied().unwrap_or(opening.first);
		let to = next.min(from.saturating_add(SEARCHED));
		let caller = self.parts.network.account();
		for id in from..to {
			let Some(info) = self.parts.network.session(id, At::Best).await? else { continue };
			let ours = (&info.caller, &info.node, info.deposit, info.expires_at)
				== (&caller, node, opening.amount, opening.expires_at);
			if ours && self.parts.treasury.look(|ledger| ledger.books().session(id).is_none()) {
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

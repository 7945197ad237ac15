//! Closing sessions, so that what was not spent comes back.
//!
//! The node is asked first. Once it has settled what it served it agrees, and the session is closed
//! at once. If it does not agree, or cannot be reached, the end is asked for on chain; then the node
//! has until the end of the notice to settle, and after that the session is closed without it.

use std::{
	collections::HashMap,
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_chain_client::{ss58, At, ChainError, Keypair};
use openledger_payer_ledger::Session;
use openledger_primitives::{Balance, BlockNumber, SessionId};
use openledger_protocol::{
	clock::unix_seconds,
	closing::{CloseAnswer, CloseRequest},
	units::format_amount,
};
use parking_lot::Mutex;
use tokio::time::sleep;
use tracing::{debug, info};

use super::{error::UpkeepError, watch};
use crate::{adoption, network::Submitted, node::api::NoAgreement, parts::Parts, recovery};

/// After a session could not be closed, that is tried again so much later.
const LATER: Duration = Duration::from_secs(600);
/// For how many blocks the node may take the request to agree: five minutes.
const ASK_BLOCKS: BlockNumber = 100;
/// A node that says that it is not done yet is asked so often.
const ASKED: u32 = 3;

/// The state of closing a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
	/// It is closed, and so much came back, in planck.
	Closed(Balance),
	/// It can be closed in this block at the soonest.
	From(BlockNumber),
	/// It is tried again later: calls are under way, a transaction has failed, or the account's key
	/// is not here.
	NotYet,
}

/// Closes sessions. See the module's documentation.
pub(super) struct Closer {
	parts: Arc<Parts>,
	/// The time from which a session may be closed again that could not be, and if its notice was over
	/// then.
	later: Mutex<HashMap<SessionId, (Instant, bool)>>,
}

impl Closer {
	pub fn new(parts: Arc<Parts>) -> Self {
		Self { parts, later: Mutex::default() }
	}

	/// Tries again what has failed before, without waiting.
	pub fn forget_failures(&self) {
		self.later.lock().clear();
	}

	/// Brings a session that pays for no more calls closer to its end, so that what is left of its
	/// deposit comes back. See the module's documentation.
	pub async fn close(&self, id: SessionId) -> Result<Closing, UpkeepError> {
		self.bring_to_its_end(id, false).await
	}

	/// The same for a session that somebody has named. It may have been opened with another state, and
	/// not be in this one's ledger.
	pub async fn close_one(&self, id: SessionId) -> Result<Closing, UpkeepError> {
		self.bring_to_its_end(id, true).await
	}

	async fn bring_to_its_end(&self, id: SessionId, named: bool) -> Result<Closing, UpkeepError> {
		let Some(key) = self.parts.network.keys().own else { return Ok(Closing::NotYet) };
		let known = self.parts.treasury.look(|ledger| {
			let book = ledger.books().get(id)?;
			Some((book.session().clone(), book.busy() > 0))
		});
		let session = match known {
			Some((session, false)) => Some(session),
			// A call that is under way is brought to its end first.
			Some((_, true)) => None,
			None if named => self.unknown(id).await?,
			// It left the ledger meanwhile, and its number may be another's by now.
			None => None,
		};
		let Some(session) = session else { return Ok(Closing::NotYet) };
		// Somebody else's session is not ours to close.
		if session.is_displaced() || session.opening.is_some() && !self.is_ours(&session).await? {
			return Ok(Closing::NotYet);
		}
		let best = self.parts.network.block(At::Best).await?;
		let is_due = session.closes_at.is_some_and(|from| best >= from);
		let later = self.later.lock().get(&id).copied();
		if later.is_some_and(|(later, due)| Instant::now() < later && due == is_due) {
			let from = session.closes_at.filter(|_| !is_due);
			return Ok(from.map_or(Closing::NotYet, Closing::From));
		}
		let failed = if is_due {
			self.settle_up(&session).await?;
			match self.parts.network.close(id).await {
				Submitted::Done(refunded) => return self.closed(&session, refunded).await,
				Submitted::Refused(reason) | Submitted::Unknown(reason) => reason,
			}
		} else {
			match self.close_by_agreement(&session, best, &key).await? {
				Ok(refunded) => return self.closed(&session, refunded).await,
				Err(reason) => {
					info!(session = id, node = %ss58(&session.node), %reason, "no agreement");
				}
			}
			match session.closes_at {
				Some(from) => {
					self.try_later(id, is_due);
					return Ok(Closing::From(from));
				}
				None => match self.parts.network.request_close(id).await {
					Submitted::Done(from) => {
						info!(session = id, from, "asked to close a session");
						watch::look(&self.parts, &session).await?;
						// By then the node may have come back.
						self.try_later(id, is_due);
						return Ok(Closing::From(from));
					}
					Submitted::Refused(reason) | Submitted::Unknown(reason) => reason,
				},
			}
		};
		debug!(session = id, reason = %failed, "a session could not be closed; trying again later");
		self.try_later(id, is_due);
		Ok(Closing::NotYet)
	}

	/// A session of the account that is not in the ledger.
	async fn unknown(&self, id: SessionId) -> Result<Option<Session>, ChainError> {
		let info = self.parts.network.session(id, At::Best).await?;
		let account = self.parts.network.account();
		Ok(info.filter(|info| info.caller == account).map(Session::of))
	}

	/// Returns `true` if the newest block has a session under its number.
	async fn is_ours(&self, session: &Session) -> Result<bool, ChainError> {
		let info = self.parts.network.session(session.id, At::Best).await?;
		let caller = self.parts.network.account();
		Ok(info.is_some_and(|info| info.caller == caller && info.node == session.node))
	}

	/// Closes a session with the agreement of its node. Returns what came back, in planck, or why there is
	/// no agreement.
	async fn close_by_agreement(
		&self,
		session: &Session,
		best: BlockNumber,
		key: &Keypair,
	) -> Result<Result<Balance, String>, UpkeepError> {
		let answer = match self.ask_agreement(session, best, key).await {
			Ok(answer) => answer,
			Err(reason) => return Ok(Err(reason)),
		};
		let agreed = answer.settled;
		let settled = self.settle_up(session).await?;
		if settled != Some(agreed) {
			let (agreed, settled) = (format_amount(agreed), settled.map(format_amount));
			let settled = settled.unwrap_or_else(|| "nothing known".into());
			return Ok(Err(format!("the node agrees that {agreed} are settled, not {settled}")));
		}
		let agreement = answer.agreement(self.parts.network.genesis_hash(), session.id);
		let closed = self.parts.network.close_by_agreement(agreement.into(), answer.signature);
		Ok(match closed.await {
			Submitted::Done(refunded) => Ok(refunded),
			Submitted::Refused(reason) | Submitted::Unknown(reason) => Err(reason),
		})
	}

	/// Asks a node for its agreement to the end of a session.
	async fn ask_agreement(
		&self,
		session: &Session,
		best: BlockNumber,
		key: &Keypair,
	) -> Result<CloseAnswer, String> {
		let node = recovery::node_of(&self.parts, &session.node).await?;
		let request = CloseRequest {
			genesis_hash: self.parts.network.genesis_hash(),
			session: session.id,
			valid_until: best.saturating_add(ASK_BLOCKS),
		};
		let mut asked = 1;
		loop {
			match self.parts.api.close(&node, &request, key).await {
				Err(NoAgreement::NotYet(message)) if asked < ASKED => {
					info!(session = session.id, %message, "no agreement yet; asking again");
					asked = asked.saturating_add(1);
					sleep(self.parts.settings.closing.again).await;
				}
				answer => return answer.map_err(|error| error.to_string()),
			}
		}
	}

	/// Compares what the node of a session has settled with its statements, as long as it can be asked for
	/// them. Returns what the chain has settled, in planck, if the session is there.
	async fn settle_up(&self, session: &Session) -> Result<Option<Balance>, UpkeepError> {
		let settled = watch::look(&self.parts, session).await?;
		recovery::ask_of(&self.parts, session.id).await;
		adoption::adopt_forgotten(&self.parts, Some(session.id)).await?;
		watch::reckon(&self.parts, session.id).await?;
		Ok(settled)
	}

	async fn closed(&self, session: &Session, refunded: Balance) -> Result<Closing, UpkeepError> {
		let (id, now, back) = (session.id, unix_seconds(), format_amount(refunded));
		info!(session = id, node = %ss58(&session.node), %back, "session closed");
		let Parts { treasury, clerk, .. } = &*self.parts;
		let found = treasury.update_with(|ledger| ledger.closed(id, Some(refunded), now)).await?;
		clerk.accuse(&found).await?;
		self.later.lock().remove(&id);
		Ok(Closing::Closed(refunded))
	}

	/// Leaves a session alone for a while, unless its notice comes to its end.
	fn try_later(&self, id: SessionId, is_due: bool) {
		let later = Instant::now().checked_add(LATER).unwrap_or_else(Instant::now);
		self.later.lock().insert(id, (later, is_due));
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		one_shot::ask,
		testing::{TestNet, CHARGE, MOST},
		Payer, PayerSettings,
	};

	/// A session that left the ledger may be somebody else's by now; one that was named is looked up.
	#[tokio::test]
	async fn only_a_session_that_was_named_is_closed_without_being_in_the_ledger() {
		let net = TestNet::new(1).await;
		let settings = net.settings(100 * MOST, 10 * MOST);
		let first = Payer::open(net.chain.clone(), settings.clone()).await.unwrap();
		first.market.refresh_if_older(Duration::ZERO).await.unwrap();
		ask(&first.router, TestNet::chat(false), &mut |_| {}).await;
		let other = tempfile::tempdir().unwrap();
		let settings = PayerSettings { state: other.path().to_owned(), ..settings };
		let second = Payer::open(net.chain.clone(), settings).await.unwrap();
		let closer = &second.janitor.closer;
		assert_eq!(closer.close(5).await.unwrap(), Closing::NotYet);
		assert_eq!(net.transactions(), ["open_session"]);
		let closed = closer.close_one(5).await.unwrap();
		assert_eq!(closed, Closing::Closed(10 * MOST - CHARGE));
		assert_eq!(net.transactions(), ["open_session", "close_by_agreement"]);
	}
}

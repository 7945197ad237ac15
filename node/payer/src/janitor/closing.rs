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
use openledger_primitives::{Balance, BlockNumber, SessionId, Signature};
use openledger_protocol::{
	closing::CloseRequest,
	sanitise::{sanitised, SHOWN},
	units::format_amount,
};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::time::sleep;
use tracing::{debug, info};

use crate::{
	clerk::Clerk,
	closing::CloseError,
	ledger::{Seen, Session},
	market::Market,
	network::{Network, Submitted},
	node::api::NodeApi,
	store::StoreError,
	treasury::Treasury,
};

/// After a session could not be closed, that is tried again so much later.
const LATER: Duration = Duration::from_secs(600);
/// For how many blocks the node may take the request to agree: five minutes.
const ASK_BLOCKS: BlockNumber = 100;
/// How often a node is asked that says that it is not done yet.
const ASKED: u32 = 3;

/// How sessions are closed.
#[derive(Clone, Copy, Debug)]
pub struct ClosingSettings {
	/// A session is closed after nothing was done with it for so long.
	pub idle: Option<Duration>,
	/// Whether all sessions are closed when the proxy stops.
	pub at_end: bool,
	/// When to ask a node again that is not done yet.
	pub again: Duration,
	/// How often sessions are looked after.
	pub round: Duration,
}

impl Default for ClosingSettings {
	fn default() -> Self {
		Self {
			idle: Some(Duration::from_secs(2 * 60 * 60)),
			at_end: false,
			again: Duration::from_secs(10),
			round: Duration::from_secs(15),
		}
	}
}

/// Where closing a session stands.
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

/// Why a session could not be looked after.
#[derive(Debug, Error)]
pub enum CloserError {
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// Closes sessions. See the module's documentation.
pub struct Closer {
	network: Arc<dyn Network>,
	market: Arc<Market>,
	treasury: Arc<Treasury>,
	clerk: Clerk,
	api: NodeApi,
	/// When to ask a node again that is not done yet.
	again: Duration,
	/// When to try again to close a session, and whether its notice was over.
	later: Mutex<HashMap<SessionId, (Instant, bool)>>,
}

impl Closer {
	/// Closes sessions of this network's account. A node that is not done yet is asked again after
	/// `again`.
	pub fn new(
		network: Arc<dyn Network>,
		market: Arc<Market>,
		treasury: Arc<Treasury>,
		clerk: Clerk,
		api: NodeApi,
		again: Duration,
	) -> Self {
		Self { network, market, treasury, clerk, api, again, later: Mutex::default() }
	}

	/// Tries again what has failed before, without waiting.
	pub fn forget_failures(&self) {
		self.later.lock().clear();
	}

	/// Brings a session that pays for no more calls closer to its end, so that what is left of its
	/// deposit comes back. See the module's documentation.
	///
	/// # Errors
	/// If the chain cannot be asked, or a change not be written down.
	pub async fn close(&self, id: SessionId) -> Result<Closing, CloserError> {
		self.bring_to_its_end(id, false).await
	}

	/// The same for a session that somebody has named. It may have been opened with another state, and
	/// not be in this one's ledger.
	///
	/// # Errors
	/// As [`Self::close`].
	pub async fn close_one(&self, id: SessionId) -> Result<Closing, CloserError> {
		self.bring_to_its_end(id, true).await
	}

	async fn bring_to_its_end(&self, id: SessionId, named: bool) -> Result<Closing, CloserError> {
		let Some(key) = self.network.key() else { return Ok(Closing::NotYet) };
		let known =
			self.treasury.look(|ledger| Some((ledger.session(id)?.clone(), ledger.is_busy(id))));
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
		let best = self.network.block(At::Best).await?;
		let is_due = session.closes_at.is_some_and(|from| best >= from);
		let later = self.later.lock().get(&id).copied();
		if later.is_some_and(|(later, due)| Instant::now() < later && due == is_due) {
			let from = session.closes_at.filter(|_| !is_due);
			return Ok(from.map_or(Closing::NotYet, Closing::From));
		}
		let failed = if is_due {
			match self.network.close(id).await {
				Submitted::Done(refunded) => return self.closed(&session, refunded).await,
				Submitted::Refused(reason) | Submitted::Unknown(reason) => reason,
			}
		} else {
			match self.close_with_agreement(&session, best, &key).await? {
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
				None => match self.network.request_close(id).await {
					Submitted::Done(from) => {
						info!(session = id, from, "asked to close a session");
						self.look_at(id).await?;
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
		let info = self.network.session(id, At::Best).await?;
		let account = self.network.account();
		Ok(info.filter(|info| info.caller == account).map(|info| Session {
			id,
			node: info.node,
			deposit: info.deposit,
			expires_at: info.expires_at,
			closes_at: info.closes_at,
			retired: true,
			unwelcome: false,
			opened_after: 0,
			opening: None,
			signer: None,
			limit: None,
		}))
	}

	/// Whether the newest block has a session under its number.
	async fn is_ours(&self, session: &Session) -> Result<bool, ChainError> {
		let info = self.network.session(session.id, At::Best).await?;
		let caller = self.network.account();
		Ok(info.is_some_and(|info| info.caller == caller && info.node == session.node))
	}

	/// Closes a session with the agreement of its node. What came back, in planck, or why there is no
	/// agreement.
	async fn close_with_agreement(
		&self,
		session: &Session,
		best: BlockNumber,
		key: &Keypair,
	) -> Result<Result<Balance, String>, CloserError> {
		let (answer, agreed) = match self.ask_agreement(session, best, key).await? {
			Ok(answer) => answer,
			Err(reason) => return Ok(Err(reason)),
		};
		// What the node has settled is held against its statements as long as these are here.
		let settled = self.look_at(session.id).await?;
		if settled != Some(agreed) {
			let (agreed, settled) = (format_amount(agreed), settled.map(format_amount));
			let settled = settled.unwrap_or_else(|| "nothing known".into());
			return Ok(Err(format!("the node agrees that {agreed} are settled, not {settled}")));
		}
		Ok(match self.network.close_with_agreement(session.id, answer).await {
			Submitted::Done(refunded) => Ok(refunded),
			Submitted::Refused(reason) | Submitted::Unknown(reason) => Err(reason),
		})
	}

	/// Asks a node for its agreement to the end of a session: its signature, and what it says is
	/// settled, in planck.
	async fn ask_agreement(
		&self,
		session: &Session,
		best: BlockNumber,
		key: &Keypair,
	) -> Result<Result<(Signature, Balance), String>, CloserError> {
		let Some(node) = self.network.node(&session.node).await? else {
			return Ok(Err("the node is not registered any more".into()));
		};
		if !self.market.may_ask(&node) {
			return Ok(Err(format!(
				"{} is no address to be asked",
				sanitised(&node.endpoint, SHOWN)
			)));
		}
		let request = CloseRequest {
			genesis_hash: self.network.genesis_hash(),
			session: session.id,
			valid_until: best.saturating_add(ASK_BLOCKS),
		};
		let mut asked = 1;
		loop {
			match self.api.close(&node, &request, key).await {
				Ok(answer) => return Ok(Ok((answer.signature, answer.settled))),
				// It is settling, or ending a call.
				Err(CloseError::Refused { status: 409 | 503, message }) if asked < ASKED => {
					info!(session = session.id, %message, "no agreement yet; asking again");
					asked = asked.saturating_add(1);
					sleep(self.again).await;
				}
				Err(error) => return Ok(Err(error.to_string())),
			}
		}
	}

	/// Compares a session with the chain. What the chain has settled of it, in planck, if it is there.
	async fn look_at(&self, id: SessionId) -> Result<Option<Balance>, CloserError> {
		let Some(info) = self.network.session(id, At::Best).await? else { return Ok(None) };
		let mut evidence = Vec::new();
		self.treasury
			.update(|ledger| {
				let (changes, found) = ledger.observe(id, Seen::There(&info));
				evidence = found;
				changes
			})
			.await?;
		for found in evidence {
			self.clerk.accuse(&found).await?;
		}
		Ok(Some(info.settled))
	}

	async fn closed(&self, session: &Session, refunded: Balance) -> Result<Closing, CloserError> {
		let back = format_amount(refunded);
		info!(session = session.id, node = %ss58(&session.node), %back, "session closed");
		self.treasury.update(|ledger| ledger.closed(session.id, Some(refunded))).await?;
		self.later.lock().remove(&session.id);
		Ok(Closing::Closed(refunded))
	}

	/// Leaves a session alone for a while, unless its notice comes to its end.
	fn try_later(&self, id: SessionId, is_due: bool) {
		let later = Instant::now().checked_add(LATER).unwrap_or_else(Instant::now);
		self.later.lock().insert(id, (later, is_due));
	}
}

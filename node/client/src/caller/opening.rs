//! Sessions whose opening was submitted and not heard of again.
//!
//! What a transaction would open is written down before it is submitted. As long as it is not known what
//! became of it, no other session is opened with that node: by its deposit and its end the session is
//! found again on chain.

use openledger_primitives::{AccountId, Balance, BlockNumber, Hash, SessionId};
use serde::{Deserialize, Serialize};

use super::{known::SessionKey, session::BEHIND, Caller, CallerError, KnownSession};
use crate::chain::At;

/// A transaction can enter a block for so many blocks after it was written down, generously.
const LIFETIME: BlockNumber = 128;

/// A transaction that opens a session, as long as it is not known what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opening {
	/// The chain.
	pub genesis_hash: Hash,
	/// The operator who is paid.
	pub node: AccountId,
	/// Who pays.
	pub caller: AccountId,
	/// What it puts in, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub deposit: Balance,
	/// The block at which the session ends.
	pub expires_at: BlockNumber,
	/// The session has this number or a higher one.
	pub first: SessionId,
	/// The best block before it was submitted.
	pub from: BlockNumber,
}

impl Opening {
	/// Whether it is one of `caller` with `node` on this chain.
	pub fn is(&self, key: &SessionKey) -> bool {
		(self.genesis_hash, &self.node, &self.caller) == (key.genesis_hash, &key.node, &key.caller)
	}
}

impl Caller {
	/// Finds out what became of a transaction that was not heard of again, if there is one. Whether its
	/// session is in the book now.
	///
	/// # Errors
	/// Among others [`CallerError::Opening`], if it may still be included.
	pub(super) async fn take_up_opening(&self, key: &SessionKey) -> Result<bool, CallerError> {
		let Some(opening) = self.book.opening(key).await else { return Ok(false) };
		// Asked before the search: what is included later than this is no more.
		let finalized = self.chain.block(At::Finalized).await?.number;
		let (best, next) =
			(self.chain.block(At::Best).await?.number, self.chain.next_session(At::Best).await?);
		let known = self.book.sessions().await;
		let known = |id| {
			known.iter().any(|known| known.genesis_hash == key.genesis_hash && known.session == id)
		};
		for id in (opening.first..next).filter(|id| !known(*id)) {
			let Some(info) = self.chain.session(id, At::Best).await? else { continue };
			let ours = (&info.caller, &info.node, &info.signer)
				== (&key.caller, &key.node, &key.caller)
				&& (info.deposit, info.expires_at) == (opening.deposit, opening.expires_at);
			if !ours {
				continue;
			}
			tracing::info!(session = id, "found the session of a transaction that was lost");
			let found = KnownSession {
				genesis_hash: key.genesis_hash,
				node: key.node.clone(),
				caller: key.caller.clone(),
				session: id,
				deposit: info.deposit,
				expires_at: info.expires_at,
				opened_at: Some(opening.from),
				retired: false,
				lanes: Default::default(),
			};
			self.put(key, found).await?;
			return Ok(true);
		}
		let last = opening.from.saturating_add(LIFETIME);
		let is_another_chain = best.saturating_add(BEHIND) < opening.from;
		if finalized <= last && !is_another_chain {
			return Err(CallerError::Opening { deposit: opening.deposit, last, finalized });
		}
		self.book.abandon(key).await?;
		Ok(false)
	}
}

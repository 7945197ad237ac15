//! Comparing sessions with the chain.

use openledger_chain_client::At;
use openledger_payer_ledger::Session;
use openledger_primitives::{Balance, BlockNumber, SessionId};
use openledger_protocol::clock::unix_seconds;

use super::error::UpkeepError;
use crate::parts::Parts;

/// A session that the final chain does not have was closed, if it was opened so many blocks ago;
/// else it may just not be final yet.
const SETTLED_DOWN: BlockNumber = 128;

/// Compares a session with the chain. Returns the amount that the chain has settled of it, in planck,
/// if it is there.
pub(super) async fn look(parts: &Parts, session: &Session) -> Result<Option<Balance>, UpkeepError> {
	let Session { id, opened_after, opening, .. } = *session;
	if opening.is_some() {
		if let Some(info) = parts.network.session(id, At::Finalized).await? {
			parts.treasury.update(|ledger| ledger.prove(id, &info)).await?;
		}
	}
	let seen = parts.network.session(id, At::Best).await?;
	if seen.is_none() && !is_closed(parts, id, opened_after).await? {
		return Ok(None);
	}
	let now = unix_seconds();
	let observed = parts.treasury.update_with(|ledger| ledger.observe(id, seen.as_ref(), now));
	parts.clerk.accuse(&observed.await?).await?;
	Ok(seen.map(|info| info.settled))
}

/// Judges a session's node by what the chain has settled.
pub(super) async fn reckon(parts: &Parts, id: SessionId) -> Result<(), UpkeepError> {
	let now = unix_seconds();
	let found = parts.treasury.update_with(|ledger| ledger.reckon(id, now)).await?;
	Ok(parts.clerk.accuse(&found).await?)
}

/// Returns `true` if a session that the best chain does not have is closed for good.
async fn is_closed(
	parts: &Parts,
	id: SessionId,
	opened_after: BlockNumber,
) -> Result<bool, UpkeepError> {
	let finalized = parts.network.block(At::Finalized).await?;
	let is_old = finalized >= opened_after.saturating_add(SETTLED_DOWN);
	Ok(is_old && parts.network.session(id, At::Finalized).await?.is_none())
}

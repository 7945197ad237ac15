//! The reasons for which a node wants another lane, compared with the chain.
//!
//! A voucher that was refused stays with its node, which can settle it, while the call is paid on another lane. So
//! the node's word is not enough for that.

use openledger_chain_client::{At, ChainError};
use openledger_primitives::{info::SessionInfo, BlockNumber};
use tracing::warn;

use super::{prepared::Payment, remedy::Remedy};
use crate::parts::Parts;

/// The remedy that is left of a node's claim once the chain was asked.
pub(super) async fn compare(parts: &Parts, payment: &Payment, claim: Remedy) -> Remedy {
	let compared = match claim {
		Remedy::OutOfTerms => out_of_terms(parts, payment).await,
		Remedy::LaneLost => lane_lost(parts, payment).await,
		Remedy::AsOf(from, until) => as_of(parts, payment, (from, until)).await,
		claim => Ok(claim),
	};
	compared.unwrap_or_else(|error| {
		warn!(%error, "the chain cannot be asked");
		Remedy::None
	})
}

async fn out_of_terms(parts: &Parts, payment: &Payment) -> Result<Remedy, ChainError> {
	let agreed = &payment.reserved.call.agreed;
	let terms = parts.network.lane_terms(&agreed.agreement).await?;
	let is_good = terms.is_some_and(|terms| {
		terms.valid_until.is_none_or(|valid_until| agreed.valid_until <= valid_until)
	});
	Ok(if is_good { Remedy::Untrue } else { Remedy::OtherLane })
}

async fn lane_lost(parts: &Parts, payment: &Payment) -> Result<Remedy, ChainError> {
	let lane = payment.reserved.slot.lane;
	let info = session(parts, payment, At::Best).await?;
	Ok(match info {
		Some(info) if info.lanes.iter().any(|settled| settled.lane == lane) => Remedy::OtherLane,
		Some(_) => Remedy::Untrue,
		None => Remedy::None,
	})
}

async fn as_of(
	parts: &Parts,
	payment: &Payment,
	(from, until): (BlockNumber, BlockNumber),
) -> Result<Remedy, ChainError> {
	let as_of = payment.reserved.call.agreed.agreement.as_of;
	let Some(info) = session(parts, payment, At::Best).await? else { return Ok(Remedy::None) };
	let finalized = parts.network.block(At::Finalized).await?;
	let is_usable = info.opened_at <= as_of && as_of <= finalized.max(info.opened_at);
	// By its own offer it has come to that block.
	let is_behind = until < as_of && payment.newest < as_of;
	if is_usable && !is_behind {
		// As long as no final block shows the session, its node may know another one with the number.
		let is_final = session(parts, payment, At::Finalized).await?.is_some();
		return Ok(if is_final { Remedy::Untrue } else { Remedy::None });
	}
	// There is no lane as of a block to come.
	Ok(if from <= payment.newest { Remedy::AsOf(from, until) } else { Remedy::None })
}

/// The session of a payment, if it is on chain.
async fn session(
	parts: &Parts,
	payment: &Payment,
	at: At,
) -> Result<Option<SessionInfo>, ChainError> {
	let slot = &payment.reserved.slot;
	let is_ours =
		|info: &SessionInfo| info.node == slot.node && info.caller == parts.network.account();
	Ok(parts.network.session(slot.session, at).await?.filter(is_ours))
}

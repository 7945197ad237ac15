//! What works on one lane at a time: it can be asked from several tasks at once.

use std::{
	collections::HashSet,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openledger_primitives::{Balance, SessionId};
use tokio::sync::watch;

use super::{
	handle::{LastSettlement, SettleError},
	SettlementChain,
};
use crate::{
	payment::{ChainUnavailable, SessionSource},
	store::{LaneKey, Store, StoreError},
};

/// What looking after a lane came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
	/// There is nothing to send now.
	Waits,
	/// Something was sent.
	Sent {
		/// Whether more calls wait than one settlement takes.
		more: bool,
	},
}

/// Why a lane could not be looked after.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error("the settlement was refused: {0}")]
	Refused(String),
	#[error("a settlement that was sent again has not arrived: {0}")]
	NotArrived(String),
	#[error("looking after the lane broke off")]
	Broken,
}

impl LaneError {
	/// In a word that says nothing of this node's affairs, for anybody who asks.
	pub(super) fn code(&self) -> &'static str {
		match self {
			Self::Chain(_) => "chain_unavailable",
			Self::Store(_) => "store_unavailable",
			Self::Refused(_) => "refused",
			Self::NotArrived(_) => "not_arrived",
			Self::Broken => "broken_off",
		}
	}

	/// Whether nothing was sent, so that trying again costs nothing.
	pub(super) fn is_free(&self) -> bool {
		matches!(self, Self::Chain(_) | Self::Store(_))
	}
}

/// Looks after lanes.
pub(super) struct Worker {
	pub(super) store: Store,
	pub(super) chain: Arc<dyn SettlementChain>,
	pub(super) sessions: Arc<dyn SessionSource>,
	/// The most records of one settlement.
	pub(super) batch_size: usize,
	/// The most calls of one settlement by sums.
	pub(super) summed: usize,
	/// Lanes whose sums were refused: their calls are brought one by one, so that one that the chain
	/// does not take does not hold up the others.
	pub(super) one_by_one: Mutex<HashSet<LaneKey>>,
	pub(super) last: watch::Sender<LastSettlement>,
}

impl Worker {
	/// See [`Self::one_by_one`].
	pub(super) fn one_by_one(&self) -> MutexGuard<'_, HashSet<LaneKey>> {
		self.one_by_one.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What the chain has settled of a session, in planck, once nothing of it is open any more. If
	/// something is, this is why.
	pub(super) async fn conclude(
		&self,
		session: SessionId,
		reason: String,
	) -> Result<Balance, SettleError> {
		let open = self.store.open_lanes().await?;
		let calls = open.iter().filter(|lane| lane.key.session == session);
		let calls = calls.fold(0_usize, |sum, lane| {
			sum.saturating_add(usize::try_from(lane.calls).unwrap_or(usize::MAX))
		});
		if calls > 0 {
			return Err(SettleError::Open { calls, reason });
		}
		let sighting = self.chain.look(session).await?;
		match sighting.session {
			Some(info) => Ok(info.settled),
			// It was opened just now.
			None if sighting.known_at_best => Ok(0),
			None => Err(SettleError::Unknown),
		}
	}
}

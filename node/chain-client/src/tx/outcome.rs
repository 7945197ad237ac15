//! The outcome of a transaction.

use openledger_primitives::{BlockNumber, Hash};
use thiserror::Error;

use crate::{
	chain::Block,
	events::{DispatchFailure, EventRecord},
	runtime::Event,
};

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum TxOutcome {
	/// It is in a block and succeeded.
	Included(Included),
	/// It is in a block and failed: its fee is paid, nothing else has changed.
	Failed {
		/// The block.
		block: Block,
		/// `true` if the block is final.
		finalized: bool,
		/// Why.
		error: DispatchFailure,
	},
	/// The node refused it: it is in no block and never will be.
	Invalid {
		/// The node's message.
		reason: String,
	},
	/// Its time was over before it reached a final block: it is in none and never will be.
	Expired {
		/// The last block that it could have been in.
		valid_until: BlockNumber,
	},
	/// The node threw it out of its pool. Another node may still have it: look on chain before
	/// sending it again.
	Dropped {
		/// The node's message.
		reason: String,
	},
	/// Time is up and the outcome unknown: look on chain before sending it again.
	TimedOut {
		/// The transaction's hash.
		extrinsic: Hash,
		/// The last block that it can be in.
		valid_until: BlockNumber,
	},
}

/// A transaction that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Included {
	/// The block that it is in.
	pub block: Block,
	/// `true` if that block is final.
	pub finalized: bool,
	/// The transaction's hash.
	pub extrinsic: Hash,
	/// Its place in the block.
	pub index: u32,
	/// Its events, in order.
	pub events: Vec<EventRecord>,
}

impl Included {
	/// The first of its events that `pick` wants.
	pub fn find<T>(&self, pick: impl FnMut(&Event) -> Option<T>) -> Option<T> {
		self.events.iter().map(|record| &record.event).find_map(pick)
	}
}

/// Why a transaction did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TxError {
	/// It was executed and failed.
	#[error("{error} (in block {})", block.number)]
	Failed {
		/// The block.
		block: Block,
		/// Why.
		error: DispatchFailure,
	},
	/// It never was, and never will be, in a block.
	#[error("the transaction was refused: {reason}")]
	Invalid {
		/// The node's message.
		reason: String,
	},
	/// It was thrown out of the node's pool.
	#[error(
		"the transaction was thrown out of the pool: {reason}; \
		 look on chain before sending it again"
	)]
	Dropped {
		/// The node's message.
		reason: String,
	},
	/// Its outcome is unknown.
	#[error(
		"no word of the transaction {extrinsic:?} in time; it may still be included, up to block \
		 {valid_until}: look on chain before sending it again"
	)]
	TimedOut {
		/// The transaction's hash.
		extrinsic: Hash,
		/// The last block that it can be in.
		valid_until: BlockNumber,
	},
}

impl TxOutcome {
	/// The transaction, if it succeeded.
	///
	/// # Errors
	/// Every other outcome.
	pub fn into_included(self) -> Result<Included, TxError> {
		match self {
			Self::Included(included) => Ok(included),
			Self::Failed { block, error, .. } => Err(TxError::Failed { block, error }),
			Self::Invalid { reason } => Err(TxError::Invalid { reason }),
			Self::Expired { valid_until } => Err(TxError::Invalid {
				reason: format!("no block up to {valid_until} included it, and none can any more"),
			}),
			Self::Dropped { reason } => Err(TxError::Dropped { reason }),
			Self::TimedOut { extrinsic, valid_until } => {
				Err(TxError::TimedOut { extrinsic, valid_until })
			}
		}
	}

	/// Why the call failed, if it was executed and did.
	pub fn failure(&self) -> Option<&DispatchFailure> {
		match self {
			Self::Failed { error, .. } => Some(error),
			_ => None,
		}
	}
}

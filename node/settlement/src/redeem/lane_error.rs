//! Reasons that can stand between a lane and its settlement.

use openledger_books::StoreError;
use openledger_protocol::RefusalCode;

use crate::view::ChainUnavailable;

/// A reason why a lane could not be looked after.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum LaneError {
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error("the settlement was refused: {0}")]
	Refused(String),
	#[error("a settlement of several lanes was refused, and each is tried alone: {0}")]
	RefusedTogether(String),
	#[error("the session's deposit does not cover any of the lane's calls")]
	Exhausted,
	#[error("no block included the settlement in time")]
	NotIncluded,
	#[error("a settlement that was sent again has not arrived: {0}")]
	NotArrived(String),
	#[error("the lane's settlement task panicked")]
	Broken,
}

impl LaneError {
	/// In a word that says nothing of this node's affairs, for anybody who asks.
	pub(super) fn code(&self) -> &'static str {
		match self {
			Self::Chain(_) => RefusalCode::ChainUnavailable.as_str(),
			Self::Store(_) => RefusalCode::StoreUnavailable.as_str(),
			Self::Refused(_) | Self::RefusedTogether(_) | Self::Exhausted => "refused",
			Self::NotIncluded | Self::NotArrived(_) => "not_arrived",
			Self::Broken => "broken_off",
		}
	}

	/// Tells whether no fee was paid, so that trying again costs nothing.
	pub(super) fn is_free(&self) -> bool {
		matches!(self, Self::Chain(_) | Self::Store(_) | Self::NotIncluded | Self::Exhausted)
	}
}

//! The chain, as the payment check needs it.

use std::time::Duration;

use async_trait::async_trait;
use openledger_books::LaneFunds;
use openledger_chain_client::ChainError;
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, SessionInfo},
	lane::RejectReason,
	price::PriceSchedule,
	AccountId, BlockNumber, Hash, ModelId, PriceVersion, SessionId, VersionId,
};
use thiserror::Error;

/// The chain cannot be asked, and what is known of it is too old to rely on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the chain cannot be reached: {0}")]
pub struct ChainUnavailable(pub String);

impl From<ChainError> for ChainUnavailable {
	fn from(error: ChainError) -> Self {
		Self(error.to_string())
	}
}

/// The chain, as the payment check sees it. May be a few blocks behind. What is not known well enough is
/// an error.
#[async_trait]
pub trait SessionSource: Send + Sync + 'static {
	/// The chain's identity.
	fn genesis_hash(&self) -> Hash;

	/// This node's account on it.
	fn operator(&self) -> &AccountId;

	/// The height of the best block.
	fn best_block(&self) -> Result<BlockNumber, ChainUnavailable>;

	/// The height of the newest final block that is known: never above that of the best one.
	fn final_block(&self) -> Result<BlockNumber, ChainUnavailable>;

	/// The deposit that the chain holds for a lane, and what the operator has for more of them.
	fn lane_funds(&self) -> Result<LaneFunds, ChainUnavailable>;

	/// A model that this node serves, with the price in force.
	fn model(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable>;

	/// A price of a model that was offered before, if offers with it still stand.
	fn standing_price(
		&self,
		model: ModelId,
		version: PriceVersion,
	) -> Result<Option<PriceSchedule>, ChainUnavailable>;

	/// A session, at the best block or one shortly before it.
	async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, ChainUnavailable>;

	/// The terms of calls that are made under an agreement with these, or the reason why no voucher with them
	/// is redeemed. They may be a hundred blocks old: what changes them is announced long before. So much is
	/// asked for a session at most.
	async fn lane_terms(
		&self,
		session: SessionId,
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<Result<LaneTermsInfo, RejectReason>, ChainUnavailable>;

	/// For how long the chain has not been heard of, if that is longer than usual. What is said of it is
	/// what was last known then, and the best block is what it would be by the clock.
	fn away_for(&self) -> Option<Duration> {
		None
	}
}

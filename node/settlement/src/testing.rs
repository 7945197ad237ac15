//! The chain in memory of the test kit, as what this crate asks.

use std::time::Duration;

use async_trait::async_trait;
use openledger_books::LaneFunds;
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, SessionInfo},
	lane::RejectReason,
	price::PriceSchedule,
	AccountId, BlockNumber, Hash, ModelId, PriceVersion, SessionId, VersionId,
};
use openledger_testkit::{Away, GENESIS};
pub use openledger_testkit::{ChainState, TestChain};

use crate::view::{ChainUnavailable, SessionSource};

impl From<Away> for ChainUnavailable {
	fn from(_: Away) -> Self {
		Self("gone fishing".into())
	}
}

#[async_trait]
impl SessionSource for TestChain {
	fn genesis_hash(&self) -> Hash {
		GENESIS
	}

	fn operator(&self) -> &AccountId {
		&self.operator
	}

	fn best_block(&self) -> Result<BlockNumber, ChainUnavailable> {
		Ok(self.asked()?.best)
	}

	fn final_block(&self) -> Result<BlockNumber, ChainUnavailable> {
		Ok(self.asked()?.finalized)
	}

	fn lane_funds(&self) -> Result<LaneFunds, ChainUnavailable> {
		let state = self.asked()?;
		Ok(LaneFunds { deposit: state.lane_deposit, free: state.operator_free })
	}

	fn model(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable> {
		Ok(self.asked()?.models.get(&id).cloned())
	}

	fn standing_price(
		&self,
		model: ModelId,
		version: PriceVersion,
	) -> Result<Option<PriceSchedule>, ChainUnavailable> {
		Ok(self.asked()?.standing.get(&(model, version)).copied())
	}

	async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, ChainUnavailable> {
		Ok(self.asked()?.sessions.get(&id).cloned())
	}

	async fn lane_terms(
		&self,
		_session: SessionId,
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<Result<LaneTermsInfo, RejectReason>, ChainUnavailable> {
		Ok(self.asked()?.lane_terms(model, version, price_version, as_of))
	}

	fn away_for(&self) -> Option<Duration> {
		self.state().quiet
	}
}

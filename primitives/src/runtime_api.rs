//! Questions to the runtime from a node. The JSON-RPC methods answer from these, and clients may call
//! them through `state_call`.

use crate::{
	info::{
		ContributionInfo, DatanetInfo, Earnings, LaneTermsInfo, ModelEarnings, ModelInfo, NodeInfo,
		OutcomeInfo, PendingPage, Quote, QuoteError, ReleaseInfo, RequestInfo, SessionInfo,
		VersionInfo,
	},
	lane::RejectReason,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, ModelId, PriceVersion, ReleaseId,
	RequestId, SessionId, VersionId,
};
use alloc::{string::String, vec::Vec};

sp_api::decl_runtime_apis! {
	/// Models.
	pub trait ModelsApi {
		/// A model by its id.
		fn model(id: ModelId) -> Option<ModelInfo>;
		/// A model's id by its name.
		fn model_by_name(name: String) -> Option<ModelId>;
		/// Up to `limit` models (256 at most), from the id `from` upwards.
		fn models(from: ModelId, limit: u32) -> Vec<ModelInfo>;
		/// Up to `limit` versions of a model (256 at most), from `from` upwards.
		fn versions(model: ModelId, from: VersionId, limit: u32) -> Vec<VersionInfo>;
	}

	/// Datanets, their releases and contributions.
	pub trait DatanetsApi {
		/// A datanet by its id.
		fn datanet(id: DatanetId) -> Option<DatanetInfo>;
		/// A datanet's id by its name.
		fn datanet_by_name(name: String) -> Option<DatanetId>;
		/// Up to `limit` datanets (256 at most), from the id `from` upwards.
		fn datanets(from: DatanetId, limit: u32) -> Vec<DatanetInfo>;
		/// Up to `limit` releases of a datanet (256 at most), from `from` upwards.
		fn releases(datanet: DatanetId, from: ReleaseId, limit: u32) -> Vec<ReleaseInfo>;
		/// A contribution by its id.
		fn contribution(id: ContributionId) -> Option<ContributionInfo>;
		/// Up to `limit` contributions of `account` (256 at most), from the id `from` upwards.
		fn contributions(
			account: AccountId,
			from: ContributionId,
			limit: u32,
		) -> Vec<ContributionInfo>;
	}

	/// Prices, inference nodes, sessions and calls on chain.
	pub trait InferenceApi {
		/// The cost of a call of `model` now.
		fn quote(model: ModelId, input_tokens: u32, output_tokens: u32) -> Result<Quote, QuoteError>;
		/// A session by its id.
		fn session(id: SessionId) -> Option<SessionInfo>;
		/// The terms of calls that are made under an agreement with these, or the reason why no voucher with
		/// them is redeemed.
		fn lane_terms(
			model: ModelId,
			version: VersionId,
			price_version: PriceVersion,
			as_of: BlockNumber,
		) -> Result<LaneTermsInfo, RejectReason>;
		/// An inference node by its operator.
		fn node(operator: AccountId) -> Option<NodeInfo>;
		/// Up to `limit` nodes (256 at most) that serve `model`, from the operator after `after`.
		fn nodes(model: ModelId, after: Option<AccountId>, limit: u32) -> Vec<NodeInfo>;
		/// A call on chain that waits for its answer.
		fn request(id: RequestId) -> Option<RequestInfo>;
		/// How a call on chain ended that was answered, or declined by the node that it named, as long as that is
		/// kept.
		fn outcome(id: RequestId) -> Option<OutcomeInfo>;
		/// Up to `limit` calls on chain of `model` (256 at most) that wait for an answer, from the
		/// id `from` upwards.
		fn requests(model: ModelId, from: RequestId, limit: u32) -> Vec<RequestInfo>;
	}

	/// Amounts that earners have to claim and have earned.
	pub trait PayoutsApi {
		/// Claims of `account` as a contributor, up to `limit` contributions (256 at most)
		/// from `from` upwards.
		fn pending(account: AccountId, from: ContributionId, limit: u32) -> PendingPage;
		/// Amount that `account` may claim as the curator of datanets, in planck.
		fn pending_curator(account: AccountId) -> Balance;
		/// The earnings of `account` over its lifetime.
		fn earnings(account: AccountId) -> Earnings;
		/// The charges and payments of a model's calls over its lifetime.
		fn model_earnings(model: ModelId) -> ModelEarnings;
	}
}

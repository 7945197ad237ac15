//! What a node can ask the runtime. The JSON-RPC methods answer from these, and clients may call
//! them through `state_call`.

use crate::{
	info::{Earnings, ModelInfo, NodeInfo, PendingPage, Quote, QuoteError, SessionInfo},
	AccountId, ContributionId, ModelId, SessionId,
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
	}

	/// Prices, inference nodes and sessions.
	pub trait InferenceApi {
		/// What a call of `model` would cost now.
		fn quote(model: ModelId, input_tokens: u32, output_tokens: u32) -> Result<Quote, QuoteError>;
		/// A session by its id.
		fn session(id: SessionId) -> Option<SessionInfo>;
		/// An inference node by its operator.
		fn node(operator: AccountId) -> Option<NodeInfo>;
		/// Up to `limit` nodes (256 at most) that serve `model`, from the operator after `after`.
		fn nodes(model: ModelId, after: Option<AccountId>, limit: u32) -> Vec<NodeInfo>;
	}

	/// What earners have to claim and have earned.
	pub trait PayoutsApi {
		/// What `account` may claim, up to `limit` contributions (256 at most) from `from` upwards.
		fn pending(account: AccountId, from: ContributionId, limit: u32) -> PendingPage;
		/// What `account` has earned over its lifetime.
		fn earnings(account: AccountId) -> Earnings;
	}
}

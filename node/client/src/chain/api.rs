//! The runtime APIs of `openledger_primitives::runtime_api`.

use openledger_primitives::{
	info::{Earnings, ModelInfo, NodeInfo, PendingPage, Quote, QuoteError, SessionInfo},
	AccountId, ContributionId, ModelId, SessionId,
};

use super::{arguments, At, Chain, ChainError};

impl Chain {
	/// A model by its id.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn model(&self, id: ModelId, at: At) -> Result<Option<ModelInfo>, ChainError> {
		self.runtime_api("ModelsApi_model", arguments(id), at).await
	}

	/// A model's id by its name.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn model_by_name(&self, name: &str, at: At) -> Result<Option<ModelId>, ChainError> {
		self.runtime_api("ModelsApi_model_by_name", arguments(name), at).await
	}

	/// Up to `limit` models (256 at most), from the id `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn models(
		&self,
		from: ModelId,
		limit: u32,
		at: At,
	) -> Result<Vec<ModelInfo>, ChainError> {
		self.runtime_api("ModelsApi_models", arguments((from, limit)), at).await
	}

	/// What a call of `model` would cost, or why there is no quote.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn quote(
		&self,
		model: ModelId,
		input_tokens: u32,
		output_tokens: u32,
		at: At,
	) -> Result<Result<Quote, QuoteError>, ChainError> {
		let arguments = arguments((model, input_tokens, output_tokens));
		self.runtime_api("InferenceApi_quote", arguments, at).await
	}

	/// A session by its id.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn session(&self, id: SessionId, at: At) -> Result<Option<SessionInfo>, ChainError> {
		self.runtime_api("InferenceApi_session", arguments(id), at).await
	}

	/// An inference node by its operator.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn node(&self, operator: &AccountId, at: At) -> Result<Option<NodeInfo>, ChainError> {
		self.runtime_api("InferenceApi_node", arguments(operator), at).await
	}

	/// Up to `limit` nodes (256 at most) that serve `model`, from the operator after `after`.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn nodes(
		&self,
		model: ModelId,
		after: Option<&AccountId>,
		limit: u32,
		at: At,
	) -> Result<Vec<NodeInfo>, ChainError> {
		self.runtime_api("InferenceApi_nodes", arguments((model, after, limit)), at).await
	}

	/// What `account` may claim, up to `limit` contributions (256 at most) from `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn pending(
		&self,
		account: &AccountId,
		from: ContributionId,
		limit: u32,
		at: At,
	) -> Result<PendingPage, ChainError> {
		self.runtime_api("PayoutsApi_pending", arguments((account, from, limit)), at).await
	}

	/// What `account` has earned over its lifetime, in planck.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn earnings(&self, account: &AccountId, at: At) -> Result<Earnings, ChainError> {
		self.runtime_api("PayoutsApi_earnings", arguments(account), at).await
	}
}

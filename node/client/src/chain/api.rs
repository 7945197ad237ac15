//! The runtime APIs of `openledger_primitives::runtime_api`.

use openledger_primitives::{
	info::{
		ContributionInfo, DatanetInfo, Earnings, ModelEarnings, ModelInfo, NodeInfo, PendingPage,
		Quote, QuoteError, ReleaseInfo, RequestInfo, SessionInfo, VersionInfo,
	},
	AccountId, Balance, ContributionId, DatanetId, ModelId, ReleaseId, RequestId, SessionId,
	VersionId,
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

	/// Up to `limit` versions of a model (256 at most), from `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn versions(
		&self,
		model: ModelId,
		from: VersionId,
		limit: u32,
		at: At,
	) -> Result<Vec<VersionInfo>, ChainError> {
		self.runtime_api("ModelsApi_versions", arguments((model, from, limit)), at).await
	}

	/// A datanet by its id.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn datanet(&self, id: DatanetId, at: At) -> Result<Option<DatanetInfo>, ChainError> {
		self.runtime_api("DatanetsApi_datanet", arguments(id), at).await
	}

	/// A datanet's id by its name.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn datanet_by_name(
		&self,
		name: &str,
		at: At,
	) -> Result<Option<DatanetId>, ChainError> {
		self.runtime_api("DatanetsApi_datanet_by_name", arguments(name), at).await
	}

	/// Up to `limit` datanets (256 at most), from the id `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn datanets(
		&self,
		from: DatanetId,
		limit: u32,
		at: At,
	) -> Result<Vec<DatanetInfo>, ChainError> {
		self.runtime_api("DatanetsApi_datanets", arguments((from, limit)), at).await
	}

	/// Up to `limit` releases of a datanet (256 at most), from `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn releases(
		&self,
		datanet: DatanetId,
		from: ReleaseId,
		limit: u32,
		at: At,
	) -> Result<Vec<ReleaseInfo>, ChainError> {
		self.runtime_api("DatanetsApi_releases", arguments((datanet, from, limit)), at).await
	}

	/// A contribution by its id.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn contribution(
		&self,
		id: ContributionId,
		at: At,
	) -> Result<Option<ContributionInfo>, ChainError> {
		self.runtime_api("DatanetsApi_contribution", arguments(id), at).await
	}

	/// Up to `limit` contributions of `account` (256 at most), from the id `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn contributions(
		&self,
		account: &AccountId,
		from: ContributionId,
		limit: u32,
		at: At,
	) -> Result<Vec<ContributionInfo>, ChainError> {
		self.runtime_api("DatanetsApi_contributions", arguments((account, from, limit)), at).await
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

	/// A call on chain that waits for its answer.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn request(&self, id: RequestId, at: At) -> Result<Option<RequestInfo>, ChainError> {
		self.runtime_api("InferenceApi_request", arguments(id), at).await
	}

	/// Up to `limit` calls on chain of `model` (256 at most) that wait for an answer, from the id
	/// `from` upwards.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
		limit: u32,
		at: At,
	) -> Result<Vec<RequestInfo>, ChainError> {
		self.runtime_api("InferenceApi_requests", arguments((model, from, limit)), at).await
	}

	/// What `account` may claim as a contributor, up to `limit` contributions (256 at most) from
	/// `from` upwards.
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

	/// What `account` may claim as the curator of datanets, in planck.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn pending_curator(
		&self,
		account: &AccountId,
		at: At,
	) -> Result<Balance, ChainError> {
		self.runtime_api("PayoutsApi_pending_curator", arguments(account), at).await
	}

	/// What `account` has earned over its lifetime, in planck.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn earnings(&self, account: &AccountId, at: At) -> Result<Earnings, ChainError> {
		self.runtime_api("PayoutsApi_earnings", arguments(account), at).await
	}

	/// What the calls of a model were charged and paid over its lifetime, in planck.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn model_earnings(
		&self,
		model: ModelId,
		at: At,
	) -> Result<ModelEarnings, ChainError> {
		self.runtime_api("PayoutsApi_model_earnings", arguments(model), at).await
	}
}

//! The namespace `models_`.

use crate::{
	error::shorten,
	page::{checked_limit, is_full},
	state::State,
	Error,
};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{info::ModelInfo, runtime_api::ModelsApi as RuntimeModels, ModelId};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::{fmt, sync::Arc};

/// A model as a caller names it: by its id, a number, or by its name, a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ModelRef {
	/// By its id.
	Id(ModelId),
	/// By its name.
	Name(String),
}

impl fmt::Display for ModelRef {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Id(id) => id.fmt(formatter),
			Self::Name(name) => write!(formatter, "{:?}", shorten(name)),
		}
	}
}

/// A page of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPage {
	/// By rising id.
	pub models: Vec<ModelInfo>,
	/// The id to go on from, if there may be more.
	pub next: Option<ModelId>,
}

/// Models of the registry.
#[rpc(client, server, namespace = "models")]
pub trait ModelsApi<Hash> {
	/// Up to `limit` models (64 by default, 256 at most), from the id `from` upwards.
	///
	/// # Errors
	/// [`Error::BadLimit`].
	#[method(name = "list", blocking)]
	fn list(
		&self,
		from: Option<ModelId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<ModelPage, Error>;

	/// A model by its id or its name.
	///
	/// # Errors
	/// [`Error::UnknownModel`].
	#[method(name = "get", blocking)]
	fn get(&self, model: ModelRef, at: Option<Hash>) -> Result<ModelInfo, Error>;
}

/// Answers the methods of `models_` from a client.
pub struct Models<C, Block> {
	state: State<C, Block>,
}

impl<C, Block> Models<C, Block> {
	/// Answers from `client`.
	pub fn new(client: Arc<C>) -> Self {
		Self { state: State::new(client) }
	}
}

/// The id of the model that `model` names.
///
/// # Errors
/// [`Error::UnknownModel`] for a name that no model has. Ids are taken as they are.
pub(crate) fn resolve<Api, Block>(
	api: &Api,
	hash: Block::Hash,
	model: &ModelRef,
) -> Result<ModelId, Error>
where
	Block: BlockT,
	Api: RuntimeModels<Block>,
{
	match model {
		ModelRef::Id(id) => Ok(*id),
		ModelRef::Name(name) => api
			.model_by_name(hash, name.clone())?
			.ok_or_else(|| Error::UnknownModel(model.to_string())),
	}
}

impl<C, Block> ModelsApiServer<Block::Hash> for Models<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: RuntimeModels<Block>,
{
	fn list(
		&self,
		from: Option<ModelId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<ModelPage, Error> {
		let limit = checked_limit(limit)?;
		let (api, hash) = self.state.at(at)?;
		let models = api.models(hash, from.unwrap_or_default(), limit)?;
		let last = models.last().filter(|_| is_full(models.len(), limit));
		let next = last.and_then(|model| model.id.checked_add(1));
		Ok(ModelPage { models, next })
	}

	fn get(&self, model: ModelRef, at: Option<Block::Hash>) -> Result<ModelInfo, Error> {
		let (api, hash) = self.state.at(at)?;
		let id = resolve(&*api, hash, &model)?;
		api.model(hash, id)?.ok_or_else(|| Error::UnknownModel(model.to_string()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn models_are_named_by_id_or_name() {
		let read = |text| serde_json::from_str::<ModelRef>(text);
		assert_eq!(read("7").unwrap(), ModelRef::Id(7));
		assert_eq!(read("\"meta/llama\"").unwrap(), ModelRef::Name("meta/llama".into()));
		assert!(read("-1").is_err());
		assert!(read("4294967296").is_err());
		assert!(read("null").is_err());
	}
}

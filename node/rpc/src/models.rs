//! The namespace `models_`.

use crate::{
	page::{checked_limit, next},
	reference::ModelRef,
	state::State,
	Error,
};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{
	info::{ModelInfo, VersionInfo},
	runtime_api::ModelsApi as RuntimeModels,
	ModelId, VersionId,
};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;

/// A page of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPage {
	/// By rising id.
	pub models: Vec<ModelInfo>,
	/// The id to go on from, if there may be more.
	pub next: Option<ModelId>,
}

/// A page of a model's versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPage {
	/// By rising number. One that is announced and not in force yet is among them.
	pub versions: Vec<VersionInfo>,
	/// The version to go on from, if there may be more.
	pub next: Option<VersionId>,
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

	/// A model by its id or its name: what is in force, and what is announced.
	///
	/// # Errors
	/// [`Error::UnknownModel`].
	#[method(name = "get", blocking)]
	fn get(&self, model: ModelRef, at: Option<Hash>) -> Result<ModelInfo, Error>;

	/// Up to `limit` versions (64 by default, 256 at most) of a model, named by id or name, from
	/// the version `from` upwards.
	///
	/// # Errors
	/// [`Error::UnknownModel`], [`Error::BadLimit`].
	#[method(name = "versions", blocking)]
	fn versions(
		&self,
		model: ModelRef,
		from: Option<VersionId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<VersionPage, Error>;
}

/// Answers the methods of `models_` from a client.
pub(crate) struct Models<C, Block>(pub State<C, Block>);

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

/// The model that `model` names.
pub(crate) fn find<Api, Block>(
	api: &Api,
	hash: Block::Hash,
	model: &ModelRef,
) -> Result<ModelInfo, Error>
where
	Block: BlockT,
	Api: RuntimeModels<Block>,
{
	let id = resolve(api, hash, model)?;
	api.model(hash, id)?.ok_or_else(|| Error::UnknownModel(model.to_string()))
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
		let (api, hash) = self.0.at(at)?;
		let models = api.models(hash, from.unwrap_or_default(), limit)?;
		let next = next(&models, limit, |model| model.id.checked_add(1));
		Ok(ModelPage { models, next })
	}

	fn get(&self, model: ModelRef, at: Option<Block::Hash>) -> Result<ModelInfo, Error> {
		let (api, hash) = self.0.at(at)?;
		find(&*api, hash, &model)
	}

	fn versions(
		&self,
		model: ModelRef,
		from: Option<VersionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<VersionPage, Error> {
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let id = find(&*api, hash, &model)?.id;
		let versions = api.versions(hash, id, from.unwrap_or_default(), limit)?;
		let next = next(&versions, limit, |version| version.version.checked_add(1));
		Ok(VersionPage { versions, next })
	}
}

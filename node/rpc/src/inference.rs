//! The namespace `inference_`.

use crate::{
	models::{find, resolve},
	page::{checked_limit, next},
	parse_account,
	reference::ModelRef,
	state::State,
	Error,
};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{
	info::{NodeInfo, OutcomeInfo, Quote, RequestInfo, SessionInfo},
	runtime_api::{InferenceApi as RuntimeInference, ModelsApi as RuntimeModels},
	AccountId, RequestId, SessionId,
};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;

/// A page of inference nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePage {
	/// In the order of the state, which is fixed but says nothing about them.
	pub nodes: Vec<NodeInfo>,
	/// The operator to go on after, if there may be more.
	pub next: Option<AccountId>,
}

/// A page of calls on chain that wait for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPage {
	/// By rising id.
	pub requests: Vec<RequestInfo>,
	/// The id to go on from, if there may be more.
	pub next: Option<RequestId>,
}

/// A call on chain, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RequestState {
	/// It waits for its answer.
	Waiting(RequestInfo),
	/// It was answered, or declined by the node that it named: `end` says which.
	Over(OutcomeInfo),
}

/// Prices, payment sessions, inference nodes and calls on chain.
#[rpc(client, server, namespace = "inference")]
pub trait InferenceApi<Hash> {
	/// The cost that a call of `model`, named by id or name, would have.
	///
	/// # Errors
	/// [`Error::UnknownModel`], [`Error::ModelPaused`], [`Error::ChargeOverflow`].
	#[method(name = "quote", blocking)]
	fn quote(
		&self,
		model: ModelRef,
		input_tokens: u32,
		output_tokens: u32,
		at: Option<Hash>,
	) -> Result<Quote, Error>;

	/// An open session by its id, with what its lanes have settled.
	///
	/// # Errors
	/// [`Error::UnknownSession`].
	#[method(name = "session", blocking)]
	fn session(&self, session: SessionId, at: Option<Hash>) -> Result<SessionInfo, Error>;

	/// An inference node by its operator's address.
	///
	/// # Errors
	/// [`Error::BadAddress`], [`Error::UnknownNode`].
	#[method(name = "node", blocking)]
	fn node(&self, operator: String, at: Option<Hash>) -> Result<NodeInfo, Error>;

	/// Up to `limit` nodes (64 by default, 256 at most) that serve `model`, named by id or name,
	/// from the operator after `after`.
	///
	/// # Errors
	/// [`Error::UnknownModel`], [`Error::BadAddress`], [`Error::BadLimit`].
	#[method(name = "nodes", blocking)]
	fn nodes(
		&self,
		model: ModelRef,
		after: Option<String>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<NodePage, Error>;

	/// A call on chain by its id: while it waits, and for a while after it was answered or declined, with its answer.
	///
	/// # Errors
	/// [`Error::UnknownRequest`].
	// Not `request`: every JSON-RPC client has a method of that name already.
	#[method(name = "request", blocking)]
	fn request_state(&self, request: RequestId, at: Option<Hash>) -> Result<RequestState, Error>;

	/// Up to `limit` calls on chain (64 by default, 256 at most) of `model`, named by id or name,
	/// that wait for an answer, from the id `from` upwards.
	///
	/// # Errors
	/// [`Error::UnknownModel`], [`Error::BadLimit`].
	#[method(name = "requests", blocking)]
	fn requests(
		&self,
		model: ModelRef,
		from: Option<RequestId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<RequestPage, Error>;
}

/// Answers the methods of `inference_` from a client.
pub(crate) struct Inference<C, Block>(pub State<C, Block>);

impl<C, Block> InferenceApiServer<Block::Hash> for Inference<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: RuntimeInference<Block> + RuntimeModels<Block>,
{
	fn quote(
		&self,
		model: ModelRef,
		input_tokens: u32,
		output_tokens: u32,
		at: Option<Block::Hash>,
	) -> Result<Quote, Error> {
		let (api, hash) = self.0.at(at)?;
		let id = resolve(&*api, hash, &model)?;
		api.quote(hash, id, input_tokens, output_tokens)?
			.map_err(|error| Error::no_quote(error, model.to_string()))
	}

	fn session(&self, session: SessionId, at: Option<Block::Hash>) -> Result<SessionInfo, Error> {
		let (api, hash) = self.0.at(at)?;
		api.session(hash, session)?.ok_or(Error::UnknownSession(session))
	}

	fn node(&self, operator: String, at: Option<Block::Hash>) -> Result<NodeInfo, Error> {
		let account = parse_account(&operator)?;
		let (api, hash) = self.0.at(at)?;
		api.node(hash, account)?.ok_or(Error::UnknownNode(operator))
	}

	fn nodes(
		&self,
		model: ModelRef,
		after: Option<String>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<NodePage, Error> {
		let limit = checked_limit(limit)?;
		let after = after.as_deref().map(parse_account).transpose()?;
		let (api, hash) = self.0.at(at)?;
		let id = find(&*api, hash, &model)?.id;
		let nodes = api.nodes(hash, id, after, limit)?;
		let next = next(&nodes, limit, |node| Some(node.operator.clone()));
		Ok(NodePage { nodes, next })
	}

	fn request_state(
		&self,
		request: RequestId,
		at: Option<Block::Hash>,
	) -> Result<RequestState, Error> {
		let (api, hash) = self.0.at(at)?;
		if let Some(waiting) = api.request(hash, request)? {
			return Ok(RequestState::Waiting(waiting));
		}
		let over = api.outcome(hash, request)?.map(RequestState::Over);
		over.ok_or(Error::UnknownRequest(request))
	}

	fn requests(
		&self,
		model: ModelRef,
		from: Option<RequestId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<RequestPage, Error> {
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let id = find(&*api, hash, &model)?.id;
		let requests = api.requests(hash, id, from.unwrap_or_default(), limit)?;
		let next = next(&requests, limit, |request| request.id.checked_add(1));
		Ok(RequestPage { requests, next })
	}
}

//! The JSON-RPC methods of an OpenLedger node beyond those of every Substrate node.
//!
//! | method | answers |
//! |---|---|
//! | `models_list(from?, limit?, at?)` | models, by rising id |
//! | `models_get(model, at?)` | one model, by id or name |
//! | `models_versions(model, from?, limit?, at?)` | the versions of a model |
//! | `datanets_list(from?, limit?, at?)` | datanets, by rising id |
//! | `datanets_get(datanet, at?)` | one datanet, by id or name, with the release that is paid now and the one that follows |
//! | `datanets_releases(datanet, from?, limit?, at?)` | the releases of a datanet |
//! | `datanets_contribution(contribution, at?)` | one contribution |
//! | `datanets_contributions(account, from?, limit?, at?)` | the contributions of an account |
//! | `inference_quote(model, inputTokens, outputTokens, at?)` | what a call would cost |
//! | `inference_session(session, at?)` | one payment session |
//! | `inference_node(operator, at?)` | one inference node |
//! | `inference_nodes(model, after?, limit?, at?)` | the inference nodes that serve a model |
//! | `inference_request(request, at?)` | one call on chain: while it waits, and for a while with its answer |
//! | `inference_requests(model, from?, limit?, at?)` | the calls on chain of a model that wait |
//! | `payouts_pending(account, from?, limit?, at?)` | what an account may claim |
//! | `payouts_earnings(account, at?)` | what an account has earned, by role |
//! | `payouts_model(model, at?)` | what a model's calls were charged and paid, by role |
//!
//! All of them read the state of the block with the hash `at`, or of the best block without it. A
//! node answers for blocks whose state it has kept (`--state-pruning`). Amounts are decimal strings
//! of planck, accounts are SS58 addresses of this chain, which begin with `op`; parameters may also be
//! addresses of no chain in particular (prefix 42), or `0x` and 64 hexadecimal digits. Models and datanets
//! are ids (numbers) or names (strings). Lists come in pages: `next` is where to go on, and is `null` at
//! the end. What can go wrong is listed in [`Error`], with its JSON-RPC codes.
//!
//! Each namespace has a trait for servers (`ModelsApiServer`) and one for clients
//! (`ModelsApiClient`), which any `jsonrpsee` client implements.

#![deny(missing_docs)]

mod account;
mod datanets;
mod error;
mod inference;
mod models;
mod page;
mod payouts;
mod reference;
mod shorten;
mod state;
#[cfg(test)]
mod tests;

pub use account::{parse_account, AccountError};
pub use datanets::{
	ContributionPage, DatanetPage, DatanetsApiClient, DatanetsApiServer, ReleasePage,
};
pub use error::Error;
pub use inference::{InferenceApiClient, InferenceApiServer, NodePage, RequestPage, RequestState};
pub use models::{ModelPage, ModelsApiClient, ModelsApiServer, VersionPage};
pub use page::{DEFAULT_LIMIT, MAX_LIMIT};
pub use payouts::{PayoutsApiClient, PayoutsApiServer, Pending};
pub use reference::{DatanetRef, IdOrName, ModelRef};

use self::{
	datanets::Datanets, inference::Inference, models::Models, payouts::Payouts, state::State,
};
use jsonrpsee::{core::RegisterMethodError, RpcModule};
use openledger_primitives::{
	runtime_api::{DatanetsApi, InferenceApi, ModelsApi, PayoutsApi},
	SS58_PREFIX,
};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::crypto::{set_default_ss58_version, Ss58AddressFormat};
use sp_runtime::traits::Block as BlockT;
use std::sync::Arc;

/// A module with all methods of this crate, which answer from `client`. From then on, the process writes
/// all accounts as addresses of this chain.
///
/// # Errors
/// If two methods had the same name.
pub fn module<C, Block>(client: Arc<C>) -> Result<RpcModule<()>, RegisterMethodError>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: ModelsApi<Block> + DatanetsApi<Block> + InferenceApi<Block> + PayoutsApi<Block>,
{
	set_default_ss58_version(Ss58AddressFormat::custom(SS58_PREFIX));
	let mut module = RpcModule::new(());
	let state = || State::new(client.clone());
	module.merge(Models(state()).into_rpc())?;
	module.merge(Datanets(state()).into_rpc())?;
	module.merge(Inference(state()).into_rpc())?;
	module.merge(Payouts(state()).into_rpc())?;
	Ok(module)
}

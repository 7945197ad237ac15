//! The namespace `payouts_`.

use crate::{
	models::resolve, page::checked_limit, parse_account, reference::ModelRef, state::State, Error,
};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{
	info::{Earnings, ModelEarnings, PendingPage, PendingPayout},
	runtime_api::{ModelsApi as RuntimeModels, PayoutsApi as RuntimePayouts},
	serde_balance, Balance, ContributionId,
};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;

/// The earnings that an account may claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
	/// A page of what its contributions have earned: by contribution, datanet and release. To be
	/// claimed with `DataAttribution.claim`.
	pub payouts: Vec<PendingPayout>,
	/// The contribution to go on from, if there is more.
	pub next: Option<ContributionId>,
	/// Its earnings as the curator of datanets, all of them on each page, in planck. To be
	/// claimed with `DataAttribution.claim_curator`.
	#[serde(with = "serde_balance")]
	pub curator: Balance,
}

/// Earnings: those to be claimed, and those over a lifetime.
#[rpc(client, server, namespace = "payouts")]
pub trait PayoutsApi<Hash> {
	/// The claims of the account with the address `account`: up to `limit` of its contributions (64
	/// by default, 256 at most), from the contribution `from` upwards, and what it has earned as a
	/// curator. An account that has nothing to claim has an empty page.
	///
	/// # Errors
	/// [`Error::BadAddress`], [`Error::BadLimit`].
	#[method(name = "pending", blocking)]
	fn pending(
		&self,
		account: String,
		from: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<Pending, Error>;

	/// The earnings of the account with the address `account` over its lifetime, by role. All zeros
	/// for an account that has earned nothing.
	///
	/// # Errors
	/// [`Error::BadAddress`].
	#[method(name = "earnings", blocking)]
	fn earnings(&self, account: String, at: Option<Hash>) -> Result<Earnings, Error>;

	/// The sums that the calls of a model, named by id or name, have been charged and paid over its
	/// lifetime, by role. A model that is gone from the registry keeps its totals, under its id.
	///
	/// # Errors
	/// [`Error::UnknownModel`].
	#[method(name = "model", blocking)]
	fn model(&self, model: ModelRef, at: Option<Hash>) -> Result<ModelEarnings, Error>;
}

/// Answers the methods of `payouts_` from a client.
pub(crate) struct Payouts<C, Block>(pub State<C, Block>);

impl<C, Block> PayoutsApiServer<Block::Hash> for Payouts<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: RuntimePayouts<Block> + RuntimeModels<Block>,
{
	fn pending(
		&self,
		account: String,
		from: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<Pending, Error> {
		let account = parse_account(&account)?;
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let curator = api.pending_curator(hash, account.clone())?;
		let PendingPage { payouts, next } =
			api.pending(hash, account, from.unwrap_or_default(), limit)?;
		Ok(Pending { payouts, next, curator })
	}

	fn earnings(&self, account: String, at: Option<Block::Hash>) -> Result<Earnings, Error> {
		let account = parse_account(&account)?;
		let (api, hash) = self.0.at(at)?;
		Ok(api.earnings(hash, account)?)
	}

	fn model(&self, model: ModelRef, at: Option<Block::Hash>) -> Result<ModelEarnings, Error> {
		let (api, hash) = self.0.at(at)?;
		let id = resolve(&*api, hash, &model)?;
		let earnings = api.model_earnings(hash, id)?;
		if earnings == ModelEarnings::default() && api.model(hash, id)?.is_none() {
			return Err(Error::UnknownModel(model.to_string()));
		}
		Ok(earnings)
	}
}

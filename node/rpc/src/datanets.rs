//! The namespace `datanets_`.

use crate::{
	page::{checked_limit, next},
	parse_account,
	reference::DatanetRef,
	state::State,
	Error,
};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{
	info::{ContributionInfo, DatanetInfo, ReleaseInfo},
	runtime_api::DatanetsApi as RuntimeDatanets,
	ContributionId, DatanetId, ReleaseId,
};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;

/// A page of datanets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatanetPage {
	/// By rising id.
	pub datanets: Vec<DatanetInfo>,
	/// The id to go on from, if there may be more.
	pub next: Option<DatanetId>,
}

/// A page of a datanet's releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasePage {
	/// By rising number.
	pub releases: Vec<ReleaseInfo>,
	/// The release to go on from, if there may be more.
	pub next: Option<ReleaseId>,
}

/// A page of an account's contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionPage {
	/// By rising id.
	pub contributions: Vec<ContributionInfo>,
	/// The id to go on from, if there may be more.
	pub next: Option<ContributionId>,
}

/// Datanets, their releases, and contributions to them.
#[rpc(client, server, namespace = "datanets")]
pub trait DatanetsApi<Hash> {
	/// Up to `limit` datanets (64 by default, 256 at most), from the id `from` upwards.
	///
	/// # Errors
	/// [`Error::BadLimit`].
	#[method(name = "list", blocking)]
	fn list(
		&self,
		from: Option<DatanetId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<DatanetPage, Error>;

	/// A datanet by its id or its name. `current_release` is the one that models pay whose source names
	/// no release, and `next_release` the one that they will pay, and from which block on; both are
	/// `null` if there is no such thing.
	///
	/// # Errors
	/// [`Error::UnknownDatanet`].
	#[method(name = "get", blocking)]
	fn get(&self, datanet: DatanetRef, at: Option<Hash>) -> Result<DatanetInfo, Error>;

	/// Up to `limit` releases (64 by default, 256 at most) of a datanet, named by id or name, from
	/// the number `from` upwards, with what each has been paid.
	///
	/// # Errors
	/// [`Error::UnknownDatanet`], [`Error::BadLimit`].
	#[method(name = "releases", blocking)]
	fn releases(
		&self,
		datanet: DatanetRef,
		from: Option<ReleaseId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<ReleasePage, Error>;

	/// A contribution by its id.
	///
	/// # Errors
	/// [`Error::UnknownContribution`].
	#[method(name = "contribution", blocking)]
	fn contribution(
		&self,
		contribution: ContributionId,
		at: Option<Hash>,
	) -> Result<ContributionInfo, Error>;

	/// Up to `limit` contributions (64 by default, 256 at most) of the account with the address
	/// `account`, in all datanets, from the id `from` upwards. An account without contributions has
	/// an empty page.
	///
	/// # Errors
	/// [`Error::BadAddress`], [`Error::BadLimit`].
	#[method(name = "contributions", blocking)]
	fn contributions(
		&self,
		account: String,
		from: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> Result<ContributionPage, Error>;
}

/// Answers the methods of `datanets_` from a client.
pub(crate) struct Datanets<C, Block>(pub State<C, Block>);

/// The datanet that `reference` names.
fn find<Api, Block>(
	api: &Api,
	hash: Block::Hash,
	reference: &DatanetRef,
) -> Result<DatanetInfo, Error>
where
	Block: BlockT,
	Api: RuntimeDatanets<Block>,
{
	let id = match reference {
		DatanetRef::Id(id) => Some(*id),
		DatanetRef::Name(name) => api.datanet_by_name(hash, name.clone())?,
	};
	let info = match id {
		Some(id) => api.datanet(hash, id)?,
		None => None,
	};
	info.ok_or_else(|| Error::UnknownDatanet(reference.to_string()))
}

impl<C, Block> DatanetsApiServer<Block::Hash> for Datanets<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: RuntimeDatanets<Block>,
{
	fn list(
		&self,
		from: Option<DatanetId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<DatanetPage, Error> {
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let datanets = api.datanets(hash, from.unwrap_or_default(), limit)?;
		let next = next(&datanets, limit, |datanet| datanet.id.checked_add(1));
		Ok(DatanetPage { datanets, next })
	}

	fn get(&self, datanet: DatanetRef, at: Option<Block::Hash>) -> Result<DatanetInfo, Error> {
		let (api, hash) = self.0.at(at)?;
		find(&*api, hash, &datanet)
	}

	fn releases(
		&self,
		datanet: DatanetRef,
		from: Option<ReleaseId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<ReleasePage, Error> {
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let id = find(&*api, hash, &datanet)?.id;
		let releases = api.releases(hash, id, from.unwrap_or_default(), limit)?;
		let next = next(&releases, limit, |release| release.release.checked_add(1));
		Ok(ReleasePage { releases, next })
	}

	fn contribution(
		&self,
		contribution: ContributionId,
		at: Option<Block::Hash>,
	) -> Result<ContributionInfo, Error> {
		let (api, hash) = self.0.at(at)?;
		api.contribution(hash, contribution)?.ok_or(Error::UnknownContribution(contribution))
	}

	fn contributions(
		&self,
		account: String,
		from: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<ContributionPage, Error> {
		let account = parse_account(&account)?;
		let limit = checked_limit(limit)?;
		let (api, hash) = self.0.at(at)?;
		let contributions = api.contributions(hash, account, from.unwrap_or_default(), limit)?;
		let next = next(&contributions, limit, |contribution| contribution.id.checked_add(1));
		Ok(ContributionPage { contributions, next })
	}
}

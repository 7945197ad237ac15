//! The namespace `payouts_`.

use crate::{page::checked_limit, parse_account, state::State, Error};
use jsonrpsee::proc_macros::rpc;
use openledger_primitives::{
	info::{Earnings, PendingPage},
	runtime_api::PayoutsApi as RuntimePayouts,
	ContributionId,
};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::sync::Arc;

/// What earners may claim and have earned.
#[rpc(client, server, namespace = "payouts")]
pub trait PayoutsApi<Hash> {
	/// What the account with the address `account` may claim: up to `limit` of its contributions (64
	/// by default, 256 at most), from the contribution `from` upwards. An account without
	/// contributions has an empty page.
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
	) -> Result<PendingPage, Error>;

	/// What the account with the address `account` has earned over its lifetime, by role. All zeros
	/// for an account that has earned nothing.
	///
	/// # Errors
	/// [`Error::BadAddress`].
	#[method(name = "earnings", blocking)]
	fn earnings(&self, account: String, at: Option<Hash>) -> Result<Earnings, Error>;
}

/// Answers the methods of `payouts_` from a client.
pub struct Payouts<C, Block> {
	state: State<C, Block>,
}

impl<C, Block> Payouts<C, Block> {
	/// Answers from `client`.
	pub fn new(client: Arc<C>) -> Self {
		Self { state: State::new(client) }
	}
}

impl<C, Block> PayoutsApiServer<Block::Hash> for Payouts<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: RuntimePayouts<Block>,
{
	fn pending(
		&self,
		account: String,
		from: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> Result<PendingPage, Error> {
		let account = parse_account(&account)?;
		let limit = checked_limit(limit)?;
		let (api, hash) = self.state.at(at)?;
		Ok(api.pending(hash, account, from.unwrap_or_default(), limit)?)
	}

	fn earnings(&self, account: String, at: Option<Block::Hash>) -> Result<Earnings, Error> {
		let account = parse_account(&account)?;
		let (api, hash) = self.state.at(at)?;
		Ok(api.earnings(hash, account)?)
	}
}

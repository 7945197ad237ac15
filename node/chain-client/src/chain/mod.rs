//! A connection to a chain node: blocks, accounts and runtime APIs.

mod at;
mod blocks;
mod connection;
mod error;
mod signers;

pub use at::{At, Block};
pub use blocks::finalized_blocks;
pub use connection::ChainOptions;
pub use error::ChainError;

use std::{fmt, sync::Arc};

use codec::{Decode, DecodeAll, Encode};
use openledger_primitives::{
	info::{
		Earnings, LaneTermsInfo, ModelEarnings, ModelInfo, NodeInfo, OutcomeInfo, PendingPage,
		RequestInfo, SessionInfo,
	},
	lane::RejectReason,
	report::commitment,
	AccountId, Balance, BlockNumber, ContributionId, Hash, ModelId, PriceVersion, RequestId,
	SessionId, VersionId,
};
use serde::de::DeserializeOwned;
use subxt::{ext::frame_decode::storage::IntoEncodableValues, rpcs::client::RpcParams};

use self::{connection::Connection, error::shown};
use crate::{
	keys::subxt_account,
	runtime::{metering, storage_key, Call, StoredAccount, StoredCommitment},
};

/// An account's balances, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountInfo {
	/// Transactions it has sent, as of this block.
	pub nonce: u32,
	/// Part that is not held or reserved.
	pub free: Balance,
	/// Part that is held or reserved.
	pub reserved: Balance,
	/// Part of it that must stay.
	pub frozen: Balance,
}

/// A connection to a chain node. Cheap to clone; when it breaks it is made again, and questions
/// wait for it up to their time-out.
#[derive(Clone)]
pub struct Chain {
	connection: Arc<Connection>,
}

impl fmt::Debug for Chain {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Chain")
			.field("url", &shown(&self.connection.url))
			.field("genesis_hash", &self.connection.genesis_hash)
			.finish_non_exhaustive()
	}
}

impl Chain {
	/// Connects to the node at `url` (`ws://` or `wss://`).
	///
	/// # Errors
	/// [`ChainError::Connect`] at once if nobody listens there, or within ten seconds.
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		Self::connect_with(url, ChainOptions::default()).await
	}

	/// Connects to the node at `url` with other time-outs.
	///
	/// # Errors
	/// [`ChainError::Connect`].
	pub async fn connect_with(url: &str, options: ChainOptions) -> Result<Self, ChainError> {
		let connection = Connection::open(url, options).await?;
		Ok(Self { connection: Arc::new(connection) })
	}

	/// Where the node is.
	pub fn url(&self) -> &str {
		&self.connection.url
	}

	/// The hash of the chain's first block, which tells it from every other chain.
	pub fn genesis_hash(&self) -> Hash {
		self.connection.genesis_hash
	}

	/// The chain's CAIP-2 name: `polkadot:` and the first 32 hex digits of its genesis hash.
	pub fn network(&self) -> String {
		openledger_protocol::x402::network(&self.connection.genesis_hash)
	}

	/// Number and hash of a block.
	///
	/// # Errors
	/// [`ChainError::UnknownBlock`] for [`At::Block`] of a block that the node does not have.
	pub async fn block(&self, at: At) -> Result<Block, ChainError> {
		let hash = match at {
			At::Block(hash) => hash,
			At::Finalized => {
				self.connection
					.ask("the finalized head", || {
						self.connection.methods.chain_get_finalized_head()
					})
					.await?
			}
			At::Best => self
				.connection
				.ask("the best block", || self.connection.methods.chain_get_block_hash(None))
				.await?
				.ok_or_else(|| ChainError::UnknownBlock { block: "best".into() })?,
		};
		let header = self
			.connection
			.ask("a header", || self.connection.methods.chain_get_header(Some(hash)))
			.await?
			.ok_or_else(|| ChainError::UnknownBlock { block: format!("{hash:?}") })?;
		Ok(Block { number: block_number(header.number)?, hash })
	}

	/// The hash of a block on the best chain by its number, if the chain is that long.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>, ChainError> {
		self.connection
			.ask("a block's hash", || {
				self.connection.methods.chain_get_block_hash(Some(number.into()))
			})
			.await
	}

	/// The nonce of the account's next transaction, counting those that wait in the pool.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn nonce(&self, account: &AccountId) -> Result<u32, ChainError> {
		let account = subxt_account(account);
		let nonce = self
			.connection
			.ask("an account's nonce", || {
				self.connection.methods.system_account_next_index(&account)
			})
			.await?;
		u32::try_from(nonce).map_err(|error| ChainError::Decode {
			what: "an account's nonce".into(),
			reason: error.to_string(),
		})
	}

	/// The most that the account can spend, in planck: its free balance.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn free_balance(&self, account: &AccountId, at: At) -> Result<Balance, ChainError> {
		Ok(self.account(account, at).await?.free)
	}

	/// The account's balances. All zero for an account that does not exist.
	///
	/// # Errors
	/// If the node cannot be asked, or keeps accounts in another shape.
	pub async fn account(&self, account: &AccountId, at: At) -> Result<AccountInfo, ChainError> {
		let key = (<[u8; 32]>::from(account.clone()),);
		let stored = self.stored::<StoredAccount>("System", "Account", key, at).await?;
		let Some(StoredAccount { nonce, data, .. }) = stored else {
			return Ok(AccountInfo::default());
		};
		Ok(AccountInfo { nonce, free: data.free, reserved: data.reserved, frozen: data.frozen })
	}

	/// A value that the chain keeps, by its pallet, entry and keys. `None` if there is none.
	pub(crate) async fn stored<T: Decode>(
		&self,
		pallet: &str,
		entry: &str,
		keys: impl IntoEncodableValues,
		at: At,
	) -> Result<Option<T>, ChainError> {
		let what = format!("{pallet}.{entry}");
		let key = storage_key(pallet, entry, keys).map_err(|error| ChainError::Decode {
			what: what.clone(),
			reason: error.to_string(),
		})?;
		let hash = self.hash_at(at).await?;
		let stored = self
			.connection
			.ask(&what, || self.connection.methods.state_get_storage(&key, hash))
			.await?;
		stored.map(|stored| decode_exactly(&what, &stored)).transpose()
	}

	/// The time of a block, in milliseconds since 1970. `None` before the first block.
	///
	/// # Errors
	/// If the chain cannot be asked, or answers in another shape.
	pub async fn timestamp(&self, at: At) -> Result<Option<u64>, ChainError> {
		self.stored("Timestamp", "Now", (), at).await
	}

	/// The number that the next session will have.
	///
	/// # Errors
	/// If the chain cannot be asked, or answers in another shape.
	pub async fn next_session(&self, at: At) -> Result<SessionId, ChainError> {
		let next = self.stored("InferenceMetering", "NextSessionId", (), at).await?;
		// The value is not there before the first session.
		Ok(next.unwrap_or_default())
	}

	/// A constant of the runtime, by its pallet and name, as of the best block.
	///
	/// # Errors
	/// If the chain cannot be asked, has no such constant, or has it in another shape.
	pub async fn constant<T: Decode>(&self, pallet: &str, name: &str) -> Result<T, ChainError> {
		let what = format!("{pallet}.{name}");
		let at = self.connection.at(self.block(At::Best).await?).await?;
		let found = at.metadata_ref().pallet_by_name(pallet);
		let found = found.and_then(|pallet| pallet.constant_by_name(name));
		let missing = || ChainError::Decode {
			what: what.clone(),
			reason: "the runtime has no such constant".into(),
		};
		decode_exactly(&what, found.ok_or_else(missing)?.value())
	}

	/// The hash by which `reporter` commits to a report against a node, as the runtime reads the report now.
	///
	/// # Errors
	/// If the chain cannot be asked, or has no such report.
	pub async fn commitment_to(
		&self,
		report: &metering::Call,
		reporter: &AccountId,
	) -> Result<Hash, ChainError> {
		let at = self.connection.at(self.block(At::Best).await?).await?;
		let call = Call::InferenceMetering(report.clone());
		let encoded = call.encode_with(at.metadata_ref())?;
		// Pallet and call are two bytes; the arguments come after them.
		Ok(commitment(reporter, call.name(), encoded.get(2..).unwrap_or_default()))
	}

	/// The block in which `reporter` has made a commitment to a report. `None` if there is none, or it was used up.
	///
	/// # Errors
	/// If the chain cannot be asked, or answers in another shape.
	pub async fn committed_in(
		&self,
		reporter: &AccountId,
		commitment: Hash,
		at: At,
	) -> Result<Option<BlockNumber>, ChainError> {
		let keys = (<[u8; 32]>::from(reporter.clone()), commitment.0);
		let stored =
			self.stored::<StoredCommitment>("InferenceMetering", "ReportCommitments", keys, at);
		Ok(stored.await?.map(|stored| stored.at))
	}

	/// Calls a runtime API of `openledger_primitives::runtime_api`, as `Trait_method`, with its arguments encoded one after the other.
	///
	/// # Errors
	/// If the node cannot be asked, the runtime has no such API, or answers in another shape.
	pub async fn runtime_api<R: Decode>(
		&self,
		method: &str,
		arguments: Vec<u8>,
		at: At,
	) -> Result<R, ChainError> {
		let hash = self.hash_at(at).await?;
		let answer = self
			.connection
			.ask(method, || self.connection.methods.state_call(method, Some(&arguments), hash))
			.await?;
		decode_exactly(method, &answer)
	}

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

	/// A session by its id.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn session(&self, id: SessionId, at: At) -> Result<Option<SessionInfo>, ChainError> {
		self.runtime_api("InferenceApi_session", arguments(id), at).await
	}

	/// The terms of calls that are made under an agreement with these, or the reason why no voucher with them
	/// is redeemed.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn lane_terms(
		&self,
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
		at: At,
	) -> Result<Result<LaneTermsInfo, RejectReason>, ChainError> {
		let arguments = arguments((model, version, price_version, as_of));
		self.runtime_api("InferenceApi_lane_terms", arguments, at).await
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

	/// How a call on chain ended that was answered, or declined by the node that it named, as long as that is kept.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn outcome(&self, id: RequestId, at: At) -> Result<Option<OutcomeInfo>, ChainError> {
		self.runtime_api("InferenceApi_outcome", arguments(id), at).await
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

	/// Claims of `account` as a contributor, up to `limit` contributions (256 at most) from
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

	/// Amount that `account` may claim as the curator of datanets, in planck.
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

	/// The earnings of `account` over its lifetime, in planck.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn earnings(&self, account: &AccountId, at: At) -> Result<Earnings, ChainError> {
		self.runtime_api("PayoutsApi_earnings", arguments(account), at).await
	}

	/// The charges and payments of a model's calls over its lifetime, in planck.
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

	/// Calls any JSON-RPC method.
	///
	/// # Errors
	/// If the node cannot be asked, refuses, or answers in another shape.
	pub async fn rpc<R: DeserializeOwned>(
		&self,
		method: &str,
		params: Vec<serde_json::Value>,
	) -> Result<R, ChainError> {
		let mut encoded = RpcParams::new();
		for param in params {
			encoded.push(param).map_err(|error| ChainError::rpc(method, error))?;
		}
		self.connection.ask(method, || self.connection.rpc.request(method, encoded.clone())).await
	}

	/// The connection beneath.
	pub(crate) fn connection(&self) -> &Connection {
		&self.connection
	}

	async fn hash_at(&self, at: At) -> Result<Option<Hash>, ChainError> {
		Ok(match at {
			// The node takes its best block if none is named.
			At::Best => None,
			At::Finalized => Some(
				self.connection
					.ask("the finalized head", || {
						self.connection.methods.chain_get_finalized_head()
					})
					.await?,
			),
			At::Block(hash) => Some(hash),
		})
	}
}

/// A block number as this chain has it.
fn block_number(number: u64) -> Result<BlockNumber, ChainError> {
	BlockNumber::try_from(number).map_err(|error| ChainError::Decode {
		what: "a block's number".into(),
		reason: error.to_string(),
	})
}

/// Decodes all of `bytes`: what is left over means another type.
fn decode_exactly<T: Decode>(what: &str, bytes: &[u8]) -> Result<T, ChainError> {
	T::decode_all(&mut &*bytes).map_err(|error| ChainError::Decode {
		what: what.to_owned(),
		reason: format!("{error} (does the runtime match this client?)"),
	})
}

/// The arguments of a runtime API, one after the other.
fn arguments(values: impl Encode) -> Vec<u8> {
	values.encode()
}

#[cfg(test)]
mod tests;

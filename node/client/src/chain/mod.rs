//! A connection to a chain node: blocks, accounts and runtime APIs.

mod api;
mod blocks;
mod error;
mod settlements;

pub use error::ChainError;
pub use settlements::SessionSettlements;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use codec::{Decode, DecodeAll, Encode};
use openledger_primitives::{AccountId, Balance, BlockNumber, Hash, SessionId};
use serde::de::DeserializeOwned;
use sp_io::hashing::{blake2_128, twox_128};
use subxt::{
	backend::LegacyBackend,
	client::{OnlineClient, OnlineClientAtBlock},
	config::RpcConfigFor,
	rpcs::{
		self,
		client::{ReconnectingRpcClient, RpcParams},
		LegacyRpcMethods, RpcClient,
	},
	SubstrateConfig,
};
use tokio::time::{sleep, timeout};

use self::error::shown;
use crate::tx::SignerLocks;

pub(crate) type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// How long to wait before a question is asked again that a lost connection swallowed.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// At which block the state is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
	/// The newest block, which a reorganisation may still undo.
	Best,
	/// The newest block that can never be undone.
	Finalized,
	/// This block.
	Block(Hash),
}

/// A block's number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
	/// Its height.
	pub number: BlockNumber,
	/// Its hash.
	pub hash: Hash,
}

/// What an account holds, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountInfo {
	/// Transactions it has sent, as of this block.
	pub nonce: u32,
	/// What is not held or reserved.
	pub free: Balance,
	/// What is held or reserved.
	pub reserved: Balance,
	/// How much of it must stay.
	pub frozen: Balance,
}

/// How long to wait for a chain node.
#[derive(Clone, Debug)]
pub struct ChainOptions {
	/// For the first connection.
	pub connect_timeout: Duration,
	/// For one question, reconnecting included.
	pub request_timeout: Duration,
}

impl Default for ChainOptions {
	fn default() -> Self {
		Self { connect_timeout: Duration::from_secs(10), request_timeout: Duration::from_secs(20) }
	}
}

/// A connection to a chain node. Cheap to clone; when it breaks it is made again, and questions
/// wait for it up to their time-out.
#[derive(Clone)]
pub struct Chain {
	inner: Arc<Inner>,
}

struct Inner {
	url: String,
	options: ChainOptions,
	rpc: RpcClient,
	methods: Methods,
	client: OnlineClient<SubstrateConfig>,
	genesis_hash: Hash,
	signers: SignerLocks,
}

impl fmt::Debug for Chain {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Chain")
			.field("url", &shown(&self.inner.url))
			.field("genesis_hash", &self.inner.genesis_hash)
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
		let failed = |reason: String| {
			let shown = shown(url);
			ChainError::Connect { reason: reason.replace(url, &shown), url: shown }
		};
		let connecting = async {
			if !url.starts_with("ws://") && !url.starts_with("wss://") {
				return Err(failed("the URL must start with ws:// or wss://".into()));
			}
			// The reconnecting client tries for ever, without a word about what is wrong. One plain
			// connection first tells whether anybody is there.
			RpcClient::from_insecure_url(url).await.map_err(|error| failed(root(&error)))?;
			let client = ReconnectingRpcClient::builder()
				.request_timeout(options.request_timeout)
				.connection_timeout(options.connect_timeout)
				.build(url)
				.await
				.map_err(|error| failed(root(&error)))?;
			let rpc = RpcClient::new(client);
			let methods = Methods::new(rpc.clone());
			let backend = LegacyBackend::builder().build(rpc.clone());
			let client =
				OnlineClient::from_backend_with_config(SubstrateConfig::new(), Arc::new(backend))
					.await
					.map_err(|error| failed(root(&error)))?;
			let genesis_hash = client.genesis_hash();
			Ok((rpc, methods, client, genesis_hash))
		};
		let (rpc, methods, client, genesis_hash) =
			timeout(options.connect_timeout, connecting).await.map_err(|_| {
				failed(format!("no answer within {} s", options.connect_timeout.as_secs()))
			})??;
		let inner = Inner {
			url: url.to_owned(),
			options,
			rpc,
			methods,
			client,
			genesis_hash,
			signers: SignerLocks::default(),
		};
		Ok(Self { inner: Arc::new(inner) })
	}

	/// Where the node is.
	pub fn url(&self) -> &str {
		&self.inner.url
	}

	/// The hash of the chain's first block, which tells it from every other chain.
	pub fn genesis_hash(&self) -> Hash {
		self.inner.genesis_hash
	}

	/// The chain's CAIP-2 name: `polkadot:` and the first 32 hex digits of its genesis hash.
	pub fn network(&self) -> String {
		crate::x402::network(&self.inner.genesis_hash)
	}

	/// Number and hash of a block.
	///
	/// # Errors
	/// [`ChainError::UnknownBlock`] for [`At::Block`] of a block that the node does not have.
	pub async fn block(&self, at: At) -> Result<Block, ChainError> {
		let hash = match at {
			At::Block(hash) => hash,
			At::Finalized => {
				self.ask("the finalized head", || self.methods().chain_get_finalized_head()).await?
			}
			At::Best => self
				.ask("the best block", || self.methods().chain_get_block_hash(None))
				.await?
				.ok_or_else(|| ChainError::UnknownBlock { block: "best".into() })?,
		};
		let header = self
			.ask("a header", || self.methods().chain_get_header(Some(hash)))
			.await?
			.ok_or_else(|| ChainError::UnknownBlock { block: format!("{hash:?}") })?;
		Ok(Block { number: block_number(header.number)?, hash })
	}

	/// The hash of a block on the best chain by its number, if the chain is that long.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>, ChainError> {
		self.ask("a block's hash", || self.methods().chain_get_block_hash(Some(number.into())))
			.await
	}

	/// The nonce of the account's next transaction, counting those that wait in the pool.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn nonce(&self, account: &AccountId) -> Result<u32, ChainError> {
		let account = subxt_account(account);
		let nonce = self
			.ask("an account's nonce", || self.methods().system_account_next_index(&account))
			.await?;
		u32::try_from(nonce).map_err(|error| ChainError::Decode {
			what: "an account's nonce".into(),
			reason: error.to_string(),
		})
	}

	/// What the account can spend at most, in planck: its free balance.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn free_balance(&self, account: &AccountId, at: At) -> Result<Balance, ChainError> {
		Ok(self.account(account, at).await?.free)
	}

	/// What the account holds. All zero for an account that does not exist.
	///
	/// # Errors
	/// If the node cannot be asked, or keeps accounts in another shape.
	pub async fn account(&self, account: &AccountId, at: At) -> Result<AccountInfo, ChainError> {
		// `System.Account`: nonce, three reference counts, then the balances.
		type Stored = (u32, [u32; 3], (Balance, Balance, Balance, u128));
		let raw: &[u8] = account.as_ref();
		let key = [&twox_128(b"System")[..], &twox_128(b"Account"), &blake2_128(raw), raw].concat();
		let Some(stored) = self.storage(&key, at).await? else {
			return Ok(AccountInfo::default());
		};
		let (nonce, _, (free, reserved, frozen, _)) =
			decode_exactly::<Stored>("an account", &stored)?;
		Ok(AccountInfo { nonce, free, reserved, frozen })
	}

	/// A value in storage by its full key.
	///
	/// # Errors
	/// If the node cannot be asked.
	pub async fn storage(&self, key: &[u8], at: At) -> Result<Option<Vec<u8>>, ChainError> {
		let hash = self.hash_at(at).await?;
		self.ask("a value in storage", || self.methods().state_get_storage(key, hash)).await
	}

	/// The number that the next session will have.
	///
	/// # Errors
	/// If the chain cannot be asked, or answers in another shape.
	pub async fn next_session(&self, at: At) -> Result<SessionId, ChainError> {
		let key = [twox_128(b"InferenceMetering"), twox_128(b"NextSessionId")].concat();
		// The value is not there before the first session.
		let Some(stored) = self.storage(&key, at).await? else { return Ok(0) };
		let bytes = <[u8; 8]>::try_from(stored).map_err(|bytes| ChainError::Decode {
			what: "the number of the next session".into(),
			reason: format!("it has {} bytes", bytes.len()),
		})?;
		Ok(SessionId::from_le_bytes(bytes))
	}

	/// Calls a runtime API, as `Trait_method`, with its arguments encoded one after the other.
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
		let answer =
			self.ask(method, || self.methods().state_call(method, Some(&arguments), hash)).await?;
		decode_exactly(method, &answer)
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
		self.ask(method, || self.inner.rpc.request(method, encoded.clone())).await
	}

	/// The legacy RPC methods of the node.
	pub(crate) fn methods(&self) -> &Methods {
		&self.inner.methods
	}

	/// The locks that keep the transactions of one signer in order.
	pub(crate) fn signers(&self) -> &SignerLocks {
		&self.inner.signers
	}

	/// How long to wait for one answer.
	pub(crate) fn request_timeout(&self) -> Duration {
		self.inner.options.request_timeout
	}

	/// The runtime's metadata, and all that hangs on it, as of a block.
	pub(crate) async fn at(
		&self,
		block: Block,
	) -> Result<OnlineClientAtBlock<SubstrateConfig>, ChainError> {
		let client = self.inner.client.at_block_hash_and_number(block.hash, block.number.into());
		self.within("the runtime's metadata", client).await
	}

	/// Waits for an answer, but not for ever.
	pub(crate) async fn within<T, E: std::error::Error>(
		&self,
		what: &str,
		answer: impl Future<Output = Result<T, E>>,
	) -> Result<T, ChainError> {
		let after = self.request_timeout();
		match timeout(after, answer).await {
			Ok(answer) => answer
				.map_err(|error| ChainError::Rpc { what: what.to_owned(), reason: root(&error) }),
			Err(_) => Err(ChainError::Timeout { what: what.to_owned(), after }),
		}
	}

	/// Asks something that changes nothing: again if the connection was lost, until time is up.
	pub(crate) async fn ask<T, Answer>(
		&self,
		what: &str,
		question: impl Fn() -> Answer,
	) -> Result<T, ChainError>
	where
		Answer: Future<Output = Result<T, rpcs::Error>>,
	{
		let asking = async {
			loop {
				match question().await {
					Err(error) if error.is_disconnected_will_reconnect() => {
						tracing::debug!(what, "connection to the chain node lost; asking again");
						sleep(RECONNECT_PAUSE).await;
					}
					answer => break answer,
				}
			}
		};
		let after = self.request_timeout();
		match timeout(after, asking).await {
			Ok(answer) => answer.map_err(|error| ChainError::rpc(what, error)),
			Err(_) => Err(ChainError::Timeout { what: what.to_owned(), after }),
		}
	}

	async fn hash_at(&self, at: At) -> Result<Option<Hash>, ChainError> {
		Ok(match at {
			// The node takes its best block if none is named.
			At::Best => None,
			At::Finalized => Some(
				self.ask("the finalized head", || self.methods().chain_get_finalized_head())
					.await?,
			),
			At::Block(hash) => Some(hash),
		})
	}
}

/// An account as the RPC client has it.
pub(crate) fn subxt_account(account: &AccountId) -> subxt::utils::AccountId32 {
	subxt::utils::AccountId32(*AsRef::<[u8; 32]>::as_ref(account))
}

/// A block number as this chain has it.
pub(crate) fn block_number(number: u64) -> Result<BlockNumber, ChainError> {
	BlockNumber::try_from(number).map_err(|error| ChainError::Decode {
		what: "a block's number".into(),
		reason: error.to_string(),
	})
}

/// Decodes all of `bytes`: what is left over means another type.
pub(crate) fn decode_exactly<T: Decode>(what: &str, bytes: &[u8]) -> Result<T, ChainError> {
	T::decode_all(&mut &*bytes).map_err(|error| ChainError::Decode {
		what: what.to_owned(),
		reason: format!("{error} (does the runtime match this client?)"),
	})
}

/// The arguments of a runtime API, one after the other.
pub(crate) fn arguments(values: impl Encode) -> Vec<u8> {
	values.encode()
}

/// What an error says, with the innermost cause if that says more.
fn root(error: &dyn std::error::Error) -> String {
	let said = error.to_string();
	let mut cause = error;
	while let Some(inner) = cause.source() {
		cause = inner;
	}
	let innermost = cause.to_string();
	if said.contains(&innermost) {
		said
	} else {
		format!("{said}: {innermost}")
	}
}

#[cfg(test)]
mod tests;

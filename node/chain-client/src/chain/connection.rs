//! The connection itself: made once, made again when it breaks, and asked with patience.

use std::{future::Future, sync::Arc, time::Duration};

use openledger_primitives::Hash;
use subxt::{
	backend::LegacyBackend,
	client::{OnlineClient, OnlineClientAtBlock},
	config::RpcConfigFor,
	rpcs::{self, client::ReconnectingRpcClient, LegacyRpcMethods, RpcClient},
	SubstrateConfig,
};
use tokio::time::{sleep, timeout};

use super::{
	at::Block,
	error::{shown, ChainError},
	signers::SignerLocks,
};

type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// The wait before a question is asked again that a lost connection swallowed.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// The times to wait for a chain node.
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

/// A connection to a chain node.
pub(crate) struct Connection {
	/// Where the node is.
	pub url: String,
	/// The hash of the chain's first block.
	pub genesis_hash: Hash,
	/// Any JSON-RPC method of the node.
	pub rpc: RpcClient,
	/// The legacy RPC methods of the node.
	pub methods: Methods,
	/// The locks that keep the transactions of one signer in order.
	pub signers: SignerLocks,
	options: ChainOptions,
	client: OnlineClient<SubstrateConfig>,
}

impl Connection {
	/// Connects to the node at `url`.
	pub(super) async fn open(url: &str, options: ChainOptions) -> Result<Self, ChainError> {
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
		Ok(Self {
			url: url.to_owned(),
			options,
			rpc,
			methods,
			client,
			genesis_hash,
			signers: SignerLocks::default(),
		})
	}

	/// The longest wait for one answer.
	pub(crate) fn request_timeout(&self) -> Duration {
		self.options.request_timeout
	}

	/// The runtime's metadata, and all that hangs on it, as of a block.
	pub(crate) async fn at(
		&self,
		block: Block,
	) -> Result<OnlineClientAtBlock<SubstrateConfig>, ChainError> {
		let client = self.client.at_block_hash_and_number(block.hash, block.number.into());
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
}

/// The message of an error, with the innermost cause if that says more.
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

//! Following a transaction: by the node's notices while the connection lasts, else by searching the
//! blocks that it can be in.

use std::time::Duration;

use openledger_primitives::{BlockNumber, Hash};
use serde::Deserialize;
use serde_json::json;
use sp_io::hashing::blake2_256;
use subxt::rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus};
use tokio::time::sleep;

use super::{Included, Pending, TxOutcome, Wait};
use crate::{
	chain::{At, Block, Chain, ChainError},
	events,
	runtime::{system, Event},
};

/// Time between two searches of blocks.
const SEARCH_PAUSE: Duration = Duration::from_secs(1);

/// As much of a block as is needed here.
#[derive(Deserialize)]
struct SignedBlock {
	block: BlockBody,
}

#[derive(Deserialize)]
struct BlockBody {
	extrinsics: Vec<Extrinsic>,
}

/// An extrinsic: nodes write it as hex or, where they know the runtime's type, as bytes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Extrinsic {
	Hex(sp_core::Bytes),
	Bytes(Vec<u8>),
}

impl AsRef<[u8]> for Extrinsic {
	fn as_ref(&self) -> &[u8] {
		match self {
			Self::Hex(bytes) => bytes,
			Self::Bytes(bytes) => bytes,
		}
	}
}

/// The meaning of a notice of the node.
enum Notice {
	/// It is in this block, which is final or not.
	In(Hash, bool),
	/// The pool does not keep it.
	Dropped(&'static str),
	/// The node will say no more.
	Silent,
	/// Nothing to act on.
	Other,
}

impl Notice {
	fn of(status: TransactionStatus<Hash>) -> Self {
		match status {
			TransactionStatus::InBlock(hash) => Self::In(hash, false),
			TransactionStatus::Finalized(hash) => Self::In(hash, true),
			TransactionStatus::Usurped(_) => {
				Self::Dropped("another transaction with the same nonce took its place")
			}
			TransactionStatus::Dropped => Self::Dropped("the pool is full"),
			TransactionStatus::Invalid => {
				Self::Dropped("it is not valid any more (its nonce was used, or its time is over)")
			}
			TransactionStatus::FinalityTimeout(_) => Self::Silent,
			TransactionStatus::Future
			| TransactionStatus::Ready
			| TransactionStatus::Broadcast(_)
			| TransactionStatus::Retracted(_) => Self::Other,
		}
	}
}

/// Waits until the outcome of a transaction is known.
pub(super) async fn follow(
	chain: &Chain,
	statuses: Option<RpcSubscription<TransactionStatus<Hash>>>,
	pending: Pending,
) -> TxOutcome {
	if let Some(statuses) = statuses {
		if let Some(outcome) = listen(chain, statuses, pending).await {
			return outcome;
		}
	}
	search(chain, pending).await
}

/// Listens to the node's notices. `None` if they stop before the outcome is known.
async fn listen(
	chain: &Chain,
	mut statuses: RpcSubscription<TransactionStatus<Hash>>,
	pending: Pending,
) -> Option<TxOutcome> {
	while let Some(status) = statuses.next().await {
		let status = match status {
			Ok(status) => status,
			Err(error) => {
				tracing::debug!(%error, "no more notices of the transaction; searching for it");
				return None;
			}
		};
		match Notice::of(status) {
			Notice::In(hash, finalized) if finalized || pending.wait == Wait::InBlock => {
				match resolve(chain, hash, finalized, pending).await {
					Ok(Some(outcome)) => return Some(outcome),
					Ok(None) => {}
					Err(error) => {
						tracing::debug!(%error, "could not read the transaction's block");
						return None;
					}
				}
			}
			Notice::In(..) | Notice::Other => {}
			Notice::Dropped(reason) => return Some(TxOutcome::Dropped { reason: reason.into() }),
			Notice::Silent => return None,
		}
	}
	None
}

/// Searches the blocks that the transaction can be in, until it is found or its time is over.
async fn search(chain: &Chain, pending: Pending) -> TxOutcome {
	// Final blocks up to this one do not have it.
	let mut searched = pending.birth.number;
	loop {
		match search_once(chain, &mut searched, pending).await {
			Ok(Some(outcome)) => return outcome,
			Ok(None) if searched >= pending.valid_until => {
				return TxOutcome::Expired { valid_until: pending.valid_until };
			}
			Ok(None) => {}
			Err(error) => tracing::debug!(%error, "searching for a transaction"),
		}
		sleep(SEARCH_PAUSE).await;
	}
}

async fn search_once(
	chain: &Chain,
	searched: &mut u32,
	pending: Pending,
) -> Result<Option<TxOutcome>, ChainError> {
	let finalized = chain.block(At::Finalized).await?.number;
	while *searched < finalized.min(pending.valid_until) {
		let next = searched.saturating_add(1);
		if let Some(block) = find(chain, pending.extrinsic, next, next).await? {
			return resolve(chain, block, true, pending).await;
		}
		*searched = next;
	}
	if pending.wait == Wait::InBlock {
		let best = chain.block(At::Best).await?.number.min(pending.valid_until);
		let from = searched.saturating_add(1);
		if let Some(block) = find(chain, pending.extrinsic, from, best).await? {
			return resolve(chain, block, false, pending).await;
		}
	}
	Ok(None)
}

/// The block of the best chain that a transaction is in, of the blocks `from..=to`.
async fn find(
	chain: &Chain,
	extrinsic: Hash,
	from: BlockNumber,
	to: BlockNumber,
) -> Result<Option<Hash>, ChainError> {
	for number in from..=to {
		let Some(hash) = chain.block_hash(number).await? else { break };
		if position(chain, extrinsic, hash).await?.is_some() {
			return Ok(Some(hash));
		}
	}
	Ok(None)
}

/// The transaction's events in a block. `None` if it is not there.
async fn resolve(
	chain: &Chain,
	block: Hash,
	finalized: bool,
	pending: Pending,
) -> Result<Option<TxOutcome>, ChainError> {
	let block: Block = chain.block(At::Block(block)).await?;
	let Some(index) = position(chain, pending.extrinsic, block.hash).await? else {
		return Ok(None);
	};
	let mut events = events::in_block(chain, block).await?;
	events.retain(|record| record.extrinsic == Some(index));
	let error = events.iter().find_map(|record| match &record.event {
		Event::System(system::Event::ExtrinsicFailed(_)) => record.failure.clone(),
		_ => None,
	});
	Ok(Some(match error {
		Some(error) => TxOutcome::Failed { block, finalized, error },
		None => TxOutcome::Included(Included {
			block,
			finalized,
			extrinsic: pending.extrinsic,
			index,
			events,
		}),
	}))
}

/// A transaction's place in a block.
async fn position(chain: &Chain, extrinsic: Hash, block: Hash) -> Result<Option<u32>, ChainError> {
	let answer: Option<SignedBlock> = chain.rpc("chain_getBlock", vec![json!(block)]).await?;
	let answer = answer.ok_or_else(|| ChainError::UnknownBlock { block: format!("{block:?}") })?;
	let position =
		answer.block.extrinsics.iter().position(|bytes| blake2_256(bytes.as_ref()) == extrinsic.0);
	Ok(position.and_then(|position| u32::try_from(position).ok()))
}

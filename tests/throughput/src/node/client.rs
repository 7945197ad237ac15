//! A node from outside: what it is handed, and what it puts into its blocks.

use super::blocks::{self, Block};
use crate::{account::Account, market::Step};
use anyhow::{bail, ensure, Context, Result};
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::{At, Chain, ChainError, ChainOptions};
use openledger_primitives::{AccountId, BlockNumber};
use openledger_runtime::{Nonce, Runtime, RuntimeCall};
use serde_json::Value;
use sp_core::bytes::to_hex;
use std::{
	collections::{BTreeMap, HashMap},
	sync::atomic::{AtomicUsize, Ordering},
	time::Duration,
};
use tokio::time::{sleep, timeout};

/// Extrinsics that are on their way to the node at the same time.
const AT_ONCE: usize = 32;
/// The wait before the node is asked for its newest block again.
const LOOK: Duration = Duration::from_millis(50);
/// The wait before a full pool is offered something again.
const FULL: Duration = Duration::from_millis(100);
/// Longest time for the node to answer: it is busy.
const ANSWER: Duration = Duration::from_secs(120);
/// Longest time for something that has to be there before anything is measured.
const APPLIED: Duration = Duration::from_secs(120);

/// The node's words for an extrinsic that has no place in its pool now: it is full.
const NO_PLACE: [&str; 2] = ["immediately dropped", "temporarily banned"];
/// Its words for one that it has.
const KNOWN: &str = "already imported";

/// A signed extrinsic.
pub struct Prepared {
	/// Its bytes, in hex.
	pub hex: String,
	/// How many bytes those are.
	pub length: u64,
	/// The computation that is set aside for it before it is applied, in picoseconds.
	pub weight: u64,
	/// Calls that it settles; of a transfer, itself.
	pub calls: u64,
}

/// What became of extrinsics that were handed to a node.
pub struct Included {
	/// The blocks that have them.
	pub blocks: Vec<Block>,
	/// How often the pool had no place for one.
	pub refused: usize,
}

/// A connection to a node, and the accounts' nonces.
pub struct Client {
	chain: Chain,
	nonces: BTreeMap<AccountId, Nonce>,
	/// The newest block that was looked at.
	seen: BlockNumber,
}

impl Client {
	/// Connects to a node.
	pub async fn connect(url: &str) -> Result<Self> {
		let options = ChainOptions { request_timeout: ANSWER, ..ChainOptions::default() };
		let chain = Chain::connect_with(url, options).await?;
		let seen = chain.block(At::Best).await?.number;
		Ok(Self { chain, nonces: BTreeMap::new(), seen })
	}

	/// The chain.
	pub fn chain(&self) -> &Chain {
		&self.chain
	}

	/// Signs an extrinsic with its account's next nonce.
	pub async fn sign(
		&mut self,
		account: &Account,
		call: RuntimeCall,
		calls: u64,
	) -> Result<Prepared> {
		let id = account.id();
		let nonce = match self.nonces.get(&id) {
			Some(nonce) => *nonce,
			None => self.chain.nonce(&id).await?,
		};
		self.nonces.insert(id, nonce.saturating_add(1));
		let info = call.get_dispatch_info();
		let base = <Runtime as frame_system::Config>::BlockWeights::get();
		let base = base.get(info.class).base_extrinsic;
		let weight = info.total_weight().saturating_add(base).ref_time();
		let signed = account.extrinsic(self.chain.genesis_hash(), nonce, call).encode();
		let length = u64::try_from(signed.len())?;
		Ok(Prepared { hex: to_hex(&signed, false), length, weight, calls })
	}

	/// Applies extrinsics, and waits until they are in blocks. Those of one account keep their order.
	pub async fn apply(&mut self, steps: Vec<Step>) -> Result<()> {
		let mut prepared = Vec::new();
		for (account, calls) in steps {
			for call in calls {
				prepared.push(self.sign(&account, call, 0).await?);
			}
		}
		for block in self.include(&prepared, APPLIED).await?.blocks {
			let failed = blocks::failed(&self.chain, block.hash).await?;
			ensure!(failed.is_empty(), "block {}: {failed:?}", block.number);
		}
		Ok(())
	}

	/// Waits until so many more blocks are made.
	pub async fn pass(&self, blocks: BlockNumber) -> Result<()> {
		let until = self.chain.block(At::Best).await?.number.saturating_add(blocks);
		while self.chain.block(At::Best).await?.number < until {
			sleep(LOOK).await;
		}
		Ok(())
	}

	/// Hands extrinsics to the node, and waits until all of them are in blocks.
	pub async fn include(&mut self, prepared: &[Prepared], limit: Duration) -> Result<Included> {
		let (accepted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
		let both = async {
			let feeding = feed(&self.chain, prepared, &accepted, &refused);
			tokio::try_join!(feeding, follow(&self.chain, self.seen, prepared, &accepted))
		};
		let done = timeout(limit, both).await;
		let ((), blocks) = done.with_context(|| {
			let accepted = accepted.load(Ordering::Relaxed);
			let all = prepared.len();
			format!("not all of {all} are in blocks within {limit:?}; the pool took {accepted}")
		})??;
		if let Some(last) = blocks.last() {
			self.seen = last.number;
		}
		Ok(Included { blocks, refused: refused.into_inner() })
	}
}

/// Hands extrinsics to the node's pool, and waits where that is full.
async fn feed(
	chain: &Chain,
	prepared: &[Prepared],
	accepted: &AtomicUsize,
	refused: &AtomicUsize,
) -> Result<()> {
	let handing =
		stream::iter(prepared).map(Ok).try_for_each_concurrent(AT_ONCE, |one| async move {
			loop {
				let sent = chain
					.rpc::<Value>("author_submitExtrinsic", vec![one.hex.as_str().into()])
					.await;
				match sent {
					Ok(_) => break,
					Err(ChainError::Rpc { reason, .. }) => {
						let reason = reason.to_lowercase();
						if reason.contains(KNOWN) {
							break;
						}
						if !NO_PLACE.iter().any(|words| reason.contains(words)) {
							bail!("the node refused an extrinsic: {reason}");
						}
						refused.fetch_add(1, Ordering::Relaxed);
						sleep(FULL).await;
					}
					Err(error) => return Err(error.into()),
				}
			}
			accepted.fetch_add(1, Ordering::Relaxed);
			Ok(())
		});
	handing.await
}

/// Reads blocks after `seen` until all extrinsics are in them. The blocks that have any.
async fn follow(
	chain: &Chain,
	mut seen: BlockNumber,
	prepared: &[Prepared],
	accepted: &AtomicUsize,
) -> Result<Vec<Block>> {
	let calls: HashMap<&str, u64> =
		prepared.iter().map(|one| (one.hex.as_str(), one.calls)).collect();
	let mut found = Vec::new();
	let mut included = 0;
	while included < prepared.len() {
		let best = chain.block(At::Best).await?.number;
		let taken = accepted.load(Ordering::Relaxed);
		while seen < best {
			seen += 1;
			let mut block = blocks::read(chain, seen, &calls).await?;
			block.waiting = taken.saturating_sub(included);
			included += block.extrinsics;
			if block.extrinsics > 0 {
				found.push(block);
			}
		}
		sleep(LOOK).await;
	}
	Ok(found)
}

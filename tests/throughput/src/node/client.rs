//! A node from outside: what it is handed, and what it puts into its blocks.

use super::blocks::{self, Block};
use crate::{account::Account, market::Step};
use anyhow::{bail, ensure, Context, Result};
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use futures::future::try_join_all;
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
use tokio::{
	sync::Semaphore,
	time::{sleep, timeout},
};

/// The wait before the node is asked for its newest block again.
const LOOK: Duration = Duration::from_millis(50);
/// The wait before a full pool is offered something again.
const FULL: Duration = Duration::from_millis(100);
/// Longest time for the node to answer: it is busy.
const ANSWER: Duration = Duration::from_secs(120);
/// Longest time for something that has to be there before anything is measured.
const APPLIED: Duration = Duration::from_secs(120);

/// Bytes that wait in the node's pool at most: three full blocks. A pool that is full may drop what it has taken,
/// and whatever comes after that from the same account would wait for ever. Unless a node is told otherwise,
/// it is full at 20 MiB, or at 8,192 extrinsics.
const WAITING: usize = 12 * 1024 * 1024;
/// Bytes that an extrinsic counts as at least, so that no more than 6,144 wait.
const LEAST: usize = 2 * 1024;

/// The node's words for an extrinsic that has no place in its pool now: it is full.
const NO_PLACE: [&str; 2] = ["immediately dropped", "temporarily banned"];
/// Its words for one that it has.
const KNOWN: &str = "already imported";

/// A signed extrinsic.
pub struct Prepared {
	/// Who sends it.
	pub sender: AccountId,
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
		self.nonces.insert(id.clone(), nonce.saturating_add(1));
		let signed = account.extrinsic(self.chain.genesis_hash(), nonce, call);
		// What checks the signature and takes the fee counts as well.
		let info = signed.get_dispatch_info();
		let base = <Runtime as frame_system::Config>::BlockWeights::get();
		let base = base.get(info.class).base_extrinsic;
		let weight = info.total_weight().saturating_add(base).ref_time();
		let signed = signed.encode();
		let length = u64::try_from(signed.len())?;
		Ok(Prepared { sender: id, hex: to_hex(&signed, false), length, weight, calls })
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
		let pool = Pool::default();
		let both = async {
			let feeding = feed(&self.chain, prepared, &pool);
			tokio::try_join!(feeding, follow(&self.chain, self.seen, prepared, &pool))
		};
		let done = timeout(limit, both).await;
		let ((), blocks) = done.with_context(|| {
			let accepted = pool.accepted.load(Ordering::Relaxed);
			let all = prepared.len();
			format!("not all of {all} are in blocks within {limit:?}; the pool took {accepted}")
		})??;
		if let Some(last) = blocks.last() {
			self.seen = last.number;
		}
		Ok(Included { blocks, refused: pool.refused.into_inner() })
	}
}

/// What is known of the node's pool.
struct Pool {
	/// Extrinsics that it has taken, those that are in blocks among them.
	accepted: AtomicUsize,
	/// How often it had no place for one.
	refused: AtomicUsize,
	/// Bytes that may yet wait in it.
	room: Semaphore,
}

impl Default for Pool {
	fn default() -> Self {
		let room = Semaphore::new(WAITING);
		Self { accepted: AtomicUsize::new(0), refused: AtomicUsize::new(0), room }
	}
}

/// The part of the pool's room that an extrinsic of so many bytes takes.
fn room(length: u64) -> usize {
	usize::try_from(length).unwrap_or(WAITING).clamp(LEAST, WAITING)
}

/// Hands extrinsics to the node's pool, as many accounts at the same time as there are: those of one account one
/// after the other, so that the pool can place each at once.
async fn feed(chain: &Chain, prepared: &[Prepared], pool: &Pool) -> Result<()> {
	let mut of_account: BTreeMap<&AccountId, Vec<&Prepared>> = BTreeMap::new();
	for one in prepared {
		of_account.entry(&one.sender).or_default().push(one);
	}
	let handing = of_account.into_values().map(|of_one| async move {
		for one in of_one {
			// Given back when it is in a block.
			pool.room.acquire_many(u32::try_from(room(one.length))?).await?.forget();
			hand(chain, one, pool).await?;
		}
		anyhow::Ok(())
	});
	try_join_all(handing).await?;
	Ok(())
}

/// Hands one extrinsic to the node's pool, again and again as long as that is full.
async fn hand(chain: &Chain, one: &Prepared, pool: &Pool) -> Result<()> {
	loop {
		let params = vec![one.hex.as_str().into()];
		match chain.rpc::<Value>("author_submitExtrinsic", params).await {
			Ok(_) => break,
			Err(ChainError::Rpc { reason, .. }) => {
				let reason = reason.to_lowercase();
				if reason.contains(KNOWN) {
					break;
				}
				if !NO_PLACE.iter().any(|words| reason.contains(words)) {
					bail!("the node refused an extrinsic: {reason}");
				}
				pool.refused.fetch_add(1, Ordering::Relaxed);
				sleep(FULL).await;
			}
			Err(error) => return Err(error.into()),
		}
	}
	pool.accepted.fetch_add(1, Ordering::Relaxed);
	Ok(())
}

/// Reads blocks after `seen` until all extrinsics are in them. The blocks that have any.
async fn follow(
	chain: &Chain,
	mut seen: BlockNumber,
	prepared: &[Prepared],
	pool: &Pool,
) -> Result<Vec<Block>> {
	let known: HashMap<&str, &Prepared> =
		prepared.iter().map(|one| (one.hex.as_str(), one)).collect();
	let mut found = Vec::new();
	let (mut included, mut taken) = (0, 0_usize);
	while included < prepared.len() {
		let best = chain.block(At::Best).await?.number;
		while seen < best {
			seen += 1;
			let (mut block, inside) = blocks::read(chain, seen, &known).await?;
			// What came while it was made may have come too late for it.
			block.waiting = taken.saturating_sub(included);
			taken = pool.accepted.load(Ordering::Relaxed);
			included += block.extrinsics;
			pool.room.add_permits(inside.into_iter().map(|one| room(one.length)).sum());
			if block.extrinsics > 0 {
				found.push(block);
			}
		}
		sleep(LOOK).await;
	}
	Ok(found)
}

//! Blocks of a running chain, and how full they are.

use super::client::{Included, Prepared};
use anyhow::{Context, Result};
use codec::{Decode, DecodeAll};
use frame_support::{dispatch::DispatchClass, storage::storage_prefix};
use frame_system::{ConsumedWeight, EventRecord};
use openledger_chain_client::Chain;
use openledger_primitives::{BlockNumber, Hash};
use openledger_runtime::{Runtime, RuntimeEvent};
use serde_json::Value;
use sp_core::bytes::{from_hex, to_hex};
use std::collections::HashMap;

/// What a block has.
pub struct Block {
	/// Its number.
	pub number: BlockNumber,
	/// Its hash.
	pub hash: Hash,
	/// Its time, in milliseconds since 1970.
	pub time: u64,
	/// The computation that ordinary extrinsics have used, in picoseconds.
	pub weight: u64,
	/// Bytes of all extrinsics.
	pub length: u64,
	/// How many of those that were looked for it has.
	pub extrinsics: usize,
	/// Calls that they settle.
	pub calls: u64,
	/// Extrinsics that the pool had before this block was made, as far as no earlier block has them.
	pub waiting: usize,
}

/// The most that ordinary extrinsics of a block may be.
pub struct Limits {
	/// Computation, in picoseconds.
	pub weight: u64,
	/// Bytes.
	pub length: u64,
}

/// What one extrinsic of a kind takes of a block, on average.
pub struct Each {
	weight: u64,
	length: u64,
}

impl Limits {
	/// Those of this chain.
	pub fn of_the_runtime() -> Result<Self> {
		let weights = <Runtime as frame_system::Config>::BlockWeights::get();
		let most = weights.get(DispatchClass::Normal).max_total.context("no bound of weight")?;
		let lengths = <Runtime as frame_system::Config>::BlockLength::get();
		let length = u64::from(*lengths.max.get(DispatchClass::Normal));
		Ok(Self { weight: most.ref_time(), length })
	}

	/// What each of these took. No other ordinary extrinsics were in their blocks.
	pub fn each(&self, prepared: &[Prepared], included: &Included) -> Result<Each> {
		let count = u64::try_from(prepared.len())?;
		let weight: u64 = included.blocks.iter().map(|block| block.weight).sum();
		let length: u64 = prepared.iter().map(|one| one.length).sum();
		let each = |sum: u64| sum.checked_div(count).filter(|each| *each > 0);
		let (weight, length) = each(weight).zip(each(length)).context("nothing was included")?;
		Ok(Each { weight, length })
	}

	/// How many of a kind fit a block.
	pub fn fit(&self, each: &Each) -> usize {
		let by_weight = self.weight.checked_div(each.weight).unwrap_or_default();
		let by_length = self.length.checked_div(each.length).unwrap_or_default();
		usize::try_from(by_weight.min(by_length)).unwrap_or(usize::MAX).max(1)
	}
}

/// Reads a block of the best chain, and which of the extrinsics that are looked for it has.
pub async fn read<'a>(
	chain: &Chain,
	number: BlockNumber,
	known: &HashMap<&str, &'a Prepared>,
) -> Result<(Block, Vec<&'a Prepared>)> {
	let hash = chain.block_hash(number).await?.with_context(|| format!("no block {number}"))?;
	let shown: Value = chain.rpc("chain_getBlock", vec![hex(hash)]).await?;
	let extrinsics = shown.pointer("/block/extrinsics").and_then(Value::as_array);
	let extrinsics = extrinsics.with_context(|| format!("block {number} has no extrinsics"))?;
	let weight: Option<ConsumedWeight> = stored(chain, hash, "System", "BlockWeight").await?;
	let time = stored(chain, hash, "Timestamp", "Now").await?;
	let mut block = Block {
		number,
		hash,
		time: time.context("no time")?,
		weight: weight.context("no weight")?.get(DispatchClass::Normal).ref_time(),
		length: 0,
		extrinsics: 0,
		calls: 0,
		waiting: 0,
	};
	let mut inside = Vec::new();
	for extrinsic in extrinsics.iter().filter_map(Value::as_str) {
		// Two digits a byte, after `0x`.
		block.length += u64::try_from(extrinsic.len().saturating_sub(2) / 2)?;
		inside.extend(known.get(extrinsic).copied());
	}
	block.extrinsics = inside.len();
	block.calls = inside.iter().map(|one| one.calls).sum();
	Ok((block, inside))
}

/// What failed in a block.
pub async fn failed(chain: &Chain, hash: Hash) -> Result<Vec<RuntimeEvent>> {
	let events: Option<Vec<EventRecord<RuntimeEvent, Hash>>> =
		stored(chain, hash, "System", "Events").await?;
	let is_failure = |event: &RuntimeEvent| {
		matches!(event, RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { .. }))
	};
	let events = events.unwrap_or_default().into_iter().map(|record| record.event);
	Ok(events.filter(is_failure).collect())
}

/// A value in a block's state, by its pallet and name.
async fn stored<T: Decode>(
	chain: &Chain,
	hash: Hash,
	pallet: &str,
	name: &str,
) -> Result<Option<T>> {
	let key = storage_prefix(pallet.as_bytes(), name.as_bytes());
	let params = vec![to_hex(&key, false).into(), hex(hash)];
	let value: Option<String> = chain.rpc("state_getStorage", params).await?;
	let decode = |value: String| Ok(T::decode_all(&mut from_hex(&value)?.as_slice())?);
	value.map(decode).transpose()
}

fn hex(hash: Hash) -> Value {
	to_hex(hash.as_bytes(), false).into()
}

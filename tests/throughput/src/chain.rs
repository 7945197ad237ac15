//! A chain in memory whose blocks are built with the wasm runtime.

use crate::{account::Account, market::Step};
use anyhow::{anyhow, ensure, Context, Result};
use codec::{Decode, Encode};
use frame_support::traits::BuildGenesisConfig;
use openledger_primitives::{AccountId, BlockNumber};
use openledger_runtime::{
	constants::SLOT_DURATION, genesis_config_presets, Header, Nonce, RuntimeCall,
	RuntimeGenesisConfig, UncheckedExtrinsic,
};
use sc_executor::{WasmExecutor, WasmtimeInstantiationStrategy};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	H256,
};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_runtime::{
	traits::Header as _,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	ApplyExtrinsicResult, Digest, DigestItem,
};
use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

/// Cost of one extrinsic, on average, in microseconds.
#[derive(Clone, Copy)]
pub struct Cost {
	/// By the clock: the time of the blocks, divided by their extrinsics.
	pub micros: f64,
	/// By weight: what the runtime counted, the base weight of an extrinsic included.
	pub weight_micros: f64,
}

impl Cost {
	/// More than anything costs.
	pub fn most() -> Self {
		Self { micros: f64::INFINITY, weight_micros: f64::INFINITY }
	}

	/// The lesser of two measurements, each.
	pub fn least(self, other: Self) -> Self {
		Self {
			micros: self.micros.min(other.micros),
			weight_micros: self.weight_micros.min(other.weight_micros),
		}
	}
}

/// The outcome of a block.
enum Built {
	/// It was built, in that time, and used that much computation.
	Whole(Duration, u64),
	/// Not everything fits: only so many extrinsics.
	Fits(usize),
	/// None fits, and it was built without any: the first block of an epoch takes none.
	Empty,
}

/// A chain in memory.
pub struct Chain {
	state: TestExternalities,
	executor: WasmExecutor<SubstrateHostFunctions>,
	code: &'static [u8],
	number: BlockNumber,
	nonces: BTreeMap<AccountId, Nonce>,
}

impl Chain {
	/// Starts from the genesis of the development chain.
	pub fn new() -> Result<Self> {
		let code = openledger_runtime::WASM_BINARY
			.context("the runtime was built without wasm: unset SKIP_WASM_BUILD and build again")?;
		let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default())?;
		let patch = genesis_config_presets::get_preset(&"development".into())
			.context("the runtime has no development preset")?;
		lay_over(&mut genesis, serde_json::from_slice(&patch)?);
		let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis)?;
		let mut state = TestExternalities::default();
		state.execute_with(|| genesis.build());
		let executor = WasmExecutor::builder()
			.with_execution_method(sc_executor::WasmExecutionMethod::Compiled {
				instantiation_strategy: WasmtimeInstantiationStrategy::PoolingCopyOnWrite,
			})
			.build();
		Ok(Self { state, executor, code, number: 0, nonces: Default::default() })
	}

	/// Reads the state.
	pub fn read<Answer>(&mut self, read: impl FnOnce() -> Answer) -> Answer {
		self.state.execute_with(read)
	}

	/// The hash of the first block, which vouchers name.
	pub fn genesis_hash(&mut self) -> H256 {
		self.read(|| openledger_runtime::System::block_hash(0))
	}

	/// The number of the newest block.
	pub fn number(&self) -> BlockNumber {
		self.number
	}

	/// Applies extrinsics, step by step, in as many blocks as they need.
	pub fn apply(&mut self, steps: Vec<Step>) -> Result<()> {
		for (account, calls) in steps {
			let signed = self.sign(calls.into_iter().map(|call| (&account, call)));
			self.build(&signed)?;
		}
		Ok(())
	}

	/// Builds so many blocks with nothing in them.
	pub fn pass(&mut self, blocks: BlockNumber) -> Result<()> {
		for _ in 0..blocks {
			self.build_block(&[])?;
		}
		Ok(())
	}

	/// Measures extrinsics of one kind.
	pub fn measure(&mut self, sender: &Account, calls: Vec<RuntimeCall>) -> Result<Cost> {
		let count = u32::try_from(calls.len())?;
		let signed = self.sign(calls.into_iter().map(|call| (sender, call)));
		let (took, weight) = self.build(&signed)?;
		let each = |sum: f64| sum / f64::from(count);
		Ok(Cost {
			micros: each(took.as_secs_f64() * 1e6),
			weight_micros: each(weight as f64 / 1e6),
		})
	}

	/// Signs extrinsics, each with its account's next nonce.
	fn sign<'a>(
		&mut self,
		calls: impl Iterator<Item = (&'a Account, RuntimeCall)>,
	) -> Vec<UncheckedExtrinsic> {
		let genesis_hash = self.genesis_hash();
		let mut signed = Vec::new();
		for (account, call) in calls {
			let next = self.nonces.entry(account.id()).or_default();
			let nonce = *next;
			*next += 1;
			signed.push(account.extrinsic(genesis_hash, nonce, call));
		}
		signed
	}

	/// Builds blocks from all of `extrinsics`. Returns how long that took, and the computation in
	/// picoseconds that the runtime counted for them.
	fn build(&mut self, extrinsics: &[UncheckedExtrinsic]) -> Result<(Duration, u64)> {
		let mut took = Duration::ZERO;
		let mut weight = 0;
		let mut left = extrinsics;
		let mut fitting = left.len();
		let mut was_empty = false;
		while !left.is_empty() {
			match self.build_block(&left[..fitting.min(left.len())])? {
				Built::Whole(time, consumed) => {
					took += time;
					weight += consumed;
					left = &left[fitting.min(left.len())..];
					was_empty = false;
				}
				Built::Empty => {
					ensure!(!was_empty, "an extrinsic does not fit a block");
					was_empty = true;
				}
				// Once more, with what fits: then only whole blocks are measured.
				Built::Fits(most) => fitting = most,
			}
		}
		Ok((took, weight))
	}

	/// Builds one block, or finds how many of the extrinsics fit one.
	fn build_block(&mut self, extrinsics: &[UncheckedExtrinsic]) -> Result<Built> {
		let start = Instant::now();
		self.begin()?;
		let mut took = start.elapsed();
		let before = self.consumed();
		let start = Instant::now();
		for (applied, extrinsic) in extrinsics.iter().enumerate() {
			let outcome: ApplyExtrinsicResult =
				self.call("BlockBuilder_apply_extrinsic", &extrinsic.encode())?;
			match outcome {
				Ok(Ok(())) => (),
				Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => {
					// What the refused one has left behind goes with the block.
					self.state.reset_overlay();
					self.number -= 1;
					if applied == 0 {
						self.begin()?;
						self.finish()?;
						return Ok(Built::Empty);
					}
					return Ok(Built::Fits(applied));
				}
				other => return Err(anyhow!("an extrinsic failed: {other:?}")),
			}
		}
		took += start.elapsed();
		let weight = self.consumed() - before;
		took += self.finish()?;
		Ok(Built::Whole(took, weight))
	}

	/// Finalises a block, and returns how long that took.
	fn finish(&mut self) -> Result<Duration> {
		let start = Instant::now();
		let _header: Header = self.call("BlockBuilder_finalize_block", &[])?;
		let took = start.elapsed();
		self.state.commit_all().map_err(|error| anyhow!(error))?;
		Ok(took)
	}

	/// Initialises a block and sets its time.
	fn begin(&mut self) -> Result<()> {
		self.number += 1;
		let slot = u64::from(self.number);
		let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
			authority_index: 0,
			slot: slot.into(),
		});
		let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
		// Any hash will do for a parent, but for the first block's: it names the chain.
		let parent =
			if self.number == 1 { self.genesis_hash() } else { H256::from_low_u64_be(slot) };
		let header = Header::new(self.number, H256::zero(), H256::zero(), parent, digest);
		let _mode: sp_runtime::ExtrinsicInclusionMode =
			self.call("Core_initialize_block", &header.encode())?;
		let now = slot * SLOT_DURATION;
		let time = UncheckedExtrinsic::new_bare(pallet_timestamp::Call::set { now }.into());
		let set: ApplyExtrinsicResult =
			self.call("BlockBuilder_apply_extrinsic", &time.encode())?;
		ensure!(set == Ok(Ok(())), "the time could not be set: {set:?}");
		Ok(())
	}

	/// The computation that the block has used, in picoseconds.
	fn consumed(&mut self) -> u64 {
		self.read(|| openledger_runtime::System::block_weight().total().ref_time())
	}

	fn call<Answer: Decode>(&mut self, method: &str, data: &[u8]) -> Result<Answer> {
		let code = WrappedRuntimeCode(self.code.into());
		let code = RuntimeCode { code_fetcher: &code, heap_pages: None, hash: vec![1] };
		let context = CallContext::Onchain { import: false };
		let (answer, _) = self.executor.call(&mut self.state.ext(), &code, method, data, context);
		Ok(Answer::decode(&mut answer?.as_slice())?)
	}
}

/// Lays `patch` over `base`, as a node does with a preset and the default genesis.
fn lay_over(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				lay_over(base.entry(key).or_insert(Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

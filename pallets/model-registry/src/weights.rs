//! What the calls cost to execute.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weight of each call.
pub trait WeightInfo {
	/// Registering a model with `s` data sources.
	fn register_model(s: u32) -> Weight;
	/// Pausing a model.
	fn pause_model() -> Weight;
	/// Resuming a model.
	fn resume_model() -> Weight;
}

/// Picoseconds of computation in a call, beside its storage accesses.
const COMPUTATION: u64 = 50_000_000;
/// Bytes that reading one entry adds to a storage proof, with the trie nodes above it.
const PROOF_PER_READ: u64 = 4_096;

fn counted(reads: u64, writes: u64) -> Weight {
	Weight::from_parts(COMPUTATION, PROOF_PER_READ.saturating_mul(reads))
		.saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

/// Counts of storage accesses, each taken as cold, in place of measured weights.
impl WeightInfo for () {
	// Read: NextModelId, ModelIdByName, the owner's account and holds, one entry per source.
	// Written: NextModelId, ModelIdByName, Models, Versions, Prices, the account and the holds.
	fn register_model(s: u32) -> Weight {
		counted(u64::from(s).saturating_add(4), 7)
	}

	// Read and written: Models.
	fn pause_model() -> Weight {
		counted(1, 1)
	}

	// Read and written: Models.
	fn resume_model() -> Weight {
		counted(1, 1)
	}
}

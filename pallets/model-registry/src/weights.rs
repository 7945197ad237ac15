//! Weights of the calls.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weight of each call.
pub trait WeightInfo {
	/// Registering a model with `s` data sources.
	fn register_model(s: u32) -> Weight;
	/// Pausing a model.
	fn pause_model() -> Weight;
	/// Resuming a model.
	fn resume_model() -> Weight;
	/// Registering a model with `s` data sources, and as many levels of parents as it can have.
	fn register_derived_model(s: u32) -> Weight;
	/// Publishing a version with `s` data sources in place of one that is announced.
	fn publish_version(s: u32) -> Weight;
	/// Taking back a version that is announced.
	fn cancel_version() -> Weight;
	/// Setting a lower price while a policy is announced.
	fn set_price() -> Weight;
	/// Taking back a price that is announced.
	fn cancel_price() -> Weight;
	/// Setting a policy that pays data while a version is announced.
	fn set_policy() -> Weight;
	/// Taking back a policy that is announced.
	fn cancel_policy() -> Weight;
	/// Retiring a model for which everything that can be is announced.
	fn retire_model() -> Weight;
	/// Removing `n` versions and prices of a retired model, then itself and what is left of the
	/// models above it.
	fn purge_model(n: u32) -> Weight;
	/// Removing `n` prices of a model.
	fn prune_model(n: u32) -> Weight;
	/// Offering a model.
	fn offer_model() -> Weight;
	/// Taking an offer back.
	fn withdraw_offer() -> Weight;
	/// Taking a model over.
	fn accept_model() -> Weight;
	/// Naming a payee.
	fn set_payee() -> Weight;
	/// Freeing a name that has rested.
	fn release_name() -> Weight;
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
	// Read: NextModelId, ModelIdByName, RestingNames, the accounts and holds of the owner and of whoever had
	// the name before, one entry per source. Written: all of these but the sources, Models, Versions, Prices.
	fn register_model(s: u32) -> Weight {
		counted(u64::from(s).saturating_add(7), 10)
	}

	// Read and written: Models.
	fn pause_model() -> Weight {
		counted(1, 1)
	}

	// Read and written: Models.
	fn resume_model() -> Weight {
		counted(1, 1)
	}

	// As `register_model`. Read as well: Models and Tombstones for each level above. Written as
	// well: the parent.
	fn register_derived_model(s: u32) -> Weight {
		counted(u64::from(s).saturating_add(15), 11)
	}

	// Read: Models, Versions twice, Prices twice (if there are no sources), the owner's account and
	// holds, one entry per source. Written: Models, Versions three times, the account and the holds.
	fn publish_version(s: u32) -> Weight {
		counted(u64::from(s).saturating_add(7), 6)
	}

	// Read and written: Models, Versions twice, the owner's account and holds.
	fn cancel_version() -> Weight {
		counted(5, 5)
	}

	// Read: Models, Prices twice, the owner's account and holds. Written: Models, Prices four times,
	// the account and the holds.
	fn set_price() -> Weight {
		counted(5, 7)
	}

	// Read: Models, Prices twice, the owner's account and holds. Written: Models, Prices twice, the
	// account and the holds; if a policy stays announced Prices three times, but no account.
	fn cancel_price() -> Weight {
		counted(5, 5)
	}

	// Read: Models, Versions twice, Prices, the owner's account and holds. Written: Models, Prices
	// twice, the account and the holds. If terms are announced, one more of Prices is read and
	// written, but no account.
	fn set_policy() -> Weight {
		counted(6, 5)
	}

	// As `cancel_price`.
	fn cancel_policy() -> Weight {
		counted(5, 5)
	}

	// Read and written: Models, Versions twice, Prices twice, the owner's account and holds.
	fn retire_model() -> Weight {
		counted(7, 7)
	}

	// Read: `n` entries, one more, the last version and price, Models, the owner's account and
	// holds, Models and Tombstones for each level above. Written: the same, ModelIdByName and RestingNames.
	fn purge_model(n: u32) -> Weight {
		let n = u64::from(n);
		counted(n.saturating_add(14), n.saturating_add(11))
	}

	// Read: `n` entries, one more, Models, the owner's account and holds. Written: `n` entries,
	// Models, the account and the holds.
	fn prune_model(n: u32) -> Weight {
		let n = u64::from(n);
		counted(n.saturating_add(4), n.saturating_add(3))
	}

	// Read and written: Models.
	fn offer_model() -> Weight {
		counted(1, 1)
	}

	// Read and written: Models.
	fn withdraw_offer() -> Weight {
		counted(1, 1)
	}

	// Read and written: Models, the accounts and holds of both owners.
	fn accept_model() -> Weight {
		counted(5, 5)
	}

	// Read and written: Models.
	fn set_payee() -> Weight {
		counted(1, 1)
	}

	// Read and written: RestingNames, the account and the holds of whoever had it.
	fn release_name() -> Weight {
		counted(3, 3)
	}
}

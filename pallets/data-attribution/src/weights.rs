//! What the calls cost to execute.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weight of each call.
pub trait WeightInfo {
	/// Creating a datanet.
	fn create_datanet() -> Weight;
	/// Submitting a contribution.
	fn submit_contribution() -> Weight;
	/// Accepting a contribution.
	fn accept_contribution() -> Weight;
	/// Rejecting a contribution.
	fn reject_contribution() -> Weight;
	/// Withdrawing a contribution.
	fn withdraw_contribution() -> Weight;
	/// Publishing a release, with any number of contributions.
	fn publish_release() -> Weight;
	/// Claiming from `r` releases.
	fn claim(r: u32) -> Weight;
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
	// Read: NextDatanetId, the curator's account and holds.
	// Written: the same, and Datanets.
	fn create_datanet() -> Weight {
		counted(3, 4)
	}

	// Read: Datanets, RootOwner, NextContributionId, the contributor's account and holds.
	// Written: NextContributionId, RootOwner, ContributionsOf, Contributions, the account, the holds.
	fn submit_contribution() -> Weight {
		counted(5, 6)
	}

	// Read and written: Contributions, Datanets.
	fn accept_contribution() -> Weight {
		counted(2, 2)
	}

	// Read: Contributions, Datanets, the contributor's account and holds.
	// Written: Contributions, RootOwner, ContributionsOf, the account, the holds.
	fn reject_contribution() -> Weight {
		counted(4, 5)
	}

	// Read: Contributions, the contributor's account and holds.
	// Written: Contributions, RootOwner, ContributionsOf, the account, the holds.
	fn withdraw_contribution() -> Weight {
		counted(3, 5)
	}

	// Read: Datanets. Written: Datanets, Releases.
	fn publish_release() -> Weight {
		counted(1, 2)
	}

	// Read: Contributions, DirectEarnings, Accounted, the accounts of the pot and the contributor,
	// their lifetime total; per release: Releases, Claimed.
	// Written: DirectEarnings, Accounted, the two accounts, the total; per release: Claimed.
	fn claim(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(6), releases.saturating_add(5))
	}
}

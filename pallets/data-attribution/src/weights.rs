//! Weights of the calls.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weight of each call.
pub trait WeightInfo {
	/// Creating an open datanet.
	fn create_datanet() -> Weight;
	/// Creating a datanet.
	fn create_datanet_with() -> Weight;
	/// Submitting one contribution that displaces another that was pending for too long.
	fn submit_contribution() -> Weight;
	/// Submitting `n` contributions, and `d` that each displace another that was pending for too long.
	fn submit_contributions(n: u32, d: u32) -> Weight;
	/// Accepting a contribution, with any number in the datanet's log.
	fn accept_contribution() -> Weight;
	/// Rejecting a contribution that has taken a root over, and reserving it.
	fn reject_contribution() -> Weight;
	/// Withdrawing a contribution that has taken a root over.
	fn withdraw_contribution() -> Weight;
	/// Publishing a release, with any number of contributions.
	fn publish_release() -> Weight;
	/// Claiming from `r` releases.
	fn claim(r: u32) -> Weight;
	/// Claiming from `r` releases for somebody else.
	fn claim_for(r: u32) -> Weight;
	/// Opening or closing a datanet.
	fn set_open() -> Weight;
	/// Letting an account in.
	fn allow_contributor() -> Weight;
	/// Taking back that an account was let in.
	fn disallow_contributor() -> Weight;
	/// Lowering the curator's share.
	fn lower_curator_share() -> Weight;
	/// Offering the curator's role.
	fn offer_curator() -> Weight;
	/// Taking that offer back.
	fn withdraw_curator_offer() -> Weight;
	/// Taking the curator's role over.
	fn accept_curator() -> Weight;
	/// Claiming as the curator of `d` datanets.
	fn claim_curator(d: u32) -> Weight;
	/// Claiming for the curator of `d` datanets.
	fn claim_curator_for(d: u32) -> Weight;
	/// Changing a weight.
	fn set_weight() -> Weight;
	/// Stopping a contribution.
	fn stop_contribution() -> Weight;
	/// Taking the bond of one back that has taken a root over, and is removed.
	fn withdraw_bond() -> Weight;
	/// Handing a contribution over.
	fn transfer_contribution() -> Weight;
	/// Naming a beneficiary.
	fn set_beneficiary() -> Weight;
	/// Accusing a contribution that `r` releases have, with a proof, and slashing it.
	fn accuse_contribution(r: u32) -> Weight;
	/// Confirming an accusation.
	fn confirm_accusation() -> Weight;
	/// Contesting an accusation.
	fn contest_accusation() -> Weight;
	/// Slashing a contribution that `r` releases have.
	fn execute_slash(r: u32) -> Weight;
	/// Deciding to slash a contribution that `r` releases have.
	fn resolve_accusation(r: u32) -> Weight;
	/// Dropping an accusation.
	fn drop_accusation() -> Weight;
	/// Sweeping what `r` releases owe to a slashed contribution.
	fn sweep_slashed(r: u32) -> Weight;
	/// Reserving a root, in place of a reservation that is over.
	fn reserve_root() -> Weight;
	/// Removing a reservation.
	fn remove_reservation() -> Weight;
	/// Handing an accusation to governance.
	fn escalate_accusation() -> Weight;
}

/// Picoseconds of computation in a call, beside its storage accesses.
const COMPUTATION: u64 = 50_000_000;
/// Bytes that reading one entry adds to a storage proof, with the trie nodes above it.
const PROOF_PER_READ: u64 = 4_096;

fn counted(reads: u64, writes: u64) -> Weight {
	Weight::from_parts(COMPUTATION, PROOF_PER_READ.saturating_mul(reads))
		.saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

/// Computation and storage accesses for each of `count`, next to those of the call.
fn each(count: u32, reads: u64, writes: u64) -> Weight {
	counted(reads, writes).saturating_mul(count.into())
}

/// Counts of storage accesses, each taken as cold, in place of measured weights. An account is two
/// entries: its balance and its holds.
impl WeightInfo for () {
	// Read: NextDatanetId, DatanetIdByName, the curator's account.
	// Written: the same, and Datanets.
	fn create_datanet() -> Weight {
		counted(4, 5)
	}

	fn create_datanet_with() -> Weight {
		Self::create_datanet()
	}

	fn submit_contribution() -> Weight {
		Self::submit_contributions(0, 1)
	}

	// Read: Datanets, Admissions, NextContributionId, the contributor's account.
	// Written: NextContributionId, the account.
	// Each, read: Reservations, RootOwner, the account of who reserved.
	// Each, written: Reservations, that account, RootOwner, ContributionsOf, Contributions.
	// Each that displaces one, read too: Contributions twice, its contributor's account.
	// Each that displaces one, written too: Contributions, ContributionsOf, the account.
	fn submit_contributions(n: u32, d: u32) -> Weight {
		counted(5, 3).saturating_add(each(n, 4, 6)).saturating_add(each(d, 8, 10))
	}

	// Read and written: Contributions, Datanets, ReleaseLogs.
	fn accept_contribution() -> Weight {
		counted(3, 3)
	}

	// Read: Contributions twice, Datanets, RootOwner, Reservations, the contributor's account.
	// Written: Contributions, RootOwner, ContributionsOf, Reservations, the account.
	fn reject_contribution() -> Weight {
		counted(7, 6)
	}

	// Read: Contributions twice, RootOwner, the contributor's account.
	// Written: Contributions, RootOwner, ContributionsOf, the account.
	fn withdraw_contribution() -> Weight {
		counted(5, 5)
	}

	// Read: Datanets, ReleaseLogs, the curator's account. Written: Datanets, Releases, the account.
	fn publish_release() -> Weight {
		counted(4, 4)
	}

	// Read: Contributions, DirectEarnings, Accounted, the balances of the pot and the contributor,
	// their lifetime total; per release: Releases, Claimed.
	// Written: DirectEarnings, Accounted, the two balances, the total; per release: Claimed.
	fn claim(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(6), releases.saturating_add(5))
	}

	fn claim_for(r: u32) -> Weight {
		Self::claim(r)
	}

	// Read and written: Datanets.
	fn set_open() -> Weight {
		counted(1, 1)
	}

	// Read: Datanets, Admissions, the curator's account. Written: Admissions, the account.
	fn allow_contributor() -> Weight {
		counted(4, 3)
	}

	// Read: Datanets, Admissions, the payer's account. Written: Admissions, the account.
	fn disallow_contributor() -> Weight {
		counted(4, 3)
	}

	// Read and written: Datanets.
	fn lower_curator_share() -> Weight {
		counted(1, 1)
	}

	// Read and written: Datanets.
	fn offer_curator() -> Weight {
		counted(1, 1)
	}

	// Read and written: Datanets.
	fn withdraw_curator_offer() -> Weight {
		counted(1, 1)
	}

	// Read and written: Datanets, the two accounts.
	fn accept_curator() -> Weight {
		counted(5, 5)
	}

	// Read and written: Accounted, the balances of the pot and the curator, the lifetime total; per datanet:
	// CuratorEarnings. Read: one more of those, to know that it is the last one.
	fn claim_curator(d: u32) -> Weight {
		let datanets = u64::from(d);
		counted(datanets.saturating_add(5), datanets.saturating_add(4))
	}

	fn claim_curator_for(d: u32) -> Weight {
		Self::claim_curator(d)
	}

	// Read and written: Contributions, Datanets.
	fn set_weight() -> Weight {
		counted(2, 2)
	}

	// Read and written: Contributions, Datanets.
	fn stop_contribution() -> Weight {
		counted(2, 2)
	}

	// Read: Contributions twice, Accusations, RootOwner, the contributor's account.
	// Written: Contributions, RootOwner, ContributionsOf, the account.
	fn withdraw_bond() -> Weight {
		counted(6, 5)
	}

	// Read: Contributions, Accusations, the two accounts.
	// Written: Contributions, ContributionsOf twice, the two accounts.
	fn transfer_contribution() -> Weight {
		counted(6, 7)
	}

	// Read and written: Contributions.
	fn set_beneficiary() -> Weight {
		counted(1, 1)
	}

	// Read and written: as for a slash; and the contribution that has the root, and the account of
	// who had accused it before.
	fn accuse_contribution(r: u32) -> Weight {
		Self::execute_slash(r).saturating_add(counted(3, 2))
	}

	// Read: Contributions, Datanets, Accusations. Written: Accusations.
	fn confirm_accusation() -> Weight {
		counted(3, 1)
	}

	// Read: Contributions, Accusations. Written: Accusations.
	fn contest_accusation() -> Weight {
		counted(2, 1)
	}

	// Read: Contributions, Accusations, Datanets, DirectEarnings, RootOwner, the accounts of the
	// contributor and the accuser, the protocol's balance; per release: Releases, Claimed.
	// Written: the same; per release: Claimed.
	fn execute_slash(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(10), releases.saturating_add(10))
	}

	fn resolve_accusation(r: u32) -> Weight {
		Self::execute_slash(r)
	}

	// Read: Contributions, Accusations, the accuser's account, the contributor's balance.
	// Written: Accusations, the account, the balance.
	fn drop_accusation() -> Weight {
		counted(5, 4)
	}

	// Read: Contributions, SlashedEarnings, Accounted, the balances of the pot and the protocol, the lifetime
	// total; per release: Releases, Claimed.
	// Written: SlashedEarnings, Accounted, the two balances, the total; per release: Claimed.
	fn sweep_slashed(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(6), releases.saturating_add(5))
	}

	// Read and written: Reservations, the account of the payer, and of who paid for one that is over.
	fn reserve_root() -> Weight {
		counted(5, 5)
	}

	// Read and written: Reservations, the payer's account.
	fn remove_reservation() -> Weight {
		counted(3, 3)
	}

	// Read: Contributions, Accusations, the accuser's account, the contributor's balance.
	// Written: Accusations, the account, the balance.
	fn escalate_accusation() -> Weight {
		counted(5, 4)
	}
}

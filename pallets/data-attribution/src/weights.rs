//! Weights of the calls.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weight of each call.
pub trait WeightInfo {
	/// Creating an open datanet.
	fn create_datanet() -> Weight;
	/// Creating a datanet.
	fn create_datanet_with() -> Weight;
	/// Submitting one contribution that was reserved, and whose root another owns.
	fn submit_contribution() -> Weight;
	/// Submitting `n` such contributions.
	fn submit_contributions(n: u32) -> Weight;
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
	/// Accusing a contribution of being a duplicate.
	fn accuse_contribution() -> Weight;
	/// Confirming an accusation.
	fn confirm_accusation() -> Weight;
	/// Contesting an accusation.
	fn contest_accusation() -> Weight;
	/// Deciding to slash a contribution that `r` releases have.
	fn resolve_accusation(r: u32) -> Weight;
	/// Dropping an accusation that a curator had confirmed.
	fn drop_accusation() -> Weight;
	/// Sweeping what `r` releases owe to a slashed contribution.
	fn sweep_slashed(r: u32) -> Weight;
	/// Reserving a root, in place of a reservation that is over.
	fn reserve_root() -> Weight;
	/// Removing a reservation.
	fn remove_reservation() -> Weight;
	/// Handing an accusation to governance.
	fn escalate_accusation() -> Weight;
	/// A block's part in the draws, and the draw of the block itself.
	fn on_initialize() -> Weight;
	/// Showing a leaf of the longest stream, of a contribution that displaces another.
	fn show_possession() -> Weight;
	/// Having a contribution lapse that has taken a root over, and reserving that.
	fn lapse_contribution() -> Weight;
	/// Suspending a contribution.
	fn suspend_contribution() -> Weight;
	/// Taking a contribution down that `r` releases have.
	fn take_down(r: u32) -> Weight;
	/// Restoring a contribution that `r` releases have.
	fn restore(r: u32) -> Weight;
	/// Removing a datanet.
	fn remove_datanet() -> Weight;
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
		Self::submit_contributions(1)
	}

	// Read: Datanets, Admissions, NextContributionId, Draws, the contributor's account.
	// Written: Datanets, NextContributionId, Draws, the account.
	// Each, read: Reservations, RootOwner, the owner in Contributions.
	// Each, written: Reservations, ContributionsOf, Contributions.
	fn submit_contributions(n: u32) -> Weight {
		counted(6, 5).saturating_add(each(n, 3, 3))
	}

	// Read and written: Contributions, Datanets, ReleaseLogs.
	fn accept_contribution() -> Weight {
		counted(3, 3)
	}

	// Read: Contributions twice, Datanets, RootOwner, Reservations, the accounts of the contributor and of who paid
	// for a reservation that is over, the protocol's balance.
	// Written: Contributions, Datanets, RootOwner, ContributionsOf, Reservations, the accounts, the balance.
	fn reject_contribution() -> Weight {
		counted(10, 10)
	}

	// Read: Contributions, RootOwner, Datanets, Draws, Reservations, the accounts of the contributor and of who has
	// reserved, the protocol's balance.
	// Written: the same but for RootOwner, and ContributionsOf.
	fn withdraw_contribution() -> Weight {
		counted(10, 10)
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

	// Read: Contributions twice, Accusations, RootOwner, Datanets, the contributor's account.
	// Written: Contributions, RootOwner, ContributionsOf, Datanets, the account.
	fn withdraw_bond() -> Weight {
		counted(7, 6)
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

	// Read: Contributions twice, Datanets, Accusations, the accuser's account.
	// Written: Accusations, the account.
	fn accuse_contribution() -> Weight {
		counted(6, 3)
	}

	// Read: Contributions, Datanets, Accusations, the curator's account. Written: Accusations, the account.
	fn confirm_accusation() -> Weight {
		counted(5, 3)
	}

	// Read: Contributions, Accusations. Written: Accusations.
	fn contest_accusation() -> Weight {
		counted(2, 1)
	}

	// Read: Contributions twice, Accusations, Datanets, DirectEarnings, RootOwner, the accounts of the contributor, the
	// accuser and the curator, the protocol's balance; per release: Releases, Claimed.
	// Written: the same, Contributions once; per release: Claimed.
	fn resolve_accusation(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(13), releases.saturating_add(12))
	}

	// Read: Contributions, Accusations, the accounts of the accuser and the curator, the protocol's balance.
	// Written: Accusations, the accounts, the balance.
	fn drop_accusation() -> Weight {
		counted(7, 6)
	}

	// Read: Contributions, SlashedEarnings, Accounted, the balances of the pot and the protocol, the lifetime
	// total; per release: Releases, Claimed.
	// Written: SlashedEarnings, Accounted, the two balances, the total; per release: Claimed.
	fn sweep_slashed(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(6), releases.saturating_add(5))
	}

	// Read and written: Reservations, the account of the payer, and of who paid for one that is over, the
	// protocol's balance.
	fn reserve_root() -> Weight {
		counted(6, 6)
	}

	// Read and written: Reservations, the payer's account, the protocol's balance.
	fn remove_reservation() -> Weight {
		counted(4, 4)
	}

	// Read: Contributions, Accusations, the accuser's account, the protocol's balance.
	// Written: Accusations, the account, the balance.
	fn escalate_accusation() -> Weight {
		counted(5, 4)
	}

	// Read and written: Chance, Draws. Read: what the runtime makes the block's part of.
	fn on_initialize() -> Weight {
		counted(3, 2)
	}

	// Read and written: Contributions twice, ContributionsOf, Datanets, Draws, RootOwner, Reservations, the accounts of
	// who had the root and of who has reserved. The hashes of the proof.
	fn show_possession() -> Weight {
		counted(11, 11).saturating_add(Weight::from_parts(COMPUTATION, 0))
	}

	// As rejecting it, or withdrawing it before it was shown.
	fn lapse_contribution() -> Weight {
		Self::reject_contribution().max(Self::withdraw_contribution())
	}

	// Read and written: Contributions, Datanets, Accusations, the accounts of the accuser and the curator.
	fn suspend_contribution() -> Weight {
		counted(7, 7)
	}

	// Read and written: Contributions, Datanets, DirectEarnings; per release: Claimed. Read, per release: Releases.
	fn take_down(r: u32) -> Weight {
		let releases = u64::from(r);
		counted(releases.saturating_mul(2).saturating_add(3), releases.saturating_add(3))
	}

	// Read and written: Contributions, Datanets, SlashedEarnings; per release: Claimed. Read, per release: Releases.
	fn restore(r: u32) -> Weight {
		Self::take_down(r)
	}

	// Read: Datanets, Admissions, the curator's account.
	// Written: Datanets, DatanetIdByName, ReleaseLogs, the account.
	fn remove_datanet() -> Weight {
		counted(4, 5)
	}
}

//! From storage version 1 to 2. Datanets have unique names, an openness, a curator's share and an
//! offer, and a release that sources without a number lead to; contributions a beneficiary and the
//! block they count from; releases the curator's share.
//!
//! All datanets stay open, their curators take nothing, and sources without a number lead to the
//! newest release at once. Of several datanets with one name, the
//! first keeps it, and the others get their id appended.
//!
//! It goes through everything in one block. Chains with the old layout are small: they were
//! development and test networks. `pre_upgrade` makes sure of it: reading and writing three entries for
//! each datanet, and one for each contribution and release, must not take longer than a block may. Nor
//! may a datanet have more releases than one can have now: slashing a contribution looks at all of them.

use crate::{
	Checkpoint, Config, Contribution, ContributionStatus, Contributions, Datanet, DatanetIdByName,
	Datanets, Pallet, Release, Releases, MAX_CHECKPOINTS,
};
use alloc::{collections::BTreeMap, format, vec::Vec};
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{ConstU32, Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
	BoundedVec,
};
use openledger_primitives::{
	pool_index::PoolIndex, Balance, DatanetId, Hash, Name, ReleaseId, Uri, MAX_NAME,
};
use sp_runtime::{Permill, SaturatedConversion};

#[cfg(feature = "try-runtime")]
use sp_runtime::TryRuntimeError;

/// Brings storage from version 1 to version 2. Does nothing to any other.
pub type MigrateToV2<T> =
	VersionedMigration<1, 2, Unchecked<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// What [`MigrateToV2`] does once it has looked at the version.
pub struct Unchecked<T>(PhantomData<T>);

/// A datanet of version 1.
#[derive(Encode, Decode)]
pub(crate) struct OldDatanet<AccountId> {
	pub name: Name,
	pub curator: AccountId,
	pub deposit: Balance,
	pub latest_release: ReleaseId,
	pub next_total_weight: openledger_primitives::Weight,
	pub next_contributions: u32,
	pub changed: bool,
}

/// A contribution's status in version 1.
#[derive(Encode, Decode)]
pub(crate) enum OldStatus {
	#[codec(index = 0)]
	Pending,
	#[codec(index = 1)]
	Accepted,
}

/// A contribution of version 1.
#[derive(Encode, Decode)]
pub(crate) struct OldContribution<AccountId> {
	pub datanet: DatanetId,
	pub contributor: AccountId,
	pub root: Hash,
	pub size: u64,
	pub uri: Uri,
	pub bond: Balance,
	pub status: OldStatus,
	pub checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
}

/// A release of version 1.
#[derive(Encode, Decode)]
pub(crate) struct OldRelease {
	pub total_weight: openledger_primitives::Weight,
	pub contributions: u32,
	pub index: PoolIndex,
	pub received: Balance,
}

/// A name like the one given that is not taken, made unique by the id.
fn unique(name: &Name, id: DatanetId, taken: &BTreeMap<Name, DatanetId>) -> Name {
	if !taken.contains_key(name) {
		return name.clone();
	}
	let mut attempt = 0u64;
	loop {
		let tail = match attempt {
			0 => format!("-{id}"),
			_ => format!("-{id}-{attempt}"),
		};
		let most = MAX_NAME.saturated_into::<usize>().saturating_sub(tail.len());
		let mut bytes = name.iter().copied().take(most).collect::<Vec<_>>();
		bytes.extend(tail.bytes());
		let candidate = Name::truncate_from(bytes);
		// There are fewer names taken than attempts to make.
		if !taken.contains_key(&candidate) {
			return candidate;
		}
		attempt = attempt.saturating_add(1);
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for Unchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut entries = 0u64;
		let mut datanets = BTreeMap::new();
		Datanets::<T>::translate::<OldDatanet<T::AccountId>, _>(|id, old| {
			entries = entries.saturating_add(1);
			let new = Datanet {
				name: old.name,
				curator: old.curator,
				offered_to: None,
				open: true,
				curator_share: Permill::zero(),
				deposit: old.deposit,
				latest_release: old.latest_release,
				current_release: old.latest_release,
				next_release: None,
				next_total_weight: old.next_total_weight,
				next_contributions: old.next_contributions,
				changed: old.changed,
			};
			datanets.insert(id, new.clone());
			Some(new)
		});
		let mut taken = BTreeMap::<Name, DatanetId>::new();
		for (id, mut datanet) in datanets {
			let name = unique(&datanet.name, id, &taken);
			if name != datanet.name {
				datanet.name = name.clone();
				Datanets::<T>::insert(id, datanet);
			}
			DatanetIdByName::<T>::insert(&name, id);
			taken.insert(name, id);
			entries = entries.saturating_add(2);
		}
		Contributions::<T>::translate::<OldContribution<T::AccountId>, _>(|_, old| {
			entries = entries.saturating_add(1);
			Some(Contribution {
				datanet: old.datanet,
				contributor: old.contributor,
				beneficiary: None,
				root: old.root,
				size: old.size,
				uri: old.uri,
				bond: old.bond,
				// Nobody has reserved a root yet, and the time to decide about it begins.
				since: frame_system::Pallet::<T>::block_number(),
				kept_until: None,
				displaced: None,
				status: match old.status {
					OldStatus::Pending => ContributionStatus::Pending,
					OldStatus::Accepted => ContributionStatus::Accepted,
				},
				checkpoints: old.checkpoints,
			})
		});
		Releases::<T>::translate::<OldRelease, _>(|_, _, old| {
			entries = entries.saturating_add(1);
			Some(Release {
				total_weight: old.total_weight,
				contributions: old.contributions,
				curator_share: Permill::zero(),
				index: old.index,
				received: old.received,
			})
		});
		T::DbWeight::get().reads_writes(entries, entries)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
		frame_support::ensure!(!has_too_many_releases::<T>(), "a datanet has too many releases");
		let counts = counts::<T>();
		let (datanets, contributions, releases) = counts;
		let entries =
			datanets.saturating_mul(3).saturating_add(contributions).saturating_add(releases);
		let needed = T::DbWeight::get().reads_writes(entries, entries);
		let most = T::BlockWeights::get().max_block;
		frame_support::ensure!(needed.all_lte(most), "there is too much for one block");
		Ok(counts.encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), TryRuntimeError> {
		let before = <(u64, u64, u64)>::decode(&mut state.as_slice())
			.map_err(|_| "the counts do not decode")?;
		frame_support::ensure!(counts::<T>() == before, "an entry was lost");
		let decoded = (
			Datanets::<T>::iter_values().count().saturated_into::<u64>(),
			Contributions::<T>::iter_values().count().saturated_into::<u64>(),
			Releases::<T>::iter_values().count().saturated_into::<u64>(),
		);
		frame_support::ensure!(decoded == before, "an entry does not decode");
		Pallet::<T>::do_try_state()
	}
}

/// Whether a datanet has more releases than one may have. Only keys are read, which are the same in
/// both versions.
#[cfg(any(test, feature = "try-runtime"))]
pub(crate) fn has_too_many_releases<T: Config>() -> bool {
	Releases::<T>::iter_keys().any(|(_, release)| release > crate::MAX_RELEASES)
}

/// How many datanets, contributions and releases there are.
#[cfg(feature = "try-runtime")]
fn counts<T: Config>() -> (u64, u64, u64) {
	(
		Datanets::<T>::iter_keys().count().saturated_into(),
		Contributions::<T>::iter_keys().count().saturated_into(),
		Releases::<T>::iter_keys().count().saturated_into(),
	)
}

//! A chain with the layout of version 1.

use crate::{
	migrations::v2::{
		has_too_many_releases, MigrateToV2, OldContribution, OldDatanet, OldRelease, OldStatus,
	},
	mock::*,
	Checkpoint, ContributionStatus, Contributions, Datanets, Releases,
};
use codec::Encode;
use frame_support::{
	assert_ok,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};
use openledger_primitives::{pool_index::PoolIndex, Name};
use sp_runtime::Permill;

/// Turns what there is into what version 1 would have written.
fn turn_back(names: &[&str]) {
	for (id, entry) in Datanets::<Test>::iter().collect::<Vec<_>>() {
		let old = OldDatanet {
			name: name(names[id as usize]),
			curator: entry.curator,
			deposit: entry.deposit,
			latest_release: entry.latest_release,
			next_total_weight: entry.next_total_weight,
			next_contributions: entry.next_contributions,
			changed: entry.changed,
		};
		sp_io::storage::set(&Datanets::<Test>::hashed_key_for(id), &old.encode());
	}
	let _ = crate::DatanetIdByName::<Test>::clear(u32::MAX, None);
	for (id, entry) in Contributions::<Test>::iter().collect::<Vec<_>>() {
		let old = OldContribution {
			datanet: entry.datanet,
			contributor: entry.contributor,
			root: entry.root,
			size: entry.size,
			uri: entry.uri,
			bond: entry.bond,
			status: match entry.status {
				ContributionStatus::Pending => OldStatus::Pending,
				_ => OldStatus::Accepted,
			},
			checkpoints: entry.checkpoints,
		};
		sp_io::storage::set(&Contributions::<Test>::hashed_key_for(id), &old.encode());
	}
	for (datanet, release, entry) in Releases::<Test>::iter().collect::<Vec<_>>() {
		let old = OldRelease {
			total_weight: entry.total_weight,
			contributions: entry.contributions,
			index: entry.index,
			received: entry.received,
		};
		sp_io::storage::set(&Releases::<Test>::hashed_key_for(datanet, release), &old.encode());
	}
	StorageVersion::new(1).put::<DataAttribution>();
}

#[test]
fn version_1_becomes_version_2() {
	run(|| {
		let (one, release, ids) = released(&[(ALICE, 3), (BOB, 4)]);
		let other = datanet();
		for _ in 0..3 {
			datanet();
		}
		let pending = submitted(&CAROL, other);
		pay(101, Permill::zero(), &[], &[fixed(one, release, 1)]).unwrap();
		let long = "a".repeat(64);
		turn_back(&["law", "law", "law-1", &long, &long]);

		#[cfg(feature = "try-runtime")]
		MigrateToV2::<Test>::try_on_runtime_upgrade(true).unwrap();
		#[cfg(not(feature = "try-runtime"))]
		MigrateToV2::<Test>::on_runtime_upgrade();

		assert_eq!(DataAttribution::on_chain_storage_version(), 2);
		assert_ok!(DataAttribution::do_try_state());
		let expected = ["law", "law-1", "law-1-2", &long, &format!("{}-4", "a".repeat(62))];
		let entry = Datanets::<Test>::get(one).unwrap();
		assert_eq!((entry.latest_release, entry.current_release), (1, 1));
		assert_eq!(entry.next_release, None);
		for (id, text) in (0u32..).zip(expected) {
			assert_eq!(DataAttribution::datanet_by_name(text.as_bytes()), Some(id), "{text}");
			let entry = Datanets::<Test>::get(id).unwrap();
			assert_eq!(entry.name, Name::truncate_from(text.as_bytes().to_vec()));
			assert!(entry.open && entry.curator_share.is_zero() && entry.offered_to.is_none());
		}
		let entry = Contributions::<Test>::get(ids[0]).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		assert_eq!((entry.since, entry.beneficiary.clone()), (System::block_number(), None));
		let point = Checkpoint { from_release: 1, weight: 3 };
		assert_eq!(entry.checkpoints.to_vec(), vec![point]);
		assert_eq!(
			Contributions::<Test>::get(pending).unwrap().status,
			ContributionStatus::Pending
		);
		let state = Releases::<Test>::get(one, release).unwrap();
		assert_eq!(state.index, PoolIndex { per_weight: 14, carry: 3 });
		assert_eq!((state.received, state.curator_share), (101, Permill::zero()));

		// Doing it again does nothing.
		MigrateToV2::<Test>::on_runtime_upgrade();
		assert_eq!(DataAttribution::datanet_by_name(b"law"), Some(0));
	});
}

#[test]
fn what_slashing_could_not_look_at_is_not_migrated() {
	run(|| {
		let (one, release, _) = released(&[(ALICE, 3)]);
		let entry = Releases::<Test>::get(one, release).unwrap();
		turn_back(&["law"]);
		Releases::<Test>::insert(one, crate::MAX_RELEASES, entry);
		assert!(!has_too_many_releases::<Test>());
		Releases::<Test>::insert(one, crate::MAX_RELEASES + 1, entry);
		assert!(has_too_many_releases::<Test>());
		#[cfg(feature = "try-runtime")]
		assert!(MigrateToV2::<Test>::try_on_runtime_upgrade(true).is_err());

		// Back to where it was.
		Releases::<Test>::remove(one, crate::MAX_RELEASES);
		Releases::<Test>::remove(one, crate::MAX_RELEASES + 1);
		MigrateToV2::<Test>::on_runtime_upgrade();
	});
}

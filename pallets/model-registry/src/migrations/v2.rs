//! From version 1, where each model had one version and one price for ever, to version 2, where
//! they have numbers and times, a price stands for the policy, too, and the deposit has rates.
//!
//! It goes through all models in one block, which is enough for [`MOST_MODELS`]: each takes four
//! reads and three writes, so that all of them take 0.4 of the two seconds that a block has for
//! computation, at 25 µs for a read and 100 µs for a write. A chain with more needs a migration in
//! many steps: `pre_upgrade` refuses it.

use crate::{
	deposits::bytes_of, Changing, Config, Dated, Deposit, Model, ModelVersion, Models, Pallet,
	Prices, Terms, Versions,
};
use alloc::collections::BTreeMap;
use codec::{Decode, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	pallet_prelude::Weight,
	storage_alias,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	Twox64Concat,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	policy::RevenuePolicy, price::PriceSchedule, Balance, ModelId, Name, PriceVersion, VersionId,
};
use scale_info::TypeInfo;
use sp_runtime::traits::Zero;

/// Brings the registry from version 1 of its storage to version 2.
pub type MigrateToV2<T> =
	VersionedMigration<1, 2, Migration<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// The most models that are brought to version 2 in one block.
pub const MOST_MODELS: u32 = 1_000;

/// A model in version 1. Its versions were [`ModelVersion`]s, its prices [`PriceSchedule`]s.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub(crate) struct OldModel<AccountId> {
	pub name: Name,
	pub owner: AccountId,
	pub paused: bool,
	pub version: VersionId,
	pub price_version: PriceVersion,
	pub policy: RevenuePolicy,
	pub deposit: Balance,
}

/// Where version 1 has its models. The name is that of the storage.
mod old {
	use super::*;

	#[storage_alias]
	pub type Models<T: Config> = StorageMap<
		Pallet<T>,
		Twox64Concat,
		ModelId,
		OldModel<<T as frame_system::Config>::AccountId>,
	>;
}

/// The work itself.
pub struct Migration<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for Migration<T> {
	fn on_runtime_upgrade() -> Weight {
		let policies =
			old::Models::<T>::iter().map(|(id, old)| (id, old.policy)).collect::<BTreeMap<_, _>>();
		let mut written = 0u64;
		let mut bytes = BTreeMap::<ModelId, u32>::new();
		let mut count = |model, more: u32| {
			let sum = bytes.entry(model).or_default();
			*sum = sum.saturating_add(more);
			written = written.saturating_add(1);
		};
		let from = BlockNumberFor::<T>::zero();
		Versions::<T>::translate::<ModelVersion, _>(|model, _, value| {
			let version = Dated::new(value, from);
			count(model, bytes_of(&version));
			Some(version)
		});
		Prices::<T>::translate::<PriceSchedule, _>(|model, _, price| {
			let policy = *policies.get(&model)?;
			let terms = Dated::new(Terms { price, policy }, from);
			count(model, bytes_of(&terms));
			Some(terms)
		});
		Models::<T>::translate::<OldModel<T::AccountId>, _>(|id, old| {
			written = written.saturating_add(1);
			let bytes = Pallet::<T>::fixed_bytes(&old.name, 0)
				.saturating_add(bytes.get(&id).copied().unwrap_or_default());
			Some(Model {
				name: old.name,
				owner: old.owner,
				offered_to: None,
				paused: old.paused,
				retired_at: None,
				parent: None,
				children: 0,
				version: Changing::new(old.version),
				price: Changing::new(old.price_version),
				settle_until: from,
				next_version: old.version.saturating_add(1),
				next_price: old.price_version.saturating_add(1),
				oldest_price: old.price_version,
				// What is held stays held, until something is added.
				deposit: Deposit { bytes, base: old.deposit, per_byte: 0 },
			})
		});
		let models = u64::try_from(policies.len()).unwrap_or(u64::MAX);
		T::DbWeight::get().reads_writes(models.saturating_add(written).saturating_add(4), written)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		let before = counts::<T>();
		ensure_few(before)?;
		Ok(before.encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before = <[u32; 3]>::decode(&mut before.as_slice())
			.map_err(|_| "the counts before the upgrade cannot be read")?;
		frame_support::ensure!(before == counts::<T>(), "an entry was lost in the upgrade");
		for (_, model) in Models::<T>::iter() {
			frame_support::ensure!(model.deposit.per_byte == 0, "a deposit has changed");
		}
		Pallet::<T>::do_try_state()
	}
}

/// Checks that there are few enough of each to be gone through in one block.
#[cfg(any(test, feature = "try-runtime"))]
fn ensure_few(counts: [u32; 3]) -> Result<(), &'static str> {
	frame_support::ensure!(
		counts.iter().all(|count| *count <= MOST_MODELS),
		"there are too many models for one block"
	);
	Ok(())
}

/// How many models, versions and prices there are.
#[cfg(any(test, feature = "try-runtime"))]
fn counts<T: Config>() -> [u32; 3] {
	use sp_runtime::SaturatedConversion;
	[
		Models::<T>::iter_keys().count().saturated_into(),
		Versions::<T>::iter_keys().count().saturated_into(),
		Prices::<T>::iter_keys().count().saturated_into(),
	]
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{mock::*, HoldReason, ModelIdByName, NextModelId};
	use frame_support::{
		assert_ok,
		traits::{fungible::MutateHold, GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	};
	use openledger_primitives::{attribution::DataSources, traits::ModelInspect, Hash, Uri, OPEN};
	use sp_runtime::Permill;

	mod old {
		use super::*;

		pub type Models = super::super::old::Models<Test>;
		#[storage_alias]
		pub type Versions = StorageDoubleMap<
			ModelRegistry,
			Twox64Concat,
			ModelId,
			Twox64Concat,
			VersionId,
			ModelVersion,
		>;
		#[storage_alias]
		pub type Prices = StorageDoubleMap<
			ModelRegistry,
			Twox64Concat,
			ModelId,
			Twox64Concat,
			PriceVersion,
			PriceSchedule,
		>;
	}

	fn version() -> ModelVersion {
		ModelVersion {
			uri: Uri::truncate_from(b"https://example.com".to_vec()),
			weights_hash: Hash::repeat_byte(1),
			tokenizer_hash: Hash::repeat_byte(2),
			sources: DataSources::default(),
		}
	}

	/// Two models as version 1 stored them, with the deposits that it held.
	fn version_1() {
		StorageVersion::new(1).put::<ModelRegistry>();
		let policy = RevenuePolicy {
			developer: Permill::from_percent(60),
			data: Permill::zero(),
			node: Permill::from_percent(40),
			attributed: Permill::zero(),
		};
		let price = PriceSchedule { per_call: 1, per_input_token: 2, per_output_token: 3 };
		for (id, name) in [(0, "a"), (1, "b/c")] {
			let name = Name::truncate_from(name.as_bytes().to_vec());
			let deposit = OPEN + Balance::from(id);
			let model = OldModel {
				name: name.clone(),
				owner: DEVELOPER,
				paused: id == 1,
				version: 0,
				price_version: 0,
				policy,
				deposit,
			};
			assert_ok!(Balances::hold(&HoldReason::Model.into(), &DEVELOPER, deposit));
			old::Models::insert(id, model);
			old::Versions::insert(id, 0, version());
			old::Prices::insert(id, 0, price);
			ModelIdByName::<Test>::insert(name, id);
		}
		NextModelId::<Test>::put(2);
	}

	/// With the checks before and after it, where they are built in.
	fn migrate() {
		#[cfg(feature = "try-runtime")]
		MigrateToV2::<Test>::try_on_runtime_upgrade(true).unwrap();
		#[cfg(not(feature = "try-runtime"))]
		MigrateToV2::<Test>::on_runtime_upgrade();
	}

	#[test]
	fn version_1_becomes_version_2() {
		run(|| {
			version_1();
			let before = counts::<Test>();
			migrate();

			assert_eq!(ModelRegistry::on_chain_storage_version(), StorageVersion::new(2));
			assert_eq!(counts::<Test>(), before);
			ModelRegistry::do_try_state().unwrap();
			let model = Models::<Test>::get(1).unwrap();
			assert!(model.paused);
			assert_eq!(model.deposit.amount(), Some(OPEN + 1));
			assert_eq!(Versions::<Test>::get(1, 0).unwrap().value, version());
			let terms = ModelRegistry::terms(1, 0, 0).unwrap();
			assert_eq!(terms.price.per_output_token, 3);
			assert_eq!(terms.policy.node, Permill::from_percent(40));
			assert_eq!(terms.policy.developer, Permill::from_percent(60));
			assert_eq!(ModelRegistry::in_force(0), Some((0, 0)));

			// It can be worked with: what is added is paid for, what was held is counted.
			let origin = RuntimeOrigin::signed(DEVELOPER);
			assert_ok!(ModelRegistry::set_price(origin, 0, PriceSchedule::default()));
			assert_eq!(ModelRegistry::in_force(0), Some((0, 1)));
		});
	}

	#[test]
	fn it_is_for_what_fits_a_block() {
		assert_eq!(ensure_few([MOST_MODELS; 3]), Ok(()));
		for place in 0..3 {
			let mut counts = [MOST_MODELS; 3];
			counts[place] += 1;
			assert_eq!(ensure_few(counts), Err("there are too many models for one block"));
		}
		// The computation that a block of two seconds has room for, several times over.
		let most = u64::from(MOST_MODELS);
		let weight = frame_support::weights::constants::RocksDbWeight::get()
			.reads_writes(4 * most + 4, 3 * most);
		assert!(weight.ref_time() < frame_support::weights::constants::WEIGHT_REF_TIME_PER_SECOND);
	}

	#[test]
	fn it_happens_once() {
		run(|| {
			version_1();
			migrate();
			let model = Models::<Test>::get(0);
			migrate();
			assert_eq!(Models::<Test>::get(0), model);
		});
	}
}

//! Upgrades of a chain: which code it takes, and that it goes on with every pallet's invariants.
//!
//! `scripts/rehearse-upgrade.sh` runs the rehearsal at the end with another chain's state, in the form
//! that `openledger-node export-state` writes, and with the checks before and after each migration that
//! only `try-runtime` has.

mod common;

use common::*;
use frame_support::traits::{
	GetStorageVersion, OnRuntimeUpgrade, PalletInfoAccess, StorageVersion,
};
use frame_system::{LastRuntimeUpgrade, LastRuntimeUpgradeInfo};
use openledger_runtime::{
	Balances, DataAttribution, InferenceMetering, InferenceRequests, Migrations, ModelRegistry,
	RevenueSplit, Runtime, System, VERSION,
};

/// The storage version that a chain has, if it is that of the code.
fn storage_version<Pallet>() -> StorageVersion
where
	Pallet: GetStorageVersion<InCodeStorageVersion = StorageVersion> + PalletInfoAccess,
{
	let on_chain = Pallet::on_chain_storage_version();
	assert_eq!(on_chain, Pallet::in_code_storage_version(), "{}", Pallet::name());
	on_chain
}

fn storage_versions() -> [StorageVersion; 5] {
	[
		storage_version::<ModelRegistry>(),
		storage_version::<DataAttribution>(),
		storage_version::<InferenceMetering>(),
		storage_version::<InferenceRequests>(),
		storage_version::<RevenueSplit>(),
	]
}

#[test]
fn a_new_chain_has_the_storage_versions_of_its_code() {
	chain().execute_with(|| {
		assert_eq!(storage_versions(), [1; 5].map(StorageVersion::new));
	});
}

#[test]
fn a_chain_goes_on_after_an_upgrade() {
	chain().execute_with(|| {
		begin_block(1);
		finish_block();
		// As if the block had been made by an older release.
		let spec_version = (VERSION.spec_version - 1).into();
		let spec_name = VERSION.spec_name.clone();
		LastRuntimeUpgrade::<Runtime>::put(LastRuntimeUpgradeInfo { spec_version, spec_name });
		let (issuance, on_hold, versions) =
			(Balances::total_issuance(), holds(), storage_versions());

		begin_block(2);
		let upgraded = LastRuntimeUpgrade::<Runtime>::get().unwrap();
		assert_eq!(upgraded, LastRuntimeUpgradeInfo::from(VERSION));
		check_state().unwrap();
		assert_eq!((Balances::total_issuance(), holds()), (issuance, on_hold));
		assert_eq!(storage_versions(), versions);
		finish_block();

		// Once is enough.
		let root = state_root();
		Migrations::on_runtime_upgrade();
		assert_eq!(state_root(), root);
		assert_eq!(System::block_number(), 2);
	});
}

/// Which code `set_code` takes. With `runtime-benchmarks` it takes any.
#[cfg(not(feature = "runtime-benchmarks"))]
mod set_code {
	use super::*;
	use codec::Encode;
	use frame_support::assert_ok;
	use openledger_runtime::{RuntimeCall, RuntimeEvent, RuntimeOrigin};
	use sp_core::traits::{Externalities, ReadRuntimeVersion, ReadRuntimeVersionExt};
	use sp_io::TestExternalities;
	use sp_keyring::Sr25519Keyring::Alice;
	use sp_runtime::{traits::Dispatchable, DispatchError};
	use sp_version::RuntimeVersion;

	/// The spec name of development chains before this layout.
	const OLDER: &str = "openledger";

	/// Reads this version from any code, as a node does from the code's own section.
	struct Version(RuntimeVersion);

	impl ReadRuntimeVersion for Version {
		fn read_runtime_version(
			&self,
			_: &[u8],
			_: &mut dyn Externalities,
		) -> Result<Vec<u8>, String> {
			Ok(self.0.encode())
		}
	}

	fn version(spec_name: &'static str, spec_version: u32) -> RuntimeVersion {
		RuntimeVersion { spec_name: spec_name.into(), spec_version, ..VERSION }
	}

	/// Answer to governance when it proposes code of this version on a chain of this runtime.
	fn proposed(code: RuntimeVersion) -> Result<(), DispatchError> {
		let mut chain = chain();
		chain.register_extension(ReadRuntimeVersionExt::new(Version(code)));
		chain.execute_with(|| {
			begin_block(1);
			let set_code = frame_system::Call::set_code { code: vec![0] }.into();
			let sudo = RuntimeCall::from(pallet_sudo::Call::sudo { call: Box::new(set_code) });
			assert_ok!(sudo.dispatch(RuntimeOrigin::signed(Alice.to_account_id())));
			let result = System::events().into_iter().find_map(|record| match record.event {
				RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result }) => Some(sudo_result),
				_ => None,
			});
			result.expect("sudo says what came of the call")
		})
	}

	#[test]
	fn takes_a_later_version_of_the_same_chain() {
		assert_ok!(proposed(RuntimeVersion { spec_version: VERSION.spec_version + 1, ..VERSION }));
	}

	#[test]
	fn refuses_a_version_that_is_not_later() {
		let refused = Err(frame_system::Error::<Runtime>::SpecVersionNeedsToIncrease.into());
		assert_eq!(proposed(VERSION), refused);
		assert_eq!(proposed(RuntimeVersion { spec_version: 0, ..VERSION }), refused);
	}

	#[test]
	fn refuses_code_of_an_older_chain() {
		let refused = Err(frame_system::Error::<Runtime>::InvalidSpecName.into());
		for spec_version in [1, 2, 3, u32::MAX] {
			assert_eq!(proposed(version(OLDER, spec_version)), refused);
		}
	}

	/// A chain that was made before this layout.
	mod older {
		use frame_support::{derive_impl, parameter_types};
		use sp_version::RuntimeVersion;

		#[frame_support::runtime]
		mod runtime {
			#[runtime::runtime]
			#[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
			pub struct Runtime;

			#[runtime::pallet_index(0)]
			pub type System = frame_system::Pallet<Runtime>;
		}

		parameter_types! {
			pub static Version: RuntimeVersion = super::version(super::OLDER, 3);
		}

		#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
		impl frame_system::Config for Runtime {
			type Block = frame_system::mocking::MockBlock<Runtime>;
			type Version = Version;
		}
	}

	#[test]
	fn of_an_older_chain_refuses_this_code() {
		let refused = Err(frame_system::Error::<older::Runtime>::InvalidSpecName.into());
		for spec_version in [VERSION.spec_version, 4, u32::MAX] {
			let mut chain = TestExternalities::default();
			let code = RuntimeVersion { spec_version, ..VERSION };
			chain.register_extension(ReadRuntimeVersionExt::new(Version(code)));
			chain.execute_with(|| {
				let taken = older::System::set_code(older::RuntimeOrigin::root(), vec![0]);
				assert_eq!(taken.map(|_| ()).map_err(|refused| refused.error), refused);
			});
		}
	}
}

/// With the state in the file that `OPENLEDGER_STATE` names, else with that of a new development chain.
#[cfg(feature = "try-runtime")]
mod rehearsal {
	use super::*;
	use codec::Encode;
	use frame_support::traits::UpgradeCheckSelect;
	use openledger_runtime::{Executive, Header};
	use serde_json::Value;
	use sp_consensus_babe::{
		digests::{PreDigest, SecondaryPlainPreDigest},
		BABE_ENGINE_ID,
	};
	use sp_io::TestExternalities;
	use sp_runtime::{traits::Header as _, Digest, DigestItem};

	/// The state in `json`, without the runtime that was in it.
	fn load(json: &str) -> TestExternalities {
		let spec: Value = serde_json::from_str(json).expect("the state is JSON");
		let top = spec["genesis"]["raw"]["top"].as_object().expect("the state is raw");
		let bytes =
			|text: &str| sp_core::bytes::from_hex(text).expect("keys and values are hexadecimal");
		let mut externalities = TestExternalities::default();
		for (key, value) in top {
			let key = bytes(key);
			if key != sp_core::storage::well_known_keys::CODE {
				externalities.insert(key, bytes(value.as_str().expect("values are text")));
			}
		}
		externalities
	}

	/// Initialises the next block as a node does, which is when an upgrade happens.
	fn next_block() {
		let number = System::block_number() + 1;
		let slot = (*pallet_babe::CurrentSlot::<Runtime>::get() + 1).into();
		let digest =
			PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot });
		let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
		let parent = System::block_hash(number - 1);
		let header = Header::new(number, Default::default(), Default::default(), parent, digest);
		Executive::initialize_block(&header);
	}

	#[test]
	fn every_check_of_the_upgrade_passes() {
		let mut state = match std::env::var("OPENLEDGER_STATE") {
			Ok(path) => load(&std::fs::read_to_string(path).expect("the state can be read")),
			Err(_) => chain(),
		};
		state.execute_with(|| {
			let (issuance, on_hold) = (Balances::total_issuance(), holds());
			let checks = UpgradeCheckSelect::All;
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade succeeds");
			println!("the upgrade took {weight}");
			check_state().unwrap();
			storage_versions();
			assert_eq!((Balances::total_issuance(), holds()), (issuance, on_hold));
			next_block();
			check_state().unwrap();
		});
	}
}

//! Upgrades of a chain: which code it takes, and that it goes on with every pallet's invariants.
//!
//! Of every release that a chain may run there is a state in `runtime/tests/fixtures/`, named by its
//! `spec_version`: it is carried over, and gone on with. `scripts/fixture.sh` makes it. `scripts/rehearse-upgrade.sh`
//! runs the rehearsal at the end
//! with another chain's state, in the form that `openledger-node export-state` writes, and with the checks before and
//! after each migration that only `try-runtime` has.

mod common;

use codec::Encode;
use common::{
	state::{dump, fixtures, load, write_fixture},
	*,
};
use frame_support::{
	assert_ok,
	migrations::MultiStepMigrator,
	traits::{GetStorageVersion, OnRuntimeUpgrade, PalletInfoAccess, StorageVersion},
};
use frame_system::{LastRuntimeUpgrade, LastRuntimeUpgradeInfo};
use openledger_primitives::{policy::RevenuePolicy, price::PriceSchedule, OPEN};
use openledger_runtime::{
	constants::SLOT_DURATION, Balances, DataAttribution, Executive, Header, InferenceMetering,
	InferenceRequests, LengthFee, Migrations, ModelRegistry, MultiBlockMigrations, RevenueSplit,
	Runtime, RuntimeCall, RuntimeOrigin, System, VERSION,
};
use pallet_migrations::{ActiveCursor, Cursor, MigrationCursor};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Bob, Charlie, Dave, Ferdie};
use sp_runtime::{
	traits::{Dispatchable, Header as _},
	Digest, DigestItem, ExtrinsicInclusionMode, Permill,
};
use std::{fs, path::PathBuf};

/// The storage version that a chain has, if it is that of the code.
fn storage_version<Pallet>() -> StorageVersion
where
	Pallet: GetStorageVersion<InCodeStorageVersion = StorageVersion> + PalletInfoAccess,
{
	let on_chain = Pallet::on_chain_storage_version();
	assert_eq!(on_chain, Pallet::in_code_storage_version(), "{}", Pallet::name());
	on_chain
}

fn storage_versions() -> [StorageVersion; 6] {
	[
		storage_version::<ModelRegistry>(),
		storage_version::<DataAttribution>(),
		storage_version::<InferenceMetering>(),
		storage_version::<InferenceRequests>(),
		storage_version::<RevenueSplit>(),
		storage_version::<LengthFee>(),
	]
}

/// Initialises the next block as a node does, which is when an upgrade happens.
fn next_block() -> ExtrinsicInclusionMode {
	let number = System::block_number() + 1;
	// Not the next one: the last block of a real chain may have come late in its own.
	let slot = *pallet_babe::CurrentSlot::<Runtime>::get() + 2;
	let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
		authority_index: 0,
		slot: slot.into(),
	});
	let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
	let parent = System::block_hash(number - 1);
	let header = Header::new(number, Default::default(), Default::default(), parent, digest);
	let mode = Executive::initialize_block(&header);
	let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_DURATION });
	now.dispatch(RuntimeOrigin::none()).expect("the time is right");
	mode
}

/// More blocks than any upgrade may take.
const MOST_BLOCKS: u32 = 28_800;

/// Makes blocks until the migrations of many blocks are through. Returns how many there were.
fn run_long_migrations() -> u32 {
	let mut blocks = 0;
	while MultiBlockMigrations::ongoing() {
		assert!(!matches!(Cursor::<Runtime>::get(), Some(MigrationCursor::Stuck)), "it is stuck");
		assert!(blocks < MOST_BLOCKS, "it takes too long");
		finish_block();
		next_block();
		blocks += 1;
	}
	blocks
}

#[test]
fn a_new_chain_has_the_storage_versions_of_its_code() {
	chain().execute_with(|| {
		assert_eq!(storage_versions(), [1; 6].map(StorageVersion::new));
	});
}

#[test]
fn a_chain_goes_on_after_an_upgrade() {
	chain().execute_with(|| {
		begin_block(1);
		finish_block();
		of_an_older_release();
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

/// As if the block had been made by an older release.
fn of_an_older_release() {
	let spec_version = (VERSION.spec_version - 1).into();
	let spec_name = VERSION.spec_name.clone();
	LastRuntimeUpgrade::<Runtime>::put(LastRuntimeUpgradeInfo { spec_version, spec_name });
}

/// No call meets a pallet that is half changed.
#[test]
fn while_a_long_migration_runs_blocks_take_no_transactions() {
	chain().execute_with(|| {
		assert_eq!(next_block(), ExtrinsicInclusionMode::AllExtrinsics);
		finish_block();
		// There is none yet: one that has everything behind it.
		let cursor = ActiveCursor { index: 0, inner_cursor: None, started_at: 1 };
		Cursor::<Runtime>::put(MigrationCursor::Active(cursor));

		assert_eq!(next_block(), ExtrinsicInclusionMode::OnlyInherents);
		finish_block();
		assert_eq!(next_block(), ExtrinsicInclusionMode::AllExtrinsics);
		finish_block();

		// One that has failed lets nobody use what it has left behind.
		Cursor::<Runtime>::put(MigrationCursor::Stuck);
		for _ in 0..3 {
			assert_eq!(next_block(), ExtrinsicInclusionMode::OnlyInherents);
			finish_block();
		}
	});
}

/// A small chain in which somebody has put something up with each pallet: the fixture of a release.
fn populated() -> TestExternalities {
	let mut chain = chain();
	chain.execute_with(|| {
		begin_block(1);
		let [bob, charlie, dave, ferdie] =
			[Bob, Charlie, Dave, Ferdie].map(|who| who.to_account_id());
		let price = PriceSchedule {
			per_call: 1_000,
			per_input_token: 10,
			per_cached_input_token: 5,
			per_output_token: 20,
		};
		let policy = RevenuePolicy {
			developer: Permill::from_percent(60),
			data: Permill::zero(),
			node: Permill::from_percent(40),
			attributed: Permill::zero(),
		};
		let details = version("https://models.example/one", Default::default(), Default::default());
		let name = text("fixture/model");
		let register = pallet_model_registry::Call::register_model { name, details, price, policy };
		assert_ok!(send(&bob, register));
		let datanet = pallet_data_attribution::Call::create_datanet_with {
			name: text("fixture/datanet"),
			open: true,
			curator_share: Permill::from_percent(10),
		};
		assert_ok!(send(&charlie, datanet));
		let served = pallet_inference_metering::Served { model: 0, capacity: 1 };
		let node = pallet_inference_metering::Call::register_node {
			endpoint: text("https://node.example"),
			receipt_key: dave.clone(),
			bond: 100 * OPEN,
			models: bounded([served]),
		};
		assert_ok!(send(&dave, node));
		let session = pallet_inference_metering::Call::open_session {
			node: dave.clone(),
			deposit: OPEN,
			signer: ferdie.clone(),
			expires_at: 1_000,
		};
		assert_ok!(send(&ferdie, session));
		let request = pallet_inference_requests::Call::request_call {
			model: 0,
			node: Some(dave),
			input: "what is kept?".to_string().try_into().expect("it is short"),
			max_charge: OPEN,
			deadline: 500,
		};
		assert_ok!(send(&ferdie, request));
		check_state().unwrap();
		finish_block();
	});
	chain.commit_all().unwrap();
	chain
}

/// Upgrades a chain, in whatever state it is.
fn upgrade(state: &mut TestExternalities) {
	state.execute_with(|| {
		of_an_older_release();
		let issuance = Balances::total_issuance();
		next_block();
		run_long_migrations();
		// That nothing is on hold but for what is stored is a part of it.
		check_state().unwrap();
		storage_versions();
		assert_eq!(Balances::total_issuance(), issuance);
		finish_block();
		next_block();
		check_state().unwrap();
		finish_block();
	});
}

/// Upgrades the [`populated`] chain, and goes on with it: whoever had put something up gets it back.
fn carry_over(mut state: TestExternalities) {
	let on_hold = state.execute_with(holds);
	upgrade(&mut state);
	state.execute_with(|| {
		assert_eq!(holds(), on_hold);
		next_block();
		let [bob, dave, ferdie] = [Bob, Dave, Ferdie].map(|who| who.to_account_id());
		let model = ModelRegistry::model_info(0).expect("the model is there");
		assert_eq!((model.name.as_str(), model.price.per_call), ("fixture/model", 1_000));
		assert_ok!(send(&bob, pallet_model_registry::Call::pause_model { model: 0 }));
		assert_ok!(send(&ferdie, pallet_inference_requests::Call::cancel_call { request: 0 }));
		assert_ok!(send(&dave, pallet_inference_metering::Call::close_session { session: 0 }));
		assert_ok!(send(&dave, pallet_inference_metering::Call::start_unbonding {}));
		check_state().unwrap();
		finish_block();
	});
}

/// Each release that a chain may run has a fixture, and all there are go on: those with a name behind their version are
/// of other chains.
#[test]
fn states_are_carried_over() {
	let mut state = populated();
	let written = dump(&mut state).to_string();
	let root = state.execute_with(state_root);
	let mut read = load(&written);
	assert_eq!(read.execute_with(state_root), root);
	carry_over(read);
	write_fixture(&VERSION.spec_version.to_string(), &written);

	let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/storage.json");
	let kept = fs::read_to_string(path).expect("it says what is stored");
	let kept: Value = serde_json::from_str(&kept).expect("it is JSON");
	let released = kept["released"].as_u64().expect("the last release is a number");
	let fixtures = fixtures();
	for release in (1..=released).map(|release| release.to_string()) {
		let found = fixtures.iter().any(|(name, _)| *name == release);
		assert!(found, "runtime/tests/fixtures/{release}.json is missing: scripts/fixture.sh");
	}
	for (name, state) in &fixtures {
		println!("runtime/tests/fixtures/{name}.json");
		let mut state = load(state);
		match name.split_once('-') {
			None => carry_over(state),
			Some(_) => upgrade(&mut state),
		}
	}
}

/// Which code `set_code` takes. With `runtime-benchmarks` it takes any.
#[cfg(not(feature = "runtime-benchmarks"))]
mod set_code {
	use super::*;
	use openledger_runtime::RuntimeEvent;
	use sp_core::traits::{Externalities, ReadRuntimeVersion, ReadRuntimeVersionExt};
	use sp_keyring::Sr25519Keyring::Alice;
	use sp_runtime::DispatchError;
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
	use frame_support::traits::UpgradeCheckSelect;

	#[test]
	fn every_check_of_the_upgrade_passes() {
		let mut state = match std::env::var("OPENLEDGER_STATE") {
			Ok(path) => load(&fs::read_to_string(path).expect("the state can be read")),
			Err(_) => populated(),
		};
		state.execute_with(|| {
			let (issuance, on_hold) = (Balances::total_issuance(), holds());
			let checks = UpgradeCheckSelect::All;
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade succeeds");
			println!("the upgrade took {weight}");
			next_block();
			println!("and {} blocks of migrations after it", run_long_migrations());
			check_state().unwrap();
			storage_versions();
			assert_eq!((Balances::total_issuance(), holds()), (issuance, on_hold));
			finish_block();
			next_block();
			check_state().unwrap();
		});
	}
}

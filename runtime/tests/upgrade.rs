//! Rehearses the upgrade of a chain that ran an earlier version: its state is loaded, migrated, and
//! checked with every pallet's invariants; then the chain goes on.
//!
//! The state is that of a development chain on which three calls were paid, in the form that
//! `openledger-node export-state` writes. `scripts/rehearse-upgrade.sh` runs the same with another
//! chain's state, and with the checks before and after each migration that only `try-runtime` has.

use codec::Encode;
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade};
use openledger_primitives::{traits::ModelInspect, AccountId, OPEN};
use openledger_runtime::{
	configs::pot_accounts, constants::EXISTENTIAL_DEPOSIT, Balances, DataAttribution, Executive,
	Header, InferenceMetering, InferenceRequests, Migrations, ModelRegistry, RevenueSplit, Runtime,
	System,
};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Charlie, Dave, Eve};
use sp_runtime::{traits::Header as _, Digest, DigestItem};

const FIRST_LIGHT: &str = include_str!("fixtures/first-light.json");

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

fn check_invariants() {
	pallet_model_registry::Pallet::<Runtime>::do_try_state().unwrap();
	pallet_data_attribution::Pallet::<Runtime>::do_try_state().unwrap();
	pallet_inference_metering::Pallet::<Runtime>::do_try_state().unwrap();
	pallet_inference_requests::Pallet::<Runtime>::do_try_state().unwrap();
	pallet_revenue_split::Pallet::<Runtime>::do_try_state().unwrap();
}

/// Initialises the next block as a node does, which is when an upgrade happens.
fn next_block() {
	let number = System::block_number() + 1;
	let slot = (*pallet_babe::CurrentSlot::<Runtime>::get() + 1).into();
	let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot });
	let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
	let parent = System::block_hash(number - 1);
	let header = Header::new(number, Default::default(), Default::default(), parent, digest);
	Executive::initialize_block(&header);
}

fn held() -> u128 {
	frame_system::Account::<Runtime>::iter_values().map(|account| account.data.reserved).sum()
}

#[test]
fn a_chain_that_ran_first_light_goes_on() {
	load(FIRST_LIGHT).execute_with(|| {
		assert_eq!(ModelRegistry::on_chain_storage_version(), 1);
		let accounts: Vec<AccountId> = [Charlie, Dave, Eve].map(|key| key.to_account_id()).into();
		let issuance = Balances::total_issuance();
		let held_before = held();

		next_block();
		check_invariants();
		assert_eq!(ModelRegistry::on_chain_storage_version(), 2);
		assert_eq!(DataAttribution::on_chain_storage_version(), 2);
		assert_eq!(InferenceMetering::on_chain_storage_version(), 2);
		assert_eq!(RevenueSplit::on_chain_storage_version(), 2);
		assert_eq!(Balances::total_issuance(), issuance);
		assert_eq!(held(), held_before);

		// What was there is there.
		let model = ModelRegistry::model_info(0).expect("the model is known");
		assert_eq!(model.name, "geo/smollm2-135m-instruct");
		assert_eq!((model.version, model.price_version, model.paused), (0, 0, false));
		assert!(!model.sources.is_empty());
		assert!(model.policy.is_complete() && model.policy.pays_data());
		assert_eq!(ModelRegistry::terms(0, 0, 0).map(|terms| terms.policy), Ok(model.policy));
		let session = InferenceMetering::session_info(0).expect("the session is open");
		assert!(session.settled > 0 && session.settled < session.deposit);
		assert_eq!(session.lanes.iter().map(|lane| lane.settled).sum::<u128>(), session.settled);
		let node = InferenceMetering::node_info(session.node).expect("the node is registered");
		assert_eq!(node.models.iter().map(|served| served.model).collect::<Vec<_>>(), [0]);
		assert!(node.bond >= 100 * OPEN);
		// Every contributor can still claim what the calls earned them.
		let pending: u128 = accounts
			.iter()
			.flat_map(|account| DataAttribution::pending(account, 0, 256).payouts)
			.map(|payout| payout.amount)
			.sum();
		let [data_pot, ..] = pot_accounts();
		let pot = Balances::free_balance(data_pot) - EXISTENTIAL_DEPOSIT;
		assert!(pending > 0);
		assert!(pot - pending < 1_000, "only what did not divide waits: {pot} {pending}");
		assert!(InferenceRequests::requests(0, 0, 256).is_empty());

		// Once is enough.
		let root = sp_io::storage::root(sp_core::storage::StateVersion::V1);
		Migrations::on_runtime_upgrade();
		assert_eq!(sp_io::storage::root(sp_core::storage::StateVersion::V1), root);
	});
}

/// With the state in the file that `OPENLEDGER_STATE` names, else with that of first light.
#[cfg(feature = "try-runtime")]
#[test]
fn every_check_of_the_upgrade_passes() {
	let given = std::env::var("OPENLEDGER_STATE").ok();
	let state = given.map(|path| std::fs::read_to_string(path).expect("the state can be read"));
	load(state.as_deref().unwrap_or(FIRST_LIGHT)).execute_with(|| {
		let checks = frame_support::traits::UpgradeCheckSelect::All;
		let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade succeeds");
		println!("the upgrade took {weight}");
		check_invariants();
		next_block();
		check_invariants();
	});
}

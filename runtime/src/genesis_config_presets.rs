//! Genesis of the chains that come with the runtime. The accounts in them have published keys, so
//! they are for development and tests only.
//!
//! | preset | validators | endowed |
//! |---|---|---|
//! | `development` | Alice | all well-known development accounts, 1,000,000 OPEN each |
//! | `local_testnet` | Alice, Bob, Charlie, Dave | the same |
//!
//! Accounts are addresses of this chain in them, which begin with `op`. Alice holds the sudo key in both. The pallets' pots and the protocol's account start with the
//! existential deposit: so they exist, and no payment to them is too small to be made.

use crate::{
	configs::pot_accounts,
	constants::{BABE_GENESIS_EPOCH_CONFIG, EXISTENTIAL_DEPOSIT},
	AccountId, Balance, BalancesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys,
	SudoConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use openledger_primitives::{OPEN, SS58_PREFIX};
use serde_json::Value;
use sp_core::crypto::{set_default_ss58_version, Ss58AddressFormat};
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Balance that each development account starts with, in planck.
pub const ENDOWMENT: Balance = 1_000_000 * OPEN;

/// A validator's account and session keys, all derived from one well-known name. These are the keys
/// that a node started with `--alice`, `--bob` and so on has.
fn validator(account: Sr25519Keyring, finality: Ed25519Keyring) -> (AccountId, SessionKeys) {
	let keys = SessionKeys { babe: account.public().into(), grandpa: finality.public().into() };
	(account.to_account_id(), keys)
}

fn genesis(validators: Vec<(AccountId, SessionKeys)>, root: AccountId) -> Value {
	let balances = Sr25519Keyring::well_known()
		.map(|key| (key.to_account_id(), ENDOWMENT))
		.chain(pot_accounts().map(|account| (account, EXISTENTIAL_DEPOSIT)))
		.collect::<Vec<_>>();
	let keys = validators
		.into_iter()
		.map(|(account, keys)| (account.clone(), account, keys))
		.collect::<Vec<_>>();

	// BABE's and GRANDPA's authorities come from the session keys.
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances },
		session: SessionConfig { keys },
		babe: crate::BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		sudo: SudoConfig { key: Some(root) },
	})
}

fn development() -> Value {
	genesis(
		vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)],
		Sr25519Keyring::Alice.to_account_id(),
	)
}

fn local_testnet() -> Value {
	genesis(
		vec![
			validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
			validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
			validator(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
			validator(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
		],
		Sr25519Keyring::Alice.to_account_id(),
	)
}

/// Has accounts read and written as addresses of this chain in JSON. To be called before any is.
pub(crate) fn use_own_addresses() {
	set_default_ss58_version(Ss58AddressFormat::custom(SS58_PREFIX));
}

/// The preset called `id`, as JSON, or `None` if there is none of that name.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	use_own_addresses();
	let preset = match id.as_str() {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&preset).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}

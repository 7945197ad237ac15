//! The state transition function of the OpenLedger chain: which pallets it is made of, and how they
//! are set up.
//!
//! | module | holds |
//! |---|---|
//! | [`pallets`] | which pallets, with which indices |
//! | [`constants`] | time, money and block limits |
//! | [`configs`] | the configuration of every pallet, one file per topic |
//! | [`genesis_config_presets`] | genesis of the development chain and of the local test network |
//! | [`apis`] | what a node can ask the runtime |
//!
//! This file names the types of a block and the order of a transaction's checks.

#![cfg_attr(not(feature = "std"), no_std)]
// `runtime` and `impl_runtime_apis` expand deeply.
#![recursion_limit = "512"]

extern crate alloc;

pub mod apis;
pub mod configs;
pub mod constants;
pub mod genesis_config_presets;
pub mod pallets;
pub mod weights;

#[cfg(test)]
mod tests;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{generic, impl_opaque_keys, traits::BlakeTwo256};
use sp_version::RuntimeVersion;

pub use apis::RuntimeApi;
pub use openledger_primitives::{AccountId, Balance, BlockNumber, Hash, Signature};
pub use pallets::*;
#[cfg(feature = "std")]
pub use wasm::*;

/// The blob that the chain runs, from `build.rs`.
#[cfg(feature = "std")]
mod wasm {
	#![allow(missing_docs)]

	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

/// The number of transactions that an account has sent.
pub type Nonce = u32;
/// The form in which a transaction names an account.
pub type Address = sp_runtime::MultiAddress<AccountId, ()>;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block with its finality justification.
pub type SignedBlock = generic::SignedBlock<Block>;
/// A block's hash or its number.
pub type BlockId = generic::BlockId<Block>;

/// The checks and charges around every transaction, in this order.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	// Offline wallets sign the hash of the metadata by which they have read the call. Blobs of releases know it
	// (feature `metadata-hash`); others refuse a transaction whose signer asks for it to be checked.
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// A transaction or inherent as it stands in a block.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// The payload that a transaction's sender signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Runs blocks through the pallets.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
	Migrations,
>;

/// The changes of the storage of earlier versions into that of this one that fit into one block, once each: the
/// pallets' `migrations`. None yet, because this is the first version: see `docs/upgrades.md`.
pub type Migrations = ();
/// Those that may not fit into one block, and take as many as they need.
pub type LongMigrations = ();

/// The types of the node, to which extrinsics are bytes: it hands them on without looking inside,
/// and its JSON-RPC shows them as hex.
pub mod opaque {
	use sp_runtime::{generic, OpaqueExtrinsic};

	/// A block of the node.
	pub type Block = generic::Block<super::Header, OpaqueExtrinsic>;
}

impl_opaque_keys! {
	/// The keys with which a validator takes part in consensus.
	pub struct SessionKeys {
		/// Signs blocks, sr25519.
		pub babe: Babe,
		/// Votes on finality, ed25519.
		pub grandpa: Grandpa,
	}
}

/// The runtime's version. `spec_version` rises with every release, `transaction_version` only when
/// calls or the checks around them are encoded differently: old signed transactions are then void.
///
/// `spec_name` says whose state this code can go on with. A chain of another name refuses it
/// (`InvalidSpecName`); what may change how is in `docs/upgrades.md`.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("openledger-1"),
	impl_name: Cow::Borrowed("openledger-node"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

#[cfg(feature = "runtime-benchmarks")]
mod benches {
	frame_benchmarking::define_benchmarks!(
		[frame_benchmarking, BaselineBench::<Runtime>]
		[frame_system, SystemBench::<Runtime>]
		[frame_system_extensions, SystemExtensionsBench::<Runtime>]
		[pallet_timestamp, Timestamp]
		[pallet_babe, Babe]
		[pallet_grandpa, Grandpa]
		[pallet_balances, Balances]
		[pallet_transaction_payment, TransactionPayment]
		[pallet_migrations, MultiBlockMigrations]
		[pallet_utility, Utility]
		[pallet_sudo, Sudo]
		[pallet_multisig, Multisig]
		[pallet_proxy, Proxy]
		[pallet_model_registry, ModelRegistry]
		[pallet_data_attribution, DataAttribution]
		[pallet_parameters, Parameters]
		[pallet_inference_metering, InferenceMetering]
		[pallet_inference_requests, InferenceRequests]
		[pallet_revenue_split, RevenueSplit]
		[pallet_length_fee, LengthFee]
	);
}

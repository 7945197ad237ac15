//! The pallets that the runtime is made of, with their indices. An index is part of every encoded
//! call and event, so it never changes.
//!
//! | index | pallets |
//! |---|---|
//! | 0–12 | FRAME's own |
//! | 13–19 | none yet: for staking, offences, treasury and governance |
//! | 20–25 | models, data, metering, the split of charges, calls on chain, the price of bytes |
//! | 26–31 | none yet: for more of this chain's own |
//! | 32 | FRAME's own: migrations of many blocks |
//! | 33– | none yet |

// The macro gives its output no documentation: what the types are is said at their pallets.
#![allow(missing_docs)]

use crate::{Block, UncheckedExtrinsic};
use alloc::vec::Vec;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

#[frame_support::runtime]
mod runtime {
	/// The runtime, which every pallet is configured for.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(3)]
	pub type Grandpa = pallet_grandpa;
	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(6)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(7)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(8)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(9)]
	pub type Sudo = pallet_sudo;
	#[runtime::pallet_index(10)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(11)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(12)]
	pub type Parameters = pallet_parameters;

	#[runtime::pallet_index(20)]
	pub type ModelRegistry = pallet_model_registry;
	#[runtime::pallet_index(21)]
	pub type DataAttribution = pallet_data_attribution;
	#[runtime::pallet_index(22)]
	pub type InferenceMetering = pallet_inference_metering;
	#[runtime::pallet_index(23)]
	pub type RevenueSplit = pallet_revenue_split;
	#[runtime::pallet_index(24)]
	pub type InferenceRequests = pallet_inference_requests;
	#[runtime::pallet_index(25)]
	pub type LengthFee = pallet_length_fee;

	#[runtime::pallet_index(32)]
	pub type MultiBlockMigrations = pallet_migrations;
}

/// The inherents that the pallets make of `data`.
pub(crate) fn create_inherents(data: &InherentData) -> Vec<UncheckedExtrinsic> {
	data.create_extrinsics()
}

/// The pallets' verdict on the inherents in `block`, given the node's own `data`.
pub(crate) fn check_inherents(
	block: &<Block as BlockT>::LazyBlock,
	data: &InherentData,
) -> CheckInherentsResult {
	data.check_extrinsics(block)
}

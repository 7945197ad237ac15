//! The runtime as programs know it: calls, events and stored values as types, generated from the
//! metadata in `metadata.scale`.
//!
//! Nothing of it is kept by hand. A runtime with another shape fails the test in
//! `runtime/tests/metadata.rs`, which writes the file anew; what does not fit any more then does not
//! compile. The reasons are in `docs/adr/0017-generated-chain-types.md`.

pub(crate) mod rewrite;

use std::sync::LazyLock;

use openledger_primitives::{AccountId, Balance, BlockNumber};
use subxt::{
	ext::frame_decode::storage::{encode_storage_key, IntoEncodableValues},
	Metadata,
};

use self::{generated::runtime_types as types, rewrite::Mismatch};

/// Types that the runtime shares with programs are those of their own crates.
#[subxt::subxt(
	runtime_metadata_path = "metadata.scale",
	runtime_types_only,
	no_default_derives,
	derive_for_all_types = "Clone, Debug, PartialEq, Eq, ::codec::Encode, ::codec::Decode",
	substitute_type(
		path = "bounded_collections::bounded_vec::BoundedVec",
		with = "::std::vec::Vec"
	),
	substitute_type(path = "primitive_types::H256", with = "::sp_core::H256"),
	substitute_type(
		path = "sp_core::crypto::AccountId32",
		with = "::sp_core::crypto::AccountId32"
	),
	substitute_type(path = "sp_arithmetic::per_things::Permill", with = "::sp_runtime::Permill"),
	substitute_type(path = "sp_runtime::DispatchError", with = "::sp_runtime::DispatchError"),
	substitute_type(path = "sp_runtime::MultiSignature", with = "::sp_runtime::MultiSignature"),
	substitute_type(
		path = "sp_runtime::multiaddress::MultiAddress",
		with = "::sp_runtime::MultiAddress"
	),
	substitute_type(
		path = "openledger_primitives::attribution::DataSource",
		with = "::openledger_primitives::attribution::DataSource"
	),
	substitute_type(
		path = "openledger_primitives::contribution::Submission",
		with = "::openledger_primitives::contribution::Submission"
	),
	substitute_type(
		path = "openledger_primitives::data_tree::RangeProof",
		with = "::openledger_primitives::data_tree::RangeProof"
	),
	substitute_type(
		path = "openledger_primitives::lane::closing::VersionedCloseAgreement",
		with = "::openledger_primitives::lane::VersionedCloseAgreement"
	),
	substitute_type(
		path = "openledger_primitives::lane::fulfilled::FulfilledCall",
		with = "::openledger_primitives::lane::FulfilledCall"
	),
	substitute_type(
		path = "openledger_primitives::lane::header::SettledLane",
		with = "::openledger_primitives::lane::SettledLane"
	),
	substitute_type(
		path = "openledger_primitives::lane::record::AttributionShare",
		with = "::openledger_primitives::lane::AttributionShare"
	),
	substitute_type(
		path = "openledger_primitives::lane::reject::RejectReason",
		with = "::openledger_primitives::lane::RejectReason"
	),
	substitute_type(
		path = "openledger_primitives::lane::settled::SettledItem",
		with = "::openledger_primitives::lane::SettledItem"
	),
	substitute_type(
		path = "openledger_primitives::lane::settlement::LaneSettlement",
		with = "::openledger_primitives::lane::LaneSettlement"
	),
	substitute_type(
		path = "openledger_primitives::lane::statement::VersionedStatement",
		with = "::openledger_primitives::lane::VersionedStatement"
	),
	substitute_type(
		path = "openledger_primitives::lane_list::lookup_proof::LookupProof",
		with = "::openledger_primitives::lane_list::LookupProof"
	),
	substitute_type(
		path = "openledger_primitives::on_chain::DeclineReason",
		with = "::openledger_primitives::on_chain::DeclineReason"
	),
	substitute_type(
		path = "openledger_primitives::on_chain::Refusal",
		with = "::openledger_primitives::on_chain::Refusal"
	),
	substitute_type(
		path = "openledger_primitives::model::VersionDetails",
		with = "::openledger_primitives::model::VersionDetails"
	),
	substitute_type(
		path = "openledger_primitives::policy::RevenuePolicy",
		with = "::openledger_primitives::policy::RevenuePolicy"
	),
	substitute_type(
		path = "openledger_primitives::price::PriceSchedule",
		with = "::openledger_primitives::price::PriceSchedule"
	)
)]
mod generated {}

/// An extrinsic, by pallet. Its arguments are documented at the pallet; amounts are in planck.
pub use types::openledger_runtime::pallets::RuntimeCall as Call;
/// An event, by pallet. Its fields are documented at the pallet; amounts are in planck.
pub use types::openledger_runtime::pallets::RuntimeEvent as Event;

pub use types::openledger_runtime::configs::{
	parameters::{dynamic_params, RuntimeParameters},
	wallets::ProxyType,
};

/// An account that may act for another one, and what it may do.
pub type Proxy = types::pallet_proxy::ProxyDefinition<AccountId, ProxyType, BlockNumber>;
/// An account as the chain keeps it.
pub(crate) type StoredAccount =
	types::frame_system::AccountInfo<u32, types::pallet_balances::types::AccountData<Balance>>;

/// A commitment to a report as the chain keeps it.
pub(crate) type StoredCommitment =
	types::pallet_inference_metering::reports::Commitment<BlockNumber>;

/// Gives the calls and events of each pallet a module.
macro_rules! pallets {
	($($(#[$doc:meta])* $module:ident = $crate_name:ident { $($items:tt)* })*) => {
		$(
			$(#[$doc])*
			pub mod $module {
				pub use super::types::$crate_name::{$($items)*};
			}
		)*
	};
}

pallets! {
	/// Balances and transfers.
	balances = pallet_balances { pallet::Call }
	/// Datanets, contributions, releases, claims.
	data = pallet_data_attribution { events::*, pallet::{Call, Event} }
	/// Operators, sessions, settlement, disputes.
	metering = pallet_inference_metering { events::*, pallet::{Call, Event}, types::Served }
	/// Models, versions, prices, policies.
	models = pallet_model_registry { events::*, pallet::{Call, Event} }
	/// Parameters of the protocol.
	parameters = pallet_parameters { pallet::Call }
	/// Acting for another account.
	proxy = pallet_proxy { events::*, pallet::{Call, Event} }
	/// Calls that are requested and answered on chain.
	requests = pallet_inference_requests { events::*, pallet::{Call, Event} }
	/// Calls as root.
	sudo = pallet_sudo { pallet::Call }
	/// The outcome of extrinsics.
	system = frame_system { events::*, pallet::Event }
	/// Fees.
	transaction_payment = pallet_transaction_payment { events::*, pallet::Event }
	/// Several calls in one.
	utility = pallet_utility { pallet::Call }
}

static METADATA: LazyLock<Result<Metadata, String>> = LazyLock::new(|| {
	let encoded = include_bytes!("../../metadata.scale");
	Metadata::decode_from(encoded).map_err(|error| format!("this program's metadata: {error}"))
});

/// The metadata that the types are made of.
///
/// # Errors
/// If it cannot be read, which no test would let pass.
pub(crate) fn metadata() -> Result<&'static Metadata, Mismatch> {
	METADATA.as_ref().map_err(|error| Mismatch::Malformed(error.clone()))
}

/// The key of a value in storage.
///
/// # Errors
/// If the entry is not in the metadata, or has other keys.
pub(crate) fn storage_key(
	pallet: &str,
	entry: &str,
	keys: impl IntoEncodableValues,
) -> Result<Vec<u8>, Mismatch> {
	let metadata = metadata()?;
	encode_storage_key(pallet, entry, keys, metadata, metadata.types())
		.map_err(|error| Mismatch::Malformed(format!("{pallet}.{entry}: {error}")))
}

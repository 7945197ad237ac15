//! Tools of wallets and teams: batches, multisignature accounts, proxies, and the sudo key.

use crate::{
	constants::deposit, Balance, Balances, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, System,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{ConstU32, InstanceFilter},
};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

parameter_types! {
	/// One entry: a 32-byte key part for the call's hash, 40 bytes of key and 16 of value around it.
	pub const MultisigDepositBase: Balance = deposit(1, 88);
	/// One more signatory in that entry.
	pub const MultisigDepositFactor: Balance = deposit(0, 32);
	/// One entry of `Proxies`.
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	/// One more proxy in that entry: an account and a type.
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	/// One entry of `Announcements`.
	pub const AnnouncementDepositBase: Balance = deposit(1, 16);
	/// One more announcement in that entry: an account, a hash and a height.
	pub const AnnouncementDepositFactor: Balance = deposit(0, 68);
}

impl pallet_utility::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = MultisigDepositBase;
	type DepositFactor = MultisigDepositFactor;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
	type BlockNumberProvider = System;
}

/// The calls that an account lets a proxy make for it.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	#[codec(index = 0)]
	Any,
	/// Calls that neither pay somebody else, nor tie anything up, nor give anything up: pausing models,
	/// taking back what was announced or offered, claiming, and the like.
	#[codec(index = 1)]
	NonTransfer,
	/// Rejecting the announcements of other proxies: a guard against stolen proxy keys.
	#[codec(index = 2)]
	CancelProxy,
	/// Spending up to the account's balance on model calls: opening sessions and asking to close them,
	/// and calls on chain. Once the notice has passed, anyone can close a session.
	#[codec(index = 3)]
	Caller,
	/// Running a registered inference node: updating, settling, answering, closing sessions. Whoever does
	/// that badly can lose what is not settled yet, and the bond; nothing else of the account.
	#[codec(index = 4)]
	Operator,
	/// Accepting, rejecting and weighing contributions, letting contributors in, publishing releases.
	#[codec(index = 5)]
	Curator,
	/// Collecting what the account has earned. It can only arrive at that account, or where that has named.
	#[codec(index = 6)]
	Claims,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		// The calls inside a batch pass the same filter once more, so batches are always allowed.
		if let RuntimeCall::Utility(..) = call {
			return *self != Self::CancelProxy;
		}
		match self {
			Self::Any => true,
			Self::NonTransfer => keeps_funds(call),
			Self::CancelProxy => {
				matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. }))
			}
			Self::Caller => calls_models(call),
			Self::Operator => runs_a_node(call),
			Self::Curator => curates(call),
			Self::Claims => claims(call),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) => true,
			(Self::NonTransfer, theirs) => {
				!matches!(theirs, Self::Any | Self::Caller | Self::Operator | Self::Curator)
			}
			(mine, theirs) => mine == theirs,
		}
	}
}

/// Calls that neither pay somebody else, nor tie anything up, nor give anything up: each call that may is
/// named, so that a new one may not until somebody has thought about it. Withdrawing a contribution
/// gives its root up, which everybody has seen by then. Settling and answering speak for a node: who
/// settles a lane's last call alone gives the others up, and who settles calls otherwise than the node
/// has stated them puts its bond at stake.
fn keeps_funds(call: &RuntimeCall) -> bool {
	use pallet_data_attribution::Call as Data;
	use pallet_inference_metering::Call as Metering;
	use pallet_inference_requests::Call as Requests;
	use pallet_model_registry::Call as Models;

	match call {
		RuntimeCall::System(..) | RuntimeCall::RevenueSplit(..) => true,
		RuntimeCall::Proxy(call) => {
			matches!(call, pallet_proxy::Call::reject_announcement { .. })
		}
		RuntimeCall::ModelRegistry(call) => matches!(
			call,
			Models::pause_model { .. }
				| Models::resume_model { .. }
				| Models::cancel_version { .. }
				| Models::cancel_price { .. }
				| Models::cancel_policy { .. }
				| Models::withdraw_offer { .. }
				| Models::prune_model { .. }
				| Models::release_name { .. }
		),
		RuntimeCall::DataAttribution(call) => matches!(
			call,
			Data::claim { .. }
				| Data::claim_for { .. }
				| Data::claim_curator { .. }
				| Data::claim_curator_for { .. }
				| Data::withdraw_bond { .. }
				| Data::withdraw_curator_offer { .. }
				| Data::disallow_contributor { .. }
				| Data::remove_reservation { .. }
				| Data::contest_accusation { .. }
				| Data::sweep_slashed { .. }
				| Data::show_possession { .. }
				| Data::lapse_contribution { .. }
				| Data::suspend_contribution { .. }
				| Data::remove_datanet { .. }
		),
		RuntimeCall::InferenceMetering(call) => matches!(
			call,
			Metering::heartbeat { .. }
				| Metering::request_close { .. }
				| Metering::close_by_agreement { .. }
		),
		RuntimeCall::InferenceRequests(call) => {
			matches!(
				call,
				Requests::cancel_call { .. }
					| Requests::expire_call { .. }
					| Requests::forget_outcome { .. }
			)
		}
		_ => false,
	}
}

/// Calls of a caller of models.
fn calls_models(call: &RuntimeCall) -> bool {
	use pallet_inference_metering::Call as Metering;
	use pallet_inference_requests::Call as Requests;

	match call {
		RuntimeCall::InferenceMetering(call) => matches!(
			call,
			Metering::open_session { .. }
				| Metering::open_session_with_limit { .. }
				| Metering::top_up { .. }
				| Metering::extend_session { .. }
				| Metering::set_spending_limit { .. }
				| Metering::request_close { .. }
				| Metering::close_by_agreement { .. }
		),
		RuntimeCall::InferenceRequests(call) => {
			matches!(
				call,
				Requests::request_call { .. }
					| Requests::cancel_call { .. }
					| Requests::forget_outcome { .. }
			)
		}
		_ => false,
	}
}

/// Calls of the operator of an inference node from day to day. Not those that decide how much can be lost
/// and to whom: registering, raising the bond or taking it back, naming the key that signs statements, and
/// naming who is paid.
fn runs_a_node(call: &RuntimeCall) -> bool {
	use pallet_inference_metering::Call as Metering;
	use pallet_inference_requests::Call as Requests;

	match call {
		RuntimeCall::InferenceMetering(call) => matches!(
			call,
			Metering::update_node { .. }
				| Metering::heartbeat { .. }
				| Metering::unjail { .. }
				| Metering::settle_lanes { .. }
				| Metering::close_session { .. }
		),
		RuntimeCall::InferenceRequests(call) => matches!(
			call,
			Requests::fulfil_call { .. }
				| Requests::claim_call { .. }
				| Requests::decline_call { .. }
		),
		_ => false,
	}
}

/// Calls of a curator from day to day. Not confirming an accusation, which puts a stake at risk.
fn curates(call: &RuntimeCall) -> bool {
	use pallet_data_attribution::Call as Data;

	match call {
		RuntimeCall::DataAttribution(call) => matches!(
			call,
			Data::accept_contribution { .. }
				| Data::reject_contribution { .. }
				| Data::set_weight { .. }
				| Data::publish_release { .. }
				| Data::set_open { .. }
				| Data::allow_contributor { .. }
				| Data::disallow_contributor { .. }
		),
		_ => false,
	}
}

/// Calls that collect earnings for whom they belong to.
fn claims(call: &RuntimeCall) -> bool {
	use pallet_data_attribution::Call as Data;
	use pallet_revenue_split::Call as Revenue;

	match call {
		RuntimeCall::DataAttribution(call) => matches!(
			call,
			Data::claim { .. }
				| Data::claim_for { .. }
				| Data::claim_curator { .. }
				| Data::claim_curator_for { .. }
		),
		RuntimeCall::RevenueSplit(call) => matches!(call, Revenue::pay_accrued { .. }),
		_ => false,
	}
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type MaxProxies = ConstU32<32>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<32>;
	type CallHasher = BlakeTwo256;
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
}

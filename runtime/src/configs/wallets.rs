//! What wallets and teams use: batches, multisignature accounts, proxies, and the sudo key.

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

/// What an account lets a proxy do for it.
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
	/// What can neither pay somebody else, nor tie up funds as a bond, nor give up income: nothing of
	/// transfers, bonds, opening sessions, closing them as their node, and acting for others.
	#[codec(index = 1)]
	NonTransfer,
	/// Rejecting the announcements of other proxies: a guard against stolen proxy keys.
	#[codec(index = 2)]
	CancelProxy,
	/// Opening sessions and asking to close them: spending up to the account's balance on model
	/// calls. Once the notice has passed, anyone can close them.
	#[codec(index = 3)]
	Caller,
	/// Running an inference node: registering, updating, settling, closing sessions.
	#[codec(index = 4)]
	Operator,
	/// Accepting and rejecting contributions, and publishing releases.
	#[codec(index = 5)]
	Curator,
	/// Collecting what the account has earned. It can only arrive at that account.
	#[codec(index = 6)]
	Claims,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		use pallet_data_attribution::Call as Data;
		use pallet_inference_metering::Call as Metering;
		use pallet_revenue_split::Call as Revenue;

		// The calls inside a batch pass the same filter once more, so batches are always allowed.
		if let RuntimeCall::Utility(..) = call {
			return *self != Self::CancelProxy;
		}
		match self {
			Self::Any => true,
			Self::NonTransfer => matches!(
				call,
				RuntimeCall::System(..)
					| RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. })
					| RuntimeCall::ModelRegistry(..)
					| RuntimeCall::DataAttribution(..)
					| RuntimeCall::RevenueSplit(..)
					| RuntimeCall::InferenceMetering(
						Metering::update_node { .. }
							| Metering::settle { .. }
							| Metering::request_close { .. }
					)
			),
			Self::CancelProxy => {
				matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. }))
			}
			Self::Caller => matches!(
				call,
				RuntimeCall::InferenceMetering(
					Metering::open_session { .. } | Metering::request_close { .. }
				)
			),
			Self::Operator => matches!(
				call,
				RuntimeCall::InferenceMetering(
					Metering::register_node { .. }
						| Metering::update_node { .. }
						| Metering::settle { .. }
						| Metering::close_session { .. }
				)
			),
			Self::Curator => matches!(
				call,
				RuntimeCall::DataAttribution(
					Data::accept_contribution { .. }
						| Data::reject_contribution { .. }
						| Data::publish_release { .. }
				)
			),
			Self::Claims => matches!(
				call,
				RuntimeCall::DataAttribution(Data::claim { .. })
					| RuntimeCall::RevenueSplit(Revenue::pay_accrued { .. })
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) => true,
			(Self::NonTransfer, theirs) => {
				!matches!(theirs, Self::Any | Self::Caller | Self::Operator)
			}
			(mine, theirs) => mine == theirs,
		}
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

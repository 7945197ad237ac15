//! Who makes blocks, and who finalizes them.
//!
//! The validators are those of the genesis: `SessionManager` is `()`, which keeps the set as it is,
//! as long as each of them has keys. They can rotate those through the session pallet, but not
//! purge them (see the base call filter). Staking will take the place of that
//! `()`, and historical sessions with it that of the equivocation systems.

use crate::{
	constants::{deposit, EPOCH_DURATION_IN_SLOTS, MAX_AUTHORITIES, SLOT_DURATION},
	AccountId, Babe, Balance, Balances, Runtime, RuntimeEvent, Session, SessionKeys,
};
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64},
};
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

parameter_types! {
	/// Two 32-byte keys and the map from each to its owner.
	pub const SessionKeyDeposit: Balance = deposit(3, 3 * 64);
}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Babe;
	type MinimumPeriod = ConstU64<{ SLOT_DURATION / 2 }>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_babe::Config for Runtime {
	type EpochDuration = ConstU64<EPOCH_DURATION_IN_SLOTS>;
	type ExpectedBlockTime = ConstU64<SLOT_DURATION>;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	type KeyOwnerProof = sp_session::MembershipProof;
	/// Reports of two blocks in one slot are not accepted: no validator has a stake yet that could
	/// be slashed for them.
	type EquivocationReportSystem = ();
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	/// Only reports of equivocations need the map from authority sets to sessions.
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = sp_session::MembershipProof;
	/// Reports of contradicting votes are not accepted, for the same reason as in BABE's
	/// configuration: there is no stake to slash.
	type EquivocationReportSystem = ();
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	/// The validator set stays that of the genesis.
	type SessionManager = ();
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	/// Without offences there is nothing to disable a validator for.
	type DisablingStrategy = ();
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = SessionKeyDeposit;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Runtime, Babe>;
	type EventHandler = ();
}

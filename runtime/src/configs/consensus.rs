//! Who makes blocks, and who finalizes them.
//!
//! The validators are those of the genesis: `SessionManager` is `()`, which keeps the set as it is,
//! as long as each of them has keys. They can rotate those through the session pallet, but not
//! purge them (see the base call filter). Staking will take the place of that
//! `()`, and historical sessions with it that of [`NoOffences`].

use crate::{
	constants::{deposit, EPOCH_DURATION_IN_SLOTS, MAX_AUTHORITIES, SLOT_DURATION},
	AccountId, Babe, Balance, Balances, Runtime, RuntimeEvent, Session, SessionKeys,
};
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64},
};
use sp_runtime::{
	traits::{ConvertInto, OpaqueKeys},
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	DispatchError,
};
use sp_staking::offence::OffenceReportSystem;

/// Accepts no report of what a validator did wrong: none of them has a stake yet that could be slashed
/// for it. Reports have to be refused, not ignored, because one that is accepted is free of fees, whatever
/// it says.
pub struct NoOffences;

impl<Reporter, Evidence> OffenceReportSystem<Reporter, Evidence> for NoOffences {
	type Longevity = ();

	fn publish_evidence(_: Evidence) -> Result<(), ()> {
		Err(())
	}

	fn check_evidence(_: Evidence) -> Result<(), TransactionValidityError> {
		Err(InvalidTransaction::Call.into())
	}

	fn process_evidence(_: Reporter, _: Evidence) -> Result<(), DispatchError> {
		Err(DispatchError::Other("offences are not punished on this chain"))
	}
}

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
	/// Of two blocks in one slot.
	type EquivocationReportSystem = NoOffences;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	/// Only reports of equivocations need the map from authority sets to sessions.
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = sp_session::MembershipProof;
	/// Of contradicting votes.
	type EquivocationReportSystem = NoOffences;
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

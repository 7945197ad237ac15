//! Parameters that governance may change without upgrade: the protocol's share, bonds, windows and limits.
//!
//! `Parameters::set_parameter` stores a value, and `None` returns to the default. Nothing that was
//! set is used as it is: whoever needs a parameter reads it through one of the types below, which
//! keep it within bounds and in its relation to others. So no value that can be set breaks an
//! invariant, and a value that is out of bounds acts as the nearest one within.
//!
//! | parameter | default | least | most |
//! |---|---|---|---|
//! | [`ProtocolShare`] | 5% | 0% | 20% |
//! | [`MinBond`] | 100 OPEN | 1 OPEN | 1,000,000 OPEN |
//! | [`ContributionBond`] | 1 OPEN | 0.2 OPEN | 10,000 OPEN |
//! | [`DatanetDeposit`] | 10 OPEN | 1 OPEN | 100,000 OPEN |
//! | [`MinSessionDeposit`] | 0.1 OPEN | 0.001 OPEN | 1,000 OPEN |
//! | [`SessionDeposit`] | 0.15 OPEN | 0.05 OPEN | 100 OPEN |
//! | [`NoticePeriod`] | 7 days | 1 hour | 90 days |
//! | [`SettlementGrace`] | 2 days | settlement window + close notice, or + a day if that is more | 30 days, or that sum |
//! | [`CloseNotice`] | 6 hours | 10 minutes | 7 days |
//! | [`SettlementWindow`] | 1 day | 1 hour | 7 days |
//! | [`DisputeWindow`] | 7 days | 1 day | 30 days |
//! | [`UnbondingPeriod`] | 14 days | dispute window + 1 day | 90 days |
//! | [`ContestPeriod`] | 14 days | 14 days | 30 days |
//! | [`BondLockPeriod`] | 14 days | contest period | 90 days |
//! | [`JailPeriod`] | 1 day | 1 hour | 90 days |
//! | [`MaxSessionDuration`] | 30 days | 1 day | 365 days |
//! | [`MaxWeight`] | 1,000,000 | 1,000 | 2^40 |
//!
//! A change is in force at once. It changes nothing that was agreed before it: what is on hold stays
//! what it was when it was put there, and what was given a block number keeps it.

use crate::{
	configs::openledger::{TermsGrace, TERMS_GRACE},
	constants::{deposit, DAYS, HOURS, MINUTES},
	AccountId, Balance, BlockNumber, Runtime, RuntimeEvent,
};
use core::marker::PhantomData;
use frame_support::{
	dynamic_params::{dynamic_pallet_params, dynamic_params},
	parameter_types,
	traits::{AsEnsureOriginWithArg, ConstU128, ConstU32, ConstU64, Get},
};
use frame_system::EnsureRoot;
use openledger_primitives::{MILLI_OPEN, OPEN};
use sp_runtime::{traits::Saturating, Permill};

/// The values as they were set, and the defaults. To be read through the types of the module above only,
/// which say what each is.
///
/// An index is part of a stored key, so it never changes, and is not used again.
#[allow(missing_docs)]
#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod dynamic_params {
	use super::*;

	/// The split of charges.
	#[dynamic_pallet_params]
	#[codec(index = 0)]
	pub mod revenue {
		#[codec(index = 0)]
		pub static ProtocolShare: Permill = Permill::from_percent(5);
	}

	/// Bonds and deposits, in planck. What is on hold already stays as it is.
	#[dynamic_pallet_params]
	#[codec(index = 1)]
	pub mod bonds {
		#[codec(index = 0)]
		pub static MinBond: Balance = 100 * OPEN;
		#[codec(index = 1)]
		pub static ContributionBond: Balance = OPEN;
		#[codec(index = 2)]
		pub static DatanetDeposit: Balance = 10 * OPEN;
		#[codec(index = 3)]
		pub static MinSessionDeposit: Balance = 100 * MILLI_OPEN;
		#[codec(index = 4)]
		pub static SessionDeposit: Balance = deposit(5, 500);
	}

	/// Periods, in blocks.
	#[dynamic_pallet_params]
	#[codec(index = 2)]
	pub mod windows {
		#[codec(index = 0)]
		pub static NoticePeriod: BlockNumber = 7 * DAYS;
		#[codec(index = 1)]
		pub static SettlementGrace: BlockNumber = 2 * DAYS;
		#[codec(index = 2)]
		pub static CloseNotice: BlockNumber = 6 * HOURS;
		#[codec(index = 3)]
		pub static SettlementWindow: BlockNumber = DAYS;
		#[codec(index = 4)]
		pub static DisputeWindow: BlockNumber = 7 * DAYS;
		#[codec(index = 5)]
		pub static UnbondingPeriod: BlockNumber = 14 * DAYS;
		#[codec(index = 6)]
		pub static ContestPeriod: BlockNumber = 14 * DAYS;
		#[codec(index = 7)]
		pub static BondLockPeriod: BlockNumber = 14 * DAYS;
		#[codec(index = 8)]
		pub static JailPeriod: BlockNumber = DAYS;
	}

	/// Limits.
	#[dynamic_pallet_params]
	#[codec(index = 3)]
	pub mod limits {
		#[codec(index = 0)]
		pub static MaxSessionDuration: BlockNumber = 30 * DAYS;
		#[codec(index = 1)]
		pub static MaxWeight: openledger_primitives::Weight = 1_000_000;
	}
}

use dynamic_params::{bonds, limits, revenue, windows};

/// `Value`, but never below `Min` and never above `Max`.
pub struct Clamped<Value, Min, Max>(PhantomData<(Value, Min, Max)>);

impl<T: Ord, Value: Get<T>, Min: Get<T>, Max: Get<T>> Get<T> for Clamped<Value, Min, Max> {
	fn get() -> T {
		Value::get().max(Min::get()).min(Max::get())
	}
}

/// `Value`, but never below `Floor`, whatever that is.
pub struct AtLeast<Value, Floor>(PhantomData<(Value, Floor)>);

impl<T: Ord, Value: Get<T>, Floor: Get<T>> Get<T> for AtLeast<Value, Floor> {
	fn get() -> T {
		Value::get().max(Floor::get())
	}
}

/// `A` and `B` together.
pub struct Sum<A, B>(PhantomData<(A, B)>);

impl<T: Saturating, A: Get<T>, B: Get<T>> Get<T> for Sum<A, B> {
	fn get() -> T {
		A::get().saturating_add(B::get())
	}
}

/// A number of blocks, between `MIN` and `MAX`.
type Period<Value, const MIN: BlockNumber, const MAX: BlockNumber> =
	Clamped<Value, ConstU32<MIN>, ConstU32<MAX>>;
/// An amount in planck, between `MIN` and `MAX`.
type Amount<Value, const MIN: Balance, const MAX: Balance> =
	Clamped<Value, ConstU128<MIN>, ConstU128<MAX>>;

parameter_types! {
	/// Nothing.
	pub const MinProtocolShare: Permill = Permill::zero();
	/// A fifth.
	pub const MaxProtocolShare: Permill = Permill::from_percent(20);
}

/// The protocol's share of every charge.
pub type ProtocolShare = Clamped<revenue::ProtocolShare, MinProtocolShare, MaxProtocolShare>;

/// The bond of an operator, in planck.
pub type MinBond = Amount<bonds::MinBond, { OPEN }, { 1_000_000 * OPEN }>;
/// The bond of a contributor for each contribution, in planck. It covers what a contribution
/// stores.
pub type ContributionBond =
	Amount<bonds::ContributionBond, { 200 * MILLI_OPEN }, { 10_000 * OPEN }>;
/// Deposit of a curator for a datanet, in planck. It covers what a datanet stores.
pub type DatanetDeposit = Amount<bonds::DatanetDeposit, { OPEN }, { 100_000 * OPEN }>;
/// The least that a session is opened with, in planck: no less than the existential deposit.
pub type MinSessionDeposit = Amount<bonds::MinSessionDeposit, { MILLI_OPEN }, { 1_000 * OPEN }>;
/// Deposit of a caller for a session's place, in planck.
pub type SessionDeposit = Amount<bonds::SessionDeposit, { 50 * MILLI_OPEN }, { 100 * OPEN }>;

/// The notice before a change of a model is in force, in blocks.
pub type NoticePeriod = Period<windows::NoticePeriod, { HOURS }, { 90 * DAYS }>;
/// Time after which a session can be closed that its caller asked to close, in blocks.
pub type CloseNotice = Period<windows::CloseNotice, { 10 * MINUTES }, { 7 * DAYS }>;
/// Time after its end in which a session can be settled, in blocks.
pub type SettlementWindow = Period<windows::SettlementWindow, { HOURS }, { MAX_SETTLEMENT_WINDOW }>;
/// The longest that this can ever be, for any session.
pub const MAX_SETTLEMENT_WINDOW: BlockNumber = 7 * DAYS;
/// Time to settle what was replaced, in blocks. It outlasts every session that was asked to
/// close when the change was made, and every voucher of a lane that was agreed on before the change, whose
/// calls may begin for [`TermsGrace`] after it.
pub type SettlementGrace = AtLeast<
	Period<windows::SettlementGrace, { HOURS }, { 30 * DAYS }>,
	Sum<AtLeast<CloseNotice, TermsGrace>, SettlementWindow>,
>;
/// Time in which a settled record can be disputed, in blocks.
pub type DisputeWindow = Clamped<windows::DisputeWindow, ConstU32<DAYS>, MaxDisputeWindow>;
/// The longest that this can ever be.
pub type MaxDisputeWindow = ConstU32<MAX_DISPUTE_WINDOW>;
const MAX_DISPUTE_WINDOW: BlockNumber = 30 * DAYS;
/// Time that an operator's bond stays, in blocks: longer than a dispute can come.
pub type UnbondingPeriod = AtLeast<
	Period<windows::UnbondingPeriod, { DAYS }, { 90 * DAYS }>,
	Sum<DisputeWindow, ConstU32<DAYS>>,
>;
/// Time in which a contributor may contest an accusation, in blocks: never so short that they have to be awake for it
/// every other day.
pub type ContestPeriod = Period<windows::ContestPeriod, { 14 * DAYS }, { 30 * DAYS }>;
/// Time that a stopped contribution's bond stays, in blocks.
pub type BondLockPeriod =
	AtLeast<Period<windows::BondLockPeriod, { DAYS }, { 90 * DAYS }>, ContestPeriod>;
/// Time that a slashed operator is out, in blocks.
pub type JailPeriod = Period<windows::JailPeriod, { HOURS }, { 90 * DAYS }>;

/// Longest duration of a session, in blocks.
pub type MaxSessionDuration = Period<limits::MaxSessionDuration, { DAYS }, { 365 * DAYS }>;
/// Time that it is known who was to be paid in a block, in blocks, from when somebody else took over: vouchers
/// that name the block may be valid for [`TermsGrace`] after that, are settled within the settlement window of
/// their session after their last block, and are disputed within the dispute window after that. However long a
/// session lasts, and whatever the windows were when it was opened, no lane needs more. (The standing of a
/// contribution puts no end to vouchers, so that some of them may name a block of which it is not known any more.
/// Nothing is attributed to it for that block then.)
pub type HistoryPeriod = ConstU32<{ TERMS_GRACE + MAX_SETTLEMENT_WINDOW + MAX_DISPUTE_WINDOW }>;
/// The most weight of one contribution. Few enough that the total weight of any number of them fits.
pub type MaxWeight = Clamped<limits::MaxWeight, ConstU64<1_000>, ConstU64<{ 1 << 40 }>>;

impl pallet_parameters::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeParameters = RuntimeParameters;
	type AdminOrigin = AsEnsureOriginWithArg<EnsureRoot<AccountId>>;
	type WeightInfo = crate::weights::pallet_parameters::WeightInfo<Runtime>;
}

/// The one with the longest value.
#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
	fn default() -> Self {
		Self::Bonds(bonds::Parameters::MinBond(bonds::MinBond, Some(OPEN)))
	}
}

#[cfg(test)]
mod tests;

//! Time, money and block limits.

use crate::{Balance, BlockNumber};
use frame_support::weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight};
use openledger_primitives::{MICRO_OPEN, MILLI_OPEN};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::Perbill;

/// Milliseconds between two blocks.
pub const SLOT_DURATION: u64 = 3_000;
/// Slots of one epoch, which is also one session: ten minutes. A chain cannot change this after its
/// genesis.
pub const EPOCH_DURATION_IN_SLOTS: u64 = 200;

/// Blocks of one minute.
pub const MINUTES: BlockNumber = 20;
/// Blocks of one hour.
pub const HOURS: BlockNumber = 60 * MINUTES;
/// Blocks of one day.
pub const DAYS: BlockNumber = 24 * HOURS;

/// The chance that a slot has a primary author, as a fraction: one quarter. Every other slot has a
/// secondary one.
pub const PRIMARY_PROBABILITY: (u64, u64) = (1, 4);
/// BABE's configuration at genesis: with a secondary author in each slot, no slot stays empty while
/// the validators are online.
pub const BABE_GENESIS_EPOCH_CONFIG: BabeEpochConfiguration = BabeEpochConfiguration {
	c: PRIMARY_PROBABILITY,
	allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots,
};

/// Balance that an account must hold to exist, in planck: a thousandth of an OPEN.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_OPEN;

/// Fee per picosecond of computation, in planck. The base weight of a transaction is about 10^8
/// picoseconds, so it costs about a ten-thousandth of an OPEN.
pub const WEIGHT_FEE: Balance = 1_000_000;
/// Fee per byte of a transaction while blocks have room, in planck: a millionth of an OPEN.
pub const TRANSACTION_BYTE_FEE: Balance = MICRO_OPEN;

/// The deposit for storing `items` entries with `bytes` bytes in all, in planck. It comes
/// back when the entries are removed.
pub const fn deposit(items: Balance, bytes: Balance) -> Balance {
	items * 20 * MILLI_OPEN + bytes * 100 * MICRO_OPEN
}

/// The computation that one block may use: a third of its slot.
pub const MAXIMUM_BLOCK_WEIGHT: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX);
/// Part of a block that ordinary transactions may fill. The rest is for operational ones.
pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);
/// The bytes that one block may have.
pub const MAXIMUM_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// The most validators.
pub const MAX_AUTHORITIES: u32 = 1_000;

//! The messages and settlements that count, each an enumeration of all its versions that do.
//!
//! A runtime accepts a version for as long as anything that was signed by it can be settled, disputed or
//! closed. The rules of this pallet are written for the newest form of each, which `newest` returns; the
//! signature is verified over the version that was signed. Tests are run with the enumerations of a next
//! runtime, which has one more version of each.

#[cfg(test)]
mod next;

#[cfg(test)]
pub use next::{
	LaneSettlement, Part, VersionedCloseAgreement, VersionedStatement, VersionedVoucher,
};
#[cfg(not(test))]
pub use openledger_primitives::lane::{
	LaneSettlement, Part, VersionedCloseAgreement, VersionedStatement, VersionedVoucher,
};

use openledger_primitives::lane::MAX_LANE_SETTLEMENTS;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The lanes of one settlement.
pub type LaneSettlements = BoundedVec<LaneSettlement, ConstU32<MAX_LANE_SETTLEMENTS>>;

#[cfg(test)]
pub(crate) use next::{NextCloseAgreement, NextRecord, NextStatement, NextVoucher};

//! Messages and records of a lane, signed, stored and settled.
//!
//! A **lane** is for one [`Agreement`]: one version of one model at one price, one block `as_of` that
//! decides who is behind its calls, and whether their evidence may be shown. The caller signs it with each
//! [`Voucher`], the node with each [`Statement`]; a [`CallRecord`] repeats none of it. What a settlement
//! says of a call, its [`SettledCall`], is both the event and the leaf of the settlement's root.
//!
//! Every message has a version, and a domain tag of its own: what is passed on and stored is the
//! enumeration of all versions that are accepted ([`VersionedVoucher`] and the like), whose first byte is
//! the version. A new version is added beside the former one and takes its place when nothing signed by
//! the former one can be redeemed or disputed any more. `extension` is for what such a version may bring:
//! it is the hash of what this one does not know, and is signed and kept with the rest.

mod agreement;
mod closing;
mod fulfilled;
mod header;
mod pool;
mod recompute;
mod record;
mod reject;
mod request;
mod settled;
mod settlement;
mod statement;
mod voucher;

pub use agreement::{Agreement, OwnPriceError};
pub use closing::{CloseAgreement, VersionedCloseAgreement};
pub use fulfilled::FulfilledCall;
pub use header::{LineageShare, SettledLane, SourceShare};
pub use pool::PoolPayment;
pub use recompute::{direct_part, payouts, recompute, settled_parts, LanePayouts, Mismatch};
pub use record::{
	Attribution, AttributionShare, CallRecord, CallRecords, RecordError, MAX_ENTRIES, WHOLE_ANSWER,
};
pub use reject::RejectReason;
pub use request::request_hash;
pub use settled::{
	Amount, DirectAmount, DirectAmounts, RoyaltyAmounts, SettledCall, SettledItem, SettledParts,
	SettledRun,
};
pub use settlement::{Extent, LaneSettlement, Part, Parts, MAX_LANE_SETTLEMENTS, MAX_PARTS};
pub use statement::{Statement, VersionedStatement};
pub use voucher::{VersionedVoucher, Voucher};

#[cfg(test)]
mod tests;

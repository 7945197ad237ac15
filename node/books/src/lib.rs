//! Books of what the node must not forget: vouchers it took, calls it served, and their fate. Knows no
//! models.
//!
//! An embedded database (redb) with one writer. Every operation is one step of a call's life:
//!
//! ```text
//! accept ──► Accepted ──serve──► Served ◄──► Submitted ──► Settled | Lost
//!            │   └─────release─► NotCharged
//!            └──withdraw─► as if it had never come
//! ```
//!
//! A plain answer is kept with its record until the lane's next one, for a while: a caller who loses the
//! connection, or whose node dies, between record and answer has paid for it, and can have it with the
//! same voucher and request ([`Store::serve_and_keep`]).
//!
//! Calls that are settled by their sums keep their records here, and with them the proof that they are
//! among those that were ([`Store::proof`]), until they are old ([`Store::prune`]).
//!
//! An operation that has returned is on disk, with one exception. [`Store::accept`] is where a voucher
//! is compared with its lane and taken, in memory: two calls that race for one lane, or for the rest of
//! one deposit, cannot both win. That holds from when it returns; it is written down with the end of
//! its call. So a whole answer waits for the disk once. Whoever hands out an answer piece by piece
//! waits for [`Store::secure`] first.
//!
//! Calls that were accepted and not ended when the process died are closed as not charged when the
//! store is opened: whatever was delivered of them is the caller's. Where even their beginning did not
//! reach the disk, nothing was delivered, and their vouchers can come again.

mod error;
mod lane_register;
mod lanes;
mod opening;
mod outcomes;
mod proofs;
mod prune;
mod row;
mod schema;
mod snapshot;
mod store;
mod tables;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod types;
mod writer;

pub use self::{
	error::StoreError,
	lanes::{Acceptance, LaneRefusal},
	outcomes::Outcome,
	store::{Store, MAX_KEPT},
	types::{
		CallId, CallStatus, Cutoff, Identity, KeptAnswer, LaneKey, LaneState, Loss, OpenLane,
		ProvenCall, Pruned, ServedCall, SessionState, StoredAggregate, StoredAnswer, StoredCall,
		StoredVoucher, Submission, Totals, Uncharged, UnixSeconds,
	},
};

/// The version of what is in a file. A file with another one is refused ([`StoreError::Schema`]), and so
/// is one that names none ([`StoreError::NoSchema`]).
pub const SCHEMA_VERSION: u32 = 2;

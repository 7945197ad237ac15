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
//! A lane's charged calls make up its list, which node and caller keep alike and each voucher acknowledges.
//! It is written with the end of each call, in the same transaction. A voucher that acknowledges another list
//! is refused before anything is done for it. Of the list come the proofs of runs, by which many calls are
//! settled at once ([`Store::lane_proof`]), and what a caller goes on from who has lost its own
//! ([`Store::lane_last`]). A lane of which the chain has settled what is not here is lost: nobody can say what
//! its next voucher has to acknowledge, and it takes none.
//!
//! Settled items are kept with their calls, and with them the proof that they are among those that were
//! settled ([`Store::proof`]), until they are old ([`Store::prune`]), or their session is over
//! ([`Store::forget_session`]).
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

mod disk;
mod error;
mod lane_register;
mod lane_state;
mod lanes;
mod list;
mod opening;
mod outcomes;
mod promised;
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
	lane_state::LaneState,
	lanes::{Acceptance, LaneRefusal},
	outcomes::Outcome,
	promised::LaneFunds,
	store::{Store, MAX_KEPT},
	types::{
		CallId, CallStatus, Cutoff, Forgotten, Identity, KeptAnswer, LaneKey, LaneWithLast,
		LastVoucher, ListProof, Loss, OpenLane, ProvenCall, ProvenItem, Pruned, ServedCall,
		SessionState, StoredAnswer, StoredCall, StoredVoucher, Submission, Totals, Uncharged,
		UnixSeconds, Unredeemable,
	},
};

/// The version of what is in a file. A file with another one is refused ([`StoreError::Schema`]), and so
/// is one that names none ([`StoreError::NoSchema`]).
pub const SCHEMA_VERSION: u32 = 4;

//! Redeeming served calls on chain: in batches, until they are finalized, never twice.
//!
//! One task, one settlement at a time. For a lane that is due it
//!
//! 1. reads at the finalized block how far the chain has settled the lane, and notes every call up
//!    to there as settled: whatever an earlier process had sent is found here;
//! 2. leaves the lane alone while an earlier settlement of it may still enter a block;
//! 3. takes the oldest served calls, at most 256, with the voucher of the newest of them;
//! 4. writes down that they are being submitted, then submits, then waits for finalization and
//!    notes what the events say of each.
//!
//! A settlement whose outcome is not known is looked up by step 1 until it is known, or until the
//! last block that could include it is finalized; only then are its calls sent again. Failures wait
//! exponentially longer, by lane.

mod backoff;
mod chain;
mod policy;
mod settler;
#[cfg(test)]
mod tests;

pub use self::{
	chain::{Batch, ChainLink, Sent, SettlementChain, Sighting, Verdict},
	policy::SettlementPolicy,
	settler::{LastSettlement, Settler, SettlerHandle},
};

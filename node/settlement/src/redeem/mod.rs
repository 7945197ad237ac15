//! Redeeming served calls on chain: in batches, until they are finalized, never twice.
//!
//! One task decides what is due, and has several lanes looked after at the same time, each with one
//! settlement before it is the next one's turn: a lane that never ends holds up nobody. What somebody
//! waits for, because a session is to be closed, comes first. Looking after a lane
//!
//! 1. reads at the finalized block how far the chain has settled the lane, and notes every call up
//!    to there as settled: whatever an earlier process had sent is found here;
//! 2. leaves the lane alone while an earlier settlement of it may still enter a block;
//! 3. takes the oldest served calls with the voucher of the newest of them: the records of at most
//!    256, or, if it is set to and there are enough of them, their sums and the record of the newest;
//! 4. writes down that they are being submitted, then submits, then waits for finalization and
//!    notes what the events say of each.
//!
//! A settlement whose outcome is not known is looked up by step 1 until it is known, or until the
//! last block that could include it is finalized, or it is certain that the chain's node never took it;
//! only then are its calls sent again. Failures wait exponentially longer, by lane: half a minute at
//! most where nothing was sent, a minute where the session is about to end, else an hour.
//!
//! An aggregate is written down exactly as it is sent, so that its calls can be proven to be among those
//! that were settled, whenever it turns out that they were.
//!
//! | module | holds |
//! |---|---|
//! | `settler` | the task: whose turn it is |
//! | `due`, `policy`, `backoff`, `rests` | the rules of when a lane is due |
//! | `worker` | one lane: what the chain knows of it already |
//! | `plan`, `sums` | what to send next: records, or sums of them |
//! | `sending`, `notes` | sending it, and noting the outcome |
//! | `chain` | the chain, as all of these see it |
//! | `handle` | what others may ask |

mod backoff;
mod chain;
mod due;
mod handle;
mod lane_error;
mod notes;
mod plan;
mod policy;
mod rests;
mod sending;
mod settler;
mod sums;
#[cfg(test)]
mod tests;
mod worker;

pub use self::{
	chain::{Batch, ChainLink, Content, Sent, SettlementChain, Sighting, Verdict},
	handle::{LastSettlement, SettleError, SettlerHandle},
	policy::{SettlementMode, SettlementPolicy},
	settler::Settler,
};

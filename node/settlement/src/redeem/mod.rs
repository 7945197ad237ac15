//! Redeeming served calls on chain: many lanes at once, until they are finalized, never twice.
//!
//! One task decides which lanes are due, and puts as many of them as fit into a settlement, of whatever
//! sessions they are. It has several settlements under way at the same time, and a lane in one of them only:
//! a lane that never ends holds up nobody. What somebody waits for, because a session is to be closed, comes
//! first. Looking after the lanes of a settlement
//!
//! 1. reads at the finalized block how far the chain has settled each, and notes every call up
//!    to there as settled: whatever an earlier process had sent is found here;
//! 2. leaves a lane alone while an earlier settlement of it may still enter a block;
//! 3. takes each lane's oldest served calls: their records, or, if it is set to and enough of them follow one
//!    another in the lane's list, their sums; with the lane's newest voucher, which the chain takes longest;
//! 4. writes down that they are being submitted, then submits, then waits for finalization and
//!    notes what the events say of each lane.
//!
//! The chain takes or rejects each lane by itself. A lane that was rejected is left alone for exponentially
//! longer: half a minute at most where nothing was sent, a minute where the session is about to end, else an
//! hour. If a whole settlement was refused, its lanes are tried once more each alone, so that a bad one holds
//! up no other. Where the chain says that it will never redeem a voucher, the calls' own one is tried, and they
//! are lost if it is no better.
//!
//! A settlement whose outcome is not known is looked up by step 1 until it is known, or until the
//! last block that could include it is finalized, or it is certain that the chain's node never took it;
//! only then are its calls sent again. If the first arrives after all, the second has no effect on what the
//! first has settled, as a lane's sequences only rise; but its fee is lost.
//!
//! | module | holds |
//! |---|---|
//! | `settler` | the task: whose turn it is |
//! | `room` | what fits into a settlement, and which lanes share one |
//! | `due`, `policy`, `backoff`, `rests` | the rules of when a lane is due |
//! | `worker` | the lanes of a settlement: what the chain knows of them already |
//! | `plan`, `runs` | what to send next of a lane: records, and sums |
//! | `sending`, `notes` | sending it, and noting the outcome |
//! | `refusal` | what a refusal of a lane means for its calls |
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
mod refusal;
mod rests;
mod room;
mod runs;
mod sending;
mod settler;
#[cfg(test)]
mod tests;
mod worker;

pub use self::{
	chain::{ChainLink, SeenSession, Sent, SettlementChain, Sighting},
	handle::{LastSettlement, SettleError, SettlerHandle},
	policy::{SettlementMode, SettlementPolicy},
	settler::Settler,
};

//! Calls that were paid for and not charged, by their node's word or by its silence.
//!
//! A node that has said so may not charge them later. And where it holds their vouchers, it can still settle
//! them for a while: so long what they allow is not promised again.

use openledger_primitives::{Balance, BlockNumber, Hash, Sequence};
use serde::{Deserialize, Serialize};

use crate::call::OpenCall;

/// As many of them are remembered of a lane, as long as no later call of it is charged. Which are forgotten then
/// were settled by nobody for a day: whoever charges one after that has charged for an answer that did not arrive.
const MOST: usize = 64;

/// A call whose voucher is out, and that was not charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncharged {
	/// Its voucher's sequence.
	pub sequence: Sequence,
	/// The salted hash of its request, by which its voucher is told from others with the sequence.
	pub request_hash: Hash,
	/// The most that its voucher allows, in planck; 0 once the chain takes it no more.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub allowance: Balance,
	/// The last block at which the node could take it.
	pub valid_until: BlockNumber,
}

impl Uncharged {
	/// Returns `true` if its node can settle it yet.
	pub fn is_redeemable(&self) -> bool {
		self.allowance > 0
	}
}

/// Adds a call to those of its lane.
pub(crate) fn note(calls: &mut Vec<Uncharged>, call: &OpenCall) {
	let OpenCall { sequence, agreed, .. } = call;
	calls.push(Uncharged {
		sequence: *sequence,
		request_hash: agreed.request_hash,
		allowance: agreed.allowance,
		valid_until: agreed.valid_until,
	});
	let over = calls.len().saturating_sub(MOST);
	calls.drain(..over);
}

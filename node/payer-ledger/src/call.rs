//! Calls that are paid for: what was agreed on, which lane pays, and what the node has signed.

use openledger_primitives::{
	price::PriceSchedule, voucher::LaneTerms, AccountId, Balance, BlockNumber, Hash, LaneId,
	Sequence, SessionId,
};
use openledger_protocol::x402::Receipt;
use serde::{Deserialize, Serialize};

/// A node may be so many blocks behind.
const LAG: BlockNumber = 100;

/// The agreement between a payer and a node about one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
	/// The terms that its voucher names.
	pub terms: LaneTerms,
	/// The prices of that price version.
	pub price: PriceSchedule,
	/// The tokens of the prompt.
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that it may cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub allowance: Balance,
	/// The salted hash of the request.
	pub request_hash: Hash,
	/// The salt of that hash, and of the answer's.
	pub salt: Hash,
	/// The last block at which the node may take its voucher.
	pub valid_until: BlockNumber,
	/// The key that has to sign its statement, as an account.
	pub receipt_key: AccountId,
}

/// The fate of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
	/// The app has all of it.
	Delivered,
	/// Nobody waited for it any more, or nobody knows why it did not arrive. The node is not to blame.
	Unwanted,
	/// The node did not deliver it.
	Lost,
}

/// A call that was paid for and not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
	/// Its voucher's sequence.
	pub sequence: Sequence,
	/// The agreement. Once some of its answer has come without a statement, with no more output
	/// tokens than that can have.
	pub agreed: Agreement,
	/// The hash that its answer has to have, if all of it came without a statement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub expected: Option<Hash>,
	/// A statement of the node that does not hold: proof against it.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<Receipt>,
	/// There if its answer did not arrive; `true` if that is another loss in a row.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub lost: Option<bool>,
}

impl OpenCall {
	/// Returns `true` if the node may still take its voucher when the best block is this one: a node may
	/// be behind.
	pub fn can_be_taken(&self, best: BlockNumber) -> bool {
		best <= self.agreed.valid_until.saturating_add(LAG)
	}

	/// Bounds what is owed for it: no more than so many output tokens, for an answer with the hash
	/// `expected`, if that is known.
	pub fn owe_at_most(&mut self, tokens: u32, expected: Option<Hash>) {
		self.agreed.max_output_tokens = self.agreed.max_output_tokens.min(tokens);
		self.expected = expected.or(self.expected);
	}

	/// The fate of its answer, if nobody waits for it any more.
	pub fn fate(&self) -> Fate {
		match self.lost {
			Some(_) => Fate::Lost,
			None => Fate::Unwanted,
		}
	}

	/// The node's word on it, to be kept; with the reason why it does not hold, if it does not.
	pub(crate) fn kept(
		&self,
		node: &AccountId,
		receipt: Receipt,
		rejected: Option<&str>,
	) -> KeptStatement {
		KeptStatement {
			node: node.clone(),
			receipt_key: self.agreed.receipt_key.clone(),
			salt: self.agreed.salt,
			receipt,
			rejected: rejected.map(str::to_owned),
		}
	}
}

/// The place of a call: nobody else uses its lane while it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneSlot {
	/// The operator who is paid.
	pub node: AccountId,
	/// The session that pays.
	pub session: SessionId,
	/// The lane.
	pub lane: LaneId,
	/// The voucher's sequence.
	pub sequence: Sequence,
}

/// A call that may be paid, once this is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
	/// Its place.
	pub slot: LaneSlot,
	/// The sum that its voucher acknowledges, in planck.
	pub acknowledged: Balance,
	/// The sum that its voucher authorises, in planck.
	pub authorised: Balance,
	/// The call.
	pub call: OpenCall,
}

/// The point from which a lane goes on after a voucher was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
	/// The last sequence that was used; as before the voucher, if nothing is said.
	pub sequence: Option<Sequence>,
	/// The sum that has to be acknowledged, in planck, if that is less than was known.
	pub acknowledged: Option<Balance>,
}

/// A statement, and what is needed to prove what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatement {
	/// The operator.
	pub node: AccountId,
	/// The key that the node signed it with, as an account.
	pub receipt_key: AccountId,
	/// The salt that request and answer were hashed with.
	pub salt: Hash,
	/// The node's word.
	pub receipt: Receipt,
	/// The reason why it does not hold, if it does not.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<String>,
}

impl KeptStatement {
	/// Lane and sequence of the call.
	pub fn call(&self) -> (LaneId, Sequence) {
		(self.receipt.statement.lane, self.receipt.statement.sequence)
	}
}

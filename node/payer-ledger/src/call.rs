//! Calls that are paid for: what was agreed on, which lane pays, and what the node has signed.

use openledger_primitives::{
	answer::Response,
	lane::Agreement,
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, Hash, LaneId, Sequence, SessionId,
};
use openledger_protocol::x402::Receipt;
use serde::{Deserialize, Serialize};

/// A node may be so many blocks behind.
const LAG: BlockNumber = 100;

/// Returns `true` if a node may still take a voucher that is valid until a block, when the best block is this one.
pub(crate) fn is_in_time(valid_until: BlockNumber, best: BlockNumber) -> bool {
	best <= valid_until.saturating_add(LAG)
}

/// The terms of one call, as payer and node agree on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTerms {
	/// The agreement that its voucher names. Before a lane is chosen, its block is the newest one that a new
	/// lane may be as of: the call is made under the agreement of the lane that pays.
	pub agreement: Agreement,
	/// The list prices of that price version.
	pub list_price: PriceSchedule,
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

impl CallTerms {
	/// The price that the call is charged by: the node's own, if it has one, or the list price.
	pub fn price(&self) -> PriceSchedule {
		self.agreement.price(&self.list_price)
	}

	/// The cost of a call with these tokens, in planck. `None` if there is no such call.
	pub fn charge(&self, tokens: &Tokens) -> Option<Balance> {
		self.price().charge(tokens)
	}
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
	/// Its terms. Once some of its answer has come without a statement, with no more output tokens than that
	/// can have.
	pub agreed: CallTerms,
	/// The answer that its statement has to be of, but for the prompt's root, which the node chooses; if all of
	/// it came without a statement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub expected: Option<Response>,
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
		is_in_time(self.agreed.valid_until, best)
	}

	/// Returns `true` if its voucher has this sequence and is for this request.
	pub(crate) fn is(&self, sequence: Sequence, request_hash: Hash) -> bool {
		(self.sequence, self.agreed.request_hash) == (sequence, request_hash)
	}

	/// Bounds what is owed for it: no more than so many output tokens, for the answer `expected`, if that is
	/// known.
	pub fn owe_at_most(&mut self, tokens: u32, expected: Option<Response>) {
		self.agreed.max_output_tokens = self.agreed.max_output_tokens.min(tokens);
		if expected.is_some() {
			self.expected = expected;
		}
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
			salt: Some(self.agreed.salt),
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
	/// The root over the list of calls that it acknowledges.
	pub acknowledged_root: Hash,
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
}

/// A statement, and what is needed to prove what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatement {
	/// The operator.
	pub node: AccountId,
	/// The key that the node signed it with, as an account.
	pub receipt_key: AccountId,
	/// The salt that request and answer were hashed with; none if the call was forgotten, and its statement
	/// comes from the node.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub salt: Option<Hash>,
	/// The node's word.
	pub receipt: Receipt,
	/// The reason why it does not hold, if it does not.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<String>,
}

impl KeptStatement {
	/// Lane and sequence of the call.
	pub fn call(&self) -> (LaneId, Sequence) {
		let statement = self.receipt.statement.newest();
		(statement.lane, statement.sequence)
	}
}

//! What is known of calls that were paid for: what was agreed on, and what the node has signed.

use std::fmt::{self, Display, Formatter};

use openledger_primitives::{
	price::PriceSchedule, AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion,
	Sequence, VersionId,
};
use openledger_protocol::x402::{self, Receipt};
use serde::{Deserialize, Serialize};

use crate::size::AnswerSize;

/// A node may be so many blocks behind.
const LAG: BlockNumber = 100;

/// What the vouchers of a lane are for. All of them name the same: what a voucher acknowledges is
/// settled at what it names, so that with another one on the lane a node could settle the calls
/// before it at terms that came after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneTerms {
	/// The model.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version.
	pub price_version: PriceVersion,
}

impl Display for LaneTerms {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { model, version, price_version } = self;
		write!(formatter, "model {model}, version {version}, price version {price_version}")
	}
}

impl From<&x402::Terms> for LaneTerms {
	fn from(offered: &x402::Terms) -> Self {
		let (model, version) = (offered.model, offered.version);
		Self { model, version, price_version: offered.price_version }
	}
}

/// A call that was paid for and not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
	/// Its voucher's sequence.
	pub sequence: Sequence,
	/// The model that was asked.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version that was agreed on.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// The tokens of the prompt that were agreed on.
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that it may cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub allowance: Balance,
	/// The hash of the request.
	pub request_hash: Hash,
	/// The salt of that hash, and of the answer's.
	pub salt: Hash,
	/// The last block at which the node may take its voucher.
	#[serde(default)]
	pub valid_until: BlockNumber,
	/// The hash that its answer has to have, if all of it came without a statement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub expected: Option<Hash>,
	/// A statement of the node that does not hold: proof against it.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<Receipt>,
}

impl OpenCall {
	/// The terms of its voucher.
	pub fn terms(&self) -> LaneTerms {
		LaneTerms { model: self.model, version: self.version, price_version: self.price_version }
	}

	/// Whether the node may still take its voucher, when the best block is this one: a node may be
	/// behind.
	pub fn can_be_taken(&self, best: BlockNumber) -> bool {
		best <= self.valid_until.saturating_add(LAG)
	}

	/// The size that its answer can have.
	pub fn size(&self) -> AnswerSize {
		AnswerSize::of(self.input_tokens, self.max_output_tokens)
	}
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
	/// What the node signed.
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

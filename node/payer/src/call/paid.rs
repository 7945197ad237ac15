//! What became of a voucher that went out.

use openledger_primitives::{AccountId, Balance};
use openledger_protocol::x402::Receipt;

use crate::ledger::LaneSlot;

/// A voucher that went out for a call.
#[derive(Clone, Debug)]
pub struct PaidCall {
	/// The node's base URL.
	pub url: String,
	/// Who was paid, out of which session, and which call of which lane it was.
	pub slot: LaneSlot,
	/// The most that it could cost, in planck.
	pub allowance: Balance,
	/// What became of it.
	pub outcome: Outcome,
}

impl PaidCall {
	/// The operator who was paid.
	pub fn node(&self) -> &AccountId {
		&self.slot.node
	}
}

/// The outcome of a call whose voucher went out.
#[derive(Clone, Debug)]
pub enum Outcome {
	/// It was charged, and this is the node's statement. It was checked.
	Charged(Box<Receipt>),
	/// It was not charged.
	NotCharged,
	/// The node's statement does not hold, and why.
	False(String),
	/// The node does not say. It is asked again later.
	Unknown,
}

impl Outcome {
	/// What the call cost, in planck, if that is known.
	pub fn charge(&self) -> Option<Balance> {
		match self {
			Self::Charged(receipt) => Some(receipt.statement.charge),
			Self::NotCharged => Some(0),
			Self::False(_) | Self::Unknown => None,
		}
	}
}

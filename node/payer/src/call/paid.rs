//! Vouchers that went out.

use openledger_payer_ledger::LaneSlot;
use openledger_primitives::{AccountId, Balance};
use openledger_protocol::x402::Receipt;

/// A voucher that went out for a call.
#[derive(Clone, Debug)]
pub struct PaidCall {
	/// The node's base URL.
	pub url: String,
	/// Its place: the operator who was paid, the session, the lane, and the call of it.
	pub slot: LaneSlot,
	/// The most that it could cost, in planck.
	pub allowance: Balance,
	/// Its outcome.
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
	/// The cost of the call, in planck, if that is known.
	pub fn charge(&self) -> Option<Balance> {
		match self {
			Self::Charged(receipt) => Some(receipt.statement.newest().charge),
			Self::NotCharged => Some(0),
			Self::False(_) | Self::Unknown => None,
		}
	}
}

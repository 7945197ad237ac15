//! Types of the pallet's events.

use codec::{Decode, DecodeWithMemTracking, Encode};
use openledger_primitives::Balance;
use scale_info::TypeInfo;

/// A payment to one account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Payment<AccountId> {
	/// The recipient.
	pub account: AccountId,
	/// The amount, in planck.
	#[codec(compact)]
	pub amount: Balance,
}

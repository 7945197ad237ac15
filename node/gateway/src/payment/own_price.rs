//! A price that the node charges instead of a model's list price.

use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, OwnPriceError},
	policy::RevenuePolicy,
	price::PriceSchedule,
};
use sp_runtime::Permill;

/// A price that an operator has set for a model. Calls are charged by it as long as the chain allows it:
/// whoever else is behind a call is paid by the list price all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPrice {
	/// The price.
	pub price: PriceSchedule,
	/// The protocol's part of what calls cost.
	pub protocol_share: Permill,
}

impl OwnPrice {
	/// Checks it against a list price, and against those who share that.
	///
	/// # Errors
	/// The reason why the chain would not pay for calls at this price.
	pub fn check(&self, list: &PriceSchedule, policy: &RevenuePolicy) -> Result<(), OwnPriceError> {
		// The rest of an agreement has nothing to do with it.
		let agreement = Agreement {
			model: 0,
			version: 0,
			price_version: 0,
			as_of: 0,
			evidence: Evidence::Open,
			own_price: Some(self.price),
		};
		agreement.check_own_price(list, self.protocol_share, policy)
	}
}

//! The amount that may be spent, and the part of it that goes into one session.
//!
//! What is put into a session counts against the budget in full, until the session is closed and
//! the chain has given back what was not spent. So whatever a node does with the vouchers that it
//! holds, it cannot make the account lose more than the budget.

use openledger_primitives::{Balance, MILLI_OPEN};

/// A default deposit is this part of the budget: a few nodes can be used at a time.
const SHARES: Balance = 5;
/// But not less than the chain takes, unless governance has changed that.
const SMALLEST: Balance = 100 * MILLI_OPEN;

/// The amount that may be spent in all, and the part that is put into a session at a time. In planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
	/// The most that may be spent, over all sessions.
	pub limit: Balance,
	/// The amount that goes into a session at a time, where there is as much.
	pub deposit: Balance,
}

impl Budget {
	/// A budget of `limit`. Without a `deposit`, a fifth of it goes into a session at a time, or as
	/// much as the chain wants to see there at least.
	pub fn new(limit: Balance, deposit: Option<Balance>) -> Self {
		let usual = limit.div_ceil(SHARES).max(SMALLEST);
		let deposit = deposit.unwrap_or(usual).min(limit);
		Self { limit, deposit }
	}

	/// The most that one call may cost, where nothing else is said: what goes into a session at a
	/// time, or as much as the chain wants to see there at least. A call that may cost more would
	/// have a session opened for its sake.
	pub fn max_charge(&self) -> Balance {
		self.deposit.max(SMALLEST)
	}

	/// The amount that can still be put into sessions where `committed` is in them or spent already.
	pub fn left(&self, committed: Balance) -> Balance {
		self.limit.saturating_sub(committed)
	}

	/// The amount to put into a session that lacks `need`: as much as usual, or as it lacks, or as is
	/// left. `None` if not even `need` is left.
	pub fn portion(&self, need: Balance, committed: Balance) -> Option<Balance> {
		let left = self.left(committed);
		(need <= left && left > 0).then(|| self.deposit.max(need).min(left))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::OPEN;
	use proptest::prelude::*;

	#[test]
	fn a_fifth_goes_into_a_session() {
		assert_eq!(Budget::new(5 * OPEN, None).deposit, OPEN);
		assert_eq!(Budget::new(OPEN / 4, None).deposit, OPEN / 10);
		assert_eq!(Budget::new(OPEN / 20, None).deposit, OPEN / 20);
		assert_eq!(Budget::new(100, Some(7)).deposit, 7);
		assert_eq!(Budget::new(100, Some(700)).deposit, 100);
		assert_eq!(Budget::new(5 * OPEN, None).max_charge(), OPEN);
		assert_eq!(Budget::new(0, None).max_charge(), OPEN / 10);
	}

	#[test]
	fn the_last_portion_is_what_is_left() {
		let budget = Budget::new(100, Some(40));
		assert_eq!(budget.portion(10, 0), Some(40));
		assert_eq!(budget.portion(55, 0), Some(55));
		assert_eq!(budget.portion(10, 80), Some(20));
		assert_eq!(budget.portion(21, 80), None);
		assert_eq!(budget.portion(0, 100), None);
		assert_eq!(budget.portion(1, 200), None);
	}

	proptest! {
		#[test]
		fn no_portion_breaks_the_budget(
			limit: u64, deposit: Option<u64>, committed: u64, need: u64
		) {
			let budget = Budget::new(limit.into(), deposit.map(Into::into));
			match budget.portion(need.into(), committed.into()) {
				Some(portion) => {
					prop_assert!(portion >= need.into());
					prop_assert!(portion > 0);
					prop_assert!(portion + Balance::from(committed) <= limit.into());
				}
				None => prop_assert!(
					Balance::from(need) + Balance::from(committed) > limit.into()
						|| committed >= limit
				),
			}
		}
	}
}

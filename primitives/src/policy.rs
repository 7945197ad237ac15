//! Who shares a charge, in which proportion.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{traits::Saturating, Permill};

/// The shares of a model's income once the protocol has had its own. The three of them add up to
/// exactly 100%.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RevenuePolicy {
	/// To the model's developer.
	pub developer: Permill,
	/// To the contributors of the data behind the model.
	pub data: Permill,
	/// To the operator of the inference node that ran the call.
	pub node: Permill,
	/// Share of the data part that goes straight to the contributions that a call's attribution
	/// names. The rest, and all of it for a call without attribution, goes to the model's data
	/// sources.
	pub attributed: Permill,
}

impl RevenuePolicy {
	/// Returns `true` if the three shares add up to exactly 100%.
	pub fn is_complete(&self) -> bool {
		let parts = [self.developer, self.data, self.node];
		let sum = parts.iter().map(|part| u64::from(part.deconstruct())).sum::<u64>();
		sum == u64::from(Permill::one().deconstruct())
	}

	/// The policy for a call of a version that was made from no data: what would have gone to data
	/// goes to the developer.
	pub fn without_data(&self) -> Self {
		Self {
			developer: self.developer.saturating_add(self.data),
			data: Permill::zero(),
			node: self.node,
			attributed: Permill::zero(),
		}
	}

	/// Returns `true` if contributors earn from calls.
	pub fn pays_data(&self) -> bool {
		!self.data.is_zero()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shares_must_add_up() {
		let policy = |developer, data, node| RevenuePolicy {
			developer: Permill::from_parts(developer),
			data: Permill::from_parts(data),
			node: Permill::from_parts(node),
			attributed: Permill::zero(),
		};
		assert!(policy(400_000, 350_000, 250_000).is_complete());
		assert!(policy(1_000_000, 0, 0).is_complete());
		assert!(!policy(400_000, 350_000, 249_999).is_complete());
		assert!(!policy(1_000_000, 1_000_000, 1_000_000).is_complete());
		assert!(!policy(1_000_000, 0, 0).pays_data());
		assert_eq!(policy(400_000, 350_000, 250_000).without_data(), policy(750_000, 0, 250_000));
	}
}

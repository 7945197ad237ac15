//! The royalties that a model owes to the models that it was made from.
//!
//! A model may name one parent and a royalty: the part of its developer's income that goes to the
//! parent's payee. The parent may owe a part of that to its own parent, and so on, four levels at
//! most. Each level passes on a share of what reaches it and keeps the rest:
//!
//! ```text
//! developer's part ── royalty ──► parent ── royalty ──► grandparent ...
//!       keeps the rest             keeps the rest        keeps all
//! ```

use crate::{split::part_of, Balance, ModelId, MAX_LINEAGE};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// One level up from a model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ancestor<AccountId> {
	/// The parent.
	pub model: ModelId,
	/// Who is paid for it: its owner, or whom the owner has named.
	pub payee: AccountId,
	/// The part of what reaches the level below that is passed on to this one.
	pub royalty: Permill,
}

/// The models above one, nearest first.
pub type Lineage<AccountId> = BoundedVec<Ancestor<AccountId>, ConstU32<MAX_LINEAGE>>;

/// Divides a developer's part among the developer and the payees of the models above, whose
/// royalties are given nearest first. Returns what the developer keeps and what each level keeps.
/// Together they are exactly `amount`.
///
/// Each level's division is exact ([`part_of`]).
pub fn split_royalties(amount: Balance, royalties: &[Permill]) -> (Balance, Vec<Balance>) {
	let mut reached = amount;
	let mut keeps = |royalty: &Permill| {
		let passed = part_of(reached, *royalty);
		let kept = reached.saturating_sub(passed);
		reached = passed;
		kept
	};
	let Some((first, above)) = royalties.split_first() else { return (amount, Vec::new()) };
	let developer = keeps(first);
	let mut kept: Vec<_> = above.iter().map(keeps).collect();
	kept.push(reached);
	(developer, kept)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	#[test]
	fn each_level_passes_on_a_share_of_what_reaches_it() {
		let half = Permill::from_percent(50);
		let tenth = Permill::from_percent(10);
		assert_eq!(split_royalties(1_000, &[]), (1_000, vec![]));
		assert_eq!(split_royalties(1_000, &[tenth]), (900, vec![100]));
		assert_eq!(split_royalties(1_000, &[half, tenth]), (500, vec![450, 50]));
		assert_eq!(
			split_royalties(1_000, &[Permill::one(), Permill::zero(), half]),
			(0, vec![1_000, 0, 0])
		);
	}

	proptest! {
		#[test]
		fn nothing_is_lost(amount: u128, shares in vec(0u32..=1_000_000, 0..=4)) {
			let royalties: Vec<_> = shares.iter().map(|share| Permill::from_parts(*share)).collect();
			let (developer, kept) = split_royalties(amount, &royalties);
			prop_assert_eq!(kept.len(), royalties.len());
			let sum = kept.iter().try_fold(developer, |sum, part| sum.checked_add(*part));
			prop_assert_eq!(sum, Some(amount));
		}

		#[test]
		fn the_developer_never_pays_more_than_the_royalty(
			amount in 0u128..u128::MAX / 1_000_000, share in 0u32..=1_000_000, above in 0u32..=1_000_000
		) {
			let (developer, _) =
				split_royalties(amount, &[Permill::from_parts(share), Permill::from_parts(above)]);
			let exact = amount * u128::from(1_000_000 - share);
			prop_assert!((developer * 1_000_000).abs_diff(exact) < 1_000_000);
		}
	}
}

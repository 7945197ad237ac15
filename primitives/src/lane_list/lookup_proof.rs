//! The proof of what an acknowledged list says of one sequence: which call it is of, or that there is none.
//!
//! Sequences rise from call to call. So two calls that stand next to one another, one below a sequence and
//! one above it, show that no call of the list has it; likewise the first call alone if it is above, the last
//! one alone if it is below, and a list without calls by itself.

use super::{acknowledged_root, LaneError, LaneLeaf};
use crate::{
	mountain::{self, MAX_BESIDE, MAX_PEAKS},
	Hash, Sequence,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Hashes beside two leaves of the longest list.
pub const MAX_LOOKUP_HASHES: u32 = 2 * MAX_BESIDE;

/// The call of a sequence, or the calls around it, and the hashes beside them.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LookupProof {
	/// The number of calls in the list.
	pub count: u32,
	/// The roots of its perfect trees, from the largest to the smallest.
	pub peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
	/// The last call below the sequence; none if no call is, and none if there is a call of it.
	pub before: Option<LaneLeaf>,
	/// The first call that is not below the sequence: the one of it, or the next one. None if all are below.
	pub next: Option<LaneLeaf>,
	/// The hashes beside them: tree by tree, in each from the leaves up, and from left to right.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_LOOKUP_HASHES>>,
}

impl LookupProof {
	/// Looks up `sequence` in a list of which `leaf` returns the calls, and `stored` the nodes that were
	/// complete: level, place in its row. `None` if one is missing.
	pub fn new(
		count: u32,
		peaks: &[Hash],
		sequence: Sequence,
		leaf: impl Fn(u32) -> Option<LaneLeaf>,
		stored: impl Fn(u32, u32) -> Option<Hash>,
	) -> Option<Self> {
		// The calls from `end` on are not below the sequence, those before `begin` are.
		let (mut begin, mut end) = (0, count);
		while begin < end {
			let middle = begin.midpoint(end);
			if leaf(middle)?.sequence < sequence {
				begin = middle.checked_add(1)?;
			} else {
				end = middle;
			}
		}
		let next = if begin < count { Some(leaf(begin)?) } else { None };
		let found = next.is_some_and(|next| next.sequence == sequence);
		let before = match begin.checked_sub(1).filter(|_| !found) {
			Some(before) => Some(leaf(before)?),
			None => None,
		};
		let indices: Vec<_> =
			before.iter().chain(&next).map(LaneLeaf::index).collect::<Option<_>>()?;
		let hashes =
			if indices.is_empty() { Vec::new() } else { mountain::prove(count, &indices, stored)? };
		let (peaks, hashes) = (peaks.to_vec().try_into().ok()?, hashes.try_into().ok()?);
		Some(Self { count, peaks, before, next, hashes })
	}

	/// The call that the list behind `root` has of `sequence`; none if it has none.
	///
	/// # Errors
	///
	/// [`LaneError::Place`] or [`LaneError::Sequence`] if the calls are not those around the sequence,
	/// [`LaneError::Peaks`] or [`LaneError::Root`] if they do not stand in the list.
	pub fn verify(&self, sequence: Sequence, root: &Hash) -> Result<Option<&LaneLeaf>, LaneError> {
		let before = self.before.as_ref().map(LaneLeaf::check).transpose()?;
		let next = self.next.as_ref().map(LaneLeaf::check).transpose()?;
		let found = self.next.as_ref().filter(|next| next.sequence == sequence);
		if found.is_some() {
			if before.is_some() {
				return Err(LaneError::Place);
			}
		} else {
			let after_before = match before {
				Some(before) => before.checked_add(1).ok_or(LaneError::Place)?,
				None => 0,
			};
			if next.unwrap_or(self.count) != after_before {
				return Err(LaneError::Place);
			}
			let is_below = self.before.is_none_or(|before| before.sequence < sequence);
			let is_above = self.next.is_none_or(|next| next.sequence > sequence);
			if !is_below || !is_above {
				return Err(LaneError::Sequence);
			}
		}
		self.check_leaves(root)?;
		Ok(found)
	}

	/// The calls stand in the list that `root` commits to.
	fn check_leaves(&self, root: &Hash) -> Result<(), LaneError> {
		if acknowledged_root(self.count, &self.peaks) != Some(*root) {
			return Err(LaneError::Peaks);
		}
		let mut leaves = Vec::with_capacity(2);
		for leaf in self.before.iter().chain(&self.next) {
			leaves.push((leaf.index().ok_or(LaneError::Place)?, leaf.hash()));
		}
		let hold = if leaves.is_empty() {
			self.hashes.is_empty()
		} else {
			mountain::holds(self.count, &self.peaks, &leaves, &self.hashes)
		};
		if hold {
			Ok(())
		} else {
			Err(LaneError::Root)
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::{tests::Kept, LaneList, Totals},
		*,
	};
	use proptest::{collection::btree_set, prelude::*};

	fn kept(sequences: impl IntoIterator<Item = Sequence>) -> Kept {
		let call = Totals { calls: 1, charge: 7, ..Totals::default() };
		let mut kept = Kept::new();
		for sequence in sequences {
			kept.append(sequence, &call);
		}
		kept
	}

	/// Looks a sequence up in the list as it was after `count` calls.
	fn look_up(kept: &Kept, count: u32, sequence: Sequence) -> LookupProof {
		let leaf = |index: u32| kept.leaves.get(index as usize).copied();
		let stored = |level, index| kept.node(level, index);
		LookupProof::new(count, &kept.peaks[count as usize], sequence, leaf, stored).unwrap()
	}

	#[test]
	fn an_empty_list_has_no_call() {
		let proof = look_up(&kept([]), 0, 4);
		let root = LaneList::default().root();

		assert_eq!(proof.verify(4, &root), Ok(None));
		assert_eq!(proof.verify(4, &Hash::zero()), Err(LaneError::Peaks));
		let more = vec![Hash::zero()].try_into().unwrap();
		let proof = LookupProof { hashes: more, ..proof };
		assert_eq!(proof.verify(4, &root), Err(LaneError::Root));
	}

	#[test]
	fn no_call_is_denied_by_leaving_out_a_neighbour() {
		let kept = kept([2, 3, 5, 9]);
		let root = kept.list.root();
		let gap = look_up(&kept, 4, 4);
		assert_eq!(gap.verify(4, &root), Ok(None));

		// Calls around the sequence that are no neighbours.
		let stored = |level, index| kept.node(level, index);
		let around = |indices: &[u32]| {
			let leaf = |at: usize| indices.get(at).map(|index| kept.leaves[*index as usize]);
			let hashes = mountain::prove(4, indices, stored).unwrap();
			let hashes = hashes.try_into().unwrap();
			LookupProof { before: leaf(0), next: leaf(1), hashes, ..gap.clone() }
		};
		assert_eq!(around(&[0, 2]).verify(3, &root), Err(LaneError::Place));
		assert_eq!(around(&[1, 2]).verify(3, &root), Err(LaneError::Sequence));
		assert_eq!(around(&[1]).verify(5, &root), Err(LaneError::Place));
		// The first call alone, which is not above; the last one alone, which is not below.
		let only = |index: u32| around(&[index]).before;
		let first = LookupProof { before: None, next: only(0), ..around(&[0]) };
		assert_eq!(first.verify(1, &root), Ok(None));
		assert_eq!(first.verify(3, &root), Err(LaneError::Sequence));
		assert_eq!(around(&[3]).verify(10, &root), Ok(None));
		assert_eq!(around(&[3]).verify(9, &root), Err(LaneError::Sequence));
		assert_eq!(around(&[3]).verify(8, &root), Err(LaneError::Sequence));
		// Nothing at all of a list that has calls.
		let none = LookupProof { before: None, next: None, ..gap };
		assert_eq!(none.verify(4, &root), Err(LaneError::Place));
	}

	proptest! {
		/// Of each sequence, exactly what is in the list is proven, and nothing of another list.
		#[test]
		fn a_list_says_of_each_sequence_what_it_has(
			sequences in btree_set(1u64..60, 0..30),
			earlier in any::<prop::sample::Index>(),
			wanted in 0u64..62,
			other in 0u64..62,
		) {
			let sequences: Vec<_> = sequences.into_iter().collect();
			let kept = kept(sequences.clone());
			let count = earlier.index(sequences.len() + 1) as u32;
			let peaks = &kept.peaks[count as usize];
			let root = acknowledged_root(count, peaks).unwrap();
			let in_list = &sequences[..count as usize];

			let proof = look_up(&kept, count, wanted);
			let found = proof.verify(wanted, &root).unwrap().map(|leaf| leaf.sequence);
			prop_assert_eq!(found, in_list.contains(&wanted).then_some(wanted));
			// A proof for one sequence is one for another only if it says what is true of that.
			if let Ok(found) = proof.verify(other, &root) {
				prop_assert_eq!(found.is_some(), in_list.contains(&other));
			}
			let longer = kept.list.root();
			prop_assert_eq!(proof.verify(wanted, &longer).is_ok(), longer == root);
		}
	}
}

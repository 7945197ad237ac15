//! Mountain ranges: trees that grow, and of which only the peaks are kept.
//!
//! The leaves so far make up perfect trees, one for each bit that is set in their number, from the largest to
//! the smallest; a *peak* is the root of one. A range grows by [`TreeBuilder`](tree::TreeBuilder), is committed
//! to by its count and peaks, and any of its leaves are shown by the hashes beside them in their trees. A
//! lane's list and a datanet's release log are such ranges.

use crate::{
	domain,
	tree::{self, is_peaks_of},
	Hash,
};
use alloc::vec::Vec;

/// Most peaks of a range: one for each bit of the number of leaves.
pub const MAX_PEAKS: u32 = 32;

/// Most hashes beside one leaf: those of the largest tree, of 2^31 leaves.
pub const MAX_BESIDE: u32 = 31;

/// The commitment to a range: the hash of `tag`, the number of leaves, and the peaks. `None` if there are not as
/// many peaks as a range of `count` leaves has.
pub fn root(tag: &[u8], count: u32, peaks: &[Hash]) -> Option<Hash> {
	if !is_peaks_of(count, peaks) {
		return None;
	}
	let peaks: Vec<u8> = peaks.iter().flat_map(|peak| peak.0).collect();
	Some(domain::hash(tag, &[&count.to_le_bytes(), &peaks]))
}

/// The perfect trees of a range of `count` leaves, from the largest to the smallest: the index of the
/// first leaf, and the number of leaves.
pub fn trees(count: u32) -> impl Iterator<Item = (u32, u32)> {
	(0..u32::BITS).rev().filter_map(move |height| {
		let size = 1u32.checked_shl(height)?;
		// What is above this bit in the count stands before it.
		let before = count.checked_shr(height.checked_add(1)?).unwrap_or(0);
		let first = u64::from(before).checked_shl(height.checked_add(1)?)?;
		(count & size != 0).then_some((u32::try_from(first).ok()?, size))
	})
}

/// The nodes whose hashes a proof for `indices` consists of, in its order: (level, place in its row), tree by
/// tree, in each from the leaves up, and from left to right. Each is complete with the last leaf below it,
/// so that whoever has stored what [`push_visited`](tree::TreeBuilder::push_visited) has shown has all of
/// them. `None` if `indices` do not rise, are none, more than [`MAX_OPENED`](tree::MAX_OPENED) in one tree, or
/// not below `count`.
pub fn needed(count: u32, indices: &[u32]) -> Option<Vec<(u32, u32)>> {
	if !rise(indices.iter()) || *indices.last()? >= count {
		return None;
	}
	let mut positions = Vec::new();
	for (first, size) in trees(count) {
		let inside = inside(first, size, indices.iter().map(|index| (*index, ())));
		if inside.is_empty() {
			continue;
		}
		let inside: Vec<_> = inside.into_iter().map(|(index, ())| index).collect();
		for (level, index) in tree::needed(size, &inside)? {
			// A perfect tree begins at a multiple of its size.
			positions.push((level, first.checked_shr(level)?.checked_add(index)?));
		}
	}
	Some(positions)
}

/// The hashes that prove that leaves stand at `indices`, of a range of which `stored` returns the nodes that
/// were complete: level, place in its row. `None` as for [`needed`], or if a node is missing.
pub fn prove(
	count: u32,
	indices: &[u32],
	mut stored: impl FnMut(u32, u32) -> Option<Hash>,
) -> Option<Vec<Hash>> {
	needed(count, indices)?.into_iter().map(|(level, index)| stored(level, index)).collect()
}

/// Returns `true` if the leaves stand at their indices in the range of `count` leaves with these `peaks`, as
/// `hashes` show, which are as many as needed. There is at least one leaf, and they come in rising order.
pub fn holds(count: u32, peaks: &[Hash], leaves: &[(u32, Hash)], hashes: &[Hash]) -> bool {
	let (mut hashes, mut found) = (hashes.iter(), 0usize);
	let rise = rise(leaves.iter().map(|(index, _)| index));
	if leaves.is_empty() || !rise || !is_peaks_of(count, peaks) {
		return false;
	}
	for ((first, size), peak) in trees(count).zip(peaks) {
		let inside = inside(first, size, leaves.iter().copied());
		if inside.is_empty() {
			continue;
		}
		found = found.saturating_add(inside.len());
		if tree::climb(size, inside, |_, _| hashes.next().copied()) != Some(*peak) {
			return false;
		}
	}
	// Each leaf in a tree, and each hash used.
	found == leaves.len() && hashes.next().is_none()
}

fn rise<'a>(indices: impl Iterator<Item = &'a u32> + Clone) -> bool {
	indices.clone().zip(indices.skip(1)).all(|(one, next)| one < next)
}

/// The leaves that are in the tree that begins with the leaf `first`, with their indices in it.
fn inside<Leaf>(
	first: u32,
	size: u32,
	leaves: impl Iterator<Item = (u32, Leaf)>,
) -> Vec<(u32, Leaf)> {
	leaves
		.filter_map(|(index, leaf)| {
			let index = index.checked_sub(first).filter(|index| *index < size)?;
			Some((index, leaf))
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::tree::TreeBuilder;
	use proptest::{collection::btree_set, prelude::*};
	use std::collections::BTreeMap;

	fn leaf(n: u32) -> Hash {
		sp_io::hashing::blake2_256(&n.to_le_bytes()).into()
	}

	/// A range, and all nodes that were complete.
	fn range(count: u32) -> (TreeBuilder, BTreeMap<(u32, u32), Hash>) {
		let (mut tree, mut nodes) = (TreeBuilder::default(), BTreeMap::new());
		for n in 0..count {
			tree.push_visited(leaf(n), |level, index, hash| {
				nodes.insert((level, index), *hash);
			})
			.unwrap();
		}
		(tree, nodes)
	}

	#[test]
	fn trees_are_the_bits_of_the_count() {
		let all = |count| trees(count).collect::<Vec<_>>();
		assert_eq!(all(0), []);
		assert_eq!(all(1), [(0, 1)]);
		assert_eq!(all(13), [(0, 8), (8, 4), (12, 1)]);
		let full = all(u32::MAX);
		assert_eq!(full.len(), MAX_PEAKS as usize);
		assert_eq!((full[0], full[31]), ((0, 1 << 31), (u32::MAX - 1, 1)));
	}

	#[test]
	fn bad_sets_of_leaves_are_refused() {
		for indices in [&[][..], &[1, 1], &[2, 1], &[4, 3], &[7], &[0, u32::MAX]] {
			assert_eq!(needed(7, indices), None, "{indices:?}");
		}
		assert_eq!(needed(0, &[0]), None);
		let (tree, _) = range(7);
		assert!(!holds(7, tree.peaks(), &[], &[]));
		assert!(!holds(0, &[], &[(0, leaf(0))], &[]));
		assert!(!holds(7, tree.peaks(), &[(7, leaf(7))], &[]));
		// One tree is a leaf itself, and takes no hash. It does so once.
		assert!(holds(7, tree.peaks(), &[(6, leaf(6))], &[]));
		assert!(!holds(7, tree.peaks(), &[(6, leaf(6)), (6, leaf(6))], &[]));
		assert!(!holds(7, &tree.peaks()[..2], &[(6, leaf(6))], &[]));
	}

	#[test]
	fn no_leaf_takes_more_hashes_than_the_largest_tree_has_levels() {
		for index in [0, 1 << 30, (1 << 31) - 1, 1 << 31, u32::MAX - 1] {
			let hashes = needed(u32::MAX, &[index]).unwrap().len();
			assert!(hashes <= MAX_BESIDE as usize, "{index}: {hashes}");
		}
		assert_eq!(needed(u32::MAX, &[0]).unwrap().len(), MAX_BESIDE as usize);
	}

	#[test]
	fn a_range_is_committed_to_with_its_count() {
		let (tree, _) = range(6);
		let tag = b"test".as_slice();
		let [four, two] = tree.peaks() else { panic!("two peaks") };
		let expected = domain::hash(tag, &[&[6, 0, 0, 0], four.as_bytes(), two.as_bytes()]);
		assert_eq!(root(tag, 6, tree.peaks()), Some(expected));
		// Five leaves would have as many.
		assert_ne!(root(tag, 6, tree.peaks()), root(tag, 5, tree.peaks()));
		assert_ne!(root(tag, 6, tree.peaks()), root(b"other", 6, tree.peaks()));
		assert_eq!(root(tag, 7, tree.peaks()), None);
		assert_eq!(root(tag, 0, &[]), Some(domain::hash(tag, &[&[0; 4]])));
	}

	proptest! {
		#[test]
		fn exactly_what_is_in_the_range_is_proven(
			(count, indices) in (1u32..300).prop_flat_map(|count| {
				(Just(count), btree_set(0..count, 1..8usize.min(count as usize + 1)))
			}),
			change in any::<prop::sample::Index>(),
		) {
			let (tree, nodes) = range(count);
			let indices: Vec<_> = indices.into_iter().collect();
			let mut leaves: Vec<_> = indices.iter().map(|index| (*index, leaf(*index))).collect();

			// All that it needs was complete, whatever the range has become since.
			let mut hashes =
				prove(count, &indices, |level, index| nodes.get(&(level, index)).copied()).unwrap();

			let holds = |leaves: &[_], hashes: &[Hash]| holds(count, tree.peaks(), leaves, hashes);
			prop_assert!(holds(&leaves, &hashes));
			hashes.push(leaf(0));
			prop_assert!(!holds(&leaves, &hashes));
			hashes.pop();
			if let Some(last) = hashes.pop() {
				prop_assert!(!holds(&leaves, &hashes));
				hashes.push(last);
			}
			let at = change.index(leaves.len());
			leaves[at].1 = leaf(u32::MAX);
			prop_assert!(!holds(&leaves, &hashes));
			leaves[at].1 = leaf(leaves[at].0);
			leaves[at].0 ^= 1;
			prop_assert!(!holds(&leaves, &hashes));
		}

		#[test]
		fn no_numbers_are_too_large(
			count in prop_oneof![Just(u32::MAX), any::<u32>()],
			index in prop_oneof![Just(u32::MAX), any::<u32>()],
		) {
			let peaks = vec![Hash::zero(); count.count_ones() as usize];
			prop_assert_eq!(needed(count, &[index]).is_some(), index < count);
			prop_assert!(!holds(count, &peaks, &[(index, leaf(0))], &[]));
		}
	}
}

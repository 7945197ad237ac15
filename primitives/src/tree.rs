//! The hash tree that data, answers and lanes are committed to with.
//!
//! The shape is that of `binary-merkle-tree`: neighbours are paired row by row, and the odd last node of
//! a row goes up as it is. The rest is different, because that crate lacks it:
//!
//! | `binary-merkle-tree` 16.1.2 | here |
//! |---|---|
//! | an inner node is the hash of 64 bytes without a tag; that no leaf is one rests on the leaves' tags | inner nodes have a tag of their own, which costs no further block of the hash function |
//! | a proof is folded for as long as it lasts | it has exactly the hashes that are needed |
//! | one leaf a proof | any set of leaves, siblings shared |
//! | a root needs all rows in memory | [`TreeBuilder`] keeps one hash a level |
//! | the count of leaves is part of the proof | the verifier brings it: size, words, length, or count, each bound elsewhere |
//! | no leaves: zero | no leaves: the hash of a tag, which no unset storage can be mistaken for |
//!
//! For a given count and a set of indices there is one form of a proof. Two different leaves at one
//! place under one root are a collision of BLAKE2b-256.

use crate::{domain, Hash};
use alloc::vec::Vec;

/// Most leaves that one proof opens: the words of a delivered piece, which are at most 512, and a window
/// with its neighbours fit in.
pub const MAX_OPENED: usize = 1_024;

/// The hash of an inner node.
pub fn node(left: &Hash, right: &Hash) -> Hash {
	domain::hash(domain::NODE, &[left.as_bytes(), right.as_bytes()])
}

/// The root of a tree without leaves.
pub fn empty() -> Hash {
	domain::hash(domain::EMPTY_TREE, &[])
}

/// A tree with as many leaves as can be counted: nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeFull;

impl core::fmt::Display for TreeFull {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		write!(f, "a tree has {} leaves at most; nothing was added", u32::MAX)
	}
}

impl core::error::Error for TreeFull {}

/// The root over leaves that come one after the other, in memory of one hash a level (at most 32).
///
/// It keeps the *peaks*: the roots of the perfect trees that the leaves so far make, from the largest
/// to the smallest, one for each bit that is set in their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeBuilder {
	count: u32,
	peaks: Vec<Hash>,
}

impl TreeBuilder {
	/// A tree that goes on from what [`count`](Self::count) and [`peaks`](Self::peaks) said. `None` if
	/// there are not as many peaks as bits set in the count.
	pub fn from_peaks(count: u32, peaks: &[Hash]) -> Option<Self> {
		is_peaks_of(count, peaks).then(|| Self { count, peaks: peaks.to_vec() })
	}

	/// Adds a leaf after the others.
	///
	/// # Errors
	///
	/// [`TreeFull`] at 2^32 - 1 leaves.
	pub fn push(&mut self, leaf: Hash) -> Result<(), TreeFull> {
		self.push_visited(leaf, |_, _, _| ())
	}

	/// Adds a leaf, and shows each perfect tree that is complete with it: its level (0 for the leaf), its
	/// place in that level's row, and its hash. Whoever stores them can make proofs with [`needed`] later;
	/// the nodes at the right edge, which are not perfect yet, are made of the peaks.
	///
	/// # Errors
	///
	/// [`TreeFull`] at 2^32 - 1 leaves.
	pub fn push_visited(
		&mut self,
		leaf: Hash,
		mut visit: impl FnMut(u32, u32, &Hash),
	) -> Result<(), TreeFull> {
		let count = self.count.checked_add(1).ok_or(TreeFull)?;
		let (mut hash, mut index) = (leaf, self.count);
		visit(0, index, &hash);
		// Each peak of the size that has grown merges with the one before it.
		for level in 1..=self.count.trailing_ones() {
			let Some(left) = self.peaks.pop() else { break };
			hash = node(&left, &hash);
			index /= 2;
			visit(level, index, &hash);
		}
		self.peaks.push(hash);
		self.count = count;
		Ok(())
	}

	/// The number of leaves so far.
	pub fn count(&self) -> u32 {
		self.count
	}

	/// The roots of the perfect trees so far, from the largest to the smallest.
	pub fn peaks(&self) -> &[Hash] {
		&self.peaks
	}

	/// The root over the leaves so far: [`empty`] if there are none.
	pub fn root(&self) -> Hash {
		let mut peaks = self.peaks.iter().rev();
		let Some(last) = peaks.next() else { return empty() };
		peaks.fold(*last, |right, left| node(left, &right))
	}
}

/// Returns `true` if there are as many peaks as a tree of `count` leaves has.
pub(crate) fn is_peaks_of(count: u32, peaks: &[Hash]) -> bool {
	u32::try_from(peaks.len()).is_ok_and(|peaks| peaks == count.count_ones())
}

/// The root over the hashes of leaves. `None` if there are 2^32 or more.
pub fn root(leaves: &[Hash]) -> Option<Hash> {
	let mut tree = TreeBuilder::default();
	for leaf in leaves {
		tree.push(*leaf).ok()?;
	}
	Some(tree.root())
}

/// The nodes whose hashes a proof for `indices` consists of, in its order: (level, place in its row),
/// from the leaves up, and from left to right. `None` if `indices` do not rise, are none, more than
/// [`MAX_OPENED`], or not below `count`.
pub fn needed(count: u32, indices: &[u32]) -> Option<Vec<(u32, u32)>> {
	let opened: Vec<_> = indices.iter().map(|index| (*index, Hash::zero())).collect();
	let mut positions = Vec::new();
	climb(count, opened, |level, index| {
		positions.push((level, index));
		Some(Hash::zero())
	})?;
	Some(positions)
}

/// The hashes that prove that the leaves at `indices` stand there, among all `leaves`. `None` as for
/// [`needed`].
pub fn prove(leaves: &[Hash], indices: &[u32]) -> Option<Vec<Hash>> {
	let count = u32::try_from(leaves.len()).ok()?;
	let mut hashes = Vec::new();
	let (mut row, mut row_level) = (leaves.to_vec(), 0);
	for (level, index) in needed(count, indices)? {
		while row_level < level {
			row = upper(&row);
			row_level = row_level.saturating_add(1);
		}
		hashes.push(*row.get(usize::try_from(index).ok()?)?);
	}
	Some(hashes)
}

fn upper(row: &[Hash]) -> Vec<Hash> {
	row.chunks(2)
		.filter_map(|pair| match pair {
			[left, right] => Some(node(left, right)),
			[odd] => Some(*odd),
			_ => None,
		})
		.collect()
}

/// The root of the tree of `count` leaves in which `opened` stand at their indices, beside `hashes`.
/// `None` if the indices do not rise, are none, more than [`MAX_OPENED`], or not below `count`, or if
/// `hashes` has one too few or too many.
pub fn root_from(count: u32, opened: &[(u32, Hash)], hashes: &[Hash]) -> Option<Hash> {
	let mut hashes = hashes.iter();
	let root = climb(count, opened.to_vec(), |_, _| hashes.next().copied())?;
	hashes.next().is_none().then_some(root)
}

/// Goes from leaves up to the root, and asks for each node beside the way that is not known.
pub(crate) fn climb(
	count: u32,
	mut row: Vec<(u32, Hash)>,
	mut beside: impl FnMut(u32, u32) -> Option<Hash>,
) -> Option<Hash> {
	let rises = row.iter().zip(row.iter().skip(1)).all(|((one, _), (next, _))| one < next);
	let last = row.last()?.0;
	if row.len() > MAX_OPENED || !rises || last >= count {
		return None;
	}
	let (mut width, mut level) = (count, 0u32);
	while width > 1 {
		let mut above = Vec::with_capacity(row.len());
		let mut nodes = row.into_iter().peekable();
		while let Some((index, hash)) = nodes.next() {
			let parent = if index % 2 == 1 {
				node(&beside(level, index.checked_sub(1)?)?, &hash)
			} else {
				let next = index.checked_add(1)?;
				if next == width {
					hash
				} else {
					let right = match nodes.next_if(|(index, _)| *index == next) {
						Some((_, right)) => right,
						None => beside(level, next)?,
					};
					node(&hash, &right)
				}
			};
			above.push((index / 2, parent));
		}
		row = above;
		width = width.div_ceil(2);
		level = level.checked_add(1)?;
	}
	row.first().map(|(_, root)| *root)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::btree_set, prelude::*};

	fn leaf(n: u32) -> Hash {
		sp_io::hashing::blake2_256(&n.to_le_bytes()).into()
	}

	fn leaves(count: u32) -> Vec<Hash> {
		(0..count).map(leaf).collect()
	}

	/// The root as RFC 6962 defines its shape: the left part is the largest power of two below the count.
	fn by_halves(leaves: &[Hash]) -> Hash {
		match leaves {
			[] => empty(),
			[leaf] => *leaf,
			_ => {
				let left = leaves.len().next_power_of_two() / 2;
				node(&by_halves(&leaves[..left]), &by_halves(&leaves[left..]))
			}
		}
	}

	fn by_rows(leaves: &[Hash]) -> Hash {
		let mut row = leaves.to_vec();
		while row.len() > 1 {
			row = upper(&row);
		}
		row.first().copied().unwrap_or_else(empty)
	}

	#[test]
	fn three_ways_to_one_root() {
		for count in 0..70 {
			let leaves = leaves(count);
			assert_eq!(root(&leaves).unwrap(), by_halves(&leaves), "{count}");
			assert_eq!(root(&leaves).unwrap(), by_rows(&leaves), "{count}");
		}
	}

	#[test]
	fn the_shape_is_that_of_binary_merkle_tree() {
		use sp_runtime::traits::BlakeTwo256;
		// With its way to hash a node, this is its root.
		fn untagged(leaves: &[Hash]) -> Hash {
			match leaves {
				[leaf] => *leaf,
				_ => {
					let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
					let pair = [untagged(left).0, untagged(right).0].concat();
					sp_io::hashing::blake2_256(&pair).into()
				}
			}
		}
		for count in 1..70 {
			let leaves = leaves(count);
			let theirs =
				binary_merkle_tree::merkle_root_raw::<BlakeTwo256, _>(leaves.iter().copied());
			assert_eq!(untagged(&leaves), theirs);
		}
	}

	#[test]
	fn a_full_tree_takes_no_leaf() {
		let peaks: Vec<_> = (0..32).map(leaf).collect();
		let mut tree = TreeBuilder::from_peaks(u32::MAX, &peaks).unwrap();

		assert_eq!(tree.push(leaf(0)), Err(TreeFull));
		assert_eq!(tree.peaks(), peaks);
		assert_eq!(TreeBuilder::from_peaks(3, &peaks[..1]), None);
	}

	#[test]
	fn bad_sets_of_leaves_are_refused() {
		let hashes = leaves(8);
		for indices in [&[][..], &[1, 1], &[2, 1], &[8], &[0, u32::MAX]] {
			assert_eq!(needed(8, indices), None, "{indices:?}");
			assert_eq!(prove(&hashes, indices), None, "{indices:?}");
		}
		let all: Vec<_> = (0..2_000).collect();
		assert_eq!(needed(2_000, &all[..MAX_OPENED + 1]), None);
		assert_eq!(needed(2_000, &all[..MAX_OPENED]).map(|nodes| nodes.len()), Some(1));
		assert_eq!(needed(0, &[0]), None);
		assert_eq!(root_from(u32::MAX, &[(u32::MAX - 1, leaf(0))], &[]), None);
	}

	proptest! {
		#[test]
		fn exactly_what_is_in_the_tree_is_proven(
			(count, indices) in (1u32..200).prop_flat_map(|count| {
				(Just(count), btree_set(0..count, 1..12usize.min(count as usize + 1)))
			}),
			change in any::<prop::sample::Index>(),
		) {
			let leaves = leaves(count);
			let root = root(&leaves).unwrap();
			let indices: Vec<_> = indices.into_iter().collect();
			let mut opened: Vec<_> =
				indices.iter().map(|index| (*index, leaves[*index as usize])).collect();

			let mut hashes = prove(&leaves, &indices).unwrap();

			prop_assert_eq!(root_from(count, &opened, &hashes), Some(root));
			prop_assert_eq!(needed(count, &indices).unwrap().len(), hashes.len());
			// One too many, one too few, two exchanged.
			hashes.push(leaf(0));
			prop_assert_eq!(root_from(count, &opened, &hashes), None);
			hashes.pop();
			if let Some(last) = hashes.pop() {
				prop_assert_eq!(root_from(count, &opened, &hashes), None);
				hashes.push(last);
			}
			if hashes.len() > 1 {
				hashes.swap(0, 1);
				prop_assert_ne!(root_from(count, &opened, &hashes), Some(root));
				hashes.swap(0, 1);
			}
			// Another leaf, or the same one at another place.
			let at = change.index(opened.len());
			opened[at].1 = leaf(u32::MAX);
			prop_assert_ne!(root_from(count, &opened, &hashes), Some(root));
			opened[at].1 = leaves[opened[at].0 as usize];
			opened[at].0 ^= 1;
			prop_assert_ne!(root_from(count, &opened, &hashes), Some(root));
		}

		/// A node of the tree, taken for a leaf of a smaller one, needs another count: it does not pass
		/// for a leaf where the count is known, and leaves are hashed with another tag.
		#[test]
		fn a_node_is_no_leaf(count in 2u32..100) {
			let leaves = leaves(count);
			let parents = upper(&leaves);
			prop_assert_eq!(root(&parents), root(&leaves));
			for (index, parent) in (0..).zip(&parents) {
				let hashes = prove(&parents, &[index]).unwrap();
				let from = root_from(count, &[(index, *parent)], &hashes);
				prop_assert_ne!(from, root(&leaves));
			}
		}

		#[test]
		fn stored_nodes_make_the_same_proofs(
			count in 1u32..200, at in any::<prop::sample::Index>(),
		) {
			use std::collections::BTreeMap;
			let (mut tree, mut stored) = (TreeBuilder::default(), BTreeMap::new());
			for leaf in leaves(count) {
				tree.push_visited(leaf, |level, index, hash| {
					stored.insert((level, index), *hash);
				})
				.unwrap();
			}
			let index = u32::try_from(at.index(count as usize)).unwrap();
			let hashes = prove(&leaves(count), &[index]).unwrap();
			for (position, hash) in needed(count, &[index]).unwrap().iter().zip(hashes) {
				// Nodes at the right edge of a tree that is not perfect are complete only with the last leaf.
				if let Some(stored) = stored.get(position) {
					prop_assert_eq!(*stored, hash);
				}
			}
			prop_assert_eq!(
				TreeBuilder::from_peaks(count, tree.peaks()),
				Some(tree)
			);
		}
	}
}

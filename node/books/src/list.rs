//! The lists of lanes on disk, and the proofs that are made of them.
//!
//! A [`LaneState`](super::LaneState) has the peaks of its lane's list. Beside it are the leaves, and the
//! nodes above them, as each was complete: they are written in the transaction that ends the call, and never
//! change. The nodes of the lowest row are the hashes of the leaves, and have no rows of their own.
//!
//! A proof is asked for of calls that are kept, and of the one before them, where a run begins. It takes the
//! hashes beside the way from a leaf up to its peak. So of the calls that were removed, a node goes once its
//! parent has none of those leaves below it: what is left is one node a level.

use std::{
	cell::RefCell,
	ops::{Range, RangeInclusive},
};

use openledger_primitives::{
	lane_list::{AggregateProof, LaneLeaf, LaneList, LaneSnapshot},
	mountain, Hash, Sequence,
};

use super::{
	error::StoreError,
	row::ReadRows,
	schema::{LeafKey, Node, NodeKey},
	snapshot::Snapshot,
	tables::Tables,
	types::{LaneKey, ListProof, ServedCall},
};

/// Rows of nodes that a list can have: its largest tree has 2^31 leaves.
const LEVELS: u8 = 32;

/// What a call adds to its lane's list.
pub(super) struct Grown {
	pub leaf: LaneLeaf,
	nodes: Vec<(u8, u32, Hash)>,
}

/// Adds a call to a lane's list in memory.
pub(super) fn grow(list: &mut LaneList, served: &ServedCall) -> Result<Grown, StoreError> {
	let said = served.statement.newest();
	let mut nodes = Vec::new();
	let leaf = list
		.append_visited(
			said.sequence,
			served.statement.hash(),
			&said.totals(),
			|level, at, hash| {
				if let Some(level) = u8::try_from(level).ok().filter(|level| *level > 0) {
					nodes.push((level, at, *hash));
				}
			},
		)
		.map_err(|_| StoreError::Invariant("the call does not fit its lane's list"))?;
	Ok(Grown { leaf, nodes })
}

/// Writes down what a call has added.
pub(super) fn write(
	tables: &mut Tables<'_>,
	lane: LaneKey,
	Grown { leaf, nodes }: &Grown,
) -> Result<(), StoreError> {
	let index = leaf.index().ok_or(StoreError::Invariant("a call is in no list"))?;
	tables.leaves.put(LeafKey { lane, index }, leaf)?;
	for (level, index, hash) in nodes {
		tables.nodes.put(NodeKey { lane, level: *level, index: *index }, &Node(*hash))?;
	}
	Ok(())
}

/// The first index at a level that stays when so many calls were removed. The newest of those is where a run
/// of the next ones begins.
fn first_kept(removed: u32, level: u8) -> u32 {
	let from = removed.saturating_sub(1);
	let parents = from.checked_shr(u32::from(level).saturating_add(1)).unwrap_or(0);
	parents.saturating_mul(2)
}

/// Removes what no proof needs any more once `now` calls of a lane are removed, where `before` were.
pub(super) fn prune(
	tables: &mut Tables<'_>,
	lane: LaneKey,
	before: u32,
	now: u32,
) -> Result<(), StoreError> {
	for level in 0..LEVELS {
		for index in first_kept(before, level)..first_kept(now, level) {
			match level {
				0 => tables.leaves.remove(LeafKey { lane, index })?,
				_ => tables.nodes.remove(NodeKey { lane, level, index })?,
			}
		}
	}
	Ok(())
}

/// Removes all that is left of a lane's list.
pub(super) fn remove(tables: &mut Tables<'_>, lane: LaneKey) -> Result<(), StoreError> {
	tables.leaves.remove_range(leaves(lane, 0, u32::MAX))?;
	let first = NodeKey { lane, level: 0, index: 0 };
	let last = NodeKey { lane, level: u8::MAX, index: u32::MAX };
	tables.nodes.remove_range(first..=last)
}

/// The keys of leaves from one index to another.
pub(super) fn leaves(lane: LaneKey, first: u32, last: u32) -> RangeInclusive<LeafKey> {
	LeafKey { lane, index: first }..=LeafKey { lane, index: last }
}

/// The list of a lane, to make proofs of.
pub(super) struct ListReader {
	lane: LaneKey,
	leaves: ReadRows<LaneLeaf>,
	nodes: ReadRows<Node>,
	/// The first thing that could not be read.
	failure: RefCell<Option<StoreError>>,
}

impl ListReader {
	/// Reads a lane's list.
	pub fn of(snapshot: &Snapshot, lane: LaneKey) -> Result<Self, StoreError> {
		let (leaves, nodes) = (snapshot.rows()?, snapshot.rows()?);
		Ok(Self { lane, leaves, nodes, failure: RefCell::new(None) })
	}

	/// A leaf, if it is kept.
	pub fn leaf(&self, index: u32) -> Result<Option<LaneLeaf>, StoreError> {
		self.leaves.get(LeafKey { lane: self.lane, index })
	}

	/// The index of the first leaf among these whose call is not below a sequence; their end, if all are. None if
	/// one that it takes is not kept.
	pub fn first_from(
		&self,
		sequence: Sequence,
		among: Range<u32>,
	) -> Result<Option<u32>, StoreError> {
		let Range { start: mut begin, mut end } = among;
		while begin < end {
			let middle = begin.midpoint(end);
			let Some(leaf) = self.leaf(middle)? else { return Ok(None) };
			if leaf.sequence < sequence {
				begin = middle.saturating_add(1);
			} else {
				end = middle;
			}
		}
		Ok(Some(begin))
	}

	/// The run of the leaves from `next` to `to`, of the list when it had `count` calls. None if what it takes
	/// is not kept, or never was.
	pub fn run(
		&self,
		count: u32,
		next: u32,
		to: u32,
	) -> Result<Option<AggregateProof>, StoreError> {
		let Some(list) = self.at(count)? else { return Ok(None) };
		let (leaf, node) = (|index| self.found_leaf(index), |level, index| self.node(level, index));
		self.done(AggregateProof::new(count, list.peaks(), (next, to), leaf, node))
	}

	/// What whoever lost a list goes on from.
	pub fn snapshot(&self, list: &LaneList) -> Result<Option<LaneSnapshot>, StoreError> {
		self.done(LaneSnapshot::new(list, |level, index| self.node(level, index)))
	}

	/// The list as it was when it had `count` calls.
	pub fn at(&self, count: u32) -> Result<Option<LaneList>, StoreError> {
		let node = |level, index| self.node(level, index);
		self.done(LaneList::at(count, |index| self.found_leaf(index), node))
	}

	/// The proof that a call is in the list of `count` calls.
	pub fn listed(&self, count: u32, index: u32) -> Result<Option<ListProof>, StoreError> {
		let (Some(list), Some(leaf)) = (self.at(count)?, self.leaf(index)?) else {
			return Ok(None);
		};
		let hashes = mountain::prove(count, &[index], |level, index| self.node(level, index));
		let peaks = list.peaks().to_vec();
		self.done(hashes.map(|hashes| ListProof { count, peaks, leaf, hashes }))
	}

	fn found_leaf(&self, index: u32) -> Option<LaneLeaf> {
		self.found(self.leaf(index))
	}

	fn node(&self, level: u32, index: u32) -> Option<Hash> {
		let level = u8::try_from(level).ok()?;
		if level == 0 {
			return self.found_leaf(index).map(|leaf| leaf.hash());
		}
		let node = self.nodes.get(NodeKey { lane: self.lane, level, index });
		self.found(node).map(|Node(hash)| hash)
	}

	/// What was read, for those who cannot be told of errors.
	fn found<T>(&self, read: Result<Option<T>, StoreError>) -> Option<T> {
		read.unwrap_or_else(|error| {
			self.failure.borrow_mut().get_or_insert(error);
			None
		})
	}

	/// What they have made of it, if nothing went wrong.
	fn done<T>(&self, made: Option<T>) -> Result<Option<T>, StoreError> {
		match self.failure.take() {
			Some(error) => Err(error),
			None => Ok(made),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::lane_list::Totals;
	use proptest::prelude::*;
	use std::collections::{BTreeMap, BTreeSet};

	#[test]
	fn little_is_left_of_calls_that_were_removed() {
		for removed in [0, 1, 2, 3, 1_000, 1 << 20, u32::MAX] {
			let newest = removed.saturating_sub(1);
			for level in 0..LEVELS {
				let kept = first_kept(removed, level);
				let of_newest = newest.checked_shr(u32::from(level)).unwrap_or(0);
				assert!(kept <= of_newest && of_newest - kept <= 1, "{removed} at {level}");
			}
		}
	}

	proptest! {
		#[test]
		fn what_stays_is_what_proofs_need(count in 1_u32..200, removed in 0_u32..200) {
			let removed = removed.min(count);
			let (mut list, mut leaves) = (LaneList::default(), Vec::new());
			let mut nodes = BTreeMap::new();
			let call = Totals { calls: 1, charge: 1, ..Totals::default() };
			for sequence in 1..=u64::from(count) {
				let leaf = list.append_visited(sequence, Hash::zero(), &call, |level, index, hash| {
					nodes.insert((level, index), *hash);
				});
				leaves.push(leaf.expect("it follows"));
			}
			nodes.retain(|(level, index), _| {
				*index >= first_kept(removed, u8::try_from(*level).expect("tests are short"))
			});
			let used = RefCell::new(BTreeSet::new());
			let node = |level, index| {
				used.borrow_mut().insert((level, index));
				nodes.get(&(level, index)).copied()
			};
			let leaf = |index: u32| {
				(index >= first_kept(removed, 0)).then(|| leaves[index as usize])
			};

			// Every voucher that can still come, and every run of calls that are not removed.
			for acknowledged in removed.max(1)..=count {
				let list = LaneList::at(acknowledged, leaf, node);
				prop_assert!(list.as_ref().is_some_and(|list| list.count() == acknowledged));
				let snapshot = list.as_ref().and_then(|list| LaneSnapshot::new(list, node));
				prop_assert!(snapshot.is_some());
				let peaks = list.expect("as seen").peaks().to_vec();
				for next in removed..acknowledged {
					let to = (next + 5).min(acknowledged - 1);
					let proof = AggregateProof::new(acknowledged, &peaks, (next, to), leaf, node);
					prop_assert!(proof.is_some(), "{next} to {to} of {acknowledged}");
					prop_assert!(mountain::prove(acknowledged, &[next], node).is_some());
				}
			}
			// Nothing stays for nobody, where there are calls to come, but the newest of those that were removed,
			// and what is above it.
			if count >= 2 * removed.max(8) {
				let stays: BTreeSet<_> = nodes.keys().copied().collect();
				let newest = removed.saturating_sub(1);
				let below = |(level, index): &&(u32, u32)| *index < newest >> level;
				let unused: Vec<_> =
					stays.difference(&used.borrow()).filter(below).copied().collect();
				prop_assert_eq!(unused, vec![]);
			}
		}
	}
}

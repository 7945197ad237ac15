//! The list of a lane's calls, made again from the statements that are kept, and what it does not have.
//!
//! Whoever signs the root of a lane's list has a statement of each call in it. So where all of them are kept, the
//! list can be made again, and shows of every sequence below the voucher's whether there was a call of it. A
//! statement that is not kept is no proof that there was none: without it the list has another root than was
//! acknowledged, and nothing is said.

use std::collections::BTreeMap;

use openledger_chain_client::Settlement;
use openledger_primitives::{
	lane_list::{LaneLeaf, LaneList, LookupProof},
	Hash, LaneId, Sequence,
};

use super::{acknowledged, Stated};

/// What an acknowledged list says of a sequence that it has no call of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotListed {
	/// The last sequence of the settlement whose voucher acknowledges the list.
	pub listed_in: Sequence,
	/// The proof that the list has no such call.
	pub lookup: LookupProof,
}

/// The list of a lane, and the settlements whose vouchers acknowledge what it was.
pub(super) struct KeptList {
	leaves: Vec<LaneLeaf>,
	nodes: BTreeMap<(u32, u32), Hash>,
	/// By the voucher's sequence: the last sequence of the settlement, and the root.
	acknowledged: BTreeMap<Sequence, (Sequence, Hash)>,
}

impl KeptList {
	/// Makes the list of a lane again.
	pub fn of<'a>(
		lane: LaneId,
		stated: &Stated<'_>,
		settlements: impl Iterator<Item = &'a Settlement>,
	) -> Self {
		let (mut list, mut leaves, mut nodes) = (LaneList::default(), Vec::new(), BTreeMap::new());
		for kept in acknowledged(stated, lane, 0..=Sequence::MAX) {
			let statement = &kept.receipt.statement;
			let said = statement.newest();
			let visit = |level, index, hash: &Hash| {
				nodes.insert((level, index), *hash);
			};
			match list.append_visited(said.sequence, statement.hash(), &said.totals(), visit) {
				Ok(leaf) => leaves.push(leaf),
				Err(_) => break,
			}
		}
		let mut kept = Self { leaves, nodes, acknowledged: BTreeMap::new() };
		let headers = settlements.map(|settlement| &settlement.header);
		for header in headers.filter(|header| header.lane == lane) {
			let (voucher, root) = (header.voucher_sequence, header.acknowledged_root);
			if kept.before(voucher).is_some_and(|list| list.root() == root) {
				kept.acknowledged.insert(voucher, (header.sequence, root));
			}
		}
		kept
	}

	/// Shows that the first list that was acknowledged after a sequence has no call of it. None if it has one, or
	/// if no such list is known.
	pub fn denies(&self, sequence: Sequence) -> Option<NotListed> {
		let later = sequence.checked_add(1)?..;
		let (voucher, (listed_in, root)) = self.acknowledged.range(later).next()?;
		let list = self.before(*voucher)?;
		let (leaf, node) = (|index| self.leaf(index), |level, index| self.node(level, index));
		let lookup = LookupProof::new(list.count(), list.peaks(), sequence, leaf, node)?;
		let found = lookup.verify(sequence, root).ok()?.copied();
		found.is_none().then_some(NotListed { listed_in: *listed_in, lookup })
	}

	/// The list of the calls before a sequence.
	fn before(&self, sequence: Sequence) -> Option<LaneList> {
		let count = self.leaves.partition_point(|leaf| leaf.sequence < sequence);
		let count = u32::try_from(count).ok()?;
		LaneList::at(count, |index| self.leaf(index), |level, index| self.node(level, index))
	}

	fn leaf(&self, index: u32) -> Option<LaneLeaf> {
		self.leaves.get(usize::try_from(index).ok()?).copied()
	}

	fn node(&self, level: u32, index: u32) -> Option<Hash> {
		self.nodes.get(&(level, index)).copied()
	}
}

//! What a report brings: statements of a node, what it settled, and what its caller has acknowledged.

use crate::{pallet::Config, types::SettledRootOf, versions::VersionedStatement};
use openledger_primitives::{
	lane::SettledItem, lane_list::LookupProof, tree, AccountId, Balance, Hash, LaneId, Sequence,
	SessionId, Signature,
};

/// The call that a statement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatedCall {
	pub(crate) genesis_hash: Hash,
	pub(crate) session: SessionId,
	pub(crate) lane: LaneId,
	pub(crate) sequence: Sequence,
}

/// What a node stated: a statement, its signature, and the receipt key that it is said to be of.
pub(crate) struct Stated<'a> {
	pub(crate) statement: &'a VersionedStatement,
	pub(crate) signature: &'a Signature,
	pub(crate) receipt_key: &'a AccountId,
}

impl Stated<'_> {
	/// The call that it is of.
	pub(crate) fn call(&self) -> StatedCall {
		let statement = self.statement.newest();
		StatedCall {
			genesis_hash: statement.genesis_hash,
			session: statement.session,
			lane: statement.lane,
			sequence: statement.sequence,
		}
	}

	/// What it says that the call cost, in planck.
	pub(crate) fn charge(&self) -> Balance {
		self.statement.newest().charge
	}

	/// Returns `true` if it says the same as `other`. Two of different versions may.
	pub(crate) fn agrees_with(&self, other: &Self) -> bool {
		self.statement.newest() == other.statement.newest()
	}

	/// Returns `true` if the receipt key has signed it.
	pub(crate) fn is_signed(&self) -> bool {
		self.statement.verify(self.signature, self.receipt_key)
	}
}

/// What the list of a lane that its caller has acknowledged says of a sequence.
pub(crate) struct Listed<'a> {
	/// The last sequence of the settlement whose voucher acknowledges the list.
	pub(crate) last_sequence: Sequence,
	pub(crate) proof: &'a LookupProof,
	/// The statement of the call that the list has of the sequence, if it has one.
	pub(crate) statement: Option<&'a VersionedStatement>,
}

/// An item of a settlement of a lane, at its place among the settlement's items, and the hashes that prove that.
pub(crate) struct SettledLeaf<'a> {
	/// The last sequence of its settlement.
	pub(crate) last_sequence: Sequence,
	pub(crate) item: &'a SettledItem,
	pub(crate) index: u32,
	pub(crate) hashes: &'a [Hash],
}

impl SettledLeaf<'_> {
	/// The sequence of the call. `None` if it is not of one call.
	pub(crate) fn sequence(&self) -> Option<Sequence> {
		match self.item {
			SettledItem::Call(call) => Some(call.record.sequence),
			SettledItem::Run(_) => None,
		}
	}

	/// Returns `true` if it stands behind the root.
	pub(crate) fn is_behind<T: Config>(&self, root: &SettledRootOf<T>) -> bool {
		let leaf = (self.index, self.item.leaf());
		tree::root_from(root.items, &[leaf], self.hashes) == Some(root.root)
	}

	/// Returns `true` if the statement says the same of the call, whatever it cost.
	pub(crate) fn is_as_stated<T: Config>(
		&self,
		statement: &VersionedStatement,
		root: &SettledRootOf<T>,
	) -> bool {
		let statement = statement.newest();
		let SettledItem::Call(call) = self.item else { return false };
		// The node settled it under the lane's agreement, whatever it had stated.
		statement.record() == call.record && root.agreement == statement.agreement.hash()
	}
}

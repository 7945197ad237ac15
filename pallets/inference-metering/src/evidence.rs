//! What a report brings, in each of the formats that count: statements of a node, and what it settled.
//!
//! The rules of [`disputes`](crate::disputes) are the same for all of them.

use crate::{pallet::Config, types::SettledRootOf, versions::VersionedStatement};
use openledger_primitives::{
	lane::SettledItem,
	lane_list::LookupProof,
	merkle::{self, InclusionProof},
	record::CallRecord,
	signing::Signed,
	statement::Statement,
	tree, AccountId, Balance, Hash, LaneId, Sequence, SessionId, Signature,
};

/// The call that a statement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatedCall {
	pub(crate) genesis_hash: Hash,
	pub(crate) session: SessionId,
	pub(crate) lane: LaneId,
	pub(crate) sequence: Sequence,
}

/// A node's statement of a call.
pub(crate) trait CallStatement {
	/// The call that it is of.
	fn call(&self) -> StatedCall;

	/// What it says that the call cost, in planck.
	fn charge(&self) -> Balance;

	/// Returns `true` if it says the same as `other`.
	fn agrees_with(&self, other: &Self) -> bool;

	/// Returns `true` if `signature` is that of `key` over it.
	fn is_signed(&self, signature: &Signature, key: &AccountId) -> bool;
}

/// What a node settled of a call, with the proof that it stands behind a root.
pub(crate) trait SettledProof {
	/// The statements that it can contradict.
	type Statement: CallStatement;

	/// The last sequence of its settlement.
	fn last_sequence(&self) -> Sequence;

	/// The sequence of the call. None if it is not of one call.
	fn sequence(&self) -> Option<Sequence>;

	/// What the call was charged, in planck.
	fn charge(&self) -> Balance;

	/// Returns `true` if it stands behind the root.
	fn is_behind<T: Config>(&self, root: &SettledRootOf<T>) -> bool;

	/// Returns `true` if the statement says the same of the call, whatever it cost.
	fn is_as_stated<T: Config>(&self, statement: &Self::Statement, root: &SettledRootOf<T>)
		-> bool;
}

/// What a node stated: a statement, its signature, and the receipt key that it is said to be of.
pub(crate) struct Stated<'a, S> {
	pub(crate) statement: &'a S,
	pub(crate) signature: &'a Signature,
	pub(crate) receipt_key: &'a AccountId,
}

/// A settled record of a lane without an agreement.
pub(crate) struct SettledRecord<'a> {
	pub(crate) last_sequence: Sequence,
	pub(crate) record: &'a CallRecord,
	pub(crate) charge: Balance,
	pub(crate) proof: &'a InclusionProof,
}

/// What the list of a lane that its caller has acknowledged says of a sequence.
pub(crate) struct Listed<'a> {
	/// The last sequence of the settlement whose voucher acknowledges the list.
	pub(crate) last_sequence: Sequence,
	pub(crate) proof: &'a LookupProof,
	/// The statement of the call that the list has of the sequence, if it has one.
	pub(crate) statement: Option<&'a VersionedStatement>,
}

/// An item of a settlement of a lane with an agreement, at its place among the settlement's items, and the
/// hashes that prove that.
pub(crate) struct SettledLeaf<'a> {
	pub(crate) last_sequence: Sequence,
	pub(crate) item: &'a SettledItem,
	pub(crate) index: u32,
	pub(crate) hashes: &'a [Hash],
}

impl CallStatement for Statement {
	fn call(&self) -> StatedCall {
		let Self { genesis_hash, session, lane, sequence, .. } = *self;
		StatedCall { genesis_hash, session, lane, sequence }
	}

	fn charge(&self) -> Balance {
		self.charge
	}

	fn agrees_with(&self, other: &Self) -> bool {
		self == other
	}

	fn is_signed(&self, signature: &Signature, key: &AccountId) -> bool {
		self.verify(signature, key)
	}
}

impl CallStatement for VersionedStatement {
	fn call(&self) -> StatedCall {
		let statement = self.newest();
		StatedCall {
			genesis_hash: statement.genesis_hash,
			session: statement.session,
			lane: statement.lane,
			sequence: statement.sequence,
		}
	}

	fn charge(&self) -> Balance {
		self.newest().charge
	}

	/// Two of different versions may say the same.
	fn agrees_with(&self, other: &Self) -> bool {
		self.newest() == other.newest()
	}

	fn is_signed(&self, signature: &Signature, key: &AccountId) -> bool {
		self.verify(signature, key)
	}
}

impl SettledProof for SettledRecord<'_> {
	type Statement = Statement;

	fn last_sequence(&self) -> Sequence {
		self.last_sequence
	}

	fn sequence(&self) -> Option<Sequence> {
		Some(self.record.sequence)
	}

	fn charge(&self) -> Balance {
		self.charge
	}

	/// How many leaves there are is the node's word where it settled sums, so that no proof is held to it.
	fn is_behind<T: Config>(&self, root: &SettledRootOf<T>) -> bool {
		root.agreement.is_none() && merkle::verify(&root.root, self.record, self.charge, self.proof)
	}

	fn is_as_stated<T: Config>(&self, statement: &Statement, _: &SettledRootOf<T>) -> bool {
		let as_settled = Statement::of(
			statement.genesis_hash,
			statement.session,
			statement.lane,
			self.record,
			// A node may settle for less than it stated.
			statement.charge,
		);
		as_settled == *statement
	}
}

impl SettledProof for SettledLeaf<'_> {
	type Statement = VersionedStatement;

	fn last_sequence(&self) -> Sequence {
		self.last_sequence
	}

	fn sequence(&self) -> Option<Sequence> {
		match self.item {
			SettledItem::Call(call) => Some(call.record.sequence),
			SettledItem::Run(_) => None,
		}
	}

	fn charge(&self) -> Balance {
		self.item.charge()
	}

	fn is_behind<T: Config>(&self, root: &SettledRootOf<T>) -> bool {
		let leaf = (self.index, self.item.leaf());
		root.agreement.is_some()
			&& tree::root_from(root.records, &[leaf], self.hashes) == Some(root.root)
	}

	fn is_as_stated<T: Config>(
		&self,
		statement: &VersionedStatement,
		root: &SettledRootOf<T>,
	) -> bool {
		let statement = statement.newest();
		let SettledItem::Call(call) = self.item else { return false };
		// The node settled it under the lane's agreement, whatever it had stated.
		statement.record() == call.record && root.agreement == Some(statement.agreement.hash())
	}
}

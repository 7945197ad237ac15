//! Blocks, and at which of them the state is read.

use openledger_primitives::{BlockNumber, Hash};

/// At which block the state is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
	/// The newest block, which a reorganisation may still undo.
	Best,
	/// The newest block that can never be undone.
	Finalized,
	/// This block.
	Block(Hash),
}

/// A block's number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
	/// Its height.
	pub number: BlockNumber,
	/// Its hash.
	pub hash: Hash,
}

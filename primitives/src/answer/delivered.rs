//! The exact bytes that were delivered, in pieces.
//!
//! Words are folded, and so say nothing of spaces, case or punctuation. Those must not be the node's to choose
//! afterwards; so the delivered bytes have a tree of their own, and each word says where it
//! stands in them.

use super::{AnswerError, AnswerSalts, MAX_ANSWER};
use crate::{
	domain::{self, Salt, PIECE_LEAF},
	tree, Hash,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Bytes of a piece, the last one excepted.
pub const PIECE_BYTES: u32 = 1_024;
/// Hashes beside a piece in the tree of the longest answer.
pub const MAX_PIECE_HASHES: u32 = 14;

fn leaf(index: u32, salt: &Salt, bytes: &[u8]) -> Hash {
	domain::hash(PIECE_LEAF, &[&index.to_le_bytes(), salt, bytes])
}

/// The hashes of all pieces of what was delivered, from which proofs are made.
///
/// # Errors
///
/// [`AnswerError::TooLong`] if it has more than [`MAX_ANSWER`] bytes.
pub fn piece_hashes(salts: &AnswerSalts, delivered: &[u8]) -> Result<Vec<Hash>, AnswerError> {
	if u32::try_from(delivered.len()).map_or(true, |length| length > MAX_ANSWER) {
		return Err(AnswerError::TooLong);
	}
	let pieces = delivered.chunks(usize::try_from(PIECE_BYTES).unwrap_or(usize::MAX));
	Ok((0..).zip(pieces).map(|(index, bytes)| leaf(index, &salts.piece(index), bytes)).collect())
}

/// The root over what was delivered: [`tree::empty`] if that is nothing.
///
/// # Errors
///
/// [`AnswerError::TooLong`] if it has more than [`MAX_ANSWER`] bytes.
pub fn delivered_root(salts: &AnswerSalts, delivered: &[u8]) -> Result<Hash, AnswerError> {
	tree::root(&piece_hashes(salts, delivered)?).ok_or(AnswerError::TooLong)
}

/// That some bytes are a piece of what was delivered.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PieceProof {
	/// The piece's place, from 0: it begins at 1,024 times as many bytes.
	pub index: u32,
	/// All its bytes.
	pub bytes: BoundedVec<u8, ConstU32<PIECE_BYTES>>,
	/// Its salt.
	pub salt: Salt,
	/// The hashes beside it, from the leaf up.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_PIECE_HASHES>>,
}

impl PieceProof {
	/// Shows the piece at `index` of what was delivered. `None` if there is none, or that was too long.
	pub fn new(salts: &AnswerSalts, delivered: &[u8], index: u32) -> Option<Self> {
		let hashes = tree::prove(&piece_hashes(salts, delivered).ok()?, &[index])?;
		let bytes = delivered
			.chunks(usize::try_from(PIECE_BYTES).ok()?)
			.nth(usize::try_from(index).ok()?)?;
		Some(Self {
			index,
			bytes: bytes.to_vec().try_into().ok()?,
			salt: salts.piece(index),
			hashes: hashes.try_into().ok()?,
		})
	}

	/// The delivered bytes before the piece, if it is one of an answer of `length` bytes with this root.
	///
	/// # Errors
	///
	/// [`AnswerError::TooLong`] if no answer has this length, [`AnswerError::Count`] if the piece has
	/// another length than the one at its place, [`AnswerError::Root`] if it is another one.
	pub fn verify(&self, delivered_root: &Hash, length: u32) -> Result<u32, AnswerError> {
		if length > MAX_ANSWER {
			return Err(AnswerError::TooLong);
		}
		let begin = self.index.checked_mul(PIECE_BYTES).ok_or(AnswerError::Count)?;
		let expected = length.checked_sub(begin).ok_or(AnswerError::Count)?.min(PIECE_BYTES);
		if expected == 0 || u32::try_from(self.bytes.len()) != Ok(expected) {
			return Err(AnswerError::Count);
		}
		let opened = [(self.index, leaf(self.index, &self.salt, &self.bytes))];
		let root = tree::root_from(length.div_ceil(PIECE_BYTES), &opened, &self.hashes);
		if root != Some(*delivered_root) {
			return Err(AnswerError::Root);
		}
		Ok(begin)
	}
}

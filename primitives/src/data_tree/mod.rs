//! The tree that commits to a contribution's canonical stream, and proofs of ranges of it.
//!
//! A leaf is 256 bytes of the stream, the last one what is left. The size on chain binds the number of
//! leaves and the length of each, so that a proof brings neither: a range of a stream of a given root
//! and size is shown in exactly one form. For private data each leaf has a salt, so that nobody can
//! guess at leaves whose hashes a proof of other ones shows.

use crate::{
	domain::{self, derive_salt, Salt, DATA_LEAF, DATA_SALT, DRAWN_LEAF, PRIVATE_LEAF},
	stream::MAX_STREAM,
	tree::{self, TreeBuilder},
	ContributionId, Hash,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Bytes of a leaf, the last one excepted.
pub const LEAF_BYTES: u32 = 256;
/// Bytes of the longest range that one proof shows.
pub const MAX_RANGE: u32 = 512;
/// Leaves that such a range touches at most.
pub const MAX_RANGE_LEAVES: u32 = 3;
/// Bytes of those leaves.
pub const MAX_SHOWN: u32 = MAX_RANGE_LEAVES * LEAF_BYTES;
/// Hashes beside those leaves: two in each level but the last of a tree over [`MAX_STREAM`] bytes, which
/// has 28. In 1 GB a range inside one leaf takes 22, all but a 64th of the others 26 or less, and one over
/// the middle of the tree 42.
pub const MAX_RANGE_HASHES: u32 = 2 * 27;

/// Reason for which a range is not shown by a proof, or cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataError {
	/// A stream has at least one byte and at most [`MAX_STREAM`].
	Size,
	/// A range has 1 to [`MAX_RANGE`] bytes, and ends where the stream ends or before.
	Range,
	/// The bytes shown are not as many as those of the leaves that the range touches.
	Length,
	/// There is not one salt a leaf for private data, or there is one for public data.
	Salts,
	/// The hashes are not as many as needed, or do not lead to the root.
	Root,
}

impl core::fmt::Display for DataError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		match self {
			Self::Size => write!(f, "a stream has 1 to {MAX_STREAM} bytes"),
			Self::Range => write!(f, "a range has 1 to {MAX_RANGE} bytes inside its stream"),
			Self::Length => write!(f, "the bytes shown are not those of the range's leaves"),
			Self::Salts => write!(f, "private data has one salt a leaf, public data none"),
			Self::Root => write!(f, "the proof does not lead to the contribution's root"),
		}
	}
}

impl core::error::Error for DataError {}

/// The secret of private data: whoever has it can make all proofs, and guess at all leaves. It is drawn
/// at random, anew for each contribution: under one seed equal leaves at one place have equal hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct DataSeed(pub [u8; 32]);

impl core::fmt::Debug for DataSeed {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		f.write_str("DataSeed(…)")
	}
}

impl DataSeed {
	/// The salt of the leaf at `index`.
	pub fn salt(&self, index: u32) -> Salt {
		derive_salt(DATA_SALT, &self.0, index)
	}
}

/// The chain's knowledge of a contribution's data.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DataRoot {
	/// The root over its leaves.
	pub root: Hash,
	/// The stream's size in bytes.
	pub size: u64,
	/// `true` if its leaves have salts.
	pub private: bool,
}

impl DataRoot {
	/// The number of leaves. `None` if no stream has this size.
	pub fn leaves(&self) -> Option<u32> {
		if self.size == 0 || self.size > MAX_STREAM {
			return None;
		}
		u32::try_from(self.size.div_ceil(LEAF_BYTES.into())).ok()
	}

	/// The number of leaves, from the first on, of which one is drawn: those left of the root, or the only one. `None`
	/// if no stream has this size.
	///
	/// A root does not say how many leaves it is over, and a leaf far to the right may have few hashes beside it: the
	/// last of five stands under their root like the second of two. Who has nothing but that one could say
	/// that there are two. But all leaves left of the root have as many hashes beside them as the number of leaves
	/// demands, and nobody shows one of them who says that there are less than half as many.
	fn drawable(&self) -> Option<u32> {
		let above = self.leaves()?.checked_next_power_of_two()?;
		Some((above / 2).max(1))
	}

	/// The leaf that the contributor of `contribution` has to show, where the draw has come out as `seed`: whoever
	/// does not know the seed cannot tell which. It is left of the root. `None` if no stream has this size.
	pub fn drawn(&self, seed: &Hash, contribution: ContributionId) -> Option<DrawnLeaf> {
		let drawn = domain::hash(DRAWN_LEAF, &[seed.as_bytes(), &contribution.to_le_bytes()]);
		let number = u64::from_le_bytes(*drawn.as_bytes().first_chunk()?);
		let leaf = u32::try_from(number.checked_rem(self.drawable()?.into())?).ok()?;
		let offset = u64::from(leaf).checked_mul(LEAF_BYTES.into())?;
		let length = self.size.checked_sub(offset)?.min(LEAF_BYTES.into());
		Some(DrawnLeaf { leaf, offset, length: u32::try_from(length).ok()? })
	}

	/// The leaves that a range touches: the first, the one after the last, and the bytes of all of them.
	///
	/// # Errors
	///
	/// [`DataError::Size`] if no stream has this size, [`DataError::Range`] if the range has no bytes, more than
	/// [`MAX_RANGE`], or some beyond the stream's end.
	pub fn leaves_of(&self, offset: u64, length: u32) -> Result<ShownLeaves, DataError> {
		let count = self.leaves().ok_or(DataError::Size)?;
		let end = offset.checked_add(length.into()).ok_or(DataError::Range)?;
		if length == 0 || length > MAX_RANGE || end > self.size {
			return Err(DataError::Range);
		}
		let leaf = u64::from(LEAF_BYTES);
		let (first, after) = (offset / leaf, end.div_ceil(leaf));
		let begin = first.saturating_mul(leaf);
		let bytes = after.saturating_mul(leaf).min(self.size).saturating_sub(begin);
		Ok(ShownLeaves {
			count,
			first: u32::try_from(first).map_err(|_| DataError::Range)?,
			after: u32::try_from(after).map_err(|_| DataError::Range)?,
			bytes: u32::try_from(bytes).map_err(|_| DataError::Range)?,
			before: u32::try_from(offset.saturating_sub(begin)).map_err(|_| DataError::Range)?,
		})
	}
}

/// A leaf that was drawn, and the range of the stream that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DrawnLeaf {
	/// Its number, from 0.
	pub leaf: u32,
	/// Bytes of the stream before it.
	pub offset: u64,
	/// Its bytes.
	pub length: u32,
}

/// The leaves that a range touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownLeaves {
	/// Leaves of the whole stream.
	pub count: u32,
	/// The first leaf that is shown.
	pub first: u32,
	/// The leaf after the last one that is shown.
	pub after: u32,
	/// Bytes of all leaves that are shown.
	pub bytes: u32,
	/// Bytes of them before the range.
	pub before: u32,
}

/// The hash of a leaf: salted if there is a salt.
pub fn leaf(bytes: &[u8], salt: Option<&Salt>) -> Hash {
	match salt {
		None => domain::hash(DATA_LEAF, &[bytes]),
		Some(salt) => domain::hash(PRIVATE_LEAF, &[salt, bytes]),
	}
}

/// The root over a stream that comes in pieces of any size, in memory of a leaf and of one hash a level.
#[derive(Clone, Debug)]
pub struct DataRootBuilder {
	seed: Option<DataSeed>,
	tree: TreeBuilder,
	leaf: Vec<u8>,
	size: u64,
}

impl DataRootBuilder {
	/// A tree without leaves: of private data, if there is a seed.
	pub fn new(seed: Option<DataSeed>) -> Self {
		Self { seed, tree: TreeBuilder::default(), leaf: Vec::new(), size: 0 }
	}

	/// Takes the next bytes. What goes beyond [`MAX_STREAM`] is counted only, and
	/// [`finish`](Self::finish) says so.
	pub fn push(&mut self, mut bytes: &[u8]) {
		let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
		self.size = self.size.saturating_add(length);
		if self.size > MAX_STREAM {
			return;
		}
		let full = usize::try_from(LEAF_BYTES).unwrap_or(usize::MAX);
		while !bytes.is_empty() {
			let missing = full.saturating_sub(self.leaf.len());
			let (now, later) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
			self.leaf.extend_from_slice(now);
			bytes = later;
			if self.leaf.len() == full {
				self.close_leaf();
			}
		}
	}

	fn close_leaf(&mut self) {
		let salt = self.seed.as_ref().map(|seed| seed.salt(self.tree.count()));
		// The size was checked: there are far fewer leaves than a tree takes.
		let _ = self.tree.push(leaf(&self.leaf, salt.as_ref()));
		self.leaf.clear();
	}

	/// Ends the stream, and returns what the chain is to know of it.
	///
	/// # Errors
	///
	/// [`DataError::Size`] if there were no bytes, or more than [`MAX_STREAM`].
	pub fn finish(mut self) -> Result<DataRoot, DataError> {
		if !self.leaf.is_empty() {
			self.close_leaf();
		}
		let data =
			DataRoot { root: self.tree.root(), size: self.size, private: self.seed.is_some() };
		data.leaves().map(|_| data).ok_or(DataError::Size)
	}
}

/// The root over a whole stream.
///
/// # Errors
///
/// [`DataError::Size`] if it has no bytes, or more than [`MAX_STREAM`].
pub fn root(stream: &[u8], seed: Option<&DataSeed>) -> Result<DataRoot, DataError> {
	let mut builder = DataRootBuilder::new(seed.cloned());
	builder.push(stream);
	builder.finish()
}

/// The hashes of all leaves of a stream, from which proofs are made.
pub fn leaf_hashes(stream: &[u8], seed: Option<&DataSeed>) -> Vec<Hash> {
	let chunks = stream.chunks(usize::try_from(LEAF_BYTES).unwrap_or(usize::MAX));
	(0..)
		.zip(chunks)
		.map(|(index, bytes)| leaf(bytes, seed.map(|seed| seed.salt(index)).as_ref()))
		.collect()
}

/// That some bytes stand in a stream: the leaves that they touch, and the hashes beside those.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RangeProof {
	/// All bytes of the leaves.
	pub bytes: BoundedVec<u8, ConstU32<MAX_SHOWN>>,
	/// One salt a leaf for private data, none for public data.
	pub salts: BoundedVec<Salt, ConstU32<MAX_RANGE_LEAVES>>,
	/// The hashes beside them, from the leaves up, and from left to right.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_RANGE_HASHES>>,
}

impl RangeProof {
	/// Shows `length` bytes at `offset` of a stream, whose leaves have these hashes
	/// ([`leaf_hashes`]).
	///
	/// # Errors
	///
	/// As [`DataRoot::leaves_of`], and [`DataError::Root`] if the hashes are of another stream.
	pub fn new(
		stream: &[u8],
		seed: Option<&DataSeed>,
		hashes: &[Hash],
		offset: u64,
		length: u32,
	) -> Result<Self, DataError> {
		let size = u64::try_from(stream.len()).map_err(|_| DataError::Size)?;
		let data = DataRoot { root: Hash::zero(), size, private: seed.is_some() };
		let shown = data.leaves_of(offset, length)?;
		let indices: Vec<_> = (shown.first..shown.after).collect();
		let leaf_bytes = usize::try_from(LEAF_BYTES).map_err(|_| DataError::Range)?;
		let bytes: Vec<u8> = stream
			.chunks(leaf_bytes)
			.skip(usize::try_from(shown.first).map_err(|_| DataError::Range)?)
			.take(indices.len())
			.flatten()
			.copied()
			.collect();
		let salts: Vec<_> = seed
			.map(|seed| indices.iter().map(|index| seed.salt(*index)).collect())
			.unwrap_or_default();
		if u32::try_from(hashes.len()) != Ok(shown.count) {
			return Err(DataError::Root);
		}
		let hashes = tree::prove(hashes, &indices).ok_or(DataError::Root)?;
		Ok(Self {
			bytes: bytes.try_into().map_err(|_| DataError::Length)?,
			salts: salts.try_into().map_err(|_| DataError::Salts)?,
			hashes: hashes.try_into().map_err(|_| DataError::Root)?,
		})
	}

	/// The `length` bytes at `offset` of the contribution's stream, if this shows them.
	///
	/// # Errors
	///
	/// As [`DataRoot::leaves_of`], and [`DataError::Length`], [`DataError::Salts`] or
	/// [`DataError::Root`] if the proof shows something else.
	pub fn verify(&self, data: &DataRoot, offset: u64, length: u32) -> Result<&[u8], DataError> {
		let shown = data.leaves_of(offset, length)?;
		if u32::try_from(self.bytes.len()) != Ok(shown.bytes) {
			return Err(DataError::Length);
		}
		let indices = shown.first..shown.after;
		let salts = if data.private { indices.len() } else { 0 };
		if self.salts.len() != salts {
			return Err(DataError::Salts);
		}
		let chunks = self.bytes.chunks(usize::try_from(LEAF_BYTES).unwrap_or(usize::MAX));
		let mut salts = self.salts.iter();
		let opened: Vec<_> =
			indices.zip(chunks).map(|(index, bytes)| (index, leaf(bytes, salts.next()))).collect();
		if tree::root_from(shown.count, &opened, &self.hashes) != Some(data.root) {
			return Err(DataError::Root);
		}
		usize::try_from(shown.before)
			.ok()
			.and_then(|before| self.bytes.get(before..))
			.and_then(|bytes| bytes.get(..usize::try_from(length).ok()?))
			.ok_or(DataError::Length)
	}
}

#[cfg(test)]
mod tests;

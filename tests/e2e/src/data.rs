//! The contributions' data and their Merkle roots.

use openledger_primitives::{Hash, Weight};
use sp_io::hashing::blake2_256;

/// Bytes of one chunk, the smallest piece of data that can be proven.
pub const CHUNK: usize = 256;

/// A contributor's data set.
#[derive(Clone, Copy, Debug)]
pub struct DataSet {
	/// What it is about.
	pub title: &'static str,
	/// The contributor's development key.
	pub contributor: &'static str,
	/// The weight that the curator gives it.
	pub weight: Weight,
	/// The data.
	pub bytes: &'static [u8],
}

impl DataSet {
	/// Its length in bytes.
	pub fn size(&self) -> u64 {
		u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
	}

	/// What is committed on chain.
	pub fn root(&self) -> Hash {
		merkle_root(self.bytes)
	}
}

/// The three contributions of the datanet "geo facts".
pub const DATA_SETS: [DataSet; 3] = [
	DataSet {
		title: "capitals",
		contributor: "//Charlie",
		weight: 5,
		bytes: include_bytes!("../data/capitals.txt"),
	},
	DataSet {
		title: "rivers",
		contributor: "//Dave",
		weight: 3,
		bytes: include_bytes!("../data/rivers.txt"),
	},
	DataSet {
		title: "mountains",
		contributor: "//Eve",
		weight: 2,
		bytes: include_bytes!("../data/mountains.txt"),
	},
];

/// The Merkle root over the data's chunks. Leaves and inner nodes are hashed with different first
/// bytes, so that none can pass for the other; a node without a sibling moves up as it is.
pub fn merkle_root(data: &[u8]) -> Hash {
	let mut level: Vec<[u8; 32]> =
		data.chunks(CHUNK).map(|chunk| blake2_256(&[&[0], chunk].concat())).collect();
	while level.len() > 1 {
		level = level
			.chunks(2)
			.map(|pair| match pair {
				[left, right] => blake2_256(&[&[1], left.as_slice(), right.as_slice()].concat()),
				alone => alone.concat().try_into().unwrap_or_default(),
			})
			.collect();
	}
	// No data at all: the hash of an empty chunk.
	level.first().copied().unwrap_or_else(|| blake2_256(&[0])).into()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn root_of_three_chunks() {
		let data = vec![7; 2 * CHUNK + 1];
		let leaf = |bytes: &[u8]| blake2_256(&[&[0], bytes].concat());
		let (a, b, c) = (leaf(&data[..CHUNK]), leaf(&data[CHUNK..2 * CHUNK]), leaf(&[7]));
		let ab = blake2_256(&[&[1], a.as_slice(), b.as_slice()].concat());
		let root = blake2_256(&[&[1], ab.as_slice(), c.as_slice()].concat());
		assert_eq!(merkle_root(&data), Hash::from(root));
	}

	#[test]
	fn every_byte_counts() {
		let root = DATA_SETS[0].root();
		let mut changed = DATA_SETS[0].bytes.to_vec();
		changed[CHUNK + 3] ^= 1;
		assert_ne!(merkle_root(&changed), root);
		assert_ne!(merkle_root(&changed[1..]), merkle_root(&changed));
		assert_ne!(merkle_root(&[]), Hash::zero());
	}

	#[test]
	fn data_sets_have_several_chunks_and_different_roots() {
		let mut roots: Vec<_> = DATA_SETS.iter().map(DataSet::root).collect();
		roots.sort();
		roots.dedup();
		assert_eq!(roots.len(), DATA_SETS.len());
		assert!(DATA_SETS.iter().all(|data| data.bytes.len() > CHUNK));
	}
}

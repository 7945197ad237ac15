//! The contributions' data, and the roots that commit to it.

use anyhow::Result;
use openledger_primitives::{
	data_tree::{self, leaf_hashes, DataRoot, DrawnLeaf, RangeProof},
	stream, Weight,
};

/// A contributor's data set.
#[derive(Clone, Copy, Debug)]
pub struct DataSet {
	/// Its subject.
	pub title: &'static str,
	/// The contributor's development key.
	pub contributor: &'static str,
	/// The weight that the curator gives it.
	pub weight: Weight,
	/// The data: one document.
	pub bytes: &'static [u8],
}

impl DataSet {
	/// The commitment on chain: the root over the data's canonical stream, and the stream's size.
	///
	/// # Errors
	/// If there is nothing in it, or it is no text.
	pub fn root(&self) -> Result<DataRoot> {
		root(self.bytes)
	}

	/// The proof that its contributor has the data: of the leaf that was drawn.
	///
	/// # Errors
	/// As of [`root`](Self::root), and if it has no such leaf.
	pub fn proof(&self, drawn: DrawnLeaf) -> Result<RangeProof> {
		let stream = stream::canonical([self.bytes])?;
		let hashes = leaf_hashes(&stream, None);
		Ok(RangeProof::new(&stream, None, &hashes, drawn.offset, drawn.length)?)
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

fn root(document: &[u8]) -> Result<DataRoot> {
	Ok(data_tree::root(&stream::canonical([document])?, None)?)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_word_counts_and_no_line_break_does() {
		let text = std::str::from_utf8(DATA_SETS[0].bytes).unwrap();
		let whole = DATA_SETS[0].root().unwrap();

		assert_eq!(root(text.replace('\n', "\r\n  ").as_bytes()).unwrap(), whole);
		assert_ne!(root(text.replace("Oslo", "Osla").as_bytes()).unwrap().root, whole.root);
		assert_ne!(root(&text.as_bytes()[1..]).unwrap().root, whole.root);
		assert!(root(b" \n").is_err());
	}

	#[test]
	fn each_leaf_of_a_data_set_can_be_shown() {
		let data = DATA_SETS[0].root().unwrap();
		for seed in 0..20 {
			let drawn = data.drawn(&[seed; 32].into(), 7).unwrap();
			let proof = DATA_SETS[0].proof(drawn).unwrap();
			assert!(proof.verify(&data, drawn.offset, drawn.length).is_ok());
		}
	}

	#[test]
	fn data_sets_have_several_leaves_and_different_roots() {
		let roots = DATA_SETS.map(|data| data.root().unwrap());

		assert!(roots.iter().all(|data| data.leaves().is_some_and(|leaves| leaves > 1)));
		let mut different: Vec<_> = roots.iter().map(|data| data.root).collect();
		different.sort();
		different.dedup();
		assert_eq!(different.len(), DATA_SETS.len());
	}
}

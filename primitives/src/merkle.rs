//! Proofs that a call record is one of those behind a settlement's root.
//!
//! A binary Merkle tree over the records in rising order of their sequence, hashed with BLAKE2b-256.
//! A leaf is the hash of a domain tag, the encoded record and its charge. The tag makes a leaf longer
//! than the two hashes of an inner node, so that neither can be taken for the other.

use crate::{record::CallRecord, Balance, Hash, MAX_PROOF};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, Hasher};
use sp_runtime::{traits::BlakeTwo256, BoundedVec};

const LEAF_TAG: &[u8] = b"openledger/settled-record/v1";

/// That a record is one of those behind a root.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct InclusionProof {
	/// The hashes beside the path from the leaf up to the root.
	pub path: BoundedVec<Hash, ConstU32<MAX_PROOF>>,
	/// The number of records.
	pub leaves: u32,
	/// The record's place among them, from 0.
	pub index: u32,
}

/// The hash of a record and what it was charged, in planck.
pub fn leaf(record: &CallRecord, charge: Balance) -> Hash {
	let mut bytes = LEAF_TAG.to_vec();
	record.encode_to(&mut bytes);
	charge.encode_to(&mut bytes);
	BlakeTwo256::hash(&bytes)
}

/// The root over leaves that [`leaf`] made. Zero if there are none.
pub fn root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
	binary_merkle_tree::merkle_root_raw::<BlakeTwo256, _>(leaves)
}

/// Proves that the leaf at `index` is one of `leaves`. `None` if there is no such leaf.
pub fn prove(leaves: &[Hash], index: u32) -> Option<InclusionProof> {
	let count = u32::try_from(leaves.len()).ok()?;
	if index >= count {
		return None;
	}
	let proof =
		binary_merkle_tree::merkle_proof_raw::<BlakeTwo256, _>(leaves.iter().copied(), index);
	Some(InclusionProof { path: proof.proof.try_into().ok()?, leaves: count, index })
}

/// Returns `true` if a record, charged so much, is one of those behind `root`.
pub fn verify(root: &Hash, record: &CallRecord, charge: Balance, proof: &InclusionProof) -> bool {
	binary_merkle_tree::verify_proof::<BlakeTwo256, _, _>(
		root,
		proof.path.iter().copied(),
		proof.leaves,
		proof.index,
		binary_merkle_tree::Leaf::Hash(leaf(record, charge)),
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn record(sequence: u64) -> CallRecord {
		CallRecord {
			sequence,
			model: 1,
			version: 0,
			price_version: 0,
			input_tokens: 5,
			output_tokens: 7,
			request_hash: Hash::repeat_byte(1),
			response_hash: Hash::repeat_byte(2),
			attribution: Default::default(),
		}
	}

	#[test]
	fn nothing_is_proven_of_nothing() {
		assert_eq!(root([]), Hash::zero());
		assert_eq!(prove(&[], 0), None);
		let proof = InclusionProof { path: Default::default(), leaves: 0, index: 0 };
		assert!(!verify(&Hash::zero(), &record(0), 0, &proof));
	}

	proptest! {
		#[test]
		fn exactly_what_is_in_the_tree_is_proven(count in 1u32..70, at in 0u32..70, other in 0u64..100) {
			let at = at % count;
			let leaves: Vec<_> = (0..count).map(|n| leaf(&record(n.into()), n.into())).collect();
			let root = root(leaves.iter().copied());
			let proof = prove(&leaves, at).unwrap();
			prop_assert!(verify(&root, &record(at.into()), at.into(), &proof));
			prop_assert!(!verify(&root, &record(at.into()), Balance::from(at) + 1, &proof));
			if other != u64::from(at) {
				prop_assert!(!verify(&root, &record(other), other.into(), &proof));
			}
			prop_assert_eq!(prove(&leaves, count), None);
		}
	}
}

//! The log of a datanet's contributions, and what a release commits to.
//!
//! The log has one leaf for each contribution that was accepted, in the order in which they were, and is a
//! [mountain range](crate::mountain). A release commits to the log as it is when the release is published: by
//! one hash, whoever has made an index of the same contributions shows that nothing is missing from it, and
//! nothing is in it too much.
//!
//! A leaf holds what attribution goes by, and what never changes: which contribution is the earlier one, and what
//! it has committed to. It says nothing of weights, so that a contribution that was stopped or slashed
//! before a release was published is in the log all the same. Which weight a contribution has in a release
//! is what the chain says of it: 0 if it is not part of it. See `docs/adr/0018-a-release-commits-to-what-was-accepted.md`.

use crate::{
	domain::{self, RELEASE_LEAF, RELEASE_ROOT},
	mountain::{self, MAX_BESIDE, MAX_PEAKS},
	tree::{TreeBuilder, TreeFull},
	ContributionId, Hash,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Reason for which a contribution does not go into a log, or is not shown to be in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseError {
	/// The log has as many leaves as can be counted.
	Full,
	/// There are not as many peaks as the count has, or they are not those of the release.
	Peaks,
	/// The hashes are not as many as needed, or do not lead from the leaf at its place to the peaks.
	Root,
}

impl core::fmt::Display for ReleaseError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		f.write_str(match self {
			Self::Full => "the datanet's log is full",
			Self::Peaks => "the peaks are not those of the release",
			Self::Root => "the proof does not lead from the contribution to the peaks",
		})
	}
}

impl core::error::Error for ReleaseError {}

/// A contribution in a datanet's log.
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
pub struct LogLeaf {
	/// The contribution.
	pub contribution: ContributionId,
	/// The block that it counts from. Of two contributions that count from one block, the one with the lower id
	/// is the earlier one.
	pub since: u64,
	/// The root over its data.
	pub root: Hash,
}

impl LogLeaf {
	/// The hash that stands in the log.
	pub fn hash(&self) -> Hash {
		domain::hash_encoded(RELEASE_LEAF, self)
	}
}

/// The commitment of a release: to the log with these peaks. `None` if there are not as many as a log of
/// `count` leaves has.
pub fn release_root(count: u32, peaks: &[Hash]) -> Option<Hash> {
	mountain::root(RELEASE_ROOT, count, peaks)
}

/// The log of a datanet, as the chain keeps it: its peaks, whatever the number of leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ReleaseLog {
	count: u32,
	peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
}

impl ReleaseLog {
	/// A log that goes on from what [`count`](Self::count) and [`peaks`](Self::peaks) said. `None` if there are
	/// not as many peaks as a log of `count` leaves has.
	pub fn from_peaks(count: u32, peaks: &[Hash]) -> Option<Self> {
		TreeBuilder::from_peaks(count, peaks)?;
		Some(Self { count, peaks: peaks.to_vec().try_into().ok()? })
	}

	/// Adds a contribution, and returns its place: the number of leaves before it.
	///
	/// # Errors
	/// [`ReleaseError::Full`] at 2^32 - 1 leaves; [`ReleaseError::Peaks`] if the log is none. Nothing was added.
	pub fn append(&mut self, leaf: &LogLeaf) -> Result<u32, ReleaseError> {
		self.append_visited(leaf, |_, _, _| ())
	}

	/// Adds a contribution, and shows each node of the mountain range that is complete with it: level,
	/// place in its row, and hash. Whoever stores them can make proofs. Returns the contribution's place.
	///
	/// # Errors
	/// As [`append`](Self::append).
	pub fn append_visited(
		&mut self,
		leaf: &LogLeaf,
		visit: impl FnMut(u32, u32, &Hash),
	) -> Result<u32, ReleaseError> {
		let place = self.count;
		let mut tree = TreeBuilder::from_peaks(place, &self.peaks).ok_or(ReleaseError::Peaks)?;
		tree.push_visited(leaf.hash(), visit).map_err(|TreeFull| ReleaseError::Full)?;
		let peaks = tree.peaks().to_vec().try_into().map_err(|_| ReleaseError::Full)?;
		*self = Self { count: tree.count(), peaks };
		Ok(place)
	}

	/// The number of leaves.
	pub fn count(&self) -> u32 {
		self.count
	}

	/// The roots of the perfect trees, from the largest to the smallest.
	pub fn peaks(&self) -> &[Hash] {
		&self.peaks
	}

	/// The commitment of a release that is published now.
	pub fn root(&self) -> Hash {
		// There are always as many peaks as the count has.
		release_root(self.count, &self.peaks).unwrap_or_default()
	}
}

/// The proof that a contribution was in a datanet's log when a release was published.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ReleaseProof {
	/// The number of leaves in the log.
	pub count: u32,
	/// The roots of its perfect trees, from the largest to the smallest.
	pub peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
	/// The contribution's place in it.
	pub place: u32,
	/// The hashes beside it in its tree, from the leaf up.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_BESIDE>>,
}

impl ReleaseProof {
	/// Shows the contribution at `place` of a log, of which `stored` returns the nodes that were complete: level,
	/// place in its row. `None` if one is missing, or the log has no such place.
	pub fn new(
		log: &ReleaseLog,
		place: u32,
		stored: impl FnMut(u32, u32) -> Option<Hash>,
	) -> Option<Self> {
		let hashes = mountain::prove(log.count, &[place], stored)?.try_into().ok()?;
		Some(Self { count: log.count, peaks: log.peaks.clone(), place, hashes })
	}

	/// Checks that the contribution is in the log that a release commits to with `root`.
	///
	/// # Errors
	/// [`ReleaseError::Peaks`] if count and peaks are not behind the root, [`ReleaseError::Root`] if another
	/// leaf stands at the place.
	pub fn verify(&self, root: &Hash, leaf: &LogLeaf) -> Result<(), ReleaseError> {
		if release_root(self.count, &self.peaks) != Some(*root) {
			return Err(ReleaseError::Peaks);
		}
		let leaf = (self.place, leaf.hash());
		if !mountain::holds(self.count, &self.peaks, &[leaf], &self.hashes) {
			return Err(ReleaseError::Root);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use std::collections::BTreeMap;

	fn leaf(n: u64) -> LogLeaf {
		LogLeaf { contribution: 2 * n, since: 100 + n / 3, root: Hash::from_low_u64_be(n) }
	}

	/// A log, and the nodes that were complete.
	fn log(count: u64) -> (ReleaseLog, BTreeMap<(u32, u32), Hash>) {
		let (mut log, mut nodes) = (ReleaseLog::default(), BTreeMap::new());
		for n in 0..count {
			let place = log.append_visited(&leaf(n), |level, index, hash| {
				nodes.insert((level, index), *hash);
			});
			assert_eq!(place.map(u64::from), Ok(n));
		}
		(log, nodes)
	}

	fn proof(count: u64, place: u32) -> Option<ReleaseProof> {
		let (log, nodes) = log(count);
		ReleaseProof::new(&log, place, |level, index| nodes.get(&(level, index)).copied())
	}

	#[test]
	fn each_contribution_is_shown_to_be_in_each_later_release() {
		for count in 1..40u64 {
			let root = log(count).0.root();
			for place in 0..count {
				let proof = proof(count, place as u32).unwrap();
				assert_eq!(proof.verify(&root, &leaf(place)), Ok(()), "{count} {place}");
				// Not in the release before it was there, and not as another one.
				let before = log(place).0.root();
				assert_eq!(proof.verify(&before, &leaf(place)), Err(ReleaseError::Peaks));
				let other = LogLeaf { since: 0, ..leaf(place) };
				assert_eq!(proof.verify(&root, &other), Err(ReleaseError::Root));
			}
			assert_eq!(proof(count, count as u32), None);
		}
	}

	#[test]
	fn a_proof_has_one_form() {
		let (root, good) = (log(11).0.root(), proof(11, 9).unwrap());
		assert_eq!(good.verify(&root, &leaf(9)), Ok(()));
		let verify = |change: &dyn Fn(&mut ReleaseProof)| {
			let mut proof = good.clone();
			change(&mut proof);
			proof.verify(&root, &leaf(9))
		};
		let more = |proof: &mut ReleaseProof| proof.hashes.try_push(Hash::zero()).unwrap();
		assert_eq!(verify(&more), Err(ReleaseError::Root));
		let fewer = |proof: &mut ReleaseProof| {
			proof.hashes.pop();
		};
		assert_eq!(verify(&fewer), Err(ReleaseError::Root));
		assert_eq!(verify(&|proof| proof.place = 8), Err(ReleaseError::Root));
		assert_eq!(verify(&|proof| proof.place = 11), Err(ReleaseError::Root));
		// As many bits, and other trees.
		assert_eq!(verify(&|proof| proof.count = 13), Err(ReleaseError::Peaks));
		assert_eq!(verify(&|proof| proof.count = 12), Err(ReleaseError::Peaks));
		assert_eq!(verify(&|proof| proof.peaks[0] = Hash::zero()), Err(ReleaseError::Peaks));
	}

	#[test]
	fn a_log_without_leaves_and_a_full_one() {
		let mut log = ReleaseLog::default();
		assert_eq!(log.root(), domain::hash(RELEASE_ROOT, &[&[0; 4]]));
		assert_eq!(Some(log.clone()), ReleaseLog::from_peaks(0, &[]));
		assert_eq!(log.append(&leaf(0)), Ok(0));
		assert_eq!(log.peaks(), [leaf(0).hash()]);

		let peaks = vec![Hash::repeat_byte(7); 32];
		let mut full = ReleaseLog::from_peaks(u32::MAX, &peaks).unwrap();
		let before = full.clone();
		assert_eq!(full.append(&leaf(0)), Err(ReleaseError::Full));
		assert_eq!(full, before);
		assert_eq!(full.encoded_size(), ReleaseLog::max_encoded_len());

		assert_eq!(ReleaseLog::from_peaks(2, &peaks), None);
		let mut none = ReleaseLog { count: 1, peaks: Default::default() };
		assert_eq!(none.append(&leaf(0)), Err(ReleaseError::Peaks));
		assert_eq!(none.count(), 1);
	}

	#[test]
	fn a_leaf_is_its_three_fields() {
		let leaf = LogLeaf { contribution: 1, since: 2, root: Hash::repeat_byte(3) };
		let fields = [1u64.to_le_bytes().as_slice(), &2u64.to_le_bytes(), &[3; 32]].concat();
		assert_eq!(leaf.encode(), fields);
		assert_eq!(leaf.hash(), domain::hash(b"openledger/release/v1", &[&fields]));
	}

	proptest! {
		/// A change anywhere in the log is another release.
		#[test]
		fn a_release_commits_to_each_of_its_contributions(
			count in 1u64..60, at in any::<prop::sample::Index>(), other in any::<u64>(),
		) {
			let at = at.index(count as usize) as u64;
			let root = |changed: &dyn Fn(u64) -> LogLeaf| {
				let mut log = ReleaseLog::default();
				for n in 0..count {
					log.append(&changed(n)).unwrap();
				}
				log.root()
			};
			let honest = root(&leaf);
			prop_assert_eq!(honest, log(count).0.root());
			let changes: [fn(&mut LogLeaf, u64); 3] = [
				|leaf, other| leaf.contribution = other,
				|leaf, other| leaf.since = other,
				|leaf, other| leaf.root = Hash::from_low_u64_le(other),
			];
			for change in changes {
				let changed = |n| {
					let mut leaf = leaf(n);
					if n == at {
						change(&mut leaf, other);
					}
					leaf
				};
				prop_assert!(changed(at) == leaf(at) || root(&changed) != honest);
			}
		}

		#[test]
		fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
			if let Ok(proof) = ReleaseProof::decode(&mut bytes.as_slice()) {
				prop_assert!(proof.verify(&log(3).0.root(), &leaf(0)).is_err());
			}
		}
	}
}

//! What whoever lost its state of a lane gets from the other side, and checks against a signed voucher.

use super::{acknowledged_root, mountains, LaneError, LaneLeaf, LaneList, MAX_PEAKS};
use crate::{
	tree::{self, TreeBuilder},
	Hash,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Hashes beside a leaf of the longest list, in its mountain.
pub const MAX_LANE_HASHES: u32 = 31;

/// A lane's list without its calls: peaks, and the newest call with its proof.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneSnapshot {
	/// The newest call; none of an empty list.
	pub last: Option<LaneLeaf>,
	/// The roots of the perfect trees, from the largest to the smallest.
	pub peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
	/// The hashes beside the newest call in the last of them, from the leaf up.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_LANE_HASHES>>,
}

impl LaneSnapshot {
	/// That of a list, of whose tree `stored` returns the nodes that were complete: level, place in its
	/// row. `None` if one is missing.
	pub fn new(list: &LaneList, mut stored: impl FnMut(u32, u32) -> Option<Hash>) -> Option<Self> {
		let mut hashes = BoundedVec::default();
		if let Some(index) = list.last().and_then(LaneLeaf::index) {
			let (_, size) = mountains(list.count()).last()?;
			for level in 0..size.trailing_zeros() {
				let beside = index.checked_shr(level)?.checked_sub(1)?;
				hashes.try_push(stored(level, beside)?).ok()?;
			}
		}
		let peaks = list.peaks().to_vec().try_into().ok()?;
		Some(Self { last: list.last().copied(), peaks, hashes })
	}

	/// The list, if it is the one that was acknowledged with `root`.
	///
	/// # Errors
	///
	/// [`LaneError::Peaks`] if its peaks are not those behind the root, [`LaneError::Root`] if the newest
	/// call is another one, [`LaneError::Sequence`] or [`LaneError::Totals`] if that call cannot be.
	pub fn restore(&self, root: &Hash) -> Result<LaneList, LaneError> {
		let count = self.last.map_or(0, |last| last.totals.calls);
		if acknowledged_root(count, &self.peaks) != Some(*root) {
			return Err(LaneError::Peaks);
		}
		if let Some(last) = &self.last {
			last.check()?;
			let (_, size) = mountains(count).last().ok_or(LaneError::Peaks)?;
			let at = size.checked_sub(1).ok_or(LaneError::Peaks)?;
			let peak = tree::root_from(size, &[(at, last.hash())], &self.hashes);
			if peak.is_none() || peak.as_ref() != self.peaks.last() {
				return Err(LaneError::Root);
			}
		} else if !self.hashes.is_empty() {
			return Err(LaneError::Root);
		}
		let tree = TreeBuilder::from_peaks(count, &self.peaks).ok_or(LaneError::Peaks)?;
		Ok(LaneList { tree, last: self.last })
	}
}

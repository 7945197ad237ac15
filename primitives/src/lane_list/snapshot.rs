//! State of a lane that whoever lost it gets from the other side, and checks against a signed voucher.

use super::{acknowledged_root, LaneError, LaneLeaf, LaneList};
use crate::{
	mountain::{self, MAX_BESIDE, MAX_PEAKS},
	tree::TreeBuilder,
	Hash,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

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
	pub hashes: BoundedVec<Hash, ConstU32<MAX_BESIDE>>,
}

impl LaneSnapshot {
	/// That of a list, of whose tree `stored` returns the nodes that were complete: level, place in its
	/// row. `None` if one is missing.
	pub fn new(list: &LaneList, stored: impl FnMut(u32, u32) -> Option<Hash>) -> Option<Self> {
		let hashes = match list.last().and_then(LaneLeaf::index) {
			Some(index) => mountain::prove(list.count(), &[index], stored)?.try_into().ok()?,
			None => BoundedVec::default(),
		};
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
			let leaf = (last.check()?, last.hash());
			if !mountain::holds(count, &self.peaks, &[leaf], &self.hashes) {
				return Err(LaneError::Root);
			}
		} else if !self.hashes.is_empty() {
			return Err(LaneError::Root);
		}
		let tree = TreeBuilder::from_peaks(count, &self.peaks).ok_or(LaneError::Peaks)?;
		Ok(LaneList { tree, last: self.last })
	}
}

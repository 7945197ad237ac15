//! The proof that a run of a lane's calls may be settled by its sums.
//!
//! It opens the last call that was settled (`from`), the one after it (`next`) and the last one of the
//! run (`to`). `from` and `next` are neighbours in the list, and what the lane has settled lies
//! between them: so the run begins exactly where the settled calls end, whatever was skipped, rejected or
//! settled itemised before. Without `next`, an older `from` would pay calls twice.

use super::{acknowledged_root, LaneError, LaneLeaf, Totals};
use crate::{
	mountain::{self, MAX_BESIDE, MAX_PEAKS},
	Balance, Hash, Sequence,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Hashes beside three leaves of the longest list.
pub const MAX_AGGREGATE_HASHES: u32 = 3 * MAX_BESIDE;

/// Part of a lane that the chain has settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
	/// The last settled sequence; 0 if none is.
	pub sequence: Sequence,
	/// Cost of the settled calls, in planck.
	pub charge: Balance,
}

/// Part of a lane that its caller agrees with, by the voucher that comes with the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
	/// The voucher's own sequence: all calls below it are acknowledged.
	pub sequence: Sequence,
	/// Their cost, in planck.
	pub charge: Balance,
	/// The commitment over the list of them.
	pub root: Hash,
}

/// Three calls of an acknowledged list, and the hashes beside them.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct AggregateProof {
	/// The number of calls in the list.
	pub count: u32,
	/// The roots of its perfect trees, from the largest to the smallest.
	pub peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
	/// The last call at or below the lane's settled sequence; none exactly if `next` is the list's first.
	pub from: Option<LaneLeaf>,
	/// The first call of the run.
	pub next: LaneLeaf,
	/// Its last call; none if it has one call only.
	pub to: Option<LaneLeaf>,
	/// The hashes beside them: tree by tree, in each from the leaves up, and from left to right.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_AGGREGATE_HASHES>>,
}

impl AggregateProof {
	/// Opens the run from `next` to `to`, of a list of which `leaf` returns the calls, and `stored` the nodes
	/// that were complete: level, place in its row. `None` if one is missing, `to` is before `next`, or it is
	/// not below `count`.
	pub fn new(
		count: u32,
		peaks: &[Hash],
		(next, to): (u32, u32),
		leaf: impl Fn(u32) -> Option<LaneLeaf>,
		stored: impl Fn(u32, u32) -> Option<Hash>,
	) -> Option<Self> {
		if to < next {
			return None;
		}
		let from = next.checked_sub(1);
		let indices: Vec<_> =
			from.into_iter().chain([next]).chain((to > next).then_some(to)).collect();
		let hashes = mountain::prove(count, &indices, stored)?.try_into().ok()?;
		Some(Self {
			count,
			peaks: peaks.to_vec().try_into().ok()?,
			from: match from {
				Some(from) => Some(leaf(from)?),
				None => None,
			},
			next: leaf(next)?,
			to: if to > next { Some(leaf(to)?) } else { None },
			hashes,
		})
	}

	/// The last call of the run.
	pub fn last(&self) -> &LaneLeaf {
		self.to.as_ref().unwrap_or(&self.next)
	}

	/// The sums of the run's calls, if they may be settled: none of them was, all are acknowledged, and
	/// none has attribution entries. The chain then goes on from the sequence of [`last`](Self::last), and
	/// from what it had settled plus the charge that is returned.
	///
	/// # Errors
	///
	/// One of [`LaneError`]'s for each rule; nothing may be paid.
	pub fn verify(&self, lane: &Settled, voucher: &Acknowledged) -> Result<Totals, LaneError> {
		let last = self.check_order()?;
		let from = self.from.map_or(0, |from| from.sequence);
		if from > lane.sequence || self.next.sequence <= lane.sequence {
			return Err(LaneError::Neighbours);
		}
		if last.sequence >= voucher.sequence {
			return Err(LaneError::NotAcknowledged);
		}
		self.check_leaves(&voucher.root)?;
		let run = self.run()?;
		if run.calls_with_entries != 0 {
			return Err(LaneError::HasEntries);
		}
		let charge = lane.charge.checked_add(run.charge).ok_or(LaneError::AboveAcknowledged)?;
		if charge > voucher.charge {
			return Err(LaneError::AboveAcknowledged);
		}
		Ok(run)
	}

	/// `from` and `next` are neighbours, `to` comes after, and each is at a place that the list has.
	fn check_order(&self) -> Result<&LaneLeaf, LaneError> {
		let next = self.next.check()?;
		let before = self.from.as_ref().map(LaneLeaf::check).transpose()?;
		if before != next.checked_sub(1) {
			return Err(LaneError::Place);
		}
		let last = self.last();
		let end = last.check()?;
		if end >= self.count || (self.to.is_some() && end <= next) {
			return Err(LaneError::Place);
		}
		Ok(last)
	}

	/// The three calls stand in the list that `root` commits to.
	fn check_leaves(&self, root: &Hash) -> Result<(), LaneError> {
		if acknowledged_root(self.count, &self.peaks) != Some(*root) {
			return Err(LaneError::Peaks);
		}
		let mut leaves = Vec::with_capacity(3);
		for leaf in self.from.iter().chain([&self.next]).chain(&self.to) {
			leaves.push((leaf.index().ok_or(LaneError::Place)?, leaf.hash()));
		}
		if !mountain::holds(self.count, &self.peaks, &leaves, &self.hashes) {
			return Err(LaneError::Root);
		}
		Ok(())
	}

	/// The totals of the run: the difference of totals, in steps that each rise.
	fn run(&self) -> Result<Totals, LaneError> {
		let first = match &self.from {
			Some(from) => self.next.since(from)?,
			None => self.next.totals,
		};
		let rest = match &self.to {
			Some(to) => to.since(&self.next)?,
			None => Totals::default(),
		};
		first.checked_add(&rest).ok_or(LaneError::Overflow)
	}
}

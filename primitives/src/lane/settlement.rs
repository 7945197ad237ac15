//! One voucher, and what is settled with it.

use super::{CallRecord, CallRecords, VersionedVoucher};
use crate::{lane_list::AggregateProof, Signature};
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::iter::Sum;
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most lanes that one settlement redeems vouchers of.
pub const MAX_LANE_SETTLEMENTS: u32 = 64;
/// Most parts of what is settled with one voucher.
pub const MAX_PARTS: u32 = 8;

/// Calls of a lane that follow one another, as they are settled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(tag = "kind", content = "content", rename_all = "snake_case"))]
pub enum Part {
	/// Call by call, of record version 2.
	#[codec(index = 2)]
	Records(CallRecords),
	/// By their sums, of run version 1. None of them has attribution entries.
	#[codec(index = 129)]
	Run(AggregateProof),
}

impl Part {
	/// Returns the same calls in the newest form.
	pub fn newest(self) -> Self {
		self
	}

	/// How much there is in it.
	pub fn extent(&self) -> Extent {
		match self {
			Self::Records(records) => {
				let entries = records.iter().map(|record| record.attribution.len());
				Extent::of_records(records.len(), entries)
			}
			Self::Run(_) => Extent { runs: 1, ..Extent::default() },
		}
	}
}

/// How much there is to work on in a settlement, or in a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
	/// Records.
	pub records: u32,
	/// Entries of their attributions.
	pub entries: u32,
	/// Runs.
	pub runs: u32,
}

impl Extent {
	/// That of so many records, which have so many entries each.
	pub fn of_records(records: usize, entries: impl Iterator<Item = usize>) -> Self {
		let entries = entries.fold(0, usize::saturating_add);
		let count = |length| u32::try_from(length).unwrap_or(u32::MAX);
		Self { records: count(records), entries: count(entries), runs: 0 }
	}

	/// Returns `true` if there is nothing.
	pub fn is_empty(&self) -> bool {
		self.records == 0 && self.runs == 0
	}
}

impl Sum for Extent {
	fn sum<Extents: Iterator<Item = Self>>(extents: Extents) -> Self {
		extents.fold(Self::default(), |sum, more| Self {
			records: sum.records.saturating_add(more.records),
			entries: sum.entries.saturating_add(more.entries),
			runs: sum.runs.saturating_add(more.runs),
		})
	}
}

/// The parts of a settlement, in the order of their calls.
pub type Parts = BoundedVec<Part, ConstU32<MAX_PARTS>>;

/// The newest voucher of a lane, and the calls that are settled with it. It is valid or rejected by itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneSettlement {
	/// The voucher.
	pub voucher: VersionedVoucher,
	/// The signature of the session's signer, or of its caller.
	pub signature: Signature,
	/// The parts that are settled.
	pub parts: Parts,
}

impl LaneSettlement {
	/// How much there is in all its parts.
	pub fn extent(&self) -> Extent {
		self.parts.iter().map(Part::extent).sum()
	}

	/// The records of all its parts.
	pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
		self.parts.iter().flat_map(|part| match part {
			Part::Records(records) => records.as_slice(),
			Part::Run(_) => &[],
		})
	}
}

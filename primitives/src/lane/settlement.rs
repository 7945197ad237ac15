//! One voucher, and what is settled with it.

use super::{CallRecord, CallRecords, VersionedVoucher};
use crate::{lane_list::AggregateProof, Signature};
use codec::{Decode, DecodeWithMemTracking, Encode};
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
	/// The records of all its parts.
	pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
		self.parts.iter().flat_map(|part| match part {
			Part::Records(records) => records.as_slice(),
			Part::Run(_) => &[],
		})
	}
}

//! The enumerations of a next runtime: the versions that count now, and one more of each, which says
//! something more.

use codec::{Decode, DecodeWithMemTracking, Encode};
use openledger_primitives::{
	domain,
	lane::{self, CallRecord, CallRecords, CloseAgreement, Extent, Statement, Voucher, MAX_PARTS},
	lane_list::AggregateProof,
	signing::Signed,
	AccountId, Hash, Signature, MAX_RECORDS,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Declares a message that says one number more than the present one.
macro_rules! next_message {
	($(#[$doc:meta])* $name:ident of $present:ident, $tag:literal) => {
		$(#[$doc])*
		#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
		pub struct $name {
			/// What it says in the present version.
			pub present: $present,
			/// What it says besides.
			pub more: u32,
		}

		impl Signed for $name {
			const DOMAIN: &'static [u8] = $tag;
		}
	};
}

next_message! {
	/// A voucher of version 4.
	NextVoucher of Voucher, b"openledger/voucher/v4"
}
next_message! {
	/// A statement of version 3.
	NextStatement of Statement, b"openledger/statement/v3"
}
next_message! {
	/// An agreement to close of version 3.
	NextCloseAgreement of CloseAgreement, b"openledger/close/v3"
}

/// A voucher of version 3 or 4.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum VersionedVoucher {
	/// Of version 3.
	#[codec(index = 3)]
	V3(Voucher),
	/// Of version 4.
	#[codec(index = 4)]
	V4(NextVoucher),
}

impl VersionedVoucher {
	/// Returns what it says, as far as the rules go.
	pub fn newest(&self) -> Voucher {
		match self {
			Self::V3(voucher) => *voucher,
			Self::V4(voucher) => voucher.present,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this voucher.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V3(voucher) => voucher.verify(signature, signer),
			Self::V4(voucher) => voucher.verify(signature, signer),
		}
	}
}

impl From<Voucher> for VersionedVoucher {
	fn from(voucher: Voucher) -> Self {
		Self::V3(voucher)
	}
}

/// A statement of version 2 or 3.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum VersionedStatement {
	/// Of version 2.
	#[codec(index = 2)]
	V2(Statement),
	/// Of version 3.
	#[codec(index = 3)]
	V3(NextStatement),
}

impl VersionedStatement {
	/// Returns what it says, as far as the rules go.
	pub fn newest(&self) -> &Statement {
		match self {
			Self::V2(statement) => statement,
			Self::V3(statement) => &statement.present,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this statement.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V2(statement) => statement.verify(signature, signer),
			Self::V3(statement) => statement.verify(signature, signer),
		}
	}

	/// The hash that stands in the lane's list.
	pub fn hash(&self) -> Hash {
		domain::hash(domain::STATEMENT, &[&self.encode()])
	}
}

impl From<NextStatement> for VersionedStatement {
	fn from(statement: NextStatement) -> Self {
		Self::V3(statement)
	}
}

impl From<Statement> for VersionedStatement {
	fn from(statement: Statement) -> Self {
		Self::V2(statement)
	}
}

/// An agreement to close of version 2 or 3.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum VersionedCloseAgreement {
	/// Of version 2.
	#[codec(index = 2)]
	V2(CloseAgreement),
	/// Of version 3.
	#[codec(index = 3)]
	V3(NextCloseAgreement),
}

impl VersionedCloseAgreement {
	/// Returns what it says, as far as the rules go.
	pub fn newest(&self) -> CloseAgreement {
		match self {
			Self::V2(agreement) => *agreement,
			Self::V3(agreement) => agreement.present,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this agreement.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V2(agreement) => agreement.verify(signature, signer),
			Self::V3(agreement) => agreement.verify(signature, signer),
		}
	}
}

impl From<CloseAgreement> for VersionedCloseAgreement {
	fn from(agreement: CloseAgreement) -> Self {
		Self::V2(agreement)
	}
}

/// What a call used, of record version 3.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NextRecord {
	/// What it says in the present version.
	pub present: CallRecord,
	/// What it says besides.
	pub more: u32,
}

/// Calls of a lane that follow one another, with records of version 2 or 3.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Part {
	/// Call by call, of record version 2.
	#[codec(index = 2)]
	Records(CallRecords),
	/// Call by call, of record version 3.
	#[codec(index = 3)]
	NextRecords(BoundedVec<NextRecord, ConstU32<MAX_RECORDS>>),
	/// By their sums, of run version 1.
	#[codec(index = 129)]
	Run(AggregateProof),
}

impl Part {
	/// Returns the same calls, as far as the rules go.
	pub fn newest(self) -> lane::Part {
		match self {
			Self::Records(records) => lane::Part::Records(records),
			Self::NextRecords(records) => {
				let records = records.into_iter().map(|record| record.present);
				lane::Part::Records(BoundedVec::truncate_from(records.collect()))
			}
			Self::Run(proof) => lane::Part::Run(proof),
		}
	}

	/// How much there is in it.
	pub fn extent(&self) -> Extent {
		match self {
			Self::Records(records) => {
				let entries = records.iter().map(|record| record.attribution.len());
				Extent::of_records(records.len(), entries)
			}
			Self::NextRecords(records) => {
				let entries = records.iter().map(|record| record.present.attribution.len());
				Extent::of_records(records.len(), entries)
			}
			Self::Run(_) => Extent { runs: 1, ..Extent::default() },
		}
	}
}

impl From<lane::Part> for Part {
	fn from(part: lane::Part) -> Self {
		match part {
			lane::Part::Records(records) => Self::Records(records),
			lane::Part::Run(proof) => Self::Run(proof),
		}
	}
}

/// The newest voucher of a lane, and the calls that are settled with it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct LaneSettlement {
	/// The voucher.
	pub voucher: VersionedVoucher,
	/// The signature of the session's signer, or of its caller.
	pub signature: Signature,
	/// What is settled.
	pub parts: BoundedVec<Part, ConstU32<MAX_PARTS>>,
}

impl LaneSettlement {
	/// How much there is in all its parts.
	pub fn extent(&self) -> Extent {
		self.parts.iter().map(Part::extent).sum()
	}
}

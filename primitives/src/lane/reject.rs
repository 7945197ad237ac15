//! Reasons for which calls are not charged.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// Reason for which a record or a run was rejected. It has no effect, and the rest of its settlement goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum RejectReason {
	/// Its sequence is not above the one before it, or was settled earlier.
	#[codec(index = 0)]
	SequenceNotRising,
	/// Its sequence is above the voucher's.
	#[codec(index = 1)]
	SequenceBeyondVoucher,
	/// No such model.
	#[codec(index = 2)]
	UnknownModel,
	/// The model has no such version.
	#[codec(index = 3)]
	UnknownVersion,
	/// The model has no such price version.
	#[codec(index = 4)]
	UnknownPrice,
	/// The charge does not fit a balance.
	#[codec(index = 5)]
	ChargeOverflow,
	/// With it, the lane's earlier calls cost more than the caller acknowledged.
	#[codec(index = 6)]
	AboveAcknowledged,
	/// The voucher's own call costs more than the caller authorised for it.
	#[codec(index = 7)]
	AboveAuthorised,
	/// The rest of the session's deposit does not cover it.
	#[codec(index = 8)]
	DepositExhausted,
	/// The version was replaced so long ago that its calls must have been settled by now.
	#[codec(index = 9)]
	VersionExpired,
	/// The price version was replaced so long ago that its calls must have been settled by now.
	#[codec(index = 10)]
	PriceExpired,
	/// The version or price version is not in force yet.
	#[codec(index = 11)]
	NotInForce,
	/// The model was retired, and the time to settle its calls is over.
	#[codec(index = 12)]
	ModelRetired,
	/// It costs more than the session's hot key may spend.
	#[codec(index = 13)]
	AboveSpendingLimit,
	/// Who was to be paid in the block that the caller signed for is not known any more.
	#[codec(index = 14)]
	TermsForgotten,
	/// None of the data sources of its version leads to a release.
	#[codec(index = 15)]
	NoPayableSource,
	/// It is a record that no call has: more cached or retrieved tokens than its prompt has, or an
	/// attribution that names a contribution twice or comes to more than the whole answer.
	#[codec(index = 16)]
	InvalidRecord,
	/// It says something that this version of the chain does not know.
	#[codec(index = 17)]
	UnknownExtension,
	/// Its lane is sealed, and it names contributions.
	#[codec(index = 18)]
	SealedHasEntries,
	/// A run of calls does not cost what the lane's price gives for its totals.
	#[codec(index = 19)]
	RunPriceMismatch,
	/// The proof of a run does not hold, or the run does not begin where the lane has been settled.
	#[codec(index = 20)]
	BadRun,
	/// A run of calls covers one that names contributions: that has to be settled itemised.
	#[codec(index = 21)]
	RunHasEntries,
}

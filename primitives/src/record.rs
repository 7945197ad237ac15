//! The usage of one call, and its outcome in a settlement.

use crate::{
	attribution::Attribution, voucher::LaneTerms, AccountId, Balance, ContributionId, DatanetId,
	Hash, ModelId, PriceVersion, ReleaseId, Sequence, VersionId, Weight, MAX_LINEAGE,
	MAX_MERGED_ATTRIBUTION, MAX_RECORDS, MAX_SOURCES,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The usage of one call, as the inference node reports it. It holds no charge: the runtime computes
/// that from the model's price and the token counts.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct CallRecord {
	/// The sequence of the voucher that paid for the call.
	pub sequence: Sequence,
	/// The model that answered.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price schedule that caller and node agreed on.
	pub price_version: PriceVersion,
	/// Tokens of the prompt.
	pub input_tokens: u32,
	/// Tokens of the answer that were delivered.
	pub output_tokens: u32,
	/// Salted hash of the request, as in the voucher.
	pub request_hash: Hash,
	/// Salted hash of the delivered answer.
	pub response_hash: Hash,
	/// The contributions that the answer came from.
	pub attribution: Attribution,
}

impl CallRecord {
	/// The terms of its lane.
	pub fn terms(&self) -> LaneTerms {
		let Self { model, version, price_version, .. } = *self;
		LaneTerms { model, version, price_version }
	}
}

/// The records of one settlement, in rising order of their sequence.
pub type CallRecords = BoundedVec<CallRecord, ConstU32<MAX_RECORDS>>;

/// Why a record was rejected. It has no effect, and the rest of its batch goes on.
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
	/// The node does not serve this model.
	#[codec(index = 5)]
	ModelNotServed,
	/// The charge does not fit a balance.
	#[codec(index = 6)]
	ChargeOverflow,
	/// With this call, the lane's earlier calls cost more than the caller acknowledged.
	#[codec(index = 7)]
	AboveAcknowledged,
	/// The voucher's own call costs more than the caller authorised for it.
	#[codec(index = 8)]
	AboveAuthorised,
	/// The rest of the session's deposit does not cover it.
	#[codec(index = 9)]
	DepositExhausted,
	/// The voucher's own call is for another request than the caller signed for.
	#[codec(index = 10)]
	RequestMismatch,
	/// It is priced with another price version than the caller signed for.
	#[codec(index = 11)]
	PriceMismatch,
	/// It is of another model than the caller signed for.
	#[codec(index = 12)]
	ModelMismatch,
	/// The version was replaced so long ago that its calls must have been settled by now.
	#[codec(index = 13)]
	VersionExpired,
	/// The price version was replaced so long ago that its calls must have been settled by now.
	#[codec(index = 14)]
	PriceExpired,
	/// The version or price version is not in force yet.
	#[codec(index = 15)]
	NotInForce,
	/// The model was retired, and the time to settle its calls is over.
	#[codec(index = 16)]
	ModelRetired,
	/// It costs more than the session's hot key may spend.
	#[codec(index = 17)]
	AboveSpendingLimit,
	/// It is of another version of the model than the caller signed for.
	#[codec(index = 18)]
	VersionMismatch,
	/// Who was to be paid in the block that the caller signed for is not known any more.
	#[codec(index = 19)]
	TermsForgotten,
	/// None of the data sources of its version leads to a release.
	#[codec(index = 20)]
	NoPayableSource,
	/// It is a record that no call has: more cached or retrieved tokens than its prompt has, or an
	/// attribution that names a contribution twice or comes to more than the whole answer.
	#[codec(index = 21)]
	InvalidRecord,
	/// It says something that this version of the chain does not know.
	#[codec(index = 22)]
	UnknownExtension,
	/// Its lane is sealed, and it names contributions.
	#[codec(index = 23)]
	SealedHasEntries,
	/// A run of calls does not cost what the lane's price gives for its totals.
	#[codec(index = 24)]
	RunPriceMismatch,
	/// The proof of a run does not hold, or the run does not begin where the lane has been settled.
	#[codec(index = 25)]
	BadRun,
	/// A run of calls covers one that names contributions: that has to be settled itemised.
	#[codec(index = 26)]
	RunHasEntries,
}

/// What a call, or the settlement of a lane, paid into one release's pool.
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
pub struct PoolPayment {
	/// The datanet.
	pub datanet: DatanetId,
	/// Its release.
	pub release: ReleaseId,
	/// Amount that came in, the curator's part included, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
	/// Part of it that went to the datanet's curator, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub curator: Balance,
	/// By how much the pool index rose: a contribution of weight `w` earned `w * raised`.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub raised: Balance,
	/// The release's total weight.
	pub total_weight: Weight,
	/// The carry from earlier payments that went in as well, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry_before: Balance,
	/// The carry left for the next payment, in planck:
	/// `amount - curator + carry_before = raised * total_weight + carry_after`.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry_after: Balance,
}

/// Payment of a call straight to one contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DirectPayment {
	/// The contribution.
	pub contribution: ContributionId,
	/// Amount that came in, the curator's part included, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
	/// Part of it that went to the datanet's curator, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub curator: Balance,
}

/// The payment of one call's data part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DataPayment {
	/// To the contributions that the attribution names.
	pub direct: BoundedVec<DirectPayment, ConstU32<MAX_MERGED_ATTRIBUTION>>,
	/// To the releases that the model was made from.
	pub pools: BoundedVec<PoolPayment, ConstU32<MAX_SOURCES>>,
}

/// Payment of a call for a model that the called one descends from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RoyaltyPayment {
	/// The parent, or one of its parents.
	pub model: ModelId,
	/// Who was paid for it: its owner, or whom the owner had named.
	pub payee: AccountId,
	/// Amount that the payee keeps, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
}

/// Payment of a charge. `protocol`, `developer`, `node`, `data` and the royalties add up to the
/// charge, and the payments in `data_payment` add up to `data`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct CallPayment {
	/// To the protocol, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub protocol: Balance,
	/// For the model, after the royalties, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub developer: Balance,
	/// For running the inference node, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub node: Balance,
	/// To the data behind the model, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub data: Balance,
	/// Where the data part went.
	pub data_payment: DataPayment,
	/// For the models that this one descends from, nearest first.
	pub royalties: BoundedVec<RoyaltyPayment, ConstU32<MAX_LINEAGE>>,
}

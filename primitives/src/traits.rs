//! How the pallets know one another: by these traits, never by each other's crates.

use crate::{
	attribution::{Attribution, DataSources},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{CallPayment, DataPayment, RejectReason},
	Balance, DatanetId, ModelId, PriceVersion, ReleaseId, VersionId,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_runtime::DispatchError;

/// What an earner is paid for.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum Role {
	/// Owns the model that answered.
	#[codec(index = 0)]
	Developer,
	/// Gave data that the model was made from.
	#[codec(index = 1)]
	Data,
	/// Ran the inference node that answered.
	#[codec(index = 2)]
	Node,
	/// Keeps the chain.
	#[codec(index = 3)]
	Protocol,
}

/// The terms under which a call of one model is charged and its charge is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTerms<AccountId> {
	/// Who owns the model.
	pub developer: AccountId,
	/// The price schedule that was asked for.
	pub price: PriceSchedule,
	/// How the charge is shared.
	pub policy: RevenuePolicy,
	/// The data that the version was made from. Never empty if the policy pays data.
	pub sources: DataSources,
}

/// What others need to know of models.
pub trait ModelInspect<AccountId> {
	/// Whether a model of that id is registered.
	fn exists(model: ModelId) -> bool;

	/// Whether the model's owner has paused it: no new calls are to be served.
	fn is_paused(model: ModelId) -> bool;

	/// The terms of a call of `version` at `price_version`. Pausing a model does not change the
	/// terms of calls that were made before.
	///
	/// # Errors
	/// `UnknownModel`, `UnknownVersion` or `UnknownPrice`.
	fn terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
	) -> Result<CallTerms<AccountId>, RejectReason>;

	/// Registers a model for benchmarks: `owner` owns it and `sources` are its data sources.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(owner: &AccountId, sources: DataSources) -> Result<ModelId, DispatchError>;
}

/// What others need to know of datanets.
pub trait DataInspect {
	/// Whether the release has been published.
	fn release_exists(datanet: DatanetId, release: ReleaseId) -> bool;

	/// The newest release, if any has been published.
	fn latest_release(datanet: DatanetId) -> Option<ReleaseId>;

	/// Publishes a release with `contributions` contributions for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_release(contributions: u32) -> Result<(DatanetId, ReleaseId), DispatchError>;
}

/// Pays the data behind a call.
pub trait DataRevenue<AccountId> {
	/// The account that holds what contributors may claim. It must receive the sum of what was
	/// credited, in the same transaction.
	fn pot() -> AccountId;

	/// Credits `amount` to the contributions that the attribution names, as far as they belong to
	/// one of the `sources`, and to the sources. The payments returned add up to `amount`.
	///
	/// # Errors
	/// If `amount` cannot be credited whole; then nothing is, and the caller must fail.
	fn credit(
		amount: Balance,
		attributed: Permill,
		attribution: &Attribution,
		sources: &DataSources,
	) -> Result<DataPayment, DispatchError>;
}

/// One charged call of a settlement.
#[derive(Clone, Debug)]
pub struct ChargedCall<AccountId> {
	/// What the caller paid, in planck.
	pub charge: Balance,
	/// The terms it was charged under.
	pub terms: CallTerms<AccountId>,
	/// The contributions that the answer came from.
	pub attribution: Attribution,
}

/// Splits charges among everyone behind a call, and pays them.
pub trait RevenueDistributor<AccountId> {
	/// The account that must have received the sum of the charges before [`Self::distribute`].
	fn pot() -> AccountId;

	/// Splits each charge and pays its parts out of the pot, one transfer a recipient, however
	/// many calls. Returns one payment per call, in order.
	///
	/// # Errors
	/// If the charges cannot be paid out whole; the caller must fail, which undoes everything.
	fn distribute(
		node: &AccountId,
		calls: &[ChargedCall<AccountId>],
	) -> Result<Vec<CallPayment>, DispatchError>;
}

/// Lets a pallet tell another that money is its own: what a role has earned over its lifetime.
pub trait RecordEarnings<AccountId> {
	/// Adds to the lifetime total of `account` in `role`.
	fn record(account: &AccountId, role: Role, amount: Balance);
}

impl<AccountId> RecordEarnings<AccountId> for () {
	fn record(_: &AccountId, _: Role, _: Balance) {}
}

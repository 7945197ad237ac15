//! Which contributions a call's output came from.

use crate::{ContributionId, DatanetId, ReleaseId, Weight, MAX_ATTRIBUTION, MAX_SOURCES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The newest rule by which answers are attributed. A version of a model names one, this one at most.
pub const NEWEST_RULE: u16 = 0;

/// One contribution's part in a call's output.
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
pub struct AttributionEntry {
	/// The contribution.
	pub contribution: ContributionId,
	/// Its weight relative to the call's other entries.
	pub weight: Weight,
}

/// A call's attribution: at most eight entries, or none where it is not known.
pub type Attribution = BoundedVec<AttributionEntry, ConstU32<MAX_ATTRIBUTION>>;

/// Which release of a datanet a model's income goes to.
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
pub enum ReleaseSelector {
	/// The release that the model was trained on.
	#[codec(index = 0)]
	Fixed(ReleaseId),
	/// The datanet's current release when a call is settled: a new one becomes that a notice after it was
	/// published. For models that retrieve from a live datanet.
	#[codec(index = 1)]
	Latest,
}

/// Data that a model version was made from.
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
pub struct DataSource {
	/// The datanet.
	pub datanet: DatanetId,
	/// Its state that was used.
	pub release: ReleaseSelector,
	/// The weight of this source among the version's sources; never zero.
	pub weight: Weight,
}

/// The data sources of a model version.
pub type DataSources = BoundedVec<DataSource, ConstU32<MAX_SOURCES>>;

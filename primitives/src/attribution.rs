//! The data that a version of a model was made from, and the rule by which its answers are attributed.

use crate::{DatanetId, ReleaseId, Weight, MAX_SOURCES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The newest rule by which answers are attributed. A version of a model names one, this one at most.
pub const NEWEST_RULE: u16 = 0;

/// Release of a datanet that a model's income goes to.
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
	/// The datanet's current release in the block that a lane's calls are paid as of: a new one becomes that a
	/// notice after it was published. For models that retrieve from a live datanet.
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

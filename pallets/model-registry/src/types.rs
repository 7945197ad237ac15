//! What the registry stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives::{
	attribution::DataSources, policy::RevenuePolicy, Balance, Hash, Name, PriceVersion, Uri,
	VersionId,
};
use scale_info::TypeInfo;

/// A model.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Model<AccountId> {
	/// Its unique name.
	pub name: Name,
	/// The developer, who is paid for it.
	pub owner: AccountId,
	/// Whether its owner wants no new calls to be served.
	pub paused: bool,
	/// The version in force.
	pub version: VersionId,
	/// The price version in force.
	pub price_version: PriceVersion,
	/// How a charge is shared.
	pub policy: RevenuePolicy,
	/// What is held on the owner's account for it, in planck.
	pub deposit: Balance,
}

/// One version of a model: what answers, and what it was made from.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ModelVersion {
	/// Where more about it is to be found.
	pub uri: Uri,
	/// The hash of its weights file.
	pub weights_hash: Hash,
	/// The hash of its tokenizer.
	pub tokenizer_hash: Hash,
	/// The releases that it was made from. Empty exactly if the model's policy pays no data.
	pub sources: DataSources,
}

//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
	pool_index::PoolIndex, Balance, DatanetId, Hash, Name, ReleaseId, Uri, Weight,
};
use scale_info::TypeInfo;

/// The most that the weights of one release add up to: 2^40. It bounds what a release carries from
/// one payment to the next (see [`openledger_primitives::pool_index`]): always less than 0.0000011
/// OPEN.
pub const MAX_TOTAL_WEIGHT: Weight = 1 << 40;

/// The most checkpoints that a contribution's weight has.
pub const MAX_CHECKPOINTS: u32 = 16;

/// A curated pool of contributions around one subject.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Datanet<AccountId> {
	/// What it is about. A label: the id is what identifies a datanet.
	pub name: Name,
	/// Who accepts contributions and publishes releases.
	pub curator: AccountId,
	/// What is held on the curator's account for it, in planck.
	pub deposit: Balance,
	/// The newest release; 0 if there is none.
	pub latest_release: ReleaseId,
	/// The total weight that the next release would have.
	pub next_total_weight: Weight,
	/// The number of contributions that the next release would have.
	pub next_contributions: u32,
	/// Whether the next release would differ from the newest one.
	pub changed: bool,
}

/// From which release on a contribution has a weight.
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
pub struct Checkpoint {
	/// The first release in which the contribution has this weight.
	pub from_release: ReleaseId,
	/// The weight.
	pub weight: Weight,
}

/// What the curator has made of a contribution.
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
pub enum ContributionStatus {
	/// Nothing yet: it earns nothing, and its contributor may withdraw it.
	#[codec(index = 0)]
	Pending,
	/// It is part of every release since it was accepted.
	#[codec(index = 1)]
	Accepted,
}

/// One contributor's data set inside a datanet.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Contribution<AccountId> {
	/// The datanet.
	pub datanet: DatanetId,
	/// Who gave it, and claims what it earns.
	pub contributor: AccountId,
	/// The Merkle root over its chunks; no other contribution has the same.
	pub root: Hash,
	/// Its size in bytes.
	pub size: u64,
	/// Where it is to be found.
	pub uri: Uri,
	/// What is held on the contributor's account for it, in planck.
	pub bond: Balance,
	/// What the curator has made of it.
	pub status: ContributionStatus,
	/// Its weight over time: each holds from its release on, until the next. In rising order.
	pub checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
}

impl<AccountId> Contribution<AccountId> {
	/// The contribution's weight in a release of its datanet; 0 if it is not part of it.
	pub fn weight_at(&self, release: ReleaseId) -> Weight {
		let newest = self.checkpoints.iter().rev().find(|point| point.from_release <= release);
		newest.map_or(0, |point| point.weight)
	}
}

/// A frozen state of a datanet, and what has been paid to it. Only `index` and `received` ever
/// change.
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
pub struct Release {
	/// The sum of its contributions' weights; never 0.
	pub total_weight: Weight,
	/// How many contributions it has.
	pub contributions: u32,
	/// What has been paid per unit of weight.
	pub index: PoolIndex,
	/// Everything that was ever paid to it, in planck.
	pub received: Balance,
}

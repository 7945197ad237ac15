//! What the pallet stores, and short names of it in the types of a runtime.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	pool_index::PoolIndex, Balance, ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, Weight,
};
use scale_info::TypeInfo;
use sp_runtime::Permill;

/// The most that the weights of one release add up to: 2^40. It bounds what a release carries from
/// one payment to the next (see [`openledger_primitives::pool_index`]): always less than 0.0000011
/// OPEN.
pub const MAX_TOTAL_WEIGHT: Weight = 1 << 40;

/// The most checkpoints that a contribution's weight has. The last place is kept for stopping or
/// slashing the contribution, so that neither can ever be out of reach.
pub const MAX_CHECKPOINTS: u32 = 16;

/// The most releases of a datanet. It bounds what slashing a contribution has to look at.
pub const MAX_RELEASES: ReleaseId = 512;

/// A curated pool of contributions around one subject.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Datanet<AccountId, BlockNumber> {
	/// What it is about: readable, and no other datanet's.
	pub name: Name,
	/// Who accepts contributions and publishes releases.
	pub curator: AccountId,
	/// Who may take the curator's role over, if it was offered.
	pub offered_to: Option<AccountId>,
	/// Whether anybody may contribute, or only who was let in.
	pub open: bool,
	/// The curator's part of what the datanet earns from its next release on.
	pub curator_share: Permill,
	/// What is held on the curator's account for it and its releases, in planck.
	pub deposit: Balance,
	/// The newest release; 0 if there is none.
	pub latest_release: ReleaseId,
	/// The release that a model's source without a number leads to, unless the announced one is due:
	/// see [`Self::current_at`]. 0 if there is none.
	pub current_release: ReleaseId,
	/// The release that takes its place, and the block from which it does.
	pub next_release: Option<(ReleaseId, BlockNumber)>,
	/// The total weight that the next release would have.
	pub next_total_weight: Weight,
	/// The number of contributions that the next release would have.
	pub next_contributions: u32,
	/// Whether anything has changed since the newest release.
	pub changed: bool,
}

impl<AccountId, BlockNumber: Copy + PartialOrd> Datanet<AccountId, BlockNumber> {
	/// The release that a model's source without a number leads to in block `now`; 0 if there is none.
	pub fn current_at(&self, now: BlockNumber) -> ReleaseId {
		match self.next_release {
			Some((release, from)) if from <= now => release,
			_ => self.current_release,
		}
	}
}

/// Somebody whom a datanet's curator has let in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Admission<AccountId> {
	/// Who was the curator, and put the deposit down.
	pub payer: AccountId,
	/// What is held on the payer's account for it, in planck.
	pub deposit: Balance,
}

/// From which release on a contribution has a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Checkpoint {
	/// The first release in which the contribution has this weight.
	pub from_release: ReleaseId,
	/// The weight.
	pub weight: Weight,
}

/// What has become of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum ContributionStatus<BlockNumber> {
	/// Nothing yet: it earns nothing, and its contributor may withdraw it.
	#[codec(index = 0)]
	Pending,
	/// It is part of every release since it was accepted.
	#[codec(index = 1)]
	Accepted,
	/// Its contributor wants it in no further release. Its bond, but for what its storage costs, may
	/// be taken back from the given block on. It earns from its releases as before.
	#[codec(index = 2)]
	Stopped(BlockNumber),
	/// It was a duplicate or a fraud: what it earns since then goes to the protocol.
	#[codec(index = 3)]
	Slashed,
}

/// One contributor's data set inside a datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Contribution<AccountId, BlockNumber> {
	/// The datanet.
	pub datanet: DatanetId,
	/// Who gave it, and has it in hand.
	pub contributor: AccountId,
	/// Who is paid what it earns, if not the contributor.
	pub beneficiary: Option<AccountId>,
	/// The Merkle root over its chunks. Only one contribution owns it: see [`RootOwner`].
	///
	/// [`RootOwner`]: crate::RootOwner
	pub root: Hash,
	/// Its size in bytes.
	pub size: u64,
	/// Where it is to be found.
	pub uri: Uri,
	/// What is held on the contributor's account for it, in planck.
	pub bond: Balance,
	/// The block of the reservation that its root was submitted with, or else of its submission: an
	/// earlier reservation takes the root over. From then on its curator has a
	/// [time](crate::Config::PendingPeriod) to decide.
	pub since: BlockNumber,
	/// If that reservation was left by a rejection, the block from which it would have counted no
	/// more: another rejection leaves none that counts longer. The curator's time counts from then.
	pub kept_until: Option<BlockNumber>,
	/// The contribution, not pending then, that it has taken the root over from. If this one leaves,
	/// the root goes back there.
	pub displaced: Option<ContributionId>,
	/// What has become of it.
	pub status: ContributionStatus<BlockNumber>,
	/// Its weight over time: each holds from its release on, until the next. In rising order.
	pub checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
}

impl<AccountId, BlockNumber> Contribution<AccountId, BlockNumber> {
	/// The contribution's weight in a release of its datanet; 0 if it is not part of it.
	pub fn weight_at(&self, release: ReleaseId) -> Weight {
		weight_at(&self.checkpoints, release)
	}

	/// Who is paid what it earns.
	pub fn payee(&self) -> &AccountId {
		self.beneficiary.as_ref().unwrap_or(&self.contributor)
	}
}

/// The weight that checkpoints, in rising order, give for a release; 0 before the first.
pub(crate) fn weight_at(checkpoints: &[Checkpoint], release: ReleaseId) -> Weight {
	let newest = checkpoints.iter().rev().find(|point| point.from_release <= release);
	newest.map_or(0, |point| point.weight)
}

/// One data set of a submission.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Submission {
	/// The Merkle root over its chunks.
	pub root: Hash,
	/// Its size in bytes; at least 1.
	pub size: u64,
	/// Where it is to be found.
	pub uri: Uri,
}

/// What a contribution is accused of.
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
pub enum AccusationReason {
	/// It is a copy of the contribution given, which is the earlier one, or owns its very root.
	#[codec(index = 0)]
	Duplicate(ContributionId),
	/// It is not what it claims to be.
	#[codec(index = 1)]
	Fraud,
}

/// How far an accusation has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum AccusationStage<BlockNumber> {
	/// The curator may confirm it until before the given block.
	#[codec(index = 0)]
	Reported(BlockNumber),
	/// The contributor may contest it until before the given block. From that block on, anybody may
	/// have it carried out.
	#[codec(index = 1)]
	Confirmed(BlockNumber),
	/// Governance decides. From the given block on, anybody may have it dropped if it has not.
	#[codec(index = 2)]
	Contested(BlockNumber),
	/// The accuser has turned to governance, which may decide. The curator may still confirm it until
	/// before the given block; from that block on, anybody may have it dropped.
	#[codec(index = 3)]
	Escalated(BlockNumber),
}

/// An accusation against a contribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Accusation<AccountId, BlockNumber> {
	/// Who made it.
	pub accuser: AccountId,
	/// What is held on the accuser's account for it, in planck. Turning to governance takes a part of
	/// it.
	pub deposit: Balance,
	/// What the contribution is accused of.
	pub reason: AccusationReason,
	/// How far it has got.
	pub stage: AccusationStage<BlockNumber>,
}

/// A root that somebody has reserved without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Reservation<AccountId, BlockNumber> {
	/// Who put the deposit down.
	pub payer: AccountId,
	/// What is held on the payer's account for it, in planck.
	pub deposit: Balance,
	/// The block it was made in.
	pub at: BlockNumber,
	/// The block from which it counts no more.
	pub expires_at: BlockNumber,
	/// Whether a rejection has left it. What is submitted with it and rejected again leaves none that
	/// counts longer.
	pub kept: bool,
}

/// A frozen state of a datanet, and what has been paid to it. Only `index` and `received` ever
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Release {
	/// The sum of its contributions' weights; never 0.
	pub total_weight: Weight,
	/// How many contributions it has.
	pub contributions: u32,
	/// The curator's part of what it earns.
	pub curator_share: Permill,
	/// What has been paid per unit of weight.
	pub index: PoolIndex,
	/// Everything that was ever paid to its contributors, in planck.
	pub received: Balance,
}

/// A datanet, in the types of a runtime.
pub(crate) type DatanetOf<T> = Datanet<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// A contribution, in the types of a runtime.
pub(crate) type ContributionOf<T> =
	Contribution<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// An accusation, in the types of a runtime.
pub(crate) type AccusationOf<T> =
	Accusation<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// A reservation, in the types of a runtime.
pub(crate) type ReservationOf<T> =
	Reservation<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

//! Types that the pallet stores, and short names of them in the types of a runtime.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	contribution::Standing, history::History, pool_index::PoolIndex, release::LogLeaf, Balance,
	ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, Weight,
};
use scale_info::TypeInfo;
use sp_runtime::{traits::UniqueSaturatedInto, Permill};

/// The most that the weights of one release add up to: 2^40. It bounds what a release carries from
/// one payment to the next (see [`openledger_primitives::pool_index`]): always less than 0.0000011
/// OPEN.
pub const MAX_TOTAL_WEIGHT: Weight = 1 << 40;

/// The most checkpoints that a contribution's weight has. The last place is kept for stopping or
/// slashing the contribution, so that neither can ever be out of reach.
pub const MAX_CHECKPOINTS: u32 = 16;

/// The most releases of a datanet. It bounds what slashing a contribution has to look at.
pub const MAX_RELEASES: ReleaseId = 512;

/// The most current releases of a datanet that are remembered, the announced one included. With a
/// [notice](crate::Config::ReleaseNotice) of a day, no [period](crate::Config::HistoryPeriod) of two months
/// or less fills it, however many releases are published.
pub const MAX_CURRENT: u32 = 64;

/// The most curators of a datanet that are remembered.
pub const MAX_CURATORS: u32 = 8;

/// The most changes of a contribution's standing that are remembered. The last two places are kept for a court that has
/// it taken down, and for slashing it.
pub const MAX_STANDINGS: u32 = 8;

/// A curated pool of contributions around one subject.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Datanet<AccountId, BlockNumber> {
	/// Its subject: readable, and no other datanet's.
	pub name: Name,
	/// Who accepts contributions and publishes releases, and who did, from which block on.
	pub curators: History<BlockNumber, AccountId, ConstU32<MAX_CURATORS>>,
	/// Who may take the curator's role over, if it was offered.
	pub offered_to: Option<AccountId>,
	/// `true` if anybody may contribute, `false` if only who was let in.
	pub open: bool,
	/// The curator's part of what the datanet earns from its next release on.
	pub curator_share: Permill,
	/// Amount held on the curator's account for it and its releases, in planck.
	pub deposit: Balance,
	/// The newest release; 0 if there is none.
	pub latest_release: ReleaseId,
	/// The release that a model's source without a number leads to, from which block on: 0 as long as there is
	/// none. The last one is announced if it is in force from a later block on only.
	pub current: History<BlockNumber, ReleaseId, ConstU32<MAX_CURRENT>>,
	/// The total weight that the next release would have.
	pub next_total_weight: Weight,
	/// The number of contributions that the next release would have.
	pub next_contributions: u32,
	/// The number of contributions that are stored, in whatever state.
	pub contributions: u32,
	/// `true` if anything has changed since the newest release.
	pub changed: bool,
}

impl<AccountId: PartialEq, BlockNumber: Copy + Ord> Datanet<AccountId, BlockNumber> {
	/// Who accepts contributions and publishes releases. There is somebody at all times.
	pub fn curator(&self) -> Option<&AccountId> {
		self.curators.now()
	}

	/// Who did in `block`. `None` if that is not known any more, or there was no datanet.
	pub fn curator_at(&self, block: BlockNumber) -> Option<&AccountId> {
		self.curators.at(block)
	}

	/// The release that a model's source without a number leads to in `block`; 0 if there is none. `None` if that
	/// is not known any more, or there was no datanet.
	pub fn current_at(&self, block: BlockNumber) -> Option<ReleaseId> {
		self.current.at(block).copied()
	}

	/// The release that takes its place in a block after `now`, and that block.
	pub fn announced(&self, now: BlockNumber) -> Option<(ReleaseId, BlockNumber)> {
		let (from, release) = self.current.entries().last()?;
		(now < *from).then_some((*release, *from))
	}
}

/// Somebody whom a datanet's curator has let in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Admission<AccountId> {
	/// Who was the curator, and put the deposit down.
	pub payer: AccountId,
	/// Amount held on the payer's account for it, in planck.
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

/// The state of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum ContributionStatus<BlockNumber> {
	/// Nothing yet: it earns nothing, and its contributor may withdraw it.
	#[codec(index = 0)]
	Pending,
	/// It is part of every release since it was accepted.
	#[codec(index = 1)]
	Accepted,
	/// It is in no further release, because its contributor has withdrawn consent, or did not contest an
	/// accusation. Its bond, but for what its storage costs, may be taken back from the given block on. It
	/// earns from its releases as before.
	#[codec(index = 2)]
	Stopped(BlockNumber),
	/// It was a duplicate or a fraud: what it earns since then goes to the protocol.
	#[codec(index = 3)]
	Slashed,
}

/// Whether a contributor has shown that they have the data that they have committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Possession<BlockNumber> {
	/// Nothing can be shown of what is in no format.
	#[codec(index = 0)]
	Unprovable,
	/// The leaf that is drawn in the given block is still to be shown.
	#[codec(index = 1)]
	Owed(BlockNumber),
	/// It was shown in the given block.
	#[codec(index = 2)]
	Shown(BlockNumber),
}

/// The draw of a block: which leaves are to be shown by those who have submitted something before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Draw {
	/// The number that all of these leaves come from. None before the block.
	pub seed: Option<Hash>,
	/// The number of contributions that still have to show one; never 0.
	pub waiting: u32,
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
	/// The root over its data. Only one contribution owns it, whose data was shown: see [`RootOwner`].
	///
	/// [`RootOwner`]: crate::RootOwner
	pub root: Hash,
	/// Its size in bytes.
	pub size: u64,
	/// Where it is to be found.
	pub uri: Uri,
	/// Kind of its root: one of the formats in [`openledger_primitives::contribution`].
	pub format: u8,
	/// BLAKE2b-256 of the text of the licence or terms that it is given under. Zero if there are none.
	pub licence: Hash,
	/// Amount held on the contributor's account for it, in planck.
	pub bond: Balance,
	/// The block of the reservation that its root was submitted with, or else of its submission: who shows what
	/// counts from earlier takes the root over.
	pub since: BlockNumber,
	/// If that reservation was left by a rejection, the block from which it would have counted no
	/// more: another rejection leaves none that counts longer.
	pub kept_until: Option<BlockNumber>,
	/// The contribution, not pending then, that it has taken the root over from. If this one leaves,
	/// the root goes back there.
	pub displaced: Option<ContributionId>,
	/// Whether it was shown that its contributor has the data. From then on its curator has a
	/// [time](crate::Config::PendingPeriod) to decide.
	pub possession: Possession<BlockNumber>,
	/// Its state.
	pub status: ContributionStatus<BlockNumber>,
	/// The weight that it would have in the next release, as long as a court has it taken down.
	pub taken_down: Option<Weight>,
	/// Its standing for attribution, from which block on. Empty before it is accepted.
	pub standing: History<BlockNumber, Standing, ConstU32<MAX_STANDINGS>>,
	/// Its place in the datanet's [log](crate::ReleaseLogs), from 0. None before it is accepted.
	pub place: Option<u32>,
	/// Its weight over time: each holds from its release on, until the next. In rising order.
	pub checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
}

impl<AccountId, BlockNumber: Copy + Ord> Contribution<AccountId, BlockNumber> {
	/// The contribution's weight in a release of its datanet; 0 if it is not part of it.
	pub fn weight_at(&self, release: ReleaseId) -> Weight {
		weight_at(&self.checkpoints, release)
	}

	/// Who is paid what it earns.
	pub fn payee(&self) -> &AccountId {
		self.beneficiary.as_ref().unwrap_or(&self.contributor)
	}

	/// Its standing in `block`. `None` if it was not accepted then, or that is not known any more.
	pub fn standing_at(&self, block: BlockNumber) -> Option<Standing> {
		self.standing.at(block).copied()
	}

	/// The block in which its data was shown, if it was.
	pub fn shown_at(&self) -> Option<BlockNumber> {
		match self.possession {
			Possession::Shown(block) => Some(block),
			Possession::Unprovable | Possession::Owed(_) => None,
		}
	}

	/// Returns `true` if what it earns from now on is the protocol's.
	pub fn is_forfeited(&self) -> bool {
		self.taken_down.is_some() || matches!(self.status, ContributionStatus::Slashed)
	}

	/// Returns `true` while a leaf of it is owed that somebody has demanded.
	pub fn is_withheld(&self) -> bool {
		self.standing.now() == Some(&Standing::Withheld)
	}

	/// The block in which it was found to be a duplicate or a fraud, if it was.
	pub fn slashed_at(&self) -> Option<BlockNumber> {
		let (from, standing) = self.standing.entries().last()?;
		(*standing == Standing::Slashed).then_some(*from)
	}
}

impl<AccountId, BlockNumber: Copy + UniqueSaturatedInto<u64>> Contribution<AccountId, BlockNumber> {
	/// Its leaf in the datanet's log.
	pub fn log_leaf(&self, id: ContributionId) -> LogLeaf {
		let since = self.since.unique_saturated_into();
		LogLeaf { contribution: id, since, root: self.root }
	}
}

/// The weight that checkpoints, in rising order, give for a release; 0 before the first.
pub(crate) fn weight_at(checkpoints: &[Checkpoint], release: ReleaseId) -> Weight {
	let newest = checkpoints.iter().rev().find(|point| point.from_release <= release);
	newest.map_or(0, |point| point.weight)
}

/// The offence that a contribution is accused of.
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

/// The stage that an accusation has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum AccusationStage<BlockNumber> {
	/// The curator may confirm it until before the given block.
	#[codec(index = 0)]
	Reported(BlockNumber),
	/// The contributor may contest it until before the given block. From that block on, anybody may
	/// have the contribution suspended.
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

/// The stake of a curator who has confirmed an accusation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Stake<AccountId> {
	/// Who was the curator, and has confirmed it.
	pub curator: AccountId,
	/// Amount held on their account for it, in planck.
	pub amount: Balance,
}

/// An account's accusation against a contribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Accusation<AccountId, BlockNumber> {
	/// Amount held on the accuser's account for it, in planck. Turning to governance takes a part of
	/// it.
	pub deposit: Balance,
	/// The offence that the contribution is accused of.
	pub reason: AccusationReason,
	/// The block in which it was made: of several that are right, governance rewards the first.
	pub made_at: BlockNumber,
	/// The stage that it has reached.
	pub stage: AccusationStage<BlockNumber>,
	/// The stake of the curator who has confirmed it. None before.
	pub stake: Option<Stake<AccountId>>,
}

/// A root that somebody has reserved without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Reservation<AccountId, BlockNumber> {
	/// Who put the deposit down.
	pub payer: AccountId,
	/// Amount held on the payer's account for it, in planck.
	pub deposit: Balance,
	/// The block it was made in.
	pub at: BlockNumber,
	/// The block from which it counts no more.
	pub expires_at: BlockNumber,
	/// `true` if a rejection has left it. What is submitted with it and rejected again leaves none that
	/// counts longer. Its deposit comes back whether it is used or not.
	pub kept: bool,
	/// The contribution that was submitted with it, and is still to be shown. It stays for that long.
	pub used_by: Option<ContributionId>,
}

/// A frozen state of a datanet, and what has been paid to it. Only `index` and `received` ever
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Release {
	/// The sum of its contributions' weights; never 0.
	pub total_weight: Weight,
	/// Number of its contributions.
	pub contributions: u32,
	/// The hash over the datanet's [log](crate::ReleaseLogs) as it was.
	pub root: Hash,
	/// The curator's part of what it earns.
	pub curator_share: Permill,
	/// Amount paid so far per unit of weight.
	pub index: PoolIndex,
	/// Everything that was ever paid to its contributors, in planck.
	pub received: Balance,
}

/// A claim's payment to a contribution for one release: the weight times the difference of pool indices.
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
pub struct ReleasePayout {
	/// The release.
	#[codec(compact)]
	pub release: ReleaseId,
	/// The contribution's weight in it.
	#[codec(compact)]
	pub weight: Weight,
	/// The pool index up to which was paid before, in planck per unit of weight.
	#[codec(compact)]
	pub from: Balance,
	/// The pool index up to which is paid with this, in planck per unit of weight.
	#[codec(compact)]
	pub to: Balance,
	/// The product of weight and difference, in planck.
	#[codec(compact)]
	pub amount: Balance,
}

/// A claim's payment to a curator for one datanet.
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
pub struct DatanetPayout {
	/// The datanet.
	#[codec(compact)]
	pub datanet: DatanetId,
	/// The curator's earnings of it, in planck.
	#[codec(compact)]
	pub amount: Balance,
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

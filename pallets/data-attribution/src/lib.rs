//! # Data attribution
//!
//! Who gave the data behind a model, and how they are paid for each call of it.
//!
//! A *datanet* is a pool of data around one subject. Contributors submit data sets to it, each as
//! the root of a tree over its data, with a bond, and show that they have the data. The datanet's curator accepts
//! a contribution with a weight, or rejects it. When the curator publishes a *release*, the contributions and
//! weights of that moment are frozen under a number, and models are trained on that release. A model's income
//! goes to the contributors of the releases that it was made from: who contributes later earns from
//! later models and never dilutes earlier ones.
//!
//! ## How a release costs the same with one contribution or a million
//!
//! Publishing copies three numbers: the total weight and the count, which the datanet keeps up to
//! date as contributions are accepted, and the curator's share. Which contributions are in a
//! release is not written down once more. Each contribution has [`Checkpoint`]s instead,
//! `(from_release, weight)`, and its weight in release `r` is that of the newest checkpoint with
//! `from_release <= r` ([`Contribution::weight_at`]). Accepting, changing a weight, stopping and
//! slashing set a checkpoint at the *next* release, so a published release never changes.
//!
//! ## What a release commits to
//!
//! Each datanet has a [log](openledger_primitives::release) with one leaf for each contribution that was
//! accepted, in that order: which one it is, from when it counts, and its root. Only the peaks of the log are
//! stored, so that accepting costs the same for the first and the millionth. A release has the hash over the
//! log as it was ([`Release::root`]). Whoever has made an index of a release's data shows with it that they
//! left nothing out; anybody can prove to a light client that a contribution was there. The leaves can be
//! told from the contributions, each of which has its [place](Contribution::place), and from the events.
//! Nothing ever leaves the log: what was accepted is in it also if it was stopped or slashed before the
//! release, or is gone because no release had it. What is part of a release, the weights say.
//!
//! ## How a payment costs the same with one contribution or a million
//!
//! A release has a pool index (see [`openledger_primitives::pool_index`]): planck paid per unit of
//! weight, a whole number, and a carry for what did not divide. Paying a release is one addition to
//! its index. What a contribution has to claim is its weight times the difference between the index
//! and the one it claimed up to last. All of it is exact: `total_weight * index + carry` is what the
//! release ever received.
//!
//! ```
//! use openledger_primitives::pool_index::PoolIndex;
//!
//! // A release of Alice, with weight 1, and Bob, with weight 3, earns 42 planck.
//! let index = PoolIndex::default().pay(42, 4).unwrap();
//! assert_eq!((index.per_weight, index.carry), (10, 2));
//! assert_eq!(index.owed(3, 0), Some(30));
//!
//! // Bob claims, and 6 planck more come in. With the two that were carried, all is divided.
//! let bob_claimed_to = index.per_weight;
//! let index = index.pay(6, 4).unwrap();
//! assert_eq!(index.carry, 0);
//! assert_eq!(index.owed(3, bob_claimed_to), Some(6));
//! assert_eq!(index.owed(1, 0), Some(12));
//! ```
//!
//! ## How a call's data part is divided
//!
//! ```text
//! data part ─┬─ attributed share ──► contributions that the call's attribution names, by their part of the answer
//!            └─ rest ──────────────► releases that the model was made from, by weight
//!                                    (of each: the curator's share to the curator)
//! ```
//!
//! No planck is lost ([`openledger_primitives::split`]). All calls of a lane are paid as of one block, on which
//! caller and node have agreed: see [`DataRevenue::resolve`](openledger_primitives::traits::DataRevenue::resolve)
//! and [`DataRevenue::credit_lanes`](openledger_primitives::traits::DataRevenue::credit_lanes). The attribution
//! comes from the node that ran the call, so it is not trusted to name just anybody: an entry counts only if its
//! contribution is part of one of the releases that the model was made from, was accepted and had no leaf of it
//! withheld in that block, and has a format in which it can be proven what an answer has of it. An entry says how
//! much of the answer its contribution has, in basis points of the whole, and gets what that is of the attributed
//! share, whatever the other entries are. The releases get all the rest. A source that leads to no published release
//! leaves its part to the others; if none leads to one, there is nobody to pay, and no call to serve. Of what is
//! attributed to a contribution, the curator gets the share of the newest of those releases that it
//! is part of. All lanes of an extrinsic are credited at once: each release, contribution and curator
//! is read and written once.
//!
//! Crediting moves no OPEN: the settlement that credits also pays the sum into this pallet's pot
//! ([`Pallet::pot`]), from which contributors [`claim`](Call::claim) and curators
//! [`claim_curator`](Call::claim_curator). The events of claims say what was paid for what: the direct part, by
//! release from which pool index up to which, and by datanet. [`Accounted`] is what the pot owes, and `try_state`
//! re-adds it from every index, claim and carry.
//!
//! ## What keeps curators and contributors honest
//!
//! - A release is frozen: a curator can change weights and shares only for later ones, and the
//!   curator's share only downwards.
//! - A model that names no release number is paid by the datanet's current release when a call is
//!   agreed on, and a new release becomes that only after a notice
//!   ([`ReleaseNotice`](Config::ReleaseNotice)): a curator cannot publish a release that is heavy with
//!   data of their own and be paid by calls that are agreed on before the notice is over, however long
//!   they are held back.
//! - A contributor may withdraw consent at any time: the contribution is in no further release, and keeps what it
//!   has.
//! - Neither rejecting a contribution nor not deciding about it takes its root from its contributor, who keeps a
//!   claim to it for a time (see below): a curator cannot submit what they have seen as their own.
//! - A duplicate or a fraud can be accused by anybody who puts up as much as the bond, whoever else has accused it.
//!   The curator confirms, with a stake of the same amount, and the contributor may contest. If that is not in time,
//!   the contribution is suspended: it is in no further release. To take what it earns from those that have it, and
//!   its bond, takes a verdict of governance, which can decide at any time, about any of the accusations or none.
//! - A curator who is the accuser cannot confirm, nothing of a bond ever goes to the curator, and who else accuses
//!   gets a part of it only if the verdict names them. So slashing does not pay a curator, not with a second account
//!   either.
//! - Accusing over and over costs the accuser a share of the deposit each time, and the curator who confirms it
//!   one of the stake, if it is contested and comes to nothing; who is wrong loses all of it. Turning to governance
//!   costs a share more, at once. All of that goes to the protocol, but for the deposit of who was wrong, which
//!   makes up for what the contributor had to bear.
//! - A fraud does not help itself by accusing itself with a second account. That keeps nobody else from accusing it,
//!   costs as much as any other accusation, and is rewarded only if governance takes it for the first that was
//!   right.
//! - A slashed contribution keeps what it has earned. What it would still earn goes to the protocol
//!   ([`sweep_slashed`](Call::sweep_slashed)): nobody else's share moves. That is so of releases, and of calls
//!   that name it.
//!
//! An accusation and how it goes on:
//!
//! ```text
//! Reported ──confirm──► Confirmed ──contest──► Contested ──► governance: slashed, or the deposit is
//!    │ │                 ▲  │                     │           the contributor's, the stake the protocol's
//!    │ │                 │  └─ after a time: suspended
//!    │ │                 │                        └─ after a longer time: dropped, at a cost to both
//!    │ └──escalate──► Escalated
//!    │       at a cost   └─ after that longer time: dropped, at a cost once more
//!    └─ dropped, at a cost
//! ```
//!
//! Governance can decide at each stage. For whoever turned to governance with good reason, the share of the bond
//! that comes with the verdict makes up for what it cost.
//!
//! ## What a court's order does
//!
//! Governance can have a contribution [taken down](Call::take_down). It keeps what it has earned; from then on it is
//! in no further release, and what the releases that have it owe it, and what calls attribute to it, goes to the
//! protocol, as for a slashed one: nobody else's share moves. Its root stays with it, so that nobody brings the same
//! data anew. In the datanet's log it stays as well: that says what was accepted. What was taken down can be
//! [restored](Call::restore), and earns again from then on, but not what came meanwhile. Each is known by block,
//! like everything that a call is paid by.
//!
//! ## Whose a root is
//!
//! Data is committed to by its root, and one root belongs to one contribution: the one that counts from the earliest
//! block, of those whose contributor has [shown](Call::show_possession) that they have the data. For that, a leaf is
//! [drawn](Config::Randomness) some blocks after the submission, and its 256 bytes have to be brought with a proof. (One
//! of those left of the root, whose places say how long the stream is: see
//! [`DataRoot::drawn`](openledger_primitives::data_tree::DataRoot::drawn).)
//! As long as it was not shown, a contribution can neither be accepted nor have a root, and once the time for that is
//! over, anybody can have it [lapse](Call::lapse_contribution). So neither a root that was copied from the pool nor
//! one that was guessed is worth anything without the data. The leaf is on chain then, also that of private data,
//! with its salt. (What has no format has nothing to show. It can be accepted, but owns no root: whether it is a
//! duplicate is for curators and verdicts to say.)
//!
//! Whoever sees a submission of public data before it is in a block could submit the same root first. Against this,
//! a contributor may [reserve](Call::reserve_root) the root some blocks earlier without showing it, by its
//! [`commitment`](Pallet::commitment): a submission counts from the block of its reservation. The commitment contains
//! the account that may use it, so it does not matter who sent it: copying a reservation only pays for somebody
//! else's. It counts for minutes only, and if no data is shown by it in time, its deposit is lost: so to have one at
//! all times, for each root that others could come with, costs more than it brings.
//!
//! A pending contribution whose root is taken over is removed. One that was accepted stays, because releases may have
//! it, and earns as before: if it was a copy, that is for a verdict to say, like anything else.
//!
//! Whose contribution is [rejected](Call::reject_contribution) gets a reservation too, which counts from when the
//! contribution did, and for [longer](Config::RootClaimPeriod): whom curators reject elsewhere can still bring it to
//! a datanet of their own. It is the same with what nobody decides about: curators have a
//! [time](Config::PendingPeriod) to decide, counted from when the data was shown. After that they still can, but
//! anybody may have it [lapse](Call::lapse_contribution), and its contributor has the claim, and can go elsewhere.
//! No stranger gets the root by that. Nor does it stay with who never means to have it accepted: a claim is not
//! renewed by lapsing again.
//!
//! What this does not prevent: whoever withdraws a contribution just before its time is over, and submits it
//! anew in the same transaction with a claim that is about to end, keeps the root for as long as they
//! go on with that, at the price of the fees. It pays nobody, and ends when they once come late. Whoever has but some
//! leaves of data whose root nobody owns can submit it as often as it takes until one of them is drawn, and gets the bond
//! back each time: that costs fees, and the more the less they have. Of public data
//! that two have, it belongs to who commits to it first, whoever made it. And what is shown is public: who has
//! submitted a copied root many times over, no later than its contributor, and sees the leaf that they show while it
//! waits for a block, may have been drawn the same one, the more likely the fewer there are. Against that helps to
//! reserve: what is reserved counts from before anybody has seen the root.
//!
//! ## What sources without a number lead to
//!
//! A model's source names a release, or none: then it means the datanet's *current* one. The first
//! release is that at once; a later one takes its place [`ReleaseNotice`](Config::ReleaseNotice)
//! blocks after it was published. One that is published meanwhile takes the place of the announced
//! one, and the notice begins anew. Whoever calls such a model finds the announced one with the event
//! `ReleaseAnnounced`, a notice before it is paid. What lanes owe goes to the release that was current in the
//! block that their calls were agreed on as of, whenever they are settled.
//!
//! ## What is remembered
//!
//! Callers agree to terms, and calls may be settled long after that. So a datanet keeps which release was
//! [current](Datanet::current_at) from which block on, and who was the [curator](Datanet::curator_at); and a
//! contribution, whether calls could be [attributed](Contribution::standing_at) to it. Neither a release that
//! is published, nor a curator who changes, nor a verdict or a court, right before a settlement, changes what was true
//! in an earlier block.
//!
//! They keep what any block of the last [`HistoryPeriod`](Config::HistoryPeriod) had, and are bounded: a change
//! for which there is no room is refused. Who fills a history stands in nobody's way but their own. The
//! announced release is in it from when it is announced, and one that is passed over leaves it, so that a
//! thousand releases in a day take one place. Slashing is never refused for want of room.
//!
//! ## Storage
//!
//! | map | key | largest value | who pays | who cleans |
//! |---|---|---|---|---|
//! | [`NextDatanetId`], [`NextContributionId`] | – | 4 and 8 bytes | – | never grow |
//! | [`Datanets`] | datanet | 944 bytes, its histories included | the curator's deposit | the curator, as long as there is no release and no contribution; stays otherwise |
//! | [`DatanetIdByName`] | name | 4 bytes | the curator's deposit | stays with the datanet |
//! | [`ReleaseLogs`] | datanet | 1,029 bytes, whatever its length | the curator's deposit | stays with the datanet |
//! | [`Admissions`] | datanet, account | 48 bytes | the curator's deposit for each | disallowing |
//! | [`Contributions`] | contribution | 692 bytes, its history included | the contributor's bond, and what stays of it | rejecting, withdrawing, lapsing, or taking the bond of one back that no release has; stays otherwise |
//! | [`RootOwner`] | Merkle root | 8 bytes | the contributor's bond | with the contribution, or slashing it |
//! | [`ContributionsOf`] | account, contribution | 0 bytes | the contributor's bond | with the contribution |
//! | [`Releases`] | datanet, release | 96 bytes | the curator's deposit for each, 512 at most | stays: models refer to it |
//! | [`Claimed`] | contribution, release | 16 bytes | who claims, by the fee | stays with the release |
//! | [`DirectEarnings`] | contribution | 16 bytes | the contributor's bond | claiming |
//! | [`SlashedEarnings`] | contribution | 16 bytes | the contributor's bond | sweeping |
//! | [`CuratorEarnings`] | account, datanet | 16 bytes | the curator's deposit | claiming |
//! | [`Accusations`] | contribution, account | 83 bytes | the accuser's deposit | dropping or resolving it, suspending for it |
//! | [`Reservations`] | commitment | 66 bytes | the deposit of who reserved | showing what was submitted with it; anybody once it is over |
//! | [`Draws`] | block | 37 bytes | the bonds of who waits for it | showing, withdrawing or lapsing of the last of them |
//! | [`Chance`] | – | 32 bytes | – | never grows |
//! | [`Accounted`] | – | 16 bytes | – | never grows |
//!
//! Deposits and bonds are flat and meant to cover the largest entry. They are holds, and the amount
//! is kept with what it was held for, so that what comes back is what was put down even if the
//! parameters have changed. A stopped contribution that releases have stays for them, and a part of
//! its bond with it ([`ContributionDeposit`](Config::ContributionDeposit)). What is left of a slashed
//! one was paid for by the bond that it lost.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod accusations;
mod batch;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims;
mod contributions;
mod curation;
mod datanets;
mod forfeiting;
mod impls;
mod lanes;
#[cfg(test)]
mod mock;
mod possession;
mod queries;
mod reservations;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
	Accusation, AccusationReason, AccusationStage, Admission, Checkpoint, Contribution,
	ContributionStatus, Datanet, DatanetPayout, Draw, Possession, Release, ReleasePayout,
	Reservation, Stake, MAX_CHECKPOINTS, MAX_CURATORS, MAX_CURRENT, MAX_RELEASES, MAX_STANDINGS,
	MAX_TOTAL_WEIGHT,
};
pub(crate) use types::{AccusationOf, ContributionOf, DatanetOf, ReservationOf};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, Mutate, MutateHold},
			EnsureOrigin, Randomness,
		},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		contribution::Submission, data_tree::RangeProof, release::ReleaseLog,
		traits::RecordEarnings, Balance, ContributionId, DatanetId, Hash, Name, ReleaseId, Weight,
		MAX_CLAIM, MAX_SUBMISSION,
	};
	use sp_runtime::{traits::Zero, Permill, SaturatedConversion};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Datanets, contributions, and what they earn.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Types and parameters that the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// Is told of each claim, for the lifetime totals of earners.
		type Earnings: RecordEarnings<Self::AccountId>;

		/// The part of each block in the draws that say which leaf of a contribution has to be shown: a number
		/// that nobody could know, or choose, before the block before this one.
		type Randomness: Randomness<Hash, BlockNumberFor<Self>>;

		/// Names the account that holds what contributors may claim. The account must exist from
		/// genesis on, with the existential deposit.
		#[pallet::constant]
		type PotId: Get<PalletId>;

		/// Decides about accusations.
		type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Gets what is slashed, what accusations and reservations cost that came to nothing, and what slashed
		/// contributions and those that a court has taken down still earn. The account must exist from genesis
		/// on.
		type ProtocolAccount: Get<Self::AccountId>;

		/// The deposit for a datanet, in planck.
		type DatanetDeposit: Get<Balance>;

		/// The deposit for each release of a datanet, in planck: what its storage costs.
		type ReleaseDeposit: Get<Balance>;

		/// For how many blocks after a release is published sources without a number still lead to the
		/// one before. So whoever calls or runs a model can see whom they are about to pay.
		type ReleaseNotice: Get<BlockNumberFor<Self>>;

		/// For how many blocks one can still ask which release was current, who was the curator, and how a
		/// contribution stood: as long as it can take from what a caller agrees to until all calls are settled
		/// for which that holds.
		type HistoryPeriod: Get<BlockNumberFor<Self>>;

		/// The deposit for letting an account into a datanet, in planck.
		type AdmissionDeposit: Get<Balance>;

		/// The bond for a contribution, in planck. An accusation needs as much, and confirming it. Even without
		/// `DroppedShare` it is at least the existential deposit, so that what is left of an accuser's
		/// deposit can be paid out to anybody.
		type ContributionBond: Get<Balance>;

		/// Part of a stopped contribution's bond that stays, in planck, as long as the contribution is
		/// stored: what its storage costs.
		type ContributionDeposit: Get<Balance>;

		/// The deposit for reserving a root, in planck.
		type ReservationDeposit: Get<Balance>;

		/// For how many blocks a reservation counts: as long as it takes to submit what was reserved, and no
		/// longer, so that nobody always has one that is older than what others submit.
		type ReservationPeriod: Get<BlockNumberFor<Self>>;

		/// Number of blocks after a submission in which the leaf to show is drawn. At least 2, so that the draw
		/// depends on a block that is made by somebody who has seen the submission in one.
		type DrawDelay: Get<BlockNumberFor<Self>>;

		/// For how many blocks after the draw the leaf can be shown.
		type ShowPeriod: Get<BlockNumberFor<Self>>;

		/// For how many blocks whose contribution was rejected, or lapsed, keeps a claim to its root.
		type RootClaimPeriod: Get<BlockNumberFor<Self>>;

		/// For how many blocks after its data was shown a contribution may be pending before anybody can have
		/// it lapse.
		type PendingPeriod: Get<BlockNumberFor<Self>>;

		/// For how many blocks the bond of a stopped contribution stays.
		type BondLockPeriod: Get<BlockNumberFor<Self>>;

		/// Blocks that a curator has to confirm an accusation, and then a contributor to contest it before the
		/// contribution can be suspended.
		type ContestPeriod: Get<BlockNumberFor<Self>>;

		/// Blocks that governance has to decide about an accusation that was contested, or handed
		/// to it, before anybody can have it dropped.
		type VerdictPeriod: Get<BlockNumberFor<Self>>;

		/// Part of a slashed bond that the accuser gets whom the verdict of governance names. The rest goes to the
		/// protocol, and all of it if it names nobody.
		type ReporterShare: Get<Permill>;

		/// Part of the accuser's deposit that the protocol gets if the accusation is dropped, or nobody decides
		/// about it, and when governance is asked; and of the stake of the curator who has confirmed it. So nobody
		/// can keep a contribution accused for nothing, and nobody's own second account gets it back. It is less
		/// than `ReporterShare`, so that being right makes up for it.
		type DroppedShare: Get<Permill>;

		/// The most that a curator may take of what a datanet earns.
		type MaxCuratorShare: Get<Permill>;

		/// The most weight that a curator may give to one contribution. Whatever it is, the weights
		/// of a release add up to [`MAX_TOTAL_WEIGHT`] at most.
		type MaxWeight: Get<Weight>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds OPEN.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a datanet.
		#[codec(index = 0)]
		Datanet,
		/// The bond for a contribution.
		#[codec(index = 1)]
		Contribution,
		/// The deposit for letting an account into a datanet.
		#[codec(index = 2)]
		Admission,
		/// The deposit for an accusation.
		#[codec(index = 3)]
		Accusation,
		/// The deposit for reserving a root.
		#[codec(index = 4)]
		Reservation,
		/// A curator's stake in an accusation that they have confirmed.
		#[codec(index = 5)]
		Confirmation,
	}

	/// The id that the next datanet gets.
	#[pallet::storage]
	pub type NextDatanetId<T> = StorageValue<_, DatanetId, ValueQuery>;

	/// The id that the next contribution gets.
	#[pallet::storage]
	pub type NextContributionId<T> = StorageValue<_, ContributionId, ValueQuery>;

	/// All datanets.
	#[pallet::storage]
	pub type Datanets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, DatanetOf<T>>;

	/// The datanet of each name.
	#[pallet::storage]
	pub type DatanetIdByName<T> = StorageMap<_, Blake2_128Concat, Name, DatanetId>;

	/// The peaks of each datanet's log of accepted contributions. A release has its hash.
	#[pallet::storage]
	pub type ReleaseLogs<T> = StorageMap<_, Twox64Concat, DatanetId, ReleaseLog, ValueQuery>;

	/// Who may contribute to a datanet that is not open, beside its curator.
	#[pallet::storage]
	pub type Admissions<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		DatanetId,
		Blake2_128Concat,
		T::AccountId,
		Admission<T::AccountId>,
	>;

	/// All contributions that were not rejected or withdrawn.
	#[pallet::storage]
	pub type Contributions<T: Config> =
		StorageMap<_, Twox64Concat, ContributionId, ContributionOf<T>>;

	/// Which contribution owns a Merkle root: one whose data was shown. One that lost its root to another has
	/// none.
	#[pallet::storage]
	pub type RootOwner<T> = StorageMap<_, Blake2_128Concat, Hash, ContributionId>;

	/// The contributions of each account, for queries. The second key is the contribution's id in
	/// big-endian bytes, not hashed, so that the entries of an account are stored in the order of
	/// their ids and a page of them can start anywhere.
	#[pallet::storage]
	pub type ContributionsOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 8], ()>;

	/// The releases of each datanet.
	#[pallet::storage]
	pub type Releases<T> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Twox64Concat, ReleaseId, Release>;

	/// Up to which pool index, in planck per unit of weight, a contribution has claimed from a
	/// release.
	#[pallet::storage]
	pub type Claimed<T> = StorageDoubleMap<
		_,
		Twox64Concat,
		ContributionId,
		Twox64Concat,
		ReleaseId,
		Balance,
		ValueQuery,
	>;

	/// Amount that calls have attributed to a contribution directly since it last claimed, in planck.
	#[pallet::storage]
	pub type DirectEarnings<T> = StorageMap<_, Twox64Concat, ContributionId, Balance, ValueQuery>;

	/// Earnings of contributions that belong to the protocol, in planck: what calls have attributed directly to
	/// those that are slashed or taken down, and what releases owed to one while it was taken down.
	#[pallet::storage]
	pub type SlashedEarnings<T> = StorageMap<_, Twox64Concat, ContributionId, Balance, ValueQuery>;

	/// Earnings of curators from each of their datanets since they last claimed, in planck. They belong to
	/// whoever was the curator in the block that they were credited as of.
	#[pallet::storage]
	pub type CuratorEarnings<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		DatanetId,
		Balance,
		ValueQuery,
	>;

	/// The accusations that are not settled, by contribution and accuser.
	#[pallet::storage]
	pub type Accusations<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		ContributionId,
		Blake2_128Concat,
		T::AccountId,
		AccusationOf<T>,
	>;

	/// The draws that somebody waits for, or still has to show a leaf of, by block.
	#[pallet::storage]
	pub type Draws<T: Config> = StorageMap<_, Twox64Concat, BlockNumberFor<T>, Draw>;

	/// The number that each block has had its part in, and that the draw of a block comes out as.
	#[pallet::storage]
	pub type Chance<T> = StorageValue<_, Hash, ValueQuery>;

	/// Roots that are reserved, by what hides them: see [`Pallet::commitment`].
	#[pallet::storage]
	pub type Reservations<T: Config> = StorageMap<_, Blake2_128Concat, Hash, ReservationOf<T>>;

	/// The pot's debts, in planck: everything that was credited and has not been claimed,
	/// including what releases carry into their next payment.
	#[pallet::storage]
	pub type Accounted<T> = StorageValue<_, Balance, ValueQuery>;

	/// Makes sure that the pot exists. There is nothing to configure.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Nothing.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let pot = Pallet::<T>::pot();
			let missing =
				T::Currency::minimum_balance().saturating_sub(T::Currency::total_balance(&pot));
			if !missing.is_zero() {
				// A genesis that cannot be built must not become a chain: no call ever comes here.
				let minted = T::Currency::mint_into(&pot, missing);
				assert!(minted.is_ok(), "the pot cannot be endowed");
			}
		}
	}

	/// Events of datanets, contributions and their earnings. Amounts are in planck.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	#[allow(missing_docs)] // A field that needs more than its name is in its event's description.
	pub enum Event<T: Config> {
		/// A datanet was created.
		#[codec(index = 0)]
		DatanetCreated {
			datanet: DatanetId,
			curator: T::AccountId,
			name: Name,
			open: bool,
			curator_share: Permill,
		},
		/// A contribution waits for its data to be shown, and then for the curator. It counts from block
		/// `since`.
		#[codec(index = 1)]
		ContributionSubmitted {
			contribution: ContributionId,
			datanet: DatanetId,
			contributor: T::AccountId,
			root: Hash,
			/// Kind of the root; 0 if that is not specified.
			format: u8,
			since: BlockNumberFor<T>,
			/// The block in which the leaf is drawn that has to be shown, before the curator can accept it. None
			/// if nothing can be shown of this format.
			draw: Option<BlockNumberFor<T>>,
		},
		/// A contribution will be part of all releases from `from_release` on, which is the next one. It is
		/// the leaf at `place`, from 0, in the datanet's log.
		#[codec(index = 2)]
		ContributionAccepted {
			contribution: ContributionId,
			datanet: DatanetId,
			weight: Weight,
			from_release: ReleaseId,
			place: u32,
		},
		/// A curator rejected a contribution. The bond is released, but for the deposit of the
		/// reservation of the root that may be left to the contributor.
		#[codec(index = 3)]
		ContributionRejected { contribution: ContributionId },
		/// A contributor withdrew a contribution that no release has. The bond is released, and the
		/// root is free, or goes back to the one that it was taken over from.
		#[codec(index = 4)]
		ContributionWithdrawn { contribution: ContributionId },
		/// A datanet's state was frozen under a number.
		#[codec(index = 5)]
		ReleasePublished {
			datanet: DatanetId,
			release: ReleaseId,
			total_weight: Weight,
			contributions: u32,
			curator_share: Permill,
			/// The hash over the datanet's log.
			root: Hash,
		},
		/// A contribution's earnings were paid out: to its contributor, or to the beneficiary that the
		/// contributor has named.
		#[codec(index = 6)]
		PayoutClaimed {
			contribution: ContributionId,
			datanet: DatanetId,
			contributor: T::AccountId,
			/// The part that calls had attributed to it.
			direct: Balance,
			/// The part of each release; those that owed nothing are left out.
			releases: Vec<ReleasePayout>,
			/// All of it.
			amount: Balance,
		},
		/// A datanet was opened to everybody, or closed to all but those who were let in.
		#[codec(index = 7)]
		AccessChanged { datanet: DatanetId, open: bool },
		/// An account was let into a datanet.
		#[codec(index = 8)]
		ContributorAllowed { datanet: DatanetId, account: T::AccountId },
		/// An account may contribute no more to a datanet that is not open.
		#[codec(index = 9)]
		ContributorDisallowed { datanet: DatanetId, account: T::AccountId },
		/// From the next release on, the curator takes less: `curator_share`.
		#[codec(index = 10)]
		CuratorShareLowered { datanet: DatanetId, curator_share: Permill },
		/// A curator offered the role to somebody.
		#[codec(index = 11)]
		CuratorOffered { datanet: DatanetId, to: T::AccountId },
		/// The curator's role is not on offer any more.
		#[codec(index = 12)]
		CuratorOfferWithdrawn { datanet: DatanetId },
		/// A datanet has another curator, who earns the curator's share from now on.
		#[codec(index = 13)]
		CuratorChanged { datanet: DatanetId, from: T::AccountId, to: T::AccountId },
		/// A curator was paid the shares of datanets: of all of them, if there are 16 at most.
		#[codec(index = 14)]
		CuratorPaid {
			curator: T::AccountId,
			datanets: Vec<DatanetPayout>,
			/// All of it.
			amount: Balance,
		},
		/// A contribution has another weight from `from_release` on, which is the next one.
		#[codec(index = 15)]
		WeightSet {
			contribution: ContributionId,
			datanet: DatanetId,
			weight: Weight,
			from_release: ReleaseId,
		},
		/// A contribution will be part of no release from `from_release` on. Its bond can be taken back from
		/// block `bond_until` on.
		#[codec(index = 16)]
		ContributionStopped {
			contribution: ContributionId,
			datanet: DatanetId,
			from_release: ReleaseId,
			bond_until: BlockNumberFor<T>,
		},
		/// The bond of a stopped contribution went back to its contributor, but for what its storage
		/// costs.
		#[codec(index = 17)]
		BondReturned { contribution: ContributionId, amount: Balance },
		/// A contribution has another contributor, who is paid what it has earned and will earn.
		#[codec(index = 18)]
		ContributionTransferred {
			contribution: ContributionId,
			from: T::AccountId,
			to: T::AccountId,
		},
		/// A contributor named who is paid what a contribution has earned and will earn; the contributor if
		/// none.
		#[codec(index = 19)]
		BeneficiarySet { contribution: ContributionId, beneficiary: Option<T::AccountId> },
		/// A contribution was accused. The curator may confirm that before block `until`.
		#[codec(index = 20)]
		ContributionAccused {
			contribution: ContributionId,
			accuser: T::AccountId,
			reason: AccusationReason,
			until: BlockNumberFor<T>,
		},
		/// A curator confirmed an accusation, with a stake. The contributor may contest it before block `until`.
		#[codec(index = 21)]
		AccusationConfirmed {
			contribution: ContributionId,
			until: BlockNumberFor<T>,
			accuser: T::AccountId,
			stake: Balance,
		},
		/// A contributor contested an accusation. Governance decides; if it has not, anybody may have it
		/// dropped from block `until` on.
		#[codec(index = 22)]
		AccusationContested {
			contribution: ContributionId,
			until: BlockNumberFor<T>,
			accuser: T::AccountId,
		},
		/// An accusation is over, without a verdict or with one that says that it was right. What is left of the
		/// accuser's deposit, and of the stake of the curator who had confirmed it, is released.
		#[codec(index = 23)]
		AccusationDropped {
			contribution: ContributionId,
			/// What the protocol got of both because it came to nothing, in planck, next to what turning to
			/// governance may have cost.
			charged: Balance,
			accuser: T::AccountId,
		},
		/// A contribution was found to be a duplicate or a fraud. It will be part of no further
		/// release, and what it earns from now on goes to the protocol.
		#[codec(index = 24)]
		ContributionSlashed {
			contribution: ContributionId,
			datanet: DatanetId,
			/// Whose accusation the verdict names, if any is left of those.
			accuser: Option<T::AccountId>,
			/// Part of the bond that went to the accuser, in planck.
			to_accuser: Balance,
			to_protocol: Balance,
			/// Its earnings in releases until now, which its contributor may claim, in planck.
			kept: Balance,
		},
		/// Governance found an accusation to be wrong. What was left of the accuser's deposit went to the
		/// contributor, and the stake of the curator who had confirmed it to the protocol.
		#[codec(index = 25)]
		ContributionAcquitted {
			contribution: ContributionId,
			accuser: T::AccountId,
			to_contributor: Balance,
			to_protocol: Balance,
		},
		/// The earnings of a contribution since it was slashed or taken down went to the protocol.
		#[codec(index = 26)]
		SlashedSwept {
			contribution: ContributionId,
			datanet: DatanetId,
			/// The part of calls that were attributed to it, and of releases before it was restored.
			direct: Balance,
			/// The part of each release; those that owed nothing are left out.
			releases: Vec<ReleasePayout>,
			/// All of it.
			amount: Balance,
		},
		/// Somebody reserved the root that `commitment` hides, or whose contribution was rejected has its
		/// root reserved. It counts until before block `expires_at`.
		#[codec(index = 27)]
		RootReserved { commitment: Hash, payer: T::AccountId, expires_at: BlockNumberFor<T> },
		/// A reservation was used or is over. Its deposit is released, but for what the protocol gets of it if no
		/// data was shown by it in time.
		#[codec(index = 28)]
		ReservationRemoved { commitment: Hash, forfeited: Balance },
		/// A pending contribution gave way to one that counts from earlier. The bond is released.
		#[codec(index = 29)]
		ContributionDisplaced { contribution: ContributionId, by: ContributionId },
		/// A contribution that was accepted lost its root to one that counts from earlier. What is to become of
		/// it takes an accusation, as ever.
		#[codec(index = 30)]
		RootTakenOver { contribution: ContributionId, by: ContributionId },
		/// An accuser turned to governance, and `charged` of the deposit went to the protocol. The curator
		/// may still confirm the accusation; if nobody decides, anybody may have it dropped from block
		/// `until` on.
		#[codec(index = 31)]
		AccusationEscalated {
			contribution: ContributionId,
			until: BlockNumberFor<T>,
			charged: Balance,
			accuser: T::AccountId,
		},
		/// Sources without a release number will lead to another release from block `from` on.
		#[codec(index = 32)]
		ReleaseAnnounced { datanet: DatanetId, release: ReleaseId, from: BlockNumberFor<T> },
		/// The contribution that took a root over is gone, or slashed. The root belongs to whom it was taken from again.
		#[codec(index = 33)]
		RootReturned { contribution: ContributionId, by: ContributionId },
		/// A contributor has shown that they have the data that they have committed to: the leaf that was drawn.
		/// The contribution owns its root.
		#[codec(index = 34)]
		PossessionShown { contribution: ContributionId, leaf: u32 },
		/// A pending contribution is gone, because its data was not shown in time, or nobody has decided about it
		/// in time. The bond is released, but for the deposit of the reservation of the root that may be left to
		/// the contributor.
		#[codec(index = 35)]
		ContributionLapsed { contribution: ContributionId },
		/// A contribution was accused, its curator has confirmed that, and nobody has contested it in time. It is
		/// in no release from `from_release` on, and earns from those before. Its bond can be taken back from
		/// block `bond_until` on.
		#[codec(index = 36)]
		ContributionSuspended {
			contribution: ContributionId,
			datanet: DatanetId,
			accuser: T::AccountId,
			from_release: ReleaseId,
			bond_until: BlockNumberFor<T>,
		},
		/// A court has a contribution taken down: it is in no release from `from_release` on, and what it earns
		/// from now on goes to the protocol.
		#[codec(index = 37)]
		ContributionTakenDown {
			contribution: ContributionId,
			datanet: DatanetId,
			from_release: ReleaseId,
			/// Its earnings in releases until now, which its contributor may claim, in planck.
			kept: Balance,
		},
		/// A contribution is taken down no more: it earns again, and has a weight in the next release, or 0 if it
		/// is to be in none.
		#[codec(index = 38)]
		ContributionRestored {
			contribution: ContributionId,
			datanet: DatanetId,
			next_weight: Weight,
			/// What its releases had earned it meanwhile, which stays the protocol's, in planck.
			forfeited: Balance,
		},
		/// A datanet is gone: it had no contribution and no release. The deposit is released, and the name is free.
		#[codec(index = 39)]
		DatanetRemoved { datanet: DatanetId },
	}

	/// Why a call of this pallet failed. Nothing has changed then.
	#[pallet::error]
	pub enum Error<T> {
		/// A name has 1 to 64 of `a-z 0-9 . _ - /`, and starts and ends with a letter or a digit.
		InvalidName,
		/// No such datanet.
		UnknownDatanet,
		/// No such contribution.
		UnknownContribution,
		/// The datanet has no such release.
		UnknownRelease,
		/// Only the datanet's curator may do this; what a former curator has paid for, they may end
		/// too.
		NotCurator,
		/// Only the contribution's contributor may do this.
		NotContributor,
		/// A contribution has at least one byte.
		EmptyContribution,
		/// Another contribution, which counts from as early, owns the Merkle root; or two of a submission have the
		/// same one.
		RootTaken,
		/// The contribution is not pending any more.
		NotPending,
		/// A contribution's weight is at least 1.
		ZeroWeight,
		/// The weight is above what one contribution may have.
		WeightTooHigh,
		/// The weights of the datanet's contributions would add up to more than 2^40.
		TotalWeightTooHigh,
		/// The datanet has no accepted contribution.
		EmptyRelease,
		/// Nothing has changed since the last release.
		NothingChanged,
		/// There is nothing to claim here.
		NothingToClaim,
		/// The claim would leave the account that it pays below the existential deposit.
		ClaimBelowMinimum,
		/// None of the data sources leads to a published release.
		NoPayableSource,
		/// All ids are given out.
		OutOfIds,
		/// Another datanet has this name.
		NameTaken,
		/// The curator's share is above what the chain allows.
		CuratorShareTooHigh,
		/// The curator's share can only be lowered.
		CuratorShareNotLower,
		/// The datanet is open, or closed, already.
		AccessUnchanged,
		/// The account has this role already.
		SameAccount,
		/// The curator's role is not on offer.
		NoOffer,
		/// The curator's role is on offer to somebody else.
		NotOffered,
		/// The datanet takes contributions only from those whom its curator has let in.
		NotAdmitted,
		/// The account has been let in already.
		AlreadyAdmitted,
		/// The account has not been let in.
		NoAdmission,
		/// A submission has at least one contribution.
		EmptySubmission,
		/// The contribution is not an accepted one: it is pending, stopped or slashed.
		NotAccepted,
		/// The contribution has this weight already.
		WeightUnchanged,
		/// The contribution's weight has changed in as many releases as it can.
		TooManyWeightChanges,
		/// The datanet has as many releases as it can have.
		TooManyReleases,
		/// Only the bond of a stopped contribution can be taken back.
		NotStopped,
		/// The time for which a stopped contribution's bond stays is not over.
		BondLocked,
		/// The bond has been given back already: what is left pays for the storage.
		NothingHeld,
		/// The contribution is accused: this has to wait until that is settled.
		ContributionAccused,
		/// The contribution was found to be a duplicate or a fraud.
		AlreadySlashed,
		/// The curator cannot be the accuser: nobody earns by confirming an accusation of their own.
		AccuserIsCurator,
		/// The contributor cannot be the accuser.
		AccuserIsContributor,
		/// A contribution can only be the copy of an earlier one: of one that counts from an earlier block, or
		/// has a lower id if it is the same.
		NotEarlier,
		/// The contribution is not accused, not by that account, or the verdict names no account.
		NoAccusation,
		/// The accusation is not confirmed.
		NotConfirmed,
		/// The accusation is confirmed already.
		AlreadyConfirmed,
		/// The accusation is contested: governance decides.
		AccusationContested,
		/// The time to do this is over.
		TooLate,
		/// The time that others have to act first is not over.
		TooEarly,
		/// The contribution is neither slashed nor taken down.
		NotSlashed,
		/// The same reservation exists.
		ReservationExists,
		/// No such reservation.
		UnknownReservation,
		/// The reservation still counts, or the data of what was submitted with it can still be shown.
		ReservationInForce,
		/// An attribution names at most 16 contributions.
		AttributionTooLong,
		/// The account has accused the contribution already.
		AlreadyAccused,
		/// Governance has been asked about the accusation already.
		AlreadyEscalated,
		/// The data of the contribution was not shown yet.
		NotShown,
		/// The format of a contribution is 0, 1 or 2.
		UnknownFormat,
		/// A contribution that is a stream has at most 2^36 bytes: divide it.
		StreamTooLong,
		/// The datanet's log has as many leaves as it can have.
		ReleaseLogFull,
		/// The datanet's current release has changed as often as can be remembered: try again in a day.
		TooManyReleaseChanges,
		/// The datanet's curator has changed as often as can be remembered: try again in some days.
		TooManyCuratorChanges,
		/// The entries of an attribution come to more than the whole answer.
		AttributionAboveWhole,
		/// There is nothing to be shown of the contribution: it was shown already, or has no format.
		NothingToShow,
		/// The leaf to show is not drawn yet.
		NotDrawn,
		/// The proof does not show the leaf that was drawn.
		PossessionNotShown,
		/// The contribution is taken down.
		TakenDown,
		/// The contribution is not taken down.
		NotTakenDown,
		/// How the contribution stands has changed as often as can be remembered: try again in some days.
		TooManyStandings,
		/// The datanet has releases or contributions, or somebody is let in.
		DatanetInUse,
		/// The deposit would be more than the limit that was given.
		DepositAboveLimit,
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// The most that the weights of one release add up to.
		#[pallet::constant_name(MaxTotalWeight)]
		fn max_total_weight() -> Weight {
			MAX_TOTAL_WEIGHT
		}

		/// The most releases of one datanet.
		#[pallet::constant_name(MaxReleases)]
		fn max_releases() -> ReleaseId {
			MAX_RELEASES
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "std")]
		fn integrity_test() {
			// Asking governance costs the one, and being right pays the other, of the same bond.
			assert!(
				T::DroppedShare::get() < T::ReporterShare::get(),
				"being right must make up for having asked governance"
			);
			assert!(
				T::DrawDelay::get() >= 2u32.into(),
				"a draw must depend on a block after the submission"
			);
		}

		fn on_initialize(now: BlockNumberFor<T>) -> frame_support::weights::Weight {
			Self::do_draw(now);
			T::WeightInfo::on_initialize()
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a datanet, curated by the signer: anybody may contribute to it, and all that it earns goes
		/// to its contributors.
		///
		/// - `name`: what it is about; 1 to 64 of `a-z 0-9 . _ - /`, and no other datanet's.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// [`DatanetDeposit`](Config::DatanetDeposit) is held on the curator's account.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `OutOfIds`; a token error if the signer cannot afford the deposit.
		///
		/// # Events
		/// `DatanetCreated`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create_datanet())]
		pub fn create_datanet(origin: OriginFor<T>, name: Name) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, name, true, Permill::zero())
		}

		/// Submits a contribution to a datanet.
		///
		/// Before the curator can accept a stream, its contributor has to [show](Call::show_possession) a leaf of it
		/// that is drawn [some blocks](Config::DrawDelay) later. Only then does it own its root, or take that over.
		///
		/// - `submission`: its root, size, address, format and licence. If the signer has
		///   [reserved](Call::reserve_root) the root, it counts from then on. A stream (format 1 or 2) has at
		///   most 2^36 bytes; to what has format 0, no call is ever attributed directly.
		///
		/// # Origin
		/// Signed, by an account that the datanet admits.
		///
		/// # Deposit
		/// [`ContributionBond`](Config::ContributionBond) is held on the signer's account.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotAdmitted`, `EmptyContribution`, `UnknownFormat`, `StreamTooLong`, `RootTaken`,
		/// `OutOfIds`; a token error if the signer cannot afford the bond.
		///
		/// # Events
		/// `ContributionSubmitted`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::submit_contribution())]
		pub fn submit_contribution(
			origin: OriginFor<T>,
			datanet: DatanetId,
			submission: Submission,
		) -> DispatchResult {
			Self::do_submit(ensure_signed(origin)?, datanet, &[submission])
		}

		/// Accepts a pending contribution: it is part of all releases from the next one on, and in the datanet's
		/// log for ever.
		///
		/// - `weight`: its share of what a release earns, relative to the other contributions'.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`, `NotShown`, `ZeroWeight`, `WeightTooHigh`,
		/// `TotalWeightTooHigh`, `TooManyReleases`, `ReleaseLogFull`.
		///
		/// # Events
		/// `ContributionAccepted`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::accept_contribution())]
		pub fn accept_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			weight: Weight,
		) -> DispatchResult {
			Self::do_accept(&ensure_signed(origin)?, contribution, weight)
		}

		/// Rejects a pending contribution: its root is free again.
		///
		/// So that nobody who has seen the root is quicker than its contributor elsewhere, the contributor is
		/// left a [reservation](Call::reserve_root) of it that counts from when the contribution did. If the
		/// contribution was submitted with what an earlier rejection has left, it counts for no longer than
		/// that. If it has taken the root over from one that was accepted, the root goes back to that, and no
		/// reservation is left.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Deposit
		/// The bond is released, but for the deposit of the reservation that is left.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`, `NotShown`.
		///
		/// # Events
		/// `RootReturned`, if the root goes back; `RootReserved`, if a reservation is left;
		/// `ContributionRejected`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reject_contribution())]
		pub fn reject_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_reject(&ensure_signed(origin)?, contribution)
		}

		/// Withdraws a pending contribution: its root is free again, or goes back to the accepted one that it was
		/// taken over from.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Deposit
		/// The bond is released. If its data was not shown yet, the reservation that it was submitted with was not
		/// used: the protocol gets the deposit of that.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotPending`.
		///
		/// # Events
		/// `ReservationRemoved`, if it was reserved and not shown; `RootReturned`, if the root goes back;
		/// `ContributionWithdrawn`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::withdraw_contribution())]
		pub fn withdraw_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_withdraw(&ensure_signed(origin)?, contribution)
		}

		/// Freezes the datanet's accepted contributions, their weights and the curator's share as its next
		/// release.
		///
		/// Models that name it are paid for it at once. Those that name no number go on paying the current one
		/// until the [notice](Config::ReleaseNotice) is over; one that was announced before is passed over, and
		/// the notice begins anew. Only the first release is the current one at once.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Deposit
		/// [`ReleaseDeposit`](Config::ReleaseDeposit) is added to what is held for the datanet.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `EmptyRelease`, `NothingChanged`, `TooManyReleases`,
		/// `TooManyReleaseChanges`; a token error if the curator cannot afford the deposit.
		///
		/// # Events
		/// `ReleasePublished`; `ReleaseAnnounced`, but for the first release.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::publish_release())]
		pub fn publish_release(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_publish(&ensure_signed(origin)?, datanet)
		}

		/// Pays what a contribution has earned, in one transfer, to the contributor or the beneficiary: all that
		/// calls attributed to it directly, and what `releases` have earned it.
		///
		/// - `releases`: of the contribution's datanet, 16 at most; naming one twice changes nothing.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `UnknownRelease`, `NothingToClaim`, `ClaimBelowMinimum`.
		///
		/// # Events
		/// `PayoutClaimed`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::claim(releases.len().saturated_into()))]
		pub fn claim(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			let entry = Self::contribution_of(&ensure_signed(origin)?, contribution)?;
			let paid = Self::do_claim(contribution, entry, releases)?;
			Ok(Some(T::WeightInfo::claim(paid)).into())
		}

		/// Creates a datanet, curated by the signer, with an openness and a share for the curator.
		///
		/// - `name`: what it is about; 1 to 64 of `a-z 0-9 . _ - /`, and no other datanet's.
		/// - `open`: whether anybody may contribute, or only the curator and those whom the curator
		///   [lets in](Call::allow_contributor).
		/// - `curator_share`: the curator's part of what the datanet earns. It can be lowered later, but not
		///   raised.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// [`DatanetDeposit`](Config::DatanetDeposit) is held on the curator's account.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `CuratorShareTooHigh`, `OutOfIds`; a token error if the signer cannot
		/// afford the deposit.
		///
		/// # Events
		/// `DatanetCreated`.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::create_datanet_with())]
		pub fn create_datanet_with(
			origin: OriginFor<T>,
			name: Name,
			open: bool,
			curator_share: Permill,
		) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, name, open, curator_share)
		}

		/// Opens a datanet to everybody, or closes it to all but those who were let in.
		///
		/// What has been submitted stays.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `AccessUnchanged`.
		///
		/// # Events
		/// `AccessChanged`.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::set_open())]
		pub fn set_open(origin: OriginFor<T>, datanet: DatanetId, open: bool) -> DispatchResult {
			Self::do_set_open(&ensure_signed(origin)?, datanet, open)
		}

		/// Lets an account contribute to a datanet even if it is not open.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Deposit
		/// [`AdmissionDeposit`](Config::AdmissionDeposit) is held on the curator's account.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `AlreadyAdmitted`; a token error if the curator cannot afford the
		/// deposit.
		///
		/// # Events
		/// `ContributorAllowed`.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::allow_contributor())]
		pub fn allow_contributor(
			origin: OriginFor<T>,
			datanet: DatanetId,
			account: T::AccountId,
		) -> DispatchResult {
			Self::do_allow(ensure_signed(origin)?, datanet, account)
		}

		/// Takes back that an account was let in.
		///
		/// What the account has contributed stays.
		///
		/// # Origin
		/// Signed, by the datanet's curator, or by the former one who put the deposit down.
		///
		/// # Deposit
		/// That of the admission is released to whoever put it down.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `NoAdmission`.
		///
		/// # Events
		/// `ContributorDisallowed`.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::disallow_contributor())]
		pub fn disallow_contributor(
			origin: OriginFor<T>,
			datanet: DatanetId,
			account: T::AccountId,
		) -> DispatchResult {
			Self::do_disallow(&ensure_signed(origin)?, datanet, account)
		}

		/// Lowers the curator's share from the next release on.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `CuratorShareNotLower`.
		///
		/// # Events
		/// `CuratorShareLowered`.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::lower_curator_share())]
		pub fn lower_curator_share(
			origin: OriginFor<T>,
			datanet: DatanetId,
			curator_share: Permill,
		) -> DispatchResult {
			Self::do_lower_share(&ensure_signed(origin)?, datanet, curator_share)
		}

		/// Offers the curator's role to an account. An earlier offer is off.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `SameAccount`.
		///
		/// # Events
		/// `CuratorOffered`.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::offer_curator())]
		pub fn offer_curator(
			origin: OriginFor<T>,
			datanet: DatanetId,
			to: T::AccountId,
		) -> DispatchResult {
			Self::do_offer_curator(&ensure_signed(origin)?, datanet, to)
		}

		/// Takes the offer of the curator's role back.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `NoOffer`.
		///
		/// # Events
		/// `CuratorOfferWithdrawn`.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::withdraw_curator_offer())]
		pub fn withdraw_curator_offer(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_withdraw_curator_offer(&ensure_signed(origin)?, datanet)
		}

		/// Takes the curator's role over.
		///
		/// What the datanet earned until now stays the former curator's.
		///
		/// - `max_deposit`: the most that may be held for it, in planck. The former curator may have published
		///   releases since the signer has looked.
		///
		/// # Origin
		/// Signed, by whom the role is offered to.
		///
		/// # Deposit
		/// The deposits for the datanet and its releases, as they are by now, are held on the signer's account,
		/// and the former curator's are released. Those for who was let in stay with who put them down.
		///
		/// # Errors
		/// `UnknownDatanet`, `NoOffer`, `NotOffered`, `TooManyCuratorChanges`, `DepositAboveLimit`; a token error
		/// if the signer cannot afford the deposit.
		///
		/// # Events
		/// `CuratorChanged`.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::accept_curator())]
		pub fn accept_curator(
			origin: OriginFor<T>,
			datanet: DatanetId,
			max_deposit: Balance,
		) -> DispatchResult {
			Self::do_accept_curator(ensure_signed(origin)?, datanet, max_deposit)
		}

		/// Pays the signer what datanets have earned them as their curator.
		///
		/// If there are more than 16 datanets, it pays 16 of them; whoever calls it again is paid the next ones.
		///
		/// # Origin
		/// Signed, by whoever has earned as a curator.
		///
		/// # Errors
		/// `NothingToClaim`, `ClaimBelowMinimum`.
		///
		/// # Events
		/// `CuratorPaid`.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::claim_curator(MAX_CLAIM))]
		pub fn claim_curator(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let paid = Self::do_claim_curator(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::claim_curator(paid)).into())
		}

		/// Pays an account what datanets have earned it as their curator, as [`claim_curator`](Call::claim_curator)
		/// does.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Errors
		/// `NothingToClaim`, `ClaimBelowMinimum`.
		///
		/// # Events
		/// `CuratorPaid`.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::claim_curator_for(MAX_CLAIM))]
		pub fn claim_curator_for(
			origin: OriginFor<T>,
			account: T::AccountId,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let paid = Self::do_claim_curator(account)?;
			Ok(Some(T::WeightInfo::claim_curator_for(paid)).into())
		}

		/// Submits several contributions to a datanet, all or none.
		///
		/// Each is then one like those of [`submit_contribution`](Call::submit_contribution).
		///
		/// - `submissions`: 1 to 32.
		///
		/// # Origin
		/// Signed, by an account that the datanet admits.
		///
		/// # Deposit
		/// That of [`submit_contribution`](Call::submit_contribution), for each.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotAdmitted`, `EmptySubmission`, `EmptyContribution`, `UnknownFormat`,
		/// `StreamTooLong`, `RootTaken` (also if two of them have the same root), `OutOfIds`; a token error if the
		/// signer cannot afford the bonds.
		///
		/// # Events
		/// Those of [`submit_contribution`](Call::submit_contribution), for each.
		#[pallet::call_index(17)]
		#[pallet::weight(T::WeightInfo::submit_contributions(submissions.len().saturated_into()))]
		pub fn submit_contributions(
			origin: OriginFor<T>,
			datanet: DatanetId,
			submissions: BoundedVec<Submission, ConstU32<MAX_SUBMISSION>>,
		) -> DispatchResult {
			Self::do_submit(ensure_signed(origin)?, datanet, &submissions)
		}

		/// Gives an accepted contribution another weight, from the next release on.
		///
		/// Releases that are published do not change.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotAccepted`, `TakenDown`, `ZeroWeight`, `WeightTooHigh`,
		/// `WeightUnchanged`, `TotalWeightTooHigh`, `TooManyReleases`, `TooManyWeightChanges`.
		///
		/// # Events
		/// `WeightSet`.
		#[pallet::call_index(18)]
		#[pallet::weight(T::WeightInfo::set_weight())]
		pub fn set_weight(
			origin: OriginFor<T>,
			contribution: ContributionId,
			weight: Weight,
		) -> DispatchResult {
			Self::do_set_weight(&ensure_signed(origin)?, contribution, weight)
		}

		/// Withdraws consent to an accepted contribution: it is in no further release, for good.
		///
		/// That is so at once, whatever it is accused of. It earns from the releases that have it as before. Its bond can be [taken back](Call::withdraw_bond) after a
		/// while.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotAccepted`.
		///
		/// # Events
		/// `ContributionStopped`.
		#[pallet::call_index(19)]
		#[pallet::weight(T::WeightInfo::stop_contribution())]
		pub fn stop_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_stop(&ensure_signed(origin)?, contribution)
		}

		/// Releases the bond of a stopped contribution.
		///
		/// If no release ever had it, the contribution is removed, and its root is free again, or goes back to
		/// the one that it was taken over from. As long as it is [taken down](Call::take_down) it stays, with its root
		/// and the deposit for its storage.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Deposit
		/// The bond is released, but for the [deposit](Config::ContributionDeposit) for what stays stored.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotStopped`, `ContributionAccused`, `BondLocked`,
		/// `NothingHeld`.
		///
		/// # Events
		/// `BondReturned`; or, if it is removed, `ContributionWithdrawn`, and before it `RootReturned` if the
		/// root goes back.
		#[pallet::call_index(20)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
			Self::do_withdraw_bond(&ensure_signed(origin)?, contribution)
		}

		/// Gives a contribution to another account, with everything that it has earned and not been paid.
		///
		/// It has no beneficiary then.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Deposit
		/// The bond is held on the other account from then on.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `SameAccount`, `AlreadySlashed`, `NotShown`,
		/// `ContributionAccused`; a token error if the bond cannot be held on the other account, because it does
		/// not exist.
		///
		/// # Events
		/// `ContributionTransferred`.
		#[pallet::call_index(21)]
		#[pallet::weight(T::WeightInfo::transfer_contribution())]
		pub fn transfer_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			to: T::AccountId,
		) -> DispatchResult {
			Self::do_transfer(ensure_signed(origin)?, contribution, to)
		}

		/// Names who is paid what a contribution has earned and will earn.
		///
		/// - `beneficiary`: the contributor if none.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`.
		///
		/// # Events
		/// `BeneficiarySet`.
		#[pallet::call_index(22)]
		#[pallet::weight(T::WeightInfo::set_beneficiary())]
		pub fn set_beneficiary(
			origin: OriginFor<T>,
			contribution: ContributionId,
			beneficiary: Option<T::AccountId>,
		) -> DispatchResult {
			Self::do_set_beneficiary(&ensure_signed(origin)?, contribution, beneficiary)
		}

		/// Pays what a contribution has earned to its contributor or beneficiary, as [`claim`](Call::claim) does.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Errors
		/// `UnknownContribution`, `UnknownRelease`, `NothingToClaim`, `ClaimBelowMinimum`.
		///
		/// # Events
		/// `PayoutClaimed`.
		#[pallet::call_index(23)]
		#[pallet::weight(T::WeightInfo::claim_for(releases.len().saturated_into()))]
		pub fn claim_for(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let entry = Self::contribution(contribution)?;
			let paid = Self::do_claim(contribution, entry, releases)?;
			Ok(Some(T::WeightInfo::claim_for(paid)).into())
		}

		/// Accuses a contribution of being a duplicate or a fraud, whoever else has accused it.
		///
		/// - `reason`: what it is.
		///
		/// # Origin
		/// Signed, by anybody but its contributor and the datanet's curator.
		///
		/// # Deposit
		/// As much as its bond, but never less than the bond of a new one, is held on the accuser's account.
		///
		/// # Errors
		/// `UnknownContribution` (also the one it is said to copy), `NotAccepted`, `AlreadySlashed`,
		/// `AlreadyAccused`, `NotEarlier`, `AccuserIsContributor`, `AccuserIsCurator`; a token error if the
		/// signer cannot afford the deposit.
		///
		/// # Events
		/// `ContributionAccused`.
		#[pallet::call_index(24)]
		#[pallet::weight(T::WeightInfo::accuse_contribution())]
		pub fn accuse_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			reason: AccusationReason,
		) -> DispatchResult {
			Self::do_accuse(ensure_signed(origin)?, contribution, reason)
		}

		/// Confirms an accusation: if the contributor does not contest it in time, the contribution can be
		/// [suspended](Call::suspend_contribution).
		///
		/// - `accuser`: whose accusation it is.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Deposit
		/// As much as an accusation needs is held on the curator's account, until it is over. If governance finds
		/// it to be wrong, the protocol gets that; if nobody decides, a [share](Config::DroppedShare) of it.
		///
		/// # Errors
		/// `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `NotCurator`, `NoAccusation`,
		/// `AlreadyConfirmed`, `AccusationContested`, `AccuserIsCurator`, `TooLate`; a token error if the curator
		/// cannot afford the stake.
		///
		/// # Events
		/// `AccusationConfirmed`.
		#[pallet::call_index(25)]
		#[pallet::weight(T::WeightInfo::confirm_accusation())]
		pub fn confirm_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: T::AccountId,
		) -> DispatchResult {
			Self::do_confirm(ensure_signed(origin)?, contribution, accuser)
		}

		/// Contests a confirmed accusation: governance decides, within the [time](Config::VerdictPeriod) for that.
		///
		/// - `accuser`: whose accusation it is.
		///
		/// # Origin
		/// Signed, by the contribution's contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `NotContributor`, `NoAccusation`,
		/// `NotConfirmed`, `AccusationContested`, `TooLate`.
		///
		/// # Events
		/// `AccusationContested`.
		#[pallet::call_index(26)]
		#[pallet::weight(T::WeightInfo::contest_accusation())]
		pub fn contest_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: T::AccountId,
		) -> DispatchResult {
			Self::do_contest(&ensure_signed(origin)?, contribution, accuser)
		}

		/// Decides about a contribution that is said to be a duplicate or a fraud, at any stage.
		///
		/// - `accuser`: whose accusation is decided about. If it is guilty, it is whom the reward goes to: of all
		///   that have accused it of what it was found to be, the first, but never the contributor's own second
		///   account. If there is nobody to reward, or the accusation was dropped since, the verdict holds
		///   without.
		/// - `guilty`: `true` if the contribution is slashed. What it has earned until now stays its
		///   contributor's; it is in no further release, what it still earns from earlier ones goes to the
		///   protocol, and its root is free again, or goes back to the accepted one that it was taken over from.
		///
		/// # Origin
		/// [`GovernanceOrigin`](Config::GovernanceOrigin).
		///
		/// # Deposit
		/// If guilty, a [share](Config::ReporterShare) of the bond goes to the accuser and the rest to the
		/// protocol, and the accuser's deposit and the stake of who confirmed it are released; other accusations
		/// can be [dropped](Call::drop_accusation) at no cost. If not, what is left of the accuser's deposit goes
		/// to the contributor, and the stake to the protocol; other accusations stay as they are.
		///
		/// # Errors
		/// `BadOrigin`, `UnknownContribution`, `NotAccepted`, `AlreadySlashed`; `NoAccusation`, if it is not
		/// guilty.
		///
		/// # Events
		/// `RootReturned`, if the root goes back, `ContributionSlashed`, and `AccusationDropped` if there is the
		/// accusation; or `ContributionAcquitted`.
		#[pallet::call_index(28)]
		#[pallet::weight(T::WeightInfo::resolve_accusation(MAX_RELEASES))]
		pub fn resolve_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: Option<T::AccountId>,
			guilty: bool,
		) -> DispatchResultWithPostInfo {
			T::GovernanceOrigin::ensure_origin(origin)?;
			let releases = Self::do_resolve(contribution, accuser, guilty)?;
			Ok(Some(T::WeightInfo::resolve_accusation(releases)).into())
		}

		/// Drops an accusation that is not confirmed, that governance has not decided in time, or that nobody
		/// needs any more because the contribution is slashed.
		///
		/// - `accuser`: whose accusation it is.
		///
		/// # Origin
		/// Signed. By the accuser; by anybody once the time to confirm it is over. If it was
		/// [escalated](Call::escalate_accusation) or contested, by anybody, but only once the time that
		/// governance has is over. By anybody if the contribution is slashed.
		///
		/// # Deposit
		/// A [share](Config::DroppedShare) of the accuser's deposit, or of what is left of it after escalating,
		/// goes to the protocol, as does one of the stake of the curator who has confirmed it. The rest is
		/// released; if the contribution is slashed, all of it.
		///
		/// # Errors
		/// `UnknownContribution`, `NoAccusation`, `AlreadyConfirmed`, `TooEarly`.
		///
		/// # Events
		/// `AccusationDropped`.
		#[pallet::call_index(29)]
		#[pallet::weight(T::WeightInfo::drop_accusation())]
		pub fn drop_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: T::AccountId,
		) -> DispatchResult {
			Self::do_drop_accusation(&ensure_signed(origin)?, contribution, accuser)
		}

		/// Pays the protocol what a contribution has earned since it was slashed or taken down: from releases, and
		/// from calls that are attributed to it.
		///
		/// - `releases`: of the contribution's datanet, 16 at most.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Errors
		/// `UnknownContribution`, `NotSlashed`, `UnknownRelease`, `NothingToClaim`, `ClaimBelowMinimum`.
		///
		/// # Events
		/// `SlashedSwept`.
		#[pallet::call_index(30)]
		#[pallet::weight(T::WeightInfo::sweep_slashed(releases.len().saturated_into()))]
		pub fn sweep_slashed(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let paid = Self::do_sweep(contribution, releases)?;
			Ok(Some(T::WeightInfo::sweep_slashed(paid)).into())
		}

		/// Reserves a root without showing it, for the [time](Config::ReservationPeriod) that it takes to submit it.
		/// A reservation that is over gives way to this one.
		///
		/// A submission with it counts from its block.
		///
		/// - `commitment`: see [`Pallet::commitment`]. It contains the account that can use it, which need not be
		///   the signer's.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// [`ReservationDeposit`](Config::ReservationDeposit) is held on the signer's account. It is released when
		/// the data of what was submitted with it is [shown](Call::show_possession). If that is not in time, the
		/// protocol gets it.
		///
		/// # Errors
		/// `ReservationExists`; a token error if the signer cannot afford the deposit.
		///
		/// # Events
		/// `ReservationRemoved`, if one gives way; `RootReserved`.
		#[pallet::call_index(31)]
		#[pallet::weight(T::WeightInfo::reserve_root())]
		pub fn reserve_root(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			Self::do_reserve(ensure_signed(origin)?, commitment)
		}

		/// Removes a reservation that counts no more.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// That of the reservation goes to the protocol, and the call has no fee then; or, if a rejection had left
		/// it, it is released to whoever put it down.
		///
		/// # Errors
		/// `UnknownReservation`, `ReservationInForce`.
		///
		/// # Events
		/// `ReservationRemoved`.
		#[pallet::call_index(32)]
		#[pallet::weight(T::WeightInfo::remove_reservation())]
		pub fn remove_reservation(
			origin: OriginFor<T>,
			commitment: Hash,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let forfeited = Self::do_remove_reservation(commitment)?;
			let pays = if forfeited.is_zero() { Pays::Yes } else { Pays::No };
			Ok(pays.into())
		}

		/// Hands an accusation that the curator has not confirmed, in time or not, to governance.
		///
		/// Governance has the [time](Config::VerdictPeriod) as for a contested one to decide. Until that is over,
		/// the curator can still confirm it.
		///
		/// # Origin
		/// Signed, by the accuser.
		///
		/// # Deposit
		/// A [share](Config::DroppedShare) of the accuser's deposit goes to the protocol at once, whatever becomes
		/// of the accusation: it ties the bond for all that time. What makes up for it is the
		/// [share](Config::ReporterShare) of the bond that goes to whom a verdict that says guilty names, unless
		/// most of the bond was taken back before.
		///
		/// # Errors
		/// `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `NoAccusation`, `AlreadyConfirmed`,
		/// `AccusationContested`, `AlreadyEscalated`.
		///
		/// # Events
		/// `AccusationEscalated`.
		#[pallet::call_index(33)]
		#[pallet::weight(T::WeightInfo::escalate_accusation())]
		pub fn escalate_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_escalate(ensure_signed(origin)?, contribution)
		}

		/// Shows that the contributor has the data that a contribution commits to, by the leaf that was drawn in the
		/// block that `ContributionSubmitted` names. The leaf is public then; so is its salt, if the data is private.
		///
		/// The contribution owns its root from then on, and the curator may decide. If another one owns it that
		/// counts from later, that gives way: it is removed if it is pending; if not, it stays as it is, without the
		/// root.
		///
		/// - `proof`: the leaf, as the [range](openledger_primitives::data_tree::DrawnLeaf) that the runtime API
		///   says.
		///
		/// # Origin
		/// Signed, by its contributor.
		///
		/// # Deposit
		/// That of the reservation that it was submitted with is released.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NothingToShow`, `TooLate`, `NotDrawn`, `PossessionNotShown`,
		/// `RootTaken`.
		///
		/// # Events
		/// `ReservationRemoved`, if it was reserved; `ContributionDisplaced` or `RootTakenOver`, if another one had
		/// the root; `PossessionShown`.
		#[pallet::call_index(34)]
		#[pallet::weight(T::WeightInfo::show_possession())]
		pub fn show_possession(
			origin: OriginFor<T>,
			contribution: ContributionId,
			proof: RangeProof,
		) -> DispatchResult {
			Self::do_show(&ensure_signed(origin)?, contribution, &proof)
		}

		/// Removes a pending contribution whose data was not [shown](Call::show_possession) within the
		/// [time](Config::ShowPeriod) for that, or that nobody has decided about in [time](Config::PendingPeriod).
		///
		/// What was shown lapses as if it were [rejected](Call::reject_contribution): its contributor is left the
		/// same claim to the root.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// The bond is released, but for the deposit of the reservation that is left. If the data was not shown, the
		/// reservation that it was submitted with was not used: the protocol gets the deposit of that.
		///
		/// # Errors
		/// `UnknownContribution`, `NotPending`, `TooEarly`.
		///
		/// # Events
		/// `ReservationRemoved`, if it was reserved and not shown; `RootReturned`, if the root goes back;
		/// `RootReserved`, if a reservation is left; `ContributionLapsed`.
		#[pallet::call_index(35)]
		#[pallet::weight(T::WeightInfo::lapse_contribution())]
		pub fn lapse_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_lapse(contribution)
		}

		/// Suspends a contribution whose confirmed accusation was not contested in time: it is in no further
		/// release.
		///
		/// It earns from the releases that have it as before, and its bond stays for a
		/// [while](Config::BondLockPeriod): to take more takes a [verdict](Call::resolve_accusation).
		///
		/// - `accuser`: whose accusation it is.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// The accuser's deposit and the curator's stake are released.
		///
		/// # Errors
		/// `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `NoAccusation`, `NotConfirmed`,
		/// `AccusationContested`, `TooEarly`.
		///
		/// # Events
		/// `ContributionSuspended`, `AccusationDropped`.
		#[pallet::call_index(36)]
		#[pallet::weight(T::WeightInfo::suspend_contribution())]
		pub fn suspend_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: T::AccountId,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_suspend(contribution, accuser)
		}

		/// Takes a contribution down, as a court has ordered: it is in no further release, and as long as it is not
		/// [restored](Call::restore), what it earns from those that have it goes to the protocol.
		///
		/// What it has earned until now stays its contributor's, as do its root and its bond.
		///
		/// # Origin
		/// [`GovernanceOrigin`](Config::GovernanceOrigin).
		///
		/// # Errors
		/// `BadOrigin`, `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `TakenDown`.
		///
		/// # Events
		/// `ContributionTakenDown`.
		#[pallet::call_index(37)]
		#[pallet::weight(T::WeightInfo::take_down(MAX_RELEASES))]
		pub fn take_down(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			T::GovernanceOrigin::ensure_origin(origin)?;
			let releases = Self::do_take_down(contribution)?;
			Ok(Some(T::WeightInfo::take_down(releases)).into())
		}

		/// Takes back that a contribution was [taken down](Call::take_down): it earns again, and has the weight that
		/// it had, from the next release on.
		///
		/// What it would have earned meanwhile stays the protocol's. If its contributor has withdrawn consent, it is
		/// in no further release; nor if its weight has changed as often as it can, or the weights of the others
		/// leave no room for its own.
		///
		/// # Origin
		/// [`GovernanceOrigin`](Config::GovernanceOrigin).
		///
		/// # Errors
		/// `BadOrigin`, `UnknownContribution`, `NotAccepted`, `AlreadySlashed`, `NotTakenDown`,
		/// `TooManyStandings`.
		///
		/// # Events
		/// `ContributionRestored`.
		#[pallet::call_index(38)]
		#[pallet::weight(T::WeightInfo::restore(MAX_RELEASES))]
		pub fn restore(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			T::GovernanceOrigin::ensure_origin(origin)?;
			let releases = Self::do_restore(contribution)?;
			Ok(Some(T::WeightInfo::restore(releases)).into())
		}

		/// Removes a datanet that has no release and no contribution, and lets nobody in. Its name is free again.
		///
		/// # Origin
		/// Signed, by the datanet's curator.
		///
		/// # Deposit
		/// That of the datanet is released.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `DatanetInUse`.
		///
		/// # Events
		/// `DatanetRemoved`.
		#[pallet::call_index(39)]
		#[pallet::weight(T::WeightInfo::remove_datanet())]
		pub fn remove_datanet(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_remove(&ensure_signed(origin)?, datanet)
		}
	}
}

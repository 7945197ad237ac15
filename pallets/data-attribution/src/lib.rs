//! # Data attribution
//!
//! Who gave the data behind a model, and how they are paid for each call of it.
//!
//! A *datanet* is a pool of data around one subject. Contributors submit data sets to it, each as
//! the Merkle root of its chunks, with a bond. The datanet's curator accepts a contribution with a
//! weight, or rejects it. When the curator publishes a *release*, the contributions and weights of
//! that moment are frozen under a number, and models are trained on that release. A model's income
//! goes to the contributors of the releases that it was made from: who contributes later earns from
//! later models and never dilutes earlier ones.
//!
//! ## How a release costs the same with one contribution or a million
//!
//! Publishing copies two numbers: the total weight and the count, which the datanet keeps up to
//! date as contributions are accepted. Which contributions are in a release is not written down
//! once more. Each contribution has [`Checkpoint`]s instead, `(from_release, weight)`, and its
//! weight in release `r` is that of the newest checkpoint with `from_release <= r`
//! ([`Contribution::weight_at`]). Accepting sets a checkpoint at the *next* release, so a published
//! release never changes.
//!
//! ## How a payment costs the same with one contribution or a million
//!
//! A release has a pool index (see [`openledger_primitives::pool_index`]): planck paid per unit of
//! weight, a whole number, and a carry for what did not divide. Paying a release is one addition to
//! its index. What a contribution has to claim is its weight times the difference between the index
//! and the one it claimed up to last. All of it is exact: `total_weight * index + carry` is what the
//! release ever received.
//!
//! ## How a call's data part is divided
//!
//! ```text
//! data part ─┬─ attributed share ──► contributions that the call's attribution names, by weight
//!            └─ rest ──────────────► releases that the model was made from, by weight
//! ```
//!
//! Both divisions are exact ([`openledger_primitives::split`]). The attribution comes from the node
//! that ran the call, so it is not trusted to name just anybody: an entry counts only if its
//! contribution is part of one of the releases that the model was made from. What no valid entry
//! takes goes to the releases. A source that leads to no published release leaves its part to the
//! others; if none leads to one, the payment fails whole. See
//! [`DataRevenue::credit`](openledger_primitives::traits::DataRevenue::credit).
//!
//! Crediting moves no OPEN: the settlement that credits also pays the sum into this pallet's pot
//! ([`Pallet::pot`]), from which contributors [`claim`](Call::claim). [`Accounted`] is what the pot
//! owes, and `try_state` re-adds it from every index, claim and carry.
//!
//! ## Who does what
//!
//! | role | calls |
//! |---|---|
//! | curator (anybody with the deposit) | [`create_datanet`](Call::create_datanet) |
//! | the datanet's curator | [`accept_contribution`](Call::accept_contribution), [`reject_contribution`](Call::reject_contribution), [`publish_release`](Call::publish_release) |
//! | contributor (anybody with the bond) | [`submit_contribution`](Call::submit_contribution) |
//! | the contribution's contributor | [`withdraw_contribution`](Call::withdraw_contribution), [`claim`](Call::claim) |
//!
//! ## Storage
//!
//! | map | key | largest value | who pays | who cleans |
//! |---|---|---|---|---|
//! | [`NextDatanetId`], [`NextContributionId`] | – | 4 and 8 bytes | – | never grow |
//! | [`Datanets`] | datanet | 131 bytes | the curator's deposit | stays: releases refer to it |
//! | [`Contributions`] | contribution | 544 bytes | the contributor's bond | rejecting or withdrawing; stays once accepted |
//! | [`RootOwner`] | Merkle root | 8 bytes | the contributor's bond | with the contribution |
//! | [`ContributionsOf`] | account, contribution | 0 bytes | the contributor's bond | with the contribution |
//! | [`Releases`] | datanet, release | 60 bytes | the bonds: each release has a newly accepted contribution | stays: models refer to it |
//! | [`Claimed`] | contribution, release | 16 bytes | the contributor, by the fee of the claim | stays with the release |
//! | [`DirectEarnings`] | contribution | 16 bytes | the contributor's bond | claiming |
//! | [`Accounted`] | – | 16 bytes | – | never grows |
//!
//! Deposits and bonds are flat and meant to cover the largest entry. They are holds, and the amount
//! is kept with what it was held for, so that what comes back is what was put down even if the
//! constants have changed.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims;
mod credit;
mod curation;
mod impls;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod queries;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
	Checkpoint, Contribution, ContributionStatus, Datanet, Release, MAX_CHECKPOINTS,
	MAX_TOTAL_WEIGHT,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		traits::RecordEarnings, Balance, ContributionId, DatanetId, Hash, Name, ReleaseId, Uri,
		Weight, MAX_CLAIM,
	};
	use sp_runtime::{traits::AccountIdConversion, SaturatedConversion};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Datanets, contributions, and what they earn.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs from the runtime.
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

		/// Names the account that holds what contributors may claim. The account must exist from
		/// genesis on, with the existential deposit.
		#[pallet::constant]
		type PotId: Get<PalletId>;

		/// The deposit for a datanet, in planck.
		#[pallet::constant]
		type DatanetDeposit: Get<Balance>;

		/// The bond for a contribution, in planck.
		#[pallet::constant]
		type ContributionBond: Get<Balance>;

		/// The most weight that a curator may give to one contribution. From 1 to
		/// [`MAX_TOTAL_WEIGHT`].
		#[pallet::constant]
		type MaxWeight: Get<Weight>;

		/// What the calls cost to execute.
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
	}

	/// The id that the next datanet gets.
	#[pallet::storage]
	pub type NextDatanetId<T> = StorageValue<_, DatanetId, ValueQuery>;

	/// The id that the next contribution gets.
	#[pallet::storage]
	pub type NextContributionId<T> = StorageValue<_, ContributionId, ValueQuery>;

	/// All datanets.
	#[pallet::storage]
	pub type Datanets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, Datanet<T::AccountId>>;

	/// All contributions that are pending or accepted.
	#[pallet::storage]
	pub type Contributions<T: Config> =
		StorageMap<_, Twox64Concat, ContributionId, Contribution<T::AccountId>>;

	/// Which contribution has a Merkle root.
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

	/// What calls have attributed to a contribution directly since it last claimed, in planck.
	#[pallet::storage]
	pub type DirectEarnings<T> = StorageMap<_, Twox64Concat, ContributionId, Balance, ValueQuery>;

	/// What the pot owes, in planck: everything that was credited and has not been claimed,
	/// including what releases carry into their next payment.
	#[pallet::storage]
	pub type Accounted<T> = StorageValue<_, Balance, ValueQuery>;

	/// What happened to datanets, contributions and their earnings.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A datanet was created.
		#[codec(index = 0)]
		DatanetCreated {
			/// Its id.
			datanet: DatanetId,
			/// Who curates it.
			curator: T::AccountId,
			/// What it is about.
			name: Name,
		},
		/// A contribution waits for the curator.
		#[codec(index = 1)]
		ContributionSubmitted {
			/// Its id.
			contribution: ContributionId,
			/// The datanet.
			datanet: DatanetId,
			/// Who gave it.
			contributor: T::AccountId,
			/// The Merkle root over its chunks.
			root: Hash,
		},
		/// A contribution will be part of all releases from the next one on.
		#[codec(index = 2)]
		ContributionAccepted {
			/// The contribution.
			contribution: ContributionId,
			/// Its datanet.
			datanet: DatanetId,
			/// Its weight.
			weight: Weight,
			/// The first release that it is part of.
			from_release: ReleaseId,
		},
		/// A curator rejected a contribution. The bond is released.
		#[codec(index = 3)]
		ContributionRejected {
			/// The contribution.
			contribution: ContributionId,
		},
		/// A contributor withdrew a contribution. The bond is released.
		#[codec(index = 4)]
		ContributionWithdrawn {
			/// The contribution.
			contribution: ContributionId,
		},
		/// A datanet's state was frozen under a number.
		#[codec(index = 5)]
		ReleasePublished {
			/// The datanet.
			datanet: DatanetId,
			/// The number, from 1 upwards.
			release: ReleaseId,
			/// The sum of its contributions' weights.
			total_weight: Weight,
			/// How many contributions it has.
			contributions: u32,
		},
		/// A contributor was paid what a contribution had earned.
		#[codec(index = 6)]
		PayoutClaimed {
			/// The contribution.
			contribution: ContributionId,
			/// Who was paid.
			contributor: T::AccountId,
			/// How much, in planck.
			amount: Balance,
		},
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
		/// Only the datanet's curator may do this.
		NotCurator,
		/// Only the contribution's contributor may do this.
		NotContributor,
		/// A contribution has at least one byte.
		EmptyContribution,
		/// Another contribution has the same Merkle root: first come owns it.
		RootTaken,
		/// The contribution is accepted already.
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
		/// The contribution has nothing to claim from these releases, nor directly.
		NothingToClaim,
		/// The claim would leave the contributor's account below the existential deposit.
		ClaimBelowMinimum,
		/// None of the data sources leads to a published release.
		NoPayableSource,
		/// All ids are given out.
		OutOfIds,
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// The most that the weights of one release add up to.
		#[pallet::constant_name(MaxTotalWeight)]
		fn max_total_weight() -> Weight {
			MAX_TOTAL_WEIGHT
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "std")]
		fn integrity_test() {
			let most = T::MaxWeight::get();
			assert!(most >= 1, "no contribution could be accepted");
			assert!(most <= MAX_TOTAL_WEIGHT, "one contribution could exceed a release");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a datanet, curated by the caller, and holds its deposit on the caller's account.
		///
		/// - `name`: what it is about; 1 to 64 of `a-z 0-9 . _ - /`. It need not be unique.
		///
		/// # Errors
		/// `InvalidName`, `OutOfIds`, or that the caller cannot afford the deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create_datanet())]
		pub fn create_datanet(origin: OriginFor<T>, name: Name) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, name)
		}

		/// Submits a data set to a datanet and holds its bond on the caller's account.
		///
		/// - `root`: the Merkle root over its chunks. Nobody else may have submitted the same.
		/// - `size`: its size in bytes.
		/// - `uri`: where it is to be found.
		///
		/// # Errors
		/// `UnknownDatanet`, `EmptyContribution`, `RootTaken`, `OutOfIds`, or that the caller
		/// cannot afford the bond.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::submit_contribution())]
		pub fn submit_contribution(
			origin: OriginFor<T>,
			datanet: DatanetId,
			root: Hash,
			size: u64,
			uri: Uri,
		) -> DispatchResult {
			Self::do_submit(ensure_signed(origin)?, datanet, root, size, uri)
		}

		/// Accepts a pending contribution: it is part of all releases from the next one on. For the
		/// datanet's curator.
		///
		/// - `weight`: its share of what a release earns, relative to the other contributions'.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`, `ZeroWeight`, `WeightTooHigh`,
		/// `TotalWeightTooHigh`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::accept_contribution())]
		pub fn accept_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			weight: Weight,
		) -> DispatchResult {
			Self::do_accept(&ensure_signed(origin)?, contribution, weight)
		}

		/// Rejects a pending contribution: its bond is released, and its root is free again. For
		/// the datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reject_contribution())]
		pub fn reject_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_reject(&ensure_signed(origin)?, contribution)
		}

		/// Withdraws a pending contribution: its bond is released, and its root is free again. For
		/// its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotPending`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::withdraw_contribution())]
		pub fn withdraw_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_withdraw(&ensure_signed(origin)?, contribution)
		}

		/// Freezes the datanet's accepted contributions and their weights as its next release. For
		/// the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `EmptyRelease`, `NothingChanged`, `OutOfIds`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::publish_release())]
		pub fn publish_release(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_publish(&ensure_signed(origin)?, datanet)
		}

		/// Pays the contributor what a contribution has earned, in one transfer: all that calls
		/// attributed to it directly, and what `releases` have earned it.
		///
		/// - `releases`: of the contribution's datanet, 16 at most; naming one twice changes
		///   nothing.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `UnknownRelease`, `NothingToClaim`,
		/// `ClaimBelowMinimum`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::claim(releases.len().saturated_into()))]
		pub fn claim(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResult {
			Self::do_claim(ensure_signed(origin)?, contribution, releases)
		}
	}

	impl<T: Config> Pallet<T> {
		/// The account that holds what contributors may claim.
		pub fn pot() -> T::AccountId {
			T::PotId::get().into_account_truncating()
		}
	}
}

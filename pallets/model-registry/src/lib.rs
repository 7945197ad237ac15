#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod changes;
mod deposits;
mod events;
mod impls;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
mod lineage;
pub mod migrations;
#[cfg(test)]
mod mock;
mod ownership;
mod queries;
mod registering;
mod removing;
mod succession;
mod terms;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
	Changing, Dated, Deposit, Ends, Model, ModelVersion, Next, Parent, Terms, Tombstone,
};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Most versions and prices that one call removes.
pub const MAX_REMOVED: u32 = 256;

/// A model, in the types of a runtime.
pub type ModelOf<T> =
	Model<<T as frame_system::Config>::AccountId, frame_system::pallet_prelude::BlockNumberFor<T>>;

#[import_section(events::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		attribution::DataSources, policy::RevenuePolicy, price::PriceSchedule, traits::DataInspect,
		Balance, Hash, ModelId, Name, PriceVersion, Uri, VersionId,
	};
	use sp_runtime::{Permill, SaturatedConversion};

	pub(crate) const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// The registry of models.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the registry needs from the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The datanets that models are made from.
		type Data: DataInspect;

		/// How long before it is in force a change must be announced that somebody could be hurt
		/// by, in blocks. It may change: what was announced keeps its block.
		type NoticePeriod: Get<BlockNumberFor<Self>>;

		/// How long after a version or price was replaced, or a model was retired, its calls can
		/// still be settled, in blocks. It should leave time for a session to be closed with notice
		/// and settled. It may change: that is for what is replaced or retired from then on.
		/// Whatever has an end keeps the time to settle that it was given with it.
		type SettlementGrace: Get<BlockNumberFor<Self>>;

		/// The part of a model's deposit that does not depend on its size, in planck.
		#[pallet::constant]
		type DepositBase: Get<Balance>;

		/// The deposit for each byte that a model adds to storage, in planck.
		#[pallet::constant]
		type DepositPerByte: Get<Balance>;

		/// What the calls cost to execute.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds OPEN.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a registered model.
		#[codec(index = 0)]
		Model,
	}

	/// The id that the next model gets.
	#[pallet::storage]
	pub type NextModelId<T> = StorageValue<_, ModelId, ValueQuery>;

	/// All models.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, ModelOf<T>>;

	/// Which model has a name.
	#[pallet::storage]
	pub type ModelIdByName<T> = StorageMap<_, Blake2_128Concat, Name, ModelId>;

	/// The versions of each model.
	#[pallet::storage]
	pub type Versions<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		ModelId,
		Twox64Concat,
		VersionId,
		Dated<ModelVersion, BlockNumberFor<T>>,
	>;

	/// The terms of each model's price versions.
	#[pallet::storage]
	pub type Prices<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		ModelId,
		Twox64Concat,
		PriceVersion,
		Dated<Terms, BlockNumberFor<T>>,
	>;

	/// What is left of models that are gone, but that others descend from.
	#[pallet::storage]
	pub type Tombstones<T: Config> = StorageMap<_, Twox64Concat, ModelId, Tombstone<T::AccountId>>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers a model and holds its deposit on the caller's account. The caller owns it.
		///
		/// - `name`: unique, and readable: 1 to 64 of `a-z 0-9 . _ - /`.
		/// - `uri`: where more about the model is to be found.
		/// - `weights_hash`, `tokenizer_hash`: pin what answers.
		/// - `price`: what a call costs, in planck.
		/// - `policy`: how a charge is shared; developer, data and node add up to 100%.
		/// - `sources`: the releases that the model was made from, with their weights. At least one
		///   if the policy pays data, else none.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `PolicyIncomplete`, `NoSourceForDataShare`,
		/// `NoDataShareForSources`, `ZeroSourceWeight`, `DuplicateSource`, `UnknownRelease`,
		/// `OutOfIds`, or that the caller cannot afford the deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_model(sources.len().saturated_into()))]
		pub fn register_model(
			origin: OriginFor<T>,
			name: Name,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			price: PriceSchedule,
			policy: RevenuePolicy,
			sources: DataSources,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			let version = ModelVersion { uri, weights_hash, tokenizer_hash, sources };
			Self::do_register(owner, name, version, price, policy, None).map(|_| ())
		}

		/// Stops a model from taking new calls. Calls that were made before are still settled.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `AlreadyPaused`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::pause_model())]
		pub fn pause_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let mut entry = Self::active_model(origin, model)?;
			ensure!(!entry.paused, Error::<T>::AlreadyPaused);

			entry.paused = true;
			Models::<T>::insert(model, entry);
			Self::deposit_event(Event::ModelPaused { model });
			Ok(())
		}

		/// Lets a paused model take calls again.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NotPaused`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::resume_model())]
		pub fn resume_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let mut entry = Self::active_model(origin, model)?;
			ensure!(entry.paused, Error::<T>::NotPaused);

			entry.paused = false;
			Models::<T>::insert(model, entry);
			Self::deposit_event(Event::ModelResumed { model });
			Ok(())
		}

		/// Registers a model that descends from another. As
		/// [`register_model`](Self::register_model), and:
		///
		/// - `parent`: the model that it descends from.
		/// - `royalty`: the part of the developer's income that goes to the parent's owner, in
		///   millionths.
		///
		/// Neither can be changed later.
		///
		/// # Errors
		/// Those of [`register_model`](Self::register_model), `UnknownParent`, `ParentRetired`,
		/// `LineageTooDeep`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::register_derived_model(sources.len().saturated_into()))]
		pub fn register_derived_model(
			origin: OriginFor<T>,
			name: Name,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			price: PriceSchedule,
			policy: RevenuePolicy,
			sources: DataSources,
			parent: ModelId,
			royalty: Permill,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			let version = ModelVersion { uri, weights_hash, tokenizer_hash, sources };
			let parent = Some(Parent { model: parent, royalty });
			Self::do_register(owner, name, version, price, policy, parent).map(|_| ())
		}

		/// Publishes a version of a model, in place of any that is announced. It is in force at once
		/// if its data sources are exactly those of the version in force, else after the notice.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `SameVersion`, `NoSourceForDataShare`,
		/// `ZeroSourceWeight`, `DuplicateSource`, `UnknownRelease`, `OutOfIds`, or that the owner
		/// cannot afford the deposit.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::publish_version(sources.len().saturated_into()))]
		pub fn publish_version(
			origin: OriginFor<T>,
			model: ModelId,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			sources: DataSources,
		) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			let version = ModelVersion { uri, weights_hash, tokenizer_hash, sources };
			Self::do_publish(model, entry, version)
		}

		/// Takes back the version that is announced.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::cancel_version())]
		pub fn cancel_version(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_version(model, entry)
		}

		/// Sets the price of a model, in place of any that is announced. It is in force at once if
		/// no part of it is higher than that of the price in force, else after the notice.
		///
		/// A policy that is announced stays so. A cut does not move it: it gets a price version of
		/// its own, at the new price. With a rise it comes into force together, which may be later
		/// than it was announced to be.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `SamePrice`, `OutOfIds`, or that the owner cannot
		/// afford the deposit.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::set_price())]
		pub fn set_price(
			origin: OriginFor<T>,
			model: ModelId,
			price: PriceSchedule,
		) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_set_price(model, entry, price)
		}

		/// Takes back the price that is announced. A policy that was announced with it stays so, for
		/// the same block, with a price version of its own.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`, `OutOfIds`.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::cancel_price())]
		pub fn cancel_price(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_price(model, entry)
		}

		/// Changes how a model's income is shared, after the notice, in place of any change that is
		/// announced. A policy that pays data needs data sources of the version in force, and of
		/// the one that is announced.
		///
		/// This is a new price version, at the price that is announced, or else the one in force: a
		/// price that was announced earlier waits for the policy. Calls that were agreed on at the
		/// price versions before keep the policy of before, whenever they are settled.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `PolicyIncomplete`, `SamePolicy`,
		/// `NoSourceForDataShare`, `OutOfIds`, or that the owner cannot afford the deposit.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::set_policy())]
		pub fn set_policy(
			origin: OriginFor<T>,
			model: ModelId,
			policy: RevenuePolicy,
		) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_set_policy(model, entry, policy)
		}

		/// Takes back the policy that is announced. A price that was announced with it stays so, for
		/// the same block, with a number of its own.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`, `OutOfIds`.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::cancel_policy())]
		pub fn cancel_policy(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_policy(model, entry)
		}

		/// Stops a model from taking new calls, for good, and takes back what is announced for it.
		/// Calls that were made before can be settled for
		/// [`SettlementGrace`](Config::SettlementGrace) blocks, and those under what was replaced
		/// before for as long as they could.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::retire_model())]
		pub fn retire_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_retire(model, entry)
		}

		/// Removes a retired model whose calls have been settled: up to `limit` (256 at most) of
		/// its old versions and prices, then, once none are left, itself. The deposit for what is
		/// removed comes back. If models descend from it, a [`Tombstone`] stays.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `NotRetired`, `SettlementOpen`, `NothingToRemove`.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::purge_model((*limit).min(MAX_REMOVED)))]
		pub fn purge_model(
			origin: OriginFor<T>,
			model: ModelId,
			limit: u32,
		) -> DispatchResultWithPostInfo {
			let entry = Self::owned_model(origin, model)?;
			let removed = Self::do_purge(model, entry, limit.min(MAX_REMOVED))?;
			Ok(Some(T::WeightInfo::purge_model(removed)).into())
		}

		/// Removes prices of a model that no call can be settled at any more, oldest first. Looks
		/// at `limit` (256 at most) price versions. The deposit for them goes back to the model's
		/// owner. Anybody may call this.
		///
		/// # Errors
		/// `UnknownModel`, `NothingToRemove`.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::prune_model((*limit).min(MAX_REMOVED)))]
		pub fn prune_model(
			origin: OriginFor<T>,
			model: ModelId,
			limit: u32,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let entry = Self::model_now(model)?;
			let looked_at = Self::do_prune(model, entry, limit.min(MAX_REMOVED))?;
			Ok(Some(T::WeightInfo::prune_model(looked_at)).into())
		}

		/// Offers a model, with all that it will earn, to another account, in place of whoever it
		/// was offered to. A retired model can be offered, too: others may descend from it.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `AlreadyOwner`.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::offer_model())]
		pub fn offer_model(
			origin: OriginFor<T>,
			model: ModelId,
			to: T::AccountId,
		) -> DispatchResult {
			let entry = Self::owned_model(origin, model)?;
			Self::do_offer(model, entry, to)
		}

		/// Takes an offer back.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `NoOffer`.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::withdraw_offer())]
		pub fn withdraw_offer(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::owned_model(origin, model)?;
			Self::do_withdraw_offer(model, entry)
		}

		/// Takes over a model that is offered to the caller. The caller puts down a deposit at the
		/// rates of today, the old owner's comes back. What calls earn that are settled from then
		/// on is the caller's.
		///
		/// # Errors
		/// `UnknownModel`, `NotOffered`, or that the caller cannot afford the deposit.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::accept_model())]
		pub fn accept_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_accept(model, who)
		}
	}
}

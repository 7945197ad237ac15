#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod call_terms;
mod changes;
mod deposits;
mod impls;
mod lineage;
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
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
	Changing, Dated, Deposit, Ends, Model, ModelOf, Next, Parties, PartiesHistory, RestingName,
	RestingNameOf, Terms, Tombstone, TombstoneOf, MAX_PARTIES, MAX_REMOVED,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		info::ParentInfo, model::VersionDetails, policy::RevenuePolicy, price::PriceSchedule,
		traits::DataInspect, Balance, ModelId, Name, PriceVersion, VersionId,
	};
	use sp_runtime::{Permill, SaturatedConversion};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The registry of models.
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

		/// The datanets that models are made from.
		type Data: DataInspect;

		/// The notice with which a change must be announced that somebody could be hurt
		/// by, in blocks. It may change: what was announced keeps its block.
		type NoticePeriod: Get<BlockNumberFor<Self>>;

		/// Time after a version or price was replaced, or a model was retired, in which its calls can
		/// still be settled, in blocks. It should leave time for a session to be closed with notice
		/// and settled. It may change: that is for what is replaced or retired from then on.
		/// Whatever has an end keeps the time to settle that it was given with it.
		type SettlementGrace: Get<BlockNumberFor<Self>>;

		/// Time that it must be known who owned a model, and who was paid for it, in blocks: as long as a
		/// call can be settled on the terms of the block in which its caller agreed to them.
		type HistoryPeriod: Get<BlockNumberFor<Self>>;

		/// Time that nobody but its last owner may take the name of a model that is gone, in blocks. A name that
		/// rests keeps its block.
		type NameRest: Get<BlockNumberFor<Self>>;

		/// The part of a model's deposit that does not depend on its size, in planck.
		#[pallet::constant]
		type DepositBase: Get<Balance>;

		/// The deposit for each byte that a model adds to storage, in planck.
		#[pallet::constant]
		type DepositPerByte: Get<Balance>;

		/// Weights of the calls.
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
		Dated<VersionDetails, BlockNumberFor<T>>,
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

	/// The rest of models that are gone, but that others descend from.
	#[pallet::storage]
	pub type Tombstones<T: Config> = StorageMap<_, Twox64Concat, ModelId, TombstoneOf<T>>;

	/// Names of models that are gone. Whoever goes by a name must not be led to somebody else's model, so a name
	/// rests before it is free.
	#[pallet::storage]
	pub type RestingNames<T: Config> = StorageMap<_, Blake2_128Concat, Name, RestingNameOf<T>>;

	/// Events of models. `from` is the first block in which the news is in force.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	#[allow(missing_docs)] // A field that needs more than its name is in its event's description.
	pub enum Event<T: Config> {
		/// A model was registered.
		#[codec(index = 0)]
		ModelRegistered { model: ModelId, owner: T::AccountId, name: Name },
		/// A model takes no new calls.
		#[codec(index = 1)]
		ModelPaused { model: ModelId },
		/// A model takes calls again.
		#[codec(index = 2)]
		ModelResumed { model: ModelId },
		/// A model that was just registered descends from another: `royalty` of its developer's income goes
		/// there.
		#[codec(index = 3)]
		ModelDerived { model: ModelId, parent: ModelId, royalty: Permill },
		/// A model has a new version.
		#[codec(index = 4)]
		VersionPublished { model: ModelId, version: VersionId, from: BlockNumberFor<T> },
		/// A version that was announced will not be in force, ever.
		#[codec(index = 5)]
		VersionCancelled { model: ModelId, version: VersionId },
		/// A model has a new price version. Its price may be that of the one before: a policy that
		/// is announced has a price version, too.
		#[codec(index = 6)]
		PriceSet {
			model: ModelId,
			price_version: PriceVersion,
			price: PriceSchedule,
			from: BlockNumberFor<T>,
		},
		/// A price version that was announced will not be in force, ever. What stays announced of
		/// it has a number of its own.
		#[codec(index = 7)]
		PriceCancelled { model: ModelId, price_version: PriceVersion },
		/// A model's income will be shared in another way.
		#[codec(index = 8)]
		PolicySet { model: ModelId, policy: RevenuePolicy, from: BlockNumberFor<T> },
		/// A policy that was announced will not be in force.
		#[codec(index = 9)]
		PolicyCancelled { model: ModelId },
		/// A model takes no new calls any more, for good. From block `retired_at` on none can be settled.
		#[codec(index = 10)]
		ModelRetired { model: ModelId, retired_at: BlockNumberFor<T> },
		/// A part of a retired model's storage was removed: so many versions and prices.
		#[codec(index = 11)]
		ModelPurgedInPart { model: ModelId, removed: u32 },
		/// A retired model is gone: its deposit is back, but for that of its name.
		#[codec(index = 12)]
		ModelPurged { model: ModelId },
		/// Prices of a model that no call can be settled at any more were removed.
		#[codec(index = 13)]
		PricesPruned { model: ModelId, removed: u32 },
		/// A model's owner offers it to somebody.
		#[codec(index = 14)]
		ModelOffered { model: ModelId, to: T::AccountId },
		/// A model's owner keeps it after all.
		#[codec(index = 15)]
		OfferWithdrawn { model: ModelId },
		/// A model has another owner, who has put a deposit down, and is paid for it. The one before has theirs
		/// back.
		#[codec(index = 16)]
		OwnerChanged { model: ModelId, from: T::AccountId, to: T::AccountId },
		/// The earnings of a model go to `payee` from now on.
		#[codec(index = 17)]
		PayeeSet { model: ModelId, payee: T::AccountId },
		/// The name of a model that is gone rests: before block `until`, only `owner` may take it.
		#[codec(index = 18)]
		NameRests { name: Name, owner: T::AccountId, until: BlockNumberFor<T> },
		/// A name rests no more, and the deposit for it is back. Its owner has it again, or it is free.
		#[codec(index = 19)]
		NameReleased { name: Name },
	}

	/// Why a call of this pallet failed. Nothing has changed then.
	#[pallet::error]
	pub enum Error<T> {
		/// A name has 1 to 64 of `a-z 0-9 . _ - /`, and starts and ends with a letter or a digit.
		InvalidName,
		/// Another model has this name.
		NameTaken,
		/// The shares of developer, data and node do not add up to 100%.
		PolicyIncomplete,
		/// The policy that is in force, announced, or asked for pays data, but the version that is
		/// in force, announced, or asked for names no data source.
		NoSourceForDataShare,
		/// A new model names data sources, but its policy does not pay data.
		NoDataShareForSources,
		/// Two data sources name the same release of the same datanet.
		DuplicateSource,
		/// A data source has weight 0.
		ZeroSourceWeight,
		/// A data source names a release that has not been published, or the latest release of a
		/// datanet that has published none.
		UnknownRelease,
		/// No such model.
		UnknownModel,
		/// Only the model's owner may do this.
		NotOwner,
		/// The model is paused already.
		AlreadyPaused,
		/// The model is not paused.
		NotPaused,
		/// All ids are given out.
		OutOfIds,
		/// The parent is not a registered model.
		UnknownParent,
		/// The parent is retired: nothing new may descend from it.
		ParentRetired,
		/// There would be more than four levels of parents above the model.
		LineageTooDeep,
		/// The model is retired, which is for good.
		Retired,
		/// Only a retired model can be purged.
		NotRetired,
		/// Calls of the retired model can still be settled, until the block `retired_at`.
		SettlementOpen,
		/// The version in force is exactly this one.
		SameVersion,
		/// The price in force is exactly this one.
		SamePrice,
		/// The policy in force is exactly this one.
		SamePolicy,
		/// Nothing of this kind is announced, or it is in force already.
		NothingAnnounced,
		/// The model cannot be offered to its owner.
		AlreadyOwner,
		/// The model is offered to nobody.
		NoOffer,
		/// The model is not offered to this account.
		NotOffered,
		/// There is nothing to remove, or the limit is 0.
		NothingToRemove,
		/// A cached token of the prompt would cost more than one that is not cached.
		CachedTokenDearer,
		/// A chat template adds 4,096 tokens for each message at most.
		TemplateOverheadTooHigh,
		/// There is no such rule of attribution.
		UnknownAttributionRule,
		/// The model is paid to this account already.
		SamePayee,
		/// The model has had so many owners and payees lately that there is no room to remember them all.
		TooManyChanges,
		/// A model of this name is gone, and the name still rests: only its last owner may take it yet.
		NameRests,
		/// No name of a model that is gone is this one.
		NameNotResting,
		/// The deposit would be more than the one who takes the model over has agreed to.
		DepositTooHigh,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers a model, which the signer owns.
		///
		/// - `name`: unique, and readable: 1 to 64 of `a-z 0-9 . _ - /`.
		/// - `details`: what answers, and the releases that it was made from, with their weights: at least one if
		///   the policy pays data, else none.
		/// - `price`: what a call costs, in planck.
		/// - `policy`: how a charge is shared; developer, data and node add up to 100%.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// [`DepositBase`](Config::DepositBase), and [`DepositPerByte`](Config::DepositPerByte) for each byte that
		/// is stored, are held on the owner's account.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `NameRests`, `CachedTokenDearer`, `PolicyIncomplete`, `NoSourceForDataShare`,
		/// `NoDataShareForSources`, `TemplateOverheadTooHigh`, `UnknownAttributionRule`, `ZeroSourceWeight`,
		/// `DuplicateSource`, `UnknownRelease`, `OutOfIds`; a token error if the signer cannot afford the deposit.
		///
		/// # Events
		/// `NameReleased`, if the name has rested; `ModelRegistered`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_model(details.sources.len().saturated_into()))]
		pub fn register_model(
			origin: OriginFor<T>,
			name: Name,
			details: VersionDetails,
			price: PriceSchedule,
			policy: RevenuePolicy,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register(owner, name, details, price, policy, None).map(|_| ())
		}

		/// Stops a model from taking new calls. Calls that were made before are still settled.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `AlreadyPaused`.
		///
		/// # Events
		/// `ModelPaused`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::pause_model())]
		pub fn pause_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_pause(model, entry)
		}

		/// Lets a paused model take calls again.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NotPaused`.
		///
		/// # Events
		/// `ModelResumed`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::resume_model())]
		pub fn resume_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_resume(model, entry)
		}

		/// Registers a model that descends from another.
		///
		/// As [`register_model`](Self::register_model), and:
		///
		/// - `parent`: the model that it descends from.
		/// - `royalty`: the part of the developer's income that goes to the parent's payee, in millionths.
		///
		/// Neither can be changed later.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// That of [`register_model`](Self::register_model), with a tombstone for each level above.
		///
		/// # Errors
		/// Those of [`register_model`](Self::register_model), `UnknownParent`, `ParentRetired`, `LineageTooDeep`.
		///
		/// # Events
		/// `NameReleased`, if the name has rested; `ModelRegistered`, `ModelDerived`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::register_derived_model(details.sources.len().saturated_into()))]
		pub fn register_derived_model(
			origin: OriginFor<T>,
			name: Name,
			details: VersionDetails,
			price: PriceSchedule,
			policy: RevenuePolicy,
			parent: ModelId,
			royalty: Permill,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			let parent = Some(ParentInfo { model: parent, royalty });
			Self::do_register(owner, name, details, price, policy, parent).map(|_| ())
		}

		/// Publishes a version of a model, in place of any that is announced.
		///
		/// It is in force at once if its data sources are exactly those of the version in force, else after the
		/// notice.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `SameVersion`, `NoSourceForDataShare`,
		/// `TemplateOverheadTooHigh`, `UnknownAttributionRule`, `ZeroSourceWeight`, `DuplicateSource`,
		/// `UnknownRelease`, `OutOfIds`; a token error if the owner cannot afford the deposit.
		///
		/// # Events
		/// `VersionCancelled`, if one was announced; `VersionPublished`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::publish_version(details.sources.len().saturated_into()))]
		pub fn publish_version(
			origin: OriginFor<T>,
			model: ModelId,
			details: VersionDetails,
		) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_publish(model, entry, details)
		}

		/// Takes back the version that is announced.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`.
		///
		/// # Events
		/// `VersionCancelled`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::cancel_version())]
		pub fn cancel_version(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_version(model, entry)
		}

		/// Sets the price of a model, in place of any that is announced.
		///
		/// It is in force at once if no part of it is higher than that of the price in force, else after the
		/// notice.
		///
		/// A policy that is announced stays so. A cut does not move it: it gets a price version of its own, at the
		/// new price. With a rise it comes into force together, which may be later than it was announced to be.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `CachedTokenDearer`, `SamePrice`, `OutOfIds`; a token error if the
		/// owner cannot afford the deposit.
		///
		/// # Events
		/// `PriceCancelled`, if one was announced; `PolicyCancelled` and `PolicySet`, if an announced policy moves
		/// to another block; `PriceSet`, for each new price version.
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

		/// Takes back the price that is announced.
		///
		/// A policy that was announced with it stays so, for the same block, with a price version of its own.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`, `OutOfIds`.
		///
		/// # Events
		/// `PriceCancelled`; `PriceSet`, if a policy stays announced.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::cancel_price())]
		pub fn cancel_price(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_price(model, entry)
		}

		/// Changes how a model's income is shared, after the notice, in place of any change that is announced.
		///
		/// A policy that pays data needs data sources of the version in force, and of the one that is announced.
		///
		/// This is a new price version, at the price that is announced, or else the one in force: a price that was
		/// announced earlier waits for the policy. Calls that were agreed on at the price versions before keep the
		/// policy of before, whenever they are settled.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `PolicyIncomplete`, `SamePolicy`, `NoSourceForDataShare`,
		/// `OutOfIds`; a token error if the owner cannot afford the deposit.
		///
		/// # Events
		/// `PriceCancelled` and `PolicyCancelled`, if one was announced; `PriceSet`, `PolicySet`.
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

		/// Takes back the policy that is announced.
		///
		/// A price that was announced with it stays so, for the same block, with a number of its own.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`, `NothingAnnounced`, `OutOfIds`.
		///
		/// # Events
		/// `PriceCancelled`, `PolicyCancelled`; `PriceSet`, if a price stays announced.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::cancel_policy())]
		pub fn cancel_policy(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_cancel_policy(model, entry)
		}

		/// Stops a model from taking new calls, for good, and takes back what is announced for it.
		///
		/// Calls that were made before can be settled for [`SettlementGrace`](Config::SettlementGrace) blocks, and
		/// those under what was replaced before for as long as they could.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// The deposit follows the bytes that are stored.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `Retired`.
		///
		/// # Events
		/// `VersionCancelled`, `PriceCancelled` and `PolicyCancelled`, for what was announced; `ModelRetired`.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::retire_model())]
		pub fn retire_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::active_model(origin, model)?;
			Self::do_retire(model, entry)
		}

		/// Removes a retired model whose calls have been settled: up to `limit` (256 at most) of its old versions
		/// and prices, then, once none are left, itself. If models descend from it, a [`Tombstone`] stays. Its name
		/// rests for [`NameRest`](Config::NameRest) blocks.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Deposit
		/// That for what is removed is released. For the resting name, the base stays on hold with that for its bytes.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `NotRetired`, `SettlementOpen`, `NothingToRemove`.
		///
		/// # Events
		/// `NameRests` and `ModelPurged`, or `ModelPurgedInPart`.
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

		/// Removes prices of a model that no call can be settled at any more, oldest first. Looks at `limit` (256
		/// at most) price versions.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// That for what is removed is released to the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NothingToRemove`.
		///
		/// # Events
		/// `PricesPruned`.
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

		/// Offers a model, with all that it will earn, to another account, in place of whoever it was offered to.
		///
		/// A retired model can be offered, too: others may descend from it.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `AlreadyOwner`.
		///
		/// # Events
		/// `ModelOffered`.
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
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `NoOffer`.
		///
		/// # Events
		/// `OfferWithdrawn`.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::withdraw_offer())]
		pub fn withdraw_offer(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let entry = Self::owned_model(origin, model)?;
			Self::do_withdraw_offer(model, entry)
		}

		/// Takes over a model that is offered to the signer.
		///
		/// - `max_deposit`: the most that may be held for it, in planck. Until it is handed over, the old owner can
		///   make it larger.
		///
		/// What calls earn that are settled from then on is the new owner's: no payee that the old one has named
		/// is paid any more.
		///
		/// # Origin
		/// Signed, by whom the model is offered to.
		///
		/// # Deposit
		/// One at the rates of today is held on the signer's account, and the old owner's is released.
		///
		/// # Errors
		/// `UnknownModel`, `NotOffered`, `TooManyChanges`, `DepositTooHigh`; a token error if the signer cannot afford
		/// the deposit.
		///
		/// # Events
		/// `OwnerChanged`.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::accept_model())]
		pub fn accept_model(
			origin: OriginFor<T>,
			model: ModelId,
			max_deposit: Balance,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_accept(model, who, max_deposit)
		}

		/// Names the account that is paid for a model from now on, and gets its royalties, also for calls that are
		/// not settled yet.
		///
		/// - `payee`: the owner's own account if none.
		///
		/// A retired model can have another payee, too: others may descend from it.
		///
		/// # Origin
		/// Signed, by the model's owner.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `SamePayee`, `TooManyChanges`.
		///
		/// # Events
		/// `PayeeSet`.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::set_payee())]
		pub fn set_payee(
			origin: OriginFor<T>,
			model: ModelId,
			payee: Option<T::AccountId>,
		) -> DispatchResult {
			let entry = Self::owned_model(origin, model)?;
			Self::do_set_payee(model, entry, payee)
		}

		/// Frees the name of a model that is gone, which has rested for long enough.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// That for the name is released to the model's last owner.
		///
		/// # Errors
		/// `NameNotResting`, `NameRests`.
		///
		/// # Events
		/// `NameReleased`.
		#[pallet::call_index(17)]
		#[pallet::weight(T::WeightInfo::release_name())]
		pub fn release_name(origin: OriginFor<T>, name: Name) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_release_name(name)
		}
	}
}

//! # Model registry
//!
//! Which models there are, who owns them, what a call costs, and who shares its price.
//!
//! A developer registers a model under a readable, unique name. From then on the chain knows it by
//! a number, its [`ModelId`]. What a call of it means for everybody's money is in three places, so
//! that each can change at its own pace while calls that were agreed on before keep their terms:
//!
//! * the [`Model`] itself: owner, revenue policy, and which version and price are in force;
//! * its [`ModelVersion`]s: which weights answered (their hash), and which releases of which
//!   datanets those weights were made from. A call record names the version that answered;
//! * its price schedules, by price version. A voucher names the price version that the caller
//!   agreed to, so a new price never reaches a call that was agreed on before.
//!
//! Versions and prices are numbered from 0 and never overwritten. For now each model has one of
//! each.
//!
//! A policy divides what the protocol leaves of a charge between developer, data and node, and has
//! to add up to 100%. Whoever pays data must say which: a policy with a data share needs at least
//! one data source, a policy without one must have none, and each source must name a release that
//! has been published. The sources of a version therefore always lead to somebody who can be paid.
//!
//! ## Who does what
//!
//! | role | calls |
//! |---|---|
//! | developer (anybody with the deposit) | [`register_model`](Call::register_model) |
//! | owner of a model | [`pause_model`](Call::pause_model), [`resume_model`](Call::resume_model) |
//!
//! Pausing says that no new calls are to be served. Calls that were served before can still be
//! settled: their nodes have done the work.
//!
//! Other pallets see models through [`ModelInspect`](openledger_primitives::traits::ModelInspect),
//! nodes and wallets through [`Pallet::model_info`], [`Pallet::models`] and [`Pallet::quote`].
//!
//! ## Storage
//!
//! | map | key | largest value | who pays | who cleans |
//! |---|---|---|---|---|
//! | [`NextModelId`] | – | 4 bytes | – | never grows |
//! | [`Models`] | model | 139 bytes | the owner's deposit | stays: records and statements refer to it |
//! | [`ModelIdByName`] | name (64 bytes at most) | 4 bytes | the owner's deposit | stays with the model |
//! | [`Versions`] | model, version | 459 bytes | the owner's deposit | stays with the model |
//! | [`Prices`] | model, price version | 48 bytes | the owner's deposit | stays with the model |
//!
//! The deposit is [`DepositBase`](Config::DepositBase) plus
//! [`DepositPerByte`](Config::DepositPerByte) for every byte of the entries above. It is a hold on
//! the owner's account, and the amount is kept in the [`Model`], so that what comes back one day is
//! what was put down, whatever the constants are by then.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
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
pub use types::{Model, ModelVersion};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::collections::BTreeSet;
	use codec::Encode;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		attribution::{DataSources, ReleaseSelector},
		is_valid_name,
		policy::RevenuePolicy,
		price::PriceSchedule,
		traits::DataInspect,
		Balance, Hash, ModelId, Name, PriceVersion, Uri, VersionId,
	};
	use sp_runtime::{traits::Zero, ArithmeticError, SaturatedConversion};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

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
	pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, Model<T::AccountId>>;

	/// Which model has a name.
	#[pallet::storage]
	pub type ModelIdByName<T> = StorageMap<_, Blake2_128Concat, Name, ModelId>;

	/// The versions of each model.
	#[pallet::storage]
	pub type Versions<T> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Twox64Concat, VersionId, ModelVersion>;

	/// The price schedules of each model.
	#[pallet::storage]
	pub type Prices<T> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Twox64Concat, PriceVersion, PriceSchedule>;

	/// What happened to models.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A model was registered.
		#[codec(index = 0)]
		ModelRegistered {
			/// Its id.
			model: ModelId,
			/// Who registered and owns it.
			owner: T::AccountId,
			/// Its unique name.
			name: Name,
		},
		/// A model takes no new calls.
		#[codec(index = 1)]
		ModelPaused {
			/// The model.
			model: ModelId,
		},
		/// A model takes calls again.
		#[codec(index = 2)]
		ModelResumed {
			/// The model.
			model: ModelId,
		},
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
		/// The policy pays data, but the model names no data source.
		NoSourceForDataShare,
		/// The model names data sources, but the policy does not pay data.
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
			Self::do_register(owner, name, version, price, policy).map(|_| ())
		}

		/// Stops a model from taking new calls. Calls that were made before are still settled.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `AlreadyPaused`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::pause_model())]
		pub fn pause_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let mut entry = Self::owned_model(origin, model)?;
			ensure!(!entry.paused, Error::<T>::AlreadyPaused);

			entry.paused = true;
			Models::<T>::insert(model, entry);
			Self::deposit_event(Event::ModelPaused { model });
			Ok(())
		}

		/// Lets a paused model take calls again.
		///
		/// # Errors
		/// `UnknownModel`, `NotOwner`, `NotPaused`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::resume_model())]
		pub fn resume_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let mut entry = Self::owned_model(origin, model)?;
			ensure!(entry.paused, Error::<T>::NotPaused);

			entry.paused = false;
			Models::<T>::insert(model, entry);
			Self::deposit_event(Event::ModelResumed { model });
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// The deposit for a model of these parts, in planck. `None` if it does not fit a balance.
		pub fn deposit_for(
			model: &Model<T::AccountId>,
			version: &ModelVersion,
			price: &PriceSchedule,
		) -> Option<Balance> {
			// The name is stored twice: in the model, and as the key that finds it.
			let bytes = (model, &model.name, version, price).encoded_size();
			let variable = T::DepositPerByte::get().checked_mul(Balance::try_from(bytes).ok()?)?;
			T::DepositBase::get().checked_add(variable)
		}

		/// Registers a model: all of [`register_model`](Self::register_model) but the origin.
		pub(crate) fn do_register(
			owner: T::AccountId,
			name: Name,
			version: ModelVersion,
			price: PriceSchedule,
			policy: RevenuePolicy,
		) -> Result<ModelId, DispatchError> {
			ensure!(is_valid_name(&name), Error::<T>::InvalidName);
			ensure!(!ModelIdByName::<T>::contains_key(&name), Error::<T>::NameTaken);
			ensure!(policy.is_complete(), Error::<T>::PolicyIncomplete);
			Self::ensure_sources(&policy, &version.sources)?;
			let id = NextModelId::<T>::get();
			let next = id.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
			let mut model = Model {
				name: name.clone(),
				owner: owner.clone(),
				paused: false,
				version: VersionId::zero(),
				price_version: PriceVersion::zero(),
				policy,
				deposit: Balance::zero(),
			};
			let deposit =
				Self::deposit_for(&model, &version, &price).ok_or(ArithmeticError::Overflow)?;
			T::Currency::hold(&HoldReason::Model.into(), &owner, deposit)?;

			model.deposit = deposit;
			NextModelId::<T>::put(next);
			ModelIdByName::<T>::insert(&name, id);
			Versions::<T>::insert(id, model.version, version);
			Prices::<T>::insert(id, model.price_version, price);
			Models::<T>::insert(id, model);
			Self::deposit_event(Event::ModelRegistered { model: id, owner, name });
			Ok(id)
		}

		/// Whether data sources fit the policy, and each leads to contributors who can be paid.
		fn ensure_sources(policy: &RevenuePolicy, sources: &DataSources) -> DispatchResult {
			ensure!(!policy.pays_data() || !sources.is_empty(), Error::<T>::NoSourceForDataShare);
			ensure!(policy.pays_data() || sources.is_empty(), Error::<T>::NoDataShareForSources);
			let mut seen = BTreeSet::new();
			for source in sources {
				ensure!(!source.weight.is_zero(), Error::<T>::ZeroSourceWeight);
				ensure!(seen.insert((source.datanet, source.release)), Error::<T>::DuplicateSource);
				let published = match source.release {
					ReleaseSelector::Fixed(release) => {
						T::Data::release_exists(source.datanet, release)
					}
					ReleaseSelector::Latest => T::Data::latest_release(source.datanet).is_some(),
				};
				ensure!(published, Error::<T>::UnknownRelease);
			}
			Ok(())
		}

		/// The model, if the origin is its owner.
		fn owned_model(
			origin: OriginFor<T>,
			model: ModelId,
		) -> Result<Model<T::AccountId>, DispatchError> {
			let who = ensure_signed(origin)?;
			let entry = Models::<T>::get(model).ok_or(Error::<T>::UnknownModel)?;
			ensure!(entry.owner == who, Error::<T>::NotOwner);
			Ok(entry)
		}
	}
}

//! What happened to models, and why a call failed.

use frame_support::pallet_macros::*;

/// The events.
#[pallet_section]
mod events {
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
		/// A model that was just registered descends from another.
		#[codec(index = 3)]
		ModelDerived {
			/// The model.
			model: ModelId,
			/// The model that it descends from.
			parent: ModelId,
			/// The part of its developer's income that goes there.
			royalty: Permill,
		},
		/// A model has a new version.
		#[codec(index = 4)]
		VersionPublished {
			/// The model.
			model: ModelId,
			/// The version.
			version: VersionId,
			/// The first block in which it is in force.
			from: BlockNumberFor<T>,
		},
		/// A version that was announced will not be in force, ever.
		#[codec(index = 5)]
		VersionCancelled {
			/// The model.
			model: ModelId,
			/// The version.
			version: VersionId,
		},
		/// A model has a new price version. Its price may be that of the one before: a policy that
		/// is announced has a price version, too.
		#[codec(index = 6)]
		PriceSet {
			/// The model.
			model: ModelId,
			/// The number of the price version.
			price_version: PriceVersion,
			/// The price schedule.
			price: PriceSchedule,
			/// The first block in which it is in force.
			from: BlockNumberFor<T>,
		},
		/// A price version that was announced will not be in force, ever. What stays announced of
		/// it has a number of its own.
		#[codec(index = 7)]
		PriceCancelled {
			/// The model.
			model: ModelId,
			/// The number of the price version.
			price_version: PriceVersion,
		},
		/// A model's income will be shared in another way.
		#[codec(index = 8)]
		PolicySet {
			/// The model.
			model: ModelId,
			/// How it will be shared.
			policy: RevenuePolicy,
			/// The first block in which that is in force.
			from: BlockNumberFor<T>,
		},
		/// A policy that was announced will not be in force.
		#[codec(index = 9)]
		PolicyCancelled {
			/// The model.
			model: ModelId,
		},
		/// A model takes no new calls any more, for good.
		#[codec(index = 10)]
		ModelRetired {
			/// The model.
			model: ModelId,
			/// The first block in which its calls cannot be settled any more.
			retired_at: BlockNumberFor<T>,
		},
		/// A part of a retired model's storage was removed.
		#[codec(index = 11)]
		ModelPurgedInPart {
			/// The model.
			model: ModelId,
			/// How many versions and prices were removed.
			removed: u32,
		},
		/// A retired model is gone: its name is free, its deposit is back.
		#[codec(index = 12)]
		ModelPurged {
			/// The model.
			model: ModelId,
		},
		/// Prices of a model that no call can be settled at any more were removed.
		#[codec(index = 13)]
		PricesPruned {
			/// The model.
			model: ModelId,
			/// How many.
			removed: u32,
		},
		/// A model's owner offers it to somebody.
		#[codec(index = 14)]
		ModelOffered {
			/// The model.
			model: ModelId,
			/// Who may take it over.
			to: T::AccountId,
		},
		/// A model's owner keeps it after all.
		#[codec(index = 15)]
		OfferWithdrawn {
			/// The model.
			model: ModelId,
		},
		/// A model has another owner.
		#[codec(index = 16)]
		OwnerChanged {
			/// The model.
			model: ModelId,
			/// Who owned it before, and has the deposit back.
			from: T::AccountId,
			/// Who owns it now, and has put a deposit down.
			to: T::AccountId,
		},
	}
}

/// The errors.
#[pallet_section]
mod errors {
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
	}
}

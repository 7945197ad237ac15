//! New models, and what is checked of a version.

use crate::{
	deposits::bytes_of, Changing, Config, Dated, Error, Event, Model, ModelIdByName, Models,
	NextModelId, Pallet, Parties, PartiesHistory, Prices, RestingNames, Terms, Versions,
};
use alloc::collections::BTreeSet;
use frame_support::ensure;
use openledger_primitives::{
	attribution::{DataSources, ReleaseSelector, NEWEST_RULE},
	info::ParentInfo,
	is_valid_name,
	model::{VersionDetails, MAX_TEMPLATE_OVERHEAD},
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::DataInspect,
	ModelId, Name,
};
use sp_runtime::{traits::Zero, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Registers a model: all of [`register_model`](Self::register_model) and
	/// [`register_derived_model`](Self::register_derived_model) but the origin.
	pub(crate) fn do_register(
		owner: T::AccountId,
		name: Name,
		version: VersionDetails,
		price: PriceSchedule,
		policy: RevenuePolicy,
		parent: Option<ParentInfo>,
	) -> Result<ModelId, DispatchError> {
		ensure!(is_valid_name(&name), Error::<T>::InvalidName);
		ensure!(!ModelIdByName::<T>::contains_key(&name), Error::<T>::NameTaken);
		let resting = RestingNames::<T>::get(&name);
		ensure!(
			resting.as_ref().is_none_or(|resting| resting.is_free_for(&owner, &Self::now())),
			Error::<T>::NameRests
		);
		ensure!(price.is_sound(), Error::<T>::CachedTokenDearer);
		ensure!(policy.is_complete(), Error::<T>::PolicyIncomplete);
		ensure!(
			!policy.pays_data() || !version.sources.is_empty(),
			Error::<T>::NoSourceForDataShare
		);
		ensure!(
			policy.pays_data() || version.sources.is_empty(),
			Error::<T>::NoDataShareForSources
		);
		Self::ensure_details(&version)?;
		let above = match parent {
			Some(parent) => Some((parent, Self::with_one_child_more(parent.model)?)),
			None => None,
		};
		let id = NextModelId::<T>::get();
		let next = id.checked_add(1).ok_or(Error::<T>::OutOfIds)?;

		let from = frame_system::Pallet::<T>::block_number();
		let version = Dated::new(version, from);
		let terms = Dated::new(Terms { price, policy }, from);
		let levels = above.as_ref().map(|(_, (_, levels))| *levels).unwrap_or_default();
		let bytes = Self::fixed_bytes(&name, levels)
			.saturating_add(bytes_of(&version))
			.saturating_add(bytes_of(&terms));
		let deposit = Self::deposit_for(bytes);
		Self::hold(&owner, &deposit)?;

		if let Some(resting) = resting {
			Self::end_rest(name.clone(), &resting)?;
		}
		let model = Model {
			name: name.clone(),
			owner: owner.clone(),
			parties: PartiesHistory::new(from, Parties { owner: owner.clone(), payee: None }),
			offered_to: None,
			paused: false,
			retired_at: None,
			parent,
			children: 0,
			version: Changing::new(0),
			price: Changing::new(0),
			settle_until: from,
			next_version: 1,
			next_price: 1,
			oldest_price: 0,
			deposit,
		};
		NextModelId::<T>::put(next);
		ModelIdByName::<T>::insert(&name, id);
		Versions::<T>::insert(id, 0, version);
		Prices::<T>::insert(id, 0, terms);
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::ModelRegistered { model: id, owner, name });
		if let Some((ParentInfo { model: parent, royalty }, (entry, _))) = above {
			Models::<T>::insert(parent, entry);
			Self::deposit_event(Event::ModelDerived { model: id, parent, royalty });
		}
		Ok(id)
	}

	/// Checks that a version's numbers are within bounds, and that each of its data sources leads to
	/// contributors who can be paid.
	pub(crate) fn ensure_details(version: &VersionDetails) -> DispatchResult {
		ensure!(
			version.template_overhead <= MAX_TEMPLATE_OVERHEAD,
			Error::<T>::TemplateOverheadTooHigh
		);
		ensure!(version.attribution_rule == NEWEST_RULE, Error::<T>::UnknownAttributionRule);
		Self::ensure_sources(&version.sources)
	}

	fn ensure_sources(sources: &DataSources) -> DispatchResult {
		let mut seen = BTreeSet::new();
		for source in sources {
			ensure!(!source.weight.is_zero(), Error::<T>::ZeroSourceWeight);
			ensure!(seen.insert((source.datanet, source.release)), Error::<T>::DuplicateSource);
			let published = match source.release {
				ReleaseSelector::Fixed(release) => T::Data::release_exists(source.datanet, release),
				ReleaseSelector::Latest => T::Data::latest_release(source.datanet).is_some(),
			};
			ensure!(published, Error::<T>::UnknownRelease);
		}
		Ok(())
	}
}

//! Datanets, contributions and releases: what curators and contributors do. Everything is checked
//! before anything is written.

use crate::{
	Checkpoint, Config, Contribution, ContributionStatus, Contributions, ContributionsOf, Datanet,
	Datanets, Error, Event, HoldReason, NextContributionId, NextDatanetId, Pallet, Release,
	Releases, RootOwner, MAX_TOTAL_WEIGHT,
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use openledger_primitives::{
	is_valid_name, pool_index::PoolIndex, Balance, ContributionId, DatanetId, Hash, Name,
	ReleaseId, Uri, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError};

impl<T: Config> Pallet<T> {
	/// See [`create_datanet`](Pallet::create_datanet).
	pub(crate) fn do_create(curator: T::AccountId, name: Name) -> DispatchResult {
		ensure!(is_valid_name(&name), Error::<T>::InvalidName);
		let datanet = NextDatanetId::<T>::get();
		let next = datanet.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		let deposit = T::DatanetDeposit::get();
		T::Currency::hold(&HoldReason::Datanet.into(), &curator, deposit)?;

		NextDatanetId::<T>::put(next);
		let entry = Datanet {
			name: name.clone(),
			curator: curator.clone(),
			deposit,
			latest_release: ReleaseId::zero(),
			next_total_weight: Weight::zero(),
			next_contributions: 0,
			changed: false,
		};
		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::DatanetCreated { datanet, curator, name });
		Ok(())
	}

	/// See [`submit_contribution`](Pallet::submit_contribution).
	pub(crate) fn do_submit(
		contributor: T::AccountId,
		datanet: DatanetId,
		root: Hash,
		size: u64,
		uri: Uri,
	) -> DispatchResult {
		ensure!(Datanets::<T>::contains_key(datanet), Error::<T>::UnknownDatanet);
		ensure!(!size.is_zero(), Error::<T>::EmptyContribution);
		ensure!(!RootOwner::<T>::contains_key(root), Error::<T>::RootTaken);
		let contribution = NextContributionId::<T>::get();
		let next = contribution.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		let bond = T::ContributionBond::get();
		T::Currency::hold(&HoldReason::Contribution.into(), &contributor, bond)?;

		NextContributionId::<T>::put(next);
		RootOwner::<T>::insert(root, contribution);
		ContributionsOf::<T>::insert(&contributor, contribution.to_be_bytes(), ());
		let entry = Contribution {
			datanet,
			contributor: contributor.clone(),
			root,
			size,
			uri,
			bond,
			status: ContributionStatus::Pending,
			checkpoints: Default::default(),
		};
		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::ContributionSubmitted {
			contribution,
			datanet,
			contributor,
			root,
		});
		Ok(())
	}

	/// See [`accept_contribution`](Pallet::accept_contribution).
	pub(crate) fn do_accept(
		who: &T::AccountId,
		contribution: ContributionId,
		weight: Weight,
	) -> DispatchResult {
		let (mut entry, mut datanet) = Self::curated_contribution(who, contribution)?;
		ensure!(!weight.is_zero(), Error::<T>::ZeroWeight);
		ensure!(weight <= T::MaxWeight::get(), Error::<T>::WeightTooHigh);
		let total = datanet
			.next_total_weight
			.checked_add(weight)
			.filter(|total| *total <= MAX_TOTAL_WEIGHT)
			.ok_or(Error::<T>::TotalWeightTooHigh)?;
		let count = datanet.next_contributions.checked_add(1).ok_or(ArithmeticError::Overflow)?;
		let from_release = datanet.latest_release.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		entry
			.checkpoints
			.try_push(Checkpoint { from_release, weight })
			.map_err(|_| ArithmeticError::Overflow)?;

		entry.status = ContributionStatus::Accepted;
		datanet.next_total_weight = total;
		datanet.next_contributions = count;
		datanet.changed = true;
		let datanet_id = entry.datanet;
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet_id, datanet);
		Self::deposit_event(Event::ContributionAccepted {
			contribution,
			datanet: datanet_id,
			weight,
			from_release,
		});
		Ok(())
	}

	/// See [`reject_contribution`](Pallet::reject_contribution).
	pub(crate) fn do_reject(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let (entry, _) = Self::curated_contribution(who, contribution)?;
		Self::remove_pending(contribution, entry)?;
		Self::deposit_event(Event::ContributionRejected { contribution });
		Ok(())
	}

	/// See [`withdraw_contribution`](Pallet::withdraw_contribution).
	pub(crate) fn do_withdraw(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let entry = Self::contribution_of(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Pending, Error::<T>::NotPending);
		Self::remove_pending(contribution, entry)?;
		Self::deposit_event(Event::ContributionWithdrawn { contribution });
		Ok(())
	}

	/// See [`publish_release`](Pallet::publish_release).
	pub(crate) fn do_publish(who: &T::AccountId, datanet: DatanetId) -> DispatchResult {
		let mut entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(entry.curator == *who, Error::<T>::NotCurator);
		ensure!(!entry.next_total_weight.is_zero(), Error::<T>::EmptyRelease);
		ensure!(entry.changed, Error::<T>::NothingChanged);
		let release = entry.latest_release.checked_add(1).ok_or(Error::<T>::OutOfIds)?;

		let state = Release {
			total_weight: entry.next_total_weight,
			contributions: entry.next_contributions,
			index: PoolIndex::default(),
			received: Balance::zero(),
		};
		entry.latest_release = release;
		entry.changed = false;
		Datanets::<T>::insert(datanet, entry);
		Releases::<T>::insert(datanet, release, state);
		Self::deposit_event(Event::ReleasePublished {
			datanet,
			release,
			total_weight: state.total_weight,
			contributions: state.contributions,
		});
		Ok(())
	}

	/// The contribution, if it is `who`'s.
	pub(crate) fn contribution_of(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> Result<Contribution<T::AccountId>, DispatchError> {
		let entry = Contributions::<T>::get(contribution).ok_or(Error::<T>::UnknownContribution)?;
		ensure!(entry.contributor == *who, Error::<T>::NotContributor);
		Ok(entry)
	}

	/// The contribution with its datanet, if it is pending and `who` is the curator.
	fn curated_contribution(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> Result<(Contribution<T::AccountId>, Datanet<T::AccountId>), DispatchError> {
		let entry = Contributions::<T>::get(contribution).ok_or(Error::<T>::UnknownContribution)?;
		let datanet = Datanets::<T>::get(entry.datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(datanet.curator == *who, Error::<T>::NotCurator);
		ensure!(entry.status == ContributionStatus::Pending, Error::<T>::NotPending);
		Ok((entry, datanet))
	}

	/// Removes a contribution that has never earned, and releases its bond.
	fn remove_pending(
		id: ContributionId,
		contribution: Contribution<T::AccountId>,
	) -> DispatchResult {
		let Contribution { contributor, root, bond, .. } = contribution;
		let reason = HoldReason::Contribution.into();
		T::Currency::release(&reason, &contributor, bond, Precision::Exact)?;

		Contributions::<T>::remove(id);
		RootOwner::<T>::remove(root);
		ContributionsOf::<T>::remove(contributor, id.to_be_bytes());
		Ok(())
	}
}

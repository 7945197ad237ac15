//! Duplicates and frauds: accusing, confirming, contesting, deciding, slashing. Everything is
//! checked before anything is written.

use crate::{
	Accusation, AccusationOf, AccusationReason, AccusationStage, Accusations, Claimed, Config,
	ContributionOf, ContributionStatus, Contributions, Datanets, DirectEarnings, Error, Event,
	HoldReason, Pallet, Releases,
};
use alloc::vec::Vec;
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{Balance, ContributionId};
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
	/// See [`accuse_contribution`](Pallet::accuse_contribution).
	pub(crate) fn do_accuse(
		accuser: T::AccountId,
		contribution: ContributionId,
		reason: AccusationReason,
	) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		match entry.status {
			ContributionStatus::Pending => return Err(Error::<T>::NotAccepted.into()),
			ContributionStatus::Slashed => return Err(Error::<T>::AlreadySlashed.into()),
			ContributionStatus::Accepted | ContributionStatus::Stopped(_) => (),
		}
		ensure!(!Accusations::<T>::contains_key(contribution), Error::<T>::ContributionAccused);
		if let AccusationReason::Duplicate(original) = reason {
			ensure!(original < contribution, Error::<T>::NotEarlier);
			ensure!(Contributions::<T>::contains_key(original), Error::<T>::UnknownContribution);
		}
		ensure!(accuser != entry.contributor, Error::<T>::AccuserIsContributor);
		let datanet = Datanets::<T>::get(entry.datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(accuser != datanet.curator, Error::<T>::AccuserIsCurator);
		let deposit = entry.bond.max(T::ContributionBond::get());
		T::Currency::hold(&HoldReason::Accusation.into(), &accuser, deposit)?;

		let until = Self::contest_period_from_now();
		let stage = AccusationStage::Reported(until);
		let accusation = Accusation { accuser: accuser.clone(), deposit, reason, stage };
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::ContributionAccused { contribution, accuser, reason, until });
		Ok(())
	}

	/// See [`confirm_accusation`](Pallet::confirm_accusation).
	pub(crate) fn do_confirm(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		Self::curated_contribution(who, contribution)?;
		let mut accusation = Self::accusation(contribution)?;
		let AccusationStage::Reported(until) = accusation.stage else {
			return Err(Error::<T>::AlreadyConfirmed.into());
		};
		// An accuser may have become the curator since.
		ensure!(accusation.accuser != *who, Error::<T>::AccuserIsCurator);
		ensure!(frame_system::Pallet::<T>::block_number() < until, Error::<T>::TooLate);

		let until = Self::contest_period_from_now();
		accusation.stage = AccusationStage::Confirmed(until);
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::AccusationConfirmed { contribution, until });
		Ok(())
	}

	/// See [`contest_accusation`](Pallet::contest_accusation).
	pub(crate) fn do_contest(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		Self::contribution_of(who, contribution)?;
		let mut accusation = Self::accusation(contribution)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() < until, Error::<T>::TooLate);

		accusation.stage = AccusationStage::Contested;
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::AccusationContested { contribution });
		Ok(())
	}

	/// See [`drop_accusation`](Pallet::drop_accusation).
	pub(crate) fn do_drop_accusation(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		let Accusation { accuser, deposit, stage, .. } = Self::accusation(contribution)?;
		let AccusationStage::Reported(until) = stage else {
			return Err(Error::<T>::AlreadyConfirmed.into());
		};
		let curator = Datanets::<T>::get(entry.datanet).map(|datanet| datanet.curator);
		ensure!(
			accuser == *who
				|| curator.as_ref() == Some(who)
				|| frame_system::Pallet::<T>::block_number() >= until,
			Error::<T>::TooEarly
		);
		let reason = HoldReason::Accusation.into();
		T::Currency::release(&reason, &accuser, deposit, Precision::Exact)?;

		Accusations::<T>::remove(contribution);
		Self::deposit_event(Event::AccusationDropped { contribution });
		Ok(())
	}

	/// See [`execute_slash`](Pallet::execute_slash). Returns how many releases were looked at.
	pub(crate) fn do_execute_slash(contribution: ContributionId) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		let accusation = Self::accusation(contribution)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() >= until, Error::<T>::TooEarly);
		Self::slash(contribution, entry, accusation)
	}

	/// See [`resolve_accusation`](Pallet::resolve_accusation). Returns how many releases were
	/// looked at.
	pub(crate) fn do_resolve(
		contribution: ContributionId,
		guilty: bool,
	) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		let accusation = Self::accusation(contribution)?;
		if guilty {
			return Self::slash(contribution, entry, accusation);
		}
		let Accusation { accuser, deposit, .. } = accusation;
		Self::forfeit(HoldReason::Accusation, &accuser, &entry.contributor, deposit)?;

		Accusations::<T>::remove(contribution);
		Self::deposit_event(Event::ContributionAcquitted {
			contribution,
			accuser,
			to_contributor: deposit,
		});
		Ok(0)
	}

	/// Slashes a contribution. What it has earned from its releases is moved to where no later
	/// payment can touch it; from then on, what they owe it belongs to the protocol.
	fn slash(
		contribution: ContributionId,
		mut entry: ContributionOf<T>,
		accusation: AccusationOf<T>,
	) -> Result<u32, DispatchError> {
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let latest = datanet_entry.latest_release;
		let first = entry.checkpoints.first().map_or(1, |point| point.from_release);
		let mut looked_at = 0u32;
		let mut kept: Balance = 0;
		let mut claimed_to = Vec::new();
		for release in first..=latest {
			looked_at = looked_at.saturating_add(1);
			if entry.weight_at(release).is_zero() {
				continue;
			}
			let state = Releases::<T>::get(datanet, release).ok_or(Error::<T>::UnknownRelease)?;
			let owed = Self::owed(contribution, &entry, release, &state)
				.ok_or(ArithmeticError::Overflow)?;
			if !owed.is_zero() {
				kept = kept.checked_add(owed).ok_or(ArithmeticError::Overflow)?;
				claimed_to.push((release, state.index.per_weight));
			}
		}
		let direct = DirectEarnings::<T>::get(contribution)
			.checked_add(kept)
			.ok_or(ArithmeticError::Overflow)?;
		let next = latest.saturating_add(1);
		if !entry.weight_at(next).is_zero() {
			Self::weigh(&mut entry, &mut datanet_entry, next, 0)?;
		}
		let bond = core::mem::take(&mut entry.bond);
		let to_accuser = openledger_primitives::split::part_of(bond, T::ReporterShare::get());
		let to_protocol = bond.checked_sub(to_accuser).ok_or(ArithmeticError::Underflow)?;
		let Accusation { accuser, deposit, .. } = accusation;
		Self::forfeit(HoldReason::Contribution, &entry.contributor, &accuser, to_accuser)?;
		let protocol = T::ProtocolAccount::get();
		Self::forfeit(HoldReason::Contribution, &entry.contributor, &protocol, to_protocol)?;
		let reason = HoldReason::Accusation.into();
		T::Currency::release(&reason, &accuser, deposit, Precision::Exact)?;

		entry.status = ContributionStatus::Slashed;
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		if !direct.is_zero() {
			DirectEarnings::<T>::insert(contribution, direct);
		}
		for (release, index) in claimed_to {
			Claimed::<T>::insert(contribution, release, index);
		}
		Accusations::<T>::remove(contribution);
		Self::deposit_event(Event::ContributionSlashed {
			contribution,
			datanet,
			accuser,
			to_accuser,
			to_protocol,
			kept,
		});
		Ok(looked_at)
	}

	/// Gives what is held on one account to another.
	fn forfeit(
		reason: HoldReason,
		from: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		if amount.is_zero() {
			return Ok(());
		}
		T::Currency::transfer_on_hold(
			&reason.into(),
			from,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Ok(())
	}

	/// The accusation against a contribution.
	fn accusation(contribution: ContributionId) -> Result<AccusationOf<T>, DispatchError> {
		Accusations::<T>::get(contribution).ok_or(Error::<T>::NoAccusation.into())
	}

	/// The block before which a confirmed accusation can be contested.
	fn confirmed_until(accusation: &AccusationOf<T>) -> Result<BlockNumberFor<T>, DispatchError> {
		match accusation.stage {
			AccusationStage::Reported(_) => Err(Error::<T>::NotConfirmed.into()),
			AccusationStage::Confirmed(until) => Ok(until),
			AccusationStage::Contested => Err(Error::<T>::AccusationContested.into()),
		}
	}

	fn contest_period_from_now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_add(T::ContestPeriod::get())
	}
}

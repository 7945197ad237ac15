//! Paying what contributions and curators have earned.

use crate::{
	Accounted, Claimed, Config, ContributionOf, ContributionStatus, CuratorEarnings,
	DirectEarnings, Error, Event, Pallet, Release, Releases,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{DepositConsequence, Preservation, Provenance},
		Get,
	},
};
use openledger_primitives::{
	traits::{RecordEarnings, Role},
	Balance, ContributionId, ReleaseId,
};
use sp_runtime::{
	traits::{AccountIdConversion, Zero},
	ArithmeticError, DispatchError, SaturatedConversion,
};

/// The debt of releases to a contribution.
pub(crate) struct Due {
	/// The number of releases that were looked at.
	releases: u32,
	/// In planck.
	pub amount: Balance,
	/// The index of each release that owes something.
	pub claimed_to: Vec<(ReleaseId, Balance)>,
}

impl<T: Config> Pallet<T> {
	/// The account that holds what contributors may claim.
	pub fn pot() -> T::AccountId {
		T::PotId::get().into_account_truncating()
	}

	/// See [`claim`](Pallet::claim) and [`claim_for`](Pallet::claim_for). Returns how many releases
	/// were looked at.
	pub(crate) fn do_claim(
		contribution: ContributionId,
		entry: ContributionOf<T>,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> Result<u32, DispatchError> {
		let Due { releases, amount, claimed_to } = match entry.status {
			// What releases owe it is the protocol's.
			ContributionStatus::Slashed => Due { releases: 0, amount: 0, claimed_to: Vec::new() },
			_ => Self::due(contribution, &entry, releases)?,
		};
		let direct = DirectEarnings::<T>::get(contribution);
		let amount = amount.checked_add(direct).ok_or(ArithmeticError::Overflow)?;
		let to = entry.payee().clone();
		Self::pay_out(&to, amount, Role::Data)?;

		DirectEarnings::<T>::remove(contribution);
		Self::set_claimed(contribution, claimed_to);
		Self::deposit_event(Event::PayoutClaimed { contribution, contributor: to, amount });
		Ok(releases)
	}

	/// See [`sweep_slashed`](Pallet::sweep_slashed). Returns how many releases were looked at.
	pub(crate) fn do_sweep(
		contribution: ContributionId,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		ensure!(entry.status == ContributionStatus::Slashed, Error::<T>::NotSlashed);
		let Due { releases, amount, claimed_to } = Self::due(contribution, &entry, releases)?;
		Self::pay_out(&T::ProtocolAccount::get(), amount, Role::Protocol)?;

		Self::set_claimed(contribution, claimed_to);
		Self::deposit_event(Event::SlashedSwept { contribution, amount });
		Ok(releases)
	}

	pub(crate) fn do_claim_curator(curator: T::AccountId) -> DispatchResult {
		let amount = CuratorEarnings::<T>::get(&curator);
		Self::pay_out(&curator, amount, Role::Curator)?;

		CuratorEarnings::<T>::remove(&curator);
		Self::deposit_event(Event::CuratorPaid { curator, amount });
		Ok(())
	}

	/// Amount that a contribution may claim from a release of its datanet, in planck; if it is slashed,
	/// what is to be swept. `None` if a number overflows, which the bound on weights rules out.
	pub(crate) fn owed(
		id: ContributionId,
		contribution: &ContributionOf<T>,
		release: ReleaseId,
		state: &Release,
	) -> Option<Balance> {
		match contribution.weight_at(release) {
			0 => Some(Balance::zero()),
			weight => state.index.owed(weight, Claimed::<T>::get(id, release)),
		}
	}

	/// Adds up what the releases owe to a contribution.
	pub(crate) fn due(
		contribution: ContributionId,
		entry: &ContributionOf<T>,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> Result<Due, DispatchError> {
		let releases = releases.into_iter().collect::<BTreeSet<_>>();
		let mut due =
			Due { releases: releases.len().saturated_into(), amount: 0, claimed_to: Vec::new() };
		for release in releases {
			let state =
				Releases::<T>::get(entry.datanet, release).ok_or(Error::<T>::UnknownRelease)?;
			let owed = Self::owed(contribution, entry, release, &state)
				.ok_or(ArithmeticError::Overflow)?;
			if !owed.is_zero() {
				due.amount = due.amount.checked_add(owed).ok_or(ArithmeticError::Overflow)?;
				due.claimed_to.push((release, state.index.per_weight));
			}
		}
		Ok(due)
	}

	/// Pays `to` out of the pot.
	fn pay_out(to: &T::AccountId, amount: Balance, role: Role) -> DispatchResult {
		ensure!(!amount.is_zero(), Error::<T>::NothingToClaim);
		ensure!(
			T::Currency::can_deposit(to, amount, Provenance::Extant)
				!= DepositConsequence::BelowMinimum,
			Error::<T>::ClaimBelowMinimum
		);
		let accounted =
			Accounted::<T>::get().checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
		T::Currency::transfer(&Self::pot(), to, amount, Preservation::Preserve)?;

		Accounted::<T>::put(accounted);
		T::Earnings::record(to, role, amount);
		Ok(())
	}

	pub(crate) fn set_claimed(contribution: ContributionId, claimed_to: Vec<(ReleaseId, Balance)>) {
		for (release, index) in claimed_to {
			Claimed::<T>::insert(contribution, release, index);
		}
	}
}

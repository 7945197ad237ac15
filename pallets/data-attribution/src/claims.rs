//! Paying a contributor what a contribution has earned.

use crate::{
	Accounted, Claimed, Config, Contribution, DirectEarnings, Error, Event, Pallet, Release,
	Releases,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{DepositConsequence, Preservation, Provenance},
	},
};
use openledger_primitives::{
	traits::{RecordEarnings, Role},
	Balance, ContributionId, ReleaseId,
};
use sp_runtime::{traits::Zero, ArithmeticError};

impl<T: Config> Pallet<T> {
	/// See [`claim`](Pallet::claim).
	pub(crate) fn do_claim(
		who: T::AccountId,
		contribution: ContributionId,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> DispatchResult {
		let entry = Self::contribution_of(&who, contribution)?;
		let mut amount = DirectEarnings::<T>::get(contribution);
		let mut claimed_to = Vec::new();
		for release in releases.into_iter().collect::<BTreeSet<_>>() {
			let state =
				Releases::<T>::get(entry.datanet, release).ok_or(Error::<T>::UnknownRelease)?;
			let owed = Self::owed(contribution, &entry, release, &state)
				.ok_or(ArithmeticError::Overflow)?;
			if !owed.is_zero() {
				amount = amount.checked_add(owed).ok_or(ArithmeticError::Overflow)?;
				claimed_to.push((release, state.index.per_weight));
			}
		}
		ensure!(!amount.is_zero(), Error::<T>::NothingToClaim);
		ensure!(
			T::Currency::can_deposit(&who, amount, Provenance::Extant)
				!= DepositConsequence::BelowMinimum,
			Error::<T>::ClaimBelowMinimum
		);
		let accounted =
			Accounted::<T>::get().checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
		T::Currency::transfer(&Self::pot(), &who, amount, Preservation::Preserve)?;

		Accounted::<T>::put(accounted);
		DirectEarnings::<T>::remove(contribution);
		for (release, index) in claimed_to {
			Claimed::<T>::insert(contribution, release, index);
		}
		T::Earnings::record(&who, Role::Data, amount);
		Self::deposit_event(Event::PayoutClaimed { contribution, contributor: who, amount });
		Ok(())
	}

	/// What a contribution has to claim from a release of its datanet, in planck. `None` if a
	/// number overflows, which the bound on weights rules out.
	pub(crate) fn owed(
		id: ContributionId,
		contribution: &Contribution<T::AccountId>,
		release: ReleaseId,
		state: &Release,
	) -> Option<Balance> {
		match contribution.weight_at(release) {
			0 => Some(Balance::zero()),
			weight => state.index.owed(weight, Claimed::<T>::get(id, release)),
		}
	}
}

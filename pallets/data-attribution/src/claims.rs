//! Paying what contributions and curators have earned.

use crate::{
	Accounted, Claimed, Config, ContributionOf, CuratorEarnings, DatanetPayout, DirectEarnings,
	Error, Event, Pallet, Release, ReleasePayout, Releases, SlashedEarnings,
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
	Balance, ContributionId, ReleaseId, MAX_CLAIM,
};
use sp_runtime::{
	traits::{AccountIdConversion, Zero},
	ArithmeticError, DispatchError, SaturatedConversion,
};

/// The debt of releases to a contribution.
#[derive(Default)]
pub(crate) struct Due {
	/// The number of releases that were looked at.
	releases: u32,
	/// In planck.
	pub amount: Balance,
	/// Those that owe something.
	pub payouts: Vec<ReleasePayout>,
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
		let due = match entry.is_forfeited() {
			// What releases owe it is the protocol's.
			true => Due::default(),
			false => Self::due(contribution, &entry, releases)?,
		};
		let direct = DirectEarnings::<T>::get(contribution);
		let amount = due.amount.checked_add(direct).ok_or(ArithmeticError::Overflow)?;
		let to = entry.payee().clone();
		Self::pay_out(&to, amount, Role::Data)?;

		DirectEarnings::<T>::remove(contribution);
		Self::set_claimed(contribution, &due.payouts);
		Self::deposit_event(Event::PayoutClaimed {
			contribution,
			datanet: entry.datanet,
			contributor: to,
			direct,
			releases: due.payouts,
			amount,
		});
		Ok(due.releases)
	}

	/// See [`sweep_slashed`](Pallet::sweep_slashed). Returns how many releases were looked at.
	pub(crate) fn do_sweep(
		contribution: ContributionId,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		let direct = SlashedEarnings::<T>::get(contribution);
		let forfeited = entry.is_forfeited();
		// Of one that was restored, there may still be what came meanwhile.
		ensure!(forfeited || !direct.is_zero(), Error::<T>::NotSlashed);
		let due = match forfeited {
			true => Self::due(contribution, &entry, releases)?,
			false => Due::default(),
		};
		let amount = due.amount.checked_add(direct).ok_or(ArithmeticError::Overflow)?;
		Self::pay_out(&T::ProtocolAccount::get(), amount, Role::Protocol)?;

		SlashedEarnings::<T>::remove(contribution);
		Self::set_claimed(contribution, &due.payouts);
		Self::deposit_event(Event::SlashedSwept {
			contribution,
			datanet: entry.datanet,
			direct,
			releases: due.payouts,
			amount,
		});
		Ok(due.releases)
	}

	/// See [`claim_curator`](Pallet::claim_curator). Returns how many datanets have paid.
	pub(crate) fn do_claim_curator(curator: T::AccountId) -> Result<u32, DispatchError> {
		let most = MAX_CLAIM.saturated_into();
		let datanets: Vec<_> = CuratorEarnings::<T>::iter_prefix(&curator)
			.take(most)
			.map(|(datanet, amount)| DatanetPayout { datanet, amount })
			.collect();
		let amount = datanets
			.iter()
			.try_fold(Balance::zero(), |sum, payout| sum.checked_add(payout.amount))
			.ok_or(ArithmeticError::Overflow)?;
		Self::pay_out(&curator, amount, Role::Curator)?;

		for payout in &datanets {
			CuratorEarnings::<T>::remove(&curator, payout.datanet);
		}
		let paid = datanets.len().saturated_into();
		Self::deposit_event(Event::CuratorPaid { curator, datanets, amount });
		Ok(paid)
	}

	/// Amount that a contribution may claim from a release of its datanet, in planck; if it is slashed
	/// or taken down, what is to be swept. `None` if a number overflows, which the bound on weights rules out.
	pub(crate) fn owed(
		id: ContributionId,
		contribution: &ContributionOf<T>,
		release: ReleaseId,
		state: &Release,
	) -> Option<Balance> {
		Self::payout(id, contribution, release, state).map(|payout| payout.amount)
	}

	/// The same with what it is made of.
	fn payout(
		id: ContributionId,
		contribution: &ContributionOf<T>,
		release: ReleaseId,
		state: &Release,
	) -> Option<ReleasePayout> {
		let (weight, to) = (contribution.weight_at(release), state.index.per_weight);
		// What a release does not have cannot have claimed from it.
		let from = if weight.is_zero() { to } else { Claimed::<T>::get(id, release) };
		let amount = state.index.owed(weight, from)?;
		Some(ReleasePayout { release, weight, from, to, amount })
	}

	/// Adds up what the releases owe to a contribution.
	pub(crate) fn due(
		contribution: ContributionId,
		entry: &ContributionOf<T>,
		releases: impl IntoIterator<Item = ReleaseId>,
	) -> Result<Due, DispatchError> {
		let releases = releases.into_iter().collect::<BTreeSet<_>>();
		let mut due = Due { releases: releases.len().saturated_into(), ..Due::default() };
		for release in releases {
			let state =
				Releases::<T>::get(entry.datanet, release).ok_or(Error::<T>::UnknownRelease)?;
			let payout = Self::payout(contribution, entry, release, &state)
				.ok_or(ArithmeticError::Overflow)?;
			if !payout.amount.is_zero() {
				due.amount =
					due.amount.checked_add(payout.amount).ok_or(ArithmeticError::Overflow)?;
				due.payouts.push(payout);
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

	/// Remembers up to where the releases have paid.
	pub(crate) fn set_claimed(contribution: ContributionId, payouts: &[ReleasePayout]) {
		for payout in payouts {
			Claimed::<T>::insert(contribution, payout.release, payout.to);
		}
	}
}

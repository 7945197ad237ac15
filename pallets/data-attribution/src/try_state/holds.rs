//! What is on hold for whom, and whose the roots are.

use super::Holds;
use crate::{
	AccusationStage, Accusations, Admissions, Config, ContributionOf, ContributionStatus,
	Contributions, Datanets, Draws, HoldReason, Pallet, Possession, Reservations, RootOwner, Stake,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{contribution::is_provable, Balance, ContributionId};
use sp_runtime::{traits::Zero, TryRuntimeError};

impl<T: Config> Pallet<T> {
	/// Compares what must be held with what is, of every account that there is: so nothing stays on hold that no
	/// entry says of what it is for.
	pub(super) fn check_holds(
		reason: HoldReason,
		mut holds: Holds<T::AccountId>,
		wrong: &'static str,
	) -> Result<(), TryRuntimeError> {
		let reason = reason.into();
		for account in frame_system::Account::<T>::iter_keys() {
			let amount = holds.remove(&account).unwrap_or_default();
			ensure!(T::Currency::balance_on_hold(&reason, &account) == amount, wrong);
		}
		ensure!(holds.into_values().all(|amount| amount.is_zero()), wrong);
		Ok(())
	}

	/// Checks that a contribution owns its root as long as it has to, and only if its data was shown.
	pub(super) fn check_root(
		id: ContributionId,
		contribution: &ContributionOf<T>,
	) -> Result<(), TryRuntimeError> {
		let owns = RootOwner::<T>::get(contribution.root) == Some(id);
		let shown = contribution.shown_at().is_some();
		ensure!(shown || !owns, "a root is owned by what was not shown");
		match contribution.status {
			ContributionStatus::Pending => {
				ensure!(owns == shown, "a contribution does not own its root")
			}
			ContributionStatus::Slashed => ensure!(!owns, "a slashed contribution has a root"),
			// Another one may have taken it over.
			ContributionStatus::Accepted | ContributionStatus::Stopped(_) => (),
		}
		Ok(())
	}

	/// Compares the draws with who waits for them, and the reservations that are in use with who uses them.
	pub(super) fn check_possession() -> Result<(), TryRuntimeError> {
		let mut waiting = BTreeMap::<BlockNumberFor<T>, u32>::new();
		for (_, contribution) in Contributions::<T>::iter() {
			let ContributionOf::<T> { possession, format, status, .. } = contribution;
			ensure!(
				is_provable(format) == (possession != Possession::Unprovable),
				"a contribution's format does not say what can be shown of it"
			);
			if let Possession::Owed(draw) = possession {
				ensure!(status == ContributionStatus::Pending, "what was not shown was accepted");
				let count = waiting.entry(draw).or_default();
				*count = count.saturating_add(1);
			}
		}
		let now = frame_system::Pallet::<T>::block_number();
		for (block, draw) in Draws::<T>::iter() {
			let count = waiting.remove(&block).unwrap_or_default();
			ensure!(count == draw.waiting && count > 0, "a draw is not for those who wait for it");
			ensure!(draw.seed.is_none() || block <= now, "a draw has come out too early");
		}
		ensure!(waiting.is_empty(), "somebody waits for a draw that does not come");
		for (commitment, reservation) in Reservations::<T>::iter() {
			let Some(id) = reservation.used_by else { continue };
			let user = Contributions::<T>::get(id).ok_or("a reservation is used by nobody")?;
			ensure!(
				matches!(user.possession, Possession::Owed(_))
					&& Self::commitment(user.root, &user.contributor) == commitment
					&& user.since == reservation.at,
				"a reservation is used by another one's contribution"
			);
		}
		Ok(())
	}

	/// Checks whom the root of a contribution was taken over from.
	pub(super) fn check_displaced(contribution: &ContributionOf<T>) -> Result<(), TryRuntimeError> {
		let Some(before) = contribution.displaced else { return Ok(()) };
		// It may be gone since.
		if let Some(before) = Contributions::<T>::get(before) {
			ensure!(before.root == contribution.root, "a root was taken over from another one's");
			ensure!(
				contribution.since < before.since,
				"a root was taken over by what counts from later"
			);
			ensure!(
				before.status != ContributionStatus::Pending,
				"a root was taken over from one that is pending still"
			);
		}
		Ok(())
	}

	/// Compares what is held for those who were let in.
	pub(super) fn check_admissions() -> Result<(), TryRuntimeError> {
		let mut deposits = Holds::<T::AccountId>::new();
		for (datanet, _, admission) in Admissions::<T>::iter() {
			ensure!(Datanets::<T>::contains_key(datanet), "an admission without a datanet");
			add(&mut deposits, admission.payer, admission.deposit)?;
		}
		let wrong = "a curator's hold differs from the deposits for admissions";
		Self::check_holds(HoldReason::Admission, deposits, wrong)
	}

	/// Compares what is held for accusations, and by curators who have confirmed one.
	pub(super) fn check_accusations() -> Result<(), TryRuntimeError> {
		let (mut deposits, mut stakes) = (Holds::<T::AccountId>::new(), Holds::new());
		for (contribution, accuser, accusation) in Accusations::<T>::iter() {
			let status = Contributions::<T>::get(contribution).map(|entry| entry.status);
			ensure!(
				status.is_some_and(|status| status != ContributionStatus::Pending),
				"an accusation of nothing that can be slashed"
			);
			let confirmed = matches!(
				accusation.stage,
				AccusationStage::Confirmed(_) | AccusationStage::Contested(_)
			);
			ensure!(
				confirmed == accusation.stake.is_some(),
				"exactly confirmed accusations have a curator's stake"
			);
			add(&mut deposits, accuser, accusation.deposit)?;
			if let Some(Stake { curator, amount }) = accusation.stake {
				add(&mut stakes, curator, amount)?;
			}
		}
		let wrong = "an accuser's hold differs from the deposits";
		Self::check_holds(HoldReason::Accusation, deposits, wrong)?;
		let wrong = "a curator's hold differs from the stakes";
		Self::check_holds(HoldReason::Confirmation, stakes, wrong)
	}

	/// Compares what is held for reservations.
	pub(super) fn check_reservations() -> Result<(), TryRuntimeError> {
		let mut deposits = Holds::<T::AccountId>::new();
		for reservation in Reservations::<T>::iter_values() {
			ensure!(reservation.at <= reservation.expires_at, "a reservation ends before it began");
			add(&mut deposits, reservation.payer, reservation.deposit)?;
		}
		let wrong = "a hold differs from the deposits for reservations";
		Self::check_holds(HoldReason::Reservation, deposits, wrong)
	}
}

/// Adds to what must be held on an account.
pub(super) fn add<AccountId: Ord>(
	holds: &mut Holds<AccountId>,
	account: AccountId,
	amount: Balance,
) -> Result<(), TryRuntimeError> {
	let held = holds.entry(account).or_default();
	*held = held.checked_add(amount).ok_or("what must be held overflows")?;
	Ok(())
}

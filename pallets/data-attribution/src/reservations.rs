//! Reserving a root before it is shown, so that nobody who sees it can be quicker.

use crate::{
	Config, ContributionOf, Error, Event, HoldReason, Pallet, Reservation, ReservationOf,
	Reservations,
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use openledger_primitives::{Balance, ContributionId, Hash};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _, Saturating, Zero},
	DispatchError,
};

impl<T: Config> Pallet<T> {
	/// Hash that hides a root that `account` wants to submit: the BLAKE2b-256 hash of the SCALE encoding
	/// of the string `openledger/reservation/v1`, the root and the account.
	pub fn commitment(root: Hash, account: &T::AccountId) -> Hash {
		BlakeTwo256::hash_of(&("openledger/reservation/v1", root, account))
	}

	pub(crate) fn do_reserve(payer: T::AccountId, commitment: Hash) -> DispatchResult {
		let at = frame_system::Pallet::<T>::block_number();
		if let Some(entry) = Reservations::<T>::get(commitment) {
			ensure!(Self::is_over(&entry), Error::<T>::ReservationExists);
			// What is over does not stand in the way of another.
			Self::end_reservation(commitment, entry, false)?;
		}
		let deposit = T::ReservationDeposit::get();
		T::Currency::hold(&HoldReason::Reservation.into(), &payer, deposit)?;

		let expires_at = at.saturating_add(T::ReservationPeriod::get());
		let entry = Reservation {
			payer: payer.clone(),
			deposit,
			at,
			expires_at,
			kept: false,
			used_by: None,
		};
		Reservations::<T>::insert(commitment, entry);
		Self::deposit_event(Event::RootReserved { commitment, payer, expires_at });
		Ok(())
	}

	/// See [`remove_reservation`](Pallet::remove_reservation). Returns what the protocol has got of it.
	pub(crate) fn do_remove_reservation(commitment: Hash) -> Result<Balance, DispatchError> {
		let entry = Reservations::<T>::get(commitment).ok_or(Error::<T>::UnknownReservation)?;
		ensure!(Self::is_over(&entry), Error::<T>::ReservationInForce);
		Self::end_reservation(commitment, entry, false)
	}

	/// Returns `true` if a reservation counts no more, and no contribution that was submitted with it is still to
	/// be shown.
	fn is_over(entry: &ReservationOf<T>) -> bool {
		entry.used_by.is_none() && frame_system::Pallet::<T>::block_number() >= entry.expires_at
	}

	/// Leaves whose contribution was rejected, or not decided about, a reservation of its root that counts from
	/// when the contribution did, so that nobody who has seen the root there comes before them elsewhere. Its
	/// deposit is a part of the bond that was released, and never more than that.
	///
	/// If the contribution was itself submitted with what a rejection had left, that is not made to
	/// last longer: otherwise one could keep a root for ever, and risk nothing. For the same reason two
	/// reservations are never made into one that is both as early and as long: one of them stays.
	pub(crate) fn keep_root(rejected: ContributionOf<T>) -> DispatchResult {
		let ContributionOf::<T> { root, contributor, since, kept_until, bond, .. } = rejected;
		let now = frame_system::Pallet::<T>::block_number();
		let period_from_now = now.saturating_add(T::RootClaimPeriod::get());
		let expires_at = kept_until.unwrap_or(period_from_now).min(period_from_now);
		if expires_at <= now {
			return Ok(());
		}
		let commitment = Self::commitment(root, &contributor);
		let mut joined = None;
		if let Some(entry) = Reservations::<T>::get(commitment) {
			if Self::is_over(&entry) {
				Self::end_reservation(commitment, entry, false)?;
			} else if entry.used_by.is_some() || entry.at <= since || expires_at < entry.expires_at
			{
				return Ok(());
			} else {
				joined = Some((entry.payer, entry.deposit));
			}
		}
		let (payer, deposit) = match joined {
			Some(joined) => joined,
			None => {
				let deposit = T::ReservationDeposit::get().min(bond);
				T::Currency::hold(&HoldReason::Reservation.into(), &contributor, deposit)?;
				(contributor, deposit)
			}
		};

		let entry = Reservation {
			payer: payer.clone(),
			deposit,
			at: since,
			expires_at,
			kept: true,
			used_by: None,
		};
		Reservations::<T>::insert(commitment, entry);
		Self::deposit_event(Event::RootReserved { commitment, payer, expires_at });
		Ok(())
	}

	/// Ends the reservation that a contribution was submitted with, now that its data was shown, or never will be.
	pub(crate) fn end_use(
		id: ContributionId,
		contribution: &ContributionOf<T>,
		shown: bool,
	) -> DispatchResult {
		let commitment = Self::commitment(contribution.root, &contribution.contributor);
		match Reservations::<T>::get(commitment) {
			Some(entry) if entry.used_by == Some(id) => {
				Self::end_reservation(commitment, entry, shown).map(|_| ())
			}
			_ => Ok(()),
		}
	}

	/// Removes a reservation. Its deposit is released if it was `used`: if data was shown by it. Otherwise the
	/// protocol gets it, so that keeping roots in reserve that one guesses at is not for free; but not if it was
	/// a rejection that has left it. Returns what the protocol has got.
	fn end_reservation(
		commitment: Hash,
		entry: ReservationOf<T>,
		used: bool,
	) -> Result<Balance, DispatchError> {
		let Reservation { payer, deposit, kept, .. } = entry;
		let reason = HoldReason::Reservation;
		let forfeited = if used || kept { Balance::zero() } else { deposit };
		if forfeited.is_zero() {
			T::Currency::release(&reason.into(), &payer, deposit, Precision::Exact)?;
		} else {
			Self::forfeit(reason, &payer, &T::ProtocolAccount::get(), forfeited)?;
		}

		Reservations::<T>::remove(commitment);
		Self::deposit_event(Event::ReservationRemoved { commitment, forfeited });
		Ok(forfeited)
	}
}

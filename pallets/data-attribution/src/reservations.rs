//! Reserving a root before it is shown, so that nobody who sees it can be quicker.

use crate::{Config, ContributionOf, Error, Event, HoldReason, Pallet, Reservation, Reservations};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use openledger_primitives::Hash;
use sp_runtime::traits::{BlakeTwo256, Hash as _, Saturating};

impl<T: Config> Pallet<T> {
	/// Hash that hides a root that `account` wants to submit: the BLAKE2b-256 hash of the SCALE encoding
	/// of the string `openledger/reservation/v1`, the root and the account.
	pub fn commitment(root: Hash, account: &T::AccountId) -> Hash {
		BlakeTwo256::hash_of(&("openledger/reservation/v1", root, account))
	}

	pub(crate) fn do_reserve(payer: T::AccountId, commitment: Hash) -> DispatchResult {
		let at = frame_system::Pallet::<T>::block_number();
		if let Some(entry) = Reservations::<T>::get(commitment) {
			ensure!(at >= entry.expires_at, Error::<T>::ReservationExists);
			// What is over does not stand in the way of another.
			Self::end_reservation(commitment)?;
		}
		let deposit = T::ReservationDeposit::get();
		T::Currency::hold(&HoldReason::Reservation.into(), &payer, deposit)?;

		let expires_at = at.saturating_add(T::ReservationPeriod::get());
		let entry = Reservation { payer: payer.clone(), deposit, at, expires_at, kept: false };
		Reservations::<T>::insert(commitment, entry);
		Self::deposit_event(Event::RootReserved { commitment, payer, expires_at });
		Ok(())
	}

	pub(crate) fn do_remove_reservation(commitment: Hash) -> DispatchResult {
		let entry = Reservations::<T>::get(commitment).ok_or(Error::<T>::UnknownReservation)?;
		ensure!(
			frame_system::Pallet::<T>::block_number() >= entry.expires_at,
			Error::<T>::ReservationInForce
		);
		Self::end_reservation(commitment)
	}

	/// Leaves whose contribution was rejected a reservation of its root that counts from when the
	/// contribution did, so that nobody who has seen the root there comes before them elsewhere. Its
	/// deposit is a part of the bond that was released, and never more than that.
	///
	/// If the contribution was itself submitted with what a rejection had left, that is not made to
	/// last longer: otherwise one could keep a root for ever, and risk nothing. For the same reason two
	/// reservations are never made into one that is both as early and as long: one of them stays.
	pub(crate) fn keep_root(rejected: ContributionOf<T>) -> DispatchResult {
		let ContributionOf::<T> { root, contributor, since, kept_until, bond, .. } = rejected;
		let now = frame_system::Pallet::<T>::block_number();
		let period_from_now = now.saturating_add(T::ReservationPeriod::get());
		let expires_at = kept_until.unwrap_or(period_from_now).min(period_from_now);
		if expires_at <= now {
			return Ok(());
		}
		let commitment = Self::commitment(root, &contributor);
		let (payer, deposit) = match Reservations::<T>::get(commitment) {
			Some(entry) => {
				let counts = now < entry.expires_at;
				if counts && (entry.at <= since || expires_at < entry.expires_at) {
					return Ok(());
				}
				(entry.payer, entry.deposit)
			}
			None => {
				let deposit = T::ReservationDeposit::get().min(bond);
				T::Currency::hold(&HoldReason::Reservation.into(), &contributor, deposit)?;
				(contributor, deposit)
			}
		};

		let entry =
			Reservation { payer: payer.clone(), deposit, at: since, expires_at, kept: true };
		Reservations::<T>::insert(commitment, entry);
		Self::deposit_event(Event::RootReserved { commitment, payer, expires_at });
		Ok(())
	}

	/// Removes a reservation, and releases its deposit.
	pub(crate) fn end_reservation(commitment: Hash) -> DispatchResult {
		let Reservation { payer, deposit, .. } =
			Reservations::<T>::get(commitment).ok_or(Error::<T>::UnknownReservation)?;
		let reason = HoldReason::Reservation.into();
		T::Currency::release(&reason, &payer, deposit, Precision::Exact)?;

		Reservations::<T>::remove(commitment);
		Self::deposit_event(Event::ReservationRemoved { commitment });
		Ok(())
	}
}

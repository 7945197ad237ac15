//! Reserving a root before it is shown, so that nobody who sees it can be quicker.

use crate::{Config, Error, Event, HoldReason, Pallet, Reservation, Reservations};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{Balance, Hash};
use sp_runtime::traits::{BlakeTwo256, Hash as _, Saturating};

impl<T: Config> Pallet<T> {
	/// What hides a root that `account` wants to submit: the BLAKE2b-256 hash of the SCALE encoding
	/// of the string `openledger/reservation/v1`, the root and the account.
	pub fn commitment(root: Hash, account: &T::AccountId) -> Hash {
		BlakeTwo256::hash_of(&("openledger/reservation/v1", root, account))
	}

	/// See [`reserve_root`](Pallet::reserve_root).
	pub(crate) fn do_reserve(payer: T::AccountId, commitment: Hash) -> DispatchResult {
		ensure!(!Reservations::<T>::contains_key(commitment), Error::<T>::ReservationExists);
		let deposit = T::ReservationDeposit::get();
		T::Currency::hold(&HoldReason::Reservation.into(), &payer, deposit)?;

		let at = frame_system::Pallet::<T>::block_number();
		let expires_at = at.saturating_add(T::ReservationPeriod::get());
		let entry = Reservation { payer: payer.clone(), deposit, at, expires_at };
		Reservations::<T>::insert(commitment, entry);
		Self::deposit_event(Event::RootReserved { commitment, payer, expires_at });
		Ok(())
	}

	/// See [`remove_reservation`](Pallet::remove_reservation).
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
	pub(crate) fn keep_root(
		root: Hash,
		contributor: T::AccountId,
		since: BlockNumberFor<T>,
		bond: Balance,
	) -> DispatchResult {
		let now = frame_system::Pallet::<T>::block_number();
		let commitment = Self::commitment(root, &contributor);
		let period_from_now = now.saturating_add(T::ReservationPeriod::get());
		let entry = match Reservations::<T>::get(commitment) {
			Some(entry) => {
				// What is over does not count again.
				let at = if now < entry.expires_at { entry.at.min(since) } else { since };
				Reservation { at, expires_at: entry.expires_at.max(period_from_now), ..entry }
			}
			None => {
				let deposit = T::ReservationDeposit::get().min(bond);
				T::Currency::hold(&HoldReason::Reservation.into(), &contributor, deposit)?;
				Reservation { payer: contributor, deposit, at: since, expires_at: period_from_now }
			}
		};

		let (payer, expires_at) = (entry.payer.clone(), entry.expires_at);
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

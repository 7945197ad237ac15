//! The protocol's share, and what it was before.

use crate::pallet::*;
use frame_support::traits::{ConstU32, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::history::History;
use sp_runtime::{traits::Saturating, Permill};

/// Most shares that are known, the present one among them.
pub const MAX_SHARES: u32 = 32;

/// The shares that the protocol has had, and from which block on.
pub type ShareHistory<BlockNumber> = History<BlockNumber, Permill, ConstU32<MAX_SHARES>>;

impl<T: Config> Pallet<T> {
	/// Puts the governed share in force from the block `now` on, which begins. If governance has changed it
	/// so often that there is no room to remember all of them, that waits until there is.
	pub(crate) fn update_share(now: BlockNumberFor<T>) {
		let share = T::ProtocolShare::get();
		let mut shares = ProtocolShares::<T>::get();
		if shares.now() == Some(&share) {
			return;
		}
		let oldest_needed = now.saturating_sub(T::HistoryPeriod::get());
		if shares.set(now, share, oldest_needed).is_ok() {
			ProtocolShares::<T>::put(shares);
			Self::deposit_event(Event::ProtocolShareChanged { share });
		}
	}
}

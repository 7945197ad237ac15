//! The Merkle roots of settlements: kept for as long as a settlement can be disputed, with what was
//! proven of the calls behind them.
//!
//! Roots are removed in the order in which they came, from a queue: by each settlement as many as it
//! adds, and more when a block has weight left. So the queue cannot grow without bound, and no block
//! has to do more than it has room for.

use crate::{
	pallet::*,
	types::{count, QueueEnds, QueuedRoot, RootKey, SettledRootOf},
	WeightInfo,
};
use alloc::vec::Vec;
use frame_support::weights::Weight;
use sp_runtime::DispatchResult;

/// Number of old roots that one block removes in the weight it has left.
pub(crate) const DROPPED_PER_BLOCK: u32 = 256;

impl<T: Config> Pallet<T> {
	/// Keeps roots until nobody can dispute them any more, and removes as many older ones at most.
	pub(crate) fn keep_roots(roots: Vec<(RootKey, SettledRootOf<T>)>) -> DispatchResult {
		let mut ends = RootQueueEnds::<T>::get();
		Self::drop_oldest(&mut ends, count(roots.len()));
		for (key, root) in roots {
			let next = ends.next.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
			RootQueue::<T>::insert(ends.next, QueuedRoot { key, until: root.until });
			Roots::<T>::insert(key, root);
			ends.next = next;
		}
		RootQueueEnds::<T>::put(ends);
		Ok(())
	}

	/// Removes up to `most` roots that cannot be disputed any more. Returns how many.
	pub(crate) fn drop_roots(most: u32) -> u32 {
		let mut ends = RootQueueEnds::<T>::get();
		let dropped = Self::drop_oldest(&mut ends, most);
		if dropped > 0 {
			RootQueueEnds::<T>::put(ends);
		}
		dropped
	}

	/// Removes old roots within `limit`. Returns what that weighed.
	pub(crate) fn drop_roots_within(limit: Weight) -> Weight {
		let none = T::WeightInfo::drop_roots(0);
		let one = T::WeightInfo::drop_roots(1).saturating_sub(none);
		let Some(rest) = limit.checked_sub(&none) else {
			return Weight::zero();
		};
		let most = rest.checked_div_per_component(&one).unwrap_or_default();
		let most = u32::try_from(most).unwrap_or(u32::MAX).min(DROPPED_PER_BLOCK);
		if most == 0 {
			return Weight::zero();
		}
		T::WeightInfo::drop_roots(Self::drop_roots(most))
	}

	fn drop_oldest(ends: &mut QueueEnds, most: u32) -> u32 {
		let now = Self::now();
		let mut dropped = 0;
		while dropped < most && ends.first < ends.next {
			if let Some(QueuedRoot { key, until }) = RootQueue::<T>::get(ends.first) {
				if until >= now {
					break;
				}
				Roots::<T>::remove(key);
				Disputed::<T>::remove(key);
				RootQueue::<T>::remove(ends.first);
			}
			ends.first = ends.first.saturating_add(1);
			dropped = dropped.saturating_add(1);
		}
		dropped
	}
}

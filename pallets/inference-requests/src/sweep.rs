//! The slots in which requests wait for their end, and the sweep that empties them.

use crate::{pallet::*, types::MAX_SLOTS_SWEPT, WeightInfo};
use frame_support::{
	defensive, storage::with_storage_layer, traits::Get, weights::Weight, weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::RequestId;
use sp_runtime::{traits::One, DispatchError, Saturating};

impl<T: Config> Pallet<T> {
	/// The first of `most` slots from `from` on that has room, and how many before it are full. The slots of
	/// this block and earlier ones are left out: the sweep may have passed them.
	pub(crate) fn free_slot(
		from: BlockNumberFor<T>,
		most: u32,
	) -> (Option<BlockNumberFor<T>>, u32) {
		let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
		let room = usize::try_from(T::MaxPerSlot::get()).unwrap_or(usize::MAX);
		let mut slot = from.max(next);
		for passed in 0..most {
			if Deadlines::<T>::decode_len(slot).unwrap_or_default() < room {
				return (Some(slot), passed);
			}
			slot = slot.saturating_add(One::one());
		}
		(None, most)
	}

	/// Puts a request into a slot after this block's. Returns whether that had room.
	pub(crate) fn queue(slot: BlockNumberFor<T>, id: RequestId) -> bool {
		if Deadlines::<T>::try_append(slot, id).is_err() {
			return false;
		}
		if !NextSlot::<T>::exists() {
			let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
			NextSlot::<T>::put(next);
		}
		true
	}

	/// Takes a request out of its slot, if it is in one.
	pub(crate) fn unqueue(slot: Option<BlockNumberFor<T>>, id: RequestId) {
		let Some(slot) = slot else { return };
		Deadlines::<T>::mutate_exists(slot, |ids| {
			if let Some(list) = ids {
				list.retain(|other| *other != id);
				if list.is_empty() {
					*ids = None;
				}
			}
		});
	}

	/// Ends the calls in the slots up to `now`, as far as `limit` and the limits of one sweep allow.
	/// The next sweep goes on where this one stopped. Returns what it weighed.
	pub(crate) fn sweep(now: BlockNumberFor<T>, limit: Weight) -> Weight {
		let mut meter = WeightMeter::with_limit(limit);
		if meter.try_consume(T::WeightInfo::sweep_base()).is_err() {
			return meter.consumed();
		}
		let Some(first) = NextSlot::<T>::get() else { return meter.consumed() };
		if Requests::<T>::count() == 0 && Outcomes::<T>::count() == 0 {
			NextSlot::<T>::kill();
			return meter.consumed();
		}
		// Twice what can be due in one block, so that a backlog shrinks.
		let mut left = T::MaxPerSlot::get().saturating_mul(2);
		let mut slot = first;
		for _ in 0..MAX_SLOTS_SWEPT {
			if slot > now || !Self::sweep_slot(slot, &mut left, &mut meter) {
				break;
			}
			slot = slot.saturating_add(One::one());
		}
		NextSlot::<T>::put(slot);
		meter.consumed()
	}

	/// Ends the calls in one slot, `left` at most. Returns whether the slot is empty now.
	fn sweep_slot(slot: BlockNumberFor<T>, left: &mut u32, meter: &mut WeightMeter) -> bool {
		if meter.try_consume(T::WeightInfo::sweep_slot()).is_err() {
			return false;
		}
		let mut ids = Deadlines::<T>::take(slot);
		while !ids.is_empty()
			&& *left > 0
			&& meter.try_consume(T::WeightInfo::sweep_request()).is_ok()
		{
			*left = left.saturating_sub(1);
			if let Some(id) = ids.pop() {
				Self::end_swept(id);
			}
		}
		let done = ids.is_empty();
		if !done {
			Deadlines::<T>::insert(slot, ids);
		}
		done
	}

	/// Ends a call that was taken out of its slot, or removes what was kept of it.
	pub(crate) fn end_swept(id: RequestId) {
		let ended = with_storage_layer::<_, DispatchError, _>(|| {
			if let Some(request) = Requests::<T>::get(id) {
				return Self::give_back(id, request);
			}
			let outcome = Outcomes::<T>::get(id).ok_or(Error::<T>::UnknownOutcome)?;
			Self::drop_outcome(id, outcome)
		});
		if ended.is_err() {
			// What a request promises is on hold. Should it ever not be, the request stays, and
			// can be ended by hand.
			defensive!("a request could not be ended");
		}
	}
}

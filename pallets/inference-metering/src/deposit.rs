//! Many events at once.
//!
//! A settlement has an event for each of its calls. [`frame_system::Pallet::deposit_event`] reads the number of the
//! block, the phase and the count of events for each event, and writes the count; that costs more than all else that is
//! done for a call. Here it is done once for all of them. What is stored is the same, byte for byte.

use crate::pallet::{Config, Event};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};

/// What `frame_system` keeps of events, where it keeps it.
mod system {
	use frame_support::pallet_prelude::{OptionQuery, ValueQuery};
	use frame_system::{Config, Pallet, Phase};

	/// The number of events of the block.
	#[frame_support::storage_alias]
	pub(super) type EventCount<T: Config> = StorageValue<Pallet<T>, u32, ValueQuery>;

	/// The phase of the block.
	#[frame_support::storage_alias]
	pub(super) type ExecutionPhase<T: Config> = StorageValue<Pallet<T>, Phase, OptionQuery>;
}

/// Deposits events as `deposit_event` does one by one.
pub(crate) fn deposit_all<T: Config>(events: impl Iterator<Item = Event<T>>) {
	// As there: genesis has no events, and a block no more than can be counted.
	if frame_system::Pallet::<T>::block_number() == Default::default() {
		return;
	}
	let mut events = events.map(<T as frame_system::Config>::RuntimeEvent::from);
	let Some(event) = events.next() else { return };
	let phase = system::ExecutionPhase::<T>::get().unwrap_or(Phase::Initialization);
	let mut record = EventRecord::<_, T::Hash> { phase, event, topics: Vec::new() };
	let key = storage_prefix(b"System", b"Events");
	let count = system::EventCount::<T>::get();
	let mut after = count;
	while let Some(next) = after.checked_add(1) {
		sp_io::storage::append(&key, record.encode());
		after = next;
		match events.next() {
			Some(event) => record.event = event,
			None => break,
		}
	}
	if after != count {
		system::EventCount::<T>::put(after);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use openledger_primitives::lane::RejectReason;
	use sp_runtime::DispatchError;

	fn events() -> Vec<Event<Test>> {
		(0..3)
			.map(|sequence| Event::RecordRejected {
				session: 1,
				lane: 2,
				sequence,
				reason: RejectReason::AboveAcknowledged,
			})
			.chain([Event::LaneRejected { session: 1, lane: 3, reason: DispatchError::Other("") }])
			.collect()
	}

	/// All that is stored once these events are deposited, in the block and the phase that `prepare` makes.
	fn stored(prepare: impl Fn(), deposit: impl Fn(Vec<Event<Test>>)) -> Vec<(Vec<u8>, Vec<u8>)> {
		new_test_ext().execute_with(|| {
			prepare();
			deposit(events());
			deposit(Vec::new());
			deposit(events());
			let mut entries = Vec::new();
			let mut key = Vec::new();
			while let Some(next) = sp_io::storage::next_key(&key) {
				entries.push((next.clone(), sp_io::storage::get(&next).unwrap().to_vec()));
				key = next;
			}
			entries
		})
	}

	#[test]
	fn what_is_deposited_at_once_is_stored_as_one_by_one() {
		for prepare in [
			(|| System::set_block_number(0)) as fn(),
			|| System::set_block_number(1),
			|| {
				System::set_block_number(7);
				frame_system::Pallet::<Test>::note_finished_initialize();
				System::deposit_event(Event::<Test>::NodeJailed {
					operator: account(NODE),
					until: 9,
					bond: 1,
				});
			},
			// No more can be counted than two.
			|| {
				System::set_block_number(7);
				system::EventCount::<Test>::put(u32::MAX - 2);
			},
		] {
			let at_once = stored(prepare, |events| deposit_all::<Test>(events.into_iter()));
			let one_by_one = stored(prepare, |events| {
				events.into_iter().for_each(System::deposit_event);
			});
			assert_eq!(at_once, one_by_one);
		}
	}
}

//! The values that something had, and from which block on: what was in force when a caller signed.

use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use core::fmt::{self, Debug, Formatter};
use scale_info::TypeInfo;
use sp_core::Get;
use sp_runtime::BoundedVec;

/// The values of one thing, each with the block from which on it is in force, in rising order of the
/// blocks. No value is followed by an equal one. `Bound` is the most values; it must not be 0.
#[derive(Encode, Decode, MaxEncodedLen, TypeInfo)]
#[codec(mel_bound(Block: MaxEncodedLen, Value: MaxEncodedLen, Bound: Get<u32>))]
#[scale_info(skip_type_params(Bound))]
pub struct History<Block, Value, Bound>(BoundedVec<(Block, Value), Bound>);

/// The error of a change for which a [`History`] has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl<Block: Copy + Ord, Value: PartialEq, Bound: Get<u32>> History<Block, Value, Bound> {
	/// The history of something that has a value from block `from` on, and had none before.
	pub fn new(from: Block, value: Value) -> Self {
		Self(BoundedVec::truncate_from(alloc::vec![(from, value)]))
	}

	/// The value in force in `block`. `None` if it is not known: there was none yet, or it was forgotten.
	pub fn at(&self, block: Block) -> Option<&Value> {
		let after = self.0.partition_point(|(from, _)| *from <= block);
		self.0.get(after.checked_sub(1)?).map(|(_, value)| value)
	}

	/// The newest value, also if it is in force from a later block on only. `None` if there never was one.
	pub fn now(&self) -> Option<&Value> {
		self.0.last().map(|(_, value)| value)
	}

	/// The values with the blocks from which on they are in force, oldest first.
	pub fn entries(&self) -> &[(Block, Value)] {
		&self.0
	}

	/// The first block after `block` in which another value is in force than in the one before it, also if that
	/// lies ahead. `None` if nothing has changed since and nothing is known of a change.
	pub fn changed_after(&self, block: Block) -> Option<Block> {
		let after = self.0.partition_point(|(from, _)| *from <= block);
		self.0.get(after).map(|(from, _)| *from)
	}

	/// Returns `true` if the blocks rise, and no value follows an equal one: as whoever only ever
	/// [sets](Self::set) values leaves it.
	pub fn is_sound(&self) -> bool {
		self.0.windows(2).all(|pair| match pair {
			[(from, value), (next_from, next)] => from < next_from && value != next,
			_ => true,
		})
	}

	/// Lets `value` be in force from `block` on, in place of whatever was to be in force then or later, and
	/// forgets what was in force before `oldest_needed` only.
	///
	/// # Errors
	/// [`NoRoom`] if all that has to be kept fills the history. Nothing has changed then.
	pub fn set(&mut self, block: Block, value: Value, oldest_needed: Block) -> Result<(), NoRoom> {
		self.set_within(Bound::get(), block, value, oldest_needed)
	}

	/// [`Self::set`] for changes that somebody chooses to make: keeps the last place free, so that one more
	/// that must not be refused has room.
	///
	/// # Errors
	/// [`NoRoom`] if the change would take the last place. Nothing has changed then.
	pub fn set_but_last(
		&mut self,
		block: Block,
		value: Value,
		oldest_needed: Block,
	) -> Result<(), NoRoom> {
		self.set_within(Bound::get().saturating_sub(1), block, value, oldest_needed)
	}

	fn set_within(
		&mut self,
		most: u32,
		block: Block,
		value: Value,
		oldest_needed: Block,
	) -> Result<(), NoRoom> {
		let stay = self.0.partition_point(|(from, _)| *from < block);
		let before = self.0.get(..stay).unwrap_or_default();
		let same = before.last().is_some_and(|(_, newest)| *newest == value);
		// A value is needed as long as the one after it begins later than the oldest block that anybody
		// asks about.
		let next = before.iter().map(|(from, _)| *from).skip(1).chain((!same).then_some(block));
		let forgotten = next.take_while(|from| *from <= oldest_needed).count();
		let kept = stay.saturating_sub(forgotten).saturating_add(usize::from(!same));
		if !same && u32::try_from(kept).map_or(true, |kept| kept > most) {
			return Err(NoRoom);
		}
		self.0.truncate(stay);
		let mut entries: Vec<_> =
			core::mem::take(&mut self.0).into_iter().skip(forgotten).collect();
		if !same {
			entries.push((block, value));
		}
		self.0 = BoundedVec::truncate_from(entries);
		Ok(())
	}
}

// By hand, because deriving them would ask the same of `Bound`.
impl<Block, Value, Bound> Default for History<Block, Value, Bound> {
	fn default() -> Self {
		Self(BoundedVec::default())
	}
}

impl<Block: Clone, Value: Clone, Bound: Get<u32>> Clone for History<Block, Value, Bound> {
	fn clone(&self) -> Self {
		Self(self.0.clone())
	}
}

impl<Block: PartialEq, Value: PartialEq, Bound> PartialEq for History<Block, Value, Bound> {
	fn eq(&self, other: &Self) -> bool {
		self.0.as_slice() == other.0.as_slice()
	}
}

impl<Block: Eq, Value: Eq, Bound> Eq for History<Block, Value, Bound> {}

impl<Block: Debug, Value: Debug, Bound> Debug for History<Block, Value, Bound> {
	fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
		formatter.debug_tuple("History").field(&self.0.as_slice()).finish()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};
	use sp_core::ConstU32;

	type Short = History<u32, char, ConstU32<3>>;

	fn short(entries: &[(u32, char)]) -> Short {
		let mut history = Short::default();
		for (from, value) in entries {
			history.set(*from, *value, 0).unwrap();
		}
		history
	}

	#[test]
	fn each_block_has_the_value_that_was_in_force_in_it() {
		let history = short(&[(10, 'a'), (20, 'b')]);

		assert_eq!(history.at(9), None);
		assert_eq!(history.at(10), Some(&'a'));
		assert_eq!(history.at(19), Some(&'a'));
		assert_eq!(history.at(20), Some(&'b'));
		assert_eq!(history.at(u32::MAX), Some(&'b'));
		assert_eq!(history.now(), Some(&'b'));
		assert_eq!(Short::default().at(u32::MAX), None);
		assert_eq!(Short::default().now(), None);
		assert_eq!(Short::new(7, 'a').entries(), [(7, 'a')]);
	}

	#[test]
	fn it_is_known_until_when_a_block_is_like_those_after_it() {
		let history = short(&[(10, 'a'), (20, 'b')]);

		let blocks = [0, 9, 10, 19, 20, u32::MAX];
		let changes = blocks.map(|block| history.changed_after(block));
		assert_eq!(changes, [Some(10), Some(10), Some(20), Some(20), None, None]);
		assert_eq!(Short::default().changed_after(0), None);
	}

	#[test]
	fn a_second_change_in_a_block_replaces_the_first_one() {
		let mut history = short(&[(10, 'a'), (20, 'b')]);

		history.set(20, 'c', 0).unwrap();
		assert_eq!(history.entries(), [(10, 'a'), (20, 'c')]);

		history.set(20, 'a', 0).unwrap();
		assert_eq!(history.entries(), [(10, 'a')]);
	}

	#[test]
	fn what_was_to_come_later_does_not_come() {
		let mut history = short(&[(10, 'a'), (20, 'b')]);

		history.set(15, 'c', 0).unwrap();

		assert_eq!(history.entries(), [(10, 'a'), (15, 'c')]);
	}

	#[test]
	fn a_change_without_room_changes_nothing() {
		let full = short(&[(10, 'a'), (20, 'b'), (30, 'c')]);
		let mut history = full.clone();

		assert_eq!(history.set(40, 'd', 19), Err(NoRoom));
		assert_eq!(history, full);
		// What is in force already needs no room.
		history.set(40, 'c', 19).unwrap();
		assert_eq!(history, full);
		// Nor does what takes the place of something in the same block.
		history.set(30, 'd', 19).unwrap();
		assert_eq!(history.entries(), [(10, 'a'), (20, 'b'), (30, 'd')]);
		// Block 20 has the second value, so that nobody needs the first one.
		history.set(40, 'e', 20).unwrap();
		assert_eq!(history.entries(), [(20, 'b'), (30, 'd'), (40, 'e')]);
	}

	#[test]
	fn the_last_place_is_kept_for_what_must_not_be_refused() {
		let mut history = short(&[(10, 'a')]);

		history.set_but_last(20, 'b', 0).unwrap();
		assert_eq!(history.set_but_last(30, 'c', 0), Err(NoRoom));
		assert_eq!(history.entries(), [(10, 'a'), (20, 'b')]);
		history.set(30, 's', 0).unwrap();
		assert_eq!(history.entries(), [(10, 'a'), (20, 'b'), (30, 's')]);
		// A change may not take the place of the last one either, or there would be none again.
		assert_eq!(history.set_but_last(30, 'c', 0), Err(NoRoom));
	}

	#[test]
	fn a_history_is_read_as_it_was_written_and_never_longer() {
		let history = short(&[(10, 'a'), (20, 'b')]).entries().iter().fold(
			History::<u32, u8, ConstU32<3>>::default(),
			|mut history, (from, value)| {
				history.set(*from, *value as u8, 0).unwrap();
				history
			},
		);
		let bytes = history.encode();

		assert_eq!(bytes, vec![(10u32, b'a'), (20, b'b')].encode());
		assert_eq!(History::decode(&mut bytes.as_slice()), Ok(history));
		assert_eq!(History::<u32, u8, ConstU32<3>>::max_encoded_len(), 1 + 3 * 5);
		assert!(History::<u32, u8, ConstU32<1>>::decode(&mut bytes.as_slice()).is_err());
	}

	#[test]
	fn entries_out_of_order_are_not_sound() {
		let of = |entries: &[(u32, u8)]| {
			History::<u32, u8, ConstU32<3>>::decode(&mut entries.to_vec().encode().as_slice())
		};

		assert!(of(&[(1, 1), (2, 2), (3, 1)]).unwrap().is_sound());
		assert!(!of(&[(1, 1), (1, 2)]).unwrap().is_sound());
		assert!(!of(&[(2, 1), (1, 2)]).unwrap().is_sound());
		assert!(!of(&[(1, 1), (2, 1)]).unwrap().is_sound());
	}

	const BOUND: u32 = 5;

	/// All changes that were ever made, none forgotten.
	#[derive(Default)]
	struct Naive(Vec<(u32, u8)>);

	impl Naive {
		fn set(&mut self, block: u32, value: u8) {
			self.0.retain(|(from, _)| *from < block);
			self.0.push((block, value));
		}

		fn at(&self, block: u32) -> Option<u8> {
			self.0.iter().rev().find(|(from, _)| *from <= block).map(|(_, value)| *value)
		}

		/// The number of values that blocks from `oldest` on have, one after the other.
		fn runs(&self, oldest: u32) -> usize {
			let newest = self.0.iter().map(|(from, _)| *from).max().unwrap_or_default();
			let mut runs: Vec<_> =
				(oldest..=newest.max(oldest)).filter_map(|block| self.at(block)).collect();
			runs.dedup();
			runs.len()
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(1_000))]

		#[test]
		fn nothing_is_forgotten_that_anybody_can_ask_for(
			changes in vec((0u32..6, 0u32..8, 0u8..3, any::<bool>()), 1..60),
			window in 0u32..30,
		) {
			let mut history = History::<u32, u8, ConstU32<BOUND>>::default();
			let mut naive = Naive::default();
			let mut now = 0;
			for (passed, notice, value, slashing) in changes {
				now += passed;
				let from = now + if slashing { 0 } else { notice };
				let oldest = now.saturating_sub(window);
				let before = history.clone();
				let mut after = Naive(naive.0.clone());
				after.set(from, value);
				let most = if slashing { BOUND } else { BOUND - 1 };
				let fits = after.runs(oldest) <= most as usize;

				let set = if slashing {
					history.set(from, value, oldest)
				} else {
					history.set_but_last(from, value, oldest)
				};

				if set.is_ok() {
					naive = after;
					prop_assert_eq!(history.entries().len(), naive.runs(oldest));
				} else {
					prop_assert!(!fits);
					prop_assert_eq!(&history, &before);
				}
				prop_assert!(history.is_sound());
				for block in oldest..now + 10 {
					prop_assert_eq!(history.at(block).copied(), naive.at(block));
				}
			}
		}
	}
}

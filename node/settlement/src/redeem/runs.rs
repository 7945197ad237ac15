//! Finding calls that can be settled by their sums.
//!
//! A run is calls of a lane's list that follow one another, without one that names contributions. The chain
//! takes it only if it begins right behind what the lane has settled, and if the caller has acknowledged all
//! of it: so the newest call is in no run.
//!
//! A run is the last thing that is settled of a lane at a time. It counts whole or not at all; and if it does
//! not, and something behind it did, the lane's settled calls would be past those in it, which then nobody
//! could ever settle.

use std::ops::Range;

use openledger_primitives::Sequence;

/// As much of an open call as is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
	pub sequence: Sequence,
	/// The call's place in the lane's list.
	pub index: u32,
	/// True if it names contributions.
	pub has_entries: bool,
}

/// The first run of at least `least` calls among a lane's open calls, which are in order, by their places
/// among these. `follows` is true if the first of them is the next one in the list after what the lane has
/// settled. Calls up to the sequence `one_by_one` are in no run.
pub(super) fn first_run(
	calls: &[Shape],
	least: usize,
	follows: bool,
	one_by_one: Sequence,
) -> Option<Range<usize>> {
	let (_, acknowledged) = calls.split_last()?;
	let mut start = None;
	let mut before: Option<u32> = None;
	for (place, call) in acknowledged.iter().enumerate() {
		// What stands between two calls was lost: the later one is settled by itself, and those after it can
		// be a run again.
		let follows = before.map_or(follows, |index| index.checked_add(1) == Some(call.index));
		before = Some(call.index);
		let is_in = follows && !call.has_entries && call.sequence > one_by_one;
		match (start, is_in) {
			(None, true) => start = Some(place),
			(Some(first), false) if place.saturating_sub(first) >= least => {
				return Some(first..place);
			}
			(Some(_), false) => start = None,
			_ => {}
		}
	}
	let (first, end) = (start?, acknowledged.len());
	(end.saturating_sub(first) >= least).then_some(first..end)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	/// Calls by their indices; those below 0 name contributions.
	fn shapes(indices: &[i32]) -> Vec<Shape> {
		let shape = |index: &i32| {
			let has_entries = *index < 0;
			let index = index.unsigned_abs();
			Shape { sequence: u64::from(index) * 2 + 1, index, has_entries }
		};
		indices.iter().map(shape).collect()
	}

	fn found(indices: &[i32], least: usize, follows: bool) -> Option<Range<usize>> {
		first_run(&shapes(indices), least, follows, 0)
	}

	#[test]
	fn the_newest_call_is_in_no_run() {
		assert_eq!(found(&[], 1, true), None);
		assert_eq!(found(&[0], 1, true), None);
		assert_eq!(found(&[0, 1], 1, true), Some(0..1));
		assert_eq!(found(&[0, 1, 2, 3], 3, true), Some(0..3));
		assert_eq!(found(&[0, 1, 2, 3], 4, true), None, "too few");
	}

	#[test]
	fn a_call_with_entries_ends_a_run_and_a_later_one_is_found() {
		assert_eq!(found(&[0, 1, -2, 3, 4], 2, true), Some(0..2));
		assert_eq!(found(&[0, -1, 2, 3, 4, 5], 2, true), Some(2..5));
		assert_eq!(found(&[0, -1, 2, -3, 4], 2, true), None);
	}

	#[test]
	fn a_run_begins_where_the_settled_calls_end() {
		assert_eq!(found(&[4, 5, 6, 7], 2, true), Some(0..3));
		assert_eq!(found(&[4, 5, 6, 7], 2, false), Some(1..3), "the first goes by itself");
		// Calls 5 and 6 were lost.
		assert_eq!(found(&[4, 7, 8, 9, 10], 2, true), Some(2..4));
		assert_eq!(found(&[3, 4, 7, 8, 9, 10], 2, true), Some(0..2));
	}

	#[test]
	fn calls_that_are_to_go_one_by_one_do() {
		let calls = shapes(&[0, 1, 2, 3, 4, 5]);
		assert_eq!(first_run(&calls, 2, true, calls[1].sequence), Some(2..5));
		assert_eq!(first_run(&calls, 2, true, calls[4].sequence), None);
	}

	proptest! {
		#[test]
		fn what_is_found_is_a_run(
			steps in proptest::collection::vec((1_u32..3, 0_u8..4), 0..40),
			least in 1_usize..5,
			follows: bool,
			one_by_one in 0_u64..20,
		) {
			let mut next = 0;
			let calls: Vec<Shape> = steps
				.iter()
				.map(|(step, entries)| {
					next += step;
					Shape { sequence: u64::from(next), index: next - 1, has_entries: *entries == 0 }
				})
				.collect();
			let is_in = |place: usize| {
				let follows = match place.checked_sub(1) {
					None => follows,
					Some(before) => calls[before].index + 1 == calls[place].index,
				};
				follows && !calls[place].has_entries && calls[place].sequence > one_by_one
			};
			let last = calls.len().saturating_sub(1);
			// The first place where so many that may be in a run stand side by side.
			let start = (0..last).find(|start| {
				start + least <= last && (*start..start + least).all(is_in)
			});
			let expected = start.map(|start| {
				start..(start..last).find(|place| !is_in(*place)).unwrap_or(last)
			});
			prop_assert_eq!(first_run(&calls, least, follows, one_by_one), expected);
		}
	}
}

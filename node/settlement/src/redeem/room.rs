//! The room of one settlement, and how lanes share it.

use openledger_books::{LaneKey, ServedCall};
use openledger_primitives::{lane::MAX_LANE_SETTLEMENTS, MAX_RECORDS};

/// The most entries of attributions in one settlement. The chain takes more; but that much would fill a
/// block, and wait for one that is empty.
const ENTRIES: usize = 512;
/// The most calls of one run. All of them are read to settle it.
const SUMMED: usize = 65_536;

/// The most that one settlement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
	/// Lanes. Each has a run at most, so that this bounds runs as well.
	pub lanes: usize,
	/// Records of all its lanes; not fewer than lanes.
	pub records: usize,
	/// Entries of those.
	pub entries: usize,
	/// Calls of a run.
	pub summed: usize,
}

impl Default for Limits {
	fn default() -> Self {
		let size = |bound: u32| usize::try_from(bound).unwrap_or(usize::MAX);
		Self {
			lanes: size(MAX_LANE_SETTLEMENTS),
			records: size(MAX_RECORDS),
			entries: ENTRIES,
			summed: SUMMED,
		}
	}
}

impl Limits {
	/// The room of a settlement of which nothing is planned yet.
	pub fn room(&self) -> Room {
		Room { records: self.records, entries: self.entries }
	}
}

/// The room that is left in a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
	pub records: usize,
	pub entries: usize,
}

impl Room {
	/// The part that a lane may take before so many others: each of them has room for a record.
	pub fn before(self, others: usize) -> Self {
		Self { records: self.records.saturating_sub(others), ..self }
	}

	/// The rest, when so many records with so many entries are planned.
	pub fn less(self, records: u32, entries: u32) -> Self {
		let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
		Self {
			records: self.records.saturating_sub(size(records)),
			entries: self.entries.saturating_sub(size(entries)),
		}
	}

	/// The number of these calls, from the first on, whose records there is room for. A single one always
	/// has its entries, or it would never be settled.
	pub fn records_of<'a>(self, calls: impl Iterator<Item = &'a ServedCall>) -> usize {
		let (mut count, mut entries) = (0_usize, 0_usize);
		for call in calls.take(self.records) {
			entries = entries.saturating_add(call.statement.newest().attribution.len());
			if entries > self.entries && count > 0 {
				break;
			}
			count = count.saturating_add(1);
		}
		count
	}
}

/// Lanes that are put into one settlement, in their order.
#[derive(Debug)]
pub(super) struct Packing {
	limits: Limits,
	lanes: Vec<LaneKey>,
	records: usize,
	/// True once nothing more may be added.
	full: bool,
}

impl Packing {
	/// None are in it yet.
	pub fn new(limits: Limits) -> Self {
		Self { limits, lanes: Vec::new(), records: 0, full: false }
	}

	/// Adds a lane, which will have so many records, about. One that is to be `alone` is added to nothing, and
	/// nothing to it. Returns `true` if it was added.
	///
	/// A lane that there is no room for ends the settlement, so that it is the first in the next one.
	pub fn add(&mut self, key: LaneKey, records: usize, alone: bool) -> bool {
		if self.full || (alone && !self.lanes.is_empty()) {
			return false;
		}
		let sum = self.records.saturating_add(records);
		if sum > self.limits.records && !self.lanes.is_empty() {
			self.full = true;
			return false;
		}
		self.lanes.push(key);
		self.records = sum;
		self.full = alone || self.lanes.len() >= self.limits.lanes;
		true
	}

	/// The lanes in it.
	pub fn finish(self) -> Vec<LaneKey> {
		self.lanes
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_books::testing::served;
	use openledger_primitives::lane::{AttributionShare, VersionedStatement};
	use openledger_testkit as testkit;

	const LIMITS: Limits = Limits { lanes: 3, records: 10, entries: 4, summed: 100 };

	fn packed(lanes: &[(usize, bool)]) -> Vec<u16> {
		let mut packing = Packing::new(LIMITS);
		for (lane, (records, alone)) in (0..).zip(lanes) {
			packing.add(LaneKey { session: 1, lane }, *records, *alone);
		}
		packing.finish().into_iter().map(|key| key.lane).collect()
	}

	#[test]
	fn lanes_share_a_settlement_as_far_as_they_fit() {
		assert_eq!(packed(&[(1, false), (2, false), (3, false), (1, false)]), [0, 1, 2]);
		assert_eq!(packed(&[(4, false), (7, false), (1, false)]), [0], "in their order");
		assert_eq!(packed(&[(50, false), (1, false)]), [0], "it is cut");
		assert!(packed(&[]).is_empty());
	}

	#[test]
	fn a_lane_that_is_to_be_alone_is() {
		assert_eq!(packed(&[(1, true), (1, false)]), [0]);
		assert_eq!(packed(&[(1, false), (1, true), (1, false)]), [0, 2]);
	}

	#[test]
	fn each_lane_has_room_for_a_record() {
		let room = LIMITS.room();
		assert_eq!(room.before(2).records, 8);
		assert_eq!(room.less(8, 3), Room { records: 2, entries: 1 });
		assert_eq!(room.less(8, 3).before(1).records, 1);
		assert!(Limits::default().lanes <= Limits::default().records);
	}

	#[test]
	fn entries_are_bounded_and_a_single_record_has_its_own() {
		let call = |entries: u64| {
			let mut served = served(&testkit::voucher(b"body", 0), 1);
			let VersionedStatement::V2(statement) = &mut served.statement;
			let share = |contribution| AttributionShare { contribution, basis_points: 1 };
			let shares: Vec<_> = (0..entries).map(share).collect();
			statement.attribution = shares.try_into().expect("they are few");
			served
		};
		let fit = |entries: &[u64], records| {
			let calls: Vec<_> = entries.iter().map(|entries| call(*entries)).collect();
			Room { records, entries: 4 }.records_of(calls.iter())
		};
		assert_eq!(fit(&[2, 2, 0, 1], 9), 3);
		assert_eq!(fit(&[2, 2, 0, 1], 2), 2);
		assert_eq!(fit(&[9, 0], 9), 1);
		assert_eq!(fit(&[0, 9], 9), 1);
		assert_eq!(fit(&[0], 0), 0);
	}
}

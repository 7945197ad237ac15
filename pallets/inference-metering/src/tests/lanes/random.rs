//! What random sequences of extrinsics do with lanes, and keep of them.

use super::*;
use crate::{tests::random::node_of, Lanes};
use proptest::{collection::vec, prelude::*};

/// What is settled of one of the lanes.
#[derive(Clone, Debug)]
pub(in crate::tests) struct LaneStep {
	which: usize,
	parts: Vec<PartStep>,
	/// Whether the voucher's own call is settled too.
	own: bool,
}

/// A part of that: of the calls between two places, or of those that are due, by their sums or one by one.
#[derive(Clone, Debug)]
struct PartStep {
	sums: bool,
	due: bool,
	places: (usize, usize),
}

pub(in crate::tests) fn lane_step() -> impl Strategy<Value = LaneStep> {
	let part = (any::<bool>(), prop::bool::weighted(0.7), (0usize..12, 0usize..12))
		.prop_map(|(sums, due, places)| PartStep { sums, due, places });
	(any::<usize>(), vec(part, 0..5), any::<bool>()).prop_map(|(which, parts, own)| LaneStep {
		which,
		parts,
		own,
	})
}

/// The lanes as their callers keep them, and the calls of them that were settled, with the node that settled each.
#[derive(Default)]
pub(in crate::tests) struct Kept {
	pub(in crate::tests) lanes: BTreeMap<(u64, u16), Book>,
	settled: Vec<(u8, Proven)>,
}

impl Kept {
	/// Writes down which calls the last step settled.
	pub(in crate::tests) fn note(&mut self) {
		let calls = proven().into_iter().filter(|of| matches!(of.item, SettledItem::Call(_)));
		self.settled.extend(calls.map(|of| (node_of(of.key.0), of)));
	}

	/// One of the newer settled calls.
	pub(in crate::tests) fn pick(&self, which: usize) -> Option<&(u8, Proven)> {
		self.settled.iter().rev().nth(which % self.settled.len().clamp(1, 12))
	}

	/// The operator of the node that a step's lane is with, as far as is known, and the settlement.
	pub(in crate::tests) fn settlement(
		&self,
		step: &LaneStep,
		by: u8,
	) -> Option<(u8, LaneSettlement)> {
		let book = self.lanes.values().nth(step.which % self.lanes.len().max(1))?;
		let calls = book.records.len();
		let settled = Lanes::<Test>::get(book.session, book.lane).map_or(0, |lane| lane.sequence);
		let is_due = |record: &CallRecord| record.sequence > settled;
		let mut due = book.records.iter().position(is_due).unwrap_or(calls);
		let mut parts = Vec::new();
		for PartStep { sums, due: from_there, places: (one, other) } in &step.parts {
			let (one, other) = (one % calls, other % calls);
			let mut places = one.min(other)..one.max(other) + 1;
			if *from_there && due < calls {
				places = due..due + 1 + one % (calls - due);
				due = places.end;
			}
			parts.push(if *sums {
				book.run(places.start as u32..places.end as u32)
			} else {
				book.records(places)
			});
		}
		let voucher = book.voucher();
		if step.own {
			parts.push(records(vec![record(voucher.sequence)]));
		}
		Some((node_of(book.session), settlement_by(by, &voucher, parts)))
	}
}

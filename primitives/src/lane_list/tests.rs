//! Lane lists: what is appended, acknowledged, opened and restored.

use super::*;
use proptest::prelude::*;
use std::{cell::RefCell, collections::BTreeMap};

/// A list with all that a node keeps of it.
#[derive(Default)]
pub(super) struct Kept {
	pub list: LaneList,
	pub leaves: Vec<LaneLeaf>,
	nodes: RefCell<BTreeMap<(u32, u32), Hash>>,
	/// Peaks after so many calls.
	pub peaks: Vec<Vec<Hash>>,
}

impl Kept {
	pub fn new() -> Self {
		Self { peaks: vec![vec![]], ..Default::default() }
	}

	pub fn append(&mut self, sequence: Sequence, call: &Totals) {
		let statement = Hash::from_low_u64_be(sequence);
		let leaf = self
			.list
			.append_visited(sequence, statement, call, |level, index, hash| {
				self.nodes.borrow_mut().insert((level, index), *hash);
			})
			.unwrap();
		self.leaves.push(leaf);
		self.peaks.push(self.list.peaks().to_vec());
	}

	pub fn node(&self, level: u32, index: u32) -> Option<Hash> {
		self.nodes.borrow().get(&(level, index)).copied()
	}

	/// Opens a run of the list as it was after `count` calls.
	pub fn open(&self, count: u32, next: u32, to: u32) -> Option<AggregateProof> {
		let leaf = |index: u32| self.leaves.get(index as usize).copied();
		let stored = |level, index| self.node(level, index);
		AggregateProof::new(count, &self.peaks[count as usize], (next, to), leaf, stored)
	}

	/// The voucher that acknowledges the first `count` calls.
	pub fn acknowledged(&self, count: u32) -> Acknowledged {
		let last = count.checked_sub(1).map(|last| self.leaves[last as usize]);
		Acknowledged {
			sequence: last.map_or(1, |last| last.sequence + 1),
			charge: last.map_or(0, |last| last.totals.charge),
			root: acknowledged_root(count, &self.peaks[count as usize]).unwrap(),
		}
	}
}

fn call(charge: Balance) -> Totals {
	Totals { calls: 1, charge, input_tokens: 10, output_tokens: 3, ..Default::default() }
}

fn kept(count: u32) -> Kept {
	let mut kept = Kept::new();
	for at in 0..count {
		// Every third sequence is skipped.
		kept.append(u64::from(at) + u64::from(at / 2) + 1, &call(u128::from(at) + 1));
	}
	kept
}

fn settled(kept: &Kept, calls: u32) -> Settled {
	let last = calls.checked_sub(1).map(|last| kept.leaves[last as usize]);
	Settled {
		sequence: last.map_or(0, |last| last.sequence),
		charge: last.map_or(0, |last| last.totals.charge),
	}
}

#[test]
fn an_empty_list_has_a_root() {
	let list = LaneList::default();

	assert_eq!(Some(list.root()), acknowledged_root(0, &[]));
	assert_eq!(list.root(), domain::hash(LANE_ROOT, &[&[0; 4]]));
	assert_eq!(list.totals(), Totals::default());
	assert_eq!(acknowledged_root(1, &[]), None);
	assert_eq!(acknowledged_root(2, &[Hash::zero(), Hash::zero()]), None);
}

#[test]
fn bad_calls_are_not_appended() {
	let mut list = LaneList::default();
	assert_eq!(list.append(0, Hash::zero(), &call(1)), Err(LaneError::Sequence));
	list.append(5, Hash::zero(), &call(1)).unwrap();
	let before = list.clone();

	assert_eq!(list.append(5, Hash::zero(), &call(1)), Err(LaneError::Sequence));
	let none = Totals { calls: 0, ..call(1) };
	assert_eq!(list.append(6, Hash::zero(), &none), Err(LaneError::Totals));
	let twice = Totals { calls_with_entries: 2, ..call(1) };
	assert_eq!(list.append(6, Hash::zero(), &twice), Err(LaneError::Totals));
	assert_eq!(list.append(6, Hash::zero(), &call(u128::MAX)), Err(LaneError::Overflow));
	assert_eq!(list, before);
}

#[test]
fn every_run_after_what_was_settled_is_paid() {
	for count in 1..40 {
		let kept = kept(count);
		let voucher = kept.acknowledged(count);
		for next in 0..count {
			for to in next..count {
				let proof = kept.open(count, next, to).unwrap();
				let lane = settled(&kept, next);
				let expected = kept.leaves[to as usize]
					.totals
					.checked_sub(
						&next
							.checked_sub(1)
							.map_or_else(Totals::default, |from| kept.leaves[from as usize].totals),
					)
					.unwrap();
				assert_eq!(proof.verify(&lane, &voucher), Ok(expected), "{count} {next} {to}");
				assert_eq!(expected.calls, to - next + 1);
			}
		}
	}
}

#[test]
fn a_run_that_does_not_begin_where_the_settled_end_is_refused() {
	let kept = kept(20);
	let voucher = kept.acknowledged(20);
	for next in 0..20 {
		for calls in 0..20 {
			let run = kept.open(20, next, 19).unwrap().verify(&settled(&kept, calls), &voucher);
			assert_eq!(run.is_ok(), next == calls, "{next} {calls}");
			if next != calls {
				assert_eq!(run, Err(LaneError::Neighbours));
			}
		}
	}
}

#[test]
fn what_lies_between_two_calls_is_no_matter() {
	let kept = kept(9);
	let voucher = kept.acknowledged(9);
	let proof = kept.open(9, 2, 8).unwrap();
	// Sequences 1, 2, 4, 5, …: the lane settled 3, a call that cost nothing.
	assert_eq!(kept.leaves[2].sequence, 4);
	for sequence in [2, 3] {
		let lane = Settled { sequence, charge: 3 };
		assert!(proof.verify(&lane, &voucher).is_ok());
	}
	for sequence in [1, 4] {
		let lane = Settled { sequence, charge: 3 };
		assert_eq!(proof.verify(&lane, &voucher), Err(LaneError::Neighbours));
	}
}

#[test]
fn calls_with_entries_are_not_paid_by_sums() {
	let mut kept = kept(4);
	kept.append(100, &Totals { calls_with_entries: 1, ..call(50) });
	kept.append(101, &call(60));
	let voucher = kept.acknowledged(6);

	let verify = |next, to| {
		kept.open(6, next, to)
			.unwrap()
			.verify(&settled(&kept, next), &voucher)
			.map(|run| run.charge)
	};
	assert_eq!(verify(0, 3), Ok(10));
	assert_eq!(verify(0, 4), Err(LaneError::HasEntries));
	assert_eq!(verify(2, 5), Err(LaneError::HasEntries));
	assert_eq!(verify(4, 4), Err(LaneError::HasEntries));
	assert_eq!(verify(5, 5), Ok(60));
}

#[test]
fn no_more_is_paid_than_was_acknowledged() {
	let kept = kept(5);
	let (proof, voucher) = (kept.open(5, 2, 4).unwrap(), kept.acknowledged(5));
	let verify = |charge| {
		let lane = Settled { charge, ..settled(&kept, 2) };
		proof.verify(&lane, &voucher).map(|run| run.charge)
	};
	// Settled itemised for less, for what it cost, for more.
	assert_eq!(verify(0), Ok(12));
	assert_eq!(verify(3), Ok(12));
	assert_eq!(verify(4), Err(LaneError::AboveAcknowledged));
	assert_eq!(verify(u128::MAX), Err(LaneError::AboveAcknowledged));
	// The voucher's own call is not acknowledged.
	let own = Acknowledged { sequence: kept.leaves[4].sequence, ..voucher };
	assert_eq!(proof.verify(&settled(&kept, 2), &own), Err(LaneError::NotAcknowledged));
}

#[test]
fn another_token_or_planck_is_another_list() {
	let kept = kept(7);
	let (lane, voucher) = (settled(&kept, 3), kept.acknowledged(7));
	let good = kept.open(7, 3, 5).unwrap();
	let changes: [fn(&mut LaneLeaf); 8] = [
		|leaf| leaf.totals.charge += 1,
		|leaf| leaf.totals.input_tokens += 1,
		|leaf| leaf.totals.cached_tokens += 1,
		|leaf| leaf.totals.retrieved_tokens += 1,
		|leaf| leaf.totals.output_tokens += 1,
		|leaf| leaf.totals.calls += 1,
		|leaf| leaf.sequence += 1,
		|leaf| leaf.statement = Hash::zero(),
	];
	for change in changes {
		let mut proof = good.clone();
		change(&mut proof.next);
		assert!(proof.verify(&lane, &voucher).is_err());
		let mut proof = good.clone();
		change(proof.from.as_mut().unwrap());
		assert!(proof.verify(&lane, &voucher).is_err());
		let mut proof = good.clone();
		change(proof.to.as_mut().unwrap());
		assert!(proof.verify(&lane, &voucher).is_err());
	}
}

#[test]
fn a_proof_has_one_form() {
	let kept = kept(7);
	let (lane, voucher) = (settled(&kept, 3), kept.acknowledged(7));
	let good = kept.open(7, 3, 5).unwrap();
	assert!(good.verify(&lane, &voucher).is_ok());
	let verify = |change: &dyn Fn(&mut AggregateProof)| {
		let mut proof = good.clone();
		change(&mut proof);
		proof.verify(&lane, &voucher)
	};
	let one_more = verify(&|proof| proof.hashes.try_push(Hash::zero()).unwrap());
	assert_eq!(one_more, Err(LaneError::Root));
	assert_eq!(
		verify(&|proof| {
			proof.hashes.pop();
		}),
		Err(LaneError::Root)
	);
	assert_eq!(verify(&|proof| proof.count = 6), Err(LaneError::Peaks));
	assert_eq!(
		verify(&|proof| {
			proof.peaks.pop();
		}),
		Err(LaneError::Peaks)
	);
	assert_eq!(verify(&|proof| proof.peaks[0] = Hash::zero()), Err(LaneError::Peaks));
	assert_eq!(verify(&|proof| proof.from = None), Err(LaneError::Place));
	assert_eq!(verify(&|proof| proof.to = Some(proof.next)), Err(LaneError::Place));
	assert_eq!(verify(&|proof| proof.to = proof.from), Err(LaneError::Place));
	assert_eq!(verify(&|proof| proof.next = proof.from.unwrap()), Err(LaneError::Place));
	// A first call with one before it.
	let first = kept.open(7, 0, 5).unwrap();
	let before = AggregateProof { from: Some(first.next), ..first };
	assert_eq!(before.verify(&Settled::default(), &voucher), Err(LaneError::Place));
	// What is of no call.
	let none = verify(&|proof| proof.next.totals.calls = 0);
	assert_eq!(none, Err(LaneError::Place));
}

#[test]
fn a_list_is_restored_from_its_root_alone() {
	for count in 0..40u32 {
		let kept = kept(count);
		let root = kept.list.root();
		let snapshot =
			LaneSnapshot::new(&kept.list, |level, index| kept.node(level, index)).unwrap();

		let mut restored = snapshot.restore(&root).unwrap();

		assert_eq!(restored, kept.list);
		assert_eq!(restored.totals(), kept.list.totals());
		restored.append(1_000, Hash::zero(), &call(1)).unwrap();
		assert_eq!(snapshot.restore(&restored.root()), Err(LaneError::Peaks));
		let mut longer = snapshot.clone();
		longer.hashes.try_push(Hash::zero()).unwrap();
		assert_eq!(longer.restore(&root), Err(LaneError::Root));
		if count > 0 {
			let mut other = snapshot.clone();
			other.last.as_mut().unwrap().totals.charge += 1;
			assert_eq!(other.restore(&root), Err(LaneError::Root));
			other.last = None;
			assert_eq!(other.restore(&root), Err(LaneError::Peaks));
		}
	}
}

/// Both sides meet the bounds that extrinsics are weighed by.
#[test]
fn a_proof_over_a_million_calls_is_small() {
	let hashes =
		|count, indices: &[u32]| mountain::needed(count, indices).map_or(0, |needed| needed.len());
	assert_eq!(hashes(1 << 20, &[499_999, 500_000, (1 << 20) - 1]), 42);
	let worst = hashes(1 << 31, &[(1 << 30) - 1, 1 << 30, (1 << 31) - 1]);
	assert!(worst <= MAX_AGGREGATE_HASHES as usize, "{worst}");
	assert!(hashes(u32::MAX, &[u32::MAX - 2, u32::MAX - 1]) == 1);
}

proptest! {
	#[test]
	fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
		let kept = kept(3);
		if let Ok(proof) = AggregateProof::decode(&mut bytes.as_slice()) {
			prop_assert!(proof.verify(&Settled::default(), &kept.acknowledged(3)).is_err());
		}
		if let Ok(snapshot) = LaneSnapshot::decode(&mut bytes.as_slice()) {
			prop_assert!(snapshot.restore(&kept.list.root()).is_err());
		}
	}

	/// Leaves of any content, that only look like a list: no panic, whatever the numbers.
	#[test]
	fn no_numbers_are_too_large(
		numbers in proptest::collection::vec(
			prop_oneof![Just(u64::MAX), 0u64..3, any::<u64>()], 30,
		),
		count in prop_oneof![Just(u32::MAX), 0u32..5, any::<u32>()],
	) {
		let leaf = |at: usize| LaneLeaf {
			sequence: numbers[at],
			statement: Hash::zero(),
			totals: Totals {
				calls: numbers[at + 1] as u32,
				charge: Balance::from(numbers[at + 2]) << 64 | Balance::from(numbers[at + 3]),
				input_tokens: numbers[at + 4],
				cached_tokens: numbers[at + 5],
				retrieved_tokens: numbers[at + 6],
				output_tokens: numbers[at + 7],
				calls_with_entries: numbers[at + 8] as u32,
			},
		};
		let peaks = vec![Hash::zero(); count.count_ones() as usize];
		let voucher = Acknowledged {
			sequence: u64::MAX,
			charge: u128::MAX,
			root: acknowledged_root(count, &peaks).unwrap(),
		};
		let proof = AggregateProof {
			count,
			peaks: peaks.try_into().unwrap(),
			from: (numbers[27] > 1).then(|| leaf(0)),
			next: leaf(9),
			to: (numbers[28] > 1).then(|| leaf(18)),
			hashes: Default::default(),
		};
		prop_assert!(proof.verify(&Settled::default(), &voucher).is_err());
		let _ = leaf(0).since(&leaf(9));
	}
}

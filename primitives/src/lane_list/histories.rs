//! Random lives of a lane, with a node that tries whatever may pay it twice.
//!
//! A history has calls that were charged, charged with entries, or skipped; then the node settles: by
//! records, as they were, for less, for more, out of order, with some missing; and by sums, with the
//! leaves of any calls of any voucher's list. No call may be paid twice, and no sums may be other than
//! those of the calls that they are for.

use super::{tests::Kept, *};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

/// The outcome of a sequence.
#[derive(Clone, Copy, Debug)]
enum Event {
	/// Nothing was charged for it.
	Skipped,
	/// It is a call.
	Charged { charge: u16, tokens: u16, has_entries: bool },
}

/// An attempt of the node. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Act {
	/// Records of calls, each settled for so much more (or less).
	Records { voucher: u32, records: Vec<(u32, i8)> },
	/// The run that is due, up to some call.
	Due { voucher: u32, to: u32 },
	/// A run from anywhere to anywhere.
	Run { voucher: u32, next: u32, to: u32 },
	/// Any three leaves, with the hashes of a run.
	Leaves { voucher: u32, from: Option<u32>, next: u32, to: Option<u32> },
	/// A run under another voucher than the one that its list is of.
	OtherVoucher { voucher: u32, count: u32, next: u32, to: u32 },
}

fn event() -> impl Strategy<Value = Event> {
	prop_oneof![
		1 => Just(Event::Skipped),
		4 => (1u16.., any::<u16>(), prop::bool::weighted(0.15)).prop_map(
			|(charge, tokens, has_entries)| Event::Charged { charge, tokens, has_entries }
		),
	]
}

fn act() -> impl Strategy<Value = Act> {
	let records = vec((any::<u32>(), prop_oneof![6 => Just(0i8), 1 => any::<i8>()]), 1..6);
	prop_oneof![
		3 => (any::<u32>(), records)
			.prop_map(|(voucher, records)| Act::Records { voucher, records }),
		4 => any::<[u32; 2]>().prop_map(|[voucher, to]| Act::Due { voucher, to }),
		3 => any::<[u32; 3]>().prop_map(|[voucher, next, to]| Act::Run { voucher, next, to }),
		2 => (any::<u32>(), any::<Option<u32>>(), any::<u32>(), any::<Option<u32>>())
			.prop_map(|(voucher, from, next, to)| Act::Leaves { voucher, from, next, to }),
		1 => any::<[u32; 4]>().prop_map(|[voucher, count, next, to]| Act::OtherVoucher {
			voucher, count, next, to,
		}),
	]
}

/// The chain, as far as it matters here.
struct Chain {
	lane: Settled,
	/// Number of times that each sequence was paid.
	paid: BTreeMap<Sequence, u32>,
}

impl Chain {
	/// A record counts if its sequence rises and what it costs was acknowledged.
	fn record(&mut self, sequence: Sequence, charge: Balance, voucher: &Acknowledged) {
		let sum = self.lane.charge + charge;
		if sequence > self.lane.sequence && sequence < voucher.sequence && sum <= voucher.charge {
			self.lane = Settled { sequence, charge: sum };
			*self.paid.entry(sequence).or_default() += 1;
		}
	}

	/// Returns `true` if the run was paid.
	fn aggregate(
		&mut self,
		kept: &Kept,
		proof: &AggregateProof,
		voucher: &Acknowledged,
	) -> Result<bool, TestCaseError> {
		let Ok(run) = proof.verify(&self.lane, voucher) else { return Ok(false) };
		let last = proof.last();
		let mut expected = Totals::default();
		let mut before = Totals::default();
		for leaf in &kept.leaves {
			if (proof.next.sequence..=last.sequence).contains(&leaf.sequence) {
				*self.paid.entry(leaf.sequence).or_default() += 1;
				let call = leaf.totals.checked_sub(&before).unwrap();
				expected = expected.checked_add(&call).unwrap();
			}
			before = leaf.totals;
		}
		prop_assert_eq!(run, expected, "the sums are those of the run's calls");
		prop_assert_eq!(run.calls_with_entries, 0);
		self.lane.sequence = last.sequence;
		self.lane.charge += run.charge;
		Ok(true)
	}
}

fn plays(events: &[Event], acts: &[Act]) -> Result<(), TestCaseError> {
	let mut kept = Kept::new();
	for (sequence, event) in (1..).zip(events) {
		if let Event::Charged { charge, tokens, has_entries } = *event {
			let call = Totals {
				calls: 1,
				charge: charge.into(),
				input_tokens: tokens.into(),
				cached_tokens: u64::from(tokens / 3),
				retrieved_tokens: u64::from(tokens % 5),
				output_tokens: u64::from(tokens / 2),
				calls_with_entries: has_entries.into(),
			};
			kept.append(sequence, &call);
		}
	}
	let calls = kept.list.count();
	if calls == 0 {
		return Ok(());
	}
	let mut chain = Chain { lane: Settled::default(), paid: BTreeMap::new() };
	for act in acts {
		match act {
			Act::Records { voucher, records } => {
				let voucher = kept.acknowledged(voucher % (calls + 1));
				for (at, more) in records {
					let at = at % calls;
					let before = at.checked_sub(1).map_or(0, |at| charge_of(&kept, at));
					let charge = charge_of(&kept, at) - before;
					chain.record(
						kept.leaves[at as usize].sequence,
						charge.saturating_add_signed(i128::from(*more)),
						&voucher,
					);
				}
			}
			Act::Due { voucher, to } => {
				let count = 1 + voucher % calls;
				let next = kept
					.leaves
					.iter()
					.position(|leaf| leaf.sequence > chain.lane.sequence)
					.unwrap_or(calls as usize) as u32;
				if next < count {
					let to = next + to % (count - next);
					due(&mut chain, &kept, count, next, to)?;
				}
			}
			Act::Run { voucher, next, to } => {
				let count = 1 + voucher % calls;
				if let Some(proof) = kept.open(count, next % count, to % count) {
					chain.aggregate(&kept, &proof, &kept.acknowledged(count))?;
				}
			}
			Act::Leaves { voucher, from, next, to } => {
				let count = 1 + voucher % calls;
				let any = |at: u32| kept.leaves[(at % calls) as usize];
				let honest = kept.open(count, next % count, count - 1).unwrap();
				for hashes in [honest.hashes.clone(), Default::default()] {
					let proof = AggregateProof {
						from: from.map(any),
						next: any(*next),
						to: to.map(any),
						hashes,
						..honest.clone()
					};
					chain.aggregate(&kept, &proof, &kept.acknowledged(count))?;
				}
			}
			Act::OtherVoucher { voucher, count, next, to } => {
				let count = 1 + count % calls;
				let voucher = kept.acknowledged(voucher % (calls + 1));
				if let Some(proof) = kept.open(count, next % count, to % count) {
					chain.aggregate(&kept, &proof, &voucher)?;
				}
			}
		}
		for (sequence, times) in &chain.paid {
			prop_assert_eq!(*times, 1, "sequence {} was paid {} times", sequence, times);
		}
		prop_assert!(chain.lane.charge <= kept.list.totals().charge);
	}
	Ok(())
}

fn charge_of(kept: &Kept, at: u32) -> Balance {
	kept.leaves[at as usize].totals.charge
}

/// An honest run is paid, unless a call of it has entries, or records have taken more than they should.
fn due(
	chain: &mut Chain,
	kept: &Kept,
	count: u32,
	next: u32,
	to: u32,
) -> Result<(), TestCaseError> {
	let before =
		next.checked_sub(1).map_or_else(Totals::default, |from| kept.leaves[from as usize].totals);
	let run = kept.leaves[to as usize].totals.checked_sub(&before).unwrap();
	let voucher = kept.acknowledged(count);
	let payable = run.calls_with_entries == 0 && chain.lane.charge + run.charge <= voucher.charge;
	let proof = kept.open(count, next, to).unwrap();
	prop_assert_eq!(chain.aggregate(kept, &proof, &voucher)?, payable);
	Ok(())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(100_000))]

	#[test]
	fn no_call_is_paid_twice(events in vec(event(), 1..40), acts in vec(act(), 1..30)) {
		plays(&events, &acts)?;
	}
}

//! Adding calls up.
//!
//! An aggregate takes the oldest calls of a lane, as many as fit it: attributed to so many
//! contributions. What does not fit goes into the next one, so nobody loses what a call stands for.
//! All calls of a lane are of one version of one model, at one price version.

use std::collections::BTreeMap;

use openledger_books::{ServedCall, StoredAggregate};
use openledger_primitives::{
	aggregate::Aggregate, attribution::AttributionEntry, merkle, record::CallRecord,
	split::split_exact, Balance, ContributionId, Hash, Sequence, Weight, MAX_MERGED_ATTRIBUTION,
};

/// The calls that were added up so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
	first: Sequence,
	up_to: Sequence,
	counts: Counts,
	/// The charges of the calls that name a contribution, as far as they are for it, in planck.
	named: BTreeMap<ContributionId, Balance>,
	/// The charges of the calls that name none, in planck.
	unnamed: Balance,
	leaves: Vec<Hash>,
}

/// The number of calls, and of their tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
	calls: u32,
	input_tokens: u64,
	output_tokens: u64,
}

impl Counts {
	/// With one more call. None if a sum does not fit.
	fn with(self, record: &CallRecord) -> Option<Self> {
		Some(Self {
			calls: self.calls.checked_add(1)?,
			input_tokens: self.input_tokens.checked_add(record.input_tokens.into())?,
			output_tokens: self.output_tokens.checked_add(record.output_tokens.into())?,
		})
	}
}

impl Sums {
	/// Adds the next call. Whether there was room for it; if not, nothing has changed.
	pub(super) fn add(&mut self, served: &ServedCall) -> bool {
		let ServedCall { record, charge, .. } = served;
		let Some(counts) = self.counts.with(record) else { return false };
		let shares: Vec<(ContributionId, Weight)> =
			record.attribution.iter().map(|entry| (entry.contribution, entry.weight)).collect();
		let new = shares.iter().filter(|(key, _)| !self.named.contains_key(key)).count();
		if self.named.len().saturating_add(new) > most(MAX_MERGED_ATTRIBUTION) {
			return false;
		}
		match split_exact(*charge, &shares) {
			Some(parts) => {
				for ((contribution, _), part) in shares.iter().zip(parts) {
					let sum = self.named.entry(*contribution).or_default();
					*sum = sum.saturating_add(part);
				}
			}
			None => self.unnamed = self.unnamed.saturating_add(*charge),
		}
		if self.counts.calls == 0 {
			self.first = record.sequence;
		}
		self.counts = counts;
		self.up_to = record.sequence;
		self.leaves.push(merkle::leaf(record, *charge));
		true
	}

	/// The aggregate of the calls, to go with the voucher of this sequence. None if there is no call.
	pub(super) fn finish(self, voucher: Sequence) -> Option<StoredAggregate> {
		let Counts { calls, input_tokens, output_tokens } = self.counts;
		if calls == 0 {
			return None;
		}
		let total = self.named.values().fold(self.unnamed, |sum, part| sum.saturating_add(*part));
		let weight = |amount: Balance| weight(amount, total);
		let attribution: Vec<AttributionEntry> = self
			.named
			.iter()
			.map(|(contribution, part)| AttributionEntry {
				contribution: *contribution,
				weight: weight(*part),
			})
			.filter(|entry| entry.weight > 0)
			.collect();
		let aggregate = Aggregate {
			up_to: self.up_to,
			calls,
			input_tokens,
			output_tokens,
			attribution: attribution.try_into().ok()?,
			unattributed: weight(self.unnamed),
			root: merkle::root(self.leaves),
		};
		Some(StoredAggregate { first: self.first, aggregate, voucher })
	}
}

fn most(bound: u32) -> usize {
	usize::try_from(bound).unwrap_or(usize::MAX)
}

/// An amount as a weight, such that all amounts of `total` fit together. Amounts are weights as they
/// are where they do; else their lowest bits are left out.
fn weight(amount: Balance, total: Balance) -> Weight {
	let bits = Balance::BITS.saturating_sub(total.leading_zeros());
	let shift = bits.saturating_sub(Weight::BITS);
	Weight::try_from(amount >> shift).unwrap_or(Weight::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_books::testing;
	use openledger_primitives::attribution::Attribution;
	use proptest::prelude::*;

	fn call(sequence: Sequence, charge: Balance, to: &[(ContributionId, Weight)]) -> ServedCall {
		let mut served = testing::served(sequence, charge);
		let entry = |(contribution, weight): &(ContributionId, Weight)| AttributionEntry {
			contribution: *contribution,
			weight: *weight,
		};
		served.record.attribution = Attribution::truncate_from(to.iter().map(entry).collect());
		served
	}

	fn sums(calls: &[ServedCall]) -> StoredAggregate {
		let mut sums = Sums::default();
		for call in calls {
			assert!(sums.add(call), "{call:?}");
		}
		sums.finish(99).expect("there are calls")
	}

	#[test]
	fn calls_are_added_up() {
		let calls = [call(3, 10, &[]), call(5, 20, &[]), call(6, 30, &[])];
		let StoredAggregate { first, aggregate, voucher } = sums(&calls);
		assert_eq!((first, aggregate.up_to, voucher), (3, 6, 99));
		let counts = (aggregate.calls, aggregate.input_tokens, aggregate.output_tokens);
		assert_eq!(counts, (3, 9, 12));
		let leaves = calls.iter().map(|call| merkle::leaf(&call.record, call.charge));
		assert_eq!(aggregate.root, merkle::root(leaves));
		assert_eq!((aggregate.unattributed, aggregate.attribution.len()), (60, 0));
		assert!(Sums::default().finish(1).is_none());
	}

	#[test]
	fn attribution_weighs_what_the_calls_cost() {
		let calls = [
			call(1, 100, &[(7, 1), (8, 3)]),
			call(2, 300, &[(8, 5)]),
			call(3, 50, &[]),
			call(4, 40, &[(9, 0)]),
		];
		let aggregate = sums(&calls).aggregate;
		let weights: Vec<_> =
			aggregate.attribution.iter().map(|entry| (entry.contribution, entry.weight)).collect();
		assert_eq!(weights, [(7, 25), (8, 375)]);
		assert_eq!(aggregate.unattributed, 90);
	}

	#[test]
	fn what_does_not_fit_is_left_for_the_next() {
		let mut sums = Sums::default();
		let named: Vec<_> = (0..8).map(|n| (n, 1)).collect();
		for group in 0..8_u64 {
			let named: Vec<_> = named.iter().map(|(n, w)| (group * 8 + n, *w)).collect();
			assert!(sums.add(&call(21 + group, 1, &named)));
		}
		assert!(!sums.add(&call(40, 1, &[(64, 1)])), "a contribution too many");
		assert!(sums.add(&call(40, 1, &[(63, 1)])));
		assert!(sums.add(&call(41, 1, &[])));
		let sent = sums.finish(42).expect("there are calls");
		assert_eq!((sent.aggregate.calls, sent.aggregate.up_to), (10, 41));
	}

	proptest! {
		#[test]
		fn weights_keep_their_proportion(
			amounts in proptest::collection::vec(0..(1_u128 << 100), 1..20),
		) {
			let total = amounts.iter().sum::<u128>();
			let weights: Vec<u64> = amounts.iter().map(|amount| weight(*amount, total)).collect();
			let sum = weights.iter().map(|weight| u128::from(*weight)).sum::<u128>();
			prop_assert!(sum <= u128::from(u64::MAX));
			for (amount, weight) in amounts.iter().zip(&weights) {
				let exact = *amount as f64 / (total as f64).max(1.0);
				let got = *weight as f64 / (sum as f64).max(1.0);
				prop_assert!((exact - got).abs() < 1e-9);
			}
		}
	}
}

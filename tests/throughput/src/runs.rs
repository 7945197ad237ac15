//! A lane's list of calls, and the proofs that settle it run by run.

use anyhow::{Context, Result};
use openledger_primitives::{
	lane_list::{AggregateProof, LaneLeaf, LaneList, Totals},
	mountain,
	price::{PriceSchedule, Tokens},
	Balance, Hash, Sequence,
};
use std::collections::BTreeMap;

/// What pays for a run of calls.
pub struct Run {
	/// The proof of its sums.
	pub proof: AggregateProof,
	/// The root over the lane's list up to and with it.
	pub root: Hash,
	/// What all calls of the list up to and with it cost, in planck.
	pub acknowledged: Balance,
	/// The sequence of its last call.
	pub last: Sequence,
}

/// Runs of equal length that follow one another. A list says nothing of the lane that it is of, so that any
/// number of lanes can be settled with the same ones.
pub struct Runs(Vec<Run>);

impl Runs {
	/// Makes a list of `count` runs of `calls` calls each, all of them with the same tokens, call by call.
	pub fn new(price: &PriceSchedule, tokens: Tokens, calls: u32, count: u32) -> Result<Self> {
		let ends: Vec<u32> = (1..=count).map(|run| calls.saturating_mul(run)).collect();
		let mut nodes: BTreeMap<(u32, u32), Option<Hash>> = BTreeMap::new();
		let mut leaves: BTreeMap<u32, Option<LaneLeaf>> = BTreeMap::new();
		for end in &ends {
			let opened = opened(*end, calls);
			let needed = mountain::needed(*end, &opened).context("no such run")?;
			nodes.extend(needed.into_iter().map(|place| (place, None)));
			leaves.extend(opened.into_iter().map(|index| (index, None)));
		}

		let call = Totals {
			calls: 1,
			charge: price.charge(&tokens).context("a call that is too dear")?,
			input_tokens: tokens.input.into(),
			cached_tokens: tokens.cached.into(),
			retrieved_tokens: tokens.retrieved.into(),
			output_tokens: tokens.output.into(),
			calls_with_entries: 0,
		};
		let mut list = LaneList::default();
		let mut grown = Vec::new();
		for end in ends {
			while list.count() < end {
				let sequence = Sequence::from(list.count()) + 1;
				// Of a statement the chain sees its hash only.
				let statement = Hash::from_low_u64_be(sequence);
				let visit = |level, index, hash: &Hash| {
					if let Some(node) = nodes.get_mut(&(level, index)) {
						*node = Some(*hash);
					}
				};
				let leaf = list.append_visited(sequence, statement, &call, visit);
				let leaf = leaf.map_err(|error| anyhow::anyhow!("{error}"))?;
				if let Some(kept) = leaf.index().and_then(|index| leaves.get_mut(&index)) {
					*kept = Some(leaf);
				}
			}
			grown.push(list.clone());
		}

		let run = |list: LaneList| {
			let end = list.count();
			let (next, to) = (end.checked_sub(calls)?, end.checked_sub(1)?);
			let leaf = |index: u32| leaves.get(&index).copied().flatten();
			let stored = |level, index| nodes.get(&(level, index)).copied().flatten();
			let proof = AggregateProof::new(end, list.peaks(), (next, to), leaf, stored)?;
			let last = proof.last().sequence;
			Some(Run { proof, root: list.root(), acknowledged: list.totals().charge, last })
		};
		let runs: Option<Vec<_>> = grown.into_iter().map(run).collect();
		Ok(Self(runs.context("a hash of the list is missing")?))
	}

	/// The run after the first `before`.
	pub fn get(&self, before: usize) -> Result<&Run> {
		self.0.get(before).with_context(|| format!("the list has no more than {before} runs"))
	}
}

/// The leaves that are shown of a run of `calls` calls, which ends with the list's call number `end`.
fn opened(end: u32, calls: u32) -> Vec<u32> {
	let next = end.saturating_sub(calls);
	let mut opened: Vec<u32> = next.checked_sub(1).into_iter().chain([next]).collect();
	if calls > 1 {
		opened.push(end.saturating_sub(1));
	}
	opened
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::lane_list::{Acknowledged, Settled};

	#[test]
	fn runs_of_a_list_follow_one_another() {
		let price = PriceSchedule { per_call: 3, per_output_token: 2, ..Default::default() };
		let tokens = Tokens::new(5, 1);
		for calls in [1, 2, 5, 64] {
			let runs = Runs::new(&price, tokens, calls, 3).unwrap();
			let mut lane = Settled::default();
			for before in 0..3 {
				let run = runs.get(before).unwrap();
				let voucher = Acknowledged {
					sequence: run.last + 1,
					charge: run.acknowledged,
					root: run.root,
				};
				let totals = run.proof.verify(&lane, &voucher).unwrap();
				assert_eq!((totals.calls, totals.charge), (calls, Balance::from(calls) * 5));
				lane = Settled { sequence: run.last, charge: lane.charge + totals.charge };
			}
			assert!(runs.get(3).is_err());
		}
	}
}

//! Finding the blocks that change something, by looking at few of them.

use std::future::Future;

use openledger_primitives::BlockNumber;

use crate::chain::ChainError;

/// The blocks in `from + 1..=to` after which something is not what it was before, in rising order.
/// It must never become again what it was, but for a time before and after it.
pub(super) async fn changes<State, Look, Answer>(
	from: BlockNumber,
	to: BlockNumber,
	look: Look,
) -> Result<Vec<BlockNumber>, ChainError>
where
	State: PartialEq + Clone,
	Look: Fn(BlockNumber) -> Answer,
	Answer: Future<Output = Result<State, ChainError>>,
{
	let mut found = Vec::new();
	if from >= to {
		return Ok(found);
	}
	let mut spans = vec![(from, look(from).await?, to, look(to).await?)];
	while let Some((low, before, high, after)) = spans.pop() {
		if before == after {
			continue;
		}
		let middle = low.saturating_add(high.saturating_sub(low) / 2);
		if middle == low {
			found.push(high);
			continue;
		}
		let between = look(middle).await?;
		// The earlier half comes out first.
		spans.push((middle, between.clone(), high, after));
		spans.push((low, before, middle, between));
	}
	Ok(found)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::btree_set, prelude::*};
	use std::cell::Cell;

	fn find(from: u32, to: u32, state: impl Fn(u32) -> Option<usize>) -> (Vec<u32>, u32) {
		let looks = Cell::new(0);
		let look = |number| {
			looks.set(looks.get() + 1);
			let state = state(number);
			async move { Ok(state) }
		};
		let found = futures::executor::block_on(changes(from, to, look)).unwrap();
		(found, looks.get())
	}

	proptest! {
		#[test]
		fn every_change_is_found(
			at in btree_set(1u32..3_000, 0..20), from in 0u32..3_000, to in 0u32..3_000
		) {
			let state = |number: u32| Some(at.iter().filter(|change| **change <= number).count());
			let (found, _) = find(from, to, state);
			let expected: Vec<_> =
				at.iter().copied().filter(|change| (from + 1..=to).contains(change)).collect();
			prop_assert_eq!(found, expected);
		}
	}

	#[test]
	fn few_blocks_are_looked_at() {
		let state = |number: u32| Some([700, 20_000].iter().filter(|at| **at <= number).count());
		let (found, looks) = find(0, 28_800, state);
		assert_eq!(found, [700, 20_000]);
		assert!(looks < 40, "{looks}");
		assert_eq!(find(5, 5, state), (vec![], 0));
	}

	#[test]
	fn beginning_and_end_are_changes_too() {
		let open = |number: u32| (10..20).contains(&number).then_some(usize::from(number >= 15));
		assert_eq!(find(0, 15, open).0, [10, 15]);
		assert_eq!(find(10, 30, open).0, [15, 20]);
	}
}

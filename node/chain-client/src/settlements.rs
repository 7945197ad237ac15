//! The chain's settlements of a session, from its events.
//!
//! A session may last for weeks, and be settled in a few blocks. What it has settled only grows, so
//! those blocks are found by looking at its state, halving the span again and again, instead of by
//! reading every block's events.

use std::future::Future;

use openledger_primitives::{
	info::LaneInfo, record::RejectReason, Balance, BlockNumber, LaneId, Sequence, SessionId,
};

use crate::{
	chain::{At, Block, Chain, ChainError},
	events::{self, EventRecord},
	runtime::{
		metering::{self, AggregateSettled, CallSettled},
		Event,
	},
};

/// The settlements of a session, in the chain's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettlements {
	/// Calls that were settled one by one.
	pub calls: Vec<(Block, CallSettled)>,
	/// Calls that were settled together.
	pub aggregates: Vec<(Block, AggregateSettled)>,
	/// Records that were rejected.
	pub rejected: Vec<(Block, LaneId, Sequence, RejectReason)>,
	/// Where the session was closed.
	pub closed: Option<Block>,
}

impl SessionSettlements {
	/// Cost of all of it, in planck.
	pub fn charged(&self) -> Balance {
		let calls = self.calls.iter().map(|(_, call)| call.charge);
		let aggregates = self.aggregates.iter().map(|(_, sum)| sum.charge);
		calls.chain(aggregates).fold(0, Balance::saturating_add)
	}

	/// Takes what an event says, if it is about the session.
	fn take(&mut self, session: SessionId, record: EventRecord) {
		let block = record.block;
		let Event::InferenceMetering(event) = record.event else { return };
		match event {
			metering::Event::CallSettled(call) if call.session == session => {
				self.calls.push((block, call));
			}
			metering::Event::AggregateSettled(sum) if sum.session == session => {
				self.aggregates.push((block, sum));
			}
			metering::Event::RecordRejected(record) if record.session == session => {
				self.rejected.push((block, record.lane, record.sequence, record.reason));
			}
			metering::Event::SessionClosed(closed) if closed.session == session => {
				self.closed = Some(block);
			}
			_ => {}
		}
	}
}

/// The progress of a session: changes with every settlement.
type Progress = Option<(Balance, Vec<LaneInfo>)>;

/// Looks for what was settled of a session in the blocks `from..=to` of the best chain. If the session is
/// closed by `to`, it has to be open at `from` to be found; if it is open at `to`, `from` may be
/// before it was opened.
///
/// # Errors
/// If the node cannot be asked, or has pruned the state of one of the blocks.
pub async fn of_session(
	chain: &Chain,
	session: SessionId,
	from: BlockNumber,
	to: BlockNumber,
) -> Result<SessionSettlements, ChainError> {
	let look = |number| progress(chain, session, number);
	let mut blocks = changes(from, to, look).await?;
	// A change that the first block itself has made does not show.
	blocks.insert(0, from);
	let mut found = SessionSettlements::default();
	for number in blocks {
		let hash = numbered(chain, number).await?;
		for record in events::in_block(chain, hash).await? {
			found.take(session, record);
		}
	}
	Ok(found)
}

async fn numbered(chain: &Chain, number: BlockNumber) -> Result<Block, ChainError> {
	let hash = chain.block_hash(number).await?;
	let hash = hash.ok_or_else(|| ChainError::UnknownBlock { block: number.to_string() })?;
	Ok(Block { number, hash })
}

async fn progress(
	chain: &Chain,
	session: SessionId,
	number: BlockNumber,
) -> Result<Progress, ChainError> {
	let block = numbered(chain, number).await?;
	let info = chain.session(session, At::Block(block.hash)).await?;
	Ok(info.map(|info| (info.settled, info.lanes)))
}

/// The blocks in `from + 1..=to` after which something is not what it was before, in rising order.
/// It must never become again what it was, but for a time before and after it.
async fn changes<State, Look, Answer>(
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

//! Records that were settled together, and the proof that one is among them.

use openledger_primitives::{merkle, BlockNumber, Hash, Sequence, MAX_RECORDS};

use super::{
	error::StoreError,
	snapshot::Snapshot,
	types::{CallId, CallStatus, ProvenCall, StoredAggregate, StoredCall},
};

/// The number of calls before one, and after it, among which those are looked for that were itemised
/// with it. Most of them would have to be without a charge for that to be too few.
const AROUND: usize = 1_024;

/// A call with what it was settled with, and the proof that it was.
pub(super) fn proof(snapshot: &Snapshot, id: CallId) -> Result<Option<ProvenCall>, StoreError> {
	let Some(call) = snapshot.get::<StoredCall>(id)? else { return Ok(None) };
	let CallStatus::Settled { block } = call.status else {
		return Ok(Some(ProvenCall { call, aggregate: None, proof: None }));
	};
	let aggregate = snapshot.aggregate_from(id)?.filter(|sum| sum.first <= id.sequence);
	let leaves = match (&aggregate, block) {
		(Some(sum), _) => Some(of_aggregate(snapshot, id, sum)?),
		(None, Some(block)) => itemised(snapshot, id, block)?,
		(None, None) => None,
	};
	let proof = leaves.and_then(|leaves| place(leaves, id.sequence)).and_then(|(leaves, index)| {
		let proof = merkle::prove(&leaves, index)?;
		let root = match &aggregate {
			Some(sum) => sum.aggregate.root,
			None => merkle::root(leaves),
		};
		Some((root, proof))
	});
	Ok(Some(ProvenCall { call, aggregate, proof }))
}

type Leaves = Vec<(Sequence, Hash)>;

fn place(leaves: Leaves, sequence: Sequence) -> Option<(Vec<Hash>, u32)> {
	let index = leaves.iter().position(|(at, _)| *at == sequence)?;
	let leaves = leaves.into_iter().map(|(_, leaf)| leaf).collect();
	Some((leaves, u32::try_from(index).ok()?))
}

fn leaf(call: &StoredCall) -> Option<(Sequence, Hash)> {
	let served = call.served.as_ref()?;
	let counts = matches!(call.status, CallStatus::Settled { .. });
	counts.then(|| (served.record.sequence, merkle::leaf(&served.record, served.charge)))
}

/// All calls from the first to the last of an aggregate.
fn of_aggregate(
	snapshot: &Snapshot,
	id: CallId,
	sum: &StoredAggregate,
) -> Result<Leaves, StoreError> {
	let from = CallId { sequence: sum.first, ..id };
	let span = sum.aggregate.up_to.saturating_sub(sum.first).saturating_add(1);
	let span = usize::try_from(span).unwrap_or(usize::MAX);
	let calls = snapshot.range::<StoredCall>(from..=id.lane_key().last(), span)?;
	Ok(calls.iter().filter_map(|(_, call)| leaf(call)).collect())
}

/// The calls around one that were settled one by one in the same block: a lane has one settlement
/// at a time, and none in the block of another.
fn itemised(
	snapshot: &Snapshot,
	id: CallId,
	block: BlockNumber,
) -> Result<Option<Leaves>, StoreError> {
	let reach = u64::try_from(AROUND).unwrap_or(u64::MAX);
	let first = id.sequence.saturating_sub(reach);
	let lane = id.lane_key();
	let around = lane.call(first)..=lane.last();
	let calls = snapshot.range::<StoredCall>(around, AROUND.saturating_mul(2))?;
	let mut leaves = Leaves::new();
	for (at, call) in &calls {
		if call.status != (CallStatus::Settled { block: Some(block) }) {
			continue;
		}
		let summed = snapshot.aggregate_from(*at)?.is_some_and(|sum| sum.first <= at.sequence);
		if !summed {
			leaves.extend(leaf(call));
		}
	}
	let most = usize::try_from(MAX_RECORDS).unwrap_or(usize::MAX);
	Ok((leaves.len() <= most).then_some(leaves))
}

//! What is shown of calls: the settled items that they are in, and the voucher that a caller goes on from.

use openledger_primitives::{
	lane::{SettledItem, SettledLane, SettledRun},
	tree, Hash,
};

use super::{
	error::StoreError,
	lane_state::LaneState,
	list::ListReader,
	snapshot::Snapshot,
	types::{
		CallId, LaneKey, LastVoucher, ListProof, ProvenCall, ProvenItem, StoredCall, StoredVoucher,
	},
};

/// A call with the settled item that it is in, and the proof of that.
pub(super) fn proof(snapshot: &Snapshot, id: CallId) -> Result<Option<ProvenCall>, StoreError> {
	let Some(call) = snapshot.get::<StoredCall>(id)? else { return Ok(None) };
	let settled = match call.index {
		Some(index) => item(snapshot, id, index)?,
		None => None,
	};
	Ok(Some(ProvenCall { call, settled }))
}

fn item(snapshot: &Snapshot, id: CallId, index: u32) -> Result<Option<ProvenItem>, StoreError> {
	let Some(settlement) = snapshot.settlement_from(id)? else { return Ok(None) };
	let mut places = (0_u32..).zip(&settlement.items);
	let place = places.find(|(_, item)| match item {
		SettledItem::Call(call) => call.record.sequence == id.sequence,
		SettledItem::Run(run) => (run.first_sequence..=run.last_sequence).contains(&id.sequence),
	});
	let Some((place, item)) = place else { return Ok(None) };
	let leaves: Vec<Hash> = settlement.items.iter().map(SettledItem::leaf).collect();
	let Some(hashes) = tree::prove(&leaves, &[place]) else { return Ok(None) };
	let root = tree::root_from(settlement.header.items, &[(place, item.leaf())], &hashes);
	if root != Some(settlement.header.root) {
		return Ok(None);
	}
	let listed = match item {
		SettledItem::Run(run) => listed(snapshot, id.lane_key(), &settlement.header, run, index)?,
		SettledItem::Call(_) => None,
	};
	let (item, block) = (item.clone(), settlement.block);
	let header = settlement.header;
	Ok(Some(ProvenItem { header, block, item, index: place, hashes, listed }))
}

/// The proof that a call is in the list that a run was opened from: of the calls below the voucher's own.
fn listed(
	snapshot: &Snapshot,
	lane: LaneKey,
	header: &SettledLane,
	run: &SettledRun,
	index: u32,
) -> Result<Option<ListProof>, StoreError> {
	let Some(state) = snapshot.get::<LaneState>(lane)? else { return Ok(None) };
	let list = ListReader::of(snapshot, lane)?;
	let among = run.count..state.list.count();
	let Some(count) = list.first_from(header.voucher_sequence, among)? else { return Ok(None) };
	let proof = list.listed(count, index)?;
	Ok(proof.filter(|proof| proof.verify(&run.acknowledged_root)))
}

/// The last voucher of a lane, with the list that it acknowledges.
pub(super) fn last(
	snapshot: &Snapshot,
	key: LaneKey,
	lane: &LaneState,
) -> Result<Option<LastVoucher>, StoreError> {
	let id = key.call(lane.sequence);
	let Some(voucher) = snapshot.get::<StoredVoucher>(id)? else { return Ok(None) };
	let Some(call) = snapshot.get::<StoredCall>(id)? else { return Ok(None) };
	let list = ListReader::of(snapshot, key)?;
	let acknowledged = match call.index {
		Some(before) => list.at(before)?,
		None => Some(lane.list.clone()),
	};
	let Some(acknowledged) = acknowledged else { return Ok(None) };
	let snapshot = list.snapshot(&acknowledged)?;
	Ok(snapshot.map(|snapshot| LastVoucher { voucher, snapshot, call }))
}

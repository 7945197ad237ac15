//! Bytes of what is signed, sent and kept of a call.

use crate::goals::Figure;
use anyhow::{Context, Result};
use codec::Encode;
use openledger_primitives::{
	lane::{LaneSettlement, SettledItem, Statement, VersionedStatement},
	Hash,
};
use openledger_runtime::{Runtime, RuntimeEvent};
use pallet_inference_metering::Event as Metering;

/// Most bytes of the record of a call that nothing is attributed to.
const RECORD: f64 = 48.0;
/// Most bytes of the event of such a call, of a model with one source and no parent, as a block keeps it.
const EVENT: f64 = 120.0;

/// The sizes of what a lane was settled with, and of what the block that did it says of that.
pub fn figures(
	settlement: &LaneSettlement,
	events: &[frame_system::EventRecord<RuntimeEvent, Hash>],
) -> Result<Vec<Figure>> {
	let records = settlement.records().map(Encode::encoded_size);
	let (mut header, mut call, mut item) = (0, 0, None);
	for record in events {
		let RuntimeEvent::InferenceMetering(event) = &record.event else { continue };
		match event {
			Metering::LaneSettled { header: settled } => header = settled.encoded_size(),
			Metering::ItemSettled(SettledItem::Call(settled)) => {
				call = call.max(record.encoded_size());
				item = Some(settled.clone());
			}
			_ => (),
		}
	}

	let voucher = settlement.voucher.newest();
	let settled = item.context("no call was settled")?;
	let statement = VersionedStatement::from(Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: settled.record.sequence,
		tokens: settled.record.tokens(),
		charge: settled.charge,
		request_hash: voucher.request_hash,
		response_hash: settled.record.response_hash,
		attribution: Default::default(),
		extension: None,
	});
	let bytes = |size: usize| u32::try_from(size).map(f64::from);
	let most = records.max().context("nothing was settled call by call")?;
	Ok(vec![
		Figure::with_goal("record of a call, without attribution", bytes(most)?, "bytes", RECORD),
		Figure::with_goal("event of a call, as a block keeps it", bytes(call)?, "bytes", EVENT),
		Figure::plain("what a block says of a lane, once", bytes(header)?, "bytes"),
		Figure::plain("voucher", bytes(settlement.voucher.encoded_size())?, "bytes"),
		Figure::plain("statement", bytes(statement.encoded_size())?, "bytes"),
	])
}

/// What the newest block says.
pub fn events() -> Vec<frame_system::EventRecord<RuntimeEvent, Hash>> {
	frame_system::Pallet::<Runtime>::events()
}

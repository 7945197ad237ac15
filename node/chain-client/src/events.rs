//! The events of a block, typed.
//!
//! Pallets, events and fields are looked up by name in the live runtime's metadata, so that a
//! renumbered runtime is still read rightly. Events that this program does not know are left out.

use std::fmt;

use codec::DecodeAll;
use openledger_primitives::Hash;
use sp_runtime::DispatchError;
use subxt::{events::Phase, Metadata, SubstrateConfig};

use crate::{
	chain::{At, Block, Chain, ChainError},
	runtime::{
		self, metering, proxy,
		rewrite::{rewrite, Mismatch, Side},
		system, Event,
	},
};

/// An event and where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
	/// The block.
	pub block: Block,
	/// The event's place among the block's events.
	pub index: u32,
	/// The place of the extrinsic that it came from, if it came from one.
	pub extrinsic: Option<u32>,
	/// The event.
	pub event: Event,
	/// Why an extrinsic failed, or a call that was made for another account, or the settlement of a lane, if
	/// the event says so.
	pub failure: Option<DispatchFailure>,
}

/// An error of the runtime, by the names in its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispatchFailure {
	/// The pallet whose error it is; none for errors of the runtime itself.
	pub pallet: Option<String>,
	/// The error's name.
	pub name: String,
	/// Its documentation.
	pub docs: String,
}

impl fmt::Display for DispatchFailure {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		if let Some(pallet) = &self.pallet {
			write!(formatter, "{pallet}.")?;
		}
		formatter.write_str(&self.name)?;
		if !self.docs.is_empty() {
			write!(formatter, ": {}", self.docs)?;
		}
		Ok(())
	}
}

/// Reads what happened in a block, as far as this program knows it.
///
/// # Errors
/// If the node does not have the block or its state any more, or an event of ours has another
/// shape than this client knows.
pub async fn at(chain: &Chain, block: Hash) -> Result<Vec<EventRecord>, ChainError> {
	let block = chain.block(At::Block(block)).await?;
	in_block(chain, block).await
}

/// Reads what happened in a block whose number is known already.
pub(crate) async fn in_block(chain: &Chain, block: Block) -> Result<Vec<EventRecord>, ChainError> {
	let at = chain.connection().at(block).await?;
	let events = chain.connection().within("a block's events", at.events().fetch()).await?;
	let metadata = at.metadata_ref();
	let mut records = Vec::new();
	for event in events.iter() {
		let event = event.map_err(|error| ChainError::Decode {
			what: "a block's events".into(),
			reason: error.to_string(),
		})?;
		records.extend(record(block, &event, metadata)?);
	}
	Ok(records)
}

fn record(
	block: Block,
	encoded: &subxt::events::Event<'_, SubstrateConfig>,
	metadata: &Metadata,
) -> Result<Option<EventRecord>, ChainError> {
	let extrinsic = match encoded.phase() {
		Phase::ApplyExtrinsic(index) => Some(index),
		Phase::Initialization | Phase::Finalization => None,
	};
	let index = encoded.index();
	let numbers = [encoded.pallet_index(), encoded.event_index()];
	let event = decode(&[&numbers, encoded.field_bytes()].concat(), metadata)?;
	Ok(event.map(|event| {
		let failure = error(&event).map(|error| failure(error, metadata));
		EventRecord { block, index, extrinsic, event, failure }
	}))
}

/// Decodes an event as the runtime with this metadata encodes it: pallet, event, fields. `None` if
/// this program does not know it.
///
/// # Errors
/// If it has another shape than this program knows.
pub fn decode(encoded: &[u8], metadata: &Metadata) -> Result<Option<Event>, ChainError> {
	let unreadable =
		|reason: String| ChainError::Decode { what: "what happened in a block".into(), reason };
	let rewrite = || {
		let ours = Side::events("this program", runtime::metadata()?);
		rewrite(Side::events("the chain", metadata), ours, encoded)
	};
	match rewrite() {
		Ok(rewritten) => {
			let event = Event::decode_all(&mut rewritten.as_slice());
			event.map(Some).map_err(|error| unreadable(error.to_string()))
		}
		Err(Mismatch::Unknown { .. }) => Ok(None),
		Err(mismatch) => Err(unreadable(mismatch.to_string())),
	}
}

/// The error that an event tells of.
pub(crate) fn error(event: &Event) -> Option<&DispatchError> {
	match event {
		Event::System(system::Event::ExtrinsicFailed(failed)) => Some(&failed.dispatch_error),
		Event::Proxy(proxy::Event::ProxyExecuted(executed)) => executed.result.as_ref().err(),
		Event::InferenceMetering(metering::Event::LaneRejected(rejected)) => Some(&rejected.reason),
		_ => None,
	}
}

/// An error by its names.
fn failure(error: &DispatchError, metadata: &Metadata) -> DispatchFailure {
	let plain =
		|name: String, docs: &str| DispatchFailure { pallet: None, name, docs: docs.into() };
	match error {
		DispatchError::Module(module) => {
			let index = module.error.first().copied().unwrap_or_default();
			let pallet = metadata.pallet_by_error_index(module.index);
			match pallet.and_then(|pallet| Some((pallet, pallet.error_variant_by_index(index)?))) {
				Some((pallet, variant)) => DispatchFailure {
					pallet: Some(pallet.name().into()),
					name: variant.name.clone(),
					docs: variant.docs.join(" ").trim().into(),
				},
				None => plain(
					format!("Module({}, {index})", module.index),
					"an error that the runtime's metadata does not name",
				),
			}
		}
		DispatchError::Token(token) => plain(format!("Token({token:?})"), (*token).into()),
		other => plain(format!("{other:?}"), (*other).into()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn failures_read_well() {
		let failure = DispatchFailure {
			pallet: Some("InferenceMetering".into()),
			name: "NothingSettled".into(),
			docs: "No record was accepted.".into(),
		};
		assert_eq!(
			failure.to_string(),
			"InferenceMetering.NothingSettled: No record was accepted."
		);
		let failure = DispatchFailure { pallet: None, name: "BadOrigin".into(), docs: "".into() };
		assert_eq!(failure.to_string(), "BadOrigin");
	}
}

//! What happened in a block, typed.

use codec::{Decode, DecodeAll};
use openledger_primitives::{
	record::{CallPayment, RejectReason},
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, LaneId, ModelId, Name,
	PriceVersion, ReleaseId, Sequence, SessionId, VersionId, Weight,
};
use sp_runtime::{DispatchError, Permill};
use std::fmt;
use subxt::{events::Phase, Metadata, SubstrateConfig};

use crate::chain::{At, Block, Chain, ChainError};

/// An event and where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
	/// The block.
	pub block: Block,
	/// The event's place among the block's events.
	pub index: u32,
	/// The place of the extrinsic that it came from, if it came from one.
	pub extrinsic: Option<u32>,
	/// What happened.
	pub event: Event,
}

/// A call that was charged and paid out.
#[derive(Clone, Debug, PartialEq, Eq, Decode)]
pub struct CallSettled {
	/// The session that paid.
	pub session: SessionId,
	/// The lane within it.
	pub lane: LaneId,
	/// The sequence of the voucher that paid.
	pub sequence: Sequence,
	/// Who paid.
	pub caller: AccountId,
	/// The operator who ran the call.
	pub node: AccountId,
	/// Who owns the model.
	pub developer: AccountId,
	/// The model that answered.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price schedule that was applied.
	pub price_version: PriceVersion,
	/// Tokens of the prompt.
	pub input_tokens: u32,
	/// Tokens of the answer.
	pub output_tokens: u32,
	/// What the caller paid, in planck.
	pub charge: Balance,
	/// Salted hash of the request.
	pub request_hash: Hash,
	/// Salted hash of the answer.
	pub response_hash: Hash,
	/// How the charge was paid out.
	pub payment: CallPayment,
}

/// Why an extrinsic failed, by the names in the runtime's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispatchFailure {
	/// The pallet whose error it is; none for errors of the runtime itself.
	pub pallet: Option<String>,
	/// The error's name.
	pub name: String,
	/// What its documentation says.
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

/// What happened. Amounts are in planck.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)] // Fields are named and documented as in the pallets' events.
pub enum Event {
	/// A model was registered.
	ModelRegistered { model: ModelId, owner: AccountId, name: Name },
	/// A model takes no new calls.
	ModelPaused { model: ModelId },
	/// A model takes calls again.
	ModelResumed { model: ModelId },
	/// A datanet was created.
	DatanetCreated { datanet: DatanetId, curator: AccountId, name: Name },
	/// A contribution waits for its curator.
	ContributionSubmitted {
		contribution: ContributionId,
		datanet: DatanetId,
		contributor: AccountId,
		root: Hash,
	},
	/// A contribution belongs to its datanet from a release on.
	ContributionAccepted {
		contribution: ContributionId,
		datanet: DatanetId,
		weight: Weight,
		from_release: ReleaseId,
	},
	/// A contribution was turned down.
	ContributionRejected { contribution: ContributionId },
	/// A contribution was taken back.
	ContributionWithdrawn { contribution: ContributionId },
	/// A datanet's state was frozen under a number.
	ReleasePublished {
		datanet: DatanetId,
		release: ReleaseId,
		total_weight: Weight,
		contributions: u32,
	},
	/// A contributor was paid.
	PayoutClaimed { contribution: ContributionId, contributor: AccountId, amount: Balance },
	/// An inference node was registered.
	NodeRegistered { operator: AccountId, bond: Balance },
	/// An inference node changed what it says of itself.
	NodeUpdated { operator: AccountId },
	/// A session was opened.
	SessionOpened {
		session: SessionId,
		caller: AccountId,
		node: AccountId,
		deposit: Balance,
		expires_at: BlockNumber,
	},
	/// A caller asked to close a session.
	CloseRequested { session: SessionId, closes_at: BlockNumber },
	/// A session was closed and the rest of its deposit given back.
	SessionClosed { session: SessionId, refunded: Balance },
	/// A call was charged and paid out.
	CallSettled(Box<CallSettled>),
	/// A record of a settlement was rejected, alone.
	RecordRejected { session: SessionId, lane: LaneId, sequence: Sequence, reason: RejectReason },
	/// A voucher was redeemed.
	VoucherSettled {
		session: SessionId,
		lane: LaneId,
		sequence: Sequence,
		accepted: u32,
		rejected: u32,
		charged: Balance,
	},
	/// The protocol's share was set.
	ProtocolShareSet { share: Permill },
	/// What an account had earned in small parts was paid.
	AccruedPaid { account: AccountId, amount: Balance },
	/// OPEN moved from one account to another.
	Transfer { from: AccountId, to: AccountId, amount: Balance },
	/// An extrinsic succeeded.
	ExtrinsicSuccess,
	/// An extrinsic failed, and changed nothing but what it paid in fees.
	ExtrinsicFailed(DispatchFailure),
	/// A call was made as root, which failed or not: the extrinsic around it succeeds either way.
	RootCalled { error: Option<DispatchFailure> },
	/// Any other event.
	Other {
		/// The pallet's name.
		pallet: String,
		/// The event's name.
		name: String,
		/// Its fields, encoded one after the other.
		fields: Vec<u8>,
	},
}

impl Chain {
	/// Everything that happened in a block.
	///
	/// # Errors
	/// If the node does not have the block or its state any more, or an event of ours has another
	/// shape than this client knows.
	pub async fn events_at(&self, block: Hash) -> Result<Vec<EventRecord>, ChainError> {
		let block = self.block(At::Block(block)).await?;
		self.events_in(block).await
	}

	/// Everything that happened in a block whose number is known already.
	pub(crate) async fn events_in(&self, block: Block) -> Result<Vec<EventRecord>, ChainError> {
		let at = self.at(block).await?;
		let events = self.within("a block's events", at.events().fetch()).await?;
		let metadata = at.metadata_ref();
		events
			.iter()
			.map(|event| {
				let event = event.map_err(|error| ChainError::Decode {
					what: "a block's events".into(),
					reason: error.to_string(),
				})?;
				record(block, &event, metadata)
			})
			.collect()
	}
}

fn record(
	block: Block,
	event: &subxt::events::Event<'_, SubstrateConfig>,
	metadata: &Metadata,
) -> Result<EventRecord, ChainError> {
	let (pallet, name) = (event.pallet_name(), event.event_name());
	let extrinsic = match event.phase() {
		Phase::ApplyExtrinsic(index) => Some(index),
		Phase::Initialization | Phase::Finalization => None,
	};
	let event_of = decode(pallet, name, event.field_bytes(), metadata).map_err(|error| {
		ChainError::Decode { what: format!("the event {pallet}.{name}"), reason: error.to_string() }
	})?;
	Ok(EventRecord { block, index: event.index(), extrinsic, event: event_of })
}

/// Decodes an event of ours from its fields. Each tuple below has the fields in the pallet's order.
fn decode(
	pallet: &str,
	name: &str,
	fields: &[u8],
	metadata: &Metadata,
) -> Result<Event, codec::Error> {
	let mut input = fields;
	let input = &mut input;
	Ok(match (pallet, name) {
		("ModelRegistry", "ModelRegistered") => {
			let (model, owner, name) = DecodeAll::decode_all(input)?;
			Event::ModelRegistered { model, owner, name }
		}
		("ModelRegistry", "ModelPaused") => {
			Event::ModelPaused { model: DecodeAll::decode_all(input)? }
		}
		("ModelRegistry", "ModelResumed") => {
			Event::ModelResumed { model: DecodeAll::decode_all(input)? }
		}
		("DataAttribution", "DatanetCreated") => {
			let (datanet, curator, name) = DecodeAll::decode_all(input)?;
			Event::DatanetCreated { datanet, curator, name }
		}
		("DataAttribution", "ContributionSubmitted") => {
			let (contribution, datanet, contributor, root) = DecodeAll::decode_all(input)?;
			Event::ContributionSubmitted { contribution, datanet, contributor, root }
		}
		("DataAttribution", "ContributionAccepted") => {
			let (contribution, datanet, weight, from_release) = DecodeAll::decode_all(input)?;
			Event::ContributionAccepted { contribution, datanet, weight, from_release }
		}
		("DataAttribution", "ContributionRejected") => {
			Event::ContributionRejected { contribution: DecodeAll::decode_all(input)? }
		}
		("DataAttribution", "ContributionWithdrawn") => {
			Event::ContributionWithdrawn { contribution: DecodeAll::decode_all(input)? }
		}
		("DataAttribution", "ReleasePublished") => {
			let (datanet, release, total_weight, contributions) = DecodeAll::decode_all(input)?;
			Event::ReleasePublished { datanet, release, total_weight, contributions }
		}
		("DataAttribution", "PayoutClaimed") => {
			let (contribution, contributor, amount) = DecodeAll::decode_all(input)?;
			Event::PayoutClaimed { contribution, contributor, amount }
		}
		("InferenceMetering", "NodeRegistered") => {
			let (operator, bond) = DecodeAll::decode_all(input)?;
			Event::NodeRegistered { operator, bond }
		}
		("InferenceMetering", "NodeUpdated") => {
			Event::NodeUpdated { operator: DecodeAll::decode_all(input)? }
		}
		("InferenceMetering", "SessionOpened") => {
			let (session, caller, node, deposit, expires_at) = DecodeAll::decode_all(input)?;
			Event::SessionOpened { session, caller, node, deposit, expires_at }
		}
		("InferenceMetering", "CloseRequested") => {
			let (session, closes_at) = DecodeAll::decode_all(input)?;
			Event::CloseRequested { session, closes_at }
		}
		("InferenceMetering", "SessionClosed") => {
			let (session, refunded) = DecodeAll::decode_all(input)?;
			Event::SessionClosed { session, refunded }
		}
		("InferenceMetering", "CallSettled") => {
			Event::CallSettled(Box::new(DecodeAll::decode_all(input)?))
		}
		("InferenceMetering", "RecordRejected") => {
			let (session, lane, sequence, reason) = DecodeAll::decode_all(input)?;
			Event::RecordRejected { session, lane, sequence, reason }
		}
		("InferenceMetering", "VoucherSettled") => {
			let (session, lane, sequence, accepted, rejected, charged) =
				DecodeAll::decode_all(input)?;
			Event::VoucherSettled { session, lane, sequence, accepted, rejected, charged }
		}
		("RevenueSplit", "ProtocolShareSet") => {
			Event::ProtocolShareSet { share: DecodeAll::decode_all(input)? }
		}
		("RevenueSplit", "AccruedPaid") => {
			let (account, amount) = DecodeAll::decode_all(input)?;
			Event::AccruedPaid { account, amount }
		}
		("Balances", "Transfer") => {
			let (from, to, amount) = DecodeAll::decode_all(input)?;
			Event::Transfer { from, to, amount }
		}
		("Sudo", "Sudid") => {
			let result: Result<(), DispatchError> = Decode::decode(input)?;
			Event::RootCalled { error: result.err().map(|error| failure(&error, metadata)) }
		}
		("System", "ExtrinsicSuccess") => Event::ExtrinsicSuccess,
		// What follows the error says how heavy the extrinsic was.
		("System", "ExtrinsicFailed") => {
			Event::ExtrinsicFailed(failure(&DispatchError::decode(input)?, metadata))
		}
		_ => Event::Other { pallet: pallet.into(), name: name.into(), fields: fields.to_vec() },
	})
}

/// An error by its names.
pub(crate) fn failure(error: &DispatchError, metadata: &Metadata) -> DispatchFailure {
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
	use codec::Encode;
	use openledger_primitives::record::{DataPayment, PoolPayment};

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

	#[test]
	fn a_settled_call_is_decoded_in_the_pallets_order() {
		let payment = CallPayment {
			protocol: 1,
			developer: 2,
			node: 3,
			data: 4,
			data_payment: DataPayment {
				direct: Default::default(),
				pools: vec![PoolPayment {
					datanet: 1,
					release: 2,
					amount: 4,
					raised: 1,
					total_weight: 3,
					carry_before: 0,
					carry_after: 1,
				}]
				.try_into()
				.unwrap(),
			},
		};
		let account = |byte: u8| AccountId::new([byte; 32]);
		let fields = (
			(7u64, 1u16, 9u64, account(1), account(2), account(3)),
			(4u32, 5u32, 6u32, 10u32, 20u32, 10u128),
			(Hash::repeat_byte(1), Hash::repeat_byte(2), payment.clone()),
		)
			.encode();
		let call = CallSettled::decode_all(&mut fields.as_slice()).unwrap();
		assert_eq!((call.session, call.lane, call.sequence), (7, 1, 9));
		assert_eq!((call.caller, call.node, call.developer), (account(1), account(2), account(3)));
		assert_eq!((call.model, call.version, call.price_version), (4, 5, 6));
		assert_eq!((call.input_tokens, call.output_tokens, call.charge), (10, 20, 10));
		assert_eq!(call.payment, payment);
	}
}

//! What happened in a block, typed.

mod payloads;

pub use self::payloads::{AggregateSettled, CallFulfilled, CallSettled};

use codec::{Decode, DecodeAll};
use openledger_primitives::{
	record::RejectReason, AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, LaneId,
	ModelId, Name, PriceVersion, ReleaseId, RequestId, Sequence, SessionId, VersionId, Weight,
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

/// Pallet, event and field names.
type Names = (&'static str, &'static str, &'static [&'static str]);

/// Makes [`Event`] from a table of events. A field has the name of the event's field, and fields
/// come in the event's order.
macro_rules! events {
	(
		plain { $(
			$(#[$doc:meta])*
			$plain:ident of $plain_pallet:ident { $($field:ident: $type:ty),* $(,)? }
		)* }
		whole { $(
			$(#[$whole_doc:meta])*
			$whole:ident of $whole_pallet:ident
		)* }
		special { $($(#[$special_doc:meta])* $special:ident $({ $($special_field:tt)* })? $(($payload:ty))?,)* }
	) => {
		/// What happened. Amounts are in planck.
		#[derive(Clone, Debug, PartialEq)]
		#[non_exhaustive]
		#[allow(missing_docs)] // Fields are named and documented as in the pallets' events.
		pub enum Event {
			$($(#[$doc])* $plain { $($field: $type),* },)*
			$($(#[$whole_doc])* $whole(Box<$whole>),)*
			$($(#[$special_doc])* $special $({ $($special_field)* })? $(($payload))?,)*
		}

		impl Event {
			/// The events that are read field by field: pallet, name, fields in order. For
			/// comparison with a runtime.
			pub const KNOWN: &'static [Names] = &[
				$((
					stringify!($plain_pallet),
					stringify!($plain),
					&[$(stringify!($field)),*],
				),)*
				$((stringify!($whole_pallet), stringify!($whole), $whole::FIELDS),)*
			];

			/// Reads an event of ours from its fields. None for one that is not in the table.
			fn decode_known(
				pallet: &str,
				name: &str,
				fields: &[u8],
			) -> Option<Result<Self, codec::Error>> {
				match (pallet, name) {
					$((stringify!($plain_pallet), stringify!($plain)) => {
						let read = |mut input: &[u8]| {
							$(let $field = Decode::decode(&mut input)?;)*
							match input {
								[] => Ok(Self::$plain { $($field),* }),
								_ => Err(codec::Error::from("it has more fields")),
							}
						};
						Some(read(fields))
					})*
					$((stringify!($whole_pallet), stringify!($whole)) => {
						let read = |mut input: &[u8]| {
							Ok(Self::$whole(Box::new(DecodeAll::decode_all(&mut input)?)))
						};
						Some(read(fields))
					})*
					_ => None,
				}
			}
		}
	};
}

events! {
	plain {
		/// A model was registered.
		ModelRegistered of ModelRegistry { model: ModelId, owner: AccountId, name: Name }
		/// A datanet was created.
		DatanetCreated of DataAttribution {
			datanet: DatanetId,
			curator: AccountId,
			name: Name,
			open: bool,
			curator_share: Permill,
		}
		/// A contribution waits for its curator.
		ContributionSubmitted of DataAttribution {
			contribution: ContributionId,
			datanet: DatanetId,
			contributor: AccountId,
			root: Hash,
		}
		/// A datanet's state was frozen under a number.
		ReleasePublished of DataAttribution {
			datanet: DatanetId,
			release: ReleaseId,
			total_weight: Weight,
			contributions: u32,
			curator_share: Permill,
		}
		/// What a contribution had earned was paid, to its contributor or who is named instead.
		PayoutClaimed of DataAttribution {
			contribution: ContributionId,
			contributor: AccountId,
			amount: Balance,
		}
		/// A curator was paid.
		CuratorPaid of DataAttribution { curator: AccountId, amount: Balance }
		/// An inference node was registered.
		NodeRegistered of InferenceMetering { operator: AccountId, bond: Balance }
		/// A session was opened.
		SessionOpened of InferenceMetering {
			session: SessionId,
			caller: AccountId,
			node: AccountId,
			deposit: Balance,
			expires_at: BlockNumber,
		}
		/// A caller asked to close a session.
		CloseRequested of InferenceMetering { session: SessionId, closes_at: BlockNumber }
		/// A session was closed and the rest of its deposit given back.
		SessionClosed of InferenceMetering { session: SessionId, refunded: Balance }
		/// A record of a settlement was rejected, alone.
		RecordRejected of InferenceMetering {
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			reason: RejectReason,
		}
		/// A voucher was redeemed.
		VoucherSettled of InferenceMetering {
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			accepted: u32,
			rejected: u32,
			charged: Balance,
		}
		/// A call was requested on chain.
		CallRequested of InferenceRequests {
			request: RequestId,
			caller: AccountId,
			model: ModelId,
			node: Option<AccountId>,
			version: VersionId,
			price_version: PriceVersion,
			max_charge: Balance,
			deposit: Balance,
			deadline: BlockNumber,
			input_hash: Hash,
		}
		/// A call on chain ended without an answer: all that was on hold for it is free again.
		CallExpired of InferenceRequests {
			request: RequestId,
			caller: AccountId,
			released: Balance,
			deposit: Balance,
			cancelled: bool,
		}
	}
	whole {
		/// A call was charged and paid out.
		CallSettled of InferenceMetering
		/// Calls were charged and paid out together.
		AggregateSettled of InferenceMetering
		/// A call on chain was answered, charged and paid out.
		CallFulfilled of InferenceRequests
	}
	special {
		/// An extrinsic succeeded.
		ExtrinsicSuccess,
		/// An extrinsic failed, and changed nothing but what it paid in fees.
		ExtrinsicFailed(DispatchFailure),
		/// A call was made for another account, which failed or not: the extrinsic around it succeeds
		/// either way.
		ProxyExecuted { error: Option<DispatchFailure> },
		/// Any other event: its pallet's name, its own name, and its fields, encoded one after the
		/// other.
		Other { pallet: String, name: String, fields: Vec<u8> },
	}
}

/// Reads everything that happened in a block.
///
/// # Errors
/// If the node does not have the block or its state any more, or an event of ours has another
/// shape than this client knows.
pub async fn at(chain: &Chain, block: Hash) -> Result<Vec<EventRecord>, ChainError> {
	let block = chain.block(At::Block(block)).await?;
	in_block(chain, block).await
}

/// Reads everything that happened in a block whose number is known already.
pub(crate) async fn in_block(chain: &Chain, block: Block) -> Result<Vec<EventRecord>, ChainError> {
	let at = chain.connection().at(block).await?;
	let events = chain.connection().within("a block's events", at.events().fetch()).await?;
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

/// Decodes an event from its fields.
fn decode(
	pallet: &str,
	name: &str,
	fields: &[u8],
	metadata: &Metadata,
) -> Result<Event, codec::Error> {
	if let Some(known) = Event::decode_known(pallet, name, fields) {
		return known;
	}
	let mut input = fields;
	let input = &mut input;
	Ok(match (pallet, name) {
		("Proxy", "ProxyExecuted") => {
			let result: Result<(), DispatchError> = Decode::decode(input)?;
			Event::ProxyExecuted { error: result.err().map(|error| failure(&error, metadata)) }
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
	use codec::Encode;
	use openledger_primitives::record::{
		CallPayment, DataPayment, DirectPayment, PoolPayment, RoyaltyPayment,
	};

	fn account(byte: u8) -> AccountId {
		AccountId::new([byte; 32])
	}

	fn payment() -> CallPayment {
		let pool = PoolPayment {
			datanet: 1,
			release: 2,
			amount: 4,
			curator: 1,
			raised: 1,
			total_weight: 2,
			carry_before: 0,
			carry_after: 1,
		};
		let direct = DirectPayment { contribution: 8, amount: 3, curator: 1 };
		let royalty = RoyaltyPayment { model: 3, owner: account(4), amount: 5 };
		CallPayment {
			protocol: 1,
			developer: 2,
			node: 3,
			data: 7,
			data_payment: DataPayment {
				direct: vec![direct].try_into().unwrap(),
				pools: vec![pool].try_into().unwrap(),
			},
			royalties: vec![royalty].try_into().unwrap(),
		}
	}

	fn known(pallet: &str, name: &str, fields: &impl Encode) -> Event {
		Event::decode_known(pallet, name, &fields.encode()).unwrap().unwrap()
	}

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
		let fields = (
			(7u64, 1u16, 9u64, account(1), account(2), account(3)),
			(4u32, 5u32, 6u32, 10u32, 20u32, 18u128),
			(Hash::repeat_byte(1), Hash::repeat_byte(2), payment()),
		);
		let event = known("InferenceMetering", "CallSettled", &fields);
		let Event::CallSettled(call) = event else { panic!("{event:?}") };
		assert_eq!((call.session, call.lane, call.sequence), (7, 1, 9));
		assert_eq!((call.caller, call.node, call.developer), (account(1), account(2), account(3)));
		assert_eq!((call.model, call.version, call.price_version), (4, 5, 6));
		assert_eq!((call.input_tokens, call.output_tokens, call.charge), (10, 20, 18));
		assert_eq!(call.payment, payment());
	}

	#[test]
	fn a_settled_aggregate_is_decoded_in_the_pallets_order() {
		let fields = (
			(7u64, 1u16, 9u64, 12u64, account(1), account(2), account(3)),
			(4u32, 5u32, 6u32, 3u32, 10u64, 20u64, 18u128),
			(Hash::repeat_byte(1), payment()),
		);
		let event = known("InferenceMetering", "AggregateSettled", &fields);
		let Event::AggregateSettled(sum) = event else { panic!("{event:?}") };
		assert_eq!((sum.lane, sum.first_sequence, sum.last_sequence), (1, 9, 12));
		assert_eq!((sum.calls, sum.input_tokens, sum.output_tokens), (3, 10, 20));
		assert_eq!((sum.charge, sum.root), (18, Hash::repeat_byte(1)));
	}

	#[test]
	fn events_of_another_shape_are_refused() {
		let refused = |fields: &[u8]| {
			Event::decode_known("InferenceMetering", "NodeRegistered", fields).unwrap().unwrap_err()
		};
		refused(&(account(1), 5u128).encode()[1..]);
		let more = refused(&(account(1), 5u128, 1u8).encode());
		assert_eq!(more.to_string(), "it has more fields");
		assert!(Event::decode_known("InferenceMetering", "Unheard", &[]).is_none());
	}
}

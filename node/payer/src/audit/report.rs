//! Reports against a node, as the chain takes them: whoever has one of these can bring it there.

use codec::Encode;
use openledger_chain_client::{metering, ss58, Settlement};
use openledger_payer_ledger::KeptStatement;
use openledger_primitives::{
	lane::{SettledCall, SettledItem},
	tree, AccountId, Hash, LaneId, Sequence, SessionId,
};
use openledger_protocol::x402::Receipt;
use serde_json::{json, Value};

use super::NotListed;

/// A report that the chain takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
	/// A call was settled for more than was stated.
	Overcharged(Box<SettledReport>),
	/// A call was settled as another one than was stated.
	Misreported(Box<SettledReport>),
	/// A call has two different statements.
	TwoStatements(Box<TwoStatements>),
	/// A call was settled that is not in the list which was acknowledged since.
	Unlisted(Box<UnlistedReport>),
}

/// A call as it was settled, and the proof that it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledProof {
	/// The last sequence of the settlement of the call's lane.
	pub last_sequence: Sequence,
	/// The call as it was settled.
	pub item: SettledItem,
	/// Its place among the settlement's items.
	pub index: u32,
	/// The hashes that prove that.
	pub hashes: Vec<Hash>,
}

/// A statement, and what was settled of its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledReport {
	/// The node's statement, and its signature.
	pub receipt: Receipt,
	/// The key that it is signed with, as an account.
	pub receipt_key: AccountId,
	/// What was settled.
	pub settled: SettledProof,
}

/// A settled call, and the list of its lane that does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedReport {
	/// The session.
	pub session: SessionId,
	/// The lane.
	pub lane: LaneId,
	/// What was settled.
	pub settled: SettledProof,
	/// What the list says of its sequence.
	pub list: NotListed,
}

/// Two statements of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoStatements {
	/// The operator.
	pub operator: AccountId,
	/// Each of them, and the key that it is signed with, as an account.
	pub statements: [(Receipt, AccountId); 2],
}

impl Report {
	/// Reports the call at a place in a settlement, because of its statement. `None` if it is not there.
	pub(super) fn of_settled(
		settlement: &Settlement,
		index: u32,
		call: &SettledCall,
		kept: &KeptStatement,
	) -> Option<Self> {
		let report = Box::new(SettledReport {
			receipt: kept.receipt.clone(),
			receipt_key: kept.receipt_key.clone(),
			settled: SettledProof::of(settlement, index)?,
		});
		Some(match call.charge > kept.receipt.statement.newest().charge {
			true => Self::Overcharged(report),
			false => Self::Misreported(report),
		})
	}

	/// Reports the item at a place in a settlement, because there was no such call. `None` if it is not there.
	pub(super) fn unlisted(settlement: &Settlement, index: u32, list: NotListed) -> Option<Self> {
		let settled = SettledProof::of(settlement, index)?;
		let (session, lane) = (settlement.header.session, settlement.header.lane);
		Some(Self::Unlisted(Box::new(UnlistedReport { session, lane, settled, list })))
	}

	/// Reports the first two of different statements of a call, if there are so many.
	pub(super) fn of_two(stated: &[&KeptStatement]) -> Option<Self> {
		let [first, second, ..] = stated else { return None };
		let one = |kept: &KeptStatement| (kept.receipt.clone(), kept.receipt_key.clone());
		let statements = [one(first), one(second)];
		Some(Self::TwoStatements(Box::new(TwoStatements {
			operator: first.node.clone(),
			statements,
		})))
	}

	/// The name of the transaction that brings it to the chain.
	pub fn transaction(&self) -> &'static str {
		match self {
			Self::Overcharged(_) => "report_overcharged_call",
			Self::Misreported(_) => "report_misreported_call",
			Self::TwoStatements(_) => "report_two_statements",
			Self::Unlisted(_) => "report_unlisted_call",
		}
	}

	/// The transaction that brings it to the chain.
	pub fn call(&self) -> metering::Call {
		match self {
			Self::Overcharged(report) => {
				let SettledReport { receipt, receipt_key, settled } = &**report;
				metering::Call::report_overcharged_call {
					statement: Box::new(receipt.statement.clone()),
					signature: receipt.signature.clone(),
					receipt_key: receipt_key.clone(),
					last_sequence: settled.last_sequence,
					item: Box::new(settled.item.clone()),
					index: settled.index,
					hashes: settled.hashes.clone(),
				}
			}
			Self::Misreported(report) => {
				let SettledReport { receipt, receipt_key, settled } = &**report;
				metering::Call::report_misreported_call {
					statement: Box::new(receipt.statement.clone()),
					signature: receipt.signature.clone(),
					receipt_key: receipt_key.clone(),
					last_sequence: settled.last_sequence,
					item: Box::new(settled.item.clone()),
					index: settled.index,
					hashes: settled.hashes.clone(),
				}
			}
			Self::TwoStatements(report) => {
				let TwoStatements {
					operator,
					statements: [(first, first_key), (second, second_key)],
				} = &**report;
				metering::Call::report_two_statements {
					operator: operator.clone(),
					first: Box::new(first.statement.clone()),
					first_signature: first.signature.clone(),
					first_key: first_key.clone(),
					second: Box::new(second.statement.clone()),
					second_signature: second.signature.clone(),
					second_key: second_key.clone(),
				}
			}
			Self::Unlisted(report) => {
				let UnlistedReport { session, lane, settled, list } = &**report;
				metering::Call::report_unlisted_call {
					session: *session,
					lane: *lane,
					last_sequence: settled.last_sequence,
					item: Box::new(settled.item.clone()),
					index: settled.index,
					hashes: settled.hashes.clone(),
					listed_in: list.listed_in,
					lookup: Box::new(list.lookup.clone()),
					statement: Box::new(None),
				}
			}
		}
	}

	/// As JSON, on the chain with this genesis hash: in words, and the transaction's arguments as they are
	/// encoded.
	pub fn to_json(&self, genesis_hash: Hash) -> Value {
		let (said, arguments) = match self {
			Self::Overcharged(report) | Self::Misreported(report) => report.to_json(),
			Self::TwoStatements(report) => report.to_json(),
			Self::Unlisted(report) => report.to_json(),
		};
		json!({
			"kind": self.transaction(),
			"genesisHash": genesis_hash,
			"said": said,
			"transaction": {
				"pallet": "InferenceMetering",
				"call": self.transaction(),
				"arguments": arguments,
			},
		})
	}
}

impl SettledProof {
	/// The item at a place in a settlement. `None` if there is none.
	fn of(settlement: &Settlement, index: u32) -> Option<Self> {
		let leaves: Vec<_> = settlement.items.iter().map(SettledItem::leaf).collect();
		Some(Self {
			last_sequence: settlement.header.sequence,
			item: settlement.items.get(usize::try_from(index).ok()?)?.clone(),
			index,
			hashes: tree::prove(&leaves, &[index])?,
		})
	}
}

impl SettledReport {
	fn to_json(&self) -> (Value, Value) {
		let Self { receipt, receipt_key, settled } = self;
		let SettledProof { last_sequence, item, index, hashes } = settled;
		let said = json!({ "receipt": receipt, "settled": item });
		let arguments = json!({
			"statement": encoded(&receipt.statement),
			"signature": encoded(&receipt.signature),
			"receipt_key": ss58(receipt_key),
			"last_sequence": last_sequence,
			"item": encoded(item),
			"index": index,
			"hashes": hashes,
		});
		(said, arguments)
	}
}

impl UnlistedReport {
	fn to_json(&self) -> (Value, Value) {
		let Self { session, lane, settled, list: NotListed { listed_in, lookup } } = self;
		let SettledProof { last_sequence, item, index, hashes } = settled;
		let said = json!({ "settled": item, "list": lookup });
		let arguments = json!({
			"session": session,
			"lane": lane,
			"last_sequence": last_sequence,
			"item": encoded(item),
			"index": index,
			"hashes": hashes,
			"listed_in": listed_in,
			"lookup": encoded(lookup),
			"statement": null,
		});
		(said, arguments)
	}
}

impl TwoStatements {
	fn to_json(&self) -> (Value, Value) {
		let Self { operator, statements: [(first, first_key), (second, second_key)] } = self;
		let said = json!({ "receipts": [first, second] });
		let arguments = json!({
			"operator": ss58(operator),
			"first": encoded(&first.statement),
			"first_signature": encoded(&first.signature),
			"first_key": ss58(first_key),
			"second": encoded(&second.statement),
			"second_signature": encoded(&second.signature),
			"second_key": ss58(second_key),
		});
		(said, arguments)
	}
}

fn encoded(value: &impl Encode) -> String {
	format!("0x{}", hex::encode(value.encode()))
}

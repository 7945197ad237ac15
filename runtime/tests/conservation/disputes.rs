//! Nodes that contradict themselves, and those who report them. And those who report nodes that do
//! not.

use crate::{
	common::{genesis_hash, sign},
	market::{Deed, Market},
	offchain::{leaves, Served, Settlement},
	people::{operator, person},
	script::{Kind, Step},
};
use openledger_primitives::{
	merkle::{self, InclusionProof},
	statement::Statement,
	AccountId, Balance, Sequence, Signature,
};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::{Call, Nodes, PreviousKeys, RootKey, Roots};

/// A settled call, and what its node can have stated of it.
struct Case {
	node: AccountId,
	receipt_key: AccountId,
	statement: Statement,
	call: Served,
	last_sequence: Sequence,
	proof: InclusionProof,
}

/// Where the records of a settlement are kept, for each root of it that can be disputed.
fn disputable(settlement: &Settlement) -> impl Iterator<Item = &Vec<Served>> {
	let Settlement { voucher, node, .. } = settlement;
	let registered = Nodes::<Runtime>::contains_key(node);
	settlement.records.iter().filter(move |records| {
		let last = records.last().map_or(0, |call| call.record.sequence);
		let root = Roots::<Runtime>::get((voucher.session, voucher.lane, last));
		registered && root.is_some_and(|root| System::block_number() <= root.until)
	})
}

/// The key that a node signed with when it settled what has this root; now, if that is not kept.
pub fn key_of(node: &AccountId, root: RootKey) -> Option<AccountId> {
	let node_now = Nodes::<Runtime>::get(node)?;
	let settled_at = Roots::<Runtime>::get(root).map_or(u32::MAX, |root| root.at);
	let earlier = PreviousKeys::<Runtime>::get(node);
	let earlier = earlier.iter().rev().find(|previous| previous.since <= settled_at);
	match earlier {
		Some(previous) if settled_at < node_now.key_since => Some(previous.key.clone()),
		_ => Some(node_now.receipt_key),
	}
}

fn case(market: &Market, step: &Step) -> Option<Case> {
	let settled = &market.settled;
	let fit = (0..settled.len()).filter(|place| disputable(&settled[*place]).next().is_some());
	let place = step.pick(fit, 0..settled.len(), usize::MAX);
	let settlement = settled.get(place)?;
	let records = disputable(settlement).last().or(settlement.records.last())?;
	let index = step.place() % records.len();
	let call = records[index].clone();
	let node = settlement.node.clone();
	let (session, lane) = (settlement.voucher.session, settlement.voucher.lane);
	let statement = Statement::of(genesis_hash(), session, lane, &call.record, call.charge);
	let last_sequence = records.last()?.record.sequence;
	let receipt_key = key_of(&node, (session, lane, last_sequence));
	let receipt_key = receipt_key.unwrap_or_else(|| person(step.pick));
	let proof = merkle::prove(&leaves(records), index as u32)?;
	Some(Case { node, receipt_key, statement, call, last_sequence, proof })
}

/// A statement of a call that was never made.
fn of_nothing() -> Case {
	let call = Served {
		voucher: crate::metering::no_voucher(),
		record: openledger_primitives::record::CallRecord {
			sequence: 1,
			model: 0,
			version: 0,
			price_version: 0,
			input_tokens: 0,
			output_tokens: 0,
			request_hash: Default::default(),
			response_hash: Default::default(),
			attribution: Default::default(),
		},
		charge: 1,
	};
	let session = call.voucher.session;
	Case {
		node: operator(0u8),
		receipt_key: person(0u8),
		statement: Statement::of(genesis_hash(), session, 0, &call.record, call.charge),
		call,
		last_sequence: 1,
		proof: InclusionProof { path: Default::default(), leaves: 1, index: 0 },
	}
}

/// The call of a step that is about disputes.
pub fn deed(market: &Market, step: &Step) -> Option<Deed> {
	if !matches!(
		step.kind,
		Kind::ReportOvercharge | Kind::ReportMisreport | Kind::ReportEquivocation
	) {
		return None;
	}
	let found = case(market, step).unwrap_or_else(of_nothing);
	let Case { node, receipt_key, mut statement, call, last_sequence, proof } = found;
	let Served { record, mut charge, .. } = call;
	let honest = step.value.is_multiple_of(5);
	let sign = |statement: &Statement| -> Signature {
		match step.value {
			u16::MAX => sign(&person(step.pick), statement),
			_ => sign(&receipt_key, statement),
		}
	};
	let reporter = step.by(person(step.place()));
	if step.value == 1 {
		charge += 1;
	}
	match step.kind {
		Kind::ReportEquivocation => {
			let first = statement.clone();
			if !honest {
				statement.output_tokens += 1;
			}
			let call = Call::report_equivocation {
				operator: node,
				first_signature: sign(&first),
				first: Box::new(first),
				first_key: receipt_key.clone(),
				second_signature: sign(&statement),
				second: Box::new(statement),
				second_key: receipt_key.clone(),
			};
			Deed::by(reporter, call)
		}
		Kind::ReportOvercharge => {
			if !honest {
				statement.charge -= statement.charge / Balance::from(1 + step.value % 4);
			}
			let signature = sign(&statement);
			let call = Call::report_overcharge {
				statement: Box::new(statement),
				signature,
				receipt_key: receipt_key.clone(),
				last_sequence,
				record: Box::new(record),
				charge,
				proof,
			};
			Deed::by(reporter, call)
		}
		_ => {
			if !honest {
				statement.input_tokens += 1;
			}
			let signature = sign(&statement);
			let call = Call::report_misreport {
				statement: Box::new(statement),
				signature,
				receipt_key: receipt_key.clone(),
				last_sequence,
				record: Box::new(record),
				charge,
				proof,
			};
			Deed::by(reporter, call)
		}
	}
}

//! Nodes that contradict themselves about calls of lanes, and those who report them. And those who report nodes
//! that do not.

use crate::{
	common::{bounded, sign},
	disputes::key_of,
	lanes::{no_voucher, Proven},
	market::{Deed, Market},
	people::{operator, person},
	script::{Kind, Step},
};
use openledger_primitives::{
	lane::{CallRecord, SettledCall, SettledItem, Statement},
	price::Tokens,
	AccountId, Balance, Hash, Signature,
};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::{Call, Nodes, Roots};

/// Returns `true` if it can be disputed.
fn is_disputable(proven: &Proven) -> bool {
	let root = Roots::<Runtime>::get(proven.key);
	Nodes::<Runtime>::contains_key(&proven.node)
		&& root.is_some_and(|root| System::block_number() <= root.until)
}

/// A call that was never made.
fn of_nothing() -> Proven {
	let voucher = no_voucher();
	let record = CallRecord {
		sequence: 1,
		input_tokens: 0,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: 0,
		response_hash: Hash::zero(),
		attribution: Default::default(),
		extension: None,
	};
	let statement = Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: 1,
		tokens: Tokens::default(),
		charge: 1,
		request_hash: Hash::zero(),
		response_hash: Hash::zero(),
		attribution: Default::default(),
		extension: None,
	};
	let (parts, direct) = Default::default();
	Proven {
		node: operator(0u8),
		key: (voucher.session, voucher.lane, 1),
		item: SettledItem::Call(SettledCall { record, charge: 1, parts, direct }),
		index: 0,
		hashes: Vec::new(),
		statement,
	}
}

/// What the report says of what was settled.
struct Settled {
	last_sequence: u64,
	item: SettledItem,
	index: u32,
	hashes: Vec<Hash>,
}

impl Settled {
	/// As it was. Or, at times, as it was not.
	fn of(found: &Proven, value: u16) -> Self {
		let Proven { key: (_, _, last_sequence), item, index, hashes, .. } = found.clone();
		let mut settled = Self { last_sequence, item, index, hashes };
		match value {
			1 => match &mut settled.item {
				SettledItem::Call(call) => call.charge += 1,
				SettledItem::Run(run) => run.totals.charge += 1,
			},
			2 => settled.index += 1,
			3 => settled.hashes.push(Hash::zero()),
			4 => settled.last_sequence += 1,
			_ => (),
		}
		settled
	}
}

/// Something else than was stated, at no lower price.
fn otherwise(statement: &mut Statement, value: u16) {
	match value % 4 {
		0 => statement.tokens.input += 1,
		1 => statement.response_hash = Hash::zero(),
		2 => statement.agreement.as_of += 1,
		_ => statement.extension = Some(Hash::zero()),
	}
}

/// The call of a step that is about the reports of calls of lanes.
pub fn deed(market: &Market, step: &Step) -> Option<Deed> {
	let all = &market.proven;
	let fit = (0..all.len()).filter(|place| is_disputable(&all[*place]));
	// The newest first.
	let place = step.pick(fit.rev(), 0..all.len(), usize::MAX);
	let found = all.get(place).cloned().unwrap_or_else(of_nothing);
	let receipt_key = key_of(&found.node, found.key).unwrap_or_else(|| person(step.pick));
	let mut statement = found.statement.clone();
	let honest = step.value.is_multiple_of(5);
	let sign = |statement: &Statement| -> Signature {
		match step.value {
			u16::MAX => sign(&person(step.pick), statement),
			_ => sign(&receipt_key, statement),
		}
	};
	let settled = Settled::of(&found, step.value);
	let reporter: AccountId = step.by(person(step.place()));
	let call = match step.kind {
		Kind::ReportTwoStatements => {
			let first = statement.clone();
			if !honest {
				otherwise(&mut statement, step.value / 5);
			}
			if step.value == 6 {
				statement.sequence += 1;
			}
			Call::report_two_statements {
				operator: found.node.clone(),
				first_signature: sign(&first),
				first: Box::new(first.into()),
				first_key: receipt_key.clone(),
				second_signature: sign(&statement),
				second: Box::new(statement.into()),
				second_key: receipt_key.clone(),
			}
		}
		Kind::ReportOverchargedCall => {
			if !honest {
				let charge = found.item.charge();
				statement.charge = charge - charge / Balance::from(1 + step.value % 4);
			}
			Call::report_overcharged_call {
				signature: sign(&statement),
				statement: Box::new(statement.into()),
				receipt_key: receipt_key.clone(),
				last_sequence: settled.last_sequence,
				item: Box::new(settled.item),
				index: settled.index,
				hashes: bounded(settled.hashes),
			}
		}
		Kind::ReportMisreportedCall => {
			if !honest {
				statement.charge = found.item.charge();
				otherwise(&mut statement, step.value / 5);
			}
			Call::report_misreported_call {
				signature: sign(&statement),
				statement: Box::new(statement.into()),
				receipt_key: receipt_key.clone(),
				last_sequence: settled.last_sequence,
				item: Box::new(settled.item),
				index: settled.index,
				hashes: bounded(settled.hashes),
			}
		}
		_ => return None,
	};
	Deed::by(reporter, call)
}

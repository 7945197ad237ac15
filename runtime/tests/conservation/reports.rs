//! Nodes that contradict themselves about calls of lanes, and those who report them. And those who report nodes
//! that do not.

use crate::{
	common::{bounded, sign},
	lane_book::LaneBook,
	lanes::{no_voucher, Proven},
	market::{Deed, Market},
	people::{operator, person},
	script::{Kind, Step},
};
use openledger_primitives::{
	lane::{CallRecord, SettledCall, SettledItem, Statement},
	lane_list::LookupProof,
	price::Tokens,
	AccountId, Balance, Hash, Sequence, Signature,
};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::{Call, Nodes, PreviousKeys, RootKey, Roots};

/// Returns `true` if it can be disputed.
fn is_disputable(proven: &Proven) -> bool {
	let root = Roots::<Runtime>::get(proven.key);
	Nodes::<Runtime>::contains_key(&proven.node)
		&& root.is_some_and(|root| System::block_number() <= root.until)
}

/// The key that a node signed with when it settled what has this root; now, if that is not kept.
fn key_of(node: &AccountId, root: RootKey) -> Option<AccountId> {
	let node_now = Nodes::<Runtime>::get(node)?;
	let settled_at = Roots::<Runtime>::get(root).map_or(u32::MAX, |root| root.at);
	let earlier = PreviousKeys::<Runtime>::get(node);
	let earlier = earlier.iter().rev().find(|previous| previous.since <= settled_at);
	match earlier {
		Some(previous) if settled_at < node_now.key_since => Some(previous.key.clone()),
		_ => Some(node_now.receipt_key),
	}
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
		voucher_sequence: 1,
	}
}

/// The lane of what was settled, while its session is open.
fn lane_of<'a>(market: &'a Market, proven: &Proven) -> Option<&'a LaneBook> {
	let (session, lane, _) = proven.key;
	market.lanes.get(&(session, lane))
}

/// The settlements of the same lane that can be disputed, and whose vouchers acknowledge a call of that sequence:
/// their last sequences, and those of the vouchers.
fn lists<'a>(
	market: &'a Market,
	proven: &'a Proven,
) -> impl Iterator<Item = (Sequence, Sequence)> + 'a {
	let (session, lane, _) = proven.key;
	let of_lane = move |other: &&Proven| (other.key.0, other.key.1) == (session, lane);
	let acknowledges = move |other: &&Proven| {
		other.voucher_sequence > proven.item.last_sequence() && is_disputable(other)
	};
	let of_lane = market.proven.iter().filter(of_lane).filter(acknowledges);
	of_lane.map(|other| (other.key.2, other.voucher_sequence))
}

/// Returns `true` if a call was settled otherwise than its caller has acknowledged it.
fn is_unlisted(market: &Market, proven: &Proven) -> bool {
	let SettledItem::Call(call) = &proven.item else { return false };
	is_disputable(proven)
		&& lane_of(market, proven).is_some()
		&& proven.statement.record() != call.record
		&& call.charge <= proven.statement.charge
		&& lists(market, proven).next().is_some()
}

/// A list of no calls.
fn empty_list() -> LookupProof {
	let (peaks, hashes) = Default::default();
	LookupProof { count: 0, peaks, before: None, next: None, hashes }
}

/// The report that a call is not in the list of its lane as it was settled.
fn unlisted(market: &Market, step: &Step) -> Option<Deed> {
	let all = &market.proven;
	let fit = (0..all.len()).filter(|place| is_unlisted(market, &all[*place]));
	let place = step.pick(fit.rev(), 0..all.len(), usize::MAX);
	let found = all.get(place).cloned().unwrap_or_else(of_nothing);
	let sequence = found.item.last_sequence();
	let mut lists = lists(market, &found);
	let (listed_in, voucher) = lists.next().unwrap_or((found.key.2, found.voucher_sequence));
	let book = lane_of(market, &found);
	let lookup = book.and_then(|book| book.lookup(voucher, sequence));
	let mut lookup = lookup.unwrap_or_else(empty_list);
	let mut statement = book.and_then(|book| book.statement(sequence)).cloned();
	match step.value {
		5 => lookup.count += 1,
		9 => statement = None,
		_ => (),
	}
	let settled = Settled::of(&found, step.value);
	let (session, lane, _) = found.key;
	let call = Call::report_unlisted_call {
		session,
		lane,
		last_sequence: settled.last_sequence,
		item: Box::new(settled.item),
		index: settled.index,
		hashes: bounded(settled.hashes),
		listed_in,
		lookup: Box::new(lookup),
		statement: statement.map(|statement| Box::new(statement.into())),
	};
	Deed::by(step.by(person(step.place())), call)
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
	if step.kind == Kind::ReportUnlistedCall {
		return unlisted(market, step);
	}
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

//! A node's statements of the calls of a session, next to what the chain settled of them.
//!
//! The chain computes charges itself, and a voucher bounds them. What it cannot know is whether a
//! record is what the caller was told. A statement that the node has signed and a settled record
//! that contradicts it are proof against the node.

use std::collections::BTreeMap;

use openledger_chain_client::{AggregateSettled, CallSettled, SessionSettlements};
use openledger_payer_ledger::KeptStatement;
use openledger_primitives::{
	merkle, record::CallRecord, statement::Statement, Balance, BlockNumber, Hash, LaneId, Sequence,
};

/// The finding about a call, or about calls that were settled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
	/// It was settled as it was stated.
	Agrees,
	/// It was settled together with others: see [`Audit::aggregates`].
	Together,
	/// It was stated and not settled yet.
	Waits,
	/// It was stated, and later calls were settled without it: it will never be charged.
	NotCharged,
	/// It was settled for less than was stated.
	Undercharged,
	/// It was settled, and there is no statement of it here.
	Unstated,
	/// It was settled for more than was stated.
	Overcharged,
	/// It was settled for what was stated, but as another call than was stated.
	Differs,
	/// The node has signed two different statements of it.
	Equivocates,
}

impl Finding {
	/// Returns `true` if what the node has signed is proof against it.
	pub fn is_against_node(self) -> bool {
		matches!(self, Self::Overcharged | Self::Differs | Self::Equivocates)
	}
}

/// A call by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedCall {
	/// Its lane.
	pub lane: LaneId,
	/// Its sequence.
	pub sequence: Sequence,
	/// Its cost by the node's statement, in planck: the least, if it said several things.
	pub stated: Option<Balance>,
	/// The chain's charge for it by itself, in planck.
	pub settled: Option<Balance>,
	/// The block of its settlement.
	pub block: Option<BlockNumber>,
	/// The finding about it.
	pub finding: Finding,
	/// The fields in which the settled record is not what was stated.
	pub differences: Vec<&'static str>,
}

/// Calls that were settled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedAggregate {
	/// Their lane.
	pub lane: LaneId,
	/// The first sequence that the settlement is for.
	pub first_sequence: Sequence,
	/// The last one.
	pub last_sequence: Sequence,
	/// The block of the settlement.
	pub block: BlockNumber,
	/// The number of calls that were settled.
	pub calls: u64,
	/// The chain's charge for them, in planck.
	pub settled: Balance,
	/// The number of calls of these sequences that were stated.
	pub stated_calls: u64,
	/// Their cost by the node's statements, in planck.
	pub stated: Balance,
	/// The finding about them.
	pub finding: Finding,
}

/// A session's statements and settlements, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
	/// All calls that were stated, or settled by themselves, by lane and sequence.
	pub calls: Vec<AuditedCall>,
	/// All calls that were settled together, in the chain's order.
	pub aggregates: Vec<AuditedAggregate>,
}

type CallKey = (LaneId, Sequence);
/// The events of one settlement of an aggregate: there were several where a lane was used for
/// several versions or prices.
type Parts<'a> = Vec<&'a AggregateSettled>;

impl Audit {
	/// Compares what a node has signed of a session's calls with what was settled of the session.
	pub fn new(kept: &[KeptStatement], settlements: &SessionSettlements) -> Self {
		let mut statements: BTreeMap<CallKey, Vec<&Statement>> = BTreeMap::new();
		for kept in kept {
			let of_call = statements.entry(kept.call()).or_default();
			if !of_call.contains(&&kept.receipt.statement) {
				of_call.push(&kept.receipt.statement);
			}
		}
		let aggregates = aggregates(settlements);
		let mut ends: BTreeMap<LaneId, Sequence> = BTreeMap::new();
		let settled = settlements.calls.iter().map(|(_, call)| (call.lane, call.sequence));
		for (lane, sequence) in
			settled.chain(aggregates.keys().map(|(lane, _, last)| (*lane, *last)))
		{
			let end = ends.entry(lane).or_default();
			*end = sequence.max(*end);
		}

		let mut calls: BTreeMap<CallKey, AuditedCall> = BTreeMap::new();
		for (block, call) in &settlements.calls {
			let place = (call.lane, call.sequence);
			let stated = statements.get(&place).map(Vec::as_slice).unwrap_or_default();
			calls.insert(place, settled_call(call, block.number, stated));
		}
		for (place, stated) in &statements {
			let (lane, sequence) = *place;
			let together = aggregates
				.keys()
				.any(|(of, first, last)| *of == lane && (*first..=*last).contains(&sequence));
			let passed = ends.get(&lane).is_some_and(|end| sequence <= *end);
			let finding = match stated.as_slice() {
				[_, _, ..] => Finding::Equivocates,
				_ if together => Finding::Together,
				_ if passed => Finding::NotCharged,
				_ => Finding::Waits,
			};
			calls.entry(*place).or_insert_with(|| AuditedCall {
				lane,
				sequence,
				stated: least(stated),
				settled: None,
				block: None,
				finding,
				differences: Vec::new(),
			});
		}
		let aggregates = aggregates
			.into_iter()
			.map(|((lane, first, last), (block, parts))| {
				let range = statements.range((lane, first)..=(lane, last));
				let stated: Vec<_> = range.map(|(_, stated)| stated.as_slice()).collect();
				settled_together(lane, (first, last), block, &parts, &stated)
			})
			.collect();
		Self { calls: calls.into_values().collect(), aggregates }
	}

	/// The amount that the node has charged beyond its statements, in planck.
	pub fn overcharged(&self) -> Balance {
		let calls = self.calls.iter().filter_map(|call| Some((call.settled?, call.stated?)));
		let aggregates = self.aggregates.iter().filter(|sum| sum.finding == Finding::Overcharged);
		let aggregates = aggregates.map(|sum| (sum.settled, sum.stated));
		calls.chain(aggregates).fold(0, |sum: Balance, (settled, stated)| {
			sum.saturating_add(settled.saturating_sub(stated))
		})
	}

	/// Returns `true` if anything that the node has signed is proof against it.
	pub fn is_against_node(&self) -> bool {
		self.calls.iter().any(|call| call.finding.is_against_node())
			|| self.aggregates.iter().any(|sum| sum.finding.is_against_node())
	}
}

/// The settlements of aggregates, by lane, first and last sequence.
fn aggregates(
	settlements: &SessionSettlements,
) -> BTreeMap<(LaneId, Sequence, Sequence), (BlockNumber, Parts<'_>)> {
	let mut found: BTreeMap<_, (BlockNumber, Parts<'_>)> = BTreeMap::new();
	for (block, sum) in &settlements.aggregates {
		let key = (sum.lane, sum.first_sequence, sum.last_sequence);
		found.entry(key).or_insert((block.number, Vec::new())).1.push(sum);
	}
	found
}

/// The least that a call is stated to cost.
fn least(stated: &[&Statement]) -> Option<Balance> {
	stated.iter().map(|statement| statement.charge).min()
}

fn settled_call(call: &CallSettled, block: BlockNumber, stated: &[&Statement]) -> AuditedCall {
	let differences = stated.first().map(|statement| differences(call, statement));
	let differences = differences.unwrap_or_default();
	let charge = least(stated);
	let finding = match (stated, charge) {
		([_, _, ..], _) => Finding::Equivocates,
		(_, None) => Finding::Unstated,
		(_, Some(charge)) if call.charge > charge => Finding::Overcharged,
		(_, Some(charge)) if call.charge < charge => Finding::Undercharged,
		_ if differences.is_empty() => Finding::Agrees,
		_ => Finding::Differs,
	};
	AuditedCall {
		lane: call.lane,
		sequence: call.sequence,
		stated: charge,
		settled: Some(call.charge),
		block: Some(block),
		finding,
		differences,
	}
}

/// The fields in which a settled record is not what was stated, other than its charge.
fn differences(call: &CallSettled, statement: &Statement) -> Vec<&'static str> {
	let compared = [
		("model", call.model == statement.model),
		("version", call.version == statement.version),
		("price version", call.price_version == statement.price_version),
		("input tokens", call.input_tokens == statement.input_tokens),
		("output tokens", call.output_tokens == statement.output_tokens),
		("request", call.request_hash == statement.request_hash),
		("answer", call.response_hash == statement.response_hash),
	];
	compared.into_iter().filter_map(|(what, same)| (!same).then_some(what)).collect()
}

fn settled_together(
	lane: LaneId,
	(first_sequence, last_sequence): (Sequence, Sequence),
	block: BlockNumber,
	parts: &[&AggregateSettled],
	stated: &[&[&Statement]],
) -> AuditedAggregate {
	let calls = parts.iter().fold(0u64, |sum, part| sum.saturating_add(part.calls.into()));
	let settled = parts.iter().fold(0, |sum: Balance, part| sum.saturating_add(part.charge));
	let stated_calls = u64::try_from(stated.len()).unwrap_or(u64::MAX);
	let charges = stated.iter().filter_map(|stated| least(stated));
	let charge = charges.fold(0, Balance::saturating_add);
	let finding = if stated_calls < calls {
		Finding::Unstated
	} else if settled > charge {
		Finding::Overcharged
	} else if settled < charge {
		Finding::Undercharged
	} else if parts.iter().all(|part| part.root == root(stated)) && terms_fit(parts, stated) {
		Finding::Agrees
	} else {
		Finding::Differs
	};
	AuditedAggregate {
		lane,
		first_sequence,
		last_sequence,
		block,
		calls,
		settled,
		stated_calls,
		stated: charge,
		finding,
	}
}

/// Returns `true` if each call was settled at the terms that were stated.
fn terms_fit(parts: &[&AggregateSettled], stated: &[&[&Statement]]) -> bool {
	stated.iter().filter_map(|stated| stated.first()).all(|call| {
		parts.iter().any(|part| {
			(part.model, part.version, part.price_version)
				== (call.model, call.version, call.price_version)
		})
	})
}

/// The Merkle root over the records as they were stated.
fn root(stated: &[&[&Statement]]) -> Hash {
	let statements = stated.iter().filter_map(|stated| stated.first());
	merkle::root(statements.map(|statement| merkle::leaf(&record(statement), statement.charge)))
}

/// The record that a statement is of.
fn record(statement: &Statement) -> CallRecord {
	CallRecord {
		sequence: statement.sequence,
		model: statement.model,
		version: statement.version,
		price_version: statement.price_version,
		input_tokens: statement.input_tokens,
		output_tokens: statement.output_tokens,
		request_hash: statement.request_hash,
		response_hash: statement.response_hash,
		attribution: statement.attribution.clone(),
	}
}

#[cfg(test)]
mod tests;

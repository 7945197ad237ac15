//! A node's statements of the calls of a session, next to what the chain settled of them.
//!
//! The chain computes charges itself, and a voucher bounds them. What it cannot know is whether a
//! record is what the caller was told. A statement that the node has signed and a settled call
//! that contradicts it are proof against the node, and so are two statements of one call, and a settled call
//! that is not in the list which the caller has acknowledged since: see [`Report`].
//! Calls that were settled by their sums are in a list that the caller has acknowledged itself; they are
//! compared with the statements all the same.

mod list;
mod report;

pub use self::{
	list::NotListed,
	report::{Report, SettledProof, SettledReport, TwoStatements, UnlistedReport},
};

use std::{collections::BTreeMap, ops::RangeInclusive};

use openledger_chain_client::{SessionSettlements, Settlement};
use openledger_payer_ledger::KeptStatement;
use openledger_primitives::{
	lane::{Agreement, SettledCall, SettledItem, SettledRun, Statement},
	lane_list::Totals,
	Balance, BlockNumber, LaneId, Sequence,
};

use self::list::KeptList;

/// The finding about a call, or about calls that were settled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
	/// It was settled as it was stated.
	Agrees,
	/// It was settled together with others: see [`Audit::runs`].
	Together,
	/// It was stated and not settled yet.
	Waits,
	/// It was stated, and later calls were settled without it: it will never be charged.
	NotCharged,
	/// It was settled for less than was stated.
	Undercharged,
	/// It was settled, and there is no statement of it here.
	Unstated,
	/// It was settled, and there was no such call: the caller has statements of all that it has acknowledged since,
	/// and it is not among them.
	Unlisted,
	/// It was settled for more than was stated.
	Overcharged,
	/// It was settled for what was stated, but as another call than was stated.
	Differs,
	/// The node has signed two different statements of it.
	Equivocates,
}

impl Finding {
	/// Returns `true` if there is proof against the node.
	pub fn is_against_node(self) -> bool {
		matches!(self, Self::Overcharged | Self::Differs | Self::Equivocates | Self::Unlisted)
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
	/// What can be reported to the chain because of it.
	pub reports: Vec<Report>,
}

/// Calls that were settled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedRun {
	/// Their lane.
	pub lane: LaneId,
	/// The sequence of the first of them.
	pub first_sequence: Sequence,
	/// The sequence of the last one.
	pub last_sequence: Sequence,
	/// The block of the settlement.
	pub block: BlockNumber,
	/// The number of calls that were settled.
	pub calls: u32,
	/// The chain's charge for them, in planck.
	pub settled: Balance,
	/// The number of calls of these sequences that were stated.
	pub stated_calls: u32,
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
	pub runs: Vec<AuditedRun>,
}

type CallKey = (LaneId, Sequence);
/// The statements of each call, without those that say the same.
type Stated<'a> = BTreeMap<CallKey, Vec<&'a KeptStatement>>;

impl Audit {
	/// Compares what a node has signed of a session's calls with what was settled of the session.
	pub fn new(kept: &[KeptStatement], settlements: &SessionSettlements) -> Self {
		let mut statements = Stated::new();
		for kept in kept {
			let of_call = statements.entry(kept.call()).or_default();
			let is_known = |known: &&KeptStatement| said(known) == said(kept);
			if !of_call.iter().any(is_known) {
				of_call.push(kept);
			}
		}
		let mut ends: BTreeMap<LaneId, Sequence> = BTreeMap::new();
		let mut lists: BTreeMap<LaneId, KeptList> = BTreeMap::new();
		let all = || settlements.lanes.iter().map(|(_, settlement)| settlement);
		let (mut calls, mut runs) = (BTreeMap::new(), Vec::new());
		for (block, settlement) in &settlements.lanes {
			let (lane, number) = (settlement.header.lane, block.number);
			let end = ends.entry(lane).or_default();
			*end = settlement.header.sequence.max(*end);
			for (index, item) in (0..).zip(&settlement.items) {
				match item {
					SettledItem::Call(call) => {
						let place = (lane, call.record.sequence);
						let stated = statements.get(&place).map(Vec::as_slice).unwrap_or_default();
						let mut audited = settled_call(settlement, index, call, number, stated);
						if audited.finding == Finding::Unstated {
							let list = lists.entry(lane);
							let list =
								list.or_insert_with(|| KeptList::of(lane, &statements, all()));
							if let Some(denied) = list.denies(call.record.sequence) {
								audited.finding = Finding::Unlisted;
								audited.reports.extend(Report::unlisted(settlement, index, denied));
							}
						}
						calls.insert(place, audited);
					}
					SettledItem::Run(run) => {
						let agreement = &settlement.header.agreement;
						runs.push(settled_run(lane, agreement, run, number, &statements));
					}
				}
			}
		}
		for (place, stated) in &statements {
			let (lane, sequence) = *place;
			let together = runs.iter().any(|run| {
				let sequences = run.first_sequence..=run.last_sequence;
				run.lane == lane && sequences.contains(&sequence)
			});
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
				reports: Report::of_two(stated).into_iter().collect(),
			});
		}
		Self { calls: calls.into_values().collect(), runs }
	}

	/// The amount that the node has charged beyond its statements, in planck.
	pub fn overcharged(&self) -> Balance {
		let calls = self.calls.iter().filter_map(|call| Some((call.settled?, call.stated?)));
		let runs = self.runs.iter().filter(|run| run.finding == Finding::Overcharged);
		let runs = runs.map(|run| (run.settled, run.stated));
		calls.chain(runs).fold(0, |sum: Balance, (settled, stated)| {
			sum.saturating_add(settled.saturating_sub(stated))
		})
	}

	/// Returns `true` if anything of it is proof against the node.
	pub fn is_against_node(&self) -> bool {
		self.calls.iter().any(|call| call.finding.is_against_node())
			|| self.runs.iter().any(|run| run.finding.is_against_node())
	}

	/// What can be reported to the chain, call by call.
	pub fn reports(&self) -> impl Iterator<Item = (&AuditedCall, &Report)> {
		self.calls.iter().flat_map(|call| call.reports.iter().map(move |report| (call, report)))
	}
}

/// The content of a statement.
fn said(kept: &KeptStatement) -> &Statement {
	kept.receipt.statement.newest()
}

/// The least that a call is stated to cost.
fn least(stated: &[&KeptStatement]) -> Option<Balance> {
	stated.iter().map(|kept| said(kept).charge).min()
}

/// The calls of a lane that are in its list, as they are stated: what was not acknowledged is in none.
fn acknowledged<'a>(
	statements: &'a Stated<'_>,
	lane: LaneId,
	sequences: RangeInclusive<Sequence>,
) -> impl Iterator<Item = &'a KeptStatement> {
	let range = statements.range((lane, *sequences.start())..=(lane, *sequences.end()));
	range.filter_map(|(_, stated)| stated.iter().copied().find(|kept| kept.rejected.is_none()))
}

fn settled_call(
	settlement: &Settlement,
	index: u32,
	call: &SettledCall,
	block: BlockNumber,
	stated: &[&KeptStatement],
) -> AuditedCall {
	let header = &settlement.header;
	let cheapest = stated.iter().copied().min_by_key(|kept| said(kept).charge);
	let differences = cheapest.map(|kept| differences(&header.agreement, call, said(kept)));
	let differences = differences.unwrap_or_default();
	let charge = cheapest.map(|kept| said(kept).charge);
	let finding = match (stated, charge) {
		([_, _, ..], _) => Finding::Equivocates,
		(_, None) => Finding::Unstated,
		(_, Some(charge)) if call.charge > charge => Finding::Overcharged,
		(_, Some(charge)) if call.charge < charge => Finding::Undercharged,
		_ if differences.is_empty() => Finding::Agrees,
		_ => Finding::Differs,
	};
	// A node that settles less than it has stated for a call is left alone.
	let is_wrong = charge.is_some_and(|charge| {
		call.charge > charge || call.charge == charge && !differences.is_empty()
	});
	let against = cheapest.filter(|_| is_wrong);
	let report = against.and_then(|kept| Report::of_settled(settlement, index, call, kept));
	AuditedCall {
		lane: header.lane,
		sequence: call.record.sequence,
		stated: charge,
		settled: Some(call.charge),
		block: Some(block),
		finding,
		differences,
		reports: report.into_iter().chain(Report::of_two(stated)).collect(),
	}
}

/// The fields in which a settled record is not what was stated, other than its charge. The answer's hash is
/// also over the request's.
fn differences(
	agreement: &Agreement,
	call: &SettledCall,
	statement: &Statement,
) -> Vec<&'static str> {
	let (record, stated) = (&call.record, &statement.agreement);
	let (settled, tokens) = (record.tokens(), &statement.tokens);
	let compared = [
		("model", agreement.model == stated.model),
		("version", agreement.version == stated.version),
		("price version", agreement.price_version == stated.price_version),
		("block that it is paid as of", agreement.as_of == stated.as_of),
		("permission to show it", agreement.evidence == stated.evidence),
		("price of the node's own", agreement.own_price == stated.own_price),
		("number of input tokens", settled.input == tokens.input),
		("number of cached tokens", settled.cached == tokens.cached),
		("number of retrieved tokens", settled.retrieved == tokens.retrieved),
		("number of output tokens", settled.output == tokens.output),
		("answer", record.response_hash == statement.response_hash),
		("attribution", record.attribution == statement.attribution),
		("extension", record.extension == statement.extension),
	];
	compared.into_iter().filter_map(|(what, same)| (!same).then_some(what)).collect()
}

fn settled_run(
	lane: LaneId,
	agreement: &Agreement,
	run: &SettledRun,
	block: BlockNumber,
	statements: &Stated<'_>,
) -> AuditedRun {
	let SettledRun { first_sequence, last_sequence, totals, .. } = *run;
	let acknowledged = acknowledged(statements, lane, first_sequence..=last_sequence);
	let acknowledged: Vec<_> = acknowledged.map(said).collect();
	let sum = acknowledged
		.iter()
		.try_fold(Totals::default(), |sum, statement| sum.checked_add(&statement.totals()));
	let sum = sum.unwrap_or_default();
	let is_same = || {
		let agreed = acknowledged.iter().all(|statement| statement.agreement == *agreement);
		agreed && sum == totals
	};
	let finding = if sum.calls < totals.calls {
		Finding::Unstated
	} else if totals.charge > sum.charge {
		Finding::Overcharged
	} else if totals.charge < sum.charge {
		Finding::Undercharged
	} else if is_same() {
		Finding::Agrees
	} else {
		Finding::Differs
	};
	AuditedRun {
		lane,
		first_sequence,
		last_sequence,
		block,
		calls: totals.calls,
		settled: totals.charge,
		stated_calls: sum.calls,
		stated: sum.charge,
		finding,
	}
}

#[cfg(test)]
mod tests;

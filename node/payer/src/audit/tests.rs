use super::*;
use codec::Encode;
use openledger_chain_client::Block;
use openledger_primitives::{
	answer::Evidence,
	lane::{SettledLane, VersionedStatement},
	lane_list::LaneList,
	price::Tokens,
	tree, AccountId, Hash, SessionId,
};
use openledger_protocol::x402::Receipt;
use openledger_testkit::{key, response, voucher, PRICE};
use serde_json::{json, Value};

const SESSION: SessionId = 7;
const LANE: LaneId = 2;

fn agreement() -> Agreement {
	Agreement {
		model: 3,
		version: 4,
		price_version: 5,
		as_of: 11,
		evidence: Evidence::Open,
		own_price: None,
	}
}

/// The statement of a call, signed.
fn kept(change: impl FnOnce(&mut Statement)) -> KeptStatement {
	let mut statement = Statement {
		genesis_hash: Hash::repeat_byte(1),
		session: SESSION,
		lane: LANE,
		agreement: agreement(),
		sequence: 1,
		tokens: Tokens::new(6, 7),
		charge: 100,
		request_hash: Hash::repeat_byte(8),
		response_hash: Hash::repeat_byte(9),
		attribution: Default::default(),
		extension: None,
	};
	change(&mut statement);
	let node = key("//Bob");
	let signature = node.sign_message(&statement);
	let header = response(&voucher(b"", 0), &[0; 32], b"", b"").header;
	KeptStatement {
		node: node.account(),
		receipt_key: key("//Bob//receipts").account(),
		salt: Some(Hash::repeat_byte(10)),
		receipt: Receipt { statement: statement.into(), signature, header },
		rejected: None,
	}
}

fn statement(sequence: Sequence, charge: Balance) -> KeptStatement {
	kept(|statement| (statement.sequence, statement.charge) = (sequence, charge))
}

fn block(number: BlockNumber) -> Block {
	Block { number, hash: Hash::repeat_byte(3) }
}

/// A call that was settled as it was stated.
fn settled(kept: &KeptStatement) -> SettledCall {
	let statement = said(kept);
	let record = statement.record();
	let (parts, direct) = Default::default();
	SettledCall { record, charge: statement.charge, parts, direct }
}

/// The list of these calls.
fn list_of(kept: &[KeptStatement]) -> LaneList {
	let mut list = LaneList::default();
	for kept in kept {
		let statement = said(kept);
		let hash = VersionedStatement::from(statement.clone()).hash();
		list.append(statement.sequence, hash, &statement.totals()).unwrap();
	}
	list
}

/// Calls that were settled together, as they were stated.
fn together(kept: &[KeptStatement]) -> SettledRun {
	let list = list_of(kept);
	SettledRun {
		first_sequence: kept[0].call().1,
		last_sequence: kept[kept.len() - 1].call().1,
		count: list.count(),
		acknowledged_root: list.root(),
		totals: list.totals(),
		parts: Default::default(),
	}
}

/// One settlement of the lane.
fn settlement(items: Vec<SettledItem>) -> Settlement {
	let account = AccountId::new([1; 32]);
	let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
	let header = SettledLane {
		session: SESSION,
		lane: LANE,
		caller: account.clone(),
		node: account.clone(),
		node_payee: account.clone(),
		agreement: agreement(),
		developer_payee: account,
		price: PRICE,
		policy: openledger_testkit::model().policy,
		protocol_share: Default::default(),
		lineage: Default::default(),
		sources: Default::default(),
		pools: Default::default(),
		sequence: items.last().map_or(0, SettledItem::last_sequence),
		voucher_sequence: items.last().map_or(0, SettledItem::last_sequence),
		acknowledged_root: Hash::zero(),
		items: u32::try_from(items.len()).unwrap(),
		rejected: 0,
		charged: items.iter().map(SettledItem::charge).sum(),
		root: tree::root(&leaves).unwrap(),
	};
	Settlement { header, items, rejected: vec![] }
}

fn settled_in(blocks: Vec<(BlockNumber, Vec<SettledItem>)>) -> SessionSettlements {
	let lanes = blocks.into_iter().map(|(at, items)| (block(at), settlement(items)));
	SessionSettlements { lanes: lanes.collect(), ..SessionSettlements::default() }
}

fn calls(calls: impl IntoIterator<Item = SettledCall>) -> SessionSettlements {
	settled_in(vec![(20, calls.into_iter().map(SettledItem::Call).collect())])
}

fn findings(audit: &Audit) -> Vec<(Sequence, Finding)> {
	audit.calls.iter().map(|call| (call.sequence, call.finding)).collect()
}

/// What the chain would do with a report of a settled call: the call stands behind the settlement's root.
fn stands(settled: &SettledProof, settlements: &SessionSettlements) -> bool {
	settlements.lanes.iter().any(|(_, settlement)| {
		let Settlement { header, items, .. } = settlement;
		let count = u32::try_from(items.len()).unwrap();
		let leaf = (settled.index, settled.item.leaf());
		header.sequence == settled.last_sequence
			&& tree::root_from(count, &[leaf], &settled.hashes) == Some(header.root)
	})
}

#[test]
fn honest_nodes_settle_what_they_state() {
	let kept: Vec<_> = (1..=4).map(|sequence| statement(sequence, 100)).collect();
	// The second one was forgotten, and the last one waits.
	let settlements = calls([settled(&kept[0]), settled(&kept[2])]);
	let audit = Audit::new(&kept, &settlements);
	let expected =
		[(1, Finding::Agrees), (2, Finding::NotCharged), (3, Finding::Agrees), (4, Finding::Waits)];
	assert_eq!(findings(&audit), expected);
	assert_eq!((audit.calls[0].stated, audit.calls[0].settled), (Some(100), Some(100)));
	assert_eq!((audit.calls[0].block, audit.calls[3].block), (Some(20), None));
	assert!(!audit.is_against_node() && audit.reports().next().is_none());
	assert_eq!((audit.overcharged(), settlements.charged()), (0, 200));
}

#[test]
fn more_than_was_stated_is_found_and_can_be_reported() {
	let kept: Vec<_> = (1..=3).map(|sequence| statement(sequence, 100)).collect();
	let (mut cheap, mut dear) = (settled(&kept[0]), settled(&kept[1]));
	cheap.charge -= 10;
	dear.charge += 30;
	dear.record.output_tokens += 3;
	let settlements = calls([cheap, dear, settled(&kept[2])]);
	let audit = Audit::new(&kept, &settlements);
	let expected = [(1, Finding::Undercharged), (2, Finding::Overcharged), (3, Finding::Agrees)];
	assert_eq!(findings(&audit), expected);
	assert_eq!(audit.calls[1].differences, ["number of output tokens"]);
	assert_eq!(audit.overcharged(), 30, "what was too cheap does not make up for it");
	assert!(audit.is_against_node());
	let reports: Vec<_> = audit.reports().collect();
	let [(call, report)] = reports.as_slice() else { panic!("{reports:?}") };
	let Report::Overcharged(settled) = report else { panic!("{report:?}") };
	assert_eq!((call.sequence, settled.settled.index, settled.settled.last_sequence), (2, 1, 3));
	assert!(stands(&settled.settled, &settlements));
	assert_eq!(settled.receipt, kept[1].receipt);
	let json = report.to_json(Hash::repeat_byte(1));
	let arguments = &json["transaction"]["arguments"];
	assert_eq!(json["transaction"]["call"], "report_overcharged_call");
	assert_eq!(arguments["last_sequence"], 3);
	assert!(arguments["statement"].as_str().unwrap().starts_with("0x02"), "{json}");
	assert!(arguments["item"].as_str().unwrap().starts_with("0x02"), "{json}");
	assert_eq!(arguments["hashes"].as_array().unwrap().len(), settled.settled.hashes.len());
}

#[test]
fn another_call_for_the_same_price_is_found_and_can_be_reported() {
	let as_stated = statement(1, 100);
	let stated: [(fn(&mut Statement), &str); 6] = [
		(|statement| statement.agreement.model += 1, "model"),
		(|statement| statement.agreement.version += 1, "version"),
		(|statement| statement.agreement.price_version += 1, "price version"),
		(|statement| statement.agreement.as_of += 1, "block that it is paid as of"),
		(|statement| statement.agreement.evidence = Evidence::Sealed, "permission to show it"),
		(|statement| statement.agreement.own_price = Some(PRICE), "price of the node's own"),
	];
	let changes: [(fn(&mut SettledCall), &str); 5] = [
		(|call| call.record.input_tokens += 1, "number of input tokens"),
		(|call| call.record.cached_tokens += 1, "number of cached tokens"),
		(|call| call.record.retrieved_tokens += 1, "number of retrieved tokens"),
		(|call| call.record.response_hash = Hash::zero(), "answer"),
		(|call| call.record.extension = Some(Hash::zero()), "extension"),
	];
	let stated = stated.into_iter().map(|(change, what)| (kept(change), settled(&as_stated), what));
	let changed = changes.into_iter().map(|(change, what)| {
		let mut call = settled(&as_stated);
		change(&mut call);
		(as_stated.clone(), call, what)
	});
	for (kept, call, difference) in stated.chain(changed) {
		let settlements = calls([call]);
		let audit = Audit::new(&[kept], &settlements);
		assert_eq!(findings(&audit), [(1, Finding::Differs)]);
		assert_eq!(audit.calls[0].differences, [difference]);
		assert!(audit.is_against_node());
		let [Report::Misreported(report)] = audit.calls[0].reports.as_slice() else {
			panic!("{audit:?}")
		};
		assert!(stands(&report.settled, &settlements));
	}
}

#[test]
fn what_was_not_stated_is_named_but_proves_nothing() {
	let audit = Audit::new(&[], &calls([settled(&statement(5, 100))]));
	assert_eq!(findings(&audit), [(5, Finding::Unstated)]);
	assert_eq!((audit.overcharged(), audit.is_against_node()), (0, false));
	assert!(audit.reports().next().is_none());
}

/// A settlement of these calls, by the voucher with this sequence, which acknowledges a list of others.
fn acknowledging(
	listed: &[KeptStatement],
	voucher_sequence: Sequence,
	of: impl IntoIterator<Item = SettledCall>,
) -> (Block, Settlement) {
	let Settlement { header, items, rejected } =
		settlement(of.into_iter().map(SettledItem::Call).collect());
	let acknowledged_root = list_of(listed).root();
	let header = SettledLane { voucher_sequence, acknowledged_root, ..header };
	(block(20), Settlement { header, items, rejected })
}

#[test]
fn a_call_that_there_was_not_is_found_and_can_be_reported() {
	let kept: Vec<_> =
		[1, 2, 3, 5, 6].into_iter().map(|sequence| statement(sequence, 100)).collect();
	let made_up = settled(&statement(4, 100));
	let [first, second, third, fifth, sixth] = [0, 1, 2, 3, 4].map(|at| settled(&kept[at]));
	let before = [first, second, third];
	let of = |lanes: Vec<(Block, Settlement)>| SessionSettlements { lanes, ..Default::default() };
	// In the place of a call between others, or as the voucher's own, of which a later voucher tells.
	let between = of(vec![acknowledging(
		&kept[..4],
		6,
		before.clone().into_iter().chain([made_up.clone(), fifth.clone()]),
	)]);
	let own = of(vec![
		acknowledging(&kept[..3], 4, before.clone().into_iter().chain([made_up.clone()])),
		acknowledging(&kept[..3], 5, [fifth]),
		acknowledging(&kept[..4], 6, [sixth]),
	]);
	for (settlements, last_sequence) in [(&between, 5), (&own, 4)] {
		let audit = Audit::new(&kept, settlements);
		let [(call, Report::Unlisted(report))] = audit.reports().collect::<Vec<_>>()[..] else {
			panic!("{audit:?}")
		};
		assert_eq!((call.sequence, call.finding), (4, Finding::Unlisted));
		assert_eq!((call.stated, call.settled), (None, Some(100)));
		assert!(audit.is_against_node());
		assert_eq!((report.session, report.lane), (SESSION, LANE));
		assert_eq!(report.settled.last_sequence, last_sequence);
		assert!(stands(&report.settled, settlements));
		let NotListed { listed_in, lookup } = &report.list;
		assert_eq!(*listed_in, 5);
		let by = settlements.lanes.iter().find(|(_, by)| by.header.sequence == *listed_in);
		let header = &by.unwrap().1.header;
		assert!(header.voucher_sequence > call.sequence);
		assert_eq!(lookup.verify(call.sequence, &header.acknowledged_root), Ok(None));
		let json = audit.calls[3].reports[0].to_json(Hash::repeat_byte(1));
		let arguments = &json["transaction"]["arguments"];
		assert_eq!(json["kind"], "report_unlisted_call");
		assert_eq!((&arguments["listed_in"], &arguments["statement"]), (&json!(5), &Value::Null));
		assert_eq!(arguments["lookup"], format!("0x{}", hex::encode(lookup.encode())));
	}
}

#[test]
fn a_call_of_which_nothing_is_kept_is_no_call_that_there_was_not() {
	let all: Vec<_> = (1..=5).map(|sequence| statement(sequence, 100)).collect();
	let by = |listed: &[KeptStatement], voucher| SessionSettlements {
		lanes: vec![acknowledging(listed, voucher, all.iter().map(settled))],
		..Default::default()
	};
	let without = |sequences: &[Sequence]| -> Vec<_> {
		all.iter().filter(|kept| !sequences.contains(&kept.call().1)).cloned().collect()
	};
	// The list has it, or another one that is not kept either, or it is the voucher's own.
	for (listed, kept, voucher) in [
		(&all[..], without(&[4]), 6),
		(&without(&[4]), without(&[2, 4]), 6),
		(&all[..4], without(&[5]), 5),
		(&[], without(&[1]), 0),
	] {
		let audit = Audit::new(&kept, &by(listed, voucher));
		assert!(audit.calls.iter().any(|call| call.finding == Finding::Unstated), "{audit:?}");
		assert!(!audit.is_against_node() && audit.reports().next().is_none(), "{audit:?}");
	}
}

#[test]
fn two_statements_of_one_call_are_found_and_can_be_reported() {
	let kept = [statement(1, 100), statement(1, 90), statement(2, 5), statement(2, 6)];
	let settlements = calls([settled(&kept[0])]);
	let audit = Audit::new(&kept, &settlements);
	assert_eq!(findings(&audit), [(1, Finding::Equivocates), (2, Finding::Equivocates)]);
	assert_eq!(audit.calls[0].stated, Some(90));
	assert_eq!(audit.overcharged(), 10);
	// The settled one is too dear by the other statement as well.
	let [Report::Overcharged(settled), Report::TwoStatements(two)] =
		audit.calls[0].reports.as_slice()
	else {
		panic!("{audit:?}")
	};
	assert!(stands(&settled.settled, &settlements));
	assert_eq!(said_of(&settled.receipt), said(&kept[1]));
	let charges = two.statements.iter().map(|(receipt, _)| said_of(receipt).charge);
	assert_eq!(charges.collect::<Vec<_>>(), [100, 90]);
	let json = audit.calls[1].reports[0].to_json(Hash::repeat_byte(1));
	let arguments = json["transaction"]["arguments"].as_object().unwrap();
	assert_eq!(json["kind"], "report_two_statements");
	assert_eq!(arguments.len(), 7);
	assert_ne!(arguments["first"], arguments["second"]);
	// The same one twice, signed anew, is one.
	let again = [statement(1, 100), statement(1, 100)];
	let audit = Audit::new(&again, &settlements);
	assert_eq!(findings(&audit), [(1, Finding::Agrees)]);
	assert!(audit.reports().next().is_none());
}

fn said_of(receipt: &Receipt) -> &Statement {
	receipt.statement.newest()
}

#[test]
fn runs_are_compared_as_a_whole() {
	let kept: Vec<_> = (1..=4).map(|sequence| statement(sequence, 100)).collect();
	let audit_with = |change: fn(&mut SettledRun), kept: &[KeptStatement]| {
		let mut run = together(&[statement(1, 100), statement(2, 100), statement(3, 100)]);
		change(&mut run);
		let last = SettledItem::Call(settled(&statement(4, 100)));
		Audit::new(kept, &settled_in(vec![(30, vec![SettledItem::Run(run)]), (31, vec![last])]))
	};
	let honest = audit_with(|_| {}, &kept);
	let expected = [
		(1, Finding::Together),
		(2, Finding::Together),
		(3, Finding::Together),
		(4, Finding::Agrees),
	];
	assert_eq!(findings(&honest), expected);
	let [run] = honest.runs.as_slice() else { panic!("{honest:?}") };
	assert_eq!((run.first_sequence, run.last_sequence, run.block), (1, 3, 30));
	assert_eq!((run.calls, run.settled, run.stated_calls, run.stated), (3, 300, 3, 300));
	assert_eq!(run.finding, Finding::Agrees);
	assert!(!honest.is_against_node());

	let dear = audit_with(|run| run.totals.charge += 1, &kept);
	assert_eq!(dear.runs[0].finding, Finding::Overcharged);
	assert_eq!((dear.overcharged(), dear.is_against_node()), (1, true));
	let cheap = audit_with(|run| run.totals.charge -= 1, &kept);
	assert_eq!(cheap.runs[0].finding, Finding::Undercharged);
	let other = audit_with(|run| run.totals.output_tokens += 1, &kept);
	assert_eq!(other.runs[0].finding, Finding::Differs);
	assert!(other.is_against_node());
	// Without all statements there is nothing to compare with, and those that were not acknowledged are none.
	let unknown = audit_with(|run| run.totals.charge += 1, &kept[1..]);
	assert_eq!(unknown.runs[0].finding, Finding::Unstated);
	assert!(!unknown.is_against_node());
	let mut rejected = kept.clone();
	rejected[1].rejected = Some("too dear".into());
	assert_eq!(audit_with(|_| {}, &rejected).runs[0].finding, Finding::Unstated);
}

#[test]
fn a_run_under_another_agreement_is_found() {
	let other = kept(|statement| statement.agreement.as_of += 1);
	let run = together(std::slice::from_ref(&other));
	let audit = Audit::new(&[other], &settled_in(vec![(30, vec![SettledItem::Run(run)])]));
	assert_eq!(audit.runs[0].finding, Finding::Differs);
}

use super::*;
use openledger_chain_client::{Block, Keypair, Scheme};
use openledger_primitives::{record::CallPayment, AccountId, SessionId};
use openledger_protocol::x402::Receipt;

const SESSION: SessionId = 7;

/// The statement of a call, signed.
fn kept(session: SessionId, sequence: Sequence, charge: Balance) -> KeptStatement {
	let key = Keypair::from_uri("//Bob", Scheme::Sr25519).unwrap();
	let statement = Statement {
		genesis_hash: Hash::repeat_byte(1),
		session,
		lane: 2,
		sequence,
		model: 3,
		version: 4,
		price_version: 5,
		input_tokens: 6,
		output_tokens: 7,
		charge,
		request_hash: Hash::repeat_byte(8),
		response_hash: Hash::repeat_byte(9),
		attribution: Default::default(),
	};
	let signature = key.sign_message(&statement);
	KeptStatement {
		node: key.account(),
		receipt_key: key.account(),
		salt: Hash::repeat_byte(10),
		receipt: Receipt { statement, signature },
		rejected: None,
	}
}

fn statement(sequence: Sequence, charge: Balance) -> KeptStatement {
	kept(SESSION, sequence, charge)
}

fn block(number: BlockNumber) -> Block {
	Block { number, hash: Hash::repeat_byte(3) }
}

/// The event of a call that was settled as it was stated.
fn settled(kept: &KeptStatement) -> (Block, CallSettled) {
	let statement = &kept.receipt.statement;
	let account = AccountId::new([1; 32]);
	let call = CallSettled {
		session: statement.session,
		lane: statement.lane,
		sequence: statement.sequence,
		caller: account.clone(),
		node: account.clone(),
		payee: account.clone(),
		developer: account,
		model: statement.model,
		version: statement.version,
		price_version: statement.price_version,
		input_tokens: statement.input_tokens,
		output_tokens: statement.output_tokens,
		charge: statement.charge,
		request_hash: statement.request_hash,
		response_hash: statement.response_hash,
		payment: CallPayment::default(),
	};
	(block(20), call)
}

/// The event of calls that were settled together, as they were stated.
fn together(kept: &[KeptStatement]) -> (Block, AggregateSettled) {
	let (_, call) = settled(&kept[0]);
	let leaves = kept.iter().map(|kept| {
		let statement = &kept.receipt.statement;
		merkle::leaf(&record(statement), statement.charge)
	});
	let sum = AggregateSettled {
		session: call.session,
		lane: call.lane,
		first_sequence: kept[0].call().1,
		last_sequence: kept[kept.len() - 1].call().1,
		caller: call.caller,
		node: call.node,
		payee: call.payee,
		developer: call.developer,
		model: call.model,
		version: call.version,
		price_version: call.price_version,
		calls: u32::try_from(kept.len()).unwrap(),
		input_tokens: 6,
		output_tokens: 7,
		charge: kept.iter().map(|kept| kept.receipt.statement.charge).sum(),
		root: merkle::root(leaves),
		payment: CallPayment::default(),
	};
	(block(30), sum)
}

fn findings(audit: &Audit) -> Vec<(Sequence, Finding)> {
	audit.calls.iter().map(|call| (call.sequence, call.finding)).collect()
}

#[test]
fn honest_nodes_settle_what_they_state() {
	let kept: Vec<_> = (1..=4).map(|sequence| statement(sequence, 100)).collect();
	let settlements = SessionSettlements {
		// The second one was forgotten, and the last one waits.
		calls: vec![settled(&kept[0]), settled(&kept[2])],
		..Default::default()
	};
	let audit = Audit::new(&kept, &settlements);
	let expected =
		[(1, Finding::Agrees), (2, Finding::NotCharged), (3, Finding::Agrees), (4, Finding::Waits)];
	assert_eq!(findings(&audit), expected);
	assert_eq!((audit.calls[0].stated, audit.calls[0].settled), (Some(100), Some(100)));
	assert_eq!((audit.calls[0].block, audit.calls[3].block), (Some(20), None));
	assert!(!audit.is_against_node());
	assert_eq!((audit.overcharged(), settlements.charged()), (0, 200));
}

#[test]
fn more_than_was_stated_is_found() {
	let kept: Vec<_> = (1..=2).map(|sequence| statement(sequence, 100)).collect();
	let (mut dear, mut cheap) = (settled(&kept[0]), settled(&kept[1]));
	dear.1.charge += 30;
	dear.1.output_tokens += 3;
	cheap.1.charge -= 10;
	let settlements = SessionSettlements { calls: vec![dear, cheap], ..Default::default() };
	let audit = Audit::new(&kept, &settlements);
	assert_eq!(findings(&audit), [(1, Finding::Overcharged), (2, Finding::Undercharged)]);
	assert_eq!(audit.calls[0].differences, ["output tokens"]);
	assert_eq!(audit.overcharged(), 30, "what was too cheap does not make up for it");
	assert!(audit.is_against_node());
}

#[test]
fn another_call_for_the_same_price_is_found() {
	let kept = [statement(1, 100)];
	let changes: [(fn(&mut CallSettled), &str); 6] = [
		(|call| call.model += 1, "model"),
		(|call| call.version += 1, "version"),
		(|call| call.price_version += 1, "price version"),
		(|call| call.input_tokens += 1, "input tokens"),
		(|call| call.request_hash = Hash::zero(), "request"),
		(|call| call.response_hash = Hash::zero(), "answer"),
	];
	for (change, difference) in changes {
		let mut other = settled(&kept[0]);
		change(&mut other.1);
		let settlements = SessionSettlements { calls: vec![other], ..Default::default() };
		let audit = Audit::new(&kept, &settlements);
		assert_eq!(findings(&audit), [(1, Finding::Differs)]);
		assert_eq!(audit.calls[0].differences, [difference]);
		assert!(audit.is_against_node());
	}
}

#[test]
fn what_was_not_stated_is_named_but_proves_nothing() {
	let settlements =
		SessionSettlements { calls: vec![settled(&statement(5, 100))], ..Default::default() };
	let audit = Audit::new(&[], &settlements);
	assert_eq!(findings(&audit), [(5, Finding::Unstated)]);
	assert_eq!((audit.overcharged(), audit.is_against_node()), (0, false));
}

#[test]
fn two_statements_of_one_call_are_found() {
	let kept = [statement(1, 100), statement(1, 90), statement(2, 5), statement(2, 6)];
	let settlements = SessionSettlements { calls: vec![settled(&kept[0])], ..Default::default() };
	let audit = Audit::new(&kept, &settlements);
	assert_eq!(findings(&audit), [(1, Finding::Equivocates), (2, Finding::Equivocates)]);
	assert_eq!(audit.calls[0].stated, Some(90));
	assert_eq!(audit.overcharged(), 10);
	// The same one twice, signed anew, is one.
	let again = [statement(1, 100), statement(1, 100)];
	assert_eq!(findings(&Audit::new(&again, &settlements)), [(1, Finding::Agrees)]);
}

#[test]
fn aggregates_are_compared_as_a_whole() {
	let kept: Vec<_> = (1..=4).map(|sequence| statement(sequence, 100)).collect();
	let audit_with = |change: fn(&mut AggregateSettled), kept: &[KeptStatement]| {
		let mut sum = together(&[statement(1, 100), statement(2, 100), statement(3, 100)]);
		change(&mut sum.1);
		let settlements = SessionSettlements {
			calls: vec![settled(&statement(4, 100))],
			aggregates: vec![sum],
			..Default::default()
		};
		Audit::new(kept, &settlements)
	};
	let honest = audit_with(|_| {}, &kept);
	let expected = [
		(1, Finding::Together),
		(2, Finding::Together),
		(3, Finding::Together),
		(4, Finding::Agrees),
	];
	assert_eq!(findings(&honest), expected);
	let [sum] = honest.aggregates.as_slice() else { panic!("{honest:?}") };
	assert_eq!((sum.first_sequence, sum.last_sequence, sum.block), (1, 3, 30));
	assert_eq!((sum.calls, sum.settled, sum.stated_calls, sum.stated), (3, 300, 3, 300));
	assert_eq!(sum.finding, Finding::Agrees);
	assert!(!honest.is_against_node());

	let dear = audit_with(|sum| sum.charge += 1, &kept);
	assert_eq!(dear.aggregates[0].finding, Finding::Overcharged);
	assert_eq!((dear.overcharged(), dear.is_against_node()), (1, true));
	let cheap = audit_with(|sum| sum.charge -= 1, &kept);
	assert_eq!(cheap.aggregates[0].finding, Finding::Undercharged);
	let other = audit_with(|sum| sum.root = Hash::zero(), &kept);
	assert_eq!(other.aggregates[0].finding, Finding::Differs);
	assert!(other.is_against_node());
	// The same sum and records, but another price version: that says who is paid.
	for other in [
		audit_with(|sum| sum.model += 1, &kept),
		audit_with(|sum| sum.version += 1, &kept),
		audit_with(|sum| sum.price_version += 1, &kept),
	] {
		assert_eq!(other.aggregates[0].finding, Finding::Differs);
	}
	// Without all statements there is nothing to compare with.
	let unknown = audit_with(|sum| sum.charge += 1, &kept[1..]);
	assert_eq!(unknown.aggregates[0].finding, Finding::Unstated);
	assert!(!unknown.is_against_node());
}

#[test]
fn an_aggregate_of_several_prices_is_one() {
	let mut kept = [statement(1, 100), statement(2, 60)];
	kept[1].receipt.statement.price_version = 6;
	let (at, whole) = together(&kept);
	let part = |price_version, charge| {
		let part = AggregateSettled { price_version, charge, calls: 1, ..whole.clone() };
		(at, part)
	};
	let settlements =
		SessionSettlements { aggregates: vec![part(5, 100), part(6, 60)], ..Default::default() };
	let audit = Audit::new(&kept, &settlements);
	let [sum] = audit.aggregates.as_slice() else { panic!("{audit:?}") };
	assert_eq!((sum.calls, sum.settled, sum.finding), (2, 160, Finding::Agrees));
}

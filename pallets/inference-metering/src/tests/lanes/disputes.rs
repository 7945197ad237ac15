//! Disputes about settled calls of lanes: the rules are those of [`super::super::disputes`], on other
//! messages.

use super::*;
use crate::{
	tests::disputing::{bond_of, dispatch, status, PENALTY, REST, REWARD},
	versions, Disputed, Error, Roots, WeightInfo,
};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{GetDispatchInfo, Pays},
};
use openledger_primitives::{info::NodeStatus, lane::SettledCall, MAX_SERVED};

/// Settles so many calls on a lane of a new session.
fn settled(calls: u64) -> (Book, Vec<Proven>) {
	let book = Book::with_calls(open_session(DEPOSIT), 0, calls);
	System::reset_events();
	assert_ok!(settle(vec![book.settlement()]));
	(book, proven())
}

fn stated(statement: &Statement) -> Box<versions::VersionedStatement> {
	Box::new(statement.clone().into())
}

pub(in crate::tests) fn overcharge_call(
	key: u8,
	statement: &Statement,
	of: &Proven,
) -> crate::Call<Test> {
	crate::Call::report_overcharged_call {
		statement: stated(statement),
		signature: sign_with(key, statement),
		receipt_key: account(key),
		last_sequence: of.key.2,
		item: Box::new(of.item.clone()),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
	}
}

pub(in crate::tests) fn misreport_call(
	key: u8,
	statement: &Statement,
	of: &Proven,
) -> crate::Call<Test> {
	crate::Call::report_misreported_call {
		statement: stated(statement),
		signature: sign_with(key, statement),
		receipt_key: account(key),
		last_sequence: of.key.2,
		item: Box::new(of.item.clone()),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
	}
}

pub(in crate::tests) fn two_statements_call(
	key: u8,
	operator: u8,
	first: &Statement,
	second: &Statement,
) -> crate::Call<Test> {
	crate::Call::report_two_statements {
		operator: account(operator),
		first: stated(first),
		first_signature: sign_with(key, first),
		first_key: account(key),
		second: stated(second),
		second_signature: sign_with(key, second),
		second_key: account(key),
	}
}

fn report(call: crate::Call<Test>) -> DispatchResult {
	dispatch(STRANGER, call).map(|_| ()).map_err(|refused| refused.error)
}

fn overcharge(statement: &Statement, of: &Proven) -> DispatchResult {
	report(overcharge_call(RECEIPTS, statement, of))
}

fn misreport(statement: &Statement, of: &Proven) -> DispatchResult {
	report(misreport_call(RECEIPTS, statement, of))
}

fn two_statements(first: &Statement, second: &Statement) -> DispatchResult {
	report(two_statements_call(RECEIPTS, NODE, first, second))
}

/// What the node stated of the call at a place.
fn statement(book: &Book, at: usize) -> Statement {
	book.statement(&book.records[at])
}

fn cheaper(book: &Book, at: usize, by: Balance) -> Statement {
	let statement = statement(book, at);
	Statement { charge: statement.charge - by, ..statement }
}

#[test]
fn an_overcharge_is_refunded_and_punished() {
	run(|| {
		let (book, all) = settled(3);
		let before = [CALLER, STRANGER, PROTOCOL].map(balance);

		assert_ok!(overcharge(&cheaper(&book, 1, 100), &all[1]));

		System::assert_last_event(
			Event::OverchargeProven {
				operator: account(NODE),
				reporter: account(STRANGER),
				caller: account(CALLER),
				session: book.session,
				lane: 0,
				sequence: 2,
				stated: call_charge() - 100,
				settled: call_charge(),
				refunded: 100,
				reward: REWARD,
				protocol: REST,
			}
			.into(),
		);
		let after = [CALLER, STRANGER, PROTOCOL].map(balance);
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [100, REWARD, REST]);
		assert_eq!(bond_of(NODE), BOND - PENALTY - 100);
		assert_eq!(status(), NodeStatus::Jailed(31));
		assert_eq!(Disputed::<Test>::get(all[1].key)[&2].overcharge, 100);
		assert_noop!(overcharge(&cheaper(&book, 1, 100), &all[1]), Error::<Test>::AlreadyDisputed);
		// A larger one is worth its difference.
		assert_ok!(overcharge(&cheaper(&book, 1, 150), &all[1]));
		assert_eq!(Disputed::<Test>::get(all[1].key)[&2].refunded, 150);
	});
}

#[test]
fn every_call_of_a_settlement_can_be_disputed() {
	run(|| {
		let (book, all) = settled(9);
		for (at, of) in all.iter().enumerate() {
			assert_ok!(overcharge(&cheaper(&book, at, 1), of));
		}
		assert_eq!(Disputed::<Test>::get(all[0].key).len(), 9);
	});
}

#[test]
fn whatever_was_settled_otherwise_is_a_misreport() {
	run(|| {
		let (book, all) = settled(10);
		let tokens = used(1).tokens();
		let changes: [fn(&mut Statement); 10] = [
			|it| it.tokens.input += 1,
			|it| it.tokens.cached += 1,
			|it| it.tokens.retrieved += 1,
			|it| it.tokens.output += 1,
			|it| it.response_hash = Hash::zero(),
			|it| it.attribution = shares(&[(1, 1)]),
			|it| it.extension = Some(Hash::zero()),
			// Settled for less, and not as stated.
			|it| {
				it.charge += 1;
				it.tokens.output += 1;
			},
			// Another agreement than that under which the lane was settled.
			|it| it.agreement.evidence = Evidence::Sealed,
			|it| it.agreement.as_of += 1,
		];
		assert_eq!(statement(&book, 0).tokens, tokens);
		for ((at, of), change) in all.iter().enumerate().zip(changes) {
			let mut other = statement(&book, at);
			assert_noop!(misreport(&other, of), Error::<Test>::NoContradiction);
			change(&mut other);
			let bond = bond_of(NODE);
			assert_ok!(misreport(&other, of));
			assert_eq!(bond - bond_of(NODE), bond.div_ceil(10));
			assert_noop!(misreport(&other, of), Error::<Test>::AlreadyDisputed);
		}
	});
}

#[test]
fn two_statements_of_a_call_are_a_contradiction() {
	run(|| {
		// Nothing needs to be settled.
		let book = Book::with_calls(open_session(DEPOSIT), 1_000, 1);
		let one = statement(&book, 0);
		let changes: [fn(&mut Statement); 4] = [
			|it| it.charge += 1,
			|it| it.agreement.model += 1,
			|it| it.request_hash = Hash::zero(),
			|it| it.attribution = shares(&[(1, 1)]),
		];
		for (sequence, change) in (1..).zip(changes) {
			let one = Statement { sequence, ..one.clone() };
			let mut other = one.clone();
			assert_noop!(two_statements(&one, &other), Error::<Test>::NoContradiction);
			change(&mut other);
			assert_ok!(two_statements(&one, &other));
			assert_noop!(two_statements(&other, &one), Error::<Test>::AlreadyDisputed);
		}
		assert!(matches!(status(), NodeStatus::Jailed(_)));
	});
}

#[test]
fn bad_reports_are_refused() {
	run(|| {
		let (book, all) = settled(4);
		let of = &all[1];
		let cheaper = cheaper(&book, 1, 1);
		for report in [overcharge, misreport] {
			let unknown = Proven { key: (of.key.0, of.key.1, 9), ..of.clone() };
			assert_noop!(report(&cheaper, &unknown), Error::<Test>::NotDisputable);
			for elsewhere in [
				Statement { session: book.session + 1, ..cheaper.clone() },
				Statement { lane: 1, ..cheaper.clone() },
			] {
				assert_noop!(report(&elsewhere, of), Error::<Test>::NotDisputable);
			}
			assert_noop!(report(&cheaper, &all[2]), Error::<Test>::NotTheSameCall);
			let SettledItem::Call(call) = of.item.clone() else { panic!("a call") };
			let dearer = SettledCall { charge: call.charge + 1, ..call };
			for bad in [
				Proven { item: SettledItem::Call(dearer), ..of.clone() },
				Proven { index: 2, ..of.clone() },
				Proven { index: 4, ..of.clone() },
				Proven { hashes: of.hashes[1..].to_vec(), ..of.clone() },
				Proven { hashes: [&of.hashes[..], &[Hash::zero()]].concat(), ..of.clone() },
			] {
				assert_noop!(report(&cheaper, &bad), Error::<Test>::BadInclusionProof);
			}
			let fork = Statement { genesis_hash: Hash::repeat_byte(7), ..cheaper.clone() };
			assert_noop!(report(&fork, of), Error::<Test>::WrongChain);
		}
		assert_noop!(overcharge(&statement(&book, 1), of), Error::<Test>::NoContradiction);
		let other = Statement { response_hash: Hash::zero(), ..cheaper.clone() };
		assert_noop!(misreport(&other, of), Error::<Test>::ReportAsOvercharge);
		for call in [overcharge_call(NODE, &cheaper, of), misreport_call(NODE, &cheaper, of)] {
			assert_noop!(report(call), Error::<Test>::UnknownReceiptKey);
		}
		let mut forged = overcharge_call(RECEIPTS, &cheaper, of);
		if let crate::Call::report_overcharged_call { signature, .. } = &mut forged {
			*signature = sign_with(STRANGER, &cheaper);
		}
		assert_noop!(report(forged), Error::<Test>::BadStatementSignature);
		assert_ok!(overcharge(&cheaper, of));
	});
}

#[test]
fn bad_reports_of_two_statements_are_refused() {
	run(|| {
		let (book, _) = settled(1);
		let one = statement(&book, 0);
		let other = Statement { response_hash: Hash::zero(), ..one.clone() };
		for elsewhere in [
			Statement { session: 9, ..other.clone() },
			Statement { lane: 1, ..other.clone() },
			Statement { sequence: 2, ..other.clone() },
			Statement { genesis_hash: Hash::zero(), ..other.clone() },
		] {
			assert_noop!(two_statements(&one, &elsewhere), Error::<Test>::NotTheSameCall);
		}
		let on_fork = |it: &Statement| Statement { genesis_hash: Hash::zero(), ..it.clone() };
		assert_noop!(two_statements(&on_fork(&one), &on_fork(&other)), Error::<Test>::WrongChain);
		let unknown = |it: &Statement| Statement { session: 9, ..it.clone() };
		assert_noop!(
			two_statements(&unknown(&one), &unknown(&other)),
			Error::<Test>::UnknownSession
		);
		let of_nobody = two_statements_call(RECEIPTS, CALLER, &one, &other);
		assert_noop!(report(of_nobody), Error::<Test>::UnknownNode);
		let other_key = two_statements_call(NODE, NODE, &one, &other);
		assert_noop!(report(other_key), Error::<Test>::UnknownReceiptKey);
		let mut forged = two_statements_call(RECEIPTS, NODE, &one, &other);
		if let crate::Call::report_two_statements { second_signature, .. } = &mut forged {
			*second_signature = sign_with(STRANGER, &other);
		}
		assert_noop!(report(forged), Error::<Test>::BadStatementSignature);
	});
}

/// Sums are nobody's one call, and no record is behind the root of a lane without an agreement.
#[test]
fn what_is_no_settled_call_is_not_disputed_as_one() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 3);
		assert_ok!(settle(vec![settlement(&book.voucher(), vec![book.run(0..3)])]));
		let run = &proven()[0];
		assert_noop!(overcharge(&cheaper(&book, 2, 1), run), Error::<Test>::NotTheSameCall);

		// A made-up root of sums of the format before proves nothing in this one.
		let book = Book::with_calls(session, 1, 1);
		let call = SettledCall {
			record: used(1),
			charge: call_charge(),
			parts: Default::default(),
			direct: Default::default(),
		};
		let item = SettledItem::Call(call);
		let sums =
			openledger_primitives::aggregate::Aggregate { root: item.leaf(), ..aggregate(1, 1) };
		let charge = call_charge();
		settle_sums(&voucher(session, 1, 2, charge, charge), sums, None).unwrap();
		let made_up = Proven { key: (session, 1, 1), item, index: 0, hashes: vec![] };
		assert_noop!(overcharge(&cheaper(&book, 0, 1), &made_up), Error::<Test>::BadInclusionProof);
	});
}

#[test]
fn a_settlement_can_be_disputed_after_its_session_and_not_for_ever() {
	run(|| {
		let (book, all) = settled(2);
		assert_ok!(Metering::close_session(signed(NODE), book.session));
		System::set_block_number(101);
		assert_ok!(misreport(&Statement { charge: DEPOSIT, ..altered(&book, 0) }, &all[0]));
		System::set_block_number(102);
		assert!(Roots::<Test>::contains_key(all[1].key));
		assert_noop!(misreport(&altered(&book, 1), &all[1]), Error::<Test>::NotDisputable);
	});
}

/// What a node stated whose answer was another one.
fn altered(book: &Book, at: usize) -> Statement {
	Statement { response_hash: Hash::zero(), ..statement(book, at) }
}

#[test]
fn a_report_that_holds_costs_no_fee() {
	run(|| {
		let (book, all) = settled(4);
		let calls: Vec<(_, fn(u32) -> frame_support::weights::Weight)> = vec![
			(overcharge_call(RECEIPTS, &cheaper(&book, 0, 1), &all[0]), |models| {
				<()>::report_overcharged_call(2, models)
			}),
			(misreport_call(RECEIPTS, &altered(&book, 0), &all[0]), |models| {
				<()>::report_misreported_call(2, models)
			}),
			(
				two_statements_call(RECEIPTS, NODE, &statement(&book, 0), &altered(&book, 0)),
				<()>::report_two_statements,
			),
		];
		let mut listed = 1;
		for (call, weight) in calls {
			let info = call.get_dispatch_info();
			assert_eq!((info.call_weight, info.pays_fee), (weight(MAX_SERVED), Pays::Yes));
			let held = dispatch(STRANGER, call.clone()).unwrap();
			assert_eq!((held.actual_weight, held.pays_fee), (Some(weight(listed)), Pays::No));
			let refused = dispatch(STRANGER, call).unwrap_err().post_info;
			assert_eq!((refused.actual_weight, refused.pays_fee), (None, Pays::Yes));
			// It was taken off the list by the first.
			listed = 0;
		}
	});
}

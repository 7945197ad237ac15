//! Calls that were answered on chain: they are kept and disputed as any others.

use super::{
	disputing::*,
	lanes::{altered, Proven},
	run,
};
use crate::{mock::*, Disputed, Equivocations, Error, Event, Nodes, Roots};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	lane::Statement,
	on_chain::{call_session, call_statement, CALLS_FROM},
	traits::NodeInspect,
	tree, Hash, RequestId,
};

/// The statement with which a call like one that was settled is answered.
fn statement_of(request: RequestId, like: &Proven) -> Statement {
	let call = like.call();
	let genesis = System::block_hash(0);
	let input = Hash::repeat_byte(0xaa);
	call_statement(genesis, request, input, like.agreement, &call.record, call.charge)
}

/// Keeps a call of the node as one that was answered on chain in this block.
fn answered(request: RequestId) -> Proven {
	let like = settled(1).remove(0);
	let root = tree::root(&[like.item.leaf()]).unwrap();
	let statement = statement_of(request, &like);
	assert_ok!(Metering::keep_call(&account(NODE), &account(CALLER), &statement, root));
	Proven { key: (call_session(request), 0, 1), hashes: Vec::new(), ..like }
}

#[test]
fn an_answered_call_is_kept_like_a_settlement() {
	run(|| {
		System::set_block_number(3);
		let of = answered(7);
		let kept = Roots::<Test>::get((CALLS_FROM + 7, 0, 1)).unwrap();
		assert_eq!((kept.node, kept.caller), (account(NODE), account(CALLER)));
		assert_eq!((kept.charged, kept.at, kept.until), (call_charge(), 3, 103));
		assert_eq!((kept.items, kept.agreement), (1, of.agreement.hash()));
		assert_eq!(Nodes::<Test>::get(account(NODE)).unwrap().liable_until, 103);
	});
}

#[test]
fn a_call_of_nobody_s_node_is_not_kept() {
	run(|| {
		let like = settled(1).remove(0);
		let statement = statement_of(0, &like);
		let (nobody, caller) = (account(STRANGER), account(CALLER));
		assert_noop!(
			Metering::keep_call(&nobody, &caller, &statement, Hash::zero()),
			Error::<Test>::UnknownNode
		);
		assert_eq!(Metering::receipt_key(&account(NODE)), Some(account(RECEIPTS)));
		assert_eq!(Metering::receipt_key(&nobody), None);
	});
}

#[test]
fn what_was_charged_too_much_on_chain_comes_back() {
	run(|| {
		let of = answered(7);
		let before = balance(CALLER);
		assert_ok!(overcharge(&of.cheaper(100), &of));
		assert_eq!(balance(CALLER), before + 100);
		assert_eq!(bond_of(NODE), BOND - PENALTY - 100);
		assert_noop!(overcharge(&of.cheaper(100), &of), Error::<Test>::AlreadyDisputed);
	});
}

#[test]
fn what_was_answered_otherwise_than_stated_is_punished() {
	run(|| {
		let of = answered(7);
		// What the answer came with says the same.
		assert_noop!(misreport(&of.statement(), &of), Error::<Test>::NoContradiction);
		assert_ok!(misreport(&of.altered(), &of));
		assert_eq!(bond_of(NODE), BOND - PENALTY);
	});
}

#[test]
fn two_statements_of_an_answered_call_are_punished_once() {
	run(|| {
		let of = answered(7);
		let (one, other) = (of.statement(), of.altered());
		assert_ok!(equivocation(&one, &other));
		System::assert_last_event(
			Event::EquivocationProven {
				operator: account(NODE),
				reporter: account(STRANGER),
				session: CALLS_FROM + 7,
				lane: 0,
				sequence: 1,
				reward: REWARD,
				protocol: REST,
			}
			.into(),
		);
		assert_noop!(equivocation(&other, &one), Error::<Test>::AlreadyDisputed);
		assert_noop!(misreport(&other, &of), Error::<Test>::AlreadyDisputed);
		// Nothing of it stands where calls of sessions do, which are all older.
		assert!(!Equivocations::<Test>::contains_key(account(NODE)));
		assert!(Disputed::<Test>::get(of.key)[&1].misreported);
	});
}

/// Calls that were never made would fill the list for nothing.
#[test]
fn two_statements_of_a_call_that_the_node_has_not_answered_prove_nothing() {
	run(|| {
		let of = answered(7);
		let elsewhere = |session, lane| Statement { session, lane, ..of.statement() };
		for one in [elsewhere(CALLS_FROM + 8, 0), elsewhere(u64::MAX, 0), elsewhere(of.key.0, 1)] {
			let result = equivocation(&one, &altered(&one));
			assert_eq!(result, Err(Error::<Test>::NotDisputable.into()), "{one:?}");
		}
		register_node_of(OTHER_NODE);
		let (one, other) = (of.statement(), of.altered());
		assert_noop!(
			equivocation_of(STRANGER, OTHER_NODE, RECEIPTS, &one, &other),
			Error::<Test>::NotTheSameCall
		);
		assert_eq!(bond_of(NODE), BOND);
	});
}

#[test]
fn a_call_on_chain_is_disputed_within_the_window() {
	run(|| {
		let of = answered(7);
		System::set_block_number(102);
		assert_noop!(misreport(&of.altered(), &of), Error::<Test>::NotDisputable);
		assert_noop!(equivocation(&of.statement(), &of.altered()), Error::<Test>::NotDisputable);
		System::set_block_number(101);
		assert_ok!(misreport(&of.altered(), &of));
	});
}

/// Who answers badly does not leave before anybody could show it.
#[test]
fn a_bond_outlasts_the_calls_that_were_answered_on_chain() {
	run(|| {
		let of = settled(1).remove(0);
		assert_ok!(Metering::close_session(signed(NODE), of.key.0));
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(60);
		let root = tree::root(&[of.item.leaf()]).unwrap();
		let statement = statement_of(0, &of);
		assert_ok!(Metering::keep_call(&account(NODE), &account(CALLER), &statement, root));
		System::set_block_number(155);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::BondLocked);
		System::set_block_number(161);
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
	});
}

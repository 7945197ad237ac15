//! With disputes, and against them. What is about the money in it is in [`super::bonds`].

use crate::{
	mock::*,
	tests::{
		disputing::*,
		lanes::{stated, Proven},
		run,
	},
	Error, PreviousKeys,
};
use frame_support::{assert_noop, assert_ok, traits::Hooks, weights::Weight};
use openledger_primitives::{
	info::NodeStatus,
	lane::{CallRecord, SettledCall, SettledItem, Statement},
	price::Tokens,
	Balance, Hash,
};

/// Balances of the reporter, the caller, and the protocol.
fn purses() -> [Balance; 3] {
	[STRANGER, CALLER, PROTOCOL].map(balance)
}

#[test]
fn dispute_on_the_last_block_of_the_window() {
	run(|| {
		let all = settled(3);
		System::set_block_number(101);
		Metering::on_idle(101, Weight::MAX);
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_ok!(misreport(&all[1].altered(), &all[1]));
		// One block later nobody has removed the root yet, and still it is too late.
		System::set_block_number(102);
		assert_noop!(overcharge(&all[2].cheaper(1), &all[2]), Error::<Test>::NotDisputable);
		assert_noop!(misreport(&all[2].altered(), &all[2]), Error::<Test>::NotDisputable);
	});
}

#[test]
fn the_same_contradiction_twice() {
	run(|| {
		let of = &settled(1)[0];
		assert_ok!(overcharge(&of.cheaper(100), of));
		assert_ok!(misreport(&of.altered(), of));
		assert_ok!(equivocation(&of.altered(), &of.cheaper(100)));
		let before = (bond_of(NODE), purses());
		for seed in [STRANGER, CALLER, NODE] {
			for again in [
				overcharge_of(seed, RECEIPTS, &of.cheaper(100), of),
				misreport_of(seed, RECEIPTS, &of.altered(), of),
				equivocation_of(seed, NODE, RECEIPTS, &of.cheaper(100), &of.altered()),
			] {
				assert_eq!(again, Err(Error::<Test>::AlreadyDisputed.into()));
			}
		}
		assert_eq!((bond_of(NODE), purses()), before);
	});
}

#[test]
fn a_node_settles_more_than_it_stated() {
	run(|| {
		// It stated 5 tokens, and settles 23: what the caller has authorised covers that.
		let session = open_session(DEPOSIT);
		let stated_charge = price(PRICE).charge(&Tokens::new(11, 5)).unwrap();
		let agreement = voucher(session, 0, 1, 0, 0).agreement;
		let answered = CallRecord { output_tokens: 5, ..record(1) };
		let statement = stated(session, 0, agreement, &answered);
		let before = balance(CALLER) + held(CALLER);
		let of = &settled_by(|| settle_one(session, 0, 1, 0, call_charge()))[0];
		// It cannot be had for the lesser offence.
		assert_noop!(misreport(&statement, of), Error::<Test>::ReportAsOvercharge);
		assert_ok!(overcharge_of(CALLER, RECEIPTS, &statement, of));
		assert_eq!(balance(CALLER) + held(CALLER), before - stated_charge + REWARD);
		assert_eq!(bond_of(NODE), BOND - PENALTY - (call_charge() - stated_charge));
		assert_eq!(status(), NodeStatus::Jailed(31));
	});
}

/// Whatever somebody has signed with a key before it was the node's: the node's word is what it
/// signed with the key that its callers could know.
#[test]
fn a_key_that_was_rotated_in_after_the_settlement() {
	run(|| {
		let all = settled(4);
		System::set_block_number(2);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		let of = &all[0];
		for report in [overcharge_of, misreport_of] {
			let later = report(STRANGER, 20, &of.cheaper(1), of);
			assert_eq!(later, Err(Error::<Test>::UnknownReceiptKey.into()));
		}
		assert_ok!(overcharge(&of.cheaper(1), of));
		// A key that has come back counts from its first time on, and one that had its time between
		// does not count for what was settled before that.
		System::set_block_number(3);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(RECEIPTS)));
		assert_ok!(misreport(&all[1].altered(), &all[1]));
		let between = misreport_of(STRANGER, 20, &all[2].altered(), &all[2]);
		assert_eq!(between, Err(Error::<Test>::UnknownReceiptKey.into()));
		// For what is settled later, it does.
		let charge = call_charge();
		let later = &settled_by(|| settle_one(of.key.0, 0, 5, 4 * charge, charge))[0];
		assert_ok!(misreport_of(STRANGER, 20, &later.altered(), later));
		// And two statements contradict each other whenever they were made.
		let (one, other) = (all[3].statement(), all[3].altered());
		assert_ok!(equivocation_of(STRANGER, NODE, 20, &one, &other));
	});
}

/// A statement is proof until the last block in which its record can be disputed, also if it was
/// settled as late as can be, with another key in use, and the window has grown since.
#[test]
fn a_key_of_the_beginning_in_the_last_block_of_the_longest_window() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		System::set_block_number(141);
		DisputeWindow::set(300);
		let of = &settled_by(|| settle_one(session, 0, 1, 0, call_charge()))[0];
		System::set_block_number(441);
		assert_ok!(overcharge(&of.cheaper(1), of));
		System::set_block_number(442);
		assert_noop!(overcharge(&of.cheaper(2), of), Error::<Test>::NotDisputable);
	});
}

/// A node that contradicts itself is not spared what its caller can prove.
#[test]
fn a_node_does_not_use_up_its_callers_dispute() {
	run(|| {
		let of = &settled(1)[0];
		let before = balance(CALLER);
		// It says something else at the same price, and something a planck cheaper, and has both
		// reported before its caller comes.
		assert_ok!(misreport(&of.altered(), of));
		assert_ok!(overcharge(&of.cheaper(1), of));
		assert_ok!(overcharge_of(STRANGER, RECEIPTS, &of.cheaper(5_000), of));
		assert_eq!(balance(CALLER) - before, 5_000);
	});
}

#[test]
fn a_forged_statement() {
	run(|| {
		let of = &settled(1)[0];
		let statement = of.cheaper(call_charge());
		let report = |signer: u8, signed_statement: &Statement| {
			let mut call = overcharge_call(RECEIPTS, &statement, of);
			if let crate::Call::report_overcharged_call { signature, .. } = &mut call {
				*signature = sign(signer, signed_statement);
			}
			plain(dispatch(CALLER, call))
		};
		// By the caller; by the operator, whose own key is not the receipt key; with the signature of
		// the true one.
		for (signer, of_what) in
			[(CALLER, &statement), (NODE, &statement), (RECEIPTS, &of.statement())]
		{
			assert_noop!(report(signer, of_what), Error::<Test>::BadStatementSignature);
		}
		// With a key that is not the node's; or that of another node.
		let with = |key| overcharge_of(CALLER, key, &statement, of);
		assert_noop!(with(CALLER), Error::<Test>::UnknownReceiptKey);
		register_node_of(OTHER_NODE);
		assert_ok!(Metering::rotate_receipt_key(signed(OTHER_NODE), account(20)));
		assert_noop!(with(20), Error::<Test>::UnknownReceiptKey);
		assert_eq!(bond_of(NODE), BOND);
	});
}

/// Accepted as long as the key is kept, and not any more after that.
#[test]
fn a_statement_signed_with_a_rotated_key() {
	run(|| {
		let all = settled(2);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(21)));
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_ok!(overcharge_of(STRANGER, 21, &all[1].cheaper(1), &all[1]));
		// One statement with each key.
		let (one, other) = (all[0].statement(), all[0].altered());
		let report = |first: u8, second: u8| {
			report(two_statements_call(NODE, (first, &one), (second, &other)))
		};
		let until = PreviousKeys::<Test>::get(account(NODE))[0].kept_until;
		System::set_block_number(until + 1);
		assert_noop!(report(21, RECEIPTS), Error::<Test>::UnknownReceiptKey);
		System::set_block_number(until);
		assert_ok!(report(21, RECEIPTS));
	});
}

/// Neither is a way around a dispute, or around jail.
#[test]
fn an_unbonding_or_jailed_node() {
	run(|| {
		let all = settled(3);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(50);
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_eq!(status(), NodeStatus::Jailed(80));
		// Whoever was leaving is not out of jail by staying, and not gone by having started early.
		assert_noop!(Metering::cancel_unbonding(signed(NODE)), Error::<Test>::NotUnbonding);
		System::set_block_number(60);
		assert_ok!(overcharge(&all[1].cheaper(1), &all[1]));
		assert_eq!(status(), NodeStatus::Jailed(90));
		// A longer time in jail is not cut short.
		let bond = bond_of(NODE);
		jail(NODE, 500, bond);
		assert_ok!(overcharge(&all[2].cheaper(1), &all[2]));
		assert_eq!(status(), NodeStatus::Jailed(500));
		System::set_block_number(130);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::NotUnbonding);
		assert!(bond_of(NODE) < BOND * 73 / 100);
	});
}

#[test]
fn a_statement_for_another_chain() {
	run(|| {
		let of = &settled(1)[0];
		let fork = |statement| Statement { genesis_hash: Hash::repeat_byte(7), ..statement };
		let cheaper = fork(of.cheaper(1));
		assert_noop!(overcharge(&cheaper, of), Error::<Test>::WrongChain);
		assert_noop!(misreport(&fork(of.altered()), of), Error::<Test>::WrongChain);
		let (one, other) = (fork(of.statement()), fork(of.altered()));
		assert_noop!(equivocation(&one, &other), Error::<Test>::WrongChain);
	});
}

#[test]
fn a_proof_from_another_root() {
	run(|| {
		let (all, others) = (settled(4), settled(5));
		let of = &all[1];
		let cheaper = of.cheaper(1);
		// Another settlement's proof, another call's, and one that is cut or spun out.
		let other =
			|from: &Proven| Proven { index: from.index, hashes: from.hashes.clone(), ..of.clone() };
		let with = |hashes: &[Hash]| Proven { hashes: hashes.to_vec(), ..of.clone() };
		for bad in [
			other(&others[1]),
			other(&all[2]),
			with(&of.hashes[1..]),
			with(&[]),
			with(&[of.hashes.as_slice(), &[Hash::zero()]].concat()),
			Proven { index: 2, ..of.clone() },
			Proven { index: 4, ..of.clone() },
		] {
			assert_noop!(overcharge(&cheaper, &bad), Error::<Test>::BadInclusionProof);
			assert_noop!(misreport(&of.altered(), &bad), Error::<Test>::BadInclusionProof);
		}
		// A call that was never settled at that charge.
		let made_up = SettledCall { charge: 9 * call_charge(), ..of.call().clone() };
		let made_up = Proven { item: SettledItem::Call(made_up), ..of.clone() };
		assert_noop!(overcharge(&cheaper, &made_up), Error::<Test>::BadInclusionProof);
		assert_ok!(overcharge(&cheaper, of));
	});
}

//! Commitments to reports: nobody is paid for what another has found.

use super::{
	disputing::{bond_of, commitment_to, overcharge_call, settled, PENALTY, REWARD},
	lanes::Book,
};
use crate::{mock::*, Call, Commitment, Error, Event, HoldReason, ReportCommitments};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchResultWithPostInfo, Pays},
	traits::fungible::InspectHold,
};
use openledger_primitives::{
	lane::Statement, signing::Signed, AccountId, Balance, Hash, Signature,
};
use sp_core::Pair;
use sp_runtime::{traits::Dispatchable, TokenError};

/// On a chain where three blocks lie between a commitment and its report.
fn run(test: impl FnOnce()) {
	super::run(|| {
		ReportDelay::set(3);
		test();
	});
}

/// Two statements of one call, which a node has made.
fn statements() -> (Statement, Statement) {
	let book = Book::with_calls(open_session(DEPOSIT), 0, 1);
	let one = book.statement(&book.records[0]);
	let other = Statement { charge: one.charge + 1, ..one.clone() };
	(one, other)
}

fn report_of(first: &Statement, second: &Statement) -> Call<Test> {
	let sign = |statement: &Statement| -> Signature {
		pair(RECEIPTS).sign(&statement.signing_payload()).into()
	};
	Call::report_two_statements {
		operator: account(NODE),
		first: Box::new(first.clone().into()),
		first_signature: sign(first),
		first_key: account(RECEIPTS),
		second: Box::new(second.clone().into()),
		second_signature: sign(second),
		second_key: account(RECEIPTS),
	}
}

fn report() -> Call<Test> {
	let (one, other) = statements();
	report_of(&one, &other)
}

fn send(seed: u8, report: &Call<Test>) -> DispatchResultWithPostInfo {
	RuntimeCall::from(report.clone()).dispatch(signed(seed))
}

fn hash(seed: u8, report: &Call<Test>) -> Hash {
	commitment_to(&account(seed), report)
}

fn commit(seed: u8, report: &Call<Test>) {
	assert_ok!(Metering::commit_report(signed(seed), hash(seed, report)));
}

/// The reporter who has found something, and somebody who has only seen it on its way.
const FINDER: u8 = STRANGER;
const COPIER: u8 = OTHER_NODE;

fn held(seed: u8) -> Balance {
	Balances::balance_on_hold(&HoldReason::Report.into(), &account(seed))
}

fn pass(blocks: u32) {
	System::set_block_number(System::block_number() + blocks);
}

#[test]
fn a_report_needs_a_commitment_of_before() {
	run(|| {
		let report = report();
		assert_noop!(send(FINDER, &report), Error::<Test>::NotCommitted);

		commit(FINDER, &report);
		let (reporter, commitment) = (account(FINDER), hash(FINDER, &report));
		System::assert_last_event(
			Event::ReportCommitted { reporter: reporter.clone(), commitment }.into(),
		);
		let at = System::block_number();
		let known = ReportCommitments::<Test>::get(&reporter, commitment);
		assert_eq!(known, Some(Commitment { at, deposit: REPORT_PLACE }));
		assert_eq!(held(FINDER), REPORT_PLACE);
		for _ in 0..ReportDelay::get() {
			assert_noop!(send(FINDER, &report), Error::<Test>::CommittedTooLate);
			pass(1);
		}

		let before = balance(FINDER);
		assert_eq!(send(FINDER, &report).unwrap().pays_fee, Pays::No);
		assert_eq!(balance(FINDER), before + REPORT_PLACE + REWARD);
		assert_eq!((held(FINDER), ReportCommitments::<Test>::iter().count()), (0, 0));
		// It is used up.
		assert_noop!(send(FINDER, &report), Error::<Test>::NotCommitted);
	});
}

/// The copier sees the commitment in one block, and the report while it waits for another one; the author of that
/// block may help.
#[test]
fn a_report_cannot_be_copied_from_its_way_into_a_block() {
	run(|| {
		let report = report();
		commit(FINDER, &report);
		// A commitment is its reporter's: the same hash is of no use to anybody else.
		assert_ok!(Metering::commit_report(signed(COPIER), hash(FINDER, &report)));
		pass(ReportDelay::get());

		// The report is under way, and can be read.
		assert_noop!(send(COPIER, &report), Error::<Test>::NotCommitted);
		commit(COPIER, &report);
		for _ in 1..ReportDelay::get() {
			assert_noop!(send(COPIER, &report), Error::<Test>::CommittedTooLate);
			pass(1);
		}
		assert_noop!(send(COPIER, &report), Error::<Test>::CommittedTooLate);
		let bond = bond_of(NODE);
		assert_ok!(send(FINDER, &report));
		assert!(bond_of(NODE) < bond);

		pass(1);
		assert_noop!(send(COPIER, &report), Error::<Test>::AlreadyDisputed);
		for report in [hash(FINDER, &report), hash(COPIER, &report)] {
			assert_ok!(Metering::withdraw_commitment(signed(COPIER), report));
		}
		assert_eq!(held(COPIER), 0);
	});
}

/// Whoever guesses what might be found one day has not committed to the evidence.
#[test]
fn a_commitment_is_to_one_report_as_it_is() {
	run(|| {
		let (one, other) = statements();
		let (there, back) = (report_of(&one, &other), report_of(&other, &one));
		commit(FINDER, &there);
		pass(ReportDelay::get());

		assert_noop!(send(FINDER, &back), Error::<Test>::NotCommitted);
		assert_ok!(send(FINDER, &there));
	});
}

/// A report that is refused costs its fee, but not the commitment.
#[test]
fn a_refused_report_uses_no_commitment_up() {
	run(|| {
		let (one, _) = statements();
		let report = report_of(&one, &one);
		commit(FINDER, &report);
		pass(ReportDelay::get());

		let refused = send(FINDER, &report).unwrap_err();

		assert_eq!(refused.error, Error::<Test>::NoContradiction.into());
		assert_eq!(refused.post_info.pays_fee, Pays::Yes);
		assert_eq!(held(FINDER), REPORT_PLACE);
	});
}

#[test]
fn a_commitment_is_paid_for_and_can_be_given_up() {
	run(|| {
		let (reporter, commitment): (AccountId, _) = (account(FINDER), Hash::repeat_byte(1));
		let before = balance(FINDER);
		let give_up = |seed| Metering::withdraw_commitment(signed(seed), commitment);
		assert_noop!(give_up(FINDER), Error::<Test>::NotCommitted);
		let poor = Metering::commit_report(signed(99), commitment);
		assert_eq!(poor, Err(TokenError::FundsUnavailable.into()));

		assert_ok!(Metering::commit_report(signed(FINDER), commitment));
		assert_noop!(
			Metering::commit_report(signed(FINDER), commitment),
			Error::<Test>::AlreadyCommitted
		);
		assert_eq!(balance(FINDER), before - REPORT_PLACE);
		assert_noop!(give_up(COPIER), Error::<Test>::NotCommitted);

		assert_ok!(give_up(FINDER));
		System::assert_last_event(Event::CommitmentWithdrawn { reporter, commitment }.into());
		assert_eq!((balance(FINDER), held(FINDER)), (before, 0));
		assert_noop!(give_up(FINDER), Error::<Test>::NotCommitted);
	});
}

/// An operator who has committed to reports of its own contradictions beforehand would see a commitment, and have its
/// bond paid out to itself before the report comes.
#[test]
fn a_caller_gets_a_refund_without_a_warning() {
	run(|| {
		let of = &settled(1)[0];
		let report = overcharge_call(RECEIPTS, &of.cheaper(100), of);
		// Nobody else: it may be copied.
		assert_noop!(send(COPIER, &report), Error::<Test>::NotCommitted);
		commit(COPIER, &report);
		assert_noop!(send(COPIER, &report), Error::<Test>::CommittedTooLate);

		let before = [CALLER, PROTOCOL].map(balance);
		assert_ok!(send(CALLER, &report));
		let after = [CALLER, PROTOCOL].map(balance);
		assert_eq!([0, 1].map(|who| after[who] - before[who]), [100, PENALTY]);
	});
}

/// Who has committed to it is rewarded, the caller like anybody.
#[test]
fn a_caller_who_has_committed_is_rewarded() {
	run(|| {
		let of = &settled(1)[0];
		let report = overcharge_call(RECEIPTS, &of.cheaper(100), of);
		let before = balance(CALLER);
		commit(CALLER, &report);
		pass(ReportDelay::get());

		assert_ok!(send(CALLER, &report));
		assert_eq!(balance(CALLER), before + 100 + REWARD);
	});
}

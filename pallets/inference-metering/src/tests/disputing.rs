//! The set-up that tests of disputes start from: settled calls, statements, and reports.

use super::lanes::{altered, proven, stated, Proven};
use crate::{mock::*, versions::VersionedStatement, Commitment, HoldReason, ReportCommitments};
use codec::Encode;
use frame_support::{
	assert_ok, dispatch::DispatchResultWithPostInfo, traits::fungible::InspectHold,
};
use openledger_primitives::{
	info::NodeStatus,
	lane::{CallRecord, Statement},
	price::Tokens,
	report::commitment,
	AccountId, Balance, Hash, LaneId, Sequence, SessionId,
};
use sp_runtime::DispatchResult;

/// Amount of a penalty, and of the reporter's and the protocol's parts of it.
pub(super) const PENALTY: Balance = BOND / 10;
pub(super) const REWARD: Balance = PENALTY * 3 / 10;
pub(super) const REST: Balance = PENALTY - REWARD;

/// All that a settlement has settled.
pub(super) fn settled_by(settle: impl FnOnce() -> DispatchResult) -> Vec<Proven> {
	System::reset_events();
	assert_ok!(settle());
	proven()
}

/// Settles so many calls on a lane of a new session.
pub(super) fn settled(calls: u64) -> Vec<Proven> {
	let session = open_session(DEPOSIT);
	let charge = call_charge();
	let voucher = voucher(session, 0, calls, u128::from(calls - 1) * charge, charge);
	settled_by(|| settle_calls(&voucher, (1..=calls).map(record).collect()))
}

/// Settles a call that costs about as much, on a session of its own.
pub(super) fn settled_for(about: Balance) -> Proven {
	let session = open_session(2 * about);
	let price = price(PRICE);
	let output_tokens = (about / price.per_output_token + 1).try_into().unwrap();
	let record = CallRecord { output_tokens, ..record(1) };
	let charge = price.charge(&Tokens::new(record.input_tokens, output_tokens)).unwrap();
	let voucher = voucher(session, 0, 1, 0, charge);
	settled_by(|| settle_calls(&voucher, vec![record])).remove(0)
}

/// Two statements of a call, whether it was settled or not.
pub(super) fn two_statements_of(
	session: SessionId,
	lane: LaneId,
	sequence: Sequence,
) -> (Statement, Statement) {
	let agreement = voucher(session, lane, sequence, 0, 0).agreement;
	let one = stated(session, lane, agreement, &record(sequence));
	let other = altered(&one);
	(one, other)
}

fn boxed(statement: &Statement) -> Box<VersionedStatement> {
	Box::new(statement.clone().into())
}

pub(super) fn overcharge_call(key: u8, statement: &Statement, of: &Proven) -> crate::Call<Test> {
	crate::Call::report_overcharged_call {
		statement: boxed(statement),
		signature: sign(key, statement),
		receipt_key: account(key),
		last_sequence: of.key.2,
		item: Box::new(of.item.clone()),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
	}
}

pub(super) fn misreport_call(key: u8, statement: &Statement, of: &Proven) -> crate::Call<Test> {
	crate::Call::report_misreported_call {
		statement: boxed(statement),
		signature: sign(key, statement),
		receipt_key: account(key),
		last_sequence: of.key.2,
		item: Box::new(of.item.clone()),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
	}
}

/// A report of two statements, each with the key that has signed it.
pub(super) fn two_statements_call(
	operator: u8,
	(first_key, first): (u8, &Statement),
	(second_key, second): (u8, &Statement),
) -> crate::Call<Test> {
	crate::Call::report_two_statements {
		operator: account(operator),
		first: boxed(first),
		first_signature: sign(first_key, first),
		first_key: account(first_key),
		second: boxed(second),
		second_signature: sign(second_key, second),
		second_key: account(second_key),
	}
}

/// What `reporter` has to commit to before this report.
pub(super) fn commitment_to(reporter: &AccountId, report: &crate::Call<Test>) -> Hash {
	use frame_support::traits::GetCallName;
	report.using_encoded(|encoded| commitment(reporter, report.get_call_name(), &encoded[1..]))
}

/// Reports as `seed`, who has committed to that long ago, for nothing.
pub(super) fn dispatch(seed: u8, call: crate::Call<Test>) -> DispatchResultWithPostInfo {
	use sp_runtime::traits::Dispatchable;
	let reporter = account(seed);
	let hash = commitment_to(&reporter, &call);
	ReportCommitments::<Test>::insert(&reporter, hash, Commitment { at: 0, deposit: 0 });
	let result = RuntimeCall::from(call).dispatch(signed(seed));
	ReportCommitments::<Test>::remove(&reporter, hash);
	result
}

/// Reports as a stranger.
pub(super) fn report(call: crate::Call<Test>) -> DispatchResult {
	plain(dispatch(STRANGER, call))
}

/// Reports as `seed` a statement that `key` has signed.
pub(super) fn overcharge_of(
	seed: u8,
	key: u8,
	statement: &Statement,
	of: &Proven,
) -> DispatchResult {
	plain(dispatch(seed, overcharge_call(key, statement, of)))
}

/// Reports as a stranger what the node's receipt key has signed.
pub(super) fn overcharge(statement: &Statement, of: &Proven) -> DispatchResult {
	overcharge_of(STRANGER, RECEIPTS, statement, of)
}

pub(super) fn misreport_of(
	seed: u8,
	key: u8,
	statement: &Statement,
	of: &Proven,
) -> DispatchResult {
	plain(dispatch(seed, misreport_call(key, statement, of)))
}

pub(super) fn misreport(statement: &Statement, of: &Proven) -> DispatchResult {
	misreport_of(STRANGER, RECEIPTS, statement, of)
}

pub(super) fn equivocation_of(
	seed: u8,
	operator: u8,
	key: u8,
	first: &Statement,
	second: &Statement,
) -> DispatchResult {
	plain(dispatch(seed, two_statements_call(operator, (key, first), (key, second))))
}

pub(super) fn equivocation(first: &Statement, second: &Statement) -> DispatchResult {
	equivocation_of(STRANGER, NODE, RECEIPTS, first, second)
}

pub(super) fn bond_of(seed: u8) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &account(seed))
}

pub(super) fn status() -> NodeStatus {
	Metering::node_info(account(NODE)).unwrap().status
}

//! The set-up that tests of disputes start from: settled records, statements, and reports.

use crate::{mock::*, Commitment, HoldReason, ReportCommitments};
use codec::Encode;
use frame_support::{
	assert_ok, dispatch::DispatchResultWithPostInfo, traits::fungible::InspectHold,
};
use openledger_primitives::{
	info::NodeStatus,
	merkle::{self, InclusionProof},
	price::Tokens,
	record::CallRecord,
	report::commitment,
	signing::Signed,
	statement::Statement,
	AccountId, Balance, Hash, LaneId, Sequence, SessionId, Signature,
};
use sp_core::Pair;
use sp_runtime::DispatchResult;

/// Amount of a penalty, and of the reporter's and the protocol's parts of it.
pub(super) const PENALTY: Balance = BOND / 10;
pub(super) const REWARD: Balance = PENALTY * 3 / 10;
pub(super) const REST: Balance = PENALTY - REWARD;

/// A record that was settled, and what proves that.
#[derive(Clone, Debug)]
pub(super) struct SettledRecord {
	pub(super) session: SessionId,
	pub(super) lane: LaneId,
	pub(super) last_sequence: Sequence,
	pub(super) record: CallRecord,
	pub(super) charge: Balance,
	pub(super) proof: InclusionProof,
}

impl SettledRecord {
	/// The statement of an honest node.
	pub(super) fn statement(&self) -> Statement {
		let genesis_hash = System::block_hash(0);
		Statement::of(genesis_hash, self.session, self.lane, &self.record, self.charge)
	}

	/// The statement of a node that charged so much more than that.
	pub(super) fn cheaper(&self, by: Balance) -> Statement {
		Statement { charge: self.charge - by, ..self.statement() }
	}

	/// The statement of a node whose answer was another one.
	pub(super) fn altered(&self) -> Statement {
		Statement { response_hash: Hash::repeat_byte(0xdd), ..self.statement() }
	}
}

/// The records behind the root with this key.
pub(super) fn proven(
	(session, lane, last_sequence): (SessionId, LaneId, Sequence),
	records: &[(CallRecord, Balance)],
) -> Vec<SettledRecord> {
	let leaves: Vec<_> =
		records.iter().map(|(record, charge)| merkle::leaf(record, *charge)).collect();
	let prove = |index| merkle::prove(&leaves, index).unwrap();
	(0..)
		.zip(records)
		.map(|(index, (record, charge))| SettledRecord {
			session,
			lane,
			last_sequence,
			record: record.clone(),
			charge: *charge,
			proof: prove(index),
		})
		.collect()
}

/// Settles so many calls on a lane of a new session.
pub(super) fn settled(calls: u64) -> Vec<SettledRecord> {
	let session = open_session(DEPOSIT);
	let charge = call_charge();
	let records: Vec<_> = (1..=calls).map(record).collect();
	let voucher = voucher(session, 0, calls, u128::from(calls - 1) * charge, charge);
	assert_ok!(settle(&voucher, records.clone()));
	let records: Vec<_> = records.into_iter().map(|record| (record, charge)).collect();
	proven((session, 0, calls), &records)
}

/// Settles a call that costs about as much, on a session of its own.
pub(super) fn settled_for(about: Balance) -> SettledRecord {
	let session = open_session(2 * about);
	let price = price(PRICE);
	let output_tokens = (about / price.per_output_token + 1).try_into().unwrap();
	let record = CallRecord { output_tokens, ..record(1) };
	let charge = price.charge(&Tokens::new(record.input_tokens, output_tokens)).unwrap();
	assert_ok!(settle(&voucher(session, 0, 1, 0, charge), vec![record.clone()]));
	proven((session, 0, 1), &[(record, charge)]).remove(0)
}

pub(super) fn sign_statement(key: u8, statement: &Statement) -> Signature {
	pair(key).sign(&statement.signing_payload()).into()
}

pub(super) fn overcharge_call(
	key: u8,
	statement: &Statement,
	settled: &SettledRecord,
) -> crate::Call<Test> {
	crate::Call::report_overcharge {
		statement: Box::new(statement.clone()),
		signature: sign_statement(key, statement),
		receipt_key: account(key),
		last_sequence: settled.last_sequence,
		record: Box::new(settled.record.clone()),
		charge: settled.charge,
		proof: settled.proof.clone(),
	}
}

pub(super) fn misreport_call(
	key: u8,
	statement: &Statement,
	settled: &SettledRecord,
) -> crate::Call<Test> {
	crate::Call::report_misreport {
		statement: Box::new(statement.clone()),
		signature: sign_statement(key, statement),
		receipt_key: account(key),
		last_sequence: settled.last_sequence,
		record: Box::new(settled.record.clone()),
		charge: settled.charge,
		proof: settled.proof.clone(),
	}
}

pub(super) fn equivocation_call(
	key: u8,
	operator: u8,
	first: &Statement,
	second: &Statement,
) -> crate::Call<Test> {
	crate::Call::report_equivocation {
		operator: account(operator),
		first: Box::new(first.clone()),
		first_signature: sign_statement(key, first),
		first_key: account(key),
		second: Box::new(second.clone()),
		second_signature: sign_statement(key, second),
		second_key: account(key),
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

fn plain(result: DispatchResultWithPostInfo) -> DispatchResult {
	result.map(|_| ()).map_err(|refused| refused.error)
}

/// Reports as `seed` a statement that `key` has signed.
pub(super) fn overcharge_of(
	seed: u8,
	key: u8,
	statement: &Statement,
	settled: &SettledRecord,
) -> DispatchResult {
	plain(dispatch(seed, overcharge_call(key, statement, settled)))
}

/// Reports as a stranger what the node's receipt key has signed.
pub(super) fn overcharge(statement: &Statement, settled: &SettledRecord) -> DispatchResult {
	overcharge_of(STRANGER, RECEIPTS, statement, settled)
}

pub(super) fn misreport_of(
	seed: u8,
	key: u8,
	statement: &Statement,
	settled: &SettledRecord,
) -> DispatchResult {
	plain(dispatch(seed, misreport_call(key, statement, settled)))
}

pub(super) fn misreport(statement: &Statement, settled: &SettledRecord) -> DispatchResult {
	misreport_of(STRANGER, RECEIPTS, statement, settled)
}

pub(super) fn equivocation_of(
	seed: u8,
	operator: u8,
	key: u8,
	first: &Statement,
	second: &Statement,
) -> DispatchResult {
	plain(dispatch(seed, equivocation_call(key, operator, first, second)))
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

//! Lanes of which the payer knows less than their nodes, because its state was lost or is an older one.
//!
//! A node is not believed. What is adopted of a lane is what the payer has signed itself: its last voucher, and
//! the list that this voucher acknowledges. After that comes one call at most, by the node's statement, and that
//! is of this very voucher and costs no more than the voucher allows. Nothing that is known here gets less.

use openledger_primitives::{
	lane::{Statement, Voucher},
	lane_list::{LaneError, LaneList},
	price::PriceSchedule,
	AccountId, Hash, LaneId, SessionId, MAX_LANES,
};
use openledger_protocol::{x402::Receipt, LaneStateBody};
use thiserror::Error;

use crate::store::StoreError;

/// The reason why a lane is not adopted.
#[derive(Clone, Debug, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum AdoptError {
	#[error("the session is not known here")]
	NoSession,
	#[error("the node has no voucher of the lane")]
	NoVoucher,
	#[error("the lane's last call is still being served")]
	InFlight,
	#[error("the lane's last call is known here: its statement has to be asked for")]
	Remembered,
	#[error("the lane's last call is stated as charged, and it was known before that it was not")]
	Denied,
	#[error("the node's last voucher of the lane is for another {0}")]
	Other(&'static str),
	#[error("the node's last voucher of the lane was not signed by this caller")]
	Unsigned,
	#[error("the node's list of the lane is not the one that was signed for: {0}")]
	Broken(LaneError),
	#[error("the node knows less of the lane, or something else, than is known here")]
	Less,
	#[error("the statement of the lane's last call does not hold: {0}")]
	False(&'static str),
	#[error("the node knows no more of the lane than is known here")]
	NothingNew,
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// The facts that a node's word on a lane is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
	pub genesis_hash: Hash,
	pub session: SessionId,
	/// The caller's account.
	pub caller: &'a AccountId,
	/// The hot key that may sign for the session, as an account.
	pub signer: Option<&'a AccountId>,
	/// The node's receipt key, as an account.
	pub receipt_key: &'a AccountId,
	/// The list price of the lane's model and price version.
	pub list_price: &'a PriceSchedule,
}

/// A lane as its caller has signed for it.
#[derive(Clone, Debug)]
pub(crate) struct Adopted {
	pub lane: LaneId,
	/// The last voucher that the node has taken.
	pub voucher: Voucher,
	/// The calls of the lane, with that of the voucher, if it was charged.
	pub list: LaneList,
	/// The statement of that call.
	pub receipt: Option<Receipt>,
}

impl Adopted {
	/// Checks a node's word on a lane.
	pub fn check(state: &LaneStateBody, facts: Facts<'_>) -> Result<Self, AdoptError> {
		let last = state.last.as_ref().ok_or(AdoptError::NoVoucher)?;
		if state.in_flight.is_some() {
			return Err(AdoptError::InFlight);
		}
		let voucher = last.voucher.newest();
		let same = |what, same| if same { Ok(()) } else { Err(AdoptError::Other(what)) };
		same("chain", voucher.genesis_hash == facts.genesis_hash)?;
		same("session", (voucher.session, state.session) == (facts.session, facts.session))?;
		same("lane", voucher.lane == state.lane && state.lane < MAX_LANES)?;
		same("purpose", voucher.extension.is_none())?;
		if !may_sign(facts).any(|signer| last.is_signed_by(signer)) {
			return Err(AdoptError::Unsigned);
		}
		let mut list = last.list().map_err(AdoptError::Broken)?;
		let receipt = last.statement.clone();
		if let Some(receipt) = &receipt {
			let statement = receipt.statement.newest();
			check_statement(receipt, statement, &voucher, facts).map_err(AdoptError::False)?;
			list.append(statement.sequence, receipt.statement.hash(), &statement.totals())
				.map_err(AdoptError::Broken)?;
		}
		Ok(Self { lane: state.lane, voucher, list, receipt })
	}
}

/// The keys that may sign vouchers of a session.
fn may_sign(facts: Facts<'_>) -> impl Iterator<Item = &AccountId> {
	[facts.caller].into_iter().chain(facts.signer)
}

/// Compares a statement with the voucher that it charges: its request is the one that was signed for. The answer
/// is not known any more.
fn check_statement(
	receipt: &Receipt,
	statement: &Statement,
	voucher: &Voucher,
	facts: Facts<'_>,
) -> Result<(), &'static str> {
	let holds = |what, holds| if holds { Ok(()) } else { Err(what) };
	holds("its signature", receipt.is_signed_by(facts.receipt_key))?;
	holds("its chain", statement.genesis_hash == voucher.genesis_hash)?;
	let place = |session, lane, sequence| (session, lane, sequence);
	holds(
		"its call",
		place(statement.session, statement.lane, statement.sequence)
			== place(voucher.session, voucher.lane, voucher.sequence),
	)?;
	holds("its agreement", statement.agreement == voucher.agreement)?;
	holds("its request", statement.request_hash == voucher.request_hash)?;
	holds("its record", statement.record().check().is_ok())?;
	// Nobody is traced in answers yet.
	holds("its attribution", statement.attribution.is_empty())?;
	let price = voucher.agreement.price(facts.list_price);
	holds("its charge", price.charge(&statement.tokens) == Some(statement.charge))?;
	let is_allowed = voucher.allowance().is_some_and(|allowance| statement.charge <= allowance);
	holds("its charge, which is more than was allowed", is_allowed)
}

//! Writing vouchers down and ending their calls: the operations that move a lane on disk. Each checks
//! everything before it changes anything.

use std::collections::BTreeSet;

use openledger_primitives::{
	info::SessionInfo, lane::Agreement, Balance, Hash, LaneId, Sequence, SessionId,
};
use thiserror::Error;

use super::{
	error::StoreError,
	lane_state::LaneState,
	list,
	promised::LaneFunds,
	schema::Kept,
	tables::Tables,
	types::{
		CallId, CallStatus, LaneKey, ServedCall, StoredCall, StoredVoucher, Uncharged, UnixSeconds,
	},
};

/// A session has so many lanes before its calls are worth anything, and one more for each deposit that they
/// cost: as many as somebody uses at once who goes on to pay for calls.
const UNEARNED_LANES: Balance = 128;

/// A voucher that was checked in itself, to be taken against the state of its lane and session.
#[derive(Clone, Debug)]
pub struct Acceptance {
	/// The voucher, its signature and salt.
	pub voucher: StoredVoucher,
	/// The most that the call may cost, in planck.
	pub reserve: Balance,
	/// The session, as the chain has it.
	pub session: SessionInfo,
	/// The most that all calls of the session may cost together for the chain to pay this voucher, in
	/// planck: the spending limit of the key that signed it, if it has one.
	pub limit: Balance,
	/// The most that the session may owe for calls that are not settled yet, those that are being served
	/// among them, in planck.
	pub exposure: Balance,
	/// The deposits that lanes take, and what the operator has for them.
	pub funds: LaneFunds,
	/// Now.
	pub at: UnixSeconds,
}

/// A reason why a voucher does not fit the state of its lane or session. Nothing has changed. What is set
/// aside for calls that are being served counts as spent, and as owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum LaneRefusal {
	/// The caller has asked this node to agree to the session's end.
	#[error("the session is being closed, as its caller asked")]
	Closing,
	/// Calls were served on this session for somebody else: it was opened in a block that other blocks
	/// have replaced, and its number given away once more. What those calls cost is not this caller's.
	#[error(
		"session {session} belonged to another caller before a chain reorganisation; open a new one"
	)]
	OtherCaller { session: SessionId },
	#[error("this voucher was used before")]
	AlreadyUsed,
	#[error("the lane's next voucher has sequence {expected}")]
	OutOfOrder { expected: Sequence },
	#[error("call {sequence} of this lane is still being served")]
	Busy { sequence: Sequence },
	/// The chain has settled calls of the lane that are not in these books, so that nobody here can say what
	/// they were and cost.
	#[error("the node has lost its records of this lane; use another lane")]
	Lost,
	/// The lane's earlier vouchers are made under another agreement: the chain would not pay for their calls
	/// with this one.
	#[error("the lane is used for {0}; use another lane")]
	OtherTerms(Agreement),
	/// Caller and node disagree about what the earlier calls were, or cost.
	#[error(
		"the lane's earlier calls cost {expected} planck, and their list has the root {root:?}"
	)]
	AcknowledgedMismatch { expected: Balance, root: Hash },
	#[error("the call may cost {needed} planck, and {left} are left of the session's deposit")]
	Underfunded { left: Balance, needed: Balance },
	#[error(
		"the call may cost {needed} planck, and the key that signed for it may spend {left} more: \
		 raise its spending limit, or sign with the caller's own key"
	)]
	LimitReached { left: Balance, needed: Balance },
	/// The chain would hold more of the node's money for the session's lanes than their calls are worth.
	#[error(
		"the node's deposits for this session's lanes would come to {needed} planck, and its calls \
		 have earned {left} of them so far: use its other lanes, or another session"
	)]
	LanesUnearned { left: Balance, needed: Balance },
	/// The chain would settle nothing of the lane, because the operator has no deposit for it.
	#[error(
		"this node takes no more lanes: the deposits for those that it has need {needed} planck with one \
		 more, and its operator's account has {free}; use another lane, or another node"
	)]
	NoDeposit { free: Balance, needed: Balance },
	/// The session owes more than this node is willing to lose with it.
	#[error(
		"this session owes {owed} planck that is not settled yet; the node serves it again below \
		 {exposure}"
	)]
	ExposureReached { owed: Balance, exposure: Balance },
}

/// The refusal of one more lane of a session that has so many, and whose calls cost so much. The chain holds `deposit`
/// planck for each.
pub(super) fn unearned(lanes: u32, charged: Balance, deposit: Balance) -> Option<LaneRefusal> {
	let needed = Balance::from(lanes).saturating_add(1).saturating_mul(deposit);
	let left = charged.saturating_add(UNEARNED_LANES.saturating_mul(deposit));
	(needed > left).then_some(LaneRefusal::LanesUnearned { left, needed })
}

/// Notes that lanes are lost of which the chain has settled what is not written down. What it has settled
/// counts as spent.
pub(super) fn note_lost(
	tables: &mut Tables<'_>,
	info: &SessionInfo,
	lost: &BTreeSet<LaneId>,
) -> Result<(), StoreError> {
	let mut session = tables.session(info.id)?.unwrap_or_default();
	for on_chain in info.lanes.iter().filter(|on_chain| lost.contains(&on_chain.lane)) {
		let key = LaneKey { session: info.id, lane: on_chain.lane };
		let known = tables.lane(key)?.unwrap_or_default();
		if let Some(state) = known.lost_by(on_chain) {
			let more = state.used().saturating_sub(known.used());
			session.charged = session.charged.saturating_add(more);
			tables.put_lane(key, state)?;
		}
	}
	session.payer = Some(info.caller.clone());
	tables.put_session(info.id, &session);
	Ok(())
}

/// A call whose voucher was just taken.
pub(super) fn accepted(acceptance: &Acceptance) -> StoredCall {
	StoredCall {
		payer: acceptance.session.caller.clone(),
		model: acceptance.voucher.voucher.newest().agreement.model,
		reserved: acceptance.reserve,
		accepted_at: acceptance.at,
		status: CallStatus::Accepted,
		served: None,
		index: None,
	}
}

/// Writes a call down that was taken and not ended yet.
pub(super) fn write(tables: &mut Tables<'_>, acceptance: &Acceptance) -> Result<(), StoreError> {
	let voucher = acceptance.voucher.voucher.newest();
	let id = CallId::of(&voucher);
	if tables.call(id)?.is_some() {
		return Ok(());
	}
	let mut lane = tables.lane(id.lane_key())?.unwrap_or_default();
	let mut session = tables.session(id.session)?.unwrap_or_default();
	lane.begin(id.sequence, voucher.agreement);
	lane.in_flight = Some(acceptance.reserve);
	session.in_flight = session.in_flight.saturating_add(acceptance.reserve);
	session.payer = Some(acceptance.session.caller.clone());
	tables.put_voucher(id, &acceptance.voucher)?;
	tables.put_call(id, &accepted(acceptance))?;
	tables.put_lane(id.lane_key(), lane)?;
	tables.put_session(id.session, &session);
	Ok(())
}

/// Takes no more vouchers of a session, now and after every restart. Returns the number of its calls
/// that are still being served, as far as they are written down.
pub(super) fn close(
	tables: &mut Tables<'_>,
	session: SessionId,
	now: UnixSeconds,
) -> Result<usize, StoreError> {
	if !tables.is_closing(session)? {
		tables.put_closing(session, now)?;
	}
	let mut serving = 0_usize;
	for lane in tables.lanes_of(session)? {
		let busy = tables.lane(lane)?.is_some_and(|state| state.in_flight.is_some());
		serving = serving.saturating_add(usize::from(busy));
	}
	Ok(serving)
}

/// A call that is being served: as it is written down, or as it was taken if it is not.
fn open_call(
	tables: &Tables<'_>,
	id: CallId,
	taken: Option<&Acceptance>,
) -> Result<Option<(StoredCall, bool)>, StoreError> {
	Ok(match tables.call(id)? {
		Some(call) => (call.status == CallStatus::Accepted).then_some((call, true)),
		None => taken.map(|acceptance| (accepted(acceptance), false)),
	})
}

/// Ends an accepted call that was served and is charged. `taken` is how it was taken, if it is not
/// written down yet. What it was answered is kept, if it is to be; what was answered before on its lane
/// is not.
pub(super) fn serve(
	tables: &mut Tables<'_>,
	id: CallId,
	taken: Option<&Acceptance>,
	served: ServedCall,
	answer: Option<Vec<u8>>,
) -> Result<(), StoreError> {
	let Some((mut call, written)) = open_call(tables, id, taken)? else {
		return Err(StoreError::Invariant("only an accepted call can be served"));
	};
	let said = served.statement.newest();
	let of = CallId { session: said.session, lane: said.lane, sequence: said.sequence };
	if of != id {
		return Err(StoreError::Invariant("the statement is of another call"));
	}
	let charge = served.charge();
	if charge > call.reserved {
		return Err(StoreError::Invariant("the charge is above what was set aside"));
	}
	call.status = CallStatus::Served;
	call.served = Some(served);
	end(tables, id, call, taken.filter(|_| !written))?;
	match answer {
		Some(body) => tables.kept.put(id.lane_key(), &Kept { sequence: id.sequence, body })?,
		None => tables.kept.remove(id.lane_key())?,
	}
	let mut totals = tables.totals()?;
	totals.served_calls = totals.served_calls.saturating_add(1);
	totals.served = totals.served.saturating_add(charge);
	tables.put_totals(&totals);
	Ok(())
}

/// Ends an accepted call without a charge. True if it was accepted and not ended before.
pub(super) fn release(
	tables: &mut Tables<'_>,
	id: CallId,
	taken: Option<&Acceptance>,
	why: Uncharged,
) -> Result<bool, StoreError> {
	let Some((mut call, written)) = open_call(tables, id, taken)? else { return Ok(false) };
	call.status = CallStatus::NotCharged(why);
	end(tables, id, call, taken.filter(|_| !written))?;
	let mut totals = tables.totals()?;
	totals.uncharged_calls = totals.uncharged_calls.saturating_add(1);
	tables.put_totals(&totals);
	Ok(true)
}

/// Takes back that a voucher was taken, as if it had never come: its sequence is free again.
pub(super) fn withdraw(
	tables: &mut Tables<'_>,
	id: CallId,
	taken: Option<&Acceptance>,
) -> Result<(), StoreError> {
	let Some((call, written)) = open_call(tables, id, taken)? else {
		return Err(StoreError::Invariant("only an accepted call can be withdrawn"));
	};
	if !written {
		tables.forget(id);
		return Ok(());
	}
	let (Some(mut lane), Some(mut session)) =
		(tables.lane(id.lane_key())?, tables.session(id.session)?)
	else {
		return Err(StoreError::Corrupt { table: "lanes" });
	};
	// An accepted call is always its lane's last, and follows the one before it without a gap.
	lane.take_back(id.sequence);
	session.in_flight = session.in_flight.saturating_sub(call.reserved);
	tables.remove_call(id)?;
	tables.put_lane(id.lane_key(), lane)?;
	tables.put_session(id.session, &session);
	Ok(())
}

/// Frees what was set aside for a call, and adds it to its lane and session if it was served. `unwritten` is
/// how it was taken, if this is the first that is written of it.
fn end(
	tables: &mut Tables<'_>,
	id: CallId,
	mut call: StoredCall,
	unwritten: Option<&Acceptance>,
) -> Result<(), StoreError> {
	let key = id.lane_key();
	let (lane, session) = (tables.lane(key)?, tables.session(id.session)?);
	let (mut lane, mut session) = match (lane, session, unwritten) {
		(Some(lane), Some(session), _) => (lane, session),
		// The first call of a lane, or of a session.
		(lane, session, Some(_)) => (lane.unwrap_or_default(), session.unwrap_or_default()),
		_ => return Err(StoreError::Corrupt { table: "lanes" }),
	};
	match unwritten {
		Some(acceptance) => {
			lane.begin(id.sequence, acceptance.voucher.voucher.newest().agreement);
			session.payer = Some(acceptance.session.caller.clone());
		}
		None => session.in_flight = session.in_flight.saturating_sub(call.reserved),
	}
	lane.in_flight = None;
	let grown = match &call.served {
		Some(served) if lane.agreement != Some(served.statement.newest().agreement) => {
			return Err(StoreError::Invariant("the statement is of another agreement"));
		}
		Some(served) => Some(list::grow(&mut lane.list, served)?),
		None => None,
	};
	call.index = grown.as_ref().and_then(|grown| grown.leaf.index());
	session.charged = session.charged.saturating_add(call.charge());

	if let Some(grown) = &grown {
		list::write(tables, key, grown)?;
	}
	if let Some(acceptance) = unwritten {
		tables.put_voucher(id, &acceptance.voucher)?;
	}
	tables.put_call(id, &call)?;
	tables.put_lane(key, lane)?;
	tables.put_session(id.session, &session);
	Ok(())
}

/// A lane as the next voucher has to see it: lost, if the chain is ahead of this store.
pub(super) fn current(
	stored: Option<LaneState>,
	session: &SessionInfo,
	lane: LaneId,
) -> Option<LaneState> {
	let on_chain = session.lanes.iter().find(|info| info.lane == lane);
	match (stored, on_chain) {
		(Some(state), Some(info)) => Some(state.lost_by(info).unwrap_or(state)),
		(None, Some(info)) => LaneState::default().lost_by(info),
		(stored, None) => stored,
	}
}

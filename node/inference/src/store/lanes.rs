//! Taking vouchers and ending calls: the operations that move a lane. Each checks everything
//! before it changes anything.

use openledger_primitives::{
	info::SessionInfo, Balance, LaneId, ModelId, PriceVersion, Sequence, SessionId, MAX_LANES,
};
use thiserror::Error;

use super::{
	error::StoreError,
	tables::Tables,
	types::{
		CallId, CallStatus, LaneKey, LaneState, ServedCall, StoredCall, StoredVoucher, Uncharged,
		UnixSeconds,
	},
};

/// A voucher that was checked in itself, to be taken against the state of its lane and session.
#[derive(Clone, Debug)]
pub struct Acceptance {
	/// The voucher, its signature and salt.
	pub voucher: StoredVoucher,
	/// The model that is asked.
	pub model: ModelId,
	/// The most that the call may cost, in planck.
	pub reserve: Balance,
	/// The session, as the chain has it.
	pub session: SessionInfo,
	/// What all calls of the session may cost together for the chain to pay this voucher, in planck:
	/// the spending limit of the key that signed it, if it has one.
	pub limit: Balance,
	/// Now.
	pub at: UnixSeconds,
}

/// Why a voucher does not fit the state of its lane or session. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LaneRefusal {
	/// The caller has asked this node to agree to the session's end.
	#[error("the session is being closed, as its caller asked")]
	Closing,
	/// This very voucher was taken before.
	#[error("this voucher was used before")]
	AlreadyUsed,
	/// The voucher is not the lane's next.
	#[error("the lane's next voucher has sequence {expected}")]
	OutOfOrder {
		/// What the next voucher's sequence must be.
		expected: Sequence,
	},
	/// The call before it is still being served.
	#[error("call {sequence} of this lane is still being served")]
	Busy {
		/// That call.
		sequence: Sequence,
	},
	/// The lane's earlier calls are of another model.
	#[error("the lane is used for model {model}")]
	OtherModel {
		/// That model.
		model: ModelId,
	},
	/// The lane's newest voucher names a later price than this one: the chain pays for no call at a
	/// later price than the voucher that it is settled with names.
	#[error("the lane's newest voucher names price version {expected}; this one names {found}")]
	PriceFalls {
		/// The newest voucher's: the next one must name it, or a later one.
		expected: PriceVersion,
		/// The one that this voucher names.
		found: PriceVersion,
	},
	/// Caller and node disagree about what the earlier calls cost.
	#[error("the lane's earlier calls cost {expected} planck")]
	AcknowledgedMismatch {
		/// What they cost, in planck.
		expected: Balance,
	},
	/// What is left of the session's deposit does not cover the call.
	#[error("the call may cost {needed} planck, and {left} are left of the session's deposit")]
	Underfunded {
		/// What is neither charged nor set aside for other calls, in planck.
		left: Balance,
		/// What the call may cost, in planck.
		needed: Balance,
	},
	/// What is left of what the session's hot key may spend does not cover the call.
	#[error(
		"the call may cost {needed} planck, and the key that signed for it may spend {left} more: \
		 raise its spending limit, or sign with the caller's own key"
	)]
	LimitReached {
		/// What the key may still spend, in planck.
		left: Balance,
		/// What the call may cost, in planck.
		needed: Balance,
	},
}

/// Takes a voucher: its call is written down as accepted, and what it may cost is set aside.
pub(super) fn accept(
	tables: &mut Tables<'_>,
	acceptance: &Acceptance,
) -> Result<Result<LaneState, LaneRefusal>, StoreError> {
	let voucher = &acceptance.voucher.voucher;
	let id = CallId::of(voucher);
	if tables.closing(id.session)?.is_some() {
		return Ok(Err(LaneRefusal::Closing));
	}
	let stored = tables.session(id.session)?;
	let mut session = stored.unwrap_or_default();

	// Where the chain knows of calls that this store does not (it is new, or was restored from a
	// backup), the lane goes on from what the chain has settled.
	let import_all = stored.is_none() || acceptance.session.settled > session.charged;
	let mut adopted = Vec::new();
	for info in &acceptance.session.lanes {
		if !import_all && info.lane != id.lane {
			continue;
		}
		let key = LaneKey { session: id.session, lane: info.lane };
		let known = tables.lane(key)?.unwrap_or_default();
		if info.sequence > known.sequence && known.in_flight.is_none() {
			let more = info.settled.saturating_sub(known.charged);
			session.charged = session.charged.saturating_add(more);
			adopted.push((key, LaneState::from_chain(info)));
		}
	}
	let mut lane = match adopted.iter().find(|(key, _)| *key == id.lane_key()) {
		Some((_, state)) => *state,
		None => tables.lane(id.lane_key())?.unwrap_or_default(),
	};

	let Some(expected) = lane.sequence.checked_add(1) else {
		return Err(StoreError::Invariant("a lane has no sequence left"));
	};
	if voucher.sequence < expected {
		let same = tables.voucher(id)?.is_some_and(|earlier| earlier.voucher == *voucher);
		return Ok(Err(match same {
			true => LaneRefusal::AlreadyUsed,
			false => LaneRefusal::OutOfOrder { expected },
		}));
	}
	if lane.in_flight.is_some() {
		return Ok(Err(LaneRefusal::Busy { sequence: lane.sequence }));
	}
	if voucher.sequence > expected {
		return Ok(Err(LaneRefusal::OutOfOrder { expected }));
	}
	// The chain pays a voucher's lane for one model only.
	let last = CallId { sequence: lane.sequence, ..id };
	if let Some(call) = tables.call(last)?.filter(|call| call.model != acceptance.model) {
		return Ok(Err(LaneRefusal::OtherModel { model: call.model }));
	}
	let (expected, found) = (
		tables.voucher(last)?.map_or(0, |newest| newest.voucher.price_version),
		voucher.price_version,
	);
	if found < expected {
		return Ok(Err(LaneRefusal::PriceFalls { expected, found }));
	}
	if voucher.acknowledged != lane.charged {
		return Ok(Err(LaneRefusal::AcknowledgedMismatch { expected: lane.charged }));
	}
	let taken = session.charged.saturating_add(session.in_flight);
	let left = acceptance.session.deposit.saturating_sub(taken);
	if acceptance.reserve > left {
		return Ok(Err(LaneRefusal::Underfunded { left, needed: acceptance.reserve }));
	}
	let left = acceptance.limit.saturating_sub(taken);
	if acceptance.reserve > left {
		return Ok(Err(LaneRefusal::LimitReached { left, needed: acceptance.reserve }));
	}

	for (key, state) in adopted {
		tables.put_lane(key, &state)?;
	}
	lane.sequence = voucher.sequence;
	lane.in_flight = Some(acceptance.reserve);
	session.in_flight = session.in_flight.saturating_add(acceptance.reserve);
	tables.put_voucher(id, &acceptance.voucher)?;
	tables.put_call(
		id,
		&StoredCall {
			payer: acceptance.session.caller.clone(),
			model: acceptance.model,
			reserved: acceptance.reserve,
			accepted_at: acceptance.at,
			status: CallStatus::Accepted,
			served: None,
		},
	)?;
	tables.put_lane(id.lane_key(), &lane)?;
	tables.put_session(id.session, &session)?;
	Ok(Ok(lane))
}

/// Takes no more vouchers of a session, now and after every restart. How many of its calls are still
/// being served.
pub(super) fn close(
	tables: &mut Tables<'_>,
	session: SessionId,
	now: UnixSeconds,
) -> Result<usize, StoreError> {
	if tables.closing(session)?.is_none() {
		tables.put_closing(session, now)?;
	}
	let mut serving = 0_usize;
	for lane in tables.lanes_from(LaneKey { session, lane: 0 }, usize::from(MAX_LANES))? {
		if lane.session != session {
			break;
		}
		let busy = tables.lane(lane)?.is_some_and(|state| state.in_flight.is_some());
		serving = serving.saturating_add(usize::from(busy));
	}
	Ok(serving)
}

/// Ends an accepted call that was served and is charged.
pub(super) fn serve(
	tables: &mut Tables<'_>,
	id: CallId,
	served: ServedCall,
) -> Result<(), StoreError> {
	let mut call = match tables.call(id)? {
		Some(call) if call.status == CallStatus::Accepted => call,
		_ => return Err(StoreError::Invariant("only an accepted call can be served")),
	};
	if served.record.sequence != id.sequence {
		return Err(StoreError::Invariant("the record is of another call"));
	}
	if served.charge > call.reserved {
		return Err(StoreError::Invariant("the charge is above what was set aside"));
	}
	let charge = served.charge;
	call.status = CallStatus::Served;
	call.served = Some(served);
	end(tables, id, &call, charge)?;
	let mut totals = tables.totals()?;
	totals.served_calls = totals.served_calls.saturating_add(1);
	totals.served = totals.served.saturating_add(charge);
	tables.put_totals(&totals)
}

/// Ends an accepted call without a charge. Whether it was accepted and not ended before.
pub(super) fn release(
	tables: &mut Tables<'_>,
	id: CallId,
	why: Uncharged,
) -> Result<bool, StoreError> {
	let mut call = match tables.call(id)? {
		Some(call) if call.status == CallStatus::Accepted => call,
		_ => return Ok(false),
	};
	call.status = CallStatus::NotCharged(why);
	end(tables, id, &call, 0)?;
	let mut totals = tables.totals()?;
	totals.uncharged_calls = totals.uncharged_calls.saturating_add(1);
	tables.put_totals(&totals)?;
	Ok(true)
}

/// Takes back that a voucher was taken, as if it had never come: its sequence is free again.
pub(super) fn withdraw(tables: &mut Tables<'_>, id: CallId) -> Result<(), StoreError> {
	let call = match tables.call(id)? {
		Some(call) if call.status == CallStatus::Accepted => call,
		_ => return Err(StoreError::Invariant("only an accepted call can be withdrawn")),
	};
	let (Some(mut lane), Some(mut session)) =
		(tables.lane(id.lane_key())?, tables.session(id.session)?)
	else {
		return Err(StoreError::Corrupt { table: "lanes" });
	};
	lane.in_flight = None;
	// An accepted call is always its lane's last, and follows the one before it without a gap.
	lane.sequence = id.sequence.saturating_sub(1);
	session.in_flight = session.in_flight.saturating_sub(call.reserved);
	tables.remove_call(id)?;
	tables.put_lane(id.lane_key(), &lane)?;
	tables.put_session(id.session, &session)
}

/// Frees what was set aside for a call, and adds its charge to its lane and session.
fn end(
	tables: &mut Tables<'_>,
	id: CallId,
	call: &StoredCall,
	charge: Balance,
) -> Result<(), StoreError> {
	let (Some(mut lane), Some(mut session)) =
		(tables.lane(id.lane_key())?, tables.session(id.session)?)
	else {
		return Err(StoreError::Corrupt { table: "lanes" });
	};
	lane.in_flight = None;
	lane.charged = lane.charged.saturating_add(charge);
	session.in_flight = session.in_flight.saturating_sub(call.reserved);
	session.charged = session.charged.saturating_add(charge);
	tables.put_call(id, call)?;
	tables.put_lane(id.lane_key(), &lane)?;
	tables.put_session(id.session, &session)
}

/// A lane as the next voucher has to see it: this store's, or the chain's where that is ahead.
pub(super) fn current(
	stored: Option<LaneState>,
	session: &SessionInfo,
	lane: LaneId,
) -> Option<LaneState> {
	let on_chain = session.lanes.iter().find(|info| info.lane == lane);
	match (stored, on_chain) {
		(Some(state), Some(info))
			if info.sequence > state.sequence && state.in_flight.is_none() =>
		{
			Some(LaneState::from_chain(info))
		}
		(None, Some(info)) => Some(LaneState::from_chain(info)),
		(stored, _) => stored,
	}
}

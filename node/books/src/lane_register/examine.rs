//! Comparing a voucher with its lane and session: everything is checked here, and nothing changed.

use std::collections::BTreeSet;

use openledger_primitives::{info::SessionInfo, LaneId, SessionId};
use redb::Database;

use super::{InFlight, LastCall, SessionEntry};
use crate::{
	error::StoreError,
	lane_state::LaneState,
	lanes::{self, Acceptance, LaneRefusal},
	promised::Promised,
	snapshot::Snapshot,
	types::{CallId, LaneKey, SessionState, StoredVoucher},
};

/// A session with one of its lanes, as a voucher is compared with them.
pub(super) struct View<'a> {
	pub known: &'a SessionEntry,
	pub promised: &'a Promised,
	pub database: &'a Database,
}

impl View<'_> {
	fn last(&self, id: CallId) -> Option<&LastCall> {
		self.known.lanes.get(&id.lane)?.last.as_ref().filter(|last| last.id == id)
	}

	fn open(&self, id: CallId) -> Option<&InFlight> {
		self.known.lanes.get(&id.lane)?.open.as_ref().filter(|open| open.id == id)
	}

	/// A lane that is in memory.
	fn loaded(&self, lane: LaneId) -> Option<Option<LaneState>> {
		let lane = self.known.lanes.get(&lane)?;
		let open = lane.open.as_ref().map(|open| &open.state);
		Some(open.or(lane.stored.as_ref()).cloned())
	}

	/// The number of the session's lanes that were used.
	fn lanes(&self, session: SessionId) -> Result<u32, StoreError> {
		let lanes = self.known.lanes.values();
		let unwritten = lanes.filter(|lane| lane.stored.is_none() && lane.open.is_some()).count();
		let written = Snapshot::of(self.database)?.lanes_of(session)?;
		let unwritten = u32::try_from(unwritten).unwrap_or(u32::MAX);
		Ok(written.saturating_add(unwritten))
	}

	fn voucher(&self, id: CallId) -> Result<Option<StoredVoucher>, StoreError> {
		match (self.open(id), self.last(id)) {
			(Some(open), _) => Ok(Some(open.acceptance.voucher.clone())),
			(None, Some(last)) => Ok(Some(last.voucher.clone())),
			(None, None) => Snapshot::of(self.database)?.get(id),
		}
	}
}

/// A voucher that fits.
#[derive(Debug)]
pub(super) struct Taken {
	/// Its lane, once it is taken.
	pub lane: LaneState,
	/// Other lanes that are lost, which has to be noted before that.
	pub lost: BTreeSet<LaneId>,
}

/// Compares a voucher with its lane and session.
pub(super) fn examine(
	facts: &View<'_>,
	acceptance: &Acceptance,
) -> Result<Result<Taken, LaneRefusal>, StoreError> {
	let voucher = acceptance.voucher.voucher.newest();
	let id = CallId::of(&voucher);
	if facts.known.closing {
		return Ok(Err(LaneRefusal::Closing));
	}
	let Found { session, mut lane, lost } = find(facts, &acceptance.session, id.lane)?;
	if !session.is_of(&acceptance.session.caller) {
		return Ok(Err(LaneRefusal::OtherCaller { session: id.session }));
	}

	let Some(expected) = lane.sequence.checked_add(1) else {
		return Err(StoreError::Invariant("a lane has no sequence left"));
	};
	let is_used = voucher.sequence < expected
		&& facts.voucher(id)?.is_some_and(|earlier| earlier.voucher == acceptance.voucher.voucher);
	if is_used {
		return Ok(Err(LaneRefusal::AlreadyUsed));
	}
	if lane.lost {
		return Ok(Err(LaneRefusal::Lost));
	}
	if voucher.sequence < expected {
		return Ok(Err(LaneRefusal::OutOfOrder { expected }));
	}
	if lane.in_flight.is_some() {
		return Ok(Err(LaneRefusal::Busy { sequence: lane.sequence }));
	}
	if voucher.sequence > expected {
		return Ok(Err(LaneRefusal::OutOfOrder { expected }));
	}
	if let Some(other) = lane.agreement.filter(|agreement| *agreement != voucher.agreement) {
		return Ok(Err(LaneRefusal::OtherTerms(other)));
	}
	let (charged, root) = (lane.charged(), lane.list.root());
	if (voucher.acknowledged, voucher.acknowledged_root) != (charged, root) {
		return Ok(Err(LaneRefusal::AcknowledgedMismatch { expected: charged, root }));
	}
	if lane.sequence == 0 {
		let deposit = acceptance.funds.deposit;
		if let Some(refusal) = lanes::unearned(facts.lanes(id.session)?, session.charged, deposit) {
			return Ok(Err(refusal));
		}
	}
	if lane.list.count() == 0 {
		if let Some(refusal) = facts.promised.refuse(&acceptance.funds) {
			return Ok(Err(refusal));
		}
	}
	let owed = session.charged.saturating_sub(acceptance.session.settled);
	let owed = owed.saturating_add(session.in_flight);
	let exposure = acceptance.exposure;
	if owed > 0 && owed >= exposure {
		return Ok(Err(LaneRefusal::ExposureReached { owed, exposure }));
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
	lane.begin(voucher.sequence, voucher.agreement);
	lane.in_flight = Some(acceptance.reserve);
	Ok(Ok(Taken { lane, lost }))
}

/// A voucher's session and lane, beside what the chain says of them.
struct Found {
	session: SessionState,
	lane: LaneState,
	/// Lanes of which the chain has settled what these books do not know. The session is with that.
	lost: BTreeSet<LaneId>,
}

/// Compares a session with what the chain has settled of it: all its lanes, if that is more than these books
/// have charged together, else the voucher's.
fn find(facts: &View<'_>, info: &SessionInfo, lane: LaneId) -> Result<Found, StoreError> {
	let stored = facts.known.state();
	let is_behind = |known: &SessionState| info.settled > known.charged;
	let look_at_all = stored.as_ref().is_none_or(is_behind);
	let rows = match stored.as_ref().filter(|known| is_behind(known)) {
		Some(_) => Some(Snapshot::of(facts.database)?.rows::<LaneState>()?),
		// The voucher's lane is in memory, and of a session that is not known nothing is on disk.
		None => None,
	};
	let state = |lane: LaneId| match (facts.loaded(lane), &rows) {
		(Some(loaded), _) => Ok(loaded.unwrap_or_default()),
		(None, Some(rows)) => {
			let stored = rows.get(LaneKey { session: info.id, lane });
			stored.map(Option::unwrap_or_default)
		}
		(None, None) => Ok(LaneState::default()),
	};
	let mut session = stored.unwrap_or_default();
	let mut own = state(lane)?;
	let mut lost = BTreeSet::new();
	for on_chain in info.lanes.iter().filter(|info| look_at_all || info.lane == lane) {
		let known = state(on_chain.lane)?;
		let Some(state) = known.lost_by(on_chain) else { continue };
		let more = state.used().saturating_sub(known.used());
		session.charged = session.charged.saturating_add(more);
		lost.insert(on_chain.lane);
		if on_chain.lane == lane {
			own = state;
		}
	}
	Ok(Found { session, lane: own, lost })
}

//! The place where vouchers are taken: lanes and sessions as they are on disk, and the calls that are
//! being served, in memory.
//!
//! A voucher is compared with its lane and session here, and taken here, under one lock: no disk is
//! waited for, and two calls that race cannot both win. A call that was taken is written down when it
//! ends, or before anything of its answer goes out ([`LaneRegister::unwritten`]); until then it is nowhere
//! else. Whatever the writer has committed is told to [`LaneRegister::settle`], in order, and only the writer
//! changes what is on disk; so what is here is what is there, and the calls that are not there yet.

mod examine;

use std::{
	collections::{hash_map::Entry, BTreeSet, HashMap},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openledger_primitives::{Balance, LaneId, SessionId};
use redb::Database;

use self::examine::{examine, Taken, View};
use super::{
	error::StoreError,
	lane_state::LaneState,
	lanes::{self, Acceptance, LaneRefusal},
	promised::Promised,
	schema::Closing,
	snapshot::Snapshot,
	tables::Touched,
	types::{CallId, CallStatus, LaneKey, SessionState, StoredCall, StoredVoucher},
};

/// The most sessions that are kept here; beyond that, those of which nothing is being served are read
/// anew.
const SESSIONS: usize = 4_096;
/// The most lanes, of all sessions together; beyond that, those of which nothing is being served are read
/// anew. A lane takes a few kilobytes. Few in tests, so that they go through it.
const LANES: usize = if cfg!(test) { 8 } else { 16_384 };

/// The register.
#[derive(Debug, Default)]
pub(super) struct LaneRegister(Mutex<Known>);

/// What is known of lanes and sessions.
#[derive(Debug, Default)]
struct Known {
	sessions: HashMap<SessionId, SessionEntry>,
	/// Lanes for which the chain holds no deposit yet.
	promised: Promised,
}

/// A session.
#[derive(Debug, Default)]
struct SessionEntry {
	closing: bool,
	/// As it is on disk.
	stored: Option<SessionState>,
	/// The most that its calls may cost that are not on disk.
	taken: Balance,
	lanes: HashMap<LaneId, LaneEntry>,
}

/// A lane.
#[derive(Debug, Default)]
struct LaneEntry {
	/// As it is on disk.
	stored: Option<LaneState>,
	/// Its last call on disk, if it is kept.
	last: Option<LastCall>,
	/// The call that is being served.
	open: Option<InFlight>,
}

#[derive(Debug)]
struct LastCall {
	id: CallId,
	voucher: StoredVoucher,
	call: StoredCall,
}

#[derive(Debug)]
struct InFlight {
	acceptance: Arc<Acceptance>,
	id: CallId,
	/// The lane, as the next voucher has to see it.
	state: LaneState,
	/// True once it is on disk.
	written: bool,
}

/// The result of taking a voucher.
#[derive(Debug)]
pub(super) enum Taking {
	/// It is taken; the lane as the next voucher has to see it.
	Taken(LaneState),
	/// It was not.
	Refused(LaneRefusal),
	/// It has to be noted first that these lanes of its session are lost ([`lanes::note_lost`]).
	Behind(Acceptance, BTreeSet<LaneId>),
}

impl LaneRegister {
	/// Takes note of what was promised before.
	pub fn promise(&self, promised: Promised) {
		self.lock().promised = promised;
	}

	/// Takes a voucher, if it fits its lane and session.
	pub fn accept(
		&self,
		database: &Database,
		acceptance: Acceptance,
	) -> Result<Taking, StoreError> {
		let id = CallId::of(&acceptance.voucher.voucher.newest());
		let mut guard = self.lock();
		let Known { sessions, promised } = &mut *guard;
		let known = load(sessions, database, id.lane_key())?;
		let view = View { known, promised, database };
		let state = match examine(&view, &acceptance)? {
			Ok(Taken { lost, .. }) if !lost.is_empty() => {
				return Ok(Taking::Behind(acceptance, lost));
			}
			Ok(Taken { lane, .. }) => lane,
			Err(refusal) => return Ok(Taking::Refused(refusal)),
		};
		if state.list.count() == 0 {
			promised.add(id.lane_key());
		}
		known.taken = known.taken.saturating_add(acceptance.reserve);
		let open =
			InFlight { acceptance: Arc::new(acceptance), id, state: state.clone(), written: false };
		known.lanes.entry(id.lane).or_default().open = Some(open);
		Ok(Taking::Taken(state))
	}

	/// Compares a voucher with its lane and session, and does not take it. None if it fits.
	pub fn compare(
		&self,
		database: &Database,
		acceptance: &Acceptance,
	) -> Result<Option<LaneRefusal>, StoreError> {
		let id = CallId::of(&acceptance.voucher.voucher.newest());
		let mut guard = self.lock();
		let Known { sessions, promised } = &mut *guard;
		let known = load(sessions, database, id.lane_key())?;
		Ok(examine(&View { known, promised, database }, acceptance)?.err())
	}

	/// The voucher of a call that is being served and not on disk.
	pub fn unwritten(&self, id: CallId) -> Option<Arc<Acceptance>> {
		let guard = self.lock();
		let open =
			open(&guard.sessions, id.lane_key()).filter(|open| open.id == id && !open.written)?;
		Some(open.acceptance.clone())
	}

	/// The vouchers of all calls that are being served and not on disk.
	pub fn all_unwritten(&self) -> Vec<Arc<Acceptance>> {
		let guard = self.lock();
		let lanes = guard.sessions.values().flat_map(|known| known.lanes.values());
		let open = lanes.filter_map(|lane| lane.open.as_ref()).filter(|open| !open.written);
		open.map(|open| open.acceptance.clone()).collect()
	}

	/// Takes no more vouchers of a session. How many of its calls are being served and not on disk.
	pub fn close(&self, session: SessionId, database: &Database) -> Result<usize, StoreError> {
		let mut guard = self.lock();
		let known = load_session(&mut guard.sessions, database, session)?;
		known.closing = true;
		let open = known.lanes.values().filter_map(|lane| lane.open.as_ref());
		Ok(open.filter(|open| !open.written).count())
	}

	/// Takes no more vouchers of a session from now on, unless calls of it are being served that are not on
	/// disk: false then.
	pub fn end(&self, session: SessionId, database: &Database) -> Result<bool, StoreError> {
		let mut guard = self.lock();
		let known = load_session(&mut guard.sessions, database, session)?;
		let mut open = known.lanes.values().filter_map(|lane| lane.open.as_ref());
		let idle = open.all(|open| open.written);
		known.closing |= idle;
		Ok(idle)
	}

	/// A call that is being served, as it will be written down.
	pub fn call(&self, id: CallId) -> Option<(StoredVoucher, StoredCall)> {
		let acceptance = self.unwritten(id)?;
		Some((acceptance.voucher.clone(), lanes::accepted(&acceptance)))
	}

	/// The call of a lane that is being served and not on disk, and the lane as the next voucher has
	/// to see it.
	pub fn open(&self, lane: LaneKey) -> Option<(Arc<Acceptance>, LaneState)> {
		let guard = self.lock();
		let open = open(&guard.sessions, lane).filter(|open| !open.written)?;
		Some((open.acceptance.clone(), open.state.clone()))
	}

	/// The sum over a session's lanes.
	pub fn session(
		&self,
		session: SessionId,
		database: &Database,
	) -> Result<Option<SessionState>, StoreError> {
		Ok(load_session(&mut self.lock().sessions, database, session)?.state())
	}

	/// Takes note of what was committed.
	pub fn settle(&self, touched: Vec<Touched>) {
		let mut guard = self.lock();
		let Known { sessions, promised } = &mut *guard;
		for touched in touched {
			match touched {
				Touched::Session(id, None) => {
					sessions.remove(&id);
					promised.end(id);
				}
				Touched::Session(id, state) => {
					if let Some(known) = sessions.get_mut(&id) {
						known.stored = state;
					}
				}
				Touched::Closing(id) => {
					if let Some(known) = sessions.get_mut(&id) {
						known.closing = true;
					}
				}
				Touched::Lane(key, state) => {
					if state.is_none() {
						promised.remove(key);
					}
					if let Some(lane) = lane(sessions, key) {
						if let (Some(open), Some(state)) = (&mut lane.open, &state) {
							open.state.base_sequence = state.base_sequence;
							open.state.base_calls = state.base_calls;
						}
						lane.stored = state;
					}
				}
				Touched::Call(id, voucher, call) => {
					if matches!(call.status, CallStatus::Settled { .. }) {
						promised.remove(id.lane_key());
					}
					let is_uncharged = matches!(call.status, CallStatus::NotCharged(_));
					if let Some(known) = sessions.get_mut(&id.session) {
						known.note(id, voucher, call);
						if is_uncharged && known.is_without_calls(id.lane) {
							promised.remove(id.lane_key());
						}
					}
				}
				Touched::Removed(id) => {
					if let Some(known) = sessions.get_mut(&id.session) {
						known.forget(id);
						if known.is_without_calls(id.lane) {
							promised.remove(id.lane_key());
						}
					}
				}
			}
		}
		if sessions.len() > SESSIONS {
			sessions.retain(|_, known| known.lanes.values().any(|lane| lane.open.is_some()));
		}
	}

	fn lock(&self) -> MutexGuard<'_, Known> {
		// Every change is complete before anything could panic.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl SessionEntry {
	/// With what is set aside for calls that are not on disk.
	fn state(&self) -> Option<SessionState> {
		let mut open = self.lanes.values().filter_map(|lane| lane.open.as_ref());
		let unwritten = open.find(|open| !open.written);
		if self.stored.is_none() && unwritten.is_none() {
			return None;
		}
		let mut state = self.stored.clone().unwrap_or_default();
		state.in_flight = state.in_flight.saturating_add(self.taken);
		let caller = || Some(unwritten?.acceptance.session.caller.clone());
		state.payer = state.payer.or_else(caller);
		Some(state)
	}

	/// A call is on disk.
	fn note(&mut self, id: CallId, voucher: Option<StoredVoucher>, call: StoredCall) {
		let Some(lane) = self.lanes.get_mut(&id.lane) else { return };
		if let Some(open) = lane.open.as_mut().filter(|open| open.id == id) {
			if !open.written {
				open.written = true;
				self.taken = self.taken.saturating_sub(open.acceptance.reserve);
			}
			if call.status != CallStatus::Accepted {
				lane.open = None;
			}
		}
		match (voucher, &mut lane.last) {
			(Some(voucher), last) if last.as_ref().is_none_or(|last| last.id <= id) => {
				*last = Some(LastCall { id, voucher, call });
			}
			(None, Some(last)) if last.id == id => last.call = call,
			_ => {}
		}
	}

	/// Returns `true` for a lane of which no call is being served, and none was ever charged.
	fn is_without_calls(&self, lane: LaneId) -> bool {
		let unlisted = |state: &LaneState| state.list.count() == 0;
		let lane = self.lanes.get(&lane).filter(|lane| lane.open.is_none());
		lane.is_some_and(|lane| lane.stored.as_ref().is_none_or(unlisted))
	}

	/// A call is as if it had never come.
	fn forget(&mut self, id: CallId) {
		let Some(lane) = self.lanes.get_mut(&id.lane) else { return };
		if let Some(open) = lane.open.take_if(|open| open.id == id) {
			if !open.written {
				self.taken = self.taken.saturating_sub(open.acceptance.reserve);
			}
		}
		lane.last.take_if(|last| last.id == id);
	}
}

fn open(sessions: &HashMap<SessionId, SessionEntry>, key: LaneKey) -> Option<&InFlight> {
	sessions.get(&key.session)?.lanes.get(&key.lane)?.open.as_ref()
}

fn lane(sessions: &mut HashMap<SessionId, SessionEntry>, key: LaneKey) -> Option<&mut LaneEntry> {
	sessions.get_mut(&key.session)?.lanes.get_mut(&key.lane)
}

/// A session as it is on disk.
fn load_session<'a>(
	sessions: &'a mut HashMap<SessionId, SessionEntry>,
	database: &Database,
	session: SessionId,
) -> Result<&'a mut SessionEntry, StoreError> {
	if sessions.len() > SESSIONS {
		// What is being closed may not be on disk yet.
		let busy = |known: &SessionEntry| known.lanes.values().any(|lane| lane.open.is_some());
		sessions.retain(|id, known| *id == session || known.closing || busy(known));
	}
	match sessions.entry(session) {
		Entry::Occupied(known) => Ok(known.into_mut()),
		Entry::Vacant(vacant) => {
			let snapshot = Snapshot::of(database)?;
			let stored = snapshot.get(session)?;
			let closing = snapshot.get::<Closing>(session)?.is_some();
			Ok(vacant.insert(SessionEntry { closing, stored, ..SessionEntry::default() }))
		}
	}
}

/// Forgets lanes of which nothing is being served, if there are too many.
fn make_room(sessions: &mut HashMap<SessionId, SessionEntry>) {
	let lanes = sessions.values().map(|known| known.lanes.len());
	if lanes.fold(0, usize::saturating_add) >= LANES {
		for known in sessions.values_mut() {
			known.lanes.retain(|_, lane| lane.open.is_some());
		}
	}
}

/// A session and one of its lanes, as they are on disk.
fn load<'a>(
	sessions: &'a mut HashMap<SessionId, SessionEntry>,
	database: &Database,
	key: LaneKey,
) -> Result<&'a mut SessionEntry, StoreError> {
	if !load_session(sessions, database, key.session)?.lanes.contains_key(&key.lane) {
		make_room(sessions);
	}
	let known = load_session(sessions, database, key.session)?;
	if let Entry::Vacant(vacant) = known.lanes.entry(key.lane) {
		let snapshot = Snapshot::of(database)?;
		let stored: Option<LaneState> = snapshot.get(key)?;
		let last = match &stored {
			Some(LaneState { sequence, .. }) => {
				let id = key.call(*sequence);
				let found = snapshot.get(id)?.zip(snapshot.get(id)?);
				found.map(|(voucher, call)| LastCall { id, voucher, call })
			}
			None => None,
		};
		vacant.insert(LaneEntry { stored, last, open: None });
	}
	Ok(known)
}

//! The tables of the database, and typed access to them.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | schema version, whose store this is, totals |
//! | `sessions` | session | [`SessionState`] |
//! | `lanes` | session, lane | [`LaneState`] |
//! | `vouchers` | session, lane, sequence | [`StoredVoucher`] |
//! | `calls` | session, lane, sequence | [`StoredCall`] |
//! | `open` | session, lane, sequence | which calls are not at their end yet: [`OpenCall`] |
//! | `sent` | session, lane | the [`StoredAggregate`] in a settlement whose outcome is not known |
//! | `aggregates` | session, lane, last sequence | each [`StoredAggregate`] that was settled |
//! | `closing` | session | when its caller asked for an end: it takes no more vouchers |
//! | `answers` | request | calls on chain with an answer: [`StoredAnswer`] |
//! | `kept` | session, lane | what was answered last: the call's sequence, and the body |

use std::collections::BTreeMap;

use codec::{Decode, Encode};
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use openledger_primitives::{Balance, LaneId, RequestId, Sequence, SessionId};

use super::{
	error::StoreError,
	types::{
		CallId, CallStatus, LaneKey, LaneState, SessionState, StoredAggregate, StoredAnswer,
		StoredCall, StoredVoucher, Totals, UnixSeconds,
	},
};

pub(super) type CallKey = (SessionId, LaneId, Sequence);

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SESSIONS: TableDefinition<SessionId, &[u8]> = TableDefinition::new("sessions");
const LANES: TableDefinition<(SessionId, LaneId), &[u8]> = TableDefinition::new("lanes");
const VOUCHERS: TableDefinition<CallKey, &[u8]> = TableDefinition::new("vouchers");
const CALLS: TableDefinition<CallKey, &[u8]> = TableDefinition::new("calls");
const OPEN: TableDefinition<CallKey, &[u8]> = TableDefinition::new("open");
const SENT: TableDefinition<(SessionId, LaneId), &[u8]> = TableDefinition::new("sent");
const AGGREGATES: TableDefinition<CallKey, &[u8]> = TableDefinition::new("aggregates");
const CLOSING: TableDefinition<SessionId, UnixSeconds> = TableDefinition::new("closing");
const ANSWERS: TableDefinition<RequestId, &[u8]> = TableDefinition::new("answers");
const KEPT: TableDefinition<(SessionId, LaneId), (Sequence, &[u8])> = TableDefinition::new("kept");

pub(super) const SCHEMA: &str = "schema";
pub(super) const GENESIS: &str = "genesis";
pub(super) const OPERATOR: &str = "operator";
const TOTALS: &str = "totals";

/// What is left to do for a call. Calls that are settled, lost or not charged have no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum OpenCall {
	/// Being served.
	#[codec(index = 0)]
	Accepted,
	/// To be settled.
	#[codec(index = 1)]
	Served {
		/// Since when.
		at: UnixSeconds,
		/// What it costs, in planck.
		charge: Balance,
	},
	/// In a settlement whose outcome is not known.
	#[codec(index = 2)]
	Submitted {
		/// When it was served.
		at: UnixSeconds,
		/// What it costs, in planck.
		charge: Balance,
	},
}

impl OpenCall {
	/// The entry that belongs to a call, if any.
	fn of(call: &StoredCall) -> Option<Self> {
		let (at, charge) = match &call.served {
			Some(served) => (served.at, served.charge),
			None => (call.accepted_at, 0),
		};
		match call.status {
			CallStatus::Accepted => Some(Self::Accepted),
			CallStatus::Served => Some(Self::Served { at, charge }),
			CallStatus::Submitted(_) => Some(Self::Submitted { at, charge }),
			CallStatus::NotCharged(_) | CallStatus::Settled { .. } | CallStatus::Lost(_) => None,
		}
	}
}

fn key(id: CallId) -> CallKey {
	(id.session, id.lane, id.sequence)
}

fn id((session, lane, sequence): CallKey) -> CallId {
	CallId { session, lane, sequence }
}

pub(super) fn decode<T: Decode>(table: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
	let mut input = bytes;
	match T::decode(&mut input) {
		Ok(value) if input.is_empty() => Ok(value),
		_ => Err(StoreError::Corrupt { table }),
	}
}

/// Reading, the same inside and outside a write transaction.
macro_rules! reads {
	() => {
		pub(super) fn meta<T: Decode>(&self, name: &str) -> Result<Option<T>, StoreError> {
			self.meta.get(name)?.map(|bytes| decode("meta", bytes.value())).transpose()
		}

		pub(super) fn lane(&self, lane: LaneKey) -> Result<Option<LaneState>, StoreError> {
			self.lanes
				.get((lane.session, lane.lane))?
				.map(|bytes| decode("lanes", bytes.value()))
				.transpose()
		}

		/// When a session's caller asked for its end.
		pub(super) fn closing(
			&self,
			session: SessionId,
		) -> Result<Option<UnixSeconds>, StoreError> {
			Ok(self.closing.get(session)?.map(|since| since.value()))
		}

		pub(super) fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
			self.calls.get(key(id))?.map(|bytes| decode("calls", bytes.value())).transpose()
		}

		/// The first `limit` calls of a lane from a sequence upwards, in order.
		pub(super) fn calls_from(
			&self,
			from: CallId,
			limit: usize,
		) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
			self.calls
				.range(key(from)..=(from.session, from.lane, Sequence::MAX))?
				.take(limit)
				.map(|entry| {
					let (key, value) = entry?;
					Ok((id(key.value()), decode("calls", value.value())?))
				})
				.collect()
		}

		/// The aggregate of a lane that is in a settlement whose outcome is not known.
		pub(super) fn sent(&self, lane: LaneKey) -> Result<Option<StoredAggregate>, StoreError> {
			self.sent
				.get((lane.session, lane.lane))?
				.map(|bytes| decode("sent", bytes.value()))
				.transpose()
		}

		/// The first settled aggregate of a lane that ends at a sequence or after it.
		pub(super) fn aggregate_from(
			&self,
			from: CallId,
		) -> Result<Option<StoredAggregate>, StoreError> {
			let range = key(from)..=(from.session, from.lane, Sequence::MAX);
			match self.aggregates.range(range)?.next() {
				Some(entry) => Ok(Some(decode("aggregates", entry?.1.value())?)),
				None => Ok(None),
			}
		}
	};
}

/// A consistent view of the store.
pub(super) struct Snapshot {
	meta: redb::ReadOnlyTable<&'static str, &'static [u8]>,
	sessions: redb::ReadOnlyTable<SessionId, &'static [u8]>,
	lanes: redb::ReadOnlyTable<(SessionId, LaneId), &'static [u8]>,
	vouchers: redb::ReadOnlyTable<CallKey, &'static [u8]>,
	calls: redb::ReadOnlyTable<CallKey, &'static [u8]>,
	open: redb::ReadOnlyTable<CallKey, &'static [u8]>,
	sent: redb::ReadOnlyTable<(SessionId, LaneId), &'static [u8]>,
	aggregates: redb::ReadOnlyTable<CallKey, &'static [u8]>,
	closing: redb::ReadOnlyTable<SessionId, UnixSeconds>,
	answers: redb::ReadOnlyTable<RequestId, &'static [u8]>,
	kept: redb::ReadOnlyTable<(SessionId, LaneId), (Sequence, &'static [u8])>,
}

impl Snapshot {
	pub(super) fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
		Ok(Self {
			meta: transaction.open_table(META)?,
			sessions: transaction.open_table(SESSIONS)?,
			lanes: transaction.open_table(LANES)?,
			vouchers: transaction.open_table(VOUCHERS)?,
			calls: transaction.open_table(CALLS)?,
			open: transaction.open_table(OPEN)?,
			sent: transaction.open_table(SENT)?,
			aggregates: transaction.open_table(AGGREGATES)?,
			closing: transaction.open_table(CLOSING)?,
			answers: transaction.open_table(ANSWERS)?,
			kept: transaction.open_table(KEPT)?,
		})
	}

	reads!();

	pub(super) fn totals(&self) -> Result<Totals, StoreError> {
		Ok(self.meta(TOTALS)?.unwrap_or_default())
	}

	/// What a session's lanes add up to.
	pub(super) fn session(&self, session: SessionId) -> Result<Option<SessionState>, StoreError> {
		self.sessions.get(session)?.map(|bytes| decode("sessions", bytes.value())).transpose()
	}

	pub(super) fn voucher(&self, id: CallId) -> Result<Option<StoredVoucher>, StoreError> {
		self.vouchers.get(key(id))?.map(|bytes| decode("vouchers", bytes.value())).transpose()
	}

	/// What was answered last on a lane, and the sequence of the call, if it is kept.
	pub(super) fn kept(&self, lane: LaneKey) -> Result<Option<(Sequence, Vec<u8>)>, StoreError> {
		Ok(self.kept.get((lane.session, lane.lane))?.map(|entry| {
			let (sequence, body) = entry.value();
			(sequence, body.to_vec())
		}))
	}

	/// The calls on chain with an answer that is not known to have arrived.
	pub(super) fn answers(&self) -> Result<Vec<(RequestId, StoredAnswer)>, StoreError> {
		self.answers
			.iter()?
			.map(|entry| {
				let (request, value) = entry?;
				Ok((request.value(), decode("answers", value.value())?))
			})
			.collect()
	}

	/// All calls of a lane, in order.
	pub(super) fn calls_of(&self, lane: LaneKey) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		let range = (lane.session, lane.lane, 0)..=(lane.session, lane.lane, Sequence::MAX);
		self.calls
			.range(range)?
			.map(|entry| {
				let (key, value) = entry?;
				Ok((id(key.value()), decode("calls", value.value())?))
			})
			.collect()
	}

	/// Looks at all calls that are not at their end, in order: there may be very many.
	pub(super) fn each_open_call(
		&self,
		mut look: impl FnMut(CallId, OpenCall),
	) -> Result<(), StoreError> {
		for entry in self.open.iter()? {
			let (key, value) = entry?;
			look(id(key.value()), decode("open", value.value())?);
		}
		Ok(())
	}

	/// The first `limit` calls of a lane that are not at their end, in order.
	pub(super) fn open_calls_of(
		&self,
		lane: LaneKey,
		limit: usize,
	) -> Result<Vec<(CallId, OpenCall)>, StoreError> {
		let range = (lane.session, lane.lane, 0)..=(lane.session, lane.lane, Sequence::MAX);
		self.open
			.range(range)?
			.take(limit)
			.map(|entry| {
				let (key, value) = entry?;
				Ok((id(key.value()), decode("open", value.value())?))
			})
			.collect()
	}
}

/// What a transaction has changed of what vouchers are compared with.
#[derive(Debug)]
pub(super) enum Touched {
	/// A session.
	Session(SessionId, SessionState),
	/// A session takes no more vouchers.
	Closing(SessionId),
	/// A lane.
	Lane(LaneKey, LaneState),
	/// A call, with its voucher if that is new as well.
	Call(CallId, Option<StoredVoucher>, StoredCall),
	/// A call is not there any more.
	Removed(CallId),
}

/// The tables within a write transaction. Notes whether anything was changed, and what of that
/// concerns vouchers to come.
pub(super) struct Tables<'txn> {
	meta: Table<'txn, &'static str, &'static [u8]>,
	pub(super) sessions: Table<'txn, SessionId, &'static [u8]>,
	lanes: Table<'txn, (SessionId, LaneId), &'static [u8]>,
	pub(super) vouchers: Table<'txn, CallKey, &'static [u8]>,
	calls: Table<'txn, CallKey, &'static [u8]>,
	open: Table<'txn, CallKey, &'static [u8]>,
	pub(super) sent: Table<'txn, (SessionId, LaneId), &'static [u8]>,
	pub(super) aggregates: Table<'txn, CallKey, &'static [u8]>,
	closing: Table<'txn, SessionId, UnixSeconds>,
	answers: Table<'txn, RequestId, &'static [u8]>,
	kept: Table<'txn, (SessionId, LaneId), (Sequence, &'static [u8])>,
	changed: bool,
	touched: Vec<Touched>,
	/// The voucher that was written last: its call comes next.
	voucher: Option<(CallId, StoredVoucher)>,
	/// What all calls of a transaction change is written once, in the end ([`Self::finish`]).
	late_sessions: BTreeMap<SessionId, SessionState>,
	late_totals: Option<Totals>,
}

impl<'txn> Tables<'txn> {
	pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
		Ok(Self {
			meta: transaction.open_table(META)?,
			sessions: transaction.open_table(SESSIONS)?,
			lanes: transaction.open_table(LANES)?,
			vouchers: transaction.open_table(VOUCHERS)?,
			calls: transaction.open_table(CALLS)?,
			open: transaction.open_table(OPEN)?,
			sent: transaction.open_table(SENT)?,
			aggregates: transaction.open_table(AGGREGATES)?,
			closing: transaction.open_table(CLOSING)?,
			answers: transaction.open_table(ANSWERS)?,
			kept: transaction.open_table(KEPT)?,
			changed: false,
			touched: Vec::new(),
			voucher: None,
			late_sessions: BTreeMap::new(),
			late_totals: None,
		})
	}

	/// All calls that are not at their end, in order.
	pub(super) fn open_calls(&self) -> Result<Vec<(CallId, OpenCall)>, StoreError> {
		self.open
			.iter()?
			.map(|entry| {
				let (key, value) = entry?;
				Ok((id(key.value()), decode("open", value.value())?))
			})
			.collect()
	}

	/// Up to `limit` lanes, from `from` upwards.
	pub(super) fn lanes_from(
		&self,
		from: LaneKey,
		limit: usize,
	) -> Result<Vec<LaneKey>, StoreError> {
		self.lanes
			.range((from.session, from.lane)..)?
			.take(limit)
			.map(|entry| {
				let (session, lane) = entry?.0.value();
				Ok(LaneKey { session, lane })
			})
			.collect()
	}

	/// The first call of a session, on whatever lane.
	pub(super) fn first_call(&self, from: CallId) -> Result<Option<StoredCall>, StoreError> {
		let range = key(from)..=(from.session, LaneId::MAX, Sequence::MAX);
		match self.calls.range(range)?.next() {
			Some(entry) => Ok(Some(decode("calls", entry?.1.value())?)),
			None => Ok(None),
		}
	}

	reads!();

	pub(super) fn put_meta<T: Encode>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
		self.changed = true;
		self.meta.insert(name, value.encode().as_slice())?;
		Ok(())
	}

	/// Writes what is written once. Whether there is anything to commit, and what concerns vouchers to
	/// come.
	pub(super) fn finish(mut self) -> Result<(bool, Vec<Touched>), StoreError> {
		for (session, state) in std::mem::take(&mut self.late_sessions) {
			self.sessions.insert(session, state.encode().as_slice())?;
			self.touched.push(Touched::Session(session, state));
		}
		if let Some(totals) = self.late_totals.take() {
			self.put_meta(TOTALS, &totals)?;
		}
		Ok((self.changed, self.touched))
	}

	pub(super) fn totals(&self) -> Result<Totals, StoreError> {
		match self.late_totals {
			Some(totals) => Ok(totals),
			None => Ok(self.meta(TOTALS)?.unwrap_or_default()),
		}
	}

	pub(super) fn put_totals(&mut self, totals: &Totals) {
		self.changed = true;
		self.late_totals = Some(*totals);
	}

	/// What a session's lanes add up to.
	pub(super) fn session(&self, session: SessionId) -> Result<Option<SessionState>, StoreError> {
		match self.late_sessions.get(&session) {
			Some(state) => Ok(Some(state.clone())),
			None => self
				.sessions
				.get(session)?
				.map(|bytes| decode("sessions", bytes.value()))
				.transpose(),
		}
	}

	pub(super) fn put_session(&mut self, session: SessionId, state: &SessionState) {
		self.changed = true;
		self.late_sessions.insert(session, state.clone());
	}

	pub(super) fn put_lane(&mut self, lane: LaneKey, state: &LaneState) -> Result<(), StoreError> {
		self.changed = true;
		self.lanes.insert((lane.session, lane.lane), state.encode().as_slice())?;
		self.touched.push(Touched::Lane(lane, *state));
		Ok(())
	}

	pub(super) fn put_voucher(
		&mut self,
		id: CallId,
		voucher: &StoredVoucher,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.vouchers.insert(key(id), voucher.encode().as_slice())?;
		self.voucher = Some((id, voucher.clone()));
		Ok(())
	}

	/// Forgets a call and its voucher.
	pub(super) fn remove_call(&mut self, id: CallId) -> Result<(), StoreError> {
		self.changed = true;
		self.calls.remove(key(id))?;
		self.vouchers.remove(key(id))?;
		self.open.remove(key(id))?;
		self.forget(id);
		Ok(())
	}

	/// A call that was not written down is as if it had never come.
	pub(super) fn forget(&mut self, id: CallId) {
		self.touched.push(Touched::Removed(id));
	}

	/// Writes a call and keeps the list of open calls in step with it.
	pub(super) fn put_call(&mut self, id: CallId, call: &StoredCall) -> Result<(), StoreError> {
		self.changed = true;
		self.calls.insert(key(id), call.encode().as_slice())?;
		match OpenCall::of(call) {
			Some(open) => self.open.insert(key(id), open.encode().as_slice())?,
			None => self.open.remove(key(id))?,
		};
		let voucher = self.voucher.take_if(|(of, _)| *of == id).map(|(_, voucher)| voucher);
		self.touched.push(Touched::Call(id, voucher, call.clone()));
		Ok(())
	}

	/// Notes the aggregate that is about to be sent.
	pub(super) fn put_sent(
		&mut self,
		lane: LaneKey,
		sent: &StoredAggregate,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.sent.insert((lane.session, lane.lane), sent.encode().as_slice())?;
		Ok(())
	}

	/// Forgets the aggregate that was sent.
	pub(super) fn remove_sent(&mut self, lane: LaneKey) -> Result<(), StoreError> {
		self.changed = true;
		self.sent.remove((lane.session, lane.lane))?;
		Ok(())
	}

	/// Keeps an aggregate that was settled.
	pub(super) fn put_aggregate(
		&mut self,
		lane: LaneKey,
		settled: &StoredAggregate,
	) -> Result<(), StoreError> {
		self.changed = true;
		let key = (lane.session, lane.lane, settled.aggregate.up_to);
		self.aggregates.insert(key, settled.encode().as_slice())?;
		Ok(())
	}

	/// Forgets an aggregate.
	pub(super) fn remove_aggregate(&mut self, last: CallId) -> Result<(), StoreError> {
		self.changed = true;
		self.aggregates.remove(key(last))?;
		Ok(())
	}

	/// Notes that a session takes no more vouchers.
	pub(super) fn put_closing(
		&mut self,
		session: SessionId,
		since: UnixSeconds,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.closing.insert(session, since)?;
		self.touched.push(Touched::Closing(session));
		Ok(())
	}

	/// Keeps the answer of a call on chain.
	pub(super) fn put_answer(
		&mut self,
		request: RequestId,
		answer: &StoredAnswer,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.answers.insert(request, answer.encode().as_slice())?;
		Ok(())
	}

	/// Keeps what a call was answered, in the place of what was answered before on its lane.
	pub(super) fn put_kept(&mut self, id: CallId, body: &[u8]) -> Result<(), StoreError> {
		self.changed = true;
		self.kept.insert((id.session, id.lane), (id.sequence, body))?;
		Ok(())
	}

	/// Forgets what was answered last on a lane.
	pub(super) fn remove_kept(&mut self, lane: LaneKey) -> Result<(), StoreError> {
		let was_there = self.kept.remove((lane.session, lane.lane))?.is_some();
		self.changed |= was_there;
		Ok(())
	}

	/// The sequence of the call whose answer is kept on a lane.
	pub(super) fn kept_call(&self, lane: LaneKey) -> Result<Option<Sequence>, StoreError> {
		Ok(self.kept.get((lane.session, lane.lane))?.map(|entry| entry.value().0))
	}

	/// Forgets the answer of a call on chain.
	pub(super) fn remove_answer(&mut self, request: RequestId) -> Result<(), StoreError> {
		self.changed = true;
		self.answers.remove(request)?;
		Ok(())
	}
}

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

use codec::{Decode, Encode};
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use openledger_primitives::{Balance, LaneId, Sequence, SessionId};

use super::{
	error::StoreError,
	types::{
		CallId, CallStatus, LaneKey, LaneState, SessionState, StoredCall, StoredVoucher, Totals,
		UnixSeconds,
	},
};

type CallKey = (SessionId, LaneId, Sequence);

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SESSIONS: TableDefinition<SessionId, &[u8]> = TableDefinition::new("sessions");
const LANES: TableDefinition<(SessionId, LaneId), &[u8]> = TableDefinition::new("lanes");
const VOUCHERS: TableDefinition<CallKey, &[u8]> = TableDefinition::new("vouchers");
const CALLS: TableDefinition<CallKey, &[u8]> = TableDefinition::new("calls");
const OPEN: TableDefinition<CallKey, &[u8]> = TableDefinition::new("open");

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

fn decode<T: Decode>(table: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
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

		pub(super) fn totals(&self) -> Result<Totals, StoreError> {
			Ok(self.meta(TOTALS)?.unwrap_or_default())
		}

		pub(super) fn session(
			&self,
			session: SessionId,
		) -> Result<Option<SessionState>, StoreError> {
			self.sessions.get(session)?.map(|bytes| decode("sessions", bytes.value())).transpose()
		}

		pub(super) fn lane(&self, lane: LaneKey) -> Result<Option<LaneState>, StoreError> {
			self.lanes
				.get((lane.session, lane.lane))?
				.map(|bytes| decode("lanes", bytes.value()))
				.transpose()
		}

		pub(super) fn voucher(&self, id: CallId) -> Result<Option<StoredVoucher>, StoreError> {
			self.vouchers.get(key(id))?.map(|bytes| decode("vouchers", bytes.value())).transpose()
		}

		pub(super) fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
			self.calls.get(key(id))?.map(|bytes| decode("calls", bytes.value())).transpose()
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
		})
	}

	reads!();

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

	/// The calls of a lane that are not at their end, in order.
	pub(super) fn open_calls_of(
		&self,
		lane: LaneKey,
	) -> Result<Vec<(CallId, OpenCall)>, StoreError> {
		let range = (lane.session, lane.lane, 0)..=(lane.session, lane.lane, Sequence::MAX);
		self.open
			.range(range)?
			.map(|entry| {
				let (key, value) = entry?;
				Ok((id(key.value()), decode("open", value.value())?))
			})
			.collect()
	}
}

/// The tables within a write transaction. Notes whether anything was changed.
pub(super) struct Tables<'txn> {
	meta: Table<'txn, &'static str, &'static [u8]>,
	sessions: Table<'txn, SessionId, &'static [u8]>,
	lanes: Table<'txn, (SessionId, LaneId), &'static [u8]>,
	vouchers: Table<'txn, CallKey, &'static [u8]>,
	calls: Table<'txn, CallKey, &'static [u8]>,
	open: Table<'txn, CallKey, &'static [u8]>,
	changed: bool,
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
			changed: false,
		})
	}

	/// Whether there is anything to commit.
	pub(super) fn changed(&self) -> bool {
		self.changed
	}

	reads!();

	pub(super) fn put_meta<T: Encode>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
		self.changed = true;
		self.meta.insert(name, value.encode().as_slice())?;
		Ok(())
	}

	pub(super) fn put_totals(&mut self, totals: &Totals) -> Result<(), StoreError> {
		self.put_meta(TOTALS, totals)
	}

	pub(super) fn put_session(
		&mut self,
		session: SessionId,
		state: &SessionState,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.sessions.insert(session, state.encode().as_slice())?;
		Ok(())
	}

	pub(super) fn put_lane(&mut self, lane: LaneKey, state: &LaneState) -> Result<(), StoreError> {
		self.changed = true;
		self.lanes.insert((lane.session, lane.lane), state.encode().as_slice())?;
		Ok(())
	}

	pub(super) fn put_voucher(
		&mut self,
		id: CallId,
		voucher: &StoredVoucher,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.vouchers.insert(key(id), voucher.encode().as_slice())?;
		Ok(())
	}

	/// Forgets a call and its voucher.
	pub(super) fn remove_call(&mut self, id: CallId) -> Result<(), StoreError> {
		self.changed = true;
		self.calls.remove(key(id))?;
		self.vouchers.remove(key(id))?;
		self.open.remove(key(id))?;
		Ok(())
	}

	/// Writes a call and keeps the list of open calls in step with it.
	pub(super) fn put_call(&mut self, id: CallId, call: &StoredCall) -> Result<(), StoreError> {
		self.changed = true;
		self.calls.insert(key(id), call.encode().as_slice())?;
		match OpenCall::of(call) {
			Some(open) => self.open.insert(key(id), open.encode().as_slice())?,
			None => self.open.remove(key(id))?,
		};
		Ok(())
	}
}

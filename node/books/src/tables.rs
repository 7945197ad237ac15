//! The tables within a write transaction.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use openledger_primitives::{lane_list::LaneLeaf, LaneId, SessionId};
use redb::WriteTransaction;

use super::{
	error::StoreError,
	lane_state::LaneState,
	row::WriteRows,
	schema::{Closing, Kept, Node, OpenCall, Schema, Settlement},
	types::{
		CallId, Identity, LaneKey, SessionState, StoredAnswer, StoredCall, StoredVoucher, Totals,
		UnixSeconds,
	},
};

/// A change that a transaction made to what vouchers are compared with.
#[derive(Debug)]
pub(super) enum Touched {
	/// A session; none if it is not there any more.
	Session(SessionId, Option<SessionState>),
	/// A session takes no more vouchers.
	Closing(SessionId),
	/// A lane; none if it is not there any more.
	Lane(LaneKey, Option<LaneState>),
	/// A call, with its voucher if that is new as well.
	Call(CallId, Option<StoredVoucher>, StoredCall),
	/// A call is not there any more.
	Removed(CallId),
}

/// The tables within a write transaction. Those that concern vouchers to come are changed by its
/// methods, which note every change; the others directly.
pub(super) struct Tables<'txn> {
	pub(super) schema: WriteRows<'txn, Schema>,
	pub(super) owner: WriteRows<'txn, Identity>,
	totals: WriteRows<'txn, Totals>,
	sessions: WriteRows<'txn, SessionState>,
	closing: WriteRows<'txn, Closing>,
	lanes: WriteRows<'txn, LaneState>,
	pub(super) kept: WriteRows<'txn, Kept>,
	vouchers: WriteRows<'txn, StoredVoucher>,
	calls: WriteRows<'txn, StoredCall>,
	open: WriteRows<'txn, OpenCall>,
	pub(super) leaves: WriteRows<'txn, LaneLeaf>,
	pub(super) nodes: WriteRows<'txn, Node>,
	pub(super) settlements: WriteRows<'txn, Settlement>,
	pub(super) answers: WriteRows<'txn, StoredAnswer>,
	/// True once a row of any table was written or removed.
	changed: Rc<Cell<bool>>,
	touched: Vec<Touched>,
	/// The voucher that was written last: its call comes next.
	voucher: Option<(CallId, StoredVoucher)>,
	/// Rows that all calls of a transaction change are written once, in the end ([`Self::finish`]).
	late_sessions: BTreeMap<SessionId, SessionState>,
	late_totals: Option<Totals>,
}

impl<'txn> Tables<'txn> {
	/// Opens all tables, or makes them.
	pub fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
		let changed = Rc::default();
		Ok(Self {
			schema: WriteRows::open(transaction, &changed)?,
			owner: WriteRows::open(transaction, &changed)?,
			totals: WriteRows::open(transaction, &changed)?,
			sessions: WriteRows::open(transaction, &changed)?,
			closing: WriteRows::open(transaction, &changed)?,
			lanes: WriteRows::open(transaction, &changed)?,
			kept: WriteRows::open(transaction, &changed)?,
			vouchers: WriteRows::open(transaction, &changed)?,
			calls: WriteRows::open(transaction, &changed)?,
			open: WriteRows::open(transaction, &changed)?,
			leaves: WriteRows::open(transaction, &changed)?,
			nodes: WriteRows::open(transaction, &changed)?,
			settlements: WriteRows::open(transaction, &changed)?,
			answers: WriteRows::open(transaction, &changed)?,
			changed,
			touched: Vec::new(),
			voucher: None,
			late_sessions: BTreeMap::new(),
			late_totals: None,
		})
	}

	/// Writes what is written once. True if there is anything to commit, and the changes that concern
	/// vouchers to come.
	pub fn finish(mut self) -> Result<(bool, Vec<Touched>), StoreError> {
		for (session, state) in std::mem::take(&mut self.late_sessions) {
			self.sessions.put(session, &state)?;
			self.touched.push(Touched::Session(session, Some(state)));
		}
		if let Some(totals) = self.late_totals.take() {
			self.totals.put((), &totals)?;
		}
		Ok((self.changed.get(), self.touched))
	}

	/// The sum over all calls.
	pub fn totals(&self) -> Result<Totals, StoreError> {
		match self.late_totals {
			Some(totals) => Ok(totals),
			None => Ok(self.totals.get(())?.unwrap_or_default()),
		}
	}

	/// Writes the sum over all calls.
	pub fn put_totals(&mut self, totals: &Totals) {
		self.late_totals = Some(*totals);
	}

	/// The sum over a session's lanes.
	pub fn session(&self, session: SessionId) -> Result<Option<SessionState>, StoreError> {
		match self.late_sessions.get(&session) {
			Some(state) => Ok(Some(state.clone())),
			None => self.sessions.get(session),
		}
	}

	/// Writes the sum over a session's lanes.
	pub fn put_session(&mut self, session: SessionId, state: &SessionState) {
		self.late_sessions.insert(session, state.clone());
	}

	/// Forgets a session that has no lanes any more.
	pub fn remove_session(&mut self, session: SessionId) -> Result<(), StoreError> {
		self.late_sessions.remove(&session);
		self.sessions.remove(session)?;
		self.closing.remove(session)?;
		self.touched.push(Touched::Session(session, None));
		Ok(())
	}

	/// True if a session takes no more vouchers.
	pub fn is_closing(&self, session: SessionId) -> Result<bool, StoreError> {
		Ok(self.closing.get(session)?.is_some())
	}

	/// Notes that a session takes no more vouchers.
	pub fn put_closing(&mut self, session: SessionId, at: UnixSeconds) -> Result<(), StoreError> {
		self.closing.put(session, &Closing(at))?;
		self.touched.push(Touched::Closing(session));
		Ok(())
	}

	/// A lane.
	pub fn lane(&self, lane: LaneKey) -> Result<Option<LaneState>, StoreError> {
		self.lanes.get(lane)
	}

	/// Up to `limit` lanes, from `from` upwards.
	pub fn lanes_from(&self, from: LaneKey, limit: usize) -> Result<Vec<LaneKey>, StoreError> {
		self.lanes.keys_from(from)?.take(limit).collect()
	}

	/// All lanes of a session that are here, in order.
	pub fn lanes_of(&self, session: SessionId) -> Result<Vec<LaneKey>, StoreError> {
		let lane = |lane: LaneId| LaneKey { session, lane };
		self.lanes.keys(lane(0)..=lane(LaneId::MAX))?.collect()
	}

	/// Writes a lane.
	pub fn put_lane(&mut self, lane: LaneKey, state: LaneState) -> Result<(), StoreError> {
		self.lanes.put(lane, &state)?;
		self.touched.push(Touched::Lane(lane, Some(state)));
		Ok(())
	}

	/// Forgets a lane that has no calls any more.
	pub fn remove_lane(&mut self, lane: LaneKey) -> Result<(), StoreError> {
		self.lanes.remove(lane)?;
		self.touched.push(Touched::Lane(lane, None));
		Ok(())
	}

	/// A call.
	pub fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
		self.calls.get(id)
	}

	/// The first `limit` calls of a lane from this one upwards, in order.
	pub fn calls_from(
		&self,
		from: CallId,
		limit: usize,
	) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		self.calls.range(from..=from.lane_key().last())?.take(limit).collect()
	}

	/// All calls that are not at their end, in order.
	pub fn open_calls(&self) -> Result<Vec<(CallId, OpenCall)>, StoreError> {
		self.open.all()?.collect()
	}

	/// The newest voucher of a lane that is kept.
	pub fn last_voucher(&self, lane: LaneKey) -> Result<Option<StoredVoucher>, StoreError> {
		self.vouchers.last(lane.all())
	}

	/// Writes a voucher; its call has to come next.
	pub fn put_voucher(&mut self, id: CallId, voucher: &StoredVoucher) -> Result<(), StoreError> {
		self.vouchers.put(id, voucher)?;
		self.voucher = Some((id, voucher.clone()));
		Ok(())
	}

	/// Writes a call and keeps the list of open calls in step with it.
	pub fn put_call(&mut self, id: CallId, call: &StoredCall) -> Result<(), StoreError> {
		self.calls.put(id, call)?;
		match OpenCall::of(call) {
			Some(open) => self.open.put(id, &open)?,
			None => self.open.remove(id)?,
		}
		let voucher = self.voucher.take_if(|(of, _)| *of == id).map(|(_, voucher)| voucher);
		self.touched.push(Touched::Call(id, voucher, call.clone()));
		Ok(())
	}

	/// Forgets a call and its voucher.
	pub fn remove_call(&mut self, id: CallId) -> Result<(), StoreError> {
		self.calls.remove(id)?;
		self.vouchers.remove(id)?;
		self.open.remove(id)?;
		self.forget(id);
		Ok(())
	}

	/// A call that was not written down is as if it had never come.
	pub fn forget(&mut self, id: CallId) {
		self.touched.push(Touched::Removed(id));
	}
}

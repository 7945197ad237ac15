//! The tables within a write transaction.

use std::collections::BTreeMap;

use openledger_primitives::{RequestId, Sequence, SessionId};
use redb::WriteTransaction;

use super::{
	error::StoreError,
	row::WriteRows,
	schema::{Closing, Kept, OpenCall, Schema, Sent, Settled},
	types::{
		CallId, Identity, LaneKey, LaneState, SessionState, StoredAggregate, StoredAnswer,
		StoredCall, StoredVoucher, Totals, UnixSeconds,
	},
	SCHEMA_VERSION,
};

/// A change that a transaction made to what vouchers are compared with.
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

/// The tables within a write transaction. Notes if anything was changed, and what of that
/// concerns vouchers to come.
pub(super) struct Tables<'txn> {
	schema: WriteRows<'txn, Schema>,
	owner: WriteRows<'txn, Identity>,
	totals: WriteRows<'txn, Totals>,
	sessions: WriteRows<'txn, SessionState>,
	closing: WriteRows<'txn, Closing>,
	lanes: WriteRows<'txn, LaneState>,
	kept: WriteRows<'txn, Kept>,
	sent: WriteRows<'txn, Sent>,
	vouchers: WriteRows<'txn, StoredVoucher>,
	calls: WriteRows<'txn, StoredCall>,
	open: WriteRows<'txn, OpenCall>,
	aggregates: WriteRows<'txn, Settled>,
	answers: WriteRows<'txn, StoredAnswer>,
	changed: bool,
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
		Ok(Self {
			schema: WriteRows::open(transaction)?,
			owner: WriteRows::open(transaction)?,
			totals: WriteRows::open(transaction)?,
			sessions: WriteRows::open(transaction)?,
			closing: WriteRows::open(transaction)?,
			lanes: WriteRows::open(transaction)?,
			kept: WriteRows::open(transaction)?,
			sent: WriteRows::open(transaction)?,
			vouchers: WriteRows::open(transaction)?,
			calls: WriteRows::open(transaction)?,
			open: WriteRows::open(transaction)?,
			aggregates: WriteRows::open(transaction)?,
			answers: WriteRows::open(transaction)?,
			changed: false,
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
			self.touched.push(Touched::Session(session, state));
		}
		if let Some(totals) = self.late_totals.take() {
			self.totals.put((), &totals)?;
		}
		Ok((self.changed, self.touched))
	}

	/// Writes the schema's version. On a file that has it, this changes nothing and goes to the
	/// disk all the same.
	pub fn put_schema(&mut self) -> Result<(), StoreError> {
		self.changed = true;
		self.schema.put((), &Schema(SCHEMA_VERSION))
	}

	/// Whose store it is.
	pub fn owner(&self) -> Result<Option<Identity>, StoreError> {
		self.owner.get(())
	}

	/// Makes the store somebody's.
	pub fn put_owner(&mut self, owner: &Identity) -> Result<(), StoreError> {
		self.changed = true;
		self.owner.put((), owner)
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
		self.changed = true;
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
		self.changed = true;
		self.late_sessions.insert(session, state.clone());
	}

	/// True if a session takes no more vouchers.
	pub fn is_closing(&self, session: SessionId) -> Result<bool, StoreError> {
		Ok(self.closing.get(session)?.is_some())
	}

	/// Notes that a session takes no more vouchers.
	pub fn put_closing(&mut self, session: SessionId, at: UnixSeconds) -> Result<(), StoreError> {
		self.changed = true;
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

	/// Writes a lane.
	pub fn put_lane(&mut self, lane: LaneKey, state: &LaneState) -> Result<(), StoreError> {
		self.changed = true;
		self.lanes.put(lane, state)?;
		self.touched.push(Touched::Lane(lane, *state));
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

	/// Writes a voucher; its call has to come next.
	pub fn put_voucher(&mut self, id: CallId, voucher: &StoredVoucher) -> Result<(), StoreError> {
		self.changed = true;
		self.vouchers.put(id, voucher)?;
		self.voucher = Some((id, voucher.clone()));
		Ok(())
	}

	/// Writes a call and keeps the list of open calls in step with it.
	pub fn put_call(&mut self, id: CallId, call: &StoredCall) -> Result<(), StoreError> {
		self.changed = true;
		self.calls.put(id, call)?;
		match OpenCall::of(call) {
			Some(open) => self.open.put(id, &open)?,
			None => {
				self.open.remove(id)?;
			}
		}
		let voucher = self.voucher.take_if(|(of, _)| *of == id).map(|(_, voucher)| voucher);
		self.touched.push(Touched::Call(id, voucher, call.clone()));
		Ok(())
	}

	/// Forgets a call and its voucher.
	pub fn remove_call(&mut self, id: CallId) -> Result<(), StoreError> {
		self.changed = true;
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

	/// The sums of a lane that are in a settlement whose outcome is not known.
	pub fn sent(&self, lane: LaneKey) -> Result<Option<StoredAggregate>, StoreError> {
		Ok(self.sent.get(lane)?.map(|Sent(sums)| sums))
	}

	/// Notes the sums that are about to be sent.
	pub fn put_sent(&mut self, lane: LaneKey, sums: StoredAggregate) -> Result<(), StoreError> {
		self.changed = true;
		self.sent.put(lane, &Sent(sums))
	}

	/// Forgets the sums that were sent.
	pub fn remove_sent(&mut self, lane: LaneKey) -> Result<(), StoreError> {
		self.changed = true;
		self.sent.remove(lane)?;
		Ok(())
	}

	/// The first settled sums of a lane that end at this call or after it.
	pub fn aggregate_from(&self, from: CallId) -> Result<Option<StoredAggregate>, StoreError> {
		let mut sums = self.aggregates.range(from..=from.lane_key().last())?;
		Ok(sums.next().transpose()?.map(|(_, Settled(sums))| sums))
	}

	/// Keeps sums that were settled.
	pub fn put_aggregate(
		&mut self,
		lane: LaneKey,
		sums: StoredAggregate,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.aggregates.put(lane.call(sums.aggregate.up_to), &Settled(sums))
	}

	/// Forgets sums, by their last call.
	pub fn remove_aggregate(&mut self, last: CallId) -> Result<(), StoreError> {
		self.changed = true;
		self.aggregates.remove(last)?;
		Ok(())
	}

	/// The sequence of the call whose answer is kept on a lane.
	pub fn kept_call(&self, lane: LaneKey) -> Result<Option<Sequence>, StoreError> {
		Ok(self.kept.get(lane)?.map(|kept| kept.sequence))
	}

	/// Keeps the answer to a call, in the place of the one before on its lane.
	pub fn put_kept(&mut self, id: CallId, body: Vec<u8>) -> Result<(), StoreError> {
		self.changed = true;
		self.kept.put(id.lane_key(), &Kept { sequence: id.sequence, body })
	}

	/// Forgets the last answer of a lane.
	pub fn remove_kept(&mut self, lane: LaneKey) -> Result<(), StoreError> {
		let was_there = self.kept.remove(lane)?;
		self.changed |= was_there;
		Ok(())
	}

	/// Keeps the answer to a call on chain.
	pub fn put_answer(
		&mut self,
		request: RequestId,
		answer: &StoredAnswer,
	) -> Result<(), StoreError> {
		self.changed = true;
		self.answers.put(request, answer)
	}

	/// Forgets the answer to a call on chain.
	pub fn remove_answer(&mut self, request: RequestId) -> Result<(), StoreError> {
		self.changed = true;
		self.answers.remove(request)?;
		Ok(())
	}
}

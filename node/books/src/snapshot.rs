//! Reading what is on disk.

use std::ops::{Range, RangeInclusive};

use openledger_primitives::{lane::Voucher, lane_list::LaneLeaf, LaneId, SessionId};
use redb::{Database, ReadTransaction, ReadableDatabase};

use super::{
	error::StoreError,
	lane_state::LaneState,
	list,
	row::{ReadRows, Row},
	schema::{Kept, OpenCall, Settlement},
	types::{CallId, KeptAnswer, LaneKey, OpenLane, StoredCall, StoredVoucher},
};

/// A consistent view of the store. Each table is opened when it is needed.
pub(super) struct Snapshot(ReadTransaction);

impl Snapshot {
	/// The store as it was committed last.
	pub fn of(database: &Database) -> Result<Self, StoreError> {
		Ok(Self(database.begin_read()?))
	}

	/// A table.
	pub fn rows<R: Row>(&self) -> Result<ReadRows<R>, StoreError> {
		ReadRows::open(&self.0)
	}

	/// A row.
	pub fn get<R: Row>(&self, key: R::Key) -> Result<Option<R>, StoreError> {
		self.rows::<R>()?.get(key)
	}

	/// The first `limit` rows in a range, in order.
	pub fn range<R: Row>(
		&self,
		range: RangeInclusive<R::Key>,
		limit: usize,
	) -> Result<Vec<(R::Key, R)>, StoreError> {
		self.rows::<R>()?.range(range)?.take(limit).collect()
	}

	/// The number of a session's lanes that are here.
	pub fn lanes_of(&self, session: SessionId) -> Result<u32, StoreError> {
		let lane = |lane| LaneKey { session, lane };
		let rows = self.rows::<LaneState>()?;
		let mut keys = rows.keys(lane(0)..=lane(LaneId::MAX))?;
		keys.try_fold(0_u32, |sum, key| key.map(|_| sum.saturating_add(1)))
	}

	/// The first settlement of a lane that ends with this call or after it.
	pub fn settlement_from(&self, from: CallId) -> Result<Option<Settlement>, StoreError> {
		self.rows::<Settlement>()?.first(from..=from.lane_key().last())
	}

	/// The leaves of a lane's list with indices in this range, in order.
	pub fn leaves(&self, lane: LaneKey, range: Range<u32>) -> Result<Vec<LaneLeaf>, StoreError> {
		let Some(last) = range.end.checked_sub(1).filter(|last| range.start <= *last) else {
			return Ok(Vec::new());
		};
		let leaves = self.range(list::leaves(lane, range.start, last), usize::MAX)?;
		Ok(leaves.into_iter().map(|(_, leaf)| leaf).collect())
	}

	/// The answer to exactly this voucher, if it is kept.
	pub fn kept(&self, voucher: &Voucher) -> Result<Option<KeptAnswer>, StoreError> {
		let id = CallId::of(voucher);
		let Some(Kept { sequence, body }) = self.get(id.lane_key())? else { return Ok(None) };
		let taken = self.get::<StoredVoucher>(id)?;
		let taken = taken.is_some_and(|taken| taken.voucher.newest() == *voucher);
		if sequence != id.sequence || !taken {
			return Ok(None);
		}
		Ok(self.get(id)?.map(|call| KeptAnswer { call, body }))
	}

	/// The lanes with calls that wait for settlement, or for the outcome of one, in order.
	pub fn open_lanes(&self) -> Result<Vec<OpenLane>, StoreError> {
		let mut lanes: Vec<OpenLane> = Vec::new();
		// There may be very many.
		for entry in self.rows::<OpenCall>()?.all()? {
			let (id, open) = entry?;
			let (at, value, submitted) = match open {
				OpenCall::Accepted => continue,
				OpenCall::Served { at, charge } => (at, charge, false),
				OpenCall::Submitted { at, charge } => (at, charge, true),
			};
			let key = id.lane_key();
			match lanes.last_mut() {
				Some(lane) if lane.key == key => {
					lane.calls = lane.calls.saturating_add(1);
					lane.value = lane.value.saturating_add(value);
					lane.oldest = lane.oldest.min(at);
					lane.submitted |= submitted;
				}
				_ => lanes.push(OpenLane { key, calls: 1, value, oldest: at, submitted }),
			}
		}
		Ok(lanes)
	}

	/// The first `limit` calls of a lane that wait for settlement, or for the outcome of one, in
	/// order.
	pub fn open_calls(
		&self,
		lane: LaneKey,
		limit: usize,
	) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		let mut calls = Vec::new();
		for (id, open) in self.range::<OpenCall>(lane.all(), limit)? {
			if open == OpenCall::Accepted {
				continue;
			}
			let call = self.get(id)?.ok_or(StoreError::Corrupt { table: OpenCall::TABLE })?;
			calls.push((id, call));
		}
		Ok(calls)
	}

	/// The newest call of a lane that waits for settlement, or for the outcome of one.
	pub fn newest_open_call(
		&self,
		lane: LaneKey,
	) -> Result<Option<(CallId, StoredCall)>, StoreError> {
		for entry in self.rows::<OpenCall>()?.range_back(lane.all())? {
			let (id, open) = entry?;
			if open != OpenCall::Accepted {
				let call = self.get(id)?.ok_or(StoreError::Corrupt { table: OpenCall::TABLE })?;
				return Ok(Some((id, call)));
			}
		}
		Ok(None)
	}
}

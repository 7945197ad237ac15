//! Lanes for which the chain is going to hold a deposit of the operator's, and does not yet.
//!
//! The first settlement of a lane takes a deposit from the operator's account, and a lane for which there is none is not
//! settled. So a node promises no more lanes than the operator has deposits for: what is served on a further one
//! might never be paid. Lanes of which no call was charged need none.

use std::collections::BTreeSet;

use openledger_primitives::{Balance, LaneId, SessionId};

use super::{
	error::StoreError, lane_state::LaneState, lanes::LaneRefusal, schema::Settlement,
	snapshot::Snapshot, types::LaneKey,
};

/// The deposits for lanes, and what there is for those that have none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneFunds {
	/// The amount that the chain holds from the operator for a lane, in planck.
	pub deposit: Balance,
	/// The amount on the operator's account that can be held for more of them, in planck.
	pub free: Balance,
}

/// The lanes that have no deposit yet, and calls that need one, or are being served.
#[derive(Debug, Default)]
pub(super) struct Promised(BTreeSet<LaneKey>);

impl Promised {
	/// Reads what is promised of the calls that are on disk.
	pub fn read(snapshot: &Snapshot) -> Result<Self, StoreError> {
		let (lanes, settlements) = (snapshot.rows::<LaneState>()?, snapshot.rows::<Settlement>()?);
		let mut promised = BTreeSet::new();
		for lane in lanes.all()? {
			let (key, state) = lane?;
			// Of a lane whose first calls were removed, these were settled.
			if state.lost || state.list.count() == 0 || state.base_calls > 0 {
				continue;
			}
			let mut settled = settlements.keys(key.call(0)..=key.last())?;
			if settled.next().transpose()?.is_none() {
				promised.insert(key);
			}
		}
		Ok(Self(promised))
	}

	/// The refusal of one more lane, if there is no deposit for it.
	pub fn refuse(&self, funds: &LaneFunds) -> Option<LaneRefusal> {
		let lanes = Balance::try_from(self.0.len()).unwrap_or(Balance::MAX).saturating_add(1);
		let LaneFunds { deposit, free } = *funds;
		let needed = lanes.saturating_mul(deposit);
		(needed > free).then_some(LaneRefusal::NoDeposit { free, needed })
	}

	/// Promises a lane.
	pub fn add(&mut self, lane: LaneKey) {
		self.0.insert(lane);
	}

	/// Takes note that a lane has its deposit, or needs none.
	pub fn remove(&mut self, lane: LaneKey) {
		self.0.remove(&lane);
	}

	/// Takes note that a session is over.
	pub fn end(&mut self, session: SessionId) {
		let lane = |lane| LaneKey { session, lane };
		let of_session = self.0.range(lane(0)..=lane(LaneId::MAX)).copied();
		for lane in of_session.collect::<Vec<_>>() {
			self.0.remove(&lane);
		}
	}
}

//! The tables of the database.
//!
//! | table | key | value |
//! |---|---|---|
//! | `schema` | | the version of what is in this table: [`Schema`] |
//! | `owner` | | whose store it is: [`Identity`] |
//! | `totals` | | [`Totals`] |
//! | `sessions` | session | [`SessionState`] |
//! | `closing` | session | sessions that take no more vouchers: [`Closing`] |
//! | `lanes` | session, lane | [`LaneState`] |
//! | `kept` | session, lane | the answer to the lane's last call: [`Kept`] |
//! | `vouchers` | session, lane, sequence | [`StoredVoucher`] |
//! | `calls` | session, lane, sequence | [`StoredCall`] |
//! | `open` | session, lane, sequence | calls that are not at their end yet: [`OpenCall`] |
//! | `leaves` | session, lane, index | the lane's list: [`LaneLeaf`] |
//! | `nodes` | session, lane, level, index in its row | the list's tree above the leaves: [`Node`] |
//! | `settlements` | session, lane, last sequence | what was settled at once: [`Settlement`] |
//! | `answers` | request | calls on chain with an answer: [`StoredAnswer`] |

use codec::{Decode, Encode};
use openledger_primitives::{
	lane::{SettledItem, SettledLane},
	lane_list::LaneLeaf,
	Balance, BlockNumber, Hash, LaneId, RequestId, Sequence, SessionId,
};

use super::{
	lane_state::LaneState,
	row::{Row, TableKey},
	types::{
		CallId, CallStatus, Identity, LaneKey, SessionState, StoredAnswer, StoredCall,
		StoredVoucher, Totals, UnixSeconds,
	},
};

/// The version of a file's tables, and of what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Schema(pub u32);

/// The time when a session's caller asked for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Closing(pub UnixSeconds);

/// The hash of a node of a lane's tree that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Node(pub Hash);

/// A settlement of a lane, as the chain told of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Settlement {
	/// The block that it is in.
	pub block: BlockNumber,
	/// The lane.
	pub header: SettledLane,
	/// The calls and runs.
	pub items: Vec<SettledItem>,
}

/// A call in a lane's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeafKey {
	pub lane: LaneKey,
	pub index: u32,
}

/// A node of a lane's tree. Its level is 1 if it is that of two leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeKey {
	pub lane: LaneKey,
	pub level: u8,
	pub index: u32,
}

/// The answer to a lane's last call.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Kept {
	/// The call.
	pub sequence: Sequence,
	/// The body of the answer, byte for byte.
	pub body: Vec<u8>,
}

/// The work that is left to do for a call. Calls that are settled, lost or not charged have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum OpenCall {
	/// Being served.
	#[codec(index = 0)]
	Accepted,
	/// To be settled. It was served `at` that time; the charge is in planck.
	#[codec(index = 1)]
	Served { at: UnixSeconds, charge: Balance },
	/// In a settlement whose outcome is not known.
	#[codec(index = 2)]
	Submitted { at: UnixSeconds, charge: Balance },
}

impl OpenCall {
	/// The entry that belongs to a call, if any.
	pub fn of(call: &StoredCall) -> Option<Self> {
		let at = call.served.as_ref().map_or(call.accepted_at, |served| served.at);
		let charge = call.charge();
		match call.status {
			CallStatus::Accepted => Some(Self::Accepted),
			CallStatus::Served => Some(Self::Served { at, charge }),
			CallStatus::Submitted(_) => Some(Self::Submitted { at, charge }),
			CallStatus::NotCharged(_) | CallStatus::Settled { .. } | CallStatus::Lost(_) => None,
		}
	}
}

macro_rules! tables {
	($($table:literal: $key:ty => $row:ty),* $(,)?) => {
		$(impl Row for $row {
			const TABLE: &'static str = $table;
			type Key = $key;
		})*
	};
}

tables! {
	"schema": () => Schema,
	"owner": () => Identity,
	"totals": () => Totals,
	"sessions": SessionId => SessionState,
	"closing": SessionId => Closing,
	"lanes": LaneKey => LaneState,
	"kept": LaneKey => Kept,
	"vouchers": CallId => StoredVoucher,
	"calls": CallId => StoredCall,
	"open": CallId => OpenCall,
	"leaves": LeafKey => LaneLeaf,
	"nodes": NodeKey => Node,
	"settlements": CallId => Settlement,
	"answers": RequestId => StoredAnswer,
}

/// The only row of a table.
impl TableKey for () {
	type Raw = ();

	fn raw(self) {}

	fn of((): ()) {}
}

/// A session or a request.
impl TableKey for u64 {
	type Raw = Self;

	fn raw(self) -> Self {
		self
	}

	fn of(raw: Self) -> Self {
		raw
	}
}

impl TableKey for LaneKey {
	type Raw = (SessionId, LaneId);

	fn raw(self) -> (SessionId, LaneId) {
		(self.session, self.lane)
	}

	fn of((session, lane): (SessionId, LaneId)) -> Self {
		Self { session, lane }
	}
}

impl TableKey for CallId {
	type Raw = (SessionId, LaneId, Sequence);

	fn raw(self) -> (SessionId, LaneId, Sequence) {
		(self.session, self.lane, self.sequence)
	}

	fn of((session, lane, sequence): (SessionId, LaneId, Sequence)) -> Self {
		Self { session, lane, sequence }
	}
}

impl TableKey for LeafKey {
	type Raw = (SessionId, LaneId, u32);

	fn raw(self) -> (SessionId, LaneId, u32) {
		(self.lane.session, self.lane.lane, self.index)
	}

	fn of((session, lane, index): (SessionId, LaneId, u32)) -> Self {
		Self { lane: LaneKey { session, lane }, index }
	}
}

impl TableKey for NodeKey {
	type Raw = (SessionId, LaneId, u8, u32);

	fn raw(self) -> (SessionId, LaneId, u8, u32) {
		(self.lane.session, self.lane.lane, self.level, self.index)
	}

	fn of((session, lane, level, index): (SessionId, LaneId, u8, u32)) -> Self {
		Self { lane: LaneKey { session, lane }, level, index }
	}
}

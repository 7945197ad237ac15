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
//! | `sent` | session, lane | sums in a settlement whose outcome is not known: [`Sent`] |
//! | `vouchers` | session, lane, sequence | [`StoredVoucher`] |
//! | `calls` | session, lane, sequence | [`StoredCall`] |
//! | `open` | session, lane, sequence | calls that are not at their end yet: [`OpenCall`] |
//! | `aggregates` | session, lane, last sequence | sums that were settled: [`Settled`] |
//! | `answers` | request | calls on chain with an answer: [`StoredAnswer`] |

use codec::{Decode, Encode};
use openledger_primitives::{Balance, LaneId, RequestId, Sequence, SessionId};

use super::{
	row::{Row, TableKey},
	types::{
		CallId, CallStatus, Identity, LaneKey, LaneState, SessionState, StoredAggregate,
		StoredAnswer, StoredCall, StoredVoucher, Totals, UnixSeconds,
	},
};

/// The version of a file's tables, and of what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Schema(pub u32);

/// The time when a session's caller asked for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Closing(pub UnixSeconds);

/// The sums that are in a settlement whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Sent(pub StoredAggregate);

/// Sums that were settled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Settled(pub StoredAggregate);

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
	"sent": LaneKey => Sent,
	"vouchers": CallId => StoredVoucher,
	"calls": CallId => StoredCall,
	"open": CallId => OpenCall,
	"aggregates": CallId => Settled,
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

//! What is held against a node that has settled more than it stated.

use openledger_primitives::{AccountId, Balance, LaneId, Sequence, SessionId};

use crate::session::Session;

/// A node has settled more than its statements say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversettled {
	/// The operator.
	pub node: AccountId,
	/// The session.
	pub session: SessionId,
	/// The lane, and the last call of it that was settled; none where it is known of the session alone.
	pub lane: Option<(LaneId, Sequence)>,
	/// The amount that was settled, in planck.
	pub settled: Balance,
	/// The sum of the node's statements, in planck.
	pub stated: Balance,
}

impl Oversettled {
	/// The charge that more was settled in a session, or on a lane of it, than was stated.
	pub(crate) fn of(
		session: &Session,
		lane: Option<(LaneId, Sequence)>,
		settled: Balance,
		stated: Balance,
	) -> Self {
		let Session { node, id, .. } = session;
		Self { node: node.clone(), session: *id, lane, settled, stated }
	}
}

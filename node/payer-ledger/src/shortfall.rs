//! The lack of money or lanes for a call.

use openledger_primitives::{Balance, SessionId};
use thiserror::Error;

/// The reason why a call cannot be paid right now. Amounts in planck.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum Shortfall {
	#[error("session {session} lacks {need} planck")]
	TopUp { session: SessionId, need: Balance },
	#[error("a session with {need} planck is needed")]
	Open { need: Balance },
	#[error(
		"the node says that lanes of session {session} on which nothing was ever charged are used for \
		 something else, or has refused too many vouchers: no other session is opened with it for that"
	)]
	LanesDenied { session: SessionId },
	#[error(
		"the node says of {sessions} sessions with it that they are of no use to it: no other session \
		 is opened with it before they are closed"
	)]
	Unwelcome { sessions: usize },
	#[error("a transaction that puts money into a session with this node is under way")]
	UnderWay,
	#[error("the budget does not allow it: {left} planck of it are left")]
	Budget {
		left: Balance,
		/// `true` if calls that are under way may leave something of what is set aside for them.
		may_change: bool,
	},
	#[error("the node has charged for an answer that did not arrive, and gets one call at a time")]
	Doubted,
	#[error("the node is not paid any more: {0}")]
	Barred(String),
	#[error("the node's own price is above the list price")]
	AboveListPrice,
}

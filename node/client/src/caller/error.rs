//! Why a call could not be made, or not be trusted.

use openledger_primitives::{Balance, BlockNumber, LaneId, SessionId};
use thiserror::Error;

use super::LaneTerms;
use crate::{chain::ChainError, tx::TxError, units::format_amount, x402::X402Error};

/// Why a call could not be made, or its answer not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallerError {
	/// The chain could not be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The session could not be opened.
	#[error("cannot open a session: {0}")]
	Session(TxError),
	/// It is not known yet whether an earlier transaction opens a session.
	#[error(
		"an earlier transaction may still put {} into a session with this node: it is known when \
		 block {last} is final, which block {finalized} is now",
		format_amount(*deposit)
	)]
	Opening {
		/// What it puts in, in planck.
		deposit: Balance,
		/// The last block that it can be in.
		last: BlockNumber,
		/// The newest final block.
		finalized: BlockNumber,
	},
	/// The account does not hold enough for a session.
	#[error(
		"the account {account} has {} that can be spent; a session with a deposit of {} needs \
		 that, a little for its place on chain, and fees: send it OPEN, or choose a smaller deposit",
		format_amount(*free), format_amount(*deposit)
	)]
	Balance {
		/// The caller's address.
		account: String,
		/// Its free balance, in planck.
		free: Balance,
		/// The deposit that was asked for, in planck.
		deposit: Balance,
	},
	/// One call may cost more than a new session would hold.
	#[error(
		"this call may cost {}, more than the deposit of {}: choose a larger deposit, or fewer \
		 output tokens", format_amount(*amount), format_amount(*deposit)
	)]
	DepositTooSmall {
		/// What the call may cost, in planck.
		amount: Balance,
		/// The deposit, in planck.
		deposit: Balance,
	},
	/// The lane is used for other terms.
	#[error("lane {lane} is used for {}: use another lane for this call", match terms {
		Some(terms) => terms.to_string(),
		None => "something else".into(),
	})]
	LaneOfOtherTerms {
		/// The lane.
		lane: LaneId,
		/// What it is used for, if that is known.
		terms: Option<LaneTerms>,
	},
	/// The node has said of lanes that were never used that they are used for something else, so that
	/// none is left.
	#[error(
		"the inference node says that lanes of session {session} on which nothing was ever charged \
		 are used for something else, and no other lane is left for this call; nothing was paid, and \
		 no other session is opened on the node's word alone: call another node, or use another file \
		 for sessions"
	)]
	LanesDenied {
		/// The session.
		session: SessionId,
	},
	/// The answer may be longer than the caller is willing to pay for, and the request does not say
	/// how long it may be.
	#[error(
		"the answer may have {tokens} output tokens, and the request does not say how many it wants; \
		 {limit} are paid for then: name `max_tokens`"
	)]
	TooLong {
		/// The tokens that it may have.
		tokens: u32,
		/// The limit.
		limit: u32,
	},
	/// The call may cost more than the caller is willing to pay.
	#[error(
		"this call may cost {}, more than the limit of {}: raise the limit, or ask for fewer \
		 output tokens", format_amount(*amount), format_amount(*limit)
	)]
	TooExpensive {
		/// What the call may cost, in planck.
		amount: Balance,
		/// The limit, in planck.
		limit: Balance,
	},
	/// The node could not be reached, or the connection broke before it answered.
	#[error("the inference node at {url} cannot be reached: {reason}; nothing was charged")]
	Unreachable {
		/// Where the node should be.
		url: String,
		/// What went wrong.
		reason: String,
	},
	/// The node refused, or failed, and charged nothing.
	#[error("the inference node refused ({status} {code}): {message}")]
	Refused {
		/// The HTTP status.
		status: u16,
		/// The error's code.
		code: String,
		/// What the node said.
		message: String,
	},
	/// The node speaks another language.
	#[error("the inference node does not behave as an OpenLedger node should: {0}")]
	Protocol(String),
	/// What the node asks for is not what the chain says it may ask for.
	#[error("the inference node's offer does not match the chain: {0}; nothing was paid")]
	Offer(String),
	/// The node's statement of a call does not hold. It is kept, and nothing is acknowledged.
	#[error(
		"the inference node's statement does not hold: {reason}; nothing more is paid to it from \
		 session {session}, and what it signed is kept in {book}"
	)]
	Statement {
		/// What is wrong with it.
		reason: String,
		/// The session.
		session: SessionId,
		/// Where the evidence is.
		book: String,
	},
	/// The answer broke off. The node has a statement for it, which was checked and accepted.
	#[error("the answer broke off ({reason}); the node charged {} for it", format_amount(*charge))]
	AnswerLost {
		/// What went wrong.
		reason: String,
		/// What was charged, in planck.
		charge: Balance,
	},
	/// The answer broke off, and the node does not say what became of the call.
	#[error(
		"the call's outcome is unknown ({reason}); the next call to this node settles it, at most \
		 {} can be charged", format_amount(*allowance)
	)]
	Unresolved {
		/// What went wrong.
		reason: String,
		/// What may have been charged, in planck.
		allowance: Balance,
	},
	/// Node and caller disagree about what the earlier calls cost.
	#[error(
		"the inference node says that the earlier calls of session {session} cost {}, but it \
		 signed for {} only: use another node, or another state file",
		format_amount(*claimed), format_amount(*known)
	)]
	Disputed {
		/// The session.
		session: SessionId,
		/// What the node says, in planck.
		claimed: Balance,
		/// What its statements add up to, in planck.
		known: Balance,
	},
	/// The chain node has not come to the block in which the session was opened.
	#[error(
		"session {session} was opened in block {opened_at}, and the chain node is at block {best} \
		 still: try again in a while, or use another chain node"
	)]
	ChainBehind {
		/// The session.
		session: SessionId,
		/// The block in which it was opened.
		opened_at: BlockNumber,
		/// The chain node's newest block.
		best: BlockNumber,
	},
	/// The file that keeps sessions cannot be used.
	#[error("cannot use the session file {path}: {reason}")]
	Book {
		/// Where it is.
		path: String,
		/// Why not.
		reason: String,
	},
	/// Another process uses the file that keeps sessions.
	#[error(
		"the session file {path} is in use by another process; wait for it, or use another file"
	)]
	BookBusy {
		/// Where it is.
		path: String,
	},
	/// A header or an event of the node cannot be read.
	#[error("the inference node's {what} cannot be read: {error}")]
	Header {
		/// Which header or event.
		what: &'static str,
		/// Why not.
		error: X402Error,
	},
	/// No session of that number is in the session file.
	#[error("there is no session {session} of this account with this chain at block {best}")]
	NoSession {
		/// The session.
		session: SessionId,
		/// The best block.
		best: BlockNumber,
	},
}

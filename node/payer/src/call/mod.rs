//! One call of an app, from the choice of a node to the answer.
//!
//! The [`Router`] chooses a node, and another one where that fails, as long as nothing of an answer has
//! gone out. With one node a call goes step by step; each step takes the one before, and has no more
//! at hand than it needs:
//!
//! ```text
//! Offered ──► Agreed ──► Payment ──► sent ──► answered
//!  what the    it is      a voucher   it is    the answer goes out to the app,
//!  call costs  what the   is signed   out      and its statement is taken
//!              chain says and on disk
//! ```
//!
//! A voucher that was refused ([`rejected`]) leads back to the first step; an answer that did not come
//! ([`lost`]) is asked for again.
//!
//! A call runs in a task of its own: when the app goes away, it is still brought to an orderly end.

mod agreed;
mod attempt;
mod by_chain;
mod context;
mod lost;
mod offered;
mod paid;
mod prepared;
mod receiving;
mod refused;
mod rejected;
mod relay;
mod remedy;
mod reply;
mod request;
mod router;
mod sent;
mod stream;
mod verdict;
mod whole;

pub use self::{
	paid::{Outcome, PaidCall},
	reply::{AppReply, Gone, ReplyChannel},
	request::Request,
	router::{Ended, Router, Served},
};

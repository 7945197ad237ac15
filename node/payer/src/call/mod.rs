//! One call of an app, from the choice of a node to the answer.
//!
//! The [`Router`] chooses a node, and another one where that fails, as long as nothing of an answer has
//! gone out. With one node a call goes step by step; each step takes the one before, and has no more
//! at hand than it needs:
//!
//! ```text
//! Offered ──► Agreed ──► Prepared ──► Sent ──► Answered
//!  what the    it is      a voucher    it is    the answer goes out to the app,
//!  call costs  what the   is signed    out      and its statement is taken
//!              chain says and on disk
//! ```
//!
//! A voucher that was refused ([`rejected`]) leads back to the first step; an answer that did not come
//! ([`lost`]) is asked for again.
//!
//! A call runs in a task of its own: when the app goes away, it is still brought to an orderly end.

mod agreed;
mod answered;
mod attempt;
mod context;
mod events;
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
mod router;
mod sent;
mod stop;
mod stream;
mod verdict;
mod whole;

pub use self::{
	paid::{Outcome, PaidCall},
	reply::{AppReply, Gone, ReplyChannel},
	router::{Ended, Router, RouterParts, Served},
};

use std::time::Duration;

use axum::body::Bytes;
use openledger_primitives::{Balance, BlockNumber};
use openledger_protocol::{task::ChatTexts, Task};

/// What an app asks.
#[derive(Clone, Debug)]
pub struct Request {
	/// What the call is about.
	pub task: Task,
	/// The request's bytes; they go to the node as they are.
	pub body: Bytes,
	/// The model's name.
	pub model: String,
	/// The most tokens of the answer, if it says.
	pub max_tokens: Option<u32>,
	/// The texts that the model reads just as they are, where there are such.
	pub inputs: Option<Vec<String>>,
	/// What a chat says.
	pub chat: Option<ChatTexts>,
	/// Whether the answer is to come piece by piece.
	pub stream: bool,
	/// The base URL of the only node that may answer, if there is one.
	pub node: Option<String>,
}

/// How calls are made.
#[derive(Clone, Debug)]
pub struct CallSettings {
	/// The most that one call may cost, in planck.
	pub max_charge: Option<Balance>,
	/// The most output tokens of a call that does not say how many it wants.
	pub max_output_tokens: u32,
	/// The most blocks that a voucher is valid for.
	pub validity: BlockNumber,
	/// An app that leaves after so long and has got nothing has waited in vain.
	pub in_vain: Duration,
	/// How long one call may take, with everything.
	pub deadline: Duration,
	/// How long a node is asked what became of a call, before it is left for later.
	pub recovery: Duration,
	/// How long a call waits for others to leave something of the budget.
	pub budget_wait: Duration,
	/// How many nodes are tried for one call.
	pub attempts: usize,
	/// How long a session that was opened or topped up just now may take to reach a node, and a
	/// lane to be free again.
	pub catch_up: Duration,
	/// How often to look whether it did.
	pub pause: Duration,
	/// Whether sessions that have little left are topped up before they have run dry.
	pub refill: bool,
}

impl Default for CallSettings {
	fn default() -> Self {
		Self {
			max_charge: None,
			max_output_tokens: 4_096,
			// An hour of blocks of three seconds.
			validity: 1_200,
			in_vain: Duration::from_secs(5),
			deadline: Duration::from_secs(600),
			recovery: Duration::from_secs(15),
			budget_wait: Duration::from_secs(30),
			attempts: 4,
			catch_up: Duration::from_secs(45),
			pause: Duration::from_millis(750),
			refill: true,
		}
	}
}

//! Parts for tests: one data set, one chain in memory, one inference node of any honesty.
//!
//! | module | holds |
//! |---|---|
//! | [`data`] | keys, a model, sessions, vouchers, statements |
//! | [`chain`] | a chain on which sessions are opened and closed, for a test to change |
//! | [`node`] | an inference node that is a real server, and as honest as a test wants it |
//!
//! Knows neither payer nor node. What implements a trait of a crate, or builds a type of it, is in that
//! crate's own `testing`: a crate whose tests used it from here would have its types twice.

pub mod chain;
pub mod data;
pub mod node;

pub use self::{
	chain::{Away, ChainMood, ChainState, TestChain, REPORT_DELAY},
	data::{
		agreement, append, caller, header, hot_key, key, model, next_voucher, operator, payment,
		receipt, response, session, settled_lane, statement, voucher, AS_OF, BEST, DEPOSIT,
		GENESIS, MODEL, MODEL_NAME, OPENED_AT, PRICE, PRICE_VERSION, PROMPT, SALT, SESSION,
		VERSION,
	},
	node::FakeNode,
};

//! Parts for tests: one data set, one chain in memory, one inference node of any honesty.
//!
//! | module | holds |
//! |---|---|
//! | [`data`] | keys, a model, sessions, vouchers |
//! | [`chain`] | a chain on which sessions are opened and closed, for a test to change |
//! | [`node`] | an inference node that is a real server, and as honest as a test wants it |
//!
//! Knows neither payer nor node. What implements a trait of a crate, or builds a type of it, is in that
//! crate's own `testing`: a crate whose tests used it from here would have its types twice.

pub mod chain;
pub mod data;
pub mod node;

pub use self::{
	chain::{Away, ChainMood, ChainState, TestChain},
	data::{
		caller, header, hot_key, key, model, operator, payment, session, settled_lane, voucher,
		BEST, DEPOSIT, GENESIS, MODEL, MODEL_NAME, PRICE, PRICE_VERSION, SALT, SESSION,
	},
	node::FakeNode,
};

//! A chain node and an inference node to test against: real servers, made-up state.

mod chain;
mod node;

pub(crate) use chain::FakeChain;
pub(crate) use node::{FakeNode, LaneLedger, Mood};

//! A chain and inference nodes to test against: the chain in memory, the nodes real servers.

mod answers;
mod chain;
mod node;
mod world;

pub(crate) use answers::{ANSWER, TOOL};
pub(crate) use chain::{ChainMood, FakeChain};
pub(crate) use node::{FakeNode, Mood};
pub(crate) use world::{Running, World, CHARGE, MODEL, MOST, NAME};

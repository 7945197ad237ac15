//! A chain and inference nodes to test against: the chain in memory, the nodes real servers.

mod chain;
mod node;
mod world;

pub(crate) use chain::{ChainMood, FakeChain};
pub(crate) use node::{FakeNode, Mood, ANSWER};
pub(crate) use world::{Running, World, CHARGE, MODEL, MOST, NAME};

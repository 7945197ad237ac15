//! A chain and inference nodes to test against: the chain in memory, the nodes real servers.

mod answers;
mod books;
mod chain;
mod mood;
mod node;
mod world;

pub(crate) use answers::{ANSWER, TOOL};
pub(crate) use books::LaneBook;
pub(crate) use chain::{ChainMood, FakeChain};
pub(crate) use mood::Mood;
pub(crate) use node::FakeNode;
pub(crate) use world::{Running, World, CHARGE, MODEL, MOST, NAME};

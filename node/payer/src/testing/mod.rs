//! The test kit's chain and inference nodes, with an account that pays: the chain in memory, the nodes
//! real servers.

mod chain;
mod net;
mod reports;

pub use chain::FakeChain;
pub use net::{TestNet, CHARGE, MOST, NAME};
pub use openledger_testkit::{
	node::{FakeNode, LaneBook, Mood, NodeBooks, ANSWER, TOOL},
	ChainMood, ChainState, MODEL,
};

//! The OpenLedger chain from outside.
//!
//! | module | holds |
//! |---|---|
//! | [`chain`] | [`Chain`]: a connection that survives restarts of the node, and what is asked of it; [`chain::finalized_blocks`] |
//! | [`runtime`] | the runtime's calls and events as types, generated from its metadata; how they are sent and read is what the live runtime's metadata says |
//! | [`tx`] | [`tx::submit`]: signing, submitting, and what became of a transaction |
//! | [`agent`] | [`agent::submit_for`] and [`agent::proxies`]: acting for another account, with a key of one's own |
//! | [`events`] | [`events::at`]: what happened in a block, typed |
//! | [`settlements`] | what the chain has settled: [`settlements::of_events`] of what a block says, [`settlements::of_session`] of a whole session |
//! | [`keys`] | key pairs from a secret that is never shown |
//!
//! Events that no program reads are left out.

#![deny(missing_docs)]

pub mod agent;
pub mod chain;
pub mod events;
pub mod keys;
pub mod runtime;
pub mod settlements;
pub mod tx;

mod calls;

#[cfg(test)]
mod testing;

pub use agent::Agent;
pub use chain::{AccountInfo, At, Block, Chain, ChainError, ChainOptions};
pub use events::{DispatchFailure, EventRecord};
pub use keys::{parse_account, ss58, use_chain_prefix, KeyError, KeySource, Keypair, Scheme};
pub use runtime::{
	data, metering, models, proxy, requests, utility, Call, Event, Proxy, ProxyType,
};
pub use settlements::{LaneOutcome, Rejection, SessionSettlements, Settlement};
pub use tx::{Included, SubmitOptions, TxError, TxOutcome, Wait};

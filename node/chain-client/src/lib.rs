//! The OpenLedger chain from outside.
//!
//! | module | holds |
//! |---|---|
//! | [`chain`] | [`Chain`]: a connection that survives restarts of the node, and what is asked of it; [`chain::finalized_blocks`] |
//! | [`calls`] | the extrinsics that programs send, encoded by what the live runtime's metadata says |
//! | [`tx`] | [`tx::submit`]: signing, submitting, and what became of a transaction |
//! | [`agent`] | [`agent::submit_for`] and [`agent::proxies`]: acting for another account, with a key of one's own |
//! | [`events`] | [`events::at`]: what happened in a block, typed |
//! | [`settlements`] | [`settlements::of_session`]: what the chain has settled of a session |
//! | [`keys`] | key pairs from a secret that is never shown |
//!
//! A call or an event that no program reads is not here: an event comes as [`Event::Other`].

#![deny(missing_docs)]

pub mod agent;
pub mod calls;
pub mod chain;
pub mod events;
pub mod keys;
pub mod settlements;
pub mod tx;

#[cfg(test)]
mod testing;

pub use agent::{Agent, Proxy};
pub use calls::{Call, ProxyKind};
pub use chain::{AccountInfo, At, Block, Chain, ChainError, ChainOptions};
pub use events::{
	AggregateSettled, CallFulfilled, CallSettled, DispatchFailure, Event, EventRecord,
};
pub use keys::{parse_account, ss58, KeyError, KeySource, Keypair, Scheme};
pub use settlements::SessionSettlements;
pub use tx::{Included, SubmitOptions, TxError, TxOutcome, Wait};

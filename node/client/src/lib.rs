//! Talks to the OpenLedger chain, and to its inference nodes, from outside.
//!
//! | module | holds |
//! |---|---|
//! | [`chain`] | a connection that survives restarts of the node: blocks, accounts, runtime APIs |
//! | [`calls`] | the extrinsics, encoded by what the live runtime's metadata says |
//! | [`tx`] | signing, submitting, and what became of a transaction |
//! | [`agent`] | acting for another account, with a key of one's own |
//! | [`events`] | what happened in a block, typed |
//! | [`keys`] | key pairs from a secret that is never shown |
//! | [`units`] | amounts as people write them |
//! | [`x402`] | how a call is paid over HTTP |
//! | [`caller`] | the caller's side of a paid call |
//! | [`sanitise`] | what strangers say, fit to be shown |
//! | [`address`] | which addresses are inside one's own network |
//! | [`closing`] | asking a node to agree to a session's end |

#![deny(missing_docs)]

pub mod address;
pub mod agent;
pub mod caller;
pub mod calls;
pub mod chain;
pub mod closing;
pub mod events;
pub mod keys;
pub mod sanitise;
pub mod task;
pub mod tx;
pub mod units;
pub mod x402;

#[cfg(test)]
mod testing;

pub use agent::{Agent, Proxy};
pub use calls::{Call, ProxyKind};
pub use chain::{AccountInfo, At, Block, Chain, ChainError, ChainOptions, SessionSettlements};
pub use events::{
	AggregateSettled, CallFulfilled, CallSettled, DispatchFailure, Event, EventRecord,
};
pub use keys::{parse_account, ss58, KeyError, KeySource, Keypair, Scheme};
pub use task::Task;
pub use tx::{Included, SubmitOptions, TxError, TxOutcome, Wait};

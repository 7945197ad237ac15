//! What the runtime, the nodes and the clients of OpenLedger share: identifiers, prices, revenue
//! policies, the exact split of a charge, the pool index that pays data contributors, and the
//! messages that callers and inference nodes sign.
//!
//! Everything here is pure: no storage, no I/O, no floating point, no panics. The pallets read
//! storage, call this crate, and write storage. Each piece of arithmetic has property tests next
//! to it, because the money rules rest on them.
//!
//! | module | holds |
//! |---|---|
//! | [`ids`] | identifiers, bounds and the `Balance` type |
//! | [`price`] | what a call costs |
//! | [`policy`] | who shares a charge, in which proportion |
//! | [`split`] | exact division of an amount among weights, and of a charge among its earners |
//! | [`pool_index`] | paying any number of contributors in constant time |
//! | [`attribution`] | which contributions a call's output came from |
//! | [`record`] | what one call used, and what became of it in a settlement |
//! | [`aggregate`] | the sums of any number of calls, settled at once |
//! | [`merkle`] | proofs that a record is one of those that were settled |
//! | [`lineage`] | what a model owes to the models that it was made from |
//! | [`voucher`] | the caller's signed promise |
//! | [`statement`] | the node's signed answer |
//! | [`closing`] | the agreement to close a session at once |
//! | [`traits`] | how the pallets know one another |
//! | [`runtime_api`] | what a node can ask the runtime |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

pub mod aggregate;
pub mod attribution;
pub mod closing;
pub mod ids;
pub mod info;
pub mod lineage;
pub mod merkle;
pub mod policy;
pub mod pool_index;
pub mod price;
pub mod record;
pub mod runtime_api;
#[cfg(feature = "std")]
pub mod serde_balance;
#[cfg(feature = "std")]
pub mod serde_bytes_hex;
pub mod signing;
pub mod split;
pub mod statement;
pub mod traits;
pub mod voucher;

pub use ids::*;

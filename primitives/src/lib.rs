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
//! | [`stream`] | the one form that a contribution's documents are committed to in |
//! | [`words`] | folding, and what a word is |
//! | [`tree`] | the hash tree of all commitments, and proofs of any set of its leaves |
//! | [`data_tree`] | the tree over a stream, and proofs of ranges of it |
//! | [`answer`] | what an answer's hash commits to, and proofs of its words, pieces and prompt |
//! | [`lane_list`] | the list of a lane's calls with their totals, and the proof of a run of them |
//! | [`domain`] | the tags in front of all that is hashed |
//! | [`traits`] | how the pallets know one another |
//! | [`runtime_api`] | what a node can ask the runtime |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

pub mod aggregate;
pub mod answer;
pub mod attribution;
pub mod closing;
pub mod data_tree;
pub mod domain;
pub mod ids;
pub mod info;
pub mod lane_list;
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
pub mod stream;
pub mod traits;
pub mod tree;
pub mod voucher;
pub mod words;

pub use ids::*;

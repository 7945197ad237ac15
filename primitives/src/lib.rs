//! Common ground of runtime, nodes and clients of OpenLedger: identifiers, prices, revenue
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
//! | [`model`] | what a version of a model pins down |
//! | [`history`] | what something was, and from which block on |
//! | [`policy`] | who shares a charge, in which proportion |
//! | [`split`] | exact division of an amount among weights, and of a charge among its earners |
//! | [`pool_index`] | paying any number of contributors in constant time |
//! | [`attribution`] | what a version of a model was made from, and the rule of attribution |
//! | [`lineage`] | what a model owes to the models that it was made from |
//! | [`stream`] | the one form that a contribution's documents are committed to in |
//! | [`words`] | folding, and what a word is |
//! | [`tree`] | the hash tree of all commitments, and proofs of any set of its leaves |
//! | [`data_tree`] | the tree over a stream, and proofs of ranges of it |
//! | [`answer`] | what an answer's hash commits to, and proofs of its words, pieces and prompt |
//! | [`lane`] | what is signed, stated and settled of a lane, with its versions |
//! | [`mountain`] | trees that grow and of which only the peaks are kept, and proofs of their leaves |
//! | [`contribution`] | what a contributor commits to, and how a contribution stands |
//! | [`release`] | the log of a datanet's contributions, and the proof that one is in a release |
//! | [`lane_list`] | the list of a lane's calls with their totals, and the proof of a run of them |
//! | [`on_chain`] | calls on chain among sessions, and why they are not answered |
//! | [`text`] | text that wallets show as one |
//! | [`report`] | what is committed to before a report of a node |
//! | [`domain`] | the tags in front of all that is hashed |
//! | [`traits`] | how the pallets know one another |
//! | [`runtime_api`] | what a node can ask the runtime |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

pub mod answer;
pub mod attribution;
pub mod contribution;
pub mod data_tree;
pub mod domain;
pub mod history;
pub mod ids;
pub mod info;
pub mod lane;
pub mod lane_list;
pub mod lineage;
pub mod model;
pub mod mountain;
pub mod on_chain;
pub mod policy;
pub mod pool_index;
pub mod price;
pub mod release;
pub mod report;
pub mod runtime_api;
#[cfg(feature = "std")]
pub mod serde_balance;
#[cfg(feature = "std")]
pub mod serde_bytes_hex;
#[cfg(feature = "std")]
pub mod serde_uri;
pub mod signing;
pub mod split;
pub mod stream;
pub mod text;
pub mod traits;
pub mod tree;
pub mod words;

pub use ids::*;

//! Drives the built binaries the way their users do: over JSON-RPC, HTTP and the command line.
//!
//! The demo (`openledger-demo`) and the end-to-end tests are made of the same parts; the demo prints
//! what the tests assert.
//!
//! | module | holds |
//! |---|---|
//! | [`process`] | a child process, its log, and its certain end |
//! | [`binaries`] | where the built programs are |
//! | [`backend`] | a model server whose answers are known beforehand |
//! | [`chain`] | a development chain |
//! | [`inference`] | an inference node and its command line |
//! | [`caller`] | a caller with the commands of `openledger-pay` |
//! | [`network`] | both together, and the people of the story |
//! | [`data`] | the contributions' data and their Merkle roots |
//! | [`settled`] | waiting for what the chain settles |
//! | [`scenario`] | the steps from an empty chain to claimed payouts |
//! | [`story`] | those steps, in order, with every sum checked |
//! | [`finality`] | whether the chain keeps finalizing |
//! | [`payer`] | vouchers made by hand, to make them wrong |
//! | [`load`] | callers who do not let up, whatever happens to the node |
//! | [`ledger`] | what callers hold of their calls, next to what was settled and paid out |
//! | [`report`] | the sums of a settlement |

#![deny(missing_docs)]

pub mod backend;
pub mod binaries;
pub mod caller;
pub mod chain;
pub mod data;
pub mod finality;
pub mod inference;
pub mod ledger;
pub mod load;
pub mod network;
pub mod payer;
pub mod process;
pub mod report;
pub mod scenario;
pub mod settled;
pub mod story;

//! What a local proxy is made of that lets any app call the models of OpenLedger, and pays for it
//! within a budget.
//!
//! | module | holds |
//! |---|---|
//! | [`budget`], [`lanes`], [`ledger`] | who was promised what, and how much there is to promise; no input or output |
//! | [`store`], [`treasury`] | the ledger on disk, and spending from it |
//! | [`network`], [`market`] | the chain, and what it lists |
//! | [`node`] | speaking with nodes, and choosing among them |
//! | [`funding`] | putting money into sessions |
//! | [`clerk`], [`proof`], [`recount`] | checking what nodes sign, and keeping what is false |
//! | [`call`] | one call, from node to node until it is answered |
//! | [`janitor`] | what is left lying about |
//! | [`server`], [`report`], [`error`] | the HTTP side |
//! | [`cli`] | the command line |

pub mod budget;
pub mod call;
pub mod clerk;
pub mod cli;
pub mod error;
pub mod funding;
pub mod janitor;
pub mod lanes;
pub mod ledger;
pub mod market;
pub mod network;
pub mod node;
pub mod proof;
pub mod recount;
pub mod report;
pub mod server;
pub mod store;
pub mod treasury;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

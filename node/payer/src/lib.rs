//! The paying side of a model call: one engine for every program that pays.
//!
//! | module | holds |
//! |---|---|
//! | [`assembly`] | all parts, put together: [`Payer`] |
//! | [`call`] | one call, step by step, and from node to node until it is answered |
//! | [`one_shot`] | a call that is waited for |
//! | [`voucher`] | what a node is paid with: made of what is on disk |
//! | [`budget`], [`lanes`], [`ledger`], [`known`] | who was promised what, and how much there is to promise; no input or output |
//! | [`store`], [`treasury`] | the ledger on disk, and spending from it |
//! | [`network`], [`market`] | the chain, and what it lists |
//! | [`node`] | speaking with nodes, and choosing among them |
//! | [`funding`] | putting money into sessions |
//! | [`check`], [`size`], [`sse`], [`answer_text`] | reading offers, statements and answers, and comparing them |
//! | [`clerk`], [`proof`], [`recount`] | taking what nodes sign, and keeping what is false |
//! | [`audit`] | what a node stated, next to what it settled |
//! | [`janitor`], [`closing`] | closing sessions, and what else is left lying about |
//! | [`error`] | why a call failed, as apps are told |

pub mod answer_text;
pub mod assembly;
pub mod audit;
pub mod budget;
pub mod call;
pub mod check;
pub mod clerk;
pub mod closing;
pub mod error;
pub mod funding;
pub mod janitor;
pub mod known;
pub mod lanes;
pub mod ledger;
pub mod market;
pub mod network;
pub mod node;
pub mod one_shot;
pub mod proof;
pub mod recount;
pub mod size;
pub mod sse;
pub mod store;
pub mod treasury;
pub mod voucher;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use assembly::{OpenError, Payer, PayerSettings};

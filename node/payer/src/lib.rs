//! The paying side of a model call: one engine for every program that pays. What it has promised, and to
//! whom, is in [`openledger_payer_ledger`].
//!
//! | module | holds |
//! |---|---|
//! | [`assembly`], `parts`, [`settings`] | all parts, put together: [`Payer`] |
//! | [`call`] | one call, step by step, and from node to node until it is answered |
//! | [`one_shot`] | a call that is waited for |
//! | [`network`], [`market`] | the chain, and what it lists |
//! | [`node`] | speaking with nodes, and choosing among them |
//! | `funding` | putting money into sessions |
//! | `check`, `size`, [`sse`], [`answer_text`] | reading offers, statements and answers, and comparing them |
//! | `clerk`, [`recount`] | taking what nodes sign, and keeping what is false |
//! | `recovery` | finding out what became of calls |
//! | `adoption` | going on with sessions and lanes of which the state is lost |
//! | [`audit`] | what a node stated, next to what it settled |
//! | [`reporting`] | bringing that to the chain: a commitment first, then the report |
//! | [`janitor`] | closing sessions, and what else is left lying about |
//! | [`error`] | why a call failed, as apps are told |

mod adoption;
pub mod answer_text;
pub mod assembly;
pub mod audit;
pub mod call;
mod check;
mod clerk;
pub mod error;
mod funding;
pub mod janitor;
pub mod market;
pub mod network;
pub mod node;
pub mod one_shot;
mod parts;
pub mod recount;
mod recovery;
pub mod reporting;
pub mod settings;
mod size;
pub mod sse;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use assembly::{OpenError, Payer};
pub use settings::PayerSettings;

//! A serving node, from its configuration to its end: what the other crates offer, put together.
//!
//! | module | holds |
//! |---|---|
//! | `keys` | what the node signs with |
//! | `models` | from the configuration of a model to the model, loaded |
//! | `own_prices` | what the node charges instead of list prices, compared with what the chain allows |
//! | `start` | checks before the first call |
//! | `run` | starting and stopping |
//! | `reload` | new settings while the node runs |
//! | `background`, `tasks` | what it does beside serving and settling |
//! | `files` | how many files the process may have open |

mod background;
pub(crate) mod files;
mod keys;
pub(crate) mod models;
pub(crate) mod own_prices;
mod reload;
mod run;
mod start;
mod tasks;

pub(crate) use self::keys::may_run_a_node;
pub use self::{keys::Keys, models::ModelError, run::run, start::StartError};

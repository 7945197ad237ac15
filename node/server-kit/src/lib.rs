//! Parts that the HTTP servers of OpenLedger have in common: the one that serves models, and the one that
//! pays for calls.
//!
//! | module | holds |
//! |---|---|
//! | `connections` | connections within bounds |
//! | [`serve`](serve()) | serving until it is told to stop, and stopping in order |
//! | [`intake`] | reading bodies within bounds |
//! | `permits` | a bounded number of something at once |
//! | [`cors`] | answers to web pages |
//! | `errors` | errors of the framework, in the form of all others |
//! | [`telemetry`] | logs and metrics |

#![deny(missing_docs)]

mod connections;
pub mod cors;
mod errors;
pub mod intake;
mod permits;
mod serve;
pub mod telemetry;

pub use self::{
	connections::ConnectionLimits,
	errors::shape_errors,
	permits::{Permit, Permits},
	serve::{serve, stop_on_signals, Shutdown},
};

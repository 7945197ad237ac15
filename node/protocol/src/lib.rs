//! Callers and inference nodes: what they say to one another.
//!
//! | module | holds |
//! |---|---|
//! | [`x402`] | how a call is paid over HTTP: headers and their types |
//! | [`refusal`] | why a node does not do what it is asked to: codes, and what comes with them |
//! | [`api_error`] | errors as the OpenAI protocol has them |
//! | [`sse`] | server-sent events, the form of streamed answers |
//! | [`task`] | what can be asked of a model |
//! | [`closing`] | asking a node to agree to a session's end |
//! | [`lane_state`] | what a node knows of a lane, for whoever lost it |
//! | [`sanitise`] | showing what the other side says |
//! | [`units`] | amounts as people write them |
//! | [`clock`] | the time on the wall |
//! | [`address`] | which addresses are inside one's own network |

#![deny(missing_docs)]

pub mod address;
pub mod api_error;
pub mod clock;
pub mod closing;
pub mod lane_state;
pub mod refusal;
pub mod sanitise;
pub mod sse;
pub mod task;
pub mod units;
pub mod x402;

#[cfg(test)]
mod testing;

pub use api_error::{ApiError, ErrorBody, ErrorDetail};
pub use lane_state::{LaneStateBody, LastVoucher};
pub use refusal::{RefusalCode, RefusalDetails};
pub use task::Task;

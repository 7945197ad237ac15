//! The nodes: how each has done so far, the choice of one, and what is said to it over HTTP.

pub mod api;
pub mod choice;
pub mod endpoint;
pub mod health;
mod refusal;

//! Drives the built binaries as their users do, and asserts what the demo prints.

mod away;
mod bad_input;
mod crash;
mod lanes;
mod money;
mod operator;
mod pay;
mod polkadot_js;
mod reporting;
mod settlement;
mod x402;

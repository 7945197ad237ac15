//! Fuzz targets: bytes become what anybody can send to the chain, and nothing of it may panic or break an invariant.
//!
//! | target | what bytes are | what must hold |
//! |---|---|---|
//! | [`decode`] | a message, by the first byte | what was read is written as the same bytes, and no check of it panics |
//! | [`calls`] | a script of the market of the conservation test | all invariants of all pallets, after each block |
//! | [`raw`] | senders and encoded calls | the same |
//!
//! A target panics if something does not hold. libFuzzer drives them (`targets/`, with the feature `libfuzzer`), and a
//! test runs the corpus through them. The market is that of `runtime/tests/conservation`: it is compiled once more
//! from there, under the same names.

// The market has more than is used here.
#![allow(dead_code)]

#[path = "../../../runtime/tests/common/mod.rs"]
mod common;

#[path = "../../../runtime/tests/conservation/closing.rs"]
mod closing;
#[path = "../../../runtime/tests/conservation/data.rs"]
mod data;
#[path = "../../../runtime/tests/conservation/lane_book.rs"]
mod lane_book;
#[path = "../../../runtime/tests/conservation/lane_draft.rs"]
mod lane_draft;
#[path = "../../../runtime/tests/conservation/lanes.rs"]
mod lanes;
#[path = "../../../runtime/tests/conservation/market.rs"]
mod market;
#[path = "../../../runtime/tests/conservation/metering.rs"]
mod metering;
#[path = "../../../runtime/tests/conservation/models.rs"]
mod models;
#[path = "../../../runtime/tests/conservation/money.rs"]
mod money;
#[path = "../../../runtime/tests/conservation/opening.rs"]
mod opening;
#[path = "../../../runtime/tests/conservation/payments.rs"]
mod payments;
#[path = "../../../runtime/tests/conservation/people.rs"]
mod people;
#[path = "../../../runtime/tests/conservation/reports.rs"]
mod reports;
#[path = "../../../runtime/tests/conservation/requests.rs"]
mod requests;
#[path = "../../../runtime/tests/conservation/script.rs"]
mod script;
#[path = "../../../runtime/tests/conservation/seen.rs"]
mod seen;

mod bytes;
mod decoding;
mod running;

pub use decoding::decode;
pub use running::{calls, raw};

/// What takes bytes of a fuzzer.
pub type Target = fn(&[u8]);

/// All targets by the names of their programs, and of their folders in `corpus/`.
pub const TARGETS: [(&str, Target); 3] = [("decode", decode), ("calls", calls), ("raw", raw)];

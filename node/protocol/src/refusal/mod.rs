//! Refusals: codes for programs, and what comes with them.
//!
//! This is the one place where a code is declared. The tables of `docs/x402-openledger.md` and the
//! list in `scripts/x402/src/refusal-codes.mjs` are made from it: `tests/generated.rs` compares them,
//! and with `OPENLEDGER_WRITE=1` writes them anew.

mod checks;
mod codes;
mod details;

pub use checks::{Check, BEFORE_THE_STORE, IN_THE_STORE};
pub use codes::{RefusalCode, Topic, UnknownCode};
pub use details::RefusalDetails;

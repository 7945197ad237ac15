//! What the HTTP servers of OpenLedger have in common: the one that serves models, and the one that
//! pays for calls.

#![deny(missing_docs)]

mod connections;

pub use connections::{note, Connection, ConnectionLimits, Limited, OnConnection};

//! Changes of the storage layout.

mod v2;

pub use v2::{KeepShare, MigrateToV2};

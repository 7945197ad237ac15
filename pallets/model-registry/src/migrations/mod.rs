//! Changes of the storage layout.

mod v2;

pub use v2::{MigrateToV2, MOST_MODELS};

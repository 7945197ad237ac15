//! From earlier layouts of the pallet's storage to the present one.

mod v2;

pub use v2::{MigrateToV2, MOST_ENTRIES};

//! Changes of the storage layout, one file each.
//!
//! Storage version 1 is the first layout, so there are none yet. The next one comes with a `v2.rs` here,
//! its tests, and a place in the runtime's `Migrations`: see `docs/upgrades.md`.

//! Tests of the pallet, by topic.

mod answering;
mod ending;
mod invariants;
mod queries;
mod random;
mod requesting;
mod sweeping;

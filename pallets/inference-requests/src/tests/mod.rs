//! Tests of the pallet, by topic.

mod answering;
mod claiming;
mod declining;
mod ending;
mod queries;
mod random;
mod requesting;
mod sweeping;
mod try_state;

//! Tests by topic: curating datanets, crediting calls, claiming, what is watched, and random lives
//! of all of it.

mod claiming;
mod crediting;
mod curating;
mod invariants;
mod random;

//! Tests by topic: datanets and who curates them, contributions, curating, crediting lanes, claiming, accusations,
//! courts, who has the data, what nobody decides about, what releases commit to, what is remembered, what is asked,
//! what is watched, and random lives of all of it.

mod accusing;
mod claiming;
mod contributing;
mod curating;
mod datanets;
mod lanes;
mod pending;
mod possession;
mod querying;
mod random;
mod releases;
mod remembering;
mod reserving;
mod returning;
mod takedown;
mod try_state;

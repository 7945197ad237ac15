//! The program that serves models: its command line, its configuration file, and a node put together
//! from the crates below.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | the configuration file |
//! | [`node`] | a serving node, from its configuration to its end |
//! | [`cli`] | the command line |

pub mod cli;
pub mod config;
pub mod node;

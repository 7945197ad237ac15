//! What an OpenLedger inference node is made of: models behind one small trait, the OpenAI-shaped
//! types in which callers speak to it, and its configuration.

pub mod backend;
pub mod config;
pub mod openai;

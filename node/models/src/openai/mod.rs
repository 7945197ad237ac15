//! The OpenAI protocol as callers speak it: requests read from the wire into what a backend takes,
//! and a backend's errors as callers are told of them.

mod error;
mod request;

pub use self::request::{CompletionRequest, EmbeddingsRequest};

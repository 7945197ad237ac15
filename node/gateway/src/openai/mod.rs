//! Answers in the OpenAI protocol, as far as this node speaks it: whole, in pieces, and as vectors.

mod vectors;
mod writer;

pub use self::{
	vectors::{signed_text, EmbeddingList},
	writer::{AnswerWriter, CompletionKind},
};

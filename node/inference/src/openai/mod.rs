//! The OpenAI protocol, as far as this node speaks it: what callers send, what they get back, and
//! how they are told what is wrong.

mod error;
mod request;
mod response;
mod text;
mod vectors;

pub use self::{
	error::{ApiError, ErrorBody, ErrorDetail},
	request::{ChatCompletionRequest, CompletionRequest, EmbeddingsRequest},
	response::{
		AssistantMessage, CalledFunction, CalledTool, ChatCompletion, ChatCompletionChunk, Choice,
		ChunkChoice, ChunkDelta, ChunkWriter, Model, ModelList, Usage,
	},
	text::{TextChoice, TextCompletion, TextWriter},
	vectors::{signed_text, Embedding, EmbeddingList, EmbeddingUsage, Vector},
};

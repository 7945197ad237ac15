//! The OpenAI protocol, as far as this node speaks it: what callers send, what they get back, and
//! how they are told what is wrong.

mod error;
mod request;
mod response;

pub use self::{
	error::{ApiError, ErrorBody, ErrorDetail},
	request::ChatCompletionRequest,
	response::{
		AssistantMessage, ChatCompletion, ChatCompletionChunk, Choice, ChunkChoice, ChunkDelta,
		ChunkWriter, Model, ModelList, Usage,
	},
};

//! Answers in the OpenAI protocol, as far as this node speaks it: whole, in pieces, and as vectors.

mod response;
mod vectors;
mod writer;

pub use self::{
	response::{
		AssistantMessage, CalledFunction, CalledTool, ChatCompletion, Choice, ChunkChoice,
		ChunkDelta, Model, Usage,
	},
	vectors::{signed_text, Embedding, EmbeddingList, EmbeddingUsage, Vector},
	writer::{
		AnswerPiece, AnswerWriter, ChatCompletionChunk, CompletionKind, Piece, TextChoice,
		TextCompletion, WholeAnswer,
	},
};

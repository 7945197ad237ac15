//! Models behind one small trait.
//!
//! A call goes through a backend in two steps, because what it may cost has to be known before any
//! work is done for it:
//!
//! 1. [`Backend::prepare`] applies the model's chat template, tokenises the result and checks that
//!    it fits. The [`Prepared`] call knows its input tokens and the most output tokens it may use:
//!    the quote.
//! 2. [`Backend::generate`] starts the work and returns a [`Generation`]: a stream of text deltas,
//!    each with the output tokens delivered so far, and last the reason why it ended. Dropping it
//!    stops the work.
//!
//! Every token count comes from the model's own tokenizer, here in this process; what a remote
//! server says that it counted is compared with it, and the lower of the two is charged.

mod candle;
mod counter;
mod detokenize;
mod emit;
mod error;
mod forward;
mod generation;
mod gguf;
mod models;
mod queue;
mod request;
mod sampling;
mod sse;
mod template;
#[cfg(test)]
mod test_model;
mod tokenizer;
mod unpack;

use async_trait::async_trait;
use sp_core::H256;

pub use self::{
	candle::{CandleBackend, CandleOptions, UNPACK_UP_TO},
	error::BackendError,
	forward::{ForwardBackend, ForwardOptions},
	generation::{
		Completion, Delta, Event, EventSink, FinishReason, Finished, Generation, Gone, ToolCall,
		ToolDelta,
	},
	gguf::{hash_file, hash_tokenizer},
	models::{LoadError, ModelSet, ServedModel},
	request::{
		ChatRequest, Embedded, EmbeddingRequest, Message, Party, Prepared, PreparedEmbedding, Role,
		Sampling,
	},
	tokenizer::ModelTokenizer,
};

/// What is fixed about a served model from the moment it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
	/// The kind of backend, for logs and metrics: `candle` or `openai`.
	pub kind: &'static str,
	/// The most tokens, input and output together, that one call may use.
	pub context_length: u32,
	/// blake2-256 of the weights file, to compare with the chain's; `None` where the weights are on
	/// another server.
	pub weights_hash: Option<H256>,
	/// blake2-256 of the tokenizer: see [`ModelTokenizer::hash`].
	pub tokenizer_hash: H256,
}

/// How much a backend has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
	/// Calls that are being answered.
	pub running: usize,
	/// Calls that wait for their turn.
	pub waiting: usize,
}

/// A served model.
#[async_trait]
pub trait Backend: Send + Sync {
	/// What is fixed about this model.
	fn facts(&self) -> &ModelFacts;

	/// Tokenises a chat and settles the call's bounds, without starting any work for it.
	///
	/// # Errors
	/// [`BackendError::PromptTooLong`], [`BackendError::Unsupported`] for a parameter that this
	/// backend does not know, [`BackendError::InvalidPrompt`] when the chat template refuses the
	/// conversation.
	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError>;

	/// Starts a call that this same backend prepared, or puts it in the queue.
	///
	/// Returns at once. Whatever goes wrong later comes through the stream: wait for its first
	/// event before telling the caller that all is well.
	///
	/// # Errors
	/// [`BackendError::Overloaded`] when the queue is full, [`BackendError::Failed`] when the
	/// model is not running.
	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError>;

	/// Tokenises texts that are to become vectors, without starting any work for them.
	///
	/// # Errors
	/// [`BackendError::NotServed`] if this model makes no vectors, [`BackendError::PromptTooLong`].
	async fn prepare_embedding(
		&self,
		_request: EmbeddingRequest,
	) -> Result<PreparedEmbedding, BackendError> {
		Err(BackendError::NotServed { task: "embeddings" })
	}

	/// Turns texts that this same backend prepared into vectors.
	///
	/// # Errors
	/// As [`Self::generate`], and whatever goes wrong on the way.
	async fn embed(&self, _call: PreparedEmbedding) -> Result<Embedded, BackendError> {
		Err(BackendError::NotServed { task: "embeddings" })
	}

	/// How much it has to do right now.
	fn load(&self) -> Load {
		Load::default()
	}

	/// Counts the tokens of a piece of plain text, as anybody with the same tokenizer would.
	///
	/// # Errors
	/// [`BackendError::Failed`] when the tokenizer does.
	fn count_tokens(&self, text: &str) -> Result<u32, BackendError>;

	/// Whether the backend could serve a call now.
	///
	/// # Errors
	/// Why it could not.
	async fn health(&self) -> Result<(), BackendError>;
}

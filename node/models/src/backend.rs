//! The trait that every engine implements.

use async_trait::async_trait;
use openledger_primitives::Hash;

use super::{
	BackendError, ChatRequest, Embedded, EmbeddingRequest, Generation, Prepared, PreparedEmbedding,
};

/// Facts about a model that are fixed from the moment it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
	/// The kind of backend, for logs and metrics: `candle` or `openai`.
	pub kind: &'static str,
	/// The most tokens, input and output together, that one call may use.
	pub context_length: u32,
	/// blake2-256 of the weights file, to compare with the chain's; `None` where the weights are on
	/// another server.
	pub base_hash: Option<Hash>,
	/// blake2-256 of the model's `tokenizer.json`, to compare with the chain's; `None` where tokens are
	/// not counted by such a file: see [`ModelTokenizer::hash`](super::ModelTokenizer::hash).
	pub tokenizer_hash: Option<Hash>,
}

impl ModelFacts {
	/// Returns `true` unless what was loaded is known to be something else than these weights with this
	/// adapter. Weights on another server cannot be compared.
	pub fn may_be(&self, base_hash: Hash, adapter_hash: Option<Hash>) -> bool {
		// No engine here puts an adapter on weights that it has loaded.
		self.base_hash.is_none_or(|loaded| loaded == base_hash && adapter_hash.is_none())
	}
}

/// The work that a backend has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
	/// Calls that are being answered.
	pub running: usize,
	/// Calls that wait for their turn.
	pub waiting: usize,
}

/// A model that answers.
#[async_trait]
pub trait Backend: Send + Sync {
	/// The facts about this model.
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

	/// The work that it has right now.
	fn load(&self) -> Load {
		Load::default()
	}

	/// Counts the tokens of a piece of plain text, as anybody with the same tokenizer would.
	///
	/// # Errors
	/// [`BackendError::Failed`] when the tokenizer does.
	fn count_tokens(&self, text: &str) -> Result<u32, BackendError>;

	/// Checks that the backend could serve a call now.
	///
	/// # Errors
	/// The reason why it could not.
	async fn health(&self) -> Result<(), BackendError>;
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn weights_alone_are_no_version_with_an_adapter() {
		let (loaded, other) = (Hash::repeat_byte(1), Hash::repeat_byte(2));
		let facts = |base_hash| ModelFacts {
			kind: "test",
			context_length: 10,
			base_hash,
			tokenizer_hash: None,
		};

		let here = facts(Some(loaded));
		assert!(here.may_be(loaded, None));
		assert!(!here.may_be(other, None));
		assert!(!here.may_be(loaded, Some(other)));
		let elsewhere = facts(None);
		assert!(elsewhere.may_be(other, None) && elsewhere.may_be(other, Some(loaded)));
	}
}

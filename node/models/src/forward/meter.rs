//! Counting the tokens of an answer that another server makes.

use std::sync::Arc;

use super::counter::TokenCounter;
use crate::{BackendError, ChatRequest, ModelTokenizer, Prepared};

/// The side whose count is charged.
#[derive(Debug, Clone)]
pub(super) enum Counting {
	/// This node, with the model's own tokenizer.
	Own(Arc<ModelTokenizer>),
	/// The server. What it says is taken, within bounds that hold for any tokenizer.
	Trusted,
}

/// Bytes that a template adds to a chat that nobody here can tokenise: more than any does.
const LONGEST_FRAME: usize = 512;

impl Counting {
	/// Bounds a call before any work is done for it.
	pub async fn prepare(
		&self,
		request: ChatRequest,
		context: u32,
		default_max_tokens: u32,
	) -> Result<Prepared, BackendError> {
		match self {
			Self::Own(tokenizer) => {
				// What is rendered here is only counted: the server renders what its model reads.
				let prepared = tokenizer.prepare(request, context, default_max_tokens).await?;
				Ok(prepared.rendered_elsewhere())
			}
			Self::Trusted => {
				let most = bytes(request.size().saturating_add(LONGEST_FRAME));
				Ok(Prepared::at_most(request, most, context, default_max_tokens))
			}
		}
	}

	/// The tokens of texts, each by itself.
	pub async fn count_inputs(
		&self,
		texts: Vec<String>,
	) -> Result<(Vec<String>, Vec<u32>), BackendError> {
		match self {
			Self::Own(tokenizer) => tokenizer.count_inputs(texts).await,
			Self::Trusted => {
				// And what the model wants before and after a text.
				let counts = texts.iter().map(|text| bytes(text.len().saturating_add(2)));
				let counts = counts.collect();
				Ok((texts, counts))
			}
		}
	}

	/// The tokens of a text; where the server is trusted, more than it can have.
	pub fn count(&self, text: &str) -> Result<u32, BackendError> {
		match self {
			Self::Own(tokenizer) => tokenizer.count(text),
			Self::Trusted => Ok(bytes(text.len())),
		}
	}

	/// A meter for one answer.
	pub fn meter(&self) -> Meter<'_> {
		match self {
			Self::Own(tokenizer) => Meter::Own(tokenizer, TokenCounter::default()),
			Self::Trusted => Meter::Pieces(0),
		}
	}
}

/// No token of a tokenizer that works on bytes is shorter than a byte.
fn bytes(length: usize) -> u32 {
	u32::try_from(length).unwrap_or(u32::MAX)
}

/// Counts an answer while it comes.
#[derive(Debug)]
pub(super) enum Meter<'a> {
	/// By its text.
	Own(&'a ModelTokenizer, TokenCounter),
	/// By its pieces: servers send one for each token, or for several.
	Pieces(u32),
}

impl Meter<'_> {
	/// Adds text; returns the tokens of all that was added so far.
	pub fn push(&mut self, text: &str) -> Result<u32, BackendError> {
		match self {
			Self::Own(tokenizer, counter) => counter.push(tokenizer, text),
			Self::Pieces(pieces) => {
				*pieces = pieces.saturating_add(1);
				Ok(*pieces)
			}
		}
	}

	/// The number of bytes of this text, in whole characters, that can be added within `most` tokens.
	pub fn fitting(&self, text: &str, most: u32) -> Result<usize, BackendError> {
		match self {
			Self::Own(tokenizer, counter) => {
				// A tokenizer that works on bytes makes no more tokens than there are bytes.
				if counter.total().saturating_add(bytes(text.len())) <= most {
					return Ok(text.len());
				}
				counter.fitting(tokenizer, text, most)
			}
			Self::Pieces(pieces) => Ok(if *pieces < most { text.len() } else { 0 }),
		}
	}

	/// True if this node counts by itself.
	pub fn is_own(&self) -> bool {
		matches!(self, Self::Own(..))
	}

	/// The tokens of an answer with this text, once it has ended, before the server is asked.
	pub fn total(&self, text: &str) -> Result<u32, BackendError> {
		match self {
			Self::Own(tokenizer, counter) => match counter.of_whole(text) {
				Some(tokens) => Ok(tokens),
				None => tokenizer.count(text),
			},
			// What a piece held is only known to the server.
			Self::Pieces(_) => Ok(bytes(text.len())),
		}
	}

	/// The tokens of an answer of which the server has not said how many it has.
	pub fn unclaimed(&self, total: u32) -> u32 {
		match self {
			Self::Own(..) => total,
			Self::Pieces(pieces) => total.min(*pieces),
		}
	}
}

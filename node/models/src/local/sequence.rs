//! Conversations as the model has read them, and keeping them for the next turn.

use std::{
	collections::VecDeque,
	time::{Duration, Instant},
};

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;

use crate::{
	gguf::{self, Gguf},
	BackendError, Party,
};

/// One conversation inside the model: the weights, shared with all others, and its own cache of keys
/// and values.
///
/// Cloning one copies handles, and what either reads from then on is its own: candle never changes a
/// tensor, it makes new ones. The cache, and the attention masks that candle would otherwise keep for
/// ever, go away with the last clone.
#[derive(Clone)]
pub(super) struct Sequence {
	weights: ModelWeights,
	/// All that was read.
	tokens: Vec<u32>,
	/// Bytes of attention masks that candle keeps beside the cache.
	masks: u64,
}

impl Sequence {
	/// Nothing read yet.
	pub fn new(weights: &ModelWeights) -> Self {
		Self { weights: weights.clone(), tokens: Vec::new(), masks: 0 }
	}

	/// All that was read.
	pub fn tokens(&self) -> &[u32] {
		&self.tokens
	}

	/// Reads tokens; returns the scores of every token that may come next.
	pub fn feed(&mut self, tokens: &[u32]) -> Result<Vec<f32>, BackendError> {
		let scores = self.forward(tokens).map_err(BackendError::failed)?;
		self.tokens.extend_from_slice(tokens);
		if tokens.len() > 1 {
			let mask = count(tokens.len()).saturating_mul(count(self.tokens.len()));
			self.masks = self.masks.saturating_add(mask);
		}
		Ok(scores)
	}

	fn forward(&mut self, tokens: &[u32]) -> candle_core::Result<Vec<f32>> {
		let input = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
		let scores = self.weights.forward(&input, self.tokens.len())?;
		scores.squeeze(0)?.to_dtype(DType::F32)?.to_vec1()
	}
}

fn count(number: usize) -> u64 {
	u64::try_from(number).unwrap_or(u64::MAX)
}

/// Conversations that may go on. A turn whose prompt begins with all that was read in an earlier one
/// need not read that again.
///
/// Only for whoever the earlier turn was for: how fast an answer begins would tell anybody else what
/// was asked here.
pub(super) struct Conversations {
	/// The one that was used last is the last.
	kept: VecDeque<Kept>,
	/// Bytes that they may take in all.
	room: u64,
	/// Bytes that each token takes.
	each: u64,
	/// The time for which one is kept after its last turn.
	time: Duration,
}

struct Kept {
	party: Party,
	sequence: Sequence,
	/// The end of its last turn.
	since: Instant,
}

impl Conversations {
	/// None yet; they may take `room` bytes, a token takes `each`, and each is kept for so much `time`
	/// after its last turn.
	pub fn new(room: u64, each: u64, time: Duration) -> Self {
		Self { kept: VecDeque::new(), room, each, time }
	}

	/// Forgets those whose time is over.
	pub fn forget_old(&mut self, now: Instant) {
		self.kept.retain(|kept| now.saturating_duration_since(kept.since) < self.time);
	}

	/// True if any of this party's are kept at all.
	pub fn are_kept(&self, party: &Party) -> bool {
		self.room > 0 && *party != Party::Nobody
	}

	/// The longest that this prompt goes on with. At least one token of the prompt is left to read.
	pub fn resume(&self, party: &Party, prompt: &[u32]) -> Option<Sequence> {
		let goes_on = |kept: &&Kept| {
			let read = kept.sequence.tokens();
			kept.party == *party && read.len() < prompt.len() && prompt.starts_with(read)
		};
		let longest =
			self.kept.iter().filter(goes_on).max_by_key(|kept| kept.sequence.tokens.len());
		longest.map(|kept| kept.sequence.clone())
	}

	/// Keeps one, instead of what it began with; the oldest ones make room.
	pub fn keep(&mut self, party: &Party, sequence: Sequence) {
		if !self.are_kept(party) || self.size(&sequence) > self.room {
			return;
		}
		let went_on = |kept: &Kept| {
			kept.party == *party && sequence.tokens().starts_with(kept.sequence.tokens())
		};
		self.kept.retain(|kept| !went_on(kept));
		self.kept.push_back(Kept { party: party.clone(), sequence, since: Instant::now() });
		while self.taken() > self.room {
			self.kept.pop_front();
		}
	}

	/// Forgets all of them.
	pub fn clear(&mut self) {
		self.kept.clear();
	}

	fn taken(&self) -> u64 {
		self.kept.iter().map(|kept| self.size(&kept.sequence)).fold(0, u64::saturating_add)
	}

	/// Bytes that one takes.
	fn size(&self, sequence: &Sequence) -> u64 {
		let cache = count(sequence.tokens.len()).saturating_mul(self.each);
		cache.saturating_add(sequence.masks)
	}
}

/// Bytes of keys and values of one token: in each layer one of both for each of its heads.
pub(super) fn bytes_per_token(file: &Gguf) -> u64 {
	let number = |key: &str| {
		let key = format!("llama.{key}");
		u64::from(gguf::number(&file.content, &key).unwrap_or(1)).max(1)
	};
	let head = number("embedding_length") / number("attention.head_count");
	let layer = number("attention.head_count_kv").saturating_mul(head.max(1));
	let numbers = number("block_count").saturating_mul(layer).saturating_mul(2);
	numbers.saturating_mul(4)
}

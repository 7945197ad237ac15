//! An answer of another server, on its way through this node.

use super::wire::{Chunk, Failure, Usage};
use crate::backend::{
	counter::TokenCounter, emit::Emitter, generation::EventSink, tokenizer::ModelTokenizer,
	BackendError, Delta, FinishReason, Finished, Gone, Prepared,
};

/// Hands out what the server sends, counts it, and keeps it within the call's bounds.
pub(super) struct Answer<'a> {
	call: &'a Prepared,
	tokenizer: &'a ModelTokenizer,
	sink: &'a EventSink,
	counter: TokenCounter,
	emitter: Emitter,
	/// All that was handed out.
	text: String,
	/// Something came, even if it is held back still.
	begun: bool,
	reason: Option<FinishReason>,
	claimed: Option<Usage>,
}

impl<'a> Answer<'a> {
	pub fn new(call: &'a Prepared, tokenizer: &'a ModelTokenizer, sink: &'a EventSink) -> Self {
		Self {
			call,
			tokenizer,
			sink,
			counter: TokenCounter::default(),
			emitter: Emitter::new(&call.request().stop),
			text: String::new(),
			begun: false,
			reason: None,
			claimed: None,
		}
	}

	/// Whether nothing was produced yet.
	pub fn is_empty(&self) -> bool {
		!self.begun
	}

	/// Takes one piece of the stream; returns a reason when the answer ends with it, whatever the
	/// server would still send.
	pub async fn take(&mut self, chunk: Chunk) -> Result<Option<FinishReason>, Failure> {
		if let Some(usage) = chunk.usage {
			self.claimed = Some(usage);
		}
		// Only one answer was asked for.
		let Some(choice) = chunk.choices.into_iter().next() else { return Ok(None) };
		if let Some(reason) = &choice.finish_reason {
			self.reason = Some(match reason.as_str() {
				"length" => FinishReason::Length,
				_ => FinishReason::Stop,
			});
		}
		let text = choice.delta.content.unwrap_or_default();
		if text.is_empty() {
			return Ok(None);
		}
		self.begun = true;
		let counted = self.counter.push(self.tokenizer, &text)?;
		let most = self.call.max_output_tokens();
		let emitted = self.emitter.push(&text, counted.min(most));
		if self.send(emitted.text).await.is_err() {
			return Ok(Some(FinishReason::Cancelled));
		}
		if emitted.stopped {
			return Ok(Some(FinishReason::Stop));
		}
		// The server was told this bound. What it sends beyond is not charged, and not waited for.
		Ok((counted > most).then_some(FinishReason::Length))
	}

	/// The stream ended: hands out what was held back.
	pub async fn close(&mut self) -> Result<FinishReason, Failure> {
		let reason = self.reason.ok_or_else(Failure::broke_off)?;
		let rest = self.emitter.finish();
		match self.send(rest).await {
			Ok(()) => Ok(reason),
			Err(Gone) => Ok(FinishReason::Cancelled),
		}
	}

	async fn send(&mut self, text: String) -> Result<(), Gone> {
		if text.is_empty() {
			return Ok(());
		}
		let delta = Delta { text, output_tokens: self.emitter.tokens() };
		self.sink.send(delta.clone()).await?;
		self.text.push_str(&delta.text);
		Ok(())
	}

	/// What is charged: what was counted here, or what the server says, whichever is less.
	pub fn finished(&self, reason: FinishReason) -> Result<Finished, BackendError> {
		let input = self.call.input_tokens();
		let output = self.tokenizer.count(&self.text)?.min(self.call.max_output_tokens());
		let Some(claimed) = self.claimed else {
			return Ok(Finished { reason, input_tokens: input, output_tokens: output });
		};
		// Servers count the token that ends an answer, and templates differ by one or two; more
		// than that means a wrong tokenizer or a wrong claim.
		let far = |ours: u32, theirs: u32| ours.abs_diff(theirs) > 2 + ours / 50;
		if far(input, claimed.prompt_tokens) || far(output, claimed.completion_tokens) {
			tracing::warn!(
				input,
				output,
				claimed_input = claimed.prompt_tokens,
				claimed_output = claimed.completion_tokens,
				"the server counts differently; the lower number is charged"
			);
		}
		Ok(Finished {
			reason,
			input_tokens: input.min(claimed.prompt_tokens),
			output_tokens: output.min(claimed.completion_tokens),
		})
	}
}

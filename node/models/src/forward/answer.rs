//! An answer of another server, on its way through this node.

use super::{
	meter::{Counting, Meter},
	wire::{Chunk, Failure, ToolPiece, Usage},
};
use crate::{
	emit::Emitter, generation::EventSink, BackendError, Delta, FinishReason, Finished, Gone,
	Prepared, ToolDelta,
};

/// Hands out what the server sends, counts it, and keeps it within the call's bounds.
pub(super) struct Answer<'a> {
	call: &'a Prepared,
	sink: &'a EventSink,
	/// The model's name there, for the log.
	model: &'a str,
	meter: Meter<'a>,
	emitter: Emitter,
	/// All that was handed out: text, and what tool calls say.
	text: String,
	/// Something came, even if it is held back still.
	begun: bool,
	/// The number of the tool call that came last.
	tool: Option<u32>,
	reason: Option<FinishReason>,
	claimed: Option<Usage>,
}

impl<'a> Answer<'a> {
	pub fn new(
		call: &'a Prepared,
		counting: &'a Counting,
		sink: &'a EventSink,
		model: &'a str,
	) -> Self {
		Self {
			call,
			sink,
			model,
			meter: counting.meter(),
			emitter: Emitter::new(&call.request().stop),
			text: String::new(),
			begun: false,
			tool: None,
			reason: None,
			claimed: None,
		}
	}

	/// True as long as nothing was produced.
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
				"tool_calls" | "function_call" => FinishReason::ToolCalls,
				_ => FinishReason::Stop,
			});
		}
		let text = choice.delta.content.or(choice.text).unwrap_or_default();
		if let Some(ended) = self.take_text(&text).await? {
			return Ok(Some(ended));
		}
		for piece in choice.delta.tool_calls.unwrap_or_default() {
			if let Some(ended) = self.take_tool(piece).await? {
				return Ok(Some(ended));
			}
		}
		Ok(None)
	}

	async fn take_text(&mut self, text: &str) -> Result<Option<FinishReason>, Failure> {
		if text.is_empty() {
			return Ok(None);
		}
		self.begun = true;
		let most = self.call.max_output_tokens();
		let fitting = self.meter.fitting(text, most)?;
		let within = text.get(..fitting).unwrap_or_default();
		if !within.is_empty() {
			let counted = self.meter.push(within)?;
			let emitted = self.emitter.push(within, counted.min(most));
			if self.send(emitted.text).await.is_err() {
				return Ok(Some(FinishReason::Cancelled));
			}
			if emitted.stopped {
				return Ok(Some(FinishReason::Stop));
			}
		}
		if fitting == text.len() {
			return Ok(None);
		}
		// The server was told this bound. What it sends beyond is neither charged nor handed out.
		let rest = self.emitter.finish();
		Ok(Some(match self.send(rest).await {
			Ok(()) => FinishReason::Length,
			Err(Gone) => FinishReason::Cancelled,
		}))
	}

	async fn take_tool(&mut self, piece: ToolPiece) -> Result<Option<FinishReason>, Failure> {
		self.begun = true;
		// What was held back as the possible beginning of a stop string is none.
		let rest = self.emitter.finish();
		if self.send(rest).await.is_err() {
			return Ok(Some(FinishReason::Cancelled));
		}
		// Some servers leave out the number where there is one call only.
		let index = piece.index.or(self.tool).unwrap_or(0);
		self.tool = Some(index);
		let function = piece.function.unwrap_or_default();
		let mut delta = ToolDelta {
			index,
			id: piece.id,
			name: function.name,
			arguments: function.arguments.unwrap_or_default(),
			output_tokens: 0,
		};
		let text = delta.text();
		let most = self.call.max_output_tokens();
		if self.meter.fitting(&text, most)? < text.len() {
			return Ok(Some(FinishReason::Length));
		}
		delta.output_tokens = self.meter.push(&text)?.min(most);
		self.text.push_str(&text);
		Ok(self.sink.send_tool(delta).await.is_err().then_some(FinishReason::Cancelled))
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

	/// The counts to charge: those made here or those that the server claims, whichever are lower.
	pub fn finished(&self, reason: FinishReason) -> Result<Finished, BackendError> {
		let input = self.call.input_tokens();
		let output = self.meter.total(&self.text)?.min(self.call.max_output_tokens());
		let Some(claimed) = self.claimed else {
			let output_tokens = self.meter.unclaimed(output);
			return Ok(Finished { reason, input_tokens: input, output_tokens });
		};
		if self.meter.is_own() {
			note_difference(self.model, "input", input, claimed.prompt_tokens);
			note_difference(self.model, "output", output, claimed.completion_tokens);
		}
		Ok(Finished {
			reason,
			input_tokens: input.min(claimed.prompt_tokens),
			output_tokens: output.min(claimed.completion_tokens),
		})
	}
}

/// Logs that the server counts differently. Servers count the token that ends an answer, and
/// templates differ by one or two; more than that means a wrong tokenizer or a wrong claim.
pub(super) fn note_difference(model: &str, direction: &'static str, counted: u32, claimed: u32) {
	if counted == claimed {
		return;
	}
	let charged = counted.min(claimed);
	if counted.abs_diff(claimed) > 2 + counted / 50 {
		tracing::warn!(
			model,
			direction,
			counted,
			claimed,
			charged,
			"the server counts differently; the lower number is charged"
		);
		metrics::counter!(
			"openledger_count_differences_total",
			"upstream_model" => model.to_owned(), "direction" => direction,
		)
		.increment(1);
	} else {
		tracing::debug!(model, direction, counted, claimed, charged, "the server counts otherwise");
	}
}

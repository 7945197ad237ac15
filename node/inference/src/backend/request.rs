//! One call, independent of the protocol that it came by.

use serde::{Deserialize, Serialize};

use super::BackendError;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
	/// Instructions of the application.
	System,
	/// The person or program that asks.
	User,
	/// The model's earlier answers.
	Assistant,
}

impl Role {
	/// Its name in the OpenAI protocol and in chat templates.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::System => "system",
			Self::User => "user",
			Self::Assistant => "assistant",
		}
	}
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
	/// Who says it.
	pub role: Role,
	/// What is said.
	pub content: String,
	/// The speaker's name, where several share a role.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub name: Option<String>,
}

impl Message {
	/// A message without a speaker's name.
	pub fn new(role: Role, content: impl Into<String>) -> Self {
		Self { role, content: content.into(), name: None }
	}
}

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampling {
	/// 0 to 2; 0 always takes the likeliest token; 1 if not given.
	pub temperature: Option<f64>,
	/// 0 to 1; only the likeliest tokens that together reach it are drawn from; 1 if not given.
	pub top_p: Option<f64>,
	/// Makes the draw repeatable on one node; drawn anew for each call if not given.
	pub seed: Option<i64>,
}

/// A chat to be answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
	/// The conversation so far, never empty.
	pub messages: Vec<Message>,
	/// The most tokens the answer may have; the model's default if not given.
	pub max_tokens: Option<u32>,
	/// How tokens are chosen.
	pub sampling: Sampling,
	/// The answer ends before the first of these; it never contains one.
	pub stop: Vec<String>,
	/// Parameters of the request that change the answer and that only some backends know, by name.
	pub extras: serde_json::Map<String, serde_json::Value>,
}

/// A call whose price is bounded: it was tokenised and it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
	request: ChatRequest,
	prompt: Vec<u32>,
	input_tokens: u32,
	max_output_tokens: u32,
}

impl Prepared {
	/// Bounds a call: `prompt` are the tokens of its chat after the template. The output may be as
	/// long as the request says (else `default_max_tokens`), as far as the context has room.
	///
	/// # Errors
	/// [`BackendError::PromptTooLong`] when there is no room for a single token of output.
	pub fn new(
		request: ChatRequest,
		prompt: Vec<u32>,
		context: u32,
		default_max_tokens: u32,
	) -> Result<Self, BackendError> {
		let input_tokens = u32::try_from(prompt.len()).unwrap_or(u32::MAX);
		let room = context.saturating_sub(input_tokens);
		if room == 0 {
			return Err(BackendError::PromptTooLong { tokens: input_tokens, context });
		}
		let max_output_tokens = request.max_tokens.unwrap_or(default_max_tokens).clamp(1, room);
		Ok(Self { request, prompt, input_tokens, max_output_tokens })
	}

	/// Tokens of the prompt, chat template included.
	pub fn input_tokens(&self) -> u32 {
		self.input_tokens
	}

	/// The most tokens the answer may have.
	pub fn max_output_tokens(&self) -> u32 {
		self.max_output_tokens
	}

	/// What was asked.
	pub fn request(&self) -> &ChatRequest {
		&self.request
	}

	/// The prompt's tokens.
	pub fn prompt(&self) -> &[u32] {
		&self.prompt
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn bounded(max_tokens: Option<u32>, prompt: usize) -> Result<Prepared, BackendError> {
		let request = ChatRequest { max_tokens, ..ChatRequest::default() };
		Prepared::new(request, vec![7; prompt], 100, 16)
	}

	#[test]
	fn output_is_bounded_by_request_default_and_context() {
		assert_eq!(bounded(Some(5), 10).map(|p| p.max_output_tokens()), Ok(5));
		assert_eq!(bounded(None, 10).map(|p| p.max_output_tokens()), Ok(16));
		assert_eq!(bounded(Some(1_000), 10).map(|p| p.max_output_tokens()), Ok(90));
		assert_eq!(bounded(None, 99).map(|p| p.max_output_tokens()), Ok(1));
		assert_eq!(bounded(Some(5), 10).map(|p| p.input_tokens()), Ok(10));
	}

	#[test]
	fn a_prompt_that_fills_the_context_is_refused() {
		for tokens in [100_u32, 101, 5_000] {
			assert_eq!(
				bounded(None, tokens as usize),
				Err(BackendError::PromptTooLong { tokens, context: 100 })
			);
		}
	}
}

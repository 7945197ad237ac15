//! A backend's errors.

use std::time::Duration;

use thiserror::Error;

/// A reason why a backend could not serve a call, or could not finish it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BackendError {
	/// The prompt leaves no room for an answer.
	#[error(
		"this model's context is {context} tokens; the prompt has {tokens}, \
         which leaves no room for an answer"
	)]
	PromptTooLong {
		/// Tokens of the prompt, chat template included.
		tokens: u32,
		/// The model's context in tokens.
		context: u32,
	},
	/// The model's chat template refuses the conversation, for instance because of the order of
	/// its roles.
	#[error("the model's chat template refuses this conversation: {message}")]
	InvalidPrompt {
		/// The template's own message.
		message: String,
	},
	/// A parameter that would change the answer and that this backend does not know.
	#[error("this model does not support `{param}`")]
	Unsupported {
		/// The parameter's name in the request.
		param: String,
	},
	/// This model is not made for what is asked of it.
	#[error("this model does not serve {task}")]
	NotServed {
		/// The task, such as `embeddings`.
		task: &'static str,
	},
	/// The server that runs the model is not well.
	#[error("the server behind this model is not well; try again in {} s", retry_after.as_secs())]
	Unwell {
		/// The time until it is checked again; whole seconds, at least one.
		retry_after: Duration,
	},
	/// Too many calls are waiting already.
	#[error("too many calls are waiting for this model; try again in {} s", retry_after.as_secs())]
	Overloaded {
		/// The time until it is worth trying again; whole seconds, at least one.
		retry_after: Duration,
	},
	/// The server that runs the model failed.
	#[error("the server behind this model failed: {message}")]
	Upstream {
		/// Its HTTP status, when it answered at all.
		status: Option<u16>,
		/// Its message, shortened.
		message: String,
	},
	/// The call took longer than this node allows.
	#[error("timed out after {} s while {stage}", after.as_secs())]
	Timeout {
		/// The work that was waited for.
		stage: &'static str,
		/// The time that was waited.
		after: Duration,
	},
	/// Anything else; details are for the operator.
	#[error("the model failed: {0}")]
	Failed(String),
}

impl BackendError {
	/// The kind of error, for logs in which nothing may stand that others have written.
	pub fn kind(&self) -> &'static str {
		match self {
			Self::PromptTooLong { .. } => "prompt_too_long",
			Self::InvalidPrompt { .. } => "invalid_prompt",
			Self::Unsupported { .. } => "unsupported",
			Self::NotServed { .. } => "not_served",
			Self::Unwell { .. } => "unwell",
			Self::Overloaded { .. } => "overloaded",
			Self::Upstream { status: None, .. } => "upstream",
			Self::Upstream { status: Some(429), .. } => "upstream_429",
			Self::Upstream { status: Some(400..=499), .. } => "upstream_4xx",
			Self::Upstream { .. } => "upstream_5xx",
			Self::Timeout { .. } => "timeout",
			Self::Failed(_) => "failed",
		}
	}

	/// [`BackendError::Failed`] from any error.
	pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
		Self::Failed(error.to_string())
	}
}

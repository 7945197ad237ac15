//! A backend's errors.

use std::time::Duration;

use thiserror::Error;

/// A reason why a backend could not serve a call, or could not finish it. A time after which to try again
/// is in whole seconds, and one at least.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum BackendError {
	#[error(
		"this model's context is {context} tokens; the prompt has {tokens}, \
         which leaves no room for an answer"
	)]
	PromptTooLong {
		/// Tokens of the prompt, chat template included.
		tokens: u32,
		context: u32,
	},
	/// The model's chat template refuses the conversation, for instance because of the order of
	/// its roles.
	#[error("the model's chat template refuses this conversation: {message}")]
	InvalidPrompt { message: String },
	/// A parameter that would change the answer and that this backend does not know.
	#[error("this model does not support `{param}`")]
	Unsupported { param: String },
	#[error("this model does not serve {task}")]
	NotServed { task: &'static str },
	#[error("the server behind this model is not well; try again in {} s", retry_after.as_secs())]
	Unwell { retry_after: Duration },
	#[error("too many calls are waiting for this model; try again in {} s", retry_after.as_secs())]
	Overloaded { retry_after: Duration },
	#[error("the server behind this model failed: {message}")]
	Upstream {
		/// Its HTTP status, when it answered at all.
		status: Option<u16>,
		message: String,
	},
	#[error("timed out after {} s while {stage}", after.as_secs())]
	Timeout { stage: &'static str, after: Duration },
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

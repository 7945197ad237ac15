//! Models behind one small trait. Knows no money: no prices, no vouchers.
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
//!
//! | module | holds | feature |
//! |---|---|---|
//! | `local` | models in this process, from GGUF files | `local` |
//! | `forward` | models on another server that speaks the OpenAI protocol | `forward` |
//! | [`openai`] | requests as callers send them | |
//! | `tokenizer`, `template` | from text to tokens, from chats to text | GGUF files: `local` |
//! | `testing` | a backend that says what it is told to | `testing` |

mod backend;
#[cfg(any(feature = "local", feature = "forward"))]
mod emit;
mod error;
#[cfg(feature = "forward")]
mod forward;
mod generation;
#[cfg(feature = "local")]
mod gguf;
mod hash;
mod load;
#[cfg(feature = "local")]
mod local;
pub mod openai;
mod request;
mod template;
#[cfg(test)]
mod test_model;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tokenizer;
#[cfg(any(feature = "local", feature = "forward"))]
mod turns;

#[cfg(feature = "forward")]
pub use self::forward::{ForwardBackend, ForwardOptions};
#[cfg(feature = "local")]
pub use self::local::{LocalBackend, LocalOptions};
pub use self::{
	backend::{Backend, Load, ModelFacts},
	error::BackendError,
	generation::{
		Completion, Delta, Event, EventSink, FinishReason, Finished, Generation, Gone, ToolCall,
		ToolDelta,
	},
	hash::hash_file,
	load::{BackendOptions, LoadError},
	request::{
		ChatRequest, Embedded, EmbeddingRequest, Message, Party, Prepared, PreparedEmbedding, Role,
		Sampling,
	},
	tokenizer::{hash_template, ModelTokenizer},
};

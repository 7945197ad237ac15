//! The hash of an answer, made without holding up other calls.

use openledger_primitives::{
	answer::{prompt_root, unattributed, AnswerError, AnswerSalts, Response},
	lane::Voucher,
	Hash,
};
use thiserror::Error;
use tokio::task::{spawn_blocking, JoinHandle};

/// Texts of more bytes are hashed on another thread: each word takes a microsecond or two, and the longest
/// answer has millions of them.
const SMALL: usize = 4 * 1024;

/// A reason why an answer has no hash, so that it can be neither charged nor handed out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HashError {
	/// The answer or the prompt is too long.
	#[error(transparent)]
	Answer(#[from] AnswerError),
	/// The thread that hashed it is gone.
	#[error("hashing the answer broke off")]
	Broken,
}

/// The root over the prompt of a call, which is made while the model is at work.
#[derive(Debug)]
enum PromptRoot {
	Made(Result<Hash, AnswerError>),
	Making(JoinHandle<Result<Hash, AnswerError>>),
}

/// A call's prompt, committed to, and what its answer is hashed with.
#[derive(Debug)]
pub(super) struct Commitment {
	prompt: PromptRoot,
	salt: [u8; 32],
}

impl Commitment {
	/// Begins to hash the prompt of the call that `voucher` pays for.
	pub fn new(voucher: &Voucher, salt: [u8; 32], prompt: String) -> Self {
		let salts = AnswerSalts::new(&salt, &voucher.request_hash);
		let work = move |prompt: &str| prompt_root(&salts, prompt.as_bytes());
		let prompt = match prompt.len() <= SMALL {
			true => PromptRoot::Made(work(&prompt)),
			false => PromptRoot::Making(spawn_blocking(move || work(&prompt))),
		};
		Self { prompt, salt }
	}

	/// The answer to the call, of which this text was delivered.
	///
	/// # Errors
	/// If prompt or answer are longer than 16 MiB, or a thread broke off.
	pub async fn response(self, voucher: &Voucher, text: String) -> Result<Response, HashError> {
		let Self { prompt, salt } = self;
		let root = match prompt {
			PromptRoot::Made(root) => root?,
			PromptRoot::Making(root) => root.await.map_err(|_| HashError::Broken)??,
		};
		let (request_hash, evidence) = (voucher.request_hash, voucher.agreement.evidence);
		let work =
			move |text: &str| unattributed(&salt, &request_hash, text.as_bytes(), root, evidence);
		if text.len() <= SMALL {
			return Ok(work(&text)?);
		}
		Ok(spawn_blocking(move || work(&text)).await.map_err(|_| HashError::Broken)??)
	}
}

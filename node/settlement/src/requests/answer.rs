//! Making an answer that fits what is paid for it.

use std::time::Duration;

use futures::StreamExt;
use openledger_models::{Backend, BackendError, ChatRequest, Event, Party, Prepared};
use openledger_primitives::{
	on_chain::DeclineReason,
	price::{PriceSchedule, Tokens},
	Balance, MAX_REQUEST_OUTPUT,
};
use thiserror::Error;
use tokio::time::timeout;

/// The time to wait for a model that took too long.
const AFTER_TIMEOUT: Duration = Duration::from_secs(15);

/// An answer, and what it is charged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
	pub(super) text: String,
	pub(super) input_tokens: u32,
	pub(super) output_tokens: u32,
}

/// The bounds of what an answer may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
	/// The price of tokens.
	pub(super) price: &'a PriceSchedule,
	/// The most that the call may cost, in planck.
	pub(super) max_charge: Balance,
	/// The most tokens of the prompt that the chain lets anybody charge.
	pub(super) most_input_tokens: u32,
}

/// A reason why there is no answer.
#[derive(Debug, Error)]
pub(super) enum NoAnswer {
	#[error("what is on hold does not pay for an answer to {input_tokens} tokens")]
	TooDear { input_tokens: u32 },
	#[error("the answer is empty")]
	Empty,
	#[error("there is not enough time before its deadline")]
	TooLate,
	#[error(transparent)]
	Backend(#[from] BackendError),
}

impl NoAnswer {
	/// The time to wait if there was no attempt at all, or nothing came of it because the model has too
	/// much to do or is not well: that does not count against the call.
	pub(super) fn retry_after(&self) -> Option<Duration> {
		let Self::Backend(error) = self else { return None };
		match error {
			BackendError::Overloaded { retry_after } | BackendError::Unwell { retry_after } => {
				Some(*retry_after)
			}
			BackendError::Timeout { .. } => Some(AFTER_TIMEOUT),
			_ => None,
		}
	}

	/// The reason to give for not answering. None if nothing was decided yet; `last` says that there is no other
	/// attempt.
	pub(super) fn reason(&self, last: bool) -> Option<DeclineReason> {
		let Self::Backend(error) = self else {
			return Some(match self {
				Self::TooDear { .. } => DeclineReason::TooDear,
				Self::TooLate => DeclineReason::TooLate,
				Self::Empty | Self::Backend(_) => DeclineReason::Unavailable,
			});
		};
		match error {
			BackendError::PromptTooLong { .. } => Some(DeclineReason::PromptTooLong),
			BackendError::InvalidPrompt { .. } | BackendError::Unsupported { .. } => {
				Some(DeclineReason::BadInput)
			}
			_ => (last && self.retry_after().is_none()).then_some(DeclineReason::Unavailable),
		}
	}

	/// Tells whether another attempt could end otherwise.
	pub(super) fn is_passing(&self) -> bool {
		match self {
			Self::TooDear { .. } | Self::Empty | Self::TooLate => false,
			Self::Backend(error) => !matches!(
				error,
				BackendError::PromptTooLong { .. }
					| BackendError::InvalidPrompt { .. }
					| BackendError::Unsupported { .. }
			),
		}
	}
}

fn most_bytes() -> usize {
	usize::try_from(MAX_REQUEST_OUTPUT).unwrap_or(usize::MAX)
}

/// The most output tokens that `max_charge` pays for after the input tokens, as far as the chain takes
/// that much text: a token has a byte at least.
fn affordable(price: &PriceSchedule, max_charge: Balance, input_tokens: u32) -> u32 {
	let input = Tokens::new(input_tokens, 0);
	price.affordable_output(&input, max_charge).unwrap_or(0).min(MAX_REQUEST_OUTPUT)
}

/// Prepares the answer to a chat of `party`, within `time`: it is known then that it can be paid.
pub(super) async fn prepare(
	backend: &dyn Backend,
	party: Party,
	chat: ChatRequest,
	bounds: Bounds<'_>,
	time: Duration,
) -> Result<Prepared, NoAnswer> {
	let call = timeout(time, bounded(backend, chat, bounds)).await;
	Ok(call.unwrap_or(Err(NoAnswer::TooLate))?.on_behalf_of(party))
}

/// Makes an answer that was prepared, within `time`.
pub(super) async fn make(
	backend: &dyn Backend,
	call: Prepared,
	bounds: Bounds<'_>,
	time: Duration,
) -> Result<Answer, NoAnswer> {
	let made = timeout(time, generate(backend, call)).await.unwrap_or(Err(NoAnswer::TooLate))?;
	// The rest of the prompt is the node's own expense.
	Ok(Answer { input_tokens: made.input_tokens.min(bounds.most_input_tokens), ..made })
}

/// The call with its bounds.
async fn bounded(
	backend: &dyn Backend,
	chat: ChatRequest,
	bounds: Bounds<'_>,
) -> Result<Prepared, NoAnswer> {
	let call = backend.prepare(chat.clone()).await?;
	let input_tokens = call.input_tokens().min(bounds.most_input_tokens);
	let most = affordable(bounds.price, bounds.max_charge, input_tokens);
	if most == 0 {
		return Err(NoAnswer::TooDear { input_tokens });
	}
	if call.max_output_tokens() <= most {
		return Ok(call);
	}
	Ok(backend.prepare(ChatRequest { max_tokens: Some(most), ..chat }).await?)
}

async fn generate(backend: &dyn Backend, call: Prepared) -> Result<Answer, NoAnswer> {
	let (most_input, most_output) = (call.input_tokens(), call.max_output_tokens());
	let mut generation = backend.generate(call).await?;
	let mut text = String::new();
	let (mut input_tokens, mut output_tokens) = (most_input, 0);
	while let Some(event) = generation.next().await {
		match event? {
			Event::Delta(delta) => {
				text.push_str(&delta.text);
				output_tokens = delta.output_tokens;
				if text.len() > most_bytes() {
					cut(&mut text);
					output_tokens = output_tokens.min(backend.count_tokens(&text)?);
					break;
				}
			}
			Event::Finished(finished) => {
				(input_tokens, output_tokens) = (finished.input_tokens, finished.output_tokens);
				break;
			}
			// No tools are called for an answer on chain.
			Event::Tool(_) => {}
		}
	}
	if text.is_empty() {
		return Err(NoAnswer::Empty);
	}
	// More than the chain believes of so much text.
	let plausible = u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_add(1);
	Ok(Answer {
		text,
		input_tokens: input_tokens.min(most_input),
		output_tokens: output_tokens.min(most_output).min(plausible),
	})
}

/// Ends a text at the last whole character that the chain has room for.
fn cut(text: &mut String) {
	let mut end = most_bytes();
	while !text.is_char_boundary(end) {
		end = end.saturating_sub(1);
	}
	text.truncate(end);
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_models::{
		testing::{Script, TestBackend, CONTEXT, DEFAULT_MAX_TOKENS},
		Message, Role,
	};
	use openledger_testkit::PRICE;

	const MINUTE: Duration = Duration::from_secs(60);

	fn chat() -> ChatRequest {
		let messages = vec![Message::new(Role::User, "one two three")];
		ChatRequest { messages, ..ChatRequest::default() }
	}

	fn bounds(max_charge: Balance) -> Bounds<'static> {
		Bounds { price: &PRICE, max_charge, most_input_tokens: 100 }
	}

	async fn answer_within(
		backend: &TestBackend,
		bounds: Bounds<'_>,
		time: Duration,
	) -> Result<Answer, NoAnswer> {
		let call = prepare(backend, Party::Nobody, chat(), bounds, MINUTE).await?;
		make(backend, call, bounds, time).await
	}

	async fn answer(script: Script, max_charge: Balance) -> Result<Answer, NoAnswer> {
		answer_within(&TestBackend::new(script), bounds(max_charge), MINUTE).await
	}

	#[tokio::test]
	async fn no_more_of_a_prompt_is_charged_than_the_chain_allows() {
		let backend = TestBackend::new(Script::Say(vec!["four"]));
		let bounds = Bounds { most_input_tokens: 2, ..bounds(Balance::MAX) };
		let made = answer_within(&backend, bounds, MINUTE).await.expect("it is paid");
		assert_eq!((made.input_tokens, made.output_tokens), (2, 1));
		// And nobody has to pay for what is not charged.
		let least = PRICE.charge(&Tokens::new(2, 1)).expect("it fits");
		let bounds = Bounds { max_charge: least, ..bounds };
		assert!(answer_within(&backend, bounds, MINUTE).await.is_ok());
	}

	#[test]
	fn what_may_end_otherwise_is_not_declined_before_the_last_attempt() {
		let busy = BackendError::Overloaded { retry_after: MINUTE };
		let long = BackendError::PromptTooLong { tokens: 3, context: 2 };
		let failed = BackendError::Failed("gone".into());
		assert_eq!(NoAnswer::from(busy).reason(true), None);
		assert_eq!(NoAnswer::from(long).reason(false), Some(DeclineReason::PromptTooLong));
		assert_eq!(NoAnswer::from(failed.clone()).reason(false), None);
		assert_eq!(NoAnswer::from(failed).reason(true), Some(DeclineReason::Unavailable));
		let dear = NoAnswer::TooDear { input_tokens: 1 };
		assert_eq!(dear.reason(false), Some(DeclineReason::TooDear));
	}

	/// The price of the chat's three words and an answer of so many tokens.
	fn pays_for(output: u32) -> Balance {
		PRICE.charge(&Tokens::new(3, output)).expect("it fits")
	}

	#[test]
	fn tokens_are_as_many_as_are_paid_for() {
		let fixed = pays_for(0);
		assert_eq!(affordable(&PRICE, fixed - 1, 3), 0);
		assert_eq!(affordable(&PRICE, fixed + 99, 3), 0);
		assert_eq!(affordable(&PRICE, fixed + 250, 3), 2);
		assert_eq!(affordable(&PRICE, Balance::MAX, 3), MAX_REQUEST_OUTPUT);
		let free = PriceSchedule { per_output_token: 0, ..PRICE };
		assert_eq!(affordable(&free, fixed, 3), MAX_REQUEST_OUTPUT);
	}

	#[tokio::test]
	async fn an_answer_is_never_dearer_than_what_is_on_hold() {
		let say = || Script::Say(vec!["four", "five", "six"]);
		let full = answer(say(), pays_for(16)).await.expect("it is paid");
		assert_eq!((full.text.as_str(), full.input_tokens), ("four five six ", 3));
		assert_eq!(full.output_tokens, 3);
		let least = pays_for(1);
		let short = answer(say(), least).await.expect("it is paid");
		let tokens = Tokens::new(short.input_tokens, short.output_tokens);
		assert_eq!(PRICE.charge(&tokens), Some(least));
		let refused = answer(say(), least - 1).await;
		assert!(matches!(refused, Err(NoAnswer::TooDear { input_tokens: 3 })), "{refused:?}");
	}

	#[tokio::test]
	async fn plain_text_is_bounded_by_the_price_and_by_the_model() {
		let backend = TestBackend::new(Script::Say(vec![]));
		let most = async |max_tokens, max_charge| {
			let chat = ChatRequest { max_tokens, ..chat() };
			let call = bounded(&backend, chat, bounds(max_charge)).await.expect("it is paid");
			call.max_output_tokens()
		};
		// Whoever says nothing gets no more than on any other way, however much is on hold.
		assert_eq!(most(None, Balance::MAX).await, DEFAULT_MAX_TOKENS);
		assert_eq!(most(None, pays_for(5)).await, 5);
		assert_eq!(most(Some(1_000), Balance::MAX).await, CONTEXT - 3);
		assert_eq!(most(Some(1_000), pays_for(20)).await, 20);
	}

	#[tokio::test]
	async fn an_answer_that_is_too_long_is_cut() {
		const LONG: &str = "äääääääääääääääääääääääääääääääää";
		let words = vec![LONG; 200];
		let answer = answer(Script::Say(words), Balance::MAX).await.expect("it is paid");
		assert!(answer.text.len() <= 8_192 && answer.text.len() > 8_189, "{}", answer.text.len());
		assert!(answer.output_tokens > 0 && answer.output_tokens < 200);
	}

	#[tokio::test]
	async fn nothing_and_too_late_are_no_answers() {
		let empty = answer(Script::Say(vec![]), Balance::MAX).await;
		assert!(matches!(empty, Err(NoAnswer::Empty)), "{empty:?}");
		let backend = TestBackend::new(Script::Stall(vec!["four"]));
		let short = Duration::from_millis(50);
		let late = answer_within(&backend, bounds(Balance::MAX), short).await;
		assert!(matches!(late, Err(NoAnswer::TooLate)), "{late:?}");
	}
}

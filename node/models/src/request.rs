//! One call, independent of the protocol that it came by.

use std::borrow::Cow;

use openledger_primitives::{AccountId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::BackendError;

/// Bytes that a template puts around each message, about.
const FRAME: usize = 64;

/// The speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
	/// Instructions of the application.
	System,
	/// The person or program that asks.
	User,
	/// The model's earlier answers.
	Assistant,
	/// The result of a tool that the model called.
	Tool,
}

impl Role {
	/// Its name in the OpenAI protocol and in chat templates.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::System => "system",
			Self::User => "user",
			Self::Assistant => "assistant",
			Self::Tool => "tool",
		}
	}
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
	/// The speaker.
	pub role: Role,
	/// The text.
	pub content: String,
	/// The speaker's name, where several share a role.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub name: Option<String>,
	/// The tools that the model called in it, as the protocol has them. For backends that know
	/// tools.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub tool_calls: Vec<Value>,
	/// The call that a tool answers.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub tool_call_id: Option<String>,
}

impl Message {
	/// A message without a speaker's name.
	pub fn new(role: Role, content: impl Into<String>) -> Self {
		let (tool_calls, tool_call_id) = (Vec::new(), None);
		Self { role, content: content.into(), name: None, tool_calls, tool_call_id }
	}

	/// True if tools have to do with it.
	pub fn is_about_tools(&self) -> bool {
		self.role == Role::Tool || !self.tool_calls.is_empty()
	}

	/// All its bytes, about: how long it takes to tokenise, and more than its tokens can be.
	pub fn size(&self) -> usize {
		let tools = self.tool_calls.iter().map(|call| call.to_string().len());
		let name = self.name.as_ref().map_or(0, String::len);
		let id = self.tool_call_id.as_ref().map_or(0, String::len);
		tools.sum::<usize>().saturating_add(self.content.len()).saturating_add(name + id)
	}
}

/// The choice of the next token.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampling {
	/// 0 to 2; 0 always takes the likeliest token; 1 if not given.
	pub temperature: Option<f64>,
	/// 0 to 1; only the likeliest tokens that together reach it are drawn from; 1 if not given.
	pub top_p: Option<f64>,
	/// Makes the draw repeatable on one node; drawn anew for each call if not given.
	pub seed: Option<i64>,
}

/// A chat to be answered, or a text to be continued.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
	/// The conversation so far; empty only where there is a text instead.
	pub messages: Vec<Message>,
	/// A text to be continued as it is, without a chat template.
	pub prompt: Option<String>,
	/// The most tokens the answer may have; the model's default if not given.
	pub max_tokens: Option<u32>,
	/// The choice of each token.
	pub sampling: Sampling,
	/// The answer ends before the first of these; it never contains one.
	pub stop: Vec<String>,
	/// Parameters of the request that change the answer and that only some backends know, by name.
	pub extras: Map<String, Value>,
}

impl ChatRequest {
	/// The tools that the model may call; null where there are none.
	pub fn tools(&self) -> &Value {
		self.extras.get("tools").unwrap_or(&Value::Null)
	}

	/// All bytes of what the model is to read, about.
	pub fn size(&self) -> usize {
		let framed = self.messages.iter().map(|message| message.size().saturating_add(FRAME));
		let tools = match self.tools() {
			Value::Null => 0,
			tools => tools.to_string().len(),
		};
		let prompt = self.prompt.as_ref().map_or(0, String::len);
		framed.fold(prompt.saturating_add(tools), usize::saturating_add)
	}

	/// The texts that the model is to read, as they came: those of the messages, joined by a line feed, or
	/// the one to be continued.
	pub fn text(&self) -> Cow<'_, str> {
		match &self.prompt {
			Some(prompt) => prompt.into(),
			None => joined(self.messages.iter().map(|message| message.content.as_str())),
		}
	}
}

/// Texts, joined by a line feed.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
	let texts: Vec<_> = texts.collect();
	match texts.as_slice() {
		[text] => (*text).into(),
		texts => texts.join("\n").into(),
	}
}

/// Texts to be turned into vectors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EmbeddingRequest {
	/// The texts, never none.
	pub inputs: Vec<String>,
	/// The length of the vectors; as the model makes them if not given.
	pub dimensions: Option<u32>,
}

impl EmbeddingRequest {
	/// All texts, joined by a line feed.
	pub fn text(&self) -> Cow<'_, str> {
		joined(self.inputs.iter().map(String::as_str))
	}
}

/// Texts whose price is known: they were tokenised and they fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedEmbedding {
	/// The party that asks.
	pub party: Party,
	/// The texts.
	pub request: EmbeddingRequest,
	/// Tokens of all of them.
	pub input_tokens: u32,
}

/// Texts as vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
	/// One for each text, in their order.
	pub vectors: Vec<Vec<f32>>,
	/// Input tokens to charge; never above what was quoted.
	pub input_tokens: u32,
}

/// The party that asks. Parties take turns where calls wait, and none gets anything from what was
/// kept of another's calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Party {
	/// An unknown one. Nothing of such calls is kept.
	#[default]
	Nobody,
	/// The one that pays with this session.
	Session(SessionId),
	/// The one that asks on chain with this account.
	Account(AccountId),
}

/// A call whose price is bounded: it was tokenised and it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
	party: Party,
	request: ChatRequest,
	/// The text of the prompt, where this process has rendered what the model reads.
	rendered: Option<String>,
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
		let (party, rendered) = (Party::Nobody, None);
		Ok(Self { party, request, rendered, prompt, input_tokens, max_output_tokens })
	}

	/// The same where nobody can tokenise the prompt: at most `input_tokens`, and never more than
	/// the context, which is for the server to enforce.
	pub fn at_most(
		request: ChatRequest,
		input_tokens: u32,
		context: u32,
		default_max_tokens: u32,
	) -> Self {
		let input_tokens = input_tokens.min(context);
		let max_output_tokens =
			request.max_tokens.unwrap_or(default_max_tokens).clamp(1, context.max(1));
		let (party, rendered, prompt) = (Party::Nobody, None, Vec::new());
		Self { party, request, rendered, prompt, input_tokens, max_output_tokens }
	}

	/// The same for this party.
	pub fn on_behalf_of(self, party: Party) -> Self {
		Self { party, ..self }
	}

	/// The same, of which the model reads this text: the request as its template renders it.
	pub fn rendered(self, text: String) -> Self {
		Self { rendered: Some(text), ..self }
	}

	/// The same, where another server renders the request.
	pub fn rendered_elsewhere(self) -> Self {
		Self { rendered: None, ..self }
	}

	/// The party that asks.
	pub fn party(&self) -> &Party {
		&self.party
	}

	/// Tokens of the prompt, chat template included.
	pub fn input_tokens(&self) -> u32 {
		self.input_tokens
	}

	/// The most tokens the answer may have.
	pub fn max_output_tokens(&self) -> u32 {
		self.max_output_tokens
	}

	/// The request.
	pub fn request(&self) -> &ChatRequest {
		&self.request
	}

	/// The text of the prompt: as it was rendered for the model or, where that is another server's
	/// work, the texts of the request.
	pub fn text(&self) -> Cow<'_, str> {
		match &self.rendered {
			Some(text) => text.into(),
			None => self.request.text(),
		}
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
	fn the_prompt_is_what_was_rendered_or_what_was_asked() {
		let messages =
			vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Hi")];
		let chat = ChatRequest { messages, ..ChatRequest::default() };
		let prepared = Prepared::at_most(chat, 9, 100, 16);
		assert_eq!(prepared.text(), "Be brief.\nHi");
		let prepared = prepared.rendered("<s>Be brief.Hi</s>".into());
		assert_eq!(prepared.text(), "<s>Be brief.Hi</s>");
		assert_eq!(prepared.rendered_elsewhere().text(), "Be brief.\nHi");

		let text = ChatRequest { prompt: Some("Once".into()), ..ChatRequest::default() };
		assert_eq!(Prepared::at_most(text, 9, 100, 16).text(), "Once");
		let texts = EmbeddingRequest { inputs: vec!["a".into(), "b".into()], dimensions: None };
		assert_eq!(texts.text(), "a\nb");
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

//! A model's own tokenizer, with its chat template: what decides how many tokens are charged.

#[cfg(feature = "local")]
mod gguf;
mod words;

use std::{path::Path, sync::Arc};

use openledger_primitives::Hash;
use tokenizers::Tokenizer;

use self::words::Words;
#[cfg(feature = "local")]
use super::gguf::Gguf;
use super::{
	hash::hash_bytes, template::ChatTemplate, BackendError, ChatRequest, LoadError, Message,
	Prepared,
};

/// Names of tokens that end an answer, in the model families that there are. They count only where
/// the vocabulary has them.
const END_TOKENS: [&str; 8] = [
	"<|im_end|>",
	"<|eot_id|>",
	"<|end_of_text|>",
	"<|endoftext|>",
	"<|end|>",
	"<|end_of_turn|>",
	"<end_of_turn>",
	"</s>",
];

/// Texts of fewer bytes are tokenised where they are, which takes less than handing them over to
/// another thread.
const SMALL: usize = 8 * 1024;

/// A model's tokenizer and chat template. Everything fails with [`BackendError::Failed`] when the tokenizer
/// does.
#[derive(Debug)]
pub struct ModelTokenizer {
	tokenizer: Tokenizer,
	/// Does the same sooner, where it can.
	words: Option<Words>,
	template: ChatTemplate,
	/// Put before a prompt whose template does not put it there.
	beginning: Option<u32>,
	/// Tokens that end an answer.
	#[cfg_attr(not(feature = "local"), allow(dead_code))]
	ends: Vec<u32>,
	hash: Option<Hash>,
}

impl ModelTokenizer {
	/// Loads a tokenizer from a `tokenizer.json` or from a GGUF file, which is told by its ending.
	/// Its chat template is the file `chat_template`, where one is given; else the one in the GGUF
	/// file, or in `chat_template.jinja` or `tokenizer_config.json` beside the JSON file; else
	/// ChatML.
	///
	/// # Errors
	/// If a file cannot be read or understood.
	pub fn load(path: &Path, chat_template: Option<&Path>) -> Result<Self, LoadError> {
		if is_gguf(path) {
			#[cfg(feature = "local")]
			return Self::from_gguf(path, &mut Gguf::open(path)?.content, chat_template);
			#[cfg(not(feature = "local"))]
			return Err(no_gguf(path));
		}
		Self::from_json(path, chat_template)
	}

	/// The tokenizer that a GGUF header describes. Changes the header, where it names a kind of
	/// tokenizer in a way that the loader does not know.
	#[cfg(feature = "local")]
	pub(crate) fn from_gguf(
		path: &Path,
		content: &mut candle_core::quantized::gguf_file::Content,
		chat_template: Option<&Path>,
	) -> Result<Self, LoadError> {
		let described = gguf::read(path, content)?;
		let source = match chat_template {
			Some(path) => Some(read(path)?),
			None => described.template,
		};
		let template = ChatTemplate::new(source.as_deref(), described.bos, described.eos)
			.map_err(|error| LoadError::invalid(chat_template.unwrap_or(path), error))?;
		let tokenizer = described.tokenizer;
		let ends = ends(&tokenizer, described.ends);
		let words = Words::of(&tokenizer);
		Ok(Self { tokenizer, words, template, beginning: described.beginning, ends, hash: None })
	}

	fn from_json(path: &Path, chat_template: Option<&Path>) -> Result<Self, LoadError> {
		let bytes = std::fs::read(path).map_err(|source| LoadError::read(path, source))?;
		let hash = Some(hash_bytes(&bytes));
		let mut tokenizer =
			Tokenizer::from_bytes(bytes).map_err(|error| LoadError::invalid(path, error))?;
		// Both may be part of the file, and both would make counts wrong.
		tokenizer
			.with_truncation(None)
			.map_err(|error| LoadError::invalid(path, error))?
			.with_padding(None);

		let settings = Settings::beside(path)?;
		let beside = path.with_file_name("chat_template.jinja");
		let source = match chat_template {
			Some(path) => Some(read(path)?),
			None if beside.is_file() => Some(read(&beside)?),
			None => settings.template(),
		};
		let template = ChatTemplate::new(
			source.as_deref(),
			settings.token("bos_token"),
			settings.token("eos_token"),
		)
		.map_err(|error| LoadError::invalid(chat_template.unwrap_or(path), error))?;
		let ends = ends(&tokenizer, tokenizer.token_to_id(&settings.token("eos_token")));
		let words = Words::of(&tokenizer);
		Ok(Self { tokenizer, words, template, beginning: None, ends, hash })
	}

	/// The tokens that a chat becomes: what the model is given, and what input is charged by.
	///
	/// # Errors
	/// [`BackendError::InvalidPrompt`] when the template refuses the chat.
	pub fn chat_tokens(&self, messages: &[Message]) -> Result<Vec<u32>, BackendError> {
		self.rendered_tokens(&self.template.render(messages, &serde_json::Value::Null)?)
	}

	/// The text that the model reads for a request, and its tokens: a chat with the tools that it names,
	/// rendered, or a text as it is.
	pub(crate) fn request_prompt(
		&self,
		request: &ChatRequest,
	) -> Result<(String, Vec<u32>), BackendError> {
		match &request.prompt {
			Some(text) => Ok((text.clone(), self.text_tokens(text)?)),
			None => {
				let text = self.template.render(&request.messages, request.tools())?;
				let tokens = self.rendered_tokens(&text)?;
				Ok((text, tokens))
			}
		}
	}

	/// The tokens of a text that stands for itself, with what the model wants before any text.
	fn text_tokens(&self, text: &str) -> Result<Vec<u32>, BackendError> {
		if self.beginning.is_some() {
			return Ok(self.begun(self.tokens(text)?));
		}
		let encoding = self.tokenizer.encode_fast(text, true).map_err(BackendError::failed)?;
		Ok(encoding.get_ids().to_vec())
	}

	fn rendered_tokens(&self, text: &str) -> Result<Vec<u32>, BackendError> {
		Ok(self.begun(self.tokens(text)?))
	}

	fn begun(&self, mut tokens: Vec<u32>) -> Vec<u32> {
		if let Some(missing) = self.beginning.filter(|begin| tokens.first() != Some(begin)) {
			tokens.insert(0, missing);
		}
		tokens
	}

	/// Counts the tokens of each of several texts, on another thread where that takes long.
	pub async fn count_inputs(
		self: &Arc<Self>,
		texts: Vec<String>,
	) -> Result<(Vec<String>, Vec<u32>), BackendError> {
		let size = texts.iter().map(String::len).fold(0, usize::saturating_add);
		let tokenizer = self.clone();
		let work = move || {
			let count = |text: &String| {
				u32::try_from(tokenizer.text_tokens(text)?.len()).map_err(BackendError::failed)
			};
			let counts = texts.iter().map(count).collect::<Result<Vec<_>, _>>()?;
			Ok((texts, counts))
		};
		if size <= SMALL {
			return work();
		}
		tokio::task::spawn_blocking(work).await.map_err(BackendError::failed)?
	}

	/// Renders a chat, tokenises it and bounds its call, on another thread where that takes long.
	///
	/// # Errors
	/// As [`Prepared::new`], and if the template refuses the chat or the tokenizer fails.
	pub async fn prepare(
		self: &Arc<Self>,
		request: ChatRequest,
		context: u32,
		default_max_tokens: u32,
	) -> Result<Prepared, BackendError> {
		let size = request.size();
		let tokenizer = self.clone();
		let work = move || {
			let (text, tokens) = tokenizer.request_prompt(&request)?;
			Ok(Prepared::new(request, tokens, context, default_max_tokens)?.rendered(text))
		};
		if size <= SMALL {
			return work();
		}
		tokio::task::spawn_blocking(work).await.map_err(BackendError::failed)?
	}

	/// The number of tokens of a piece of plain text.
	pub fn count(&self, text: &str) -> Result<u32, BackendError> {
		u32::try_from(self.tokens(text)?.len()).map_err(BackendError::failed)
	}

	/// The tokens of a piece of plain text.
	pub(crate) fn tokens(&self, text: &str) -> Result<Vec<u32>, BackendError> {
		let words = self.words.as_ref();
		if let Some(tokens) = words.and_then(|words| words.tokens(&self.tokenizer, text)) {
			return Ok(tokens);
		}
		let encoding = self.tokenizer.encode_fast(text, false).map_err(BackendError::failed)?;
		Ok(encoding.get_ids().to_vec())
	}

	/// The blake2-256 hash of its `tokenizer.json`, as the chain stores it. `None` for the tokenizer of a
	/// GGUF file: it is made of what the header says, so there are no bytes that others could have too.
	pub fn hash(&self) -> Option<Hash> {
		self.hash
	}

	/// The library's part of it, which turns tokens back into text.
	#[cfg(feature = "local")]
	pub(crate) fn library(&self) -> &Tokenizer {
		&self.tokenizer
	}

	/// True if a token ends an answer.
	#[cfg(feature = "local")]
	pub(crate) fn is_end(&self, token: u32) -> bool {
		self.ends.contains(&token)
	}
}

/// The blake2-256 hash of the chat template in a GGUF file, as the chain stores it: of its text. `None` if
/// there is none in it.
///
/// # Errors
/// If the file cannot be read, or is no GGUF file.
#[cfg(feature = "local")]
pub fn hash_template(path: &Path) -> Result<Option<Hash>, LoadError> {
	let content = Gguf::open(path)?.content;
	let text = super::gguf::text(&content, gguf::TEMPLATE);
	Ok(text.map(|text| hash_bytes(text.as_bytes())))
}

/// The same, in a program that cannot read such files.
///
/// # Errors
/// Always.
#[cfg(not(feature = "local"))]
pub fn hash_template(path: &Path) -> Result<Option<Hash>, LoadError> {
	Err(no_gguf(path))
}

fn is_gguf(path: &Path) -> bool {
	path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

#[cfg(not(feature = "local"))]
fn no_gguf(path: &Path) -> LoadError {
	LoadError::invalid(
		path,
		"this program was built without models of its own (the feature `local`) and cannot read \
		 GGUF files; name the model's `tokenizer.json`",
	)
}

fn read(path: &Path) -> Result<String, LoadError> {
	std::fs::read_to_string(path).map_err(|source| LoadError::read(path, source))
}

fn ends(tokenizer: &Tokenizer, named: impl IntoIterator<Item = u32>) -> Vec<u32> {
	let known = END_TOKENS.iter().filter_map(|name| tokenizer.token_to_id(name));
	let mut ends: Vec<u32> = named.into_iter().chain(known).collect();
	ends.sort_unstable();
	ends.dedup();
	ends
}

/// The `tokenizer_config.json` beside a `tokenizer.json`, empty where there is none.
struct Settings(serde_json::Value);

impl Settings {
	fn beside(tokenizer: &Path) -> Result<Self, LoadError> {
		let path = tokenizer.with_file_name("tokenizer_config.json");
		if !path.is_file() {
			return Ok(Self(serde_json::Value::Null));
		}
		serde_json::from_str(&read(&path)?)
			.map(Self)
			.map_err(|error| LoadError::invalid(&path, error))
	}

	/// The chat template; of several named ones the one named `default`.
	fn template(&self) -> Option<String> {
		let entry = self.0.get("chat_template")?;
		let default = || {
			let named = entry.as_array()?;
			named.iter().find(|named| named.get("name").is_some_and(|n| n == "default"))
		};
		entry.as_str().or_else(|| default()?.get("template")?.as_str()).map(str::to_owned)
	}

	/// The text of a special token, which is given as a text or as an object.
	fn token(&self, key: &str) -> String {
		let entry = self.0.get(key);
		entry
			.and_then(|entry| entry.as_str().or_else(|| entry.get("content")?.as_str()))
			.unwrap_or_default()
			.to_owned()
	}
}

#[cfg(test)]
mod tests;

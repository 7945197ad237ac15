//! A model's own tokenizer, with its chat template: what decides how many tokens are charged.

mod words;

use std::{path::Path, sync::Arc};

use candle_core::quantized::{
	gguf_file::{Content, Value},
	tokenizer::TokenizerFromGguf,
};
use sp_core::H256;
use tokenizers::{
	pre_tokenizers::{
		byte_level::ByteLevel, digits::Digits, sequence::Sequence, PreTokenizerWrapper,
	},
	Tokenizer,
};

use self::words::Words;
use super::{
	detokenize::Detokenizer,
	gguf::{self, Gguf},
	template::ChatTemplate,
	BackendError, ChatRequest, LoadError, Message, Prepared,
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

/// What has fewer bytes is tokenised where it is, which takes less than handing it over to another
/// thread.
const SMALL: usize = 8 * 1024;

/// A model's tokenizer and chat template.
#[derive(Debug)]
pub struct ModelTokenizer {
	tokenizer: Tokenizer,
	/// Does the same sooner, where it can.
	words: Option<Words>,
	template: ChatTemplate,
	/// Put before a prompt whose template does not put it there.
	beginning: Option<u32>,
	ends: Vec<u32>,
	hash: H256,
}

impl ModelTokenizer {
	/// Loads a tokenizer from a `tokenizer.json` or from a GGUF file, which is told by its ending.
	/// Its chat template is the file `chat_template`, where one is given; else the one in the GGUF
	/// file, or in `chat_template.jinja` or `tokenizer_config.json` beside the JSON file; else
	/// ChatML.
	///
	/// # Errors
	/// When a file cannot be read or understood.
	pub fn load(path: &Path, chat_template: Option<&Path>) -> Result<Self, LoadError> {
		if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) {
			Self::from_gguf(path, &mut Gguf::open(path)?.content, chat_template)
		} else {
			Self::from_json(path, chat_template)
		}
	}

	/// The tokenizer that a GGUF header describes. Changes the header, where it names a kind of
	/// tokenizer in a way that the loader does not know.
	pub(crate) fn from_gguf(
		path: &Path,
		content: &mut Content,
		chat_template: Option<&Path>,
	) -> Result<Self, LoadError> {
		let hash = gguf::tokenizer_hash(content);
		let splitting = Splitting::of(path, content)?;
		splitting.adapt(content);
		let mut tokenizer =
			Tokenizer::from_gguf(content).map_err(|error| LoadError::invalid(path, error))?;
		if let Some(pre_tokenizer) = splitting.pre_tokenizer() {
			tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
		}

		let id = |key: &str| gguf::number(content, &format!("tokenizer.ggml.{key}_token_id"));
		let name =
			|id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id)).unwrap_or_default();
		let source = match chat_template {
			Some(path) => Some(read(path)?),
			None => gguf::text(content, "tokenizer.chat_template").map(str::to_owned),
		};
		let template = ChatTemplate::new(source.as_deref(), name(id("bos")), name(id("eos")))
			.map_err(|error| LoadError::invalid(chat_template.unwrap_or(path), error))?;
		let beginning = match gguf::flag(content, "tokenizer.ggml.add_bos_token") {
			Some(true) => id("bos"),
			_ => None,
		};
		let named = ["eos", "eot", "eom"].into_iter().filter_map(id);
		let ends = ends(&tokenizer, named);
		let words = Words::of(&tokenizer);
		Ok(Self { tokenizer, words, template, beginning, ends, hash })
	}

	fn from_json(path: &Path, chat_template: Option<&Path>) -> Result<Self, LoadError> {
		let bytes = std::fs::read(path).map_err(|source| LoadError::read(path, source))?;
		let hash = gguf::hash_bytes(&bytes);
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
	/// [`BackendError::InvalidPrompt`] when the template refuses the chat,
	/// [`BackendError::Failed`] when the tokenizer fails.
	pub fn chat_tokens(&self, messages: &[Message]) -> Result<Vec<u32>, BackendError> {
		self.rendered_tokens(self.template.render(messages, &serde_json::Value::Null)?)
	}

	/// The tokens that a request becomes: a chat with the tools that it names, or a text as it is.
	pub(crate) fn request_tokens(&self, request: &ChatRequest) -> Result<Vec<u32>, BackendError> {
		match &request.prompt {
			Some(text) => self.text_tokens(text),
			None => self.rendered_tokens(self.template.render(&request.messages, request.tools())?),
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

	fn rendered_tokens(&self, text: String) -> Result<Vec<u32>, BackendError> {
		Ok(self.begun(self.tokens(&text)?))
	}

	fn begun(&self, mut tokens: Vec<u32>) -> Vec<u32> {
		if let Some(missing) = self.beginning.filter(|begin| tokens.first() != Some(begin)) {
			tokens.insert(0, missing);
		}
		tokens
	}

	/// How many tokens each of several texts takes, on another thread where that takes long.
	pub(crate) async fn count_inputs(
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

	/// Tokenises a chat and bounds its call, on another thread where that takes long.
	pub(crate) async fn prepare(
		self: &Arc<Self>,
		request: ChatRequest,
		context: u32,
		default_max_tokens: u32,
	) -> Result<Prepared, BackendError> {
		let size = request.size();
		let tokenizer = self.clone();
		let work = move || {
			let prompt = tokenizer.request_tokens(&request)?;
			Prepared::new(request, prompt, context, default_max_tokens)
		};
		if size <= SMALL {
			return work();
		}
		tokio::task::spawn_blocking(work).await.map_err(BackendError::failed)?
	}

	/// The number of tokens of a piece of plain text.
	///
	/// # Errors
	/// [`BackendError::Failed`] when the tokenizer fails.
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

	/// blake2-256 of the tokenizer: of the file's bytes for a `tokenizer.json`; for a GGUF file of
	/// its `tokenizer.` metadata, so that the same tokenizer in two files has the same hash.
	pub fn hash(&self) -> H256 {
		self.hash
	}

	/// Turns tokens back into text.
	pub(crate) fn detokenizer(&self) -> Detokenizer<'_> {
		Detokenizer::new(&self.tokenizer)
	}

	/// Whether a token ends an answer.
	pub(crate) fn is_end(&self, token: u32) -> bool {
		self.ends.contains(&token)
	}
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

/// How text is split before it is tokenised. GGUF files only name it, and candle's loader knows few
/// of the names and silently takes another kind for the rest, which gives wrong counts (it puts a
/// space before each text and keeps numbers together). So every name is decided here, and one that
/// is not known is refused.
enum Splitting {
	/// GPT-2's, as it is.
	Gpt2,
	/// GPT-2's, after every digit was split off by itself.
	Digits,
	/// Llama 3's; the loader knows it by another name.
	Llama3,
	/// One that the loader knows by this name.
	Known,
}

const PRE: &str = "tokenizer.ggml.pre";

impl Splitting {
	fn of(path: &Path, content: &Content) -> Result<Self, LoadError> {
		match gguf::text(content, PRE) {
			Some("gpt-2" | "gpt2") => Ok(Self::Gpt2),
			Some("smollm" | "starcoder" | "refact" | "command-r") => Ok(Self::Digits),
			Some("llama-bpe" | "llama3" | "llama-v3") => Ok(Self::Llama3),
			Some("qwen2" | "smaug-bpe") => Ok(Self::Known),
			other => Err(LoadError::unsupported(
				path,
				format!(
					"its kind of tokenizer, `{}`, is not known here, so counts could be wrong; \
                     name the model's `tokenizer.json` under `tokenizer`",
					other.unwrap_or("unnamed")
				),
			)),
		}
	}

	/// Renames what the loader knows by another name.
	fn adapt(&self, content: &mut Content) {
		if let Self::Llama3 = self {
			content.metadata.insert(PRE.into(), Value::String("llama3".into()));
			// This family takes a word that is a token as it is, whatever the merges say.
			content
				.metadata
				.entry("tokenizer.ggml.ignore_merges".into())
				.or_insert(Value::Bool(true));
		}
	}

	/// What to use instead of the loader's choice.
	fn pre_tokenizer(&self) -> Option<PreTokenizerWrapper> {
		let gpt2 = ByteLevel::new(false, true, true);
		match self {
			Self::Gpt2 => Some(gpt2.into()),
			Self::Digits => Some(Sequence::new(vec![Digits::new(true).into(), gpt2.into()]).into()),
			Self::Llama3 | Self::Known => None,
		}
	}
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

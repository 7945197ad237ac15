//! The tokenizer that the header of a GGUF file describes.

use std::path::Path;

use candle_core::quantized::{
	gguf_file::{Content, Value},
	tokenizer::TokenizerFromGguf,
};
use tokenizers::{
	pre_tokenizers::{
		byte_level::ByteLevel, digits::Digits, sequence::Sequence, PreTokenizerWrapper,
	},
	Tokenizer,
};

use crate::{gguf, LoadError};

/// The key of the file's own chat template.
pub(super) const TEMPLATE: &str = "tokenizer.chat_template";

/// A tokenizer, and what a header says besides.
pub(super) struct Described {
	pub tokenizer: Tokenizer,
	/// The file's own chat template.
	pub template: Option<String>,
	/// The text of the token that begins a text; empty if there is none.
	pub bos: String,
	/// The text of the token that ends a text; empty if there is none.
	pub eos: String,
	/// The token to put before a prompt whose template does not put it there.
	pub beginning: Option<u32>,
	/// Tokens that end an answer.
	pub ends: Vec<u32>,
}

/// Reads a header. Changes it, where it names a kind of tokenizer in a way that the loader does not
/// know.
pub(super) fn read(path: &Path, content: &mut Content) -> Result<Described, LoadError> {
	let splitting = Splitting::of(path, content)?;
	splitting.adapt(content);
	let mut tokenizer =
		Tokenizer::from_gguf(content).map_err(|error| LoadError::invalid(path, error))?;
	if let Some(pre_tokenizer) = splitting.pre_tokenizer() {
		tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
	}
	let id = |key: &str| gguf::number(content, &format!("tokenizer.ggml.{key}_token_id"));
	let name = |id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id)).unwrap_or_default();
	let beginning = match gguf::flag(content, "tokenizer.ggml.add_bos_token") {
		Some(true) => id("bos"),
		_ => None,
	};
	Ok(Described {
		template: gguf::text(content, TEMPLATE).map(str::to_owned),
		bos: name(id("bos")),
		eos: name(id("eos")),
		beginning,
		ends: ["eos", "eot", "eom"].into_iter().filter_map(id).collect(),
		tokenizer,
	})
}

/// The way text is split before it is tokenised. GGUF files only name it, and candle's loader knows few
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
			other => Err(LoadError::invalid(
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

	/// The splitting to use instead of the loader's choice.
	fn pre_tokenizer(&self) -> Option<PreTokenizerWrapper> {
		let gpt2 = ByteLevel::new(false, true, true);
		match self {
			Self::Gpt2 => Some(gpt2.into()),
			Self::Digits => Some(Sequence::new(vec![Digits::new(true).into(), gpt2.into()]).into()),
			Self::Llama3 | Self::Known => None,
		}
	}
}

use sp_core::{Blake2Hasher, Hasher};
use tokenizers::{
	models::bpe::{Vocab, BPE},
	pre_tokenizers::byte_level::ByteLevel,
};

use super::*;
use crate::{test_model, Role};

fn real() -> ModelTokenizer {
	ModelTokenizer::load(&test_model::path(), None).expect("the tokenizer loads")
}

fn texts(tokenizer: &ModelTokenizer, text: &str) -> Vec<String> {
	let encoding = tokenizer.tokenizer.encode(text, false).expect("it encodes");
	encoding.get_tokens().to_vec()
}

#[test]
fn splits_as_the_model_was_trained() {
	let tokenizer = real();
	// No space is put before a text, and every digit is a token.
	assert_eq!(texts(&tokenizer, "Hello world"), ["Hello", "Ġworld"]);
	assert_eq!(texts(&tokenizer, "in 2026"), ["in", "Ġ", "2", "0", "2", "6"]);
	assert_eq!(texts(&tokenizer, "<|im_start|>user\n"), ["<|im_start|>", "user", "Ċ"]);
	assert_eq!(tokenizer.count(""), Ok(0));
}

#[test]
fn a_chat_becomes_what_the_model_expects() {
	let tokenizer = real();
	let chat = [Message::new(Role::System, "Be brief."), Message::new(Role::User, "Hi")];
	let tokens = tokenizer.chat_tokens(&chat).expect("it tokenises");
	let text = tokenizer.tokenizer.decode(&tokens, false).expect("it decodes");
	assert_eq!(
		text,
		"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n\
		 <|im_start|>assistant\n"
	);
	assert_eq!(tokens.first(), Some(&1));
	assert!(tokenizer.is_end(2) && tokenizer.is_end(0) && !tokenizer.is_end(1));
	// Without a system message the template brings one, which is part of the prompt.
	let more = tokenizer.chat_tokens(&chat[1..]).expect("it tokenises");
	assert!(more.len() > tokens.len());
}

/// Writes a tokenizer whose tokens are single bytes, and files beside it.
fn written(beside: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("tokenizer.json");
	let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
	alphabet.sort_unstable();
	let vocab: Vocab = alphabet.into_iter().map(String::from).zip(0..).collect();
	let bpe = BPE::builder().vocab_and_merges(vocab, vec![]).build().expect("a model");
	let mut tokenizer = Tokenizer::new(bpe);
	tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
	tokenizer
		.with_truncation(Some(tokenizers::TruncationParams { max_length: 5, ..Default::default() }))
		.expect("it is set");
	tokenizer.with_padding(Some(tokenizers::PaddingParams {
		strategy: tokenizers::PaddingStrategy::Fixed(5),
		..Default::default()
	}));
	tokenizer.save(&path, false).expect("it is written");
	for (name, text) in beside {
		std::fs::write(folder.path().join(name), text).expect("it is written");
	}
	(folder, path)
}

fn prompt(tokenizer: &ModelTokenizer) -> String {
	let tokens = tokenizer.chat_tokens(&[Message::new(Role::User, "Hi")]).expect("it tokenises");
	tokens
		.iter()
		.map(|token| tokenizer.tokenizer.decode(&[*token], false).expect("a text"))
		.collect()
}

#[test]
fn a_json_tokenizer_counts_everything() {
	let (_folder, path) = written(&[]);
	let tokenizer = ModelTokenizer::load(&path, None).expect("it loads");
	assert_eq!(tokenizer.count("Hi"), Ok(2), "it is not filled up");
	assert_eq!(tokenizer.count("Hello world"), Ok(11), "it is not cut off");
	let bytes = std::fs::read(&path).expect("it is there");
	assert_eq!(tokenizer.hash(), Some(Blake2Hasher::hash(&bytes)));
	assert!(prompt(&tokenizer).starts_with("<|im_start|>user"));
}

#[test]
fn the_chain_can_name_the_template_of_a_gguf_file_and_not_its_tokenizer() {
	let path = test_model::path();
	let content = crate::gguf::Gguf::open(&path).expect("it opens").content;
	let text = crate::gguf::text(&content, gguf::TEMPLATE).expect("it has a template");

	assert_eq!(real().hash(), None);
	let hash = hash_template(&path).expect("it is read");
	assert_eq!(hash, Some(Blake2Hasher::hash(text.as_bytes())));
}

#[test]
fn templates_are_found_beside_it() {
	let jinja = ("chat_template.jinja", "[{{ messages[0].content }}]");
	let settings = (
		"tokenizer_config.json",
		r#"{ "bos_token": { "content": "<s>" }, "eos_token": "</s>", "chat_template": [
			{ "name": "tool_use", "template": "" },
			{ "name": "default", "template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}" }
		] }"#,
	);
	let (folder, path) = written(&[settings]);
	let tokenizer = ModelTokenizer::load(&path, None).expect("it loads");
	assert_eq!(prompt(&tokenizer), "<s>Hi</s>");
	std::fs::write(folder.path().join(jinja.0), jinja.1).expect("it is written");
	let tokenizer = ModelTokenizer::load(&path, None).expect("it loads");
	assert_eq!(prompt(&tokenizer), "[Hi]");
	let own = folder.path().join("own.jinja");
	std::fs::write(&own, "({{ messages[0].role }})").expect("it is written");
	let tokenizer = ModelTokenizer::load(&path, Some(&own)).expect("it loads");
	assert_eq!(prompt(&tokenizer), "(user)");
	std::fs::write(&own, "{% if %}").expect("it is written");
	let Err(error) = ModelTokenizer::load(&path, Some(&own)) else {
		panic!("a template that cannot be read is taken");
	};
	let error = error.to_string();
	assert!(error.contains("own.jinja"), "{error}");
}

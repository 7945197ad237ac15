//! The question: a message as plain text, or a chat request in JSON.
//!
//! What begins as JSON does is meant as JSON, so what is no chat request then is an error, and no message that somebody
//! would be charged for.

use openledger_models::{openai::CompletionRequest, ChatRequest, Message, Role};
use serde_json::{Map, Value};

/// The chat that an input stands for: a JSON object with `messages`, as the chat API takes it, except
/// that its `model` counts for nothing; or else the text of a single message, which begins with neither `{` nor `[`.
///
/// # Errors
/// The reason why it is no request.
pub(super) fn read(input: &str, model: &str) -> Result<ChatRequest, String> {
	let text = input.trim_start();
	if text.is_empty() {
		return Err("the input is empty".into());
	}
	if !text.starts_with(['{', '[']) {
		return Ok(ChatRequest {
			messages: vec![Message::new(Role::User, input)],
			..ChatRequest::default()
		});
	}
	match serde_json::from_str::<Value>(text) {
		Ok(Value::Object(object)) if object.contains_key("messages") => chat(object, model),
		Ok(_) => Err("the input is JSON, but no chat request: it has no `messages`".into()),
		Err(error) => Err(format!("the input begins as JSON does, but is none: {error}")),
	}
}

fn chat(mut object: Map<String, Value>, model: &str) -> Result<ChatRequest, String> {
	// The request names its model on chain. An answer on chain comes in one piece.
	object.insert("model".into(), model.into());
	for streaming in ["stream", "stream_options"] {
		object.remove(streaming);
	}
	if object.get("tools").is_some_and(|tools| *tools != Value::Null) {
		return Err("an answer on chain is text: it cannot call tools".into());
	}
	let body = Value::Object(object).to_string();
	let request = CompletionRequest::chat(body.as_bytes());
	request.map(|request| request.request).map_err(|error| error.body.error.message)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn said(input: &str) -> Vec<(Role, String)> {
		let chat = read(input, "echo").expect("it is good");
		chat.messages.into_iter().map(|message| (message.role, message.content)).collect()
	}

	#[test]
	fn plain_text_is_one_message() {
		for text in ["What is 2 + 2?", "7", "\"quoted\"", "null", " x", "(1) {a}", "Grüße"] {
			assert_eq!(said(text), [(Role::User, text.to_owned())], "{text}");
		}
	}

	#[test]
	fn a_chat_request_is_read_as_one() {
		let text = r#" { "model": "other", "stream": true, "stream_options": {"include_usage": true},
			"max_tokens": 5, "messages": [
				{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi" }] }"#;
		let expected = [(Role::System, "Be brief.".into()), (Role::User, "Hi".to_owned())];
		assert_eq!(said(text), expected);
		assert_eq!(read(text, "echo").expect("it is good").max_tokens, Some(5));
	}

	#[test]
	fn what_cannot_be_answered_is_refused() {
		for input in ["", " \n", r#"{ "messages": [] }"#] {
			assert!(read(input, "echo").is_err(), "{input:?}");
		}
	}

	/// Nobody is charged for a message that was meant to be something else.
	#[test]
	fn what_begins_as_json_and_is_no_chat_request_is_no_message() {
		for input in [
			"{ broken",
			"{\"messages\":[",
			"{\"a\": 1}",
			"{\"foo\":1}",
			"[1, 2]",
			"[not json",
			"\n {}",
			r#"[{ "role": "user", "content": "Hi" }]"#,
			r#"{ "messages": [{ "role": "user", "content": "Hi" }], "tools": [] }"#,
		] {
			assert!(read(input, "echo").is_err(), "{input:?}");
		}
	}
}

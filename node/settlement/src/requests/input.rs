//! The question: a prompt as plain text, or a chat request in JSON.

use openledger_models::{openai::CompletionRequest, ChatRequest, Message, Role};
use serde_json::{Map, Value};

/// The chat that an input stands for: a JSON object with `messages`, as the chat API takes it, except
/// that its `model` counts for nothing; or else the text of a single message.
///
/// # Errors
/// The reason why it is no request.
pub(super) fn read(input: &[u8], model: &str) -> Result<ChatRequest, String> {
	let text = std::str::from_utf8(input).map_err(|_| "the input is not UTF-8".to_owned())?;
	match serde_json::from_str::<Value>(text) {
		Ok(Value::Object(object)) if object.contains_key("messages") => chat(object, model),
		_ if text.trim().is_empty() => Err("the input is empty".into()),
		_ => Ok(ChatRequest {
			messages: vec![Message::new(Role::User, text)],
			..ChatRequest::default()
		}),
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
		let chat = read(input.as_bytes(), "echo").expect("it is good");
		chat.messages.into_iter().map(|message| (message.role, message.content)).collect()
	}

	#[test]
	fn plain_text_is_one_message() {
		for text in ["What is 2 + 2?", "7", "{\"a\": 1}", "[1, 2]", "{ broken", "\"quoted\""] {
			assert_eq!(said(text), [(Role::User, text.to_owned())], "{text}");
		}
	}

	#[test]
	fn a_chat_request_is_read_as_one() {
		let text = r#"{ "model": "other", "stream": true, "stream_options": {"include_usage": true},
			"max_tokens": 5, "messages": [
				{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi" }] }"#;
		let expected = [(Role::System, "Be brief.".into()), (Role::User, "Hi".to_owned())];
		assert_eq!(said(text), expected);
		assert_eq!(read(text.as_bytes(), "echo").expect("it is good").max_tokens, Some(5));
	}

	#[test]
	fn what_cannot_be_answered_is_refused() {
		for input in [&b""[..], b" \n", b"\xff\xfe", br#"{ "messages": [] }"#] {
			assert!(read(input, "echo").is_err(), "{input:?}");
		}
	}
}

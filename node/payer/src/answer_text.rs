//! The text of an answer: what its statement has the hash of, and what is counted.
//!
//! | answer | text |
//! |---|---|
//! | a chat | its content, then the name and the arguments of each tool call; of a stream, as they come |
//! | a continued text | that |
//! | vectors | each in base64, as 32-bit floats with the lowest byte first, and a line feed |

use base64::{engine::general_purpose::STANDARD, Engine};
use openledger_protocol::Task;
use serde_json::Value;

/// The text of an answer, as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerText {
	/// The part that its statement has the hash of.
	pub signed: String,
	/// Everything else that a model may have written, such as how it came to its answer: no hash has
	/// it, but it may have taken tokens.
	pub besides: String,
}

impl AnswerText {
	/// The text of a whole answer. `None` if that cannot be known: vectors have numbers that JSON
	/// does not.
	pub fn of(task: Task, answer: &Value) -> Option<Self> {
		let mut said = Self::default();
		match task {
			Task::Chat => {
				if let Some(message) = answer.pointer("/choices/0/message") {
					said.add_message(message);
				}
			}
			Task::Text => {
				if let Some(choice) = answer.pointer("/choices/0") {
					said.add_choice(choice);
				}
			}
			Task::Embeddings => {
				let vectors = answer.get("data").and_then(Value::as_array);
				for entry in vectors.into_iter().flatten() {
					said.signed.push_str(&vector(entry.get("embedding")?)?);
					said.signed.push('\n');
				}
			}
		}
		Some(said)
	}

	/// Returns `true` if a value is an answer at all: it has what was asked for, whatever that says.
	pub fn is_answer(task: Task, answer: &Value) -> bool {
		match task {
			Task::Chat => answer.pointer("/choices/0/message").is_some_and(Value::is_object),
			Task::Text => answer.pointer("/choices/0/text").is_some_and(Value::is_string),
			Task::Embeddings => answer.pointer("/data/0/embedding").is_some(),
		}
	}

	/// Adds a piece of a streamed answer: one of its choices. Whether that says anything.
	pub fn add(&mut self, task: Task, choice: &Value) -> bool {
		let before = self.len();
		match task {
			Task::Chat => {
				if let Some(delta) = choice.get("delta") {
					self.add_message(delta);
				}
			}
			Task::Text | Task::Embeddings => self.add_choice(choice),
		}
		self.len() > before
	}

	/// All that was said.
	pub fn all(&self) -> String {
		[self.signed.as_str(), &self.besides].concat()
	}

	/// Bytes of all that was said.
	pub fn len(&self) -> usize {
		self.signed.len().saturating_add(self.besides.len())
	}

	/// Returns `true` if nothing was said.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	fn add_message(&mut self, message: &Value) {
		let Some(fields) = message.as_object() else { return };
		if let Some(content) = fields.get("content").and_then(Value::as_str) {
			self.signed.push_str(content);
		}
		let calls = fields.get("tool_calls").and_then(Value::as_array);
		for call in calls.into_iter().flatten() {
			for part in ["/function/name", "/function/arguments"] {
				self.signed.push_str(call.pointer(part).and_then(Value::as_str).unwrap_or(""));
			}
		}
		for (name, value) in fields {
			match (name.as_str(), value) {
				("role" | "tool_calls", _) | ("content", Value::String(_)) => {}
				_ => self.add_besides(value),
			}
		}
	}

	fn add_choice(&mut self, choice: &Value) {
		for (name, value) in choice.as_object().into_iter().flatten() {
			match (name.as_str(), value) {
				("text", Value::String(text)) => self.signed.push_str(text),
				("index" | "finish_reason" | "logprobs", _) => {}
				_ => self.add_besides(value),
			}
		}
	}

	/// Adds all texts in a value.
	fn add_besides(&mut self, value: &Value) {
		match value {
			Value::String(text) => self.besides.push_str(text),
			Value::Array(entries) => entries.iter().for_each(|entry| self.add_besides(entry)),
			Value::Object(fields) => fields.values().for_each(|field| self.add_besides(field)),
			Value::Null | Value::Bool(_) | Value::Number(_) => {}
		}
	}
}

/// A vector in base64. `None` if it is none.
fn vector(value: &Value) -> Option<String> {
	match value {
		Value::String(text) => Some(text.clone()),
		Value::Array(numbers) => {
			let mut bytes = Vec::with_capacity(numbers.len().saturating_mul(4));
			for number in numbers {
				// What was a 32-bit float is one again.
				let number = number.as_f64()? as f32;
				bytes.extend(number.to_le_bytes());
			}
			Some(STANDARD.encode(&bytes))
		}
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use serde_json::json;

	fn chat(message: &Value) -> AnswerText {
		let answer = json!({ "choices": [{ "message": message, "finish_reason": "stop" }] });
		AnswerText::of(Task::Chat, &answer).unwrap()
	}

	fn pair(said: &AnswerText) -> (&str, &str) {
		(&said.signed, &said.besides)
	}

	#[test]
	fn a_chat_is_its_content_and_its_tool_calls() {
		let plain = json!({ "role": "assistant", "content": "Paris.", "refusal": null });
		assert_eq!(pair(&chat(&plain)), ("Paris.", ""));
		let function = |name, arguments| json!({ "name": name, "arguments": arguments });
		let calls = json!({ "content": null, "tool_calls": [
			{ "id": "a", "type": "function", "function": function("sum", "{\"x\":1}") },
			{ "id": "b", "type": "function", "function": function("now", "{}") },
		] });
		assert_eq!(pair(&chat(&calls)), ("sum{\"x\":1}now{}", ""));
		let both = json!({
			"tool_calls": [{ "id": "a", "function": function("sum", "{}") }], "content": "Hm. ",
			"reasoning": { "steps": ["one", "two"], "effort": 7 },
		});
		assert_eq!(pair(&chat(&both)), ("Hm. sum{}", "onetwo"));
		for nothing in [json!({}), json!({ "choices": [] }), json!([]), json!(null)] {
			assert!(AnswerText::of(Task::Chat, &nothing).unwrap().is_empty());
		}
	}

	#[test]
	fn an_answer_has_what_was_asked_for() {
		let answers = [
			(Task::Chat, json!({ "choices": [{ "message": { "content": null } }] })),
			(Task::Text, json!({ "choices": [{ "text": "" }] })),
			(Task::Embeddings, json!({ "data": [{ "embedding": [] }] })),
		];
		for (task, answer) in &answers {
			for (other, _) in &answers {
				assert_eq!(AnswerText::is_answer(*other, answer), other == task, "{answer}");
			}
			let error = json!({ "error": { "message": "no" } });
			for nothing in [json!({}), json!([]), json!(null), error, json!({ "choices": [] })] {
				assert!(!AnswerText::is_answer(*task, &nothing), "{nothing}");
			}
		}
	}

	#[test]
	fn a_stream_is_what_comes_in_the_order_in_which_it_comes() {
		let mut said = AnswerText::default();
		for (delta, says) in [
			(json!({ "role": "assistant", "content": "" }), false),
			(json!({ "content": "Hm. " }), true),
			(
				json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "sum" } }] }),
				true,
			),
			(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{}" } }] }), true),
			(json!({ "content": "." }), true),
			(json!({}), false),
		] {
			assert_eq!(said.add(Task::Chat, &json!({ "delta": delta })), says, "{delta}");
		}
		assert_eq!(pair(&said), ("Hm. sum{}.", ""));
	}

	#[test]
	fn a_continued_text_is_that() {
		let choice =
			json!({ "text": "upon", "index": 0, "logprobs": null, "finish_reason": "stop" });
		let said = AnswerText::of(Task::Text, &json!({ "choices": [choice] })).unwrap();
		assert_eq!(pair(&said), ("upon", ""));
		let mut said = AnswerText::default();
		assert!(said.add(Task::Text, &json!({ "text": "on", "finish_reason": null })));
		assert!(!said.add(Task::Text, &json!({ "text": "", "finish_reason": "length" })));
		assert_eq!(pair(&said), ("on", ""));
	}

	#[test]
	fn vectors_are_the_same_in_both_forms() {
		let of = |first: Value, second: Value| {
			let data = [json!({ "embedding": first }), json!({ "embedding": second })];
			AnswerText::of(Task::Embeddings, &json!({ "data": data }))
		};
		let expected = "AAAAPwAAgL8=\nAAAAQA==\n";
		let numbers = of(json!([0.5, -1.0]), json!([2])).unwrap();
		assert_eq!(pair(&numbers), (expected, ""));
		assert_eq!(of(json!("AAAAPwAAgL8="), json!("AAAAQA==")), Some(numbers));
		assert_eq!(of(json!([0.5, null]), json!([2])), None);
	}

	proptest! {
		/// As a node writes them: the shortest form of a 32-bit float.
		#[test]
		fn numbers_come_back_as_they_were(bits in prop::collection::vec(any::<u32>(), 0..20)) {
			let numbers: Vec<f32> =
				bits.into_iter().map(f32::from_bits).filter(|number| number.is_finite()).collect();
			let json = serde_json::to_string(&numbers).unwrap();
			let read: Value = serde_json::from_str(&json).unwrap();
			let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
			prop_assert_eq!(vector(&read), Some(STANDARD.encode(&bytes)));
		}
	}
}

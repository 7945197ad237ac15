//! The size that an answer can have, by what was offered. What is larger is not read: nobody fills a
//! caller's memory.

use openledger_primitives::answer::MAX_ANSWER;

/// No whole answer is longer than this, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// Any answer may be as long as this, in bytes.
const SOME: usize = 1024 * 1024;
/// Bytes of text that a token has at most.
const SAID: usize = 64;
/// Bytes of JSON around a token, with its likelihood and those of twenty others.
const WRITTEN: usize = 4 * 1024;
/// Bytes of JSON of a vector; each is of a token at least.
const VECTOR: usize = 256 * 1024;

/// Any answer may have so many values.
const SOME_VALUES: usize = 64 * 1024;
/// Values of JSON around a token, with its likelihood and those of twenty others, byte by byte.
const AROUND: usize = 512;
/// Numbers of a vector.
const NUMBERS: usize = 16 * 1024;
/// No whole answer has more values than this.
const MOST_VALUES: usize = MOST / 8;

/// The size that an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerSize {
	/// Its text, in bytes.
	pub said: usize,
	/// All of it as it comes over the wire, in bytes.
	pub written: usize,
	/// Values of JSON in all of it, if it comes whole. When it is read, each takes many times the memory
	/// of a digit and a comma.
	pub values: usize,
}

impl AnswerSize {
	/// The size of an answer to so many input tokens, with so many output tokens at most.
	pub fn of(input_tokens: u32, max_output_tokens: u32) -> Self {
		let times = |tokens: u32, each: usize| {
			usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(each)
		};
		let size = |tokens: u32, each: usize| times(tokens, each).saturating_add(SOME).min(MOST);
		// Only vectors have no output tokens.
		let (written, values) = match max_output_tokens {
			0 => (size(input_tokens, VECTOR), times(input_tokens, NUMBERS)),
			tokens => (size(tokens, WRITTEN), times(tokens, AROUND)),
		};
		let values = values.saturating_add(SOME_VALUES).min(MOST_VALUES);
		// No statement is about a longer text.
		let longest = usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX);
		Self { said: size(max_output_tokens, SAID).min(longest), written, values }
	}

	/// Returns `true` if JSON has no more values than this.
	pub fn holds(&self, json: &[u8]) -> bool {
		let (mut values, mut in_text, mut escaped) = (0_usize, false, false);
		for byte in json {
			match byte {
				_ if escaped => escaped = false,
				b'\\' if in_text => escaped = true,
				b'"' => in_text = !in_text,
				b',' | b'[' | b'{' if !in_text => values = values.saturating_add(1),
				_ => {}
			}
		}
		values <= self.values
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_answer_is_as_large_as_what_was_offered() {
		let size = AnswerSize::of(7, 16);
		assert_eq!((size.said, size.written), (SOME + 16 * SAID, SOME + 16 * WRITTEN));
		assert_eq!(size.values, SOME_VALUES + 16 * AROUND);
		let vectors = AnswerSize::of(7, 0);
		assert_eq!(vectors.written, SOME + 7 * VECTOR);
		assert_eq!(vectors.values, SOME_VALUES + 7 * NUMBERS);
		let said = usize::try_from(MAX_ANSWER).unwrap();
		let all = AnswerSize { said, written: MOST, values: MOST_VALUES };
		assert_eq!(AnswerSize::of(u32::MAX, u32::MAX), all);
	}

	#[test]
	fn values_are_counted_and_not_what_is_said() {
		let four = AnswerSize { said: 0, written: 0, values: 4 };
		for (json, holds) in [
			(r#"{"a":[1,2]}"#, true),
			(r#"{"a":[1,2,3]}"#, true),
			(r#"{"a":[1,2,3,4]}"#, false),
			(r#"{"a":[[[[]]]]}"#, false),
			(r#"{"a":",,,[[[{{{","b":[1]}"#, true),
			(r#"{"a":"\",,,,\\","b":[1]}"#, true),
			(r#"{"a":"\\",",":[1,2,3]}"#, false),
			("", true),
		] {
			assert_eq!(four.holds(json.as_bytes()), holds, "{json}");
		}
		let zeros = format!("[{}0]", "0,".repeat(SOME_VALUES + 16 * AROUND));
		assert!(!AnswerSize::of(7, 16).holds(zeros.as_bytes()));
	}
}

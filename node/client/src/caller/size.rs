//! How large an answer can be, by what was offered. What is larger is not read: nobody fills a
//! caller's memory.

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

/// How large an answer can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerSize {
	/// Its text, in bytes.
	pub said: usize,
	/// All of it as it comes over the wire, in bytes.
	pub written: usize,
}

impl AnswerSize {
	/// The size of an answer to so many input tokens, with so many output tokens at most.
	pub fn of(input_tokens: u32, max_output_tokens: u32) -> Self {
		let size = |tokens: u32, each: usize| {
			let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
			tokens.saturating_mul(each).saturating_add(SOME)
		};
		// Only vectors have no output tokens.
		let written = match max_output_tokens {
			0 => size(input_tokens, VECTOR),
			tokens => size(tokens, WRITTEN),
		};
		Self { said: size(max_output_tokens, SAID).min(MOST), written: written.min(MOST) }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_answer_is_as_large_as_what_was_offered() {
		let size = AnswerSize::of(7, 16);
		assert_eq!((size.said, size.written), (SOME + 16 * SAID, SOME + 16 * WRITTEN));
		assert_eq!(AnswerSize::of(7, 0).written, SOME + 7 * VECTOR);
		let all = AnswerSize { said: MOST, written: MOST };
		assert_eq!(AnswerSize::of(u32::MAX, u32::MAX), all);
	}
}

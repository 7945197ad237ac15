//! Answers that nobody is traced in: those of a node without an index, and sealed ones.

use super::{
	delivered_root, AnswerError, AnswerSalts, Evidence, Header, Mark, Response, Text, TextBuilder,
	MAX_ANSWER, MIN_VALUE,
};
use crate::{words::Words, Hash};
use sp_runtime::BoundedVec;

/// The number of no rule: all words are worth the same, and nobody owns any.
pub const NO_RULE: u16 = 0;

/// The answer to a request whose voucher has `salt` and `request_hash`, by [`NO_RULE`]. `prompt_root` is over the
/// prompt as it was rendered.
///
/// # Errors
///
/// [`AnswerError::TooLong`] if more than [`MAX_ANSWER`] bytes were delivered.
pub fn unattributed(
	salt: &[u8; 32],
	request_hash: &Hash,
	delivered: &[u8],
	prompt_root: Hash,
	evidence: Evidence,
) -> Result<Response, AnswerError> {
	let length = u32::try_from(delivered.len()).map_err(|_| AnswerError::TooLong)?;
	if length > MAX_ANSWER {
		return Err(AnswerError::TooLong);
	}
	let salts = AnswerSalts::new(salt, request_hash);
	let bits = u8::try_from(MIN_VALUE / 4).map_err(|_| AnswerError::Value)?;
	let mut builder = TextBuilder::new(salts.clone());
	for word in Words::of_text(delivered) {
		builder.push(&word, &Mark { bits, ..Mark::default() })?;
	}
	let Text { root: text_root, words, info, .. } = builder.finish();
	Ok(Response {
		request_hash: *request_hash,
		delivered_root: delivered_root(&salts, delivered)?,
		text_root,
		length,
		header: Header {
			rule: NO_RULE,
			release_root: Hash::zero(),
			words,
			info,
			entries: BoundedVec::default(),
			prompt_root,
			retrieved: BoundedVec::default(),
			evidence,
		},
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	fn of(salt: u8, text: &str, prompt: u8, evidence: Evidence) -> Response {
		let request = Hash::repeat_byte(1);
		unattributed(&[salt; 32], &request, text.as_bytes(), Hash::repeat_byte(prompt), evidence)
			.unwrap()
	}

	#[test]
	fn an_answers_hash_depends_on_all_that_was_said() {
		let answer = of(1, "Paris, the capital.", 2, Evidence::Open);
		assert_eq!(answer.check(), Ok(()));
		assert_eq!((answer.header.words, answer.header.info), (3, 3 * MIN_VALUE));
		assert_eq!(answer, of(1, "Paris, the capital.", 2, Evidence::Open));
		for other in [
			of(2, "Paris, the capital.", 2, Evidence::Open),
			of(1, "Paris, the capital!", 2, Evidence::Open),
			of(1, "Paris,  the capital.", 2, Evidence::Open),
			of(1, "Paris, the capital.", 3, Evidence::Open),
			of(1, "Paris, the capital.", 2, Evidence::Sealed),
			of(1, "", 2, Evidence::Open),
		] {
			assert_eq!(other.check(), Ok(()));
			assert_ne!(other.hash(), answer.hash());
		}
	}

	#[test]
	fn an_answer_is_bounded() {
		let long = alloc::vec![b'a'; usize::try_from(MAX_ANSWER).unwrap() + 1];
		let answer = unattributed(&[0; 32], &Hash::zero(), &long, Hash::zero(), Evidence::Sealed);
		assert_eq!(answer, Err(AnswerError::TooLong));
	}
}

//! The parts that an answer's hash commits to: the delivered bytes, one leaf a word, and a header.
//!
//! One opened leaf tells nothing of the other leaves, of what their salts are derived from, or of the
//! prompt: each leaf has a salt of its own.
//!
//! | part | commits to | says which leaves there are |
//! |---|---|---|
//! | [`delivered`] | the exact bytes, in pieces of 1,024 | the length in bytes |
//! | [`leaf`], [`text`] | the folded words, where each stands, its flags and owner, and sums so far | `words` in the header |
//! | [`prompt`] | the folded words of the rendered prompt | a count in the root |
//! | [`header`] | the rule, the release, the owners, what was retrieved | – |
//!
//! The node makes all of it, and the caller makes it again before it acknowledges the call.

pub mod delivered;
pub mod header;
pub mod leaf;
pub mod prompt;
pub mod text;
pub mod unattributed;

pub use delivered::{delivered_root, PieceProof};
pub use header::{Entry, Evidence, Header, RetrievedRange};
pub use leaf::{Flags, LeafWord, WordLeaf};
pub use prompt::{prompt_root, PromptProof};
pub use text::{Mark, Text, TextBuilder, TextRoot, WordsProof};
pub use unattributed::{unattributed, NO_RULE};

use crate::{
	domain::{self, derive_salt, Salt},
	tree, Hash,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Bytes of the longest answer, and of the longest prompt, that is committed to: 16 MiB.
pub const MAX_ANSWER: u32 = 1 << 24;
/// Words of such an answer at most: between two words that are single bytes stands one more byte, and a
/// word of a script without spaces has three.
pub const MAX_ANSWER_WORDS: u32 = MAX_ANSWER / 2;
/// Most contributions that an answer names. A word of a seventeenth has no owner.
pub const MAX_OWNERS: u32 = 16;
/// The least worth of a word, in quarter bits: 4 bits.
pub const MIN_VALUE: u32 = 16;
/// The greatest worth of a word, in quarter bits: 14 bits.
pub const MAX_VALUE: u32 = 56;

/// Reason for which an answer's parts contradict themselves, one another, or what they are shown against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
	/// An answer or a prompt has [`MAX_ANSWER`] bytes at most.
	TooLong,
	/// A leaf's word is not one whole folded word.
	Word,
	/// A flag is unknown, or one excludes another.
	Flags,
	/// An owner is above [`MAX_OWNERS`], cannot have come yet, or owns a word that is echoed or frequent.
	Owner,
	/// A sum so far is impossible, or does not step by what its word is worth.
	Sums,
	/// Words do not stand one after the other, or not inside the answer.
	Order,
	/// A word's worth is not 4 to 14 bits.
	Value,
	/// There is not one mark a word.
	Marks,
	/// The header's entries are not in the order of their first words, name one contribution twice, do
	/// not fit the sums, or stand in a sealed answer.
	Entries,
	/// Retrieved ranges do not rise, overlap, are empty, or end beyond any stream.
	Retrieved,
	/// A number of words or bytes contradicts another one.
	Count,
	/// A proof does not lead to the root.
	Root,
}

impl core::fmt::Display for AnswerError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		f.write_str(match self {
			Self::TooLong => "the answer or prompt is longer than 16 MiB",
			Self::Word => "a leaf's word is not one whole folded word",
			Self::Flags => "a word's flags are unknown or exclude one another",
			Self::Owner => "a word's owner cannot own it",
			Self::Sums => "a word's sums so far are not those of the words up to it",
			Self::Order => "words do not stand one after the other inside the answer",
			Self::Value => "a word is worth 4 to 14 bits",
			Self::Marks => "there is not one mark a word",
			Self::Entries => "the header's entries contradict themselves or its sums",
			Self::Retrieved => "retrieved ranges are not in order, or overlap",
			Self::Count => "the numbers of words and bytes contradict one another",
			Self::Root => "the proof does not lead to the root",
		})
	}
}

impl core::error::Error for AnswerError {}

/// Secret that all salts of one answer are derived from. Caller and node know it, nobody else does.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerSalts([u8; 32]);

impl core::fmt::Debug for AnswerSalts {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		f.write_str("AnswerSalts(…)")
	}
}

impl AnswerSalts {
	/// Those of the answer to a request, from the request's salt and hash. The hash is in it so that a
	/// caller that uses a salt twice gives nothing away but where the bodies are equal as well.
	pub fn new(salt: &[u8; 32], request_hash: &Hash) -> Self {
		Self(domain::hash(domain::RESPONSE_SALT, &[salt, request_hash.as_bytes()]).0)
	}

	/// The salt of the answer's word at `index`.
	pub fn word(&self, index: u32) -> Salt {
		derive_salt(domain::WORD_SALT, &self.0, index)
	}

	/// The salt of the delivered piece at `index`.
	pub fn piece(&self, index: u32) -> Salt {
		derive_salt(domain::PIECE_SALT, &self.0, index)
	}

	/// The salt of the prompt's word at `index`.
	pub fn prompt(&self, index: u32) -> Salt {
		derive_salt(domain::PROMPT_SALT, &self.0, index)
	}
}

/// The parts that an answer's hash is made of.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Response {
	/// Salted hash of the request, as in the voucher.
	pub request_hash: Hash,
	/// The root over the delivered bytes.
	pub delivered_root: Hash,
	/// The root over the words.
	pub text_root: Hash,
	/// Delivered bytes.
	pub length: u32,
	/// The rest.
	pub header: Header,
}

impl Response {
	/// The hash that statement and record carry.
	pub fn hash(&self) -> Hash {
		domain::hash(
			domain::RESPONSE,
			&[
				self.request_hash.as_bytes(),
				self.delivered_root.as_bytes(),
				self.text_root.as_bytes(),
				&self.length.to_le_bytes(),
				self.header.hash().as_bytes(),
			],
		)
	}

	/// Checks all that can be seen without opening anything.
	///
	/// # Errors
	///
	/// [`AnswerError::TooLong`], [`AnswerError::Count`] if there are more words than the length has
	/// place for or a root is that of another number of leaves, and as [`Header::check`].
	pub fn check(&self) -> Result<(), AnswerError> {
		if self.length > MAX_ANSWER {
			return Err(AnswerError::TooLong);
		}
		self.header.check()?;
		let is_empty = |root: &Hash| *root == tree::empty();
		let fits = self.header.words <= self.length.div_ceil(2)
			&& is_empty(&self.delivered_root) == (self.length == 0)
			&& is_empty(&self.text_root) == (self.header.words == 0);
		if fits {
			Ok(())
		} else {
			Err(AnswerError::Count)
		}
	}

	/// Root that words are shown against.
	pub fn text(&self) -> TextRoot {
		TextRoot { root: self.text_root, words: self.header.words, length: self.length }
	}
}

#[cfg(test)]
mod tests;

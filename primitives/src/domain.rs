//! Domain tags of everything that is hashed into a tree, and the one way to hash.
//!
//! What is hashed starts with a tag, so that no hash of one kind can stand for one of another. No tag is
//! the beginning of another one, and what follows a tag is of fixed width or carries its own length.
//! The formats are written down, byte by byte, in `docs/formats.md`.

use crate::Hash;
use codec::{Encode, Output};
use smallvec::SmallVec;

/// In front of a leaf of public data.
pub const DATA_LEAF: &[u8] = b"openledger/data/v1";
/// In front of a salted leaf of private data.
pub const PRIVATE_LEAF: &[u8] = b"openledger/private-data/v1";
/// In front of what a leaf's salt is derived from, for private data.
pub const DATA_SALT: &[u8] = b"openledger/data-salt/v1";
/// In front of what says which leaf of a contribution has to be shown.
pub const DRAWN_LEAF: &[u8] = b"openledger/drawn-leaf/v1";
/// In front of the two hashes that an inner node is made of, in every tree.
pub const NODE: &[u8] = b"openledger/node/v1";
/// The root of a tree without leaves is the hash of this tag alone.
pub const EMPTY_TREE: &[u8] = b"openledger/empty-tree/v1";
/// In front of what all salts of one answer are derived from.
pub const RESPONSE_SALT: &[u8] = b"openledger/response-salt/v1";
/// In front of what the salt of a word of an answer is derived from.
pub const WORD_SALT: &[u8] = b"openledger/word-salt/v1";
/// In front of a leaf that is a word of an answer.
pub const WORD_LEAF: &[u8] = b"openledger/word/v1";
/// In front of the folded bytes of a word that is too long to stand in a leaf.
pub const LONG_WORD: &[u8] = b"openledger/long-word/v1";
/// In front of what the salt of a delivered piece is derived from.
pub const PIECE_SALT: &[u8] = b"openledger/piece-salt/v1";
/// In front of a piece of the delivered bytes.
pub const PIECE_LEAF: &[u8] = b"openledger/delivered/v1";
/// In front of what the salt of a word of a prompt is derived from.
pub const PROMPT_SALT: &[u8] = b"openledger/prompt-salt/v1";
/// In front of a leaf that is a word of a prompt.
pub const PROMPT_LEAF: &[u8] = b"openledger/prompt-word/v1";
/// In front of the number of a prompt's words and the root over them.
pub const PROMPT: &[u8] = b"openledger/prompt/v1";
/// In front of an answer's header.
pub const HEADER: &[u8] = b"openledger/answer-header/v1";
/// In front of what an answer's hash is made of.
pub const RESPONSE: &[u8] = b"openledger/response/v2";
/// In front of a leaf of a lane's list.
pub const LANE_LEAF: &[u8] = b"openledger/lane/v1";
/// In front of the count and the peaks of a lane's list.
pub const LANE_ROOT: &[u8] = b"openledger/lane-root/v1";
/// In front of a leaf of a datanet's release log.
pub const RELEASE_LEAF: &[u8] = b"openledger/release/v1";
/// In front of the count and the peaks of a datanet's release log.
pub const RELEASE_ROOT: &[u8] = b"openledger/release-root/v1";

/// In front of the salt and the bytes of a request.
pub const REQUEST: &[u8] = b"openledger/request/v1";
/// In front of the agreement of a lane.
pub const AGREEMENT: &[u8] = b"openledger/agreement/v1";
/// In front of a statement with its version, for its hash in a lane's list.
pub const STATEMENT: &[u8] = b"openledger/statement-hash/v1";
/// In front of an item of a settlement.
pub const SETTLED: &[u8] = b"openledger/settled/v1";
/// In front of a report and its reporter, for what is committed to.
pub const REPORT: &[u8] = b"openledger/report/v1";

/// As many bytes are one step of the hash function.
const ONE_STEP: usize = 128;

/// Bytes that are to be hashed. For a runtime a place on the heap costs more than a short hash, so most have room on the
/// stack.
struct Bytes(SmallVec<[u8; 256]>);

impl Bytes {
	fn new(tag: &[u8]) -> Self {
		Self(SmallVec::from_slice(tag))
	}

	fn hash(&self) -> Hash {
		if self.0.len() > ONE_STEP {
			return sp_io::hashing::blake2_256(&self.0).into();
		}
		// A runtime does one step sooner by itself than it asks the host for it: most leaves and all nodes of trees
		// are so short.
		let mut hash = Hash::zero();
		let hashed = blake2b_simd::Params::new().hash_length(hash.0.len()).hash(&self.0);
		for (to, from) in hash.0.iter_mut().zip(hashed.as_bytes()) {
			*to = *from;
		}
		hash
	}
}

impl Output for Bytes {
	fn write(&mut self, bytes: &[u8]) {
		self.0.extend_from_slice(bytes);
	}
}

/// BLAKE2b-256 of a domain tag and of parts, one after the other.
pub fn hash(tag: &[u8], parts: &[&[u8]]) -> Hash {
	let mut bytes = Bytes::new(tag);
	for part in parts {
		bytes.write(part);
	}
	bytes.hash()
}

/// BLAKE2b-256 of a domain tag and of a value as it is encoded.
pub(crate) fn hash_encoded(tag: &[u8], value: &impl Encode) -> Hash {
	let mut bytes = Bytes::new(tag);
	value.encode_to(&mut bytes);
	bytes.hash()
}

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// A salt that hides what is hashed with it.
pub type Salt = [u8; SALT_BYTES];

/// Derives the salt of the leaf at `index` from a secret: the first 16 bytes of
/// `hash(tag ‖ secret ‖ index)`. Whoever sees one salt learns nothing of the secret or of another salt.
pub(crate) fn derive_salt(tag: &[u8], secret: &[u8; 32], index: u32) -> Salt {
	let derived = hash(tag, &[secret, &index.to_le_bytes()]);
	let mut salt = Salt::default();
	for (to, from) in salt.iter_mut().zip(derived.as_bytes()) {
		*to = *from;
	}
	salt
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALL: [&[u8]; 26] = [
		DATA_LEAF,
		PRIVATE_LEAF,
		DATA_SALT,
		DRAWN_LEAF,
		NODE,
		EMPTY_TREE,
		RESPONSE_SALT,
		WORD_SALT,
		WORD_LEAF,
		LONG_WORD,
		PIECE_SALT,
		PIECE_LEAF,
		PROMPT_SALT,
		PROMPT_LEAF,
		PROMPT,
		HEADER,
		RESPONSE,
		LANE_LEAF,
		LANE_ROOT,
		RELEASE_LEAF,
		RELEASE_ROOT,
		REQUEST,
		AGREEMENT,
		STATEMENT,
		SETTLED,
		REPORT,
	];

	/// Tags of what is signed.
	const SIGNED: [&[u8]; 3] = [
		<crate::lane::Voucher as crate::signing::Signed>::DOMAIN,
		<crate::lane::Statement as crate::signing::Signed>::DOMAIN,
		<crate::lane::CloseAgreement as crate::signing::Signed>::DOMAIN,
	];

	#[test]
	fn no_tag_is_the_beginning_of_another() {
		let tags: Vec<_> = ALL.iter().chain(&SIGNED).collect();
		for (at, one) in tags.iter().enumerate() {
			for (other_at, other) in tags.iter().enumerate() {
				assert!(at == other_at || !other.starts_with(one), "{one:?} {other:?}");
			}
		}
	}

	#[test]
	fn a_salt_depends_on_its_tag_its_secret_and_its_index() {
		let salt = derive_salt(WORD_SALT, &[1; 32], 0);

		assert_ne!(salt, derive_salt(PIECE_SALT, &[1; 32], 0));
		assert_ne!(salt, derive_salt(WORD_SALT, &[2; 32], 0));
		assert_ne!(salt, derive_salt(WORD_SALT, &[1; 32], 1));
	}
}

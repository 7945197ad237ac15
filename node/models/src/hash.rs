//! blake2-256 as the chain stores it, of files that may be larger than memory.

use std::{
	fs::File,
	io::{self, Read},
	path::Path,
};

use blake2b_simd::{Params, State};
use openledger_primitives::Hash;

/// Bytes that are read and hashed at once.
pub(crate) const PIECE: usize = 1 << 20;

/// The blake2-256 hash of a file, as the chain stores it for weights and tokenizers. The file is
/// read in pieces.
///
/// # Errors
/// If the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<Hash> {
	hash_reader(&mut File::open(path)?)
}

/// The blake2-256 hash of some bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> Hash {
	let mut hasher = Hasher::new();
	hasher.update(bytes);
	hasher.finish()
}

/// The blake2-256 hash of all that is left in a reader.
pub(crate) fn hash_reader(reader: &mut impl Read) -> io::Result<Hash> {
	let mut hasher = Hasher::new();
	let mut piece = vec![0; PIECE];
	loop {
		match reader.read(&mut piece) {
			Ok(0) => return Ok(hasher.finish()),
			Ok(read) => hasher.update(piece.get(..read).unwrap_or_default()),
			Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
			Err(error) => return Err(error),
		}
	}
}

/// blake2-256, fed piece by piece.
pub(crate) struct Hasher(State);

impl Hasher {
	pub fn new() -> Self {
		Self(Params::new().hash_length(32).to_state())
	}

	pub fn update(&mut self, bytes: &[u8]) {
		self.0.update(bytes);
	}

	pub fn finish(self) -> Hash {
		let mut hash = Hash::zero();
		for (to, from) in hash.0.iter_mut().zip(self.0.finalize().as_bytes()) {
			*to = *from;
		}
		hash
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Blake2Hasher, Hasher as _};

	#[test]
	fn streamed_hash_is_the_chain_s_blake2_256() {
		let directory = tempfile::tempdir().expect("a temporary directory");
		let path = directory.path().join("weights");
		for length in [0, 1, PIECE - 1, PIECE, 2 * PIECE + 17] {
			let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
			std::fs::write(&path, &bytes).expect("the file is written");
			assert_eq!(hash_file(&path).expect("the file is read"), Blake2Hasher::hash(&bytes));
		}
	}
}

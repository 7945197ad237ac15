//! blake2-256 as the chain stores it, of files that may be larger than memory.

use std::{
	fs::File,
	io::{self, BufRead, BufReader},
	path::Path,
};

use blake2b_simd::{Params, State};
use openledger_primitives::Hash;

/// Bytes that are read and hashed at once.
pub(crate) const PIECE: usize = 1 << 20;

/// The blake2-256 hash of a file, as the chain stores it for weights, tokenizers and chat templates. The
/// file is read in pieces.
///
/// # Errors
/// If the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<Hash> {
	hash_reader(&mut BufReader::with_capacity(PIECE, File::open(path)?))
}

/// The blake2-256 hash of some bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> Hash {
	finish(hasher().update(bytes))
}

/// The blake2-256 hash of all that is left in a reader.
pub(crate) fn hash_reader(reader: &mut impl BufRead) -> io::Result<Hash> {
	let mut hasher = hasher();
	io::copy(reader, &mut hasher)?;
	Ok(finish(&hasher))
}

/// blake2-256, to be fed piece by piece.
fn hasher() -> State {
	Params::new().hash_length(32).to_state()
}

/// The hash of all that was fed.
fn finish(hasher: &State) -> Hash {
	let hash: Result<[u8; 32], _> = hasher.finalize().as_bytes().try_into();
	hash.map_or_else(|_| Hash::zero(), Hash::from)
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

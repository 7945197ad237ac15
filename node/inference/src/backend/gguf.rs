//! GGUF files: weights, tokenizer and chat template in one file.

use std::{
	fs::File,
	io::{self, BufReader, Read, Seek},
	path::Path,
};

use blake2b_simd::{Params, State};
use candle_core::quantized::gguf_file::{Content, Value};
use sp_core::H256;

use super::LoadError;

/// Read and hashed in pieces of this many bytes, so that a file larger than memory can be hashed.
const PIECE: usize = 1 << 20;

/// A GGUF file whose header was read.
pub(crate) struct Gguf {
	/// The metadata, and where the tensors are.
	pub content: Content,
	/// The open file, from which the tensors are still to be read.
	pub reader: BufReader<File>,
}

impl Gguf {
	/// Opens a file and reads its header.
	pub fn open(path: &Path) -> Result<Self, LoadError> {
		let file = File::open(path).map_err(|source| LoadError::read(path, source))?;
		let mut reader = BufReader::with_capacity(PIECE, file);
		let content =
			Content::read(&mut reader).map_err(|error| LoadError::invalid(path, error))?;
		Ok(Self { content, reader })
	}

	/// The blake2-256 hash of the whole file, read through the same handle as the tensors.
	pub fn hash(&mut self, path: &Path) -> Result<H256, LoadError> {
		self.reader
			.rewind()
			.and_then(|()| hash_reader(&mut self.reader))
			.map_err(|source| LoadError::read(path, source))
	}
}

/// A text from a header's metadata.
pub(crate) fn text<'a>(content: &'a Content, key: &str) -> Option<&'a str> {
	match content.metadata.get(key) {
		Some(Value::String(text)) => Some(text),
		_ => None,
	}
}

/// A number from a header's metadata, whatever integer type it is stored as.
pub(crate) fn number(content: &Content, key: &str) -> Option<u32> {
	match *content.metadata.get(key)? {
		Value::U8(n) => Some(n.into()),
		Value::U16(n) => Some(n.into()),
		Value::U32(n) => Some(n),
		Value::U64(n) => n.try_into().ok(),
		Value::I8(n) => n.try_into().ok(),
		Value::I16(n) => n.try_into().ok(),
		Value::I32(n) => n.try_into().ok(),
		Value::I64(n) => n.try_into().ok(),
		_ => None,
	}
}

/// A truth value from a header's metadata.
pub(crate) fn flag(content: &Content, key: &str) -> Option<bool> {
	match content.metadata.get(key) {
		Some(Value::Bool(flag)) => Some(*flag),
		_ => None,
	}
}

/// The blake2-256 hash of a file, as the chain stores it for weights and tokenizers. The file is
/// read in pieces.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<H256> {
	hash_reader(&mut File::open(path)?)
}

/// The hash of a tokenizer as the chain stores it: of the one in a GGUF file, or of a `tokenizer.json`.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_tokenizer(path: &Path) -> Result<H256, LoadError> {
	if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) {
		return Ok(tokenizer_hash(&Gguf::open(path)?.content));
	}
	hash_file(path).map_err(|source| LoadError::read(path, source))
}

/// The blake2-256 hash of some bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> H256 {
	let mut hasher = Hasher::new();
	hasher.update(bytes);
	hasher.finish()
}

fn hash_reader(reader: &mut impl Read) -> io::Result<H256> {
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

/// Hashes what a GGUF header says about its tokenizer: every `tokenizer.` entry in the order of its
/// key, each part preceded by its length or by its type, so that two different headers never feed
/// the hash the same bytes.
pub(crate) fn tokenizer_hash(content: &Content) -> H256 {
	let mut entries: Vec<_> =
		content.metadata.iter().filter(|(key, _)| key.starts_with("tokenizer.")).collect();
	entries.sort_by_key(|(key, _)| key.as_str());
	let mut hasher = Hasher::new();
	hasher.update(b"openledger/gguf-tokenizer/v1");
	for (key, value) in entries {
		hasher.sized(key.as_bytes());
		hasher.value(value);
	}
	hasher.finish()
}

/// blake2-256, fed piece by piece.
struct Hasher(State);

impl Hasher {
	fn new() -> Self {
		Self(Params::new().hash_length(32).to_state())
	}

	fn update(&mut self, bytes: &[u8]) {
		self.0.update(bytes);
	}

	fn sized(&mut self, bytes: &[u8]) {
		self.length(bytes.len());
		self.update(bytes);
	}

	fn length(&mut self, length: usize) {
		self.update(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
	}

	fn value(&mut self, value: &Value) {
		match value {
			Value::U8(n) => self.tagged(0, &n.to_le_bytes()),
			Value::I8(n) => self.tagged(1, &n.to_le_bytes()),
			Value::U16(n) => self.tagged(2, &n.to_le_bytes()),
			Value::I16(n) => self.tagged(3, &n.to_le_bytes()),
			Value::U32(n) => self.tagged(4, &n.to_le_bytes()),
			Value::I32(n) => self.tagged(5, &n.to_le_bytes()),
			Value::F32(n) => self.tagged(6, &n.to_le_bytes()),
			Value::Bool(b) => self.tagged(7, &[u8::from(*b)]),
			Value::String(text) => {
				self.update(&[8]);
				self.sized(text.as_bytes());
			}
			Value::Array(values) => {
				self.update(&[9]);
				self.length(values.len());
				for value in values {
					self.value(value);
				}
			}
			Value::U64(n) => self.tagged(10, &n.to_le_bytes()),
			Value::I64(n) => self.tagged(11, &n.to_le_bytes()),
			Value::F64(n) => self.tagged(12, &n.to_le_bytes()),
		}
	}

	fn tagged(&mut self, tag: u8, bytes: &[u8]) {
		self.update(&[tag]);
		self.update(bytes);
	}

	fn finish(self) -> H256 {
		let mut hash = H256::zero();
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

	#[test]
	fn a_file_that_is_no_gguf_says_so() {
		let directory = tempfile::tempdir().expect("a temporary directory");
		let path = directory.path().join("weights.gguf");
		std::fs::write(&path, b"PK not a model").expect("the file is written");
		let error = Gguf::open(&path).err().expect("it is refused").to_string();
		assert!(error.contains("weights.gguf") && error.contains("magic"), "{error}");
	}
}

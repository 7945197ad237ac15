//! GGUF files: weights, tokenizer and chat template in one file.

use std::{
	fs::File,
	io::{BufReader, Seek},
	path::Path,
};

use candle_core::quantized::gguf_file::{Content, Value};
use openledger_primitives::Hash;

use super::{
	hash::{hash_reader, PIECE},
	LoadError,
};

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
	pub fn hash(&mut self, path: &Path) -> Result<Hash, LoadError> {
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_file_that_is_no_gguf_says_so() {
		let directory = tempfile::tempdir().expect("a temporary directory");
		let path = directory.path().join("weights.gguf");
		std::fs::write(&path, b"PK not a model").expect("the file is written");
		let error = Gguf::open(&path).err().expect("it is refused").to_string();
		assert!(error.contains("weights.gguf") && error.contains("magic"), "{error}");
	}
}

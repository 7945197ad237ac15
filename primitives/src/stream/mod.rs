//! The canonical stream of a contribution of format 1: one sequence of bytes for one set of documents,
//! whatever files they came in.
//!
//! The documents stand one after the other; in each of them a run of white space is one `0x20`, none
//! stands at its beginning or end, and one `0x00` closes it. A document of which nothing is left is left
//! out, so that a stream never begins with `0x00` and never has two of them in a row, and two streams
//! are equal exactly if their documents with anything in them are.
//!
//! White space are the encodings of the 25 code points that Unicode gives the property `White_Space`
//! (that list has not changed since Unicode 6.3). They are found as bytes, wherever they stand: none overlaps another,
//! and none appears where it was not by what is replaced. Every other byte is taken as it is, and so
//! bytes that are not UTF-8 are too: whether a text is UTF-8, or normalised, is up to the program that prepares it.
//! A canonical stream is its own canonical form.

use alloc::vec::Vec;

/// Bytes of the longest stream: 64 GiB. A tree over it has 28 levels; more data is several contributions.
pub const MAX_STREAM: u64 = 1 << 36;

/// Reason for which documents make no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
	/// A document contains `0x00`.
	Nul {
		/// The documents that were closed before it, those included of which nothing was left.
		document: u64,
		/// Bytes of it before the `0x00`, as they came.
		offset: u64,
	},
	/// The stream would be longer than [`MAX_STREAM`].
	TooLong,
	/// The last document was not closed.
	Open,
}

impl core::fmt::Display for StreamError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		match self {
			Self::Nul { document, offset } => write!(
				f,
				"document {document} (from 0) contains 0x00 at byte {offset}, which no document may; \
				 remove it"
			),
			Self::TooLong => {
				write!(
					f,
					"the stream is longer than {MAX_STREAM} bytes; divide it into contributions"
				)
			}
			Self::Open => write!(f, "the last document was not closed"),
		}
	}
}

impl core::error::Error for StreamError {}

/// Size of a finished stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamSize {
	/// Bytes.
	pub bytes: u64,
	/// Documents with anything in them.
	pub documents: u64,
}

/// Makes a canonical stream of documents that come in pieces of any size, and hands it on in pieces.
/// It keeps no more than three bytes, and allocates nothing.
///
/// An error is final: the stream is without worth, and every later call returns the same error.
#[derive(Clone, Debug)]
pub struct StreamBuilder<S> {
	sink: S,
	size: StreamSize,
	/// Documents that were closed, with or without anything in them.
	closed: u64,
	/// Bytes of the open document that have come.
	taken: u64,
	/// The beginning of what may be an encoding of white space, cut by the end of a piece.
	held: Held,
	/// `true` if the open document has anything but white space.
	begun: bool,
	/// `true` if white space stands between what is written and what comes.
	space: bool,
	failed: Option<StreamError>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Held {
	bytes: [u8; 2],
	length: usize,
}

impl Held {
	fn of(bytes: &[u8]) -> Self {
		let mut held = Self::default();
		for (to, from) in held.bytes.iter_mut().zip(bytes) {
			*to = *from;
			held.length = held.length.saturating_add(1);
		}
		held
	}

	fn bytes(&self) -> &[u8] {
		self.bytes.get(..self.length).unwrap_or_default()
	}
}

impl<S: FnMut(&[u8])> StreamBuilder<S> {
	/// An empty stream, whose bytes go to `sink`.
	pub fn new(sink: S) -> Self {
		Self {
			sink,
			size: StreamSize::default(),
			closed: 0,
			taken: 0,
			held: Held::default(),
			begun: false,
			space: false,
			failed: None,
		}
	}

	/// Takes the next bytes of the open document. A character may be cut anywhere.
	///
	/// # Errors
	///
	/// [`StreamError::Nul`] if they contain `0x00`, [`StreamError::TooLong`] if the stream would be too
	/// long.
	pub fn push(&mut self, piece: &[u8]) -> Result<(), StreamError> {
		self.not_failed()?;
		let mut rest = piece;
		if self.held.length > 0 {
			let held = self.held;
			let mut joined = [0; MAX_WHITE_SPACE];
			let mut length: usize = 0;
			for (to, from) in joined.iter_mut().zip(held.bytes().iter().chain(piece)) {
				*to = *from;
				length = length.saturating_add(1);
			}
			let joined = joined.get(..length).unwrap_or_default();
			match white_space(joined) {
				// Longer than what was held, which alone was none.
				White::Space(length) => {
					self.held = Held::default();
					self.space();
					let more = length.saturating_sub(held.length);
					rest = piece.get(more..).unwrap_or_default();
					self.taken = self.taken.saturating_add(more.try_into().unwrap_or(u64::MAX));
				}
				White::Cut => {
					self.held = Held::of(joined);
					self.taken =
						self.taken.saturating_add(piece.len().try_into().unwrap_or(u64::MAX));
					return Ok(());
				}
				// What follows a first byte begins no encoding itself.
				White::None => {
					self.held = Held::default();
					self.write(held.bytes())?;
				}
			}
		}
		self.take(rest)
	}

	fn take(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
		let (mut from, mut at) = (0usize, 0usize);
		let slice = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
		while let Some(byte) = bytes.get(at) {
			if *byte == 0 {
				let offset = self.taken.saturating_add(at.try_into().unwrap_or(u64::MAX));
				return Err(self.fail(StreamError::Nul { document: self.closed, offset }));
			}
			match white_space(slice(at, bytes.len())) {
				White::None => at = at.saturating_add(1),
				White::Space(length) => {
					self.write(slice(from, at))?;
					self.space();
					at = at.saturating_add(length);
					from = at;
				}
				White::Cut => {
					self.write(slice(from, at))?;
					self.held = Held::of(slice(at, bytes.len()));
					from = bytes.len();
					break;
				}
			}
		}
		self.taken = self.taken.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
		self.write(slice(from, bytes.len()))
	}

	/// Closes the open document. Nothing is written if nothing but white space has come since the one
	/// before.
	///
	/// # Errors
	///
	/// [`StreamError::TooLong`] if the stream would be too long.
	pub fn close_document(&mut self) -> Result<(), StreamError> {
		self.not_failed()?;
		let held = core::mem::take(&mut self.held);
		self.write(held.bytes())?;
		self.space = false;
		if self.begun {
			self.put(&[0])?;
			self.begun = false;
			self.size.documents = self.size.documents.saturating_add(1);
		}
		self.closed = self.closed.saturating_add(1);
		self.taken = 0;
		Ok(())
	}

	/// Ends the stream, and returns its size.
	///
	/// # Errors
	///
	/// [`StreamError::Open`] if bytes have come since the last document was closed, and what
	/// [`push`](Self::push) and [`close_document`](Self::close_document) have failed with.
	pub fn finish(self) -> Result<StreamSize, StreamError> {
		self.not_failed()?;
		if self.taken > 0 {
			return Err(StreamError::Open);
		}
		Ok(self.size)
	}

	fn not_failed(&self) -> Result<(), StreamError> {
		self.failed.map_or(Ok(()), Err)
	}

	fn fail(&mut self, error: StreamError) -> StreamError {
		*self.failed.get_or_insert(error)
	}

	fn space(&mut self) {
		self.space = self.begun;
	}

	/// Writes bytes that are not white space, behind the space that is due.
	fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
		if bytes.is_empty() {
			return Ok(());
		}
		if core::mem::take(&mut self.space) {
			self.put(b" ")?;
		}
		self.begun = true;
		self.put(bytes)
	}

	fn put(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
		let length = u64::try_from(bytes.len()).ok();
		let size = length.and_then(|length| self.size.bytes.checked_add(length));
		match size.filter(|size| *size <= MAX_STREAM) {
			Some(size) => self.size.bytes = size,
			None => return Err(self.fail(StreamError::TooLong)),
		}
		(self.sink)(bytes);
		Ok(())
	}
}

/// The canonical stream of whole documents.
///
/// # Errors
///
/// [`StreamError::Nul`] if one of them contains `0x00`, [`StreamError::TooLong`] if it would be too long.
pub fn canonical<D: AsRef<[u8]>>(
	documents: impl IntoIterator<Item = D>,
) -> Result<Vec<u8>, StreamError> {
	let mut stream = Vec::new();
	let mut builder = StreamBuilder::new(|bytes: &[u8]| stream.extend_from_slice(bytes));
	for document in documents {
		builder.push(document.as_ref())?;
		builder.close_document()?;
	}
	builder.finish()?;
	Ok(stream)
}

/// Returns `true` if these bytes are a canonical stream.
pub fn is_canonical(stream: &[u8]) -> bool {
	if stream.is_empty() {
		return true;
	}
	let Some((0, open)) = stream.split_last() else { return false };
	let (mut rest, mut same) = (stream, true);
	let mut builder = StreamBuilder::new(|bytes: &[u8]| match rest.strip_prefix(bytes) {
		Some(after) => rest = after,
		None => same = false,
	});
	let valid = open
		.split(|byte| *byte == 0)
		.try_for_each(|document| builder.push(document).and_then(|()| builder.close_document()))
		.and_then(|()| builder.finish());
	valid.is_ok() && same && rest.is_empty()
}

/// Bytes of the longest encoding of white space.
const MAX_WHITE_SPACE: usize = 3;

/// White space at the beginning of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum White {
	/// So many bytes are one.
	Space(usize),
	/// All bytes together are the beginning of one, and may be none.
	Cut,
	/// They begin with none.
	None,
}

/// The 25 code points: U+0009–000D, U+0020, U+0085, U+00A0, U+1680, U+2000–200A, U+2028, U+2029, U+202F,
/// U+205F, U+3000.
fn white_space(bytes: &[u8]) -> White {
	match *bytes {
		[0x09..=0x0D | 0x20, ..] => White::Space(1),
		[0xC2, 0x85 | 0xA0, ..] => White::Space(2),
		[0xE1, 0x9A, 0x80, ..]
		| [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
		| [0xE2, 0x81, 0x9F, ..]
		| [0xE3, 0x80, 0x80, ..] => White::Space(3),
		[0xC2 | 0xE1 | 0xE2 | 0xE3] | [0xE1, 0x9A] | [0xE2, 0x80 | 0x81] | [0xE3, 0x80] => {
			White::Cut
		}
		_ => White::None,
	}
}

#[cfg(test)]
mod tests;

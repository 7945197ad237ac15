//! A contributor's commitment, and the state of a contribution.

use crate::{data_tree::DataRoot, stream::MAX_STREAM, Hash, Uri};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The format of a contribution whose root is over anything. It is in releases and earns from them, but nothing
/// can be proven of it, so that no call is ever attributed to it.
pub const FORMAT_UNSPECIFIED: u8 = 0;
/// The format of a contribution whose root is over the public leaves of a [canonical stream](crate::stream).
pub const FORMAT_STREAM: u8 = 1;
/// The same with private leaves: each has a salt.
pub const FORMAT_PRIVATE_STREAM: u8 = 2;

/// A data set that a contributor submits.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Submission {
	/// The root of the tree over its leaves.
	pub root: Hash,
	/// Its size in bytes: at least 1, and at most [`MAX_STREAM`] if it is a stream.
	pub size: u64,
	/// Address at which it is to be found.
	pub uri: Uri,
	/// The kind of its root: [`FORMAT_UNSPECIFIED`], [`FORMAT_STREAM`] or [`FORMAT_PRIVATE_STREAM`].
	pub format: u8,
	/// BLAKE2b-256 of the text of the licence or terms that it is given under. Zero if there are none.
	pub licence: Hash,
}

/// Reason for which no contribution can be made of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionError {
	/// It has no bytes.
	Empty,
	/// Its format is none of those that are known.
	Format,
	/// It is a stream of more than [`MAX_STREAM`] bytes.
	TooLong,
}

impl core::fmt::Display for SubmissionError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		match self {
			Self::Empty => write!(f, "a contribution has at least one byte"),
			Self::Format => write!(f, "the format of a contribution is 0, 1 or 2"),
			Self::TooLong => write!(f, "a stream has at most {MAX_STREAM} bytes; divide it"),
		}
	}
}

impl core::error::Error for SubmissionError {}

impl Submission {
	/// Checks what does not depend on the chain's state.
	///
	/// # Errors
	/// [`SubmissionError`].
	pub fn check(&self) -> Result<(), SubmissionError> {
		if self.size == 0 {
			return Err(SubmissionError::Empty);
		}
		if !matches!(self.format, FORMAT_UNSPECIFIED | FORMAT_STREAM | FORMAT_PRIVATE_STREAM) {
			return Err(SubmissionError::Format);
		}
		if is_provable(self.format) && self.size > MAX_STREAM {
			return Err(SubmissionError::TooLong);
		}
		Ok(())
	}
}

/// Returns `true` if bytes of a contribution of this format can be shown, so that calls may be attributed to
/// it.
pub fn is_provable(format: u8) -> bool {
	matches!(format, FORMAT_STREAM | FORMAT_PRIVATE_STREAM)
}

/// Root that proofs of a contribution's bytes are checked against. `None` if its format has no such proofs.
pub fn data_root(format: u8, root: Hash, size: u64) -> Option<DataRoot> {
	is_provable(format).then_some(DataRoot { root, size, private: format == FORMAT_PRIVATE_STREAM })
}

/// Standing of a contribution that was accepted.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Standing {
	/// Calls may be attributed to it.
	#[codec(index = 0)]
	Accepted,
	/// A leaf of it was demanded and not shown: until it is, nothing is attributed to it.
	#[codec(index = 1)]
	Withheld,
	/// It was found to be a duplicate or a fraud: what it would earn goes to the protocol.
	#[codec(index = 2)]
	Slashed,
	/// A court has it taken down: as long as that holds, what it would earn goes to the protocol.
	#[codec(index = 3)]
	TakenDown,
}

impl Standing {
	/// Returns `true` if calls may be attributed to what stands so, whoever is paid for it then.
	pub fn is_attributable(self) -> bool {
		match self {
			Self::Accepted | Self::Slashed | Self::TakenDown => true,
			Self::Withheld => false,
		}
	}

	/// Returns `true` if what it earns is the protocol's: nobody else's share grows by that.
	pub fn is_forfeited(self) -> bool {
		match self {
			Self::Slashed | Self::TakenDown => true,
			Self::Accepted | Self::Withheld => false,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn submission(format: u8, size: u64) -> Submission {
		let uri = Uri::truncate_from(b"ipfs://data".to_vec());
		Submission { root: Hash::repeat_byte(1), size, uri, format, licence: Hash::zero() }
	}

	#[test]
	fn only_what_can_be_proven_is_bounded_in_size() {
		let check = |format, size| submission(format, size).check();
		for format in [FORMAT_UNSPECIFIED, FORMAT_STREAM, FORMAT_PRIVATE_STREAM] {
			assert_eq!(check(format, 0), Err(SubmissionError::Empty));
			assert_eq!(check(format, 1), Ok(()));
			assert_eq!(check(format, MAX_STREAM), Ok(()));
		}
		assert_eq!(check(FORMAT_UNSPECIFIED, u64::MAX), Ok(()));
		assert_eq!(check(FORMAT_STREAM, MAX_STREAM + 1), Err(SubmissionError::TooLong));
		assert_eq!(check(FORMAT_PRIVATE_STREAM, MAX_STREAM + 1), Err(SubmissionError::TooLong));
		for format in [3, u8::MAX] {
			assert_eq!(check(format, 1), Err(SubmissionError::Format));
		}
	}

	#[test]
	fn the_format_says_what_proofs_are_checked_against() {
		let root = Hash::repeat_byte(1);
		assert_eq!(data_root(FORMAT_UNSPECIFIED, root, 9), None);
		let public = DataRoot { root, size: 9, private: false };
		assert_eq!(data_root(FORMAT_STREAM, root, 9), Some(public));
		let private = DataRoot { private: true, ..public };
		assert_eq!(data_root(FORMAT_PRIVATE_STREAM, root, 9), Some(private));
		assert_eq!(data_root(3, root, 9), None);
	}

	#[test]
	fn a_submission_is_encoded_in_the_order_of_its_fields() {
		let encoded = submission(FORMAT_STREAM, 5).encode();

		let uri = b"ipfs://data".to_vec().encode();
		let fields = (Hash::repeat_byte(1), 5u64, uri, 1u8, Hash::zero());
		let (root, size, uri, format, licence) = fields;
		let parts =
			[root.as_bytes(), &size.to_le_bytes(), &uri, &[format], licence.as_bytes()].concat();
		assert_eq!(encoded, parts);
		assert_eq!(Submission::max_encoded_len(), 32 + 8 + 2 + 256 + 1 + 32);
	}
}

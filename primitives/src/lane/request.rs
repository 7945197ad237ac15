//! The hash of a request.

use crate::{domain, Hash};

/// The salted hash of a request's exact bytes, so that nothing on chain can be matched against a guessed
/// prompt.
pub fn request_hash(salt: &[u8; 32], body: &[u8]) -> Hash {
	domain::hash(domain::REQUEST, &[salt, body])
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_requests_hash_depends_on_its_salt_and_its_bytes() {
		let hash = request_hash(&[1; 32], b"hello");

		assert_eq!(hash, request_hash(&[1; 32], b"hello"));
		assert_ne!(hash, request_hash(&[2; 32], b"hello"));
		assert_ne!(hash, request_hash(&[1; 32], b"hello!"));
	}
}

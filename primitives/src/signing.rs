//! Signing of messages off chain.
//!
//! What is signed starts with a domain tag, so that no signature for one kind of message can stand
//! for another, and is accepted in two forms: as it is, and wrapped in `<Bytes>…</Bytes>`, which is
//! what browser wallets sign when an app asks for raw bytes.

use crate::{AccountId, Signature};
use alloc::vec::Vec;
use codec::Encode;
use sp_runtime::traits::Verify;

const WRAP_PREFIX: &[u8] = b"<Bytes>";
const WRAP_POSTFIX: &[u8] = b"</Bytes>";

/// A message that is signed off chain and checked on it.
pub trait Signed: Encode {
	/// Tells this kind of message apart from every other.
	const DOMAIN: &'static [u8];

	/// The bytes to sign: the domain tag and the encoded message.
	fn signing_payload(&self) -> Vec<u8> {
		let mut payload = Self::DOMAIN.to_vec();
		self.encode_to(&mut payload);
		payload
	}

	/// Returns `true` if `signature` is `signer`'s over this message, in either form.
	fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		let payload = self.signing_payload();
		signature.verify(payload.as_slice(), signer)
			|| signature.verify(wrap(&payload).as_slice(), signer)
	}
}

/// A payload in the form that browser wallets sign.
pub fn wrap(payload: &[u8]) -> Vec<u8> {
	[WRAP_PREFIX, payload, WRAP_POSTFIX].concat()
}

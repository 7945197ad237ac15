//! Keys to test with.

use openledger_primitives::{signing::Signed, AccountId, Signature, SS58_PREFIX};
use sp_core::{crypto::Ss58Codec, ecdsa, ed25519, sr25519, Pair};
use sp_runtime::{traits::IdentifyAccount, MultiSigner};

/// A kind of key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
	Sr25519,
	Ed25519,
	Ecdsa,
}

/// A key pair.
pub(crate) enum Key {
	Sr25519(sr25519::Pair),
	Ed25519(ed25519::Pair),
	Ecdsa(ecdsa::Pair),
}

impl Key {
	/// A development key, such as `//Alice`.
	pub(crate) fn new(uri: &str, scheme: Scheme) -> Self {
		match scheme {
			Scheme::Sr25519 => Self::Sr25519(Pair::from_string(uri, None).unwrap()),
			Scheme::Ed25519 => Self::Ed25519(Pair::from_string(uri, None).unwrap()),
			Scheme::Ecdsa => Self::Ecdsa(Pair::from_string(uri, None).unwrap()),
		}
	}

	pub(crate) fn account(&self) -> AccountId {
		let signer: MultiSigner = match self {
			Self::Sr25519(pair) => pair.public().into(),
			Self::Ed25519(pair) => pair.public().into(),
			Self::Ecdsa(pair) => pair.public().into(),
		};
		signer.into_account()
	}

	pub(crate) fn address(&self) -> String {
		self.account().to_ss58check_with_version(SS58_PREFIX.into())
	}

	pub(crate) fn sign(&self, message: &[u8]) -> Signature {
		match self {
			Self::Sr25519(pair) => pair.sign(message).into(),
			Self::Ed25519(pair) => pair.sign(message).into(),
			Self::Ecdsa(pair) => pair.sign(message).into(),
		}
	}

	pub(crate) fn sign_message(&self, message: &impl Signed) -> Signature {
		self.sign(&message.signing_payload())
	}
}

//! Asking a node to agree to a session's end, so that it can be closed without the notice.
//!
//! The caller signs a [`CloseRequest`] and sends it to `POST /v1/close/{session}`. From then on the
//! node takes no more vouchers of the session. It settles what it has served and answers with its
//! signature over the [`CloseAgreement`], which the caller brings to the chain with
//! `close_by_agreement`. Asking twice changes nothing, so whoever repeats a request that was sent
//! before gains nothing by it.

use codec::{Decode, Encode};
use openledger_primitives::{
	lane::CloseAgreement, signing::Signed, AccountId, Balance, BlockNumber, Hash, SessionId,
	Signature,
};
use serde::{Deserialize, Serialize};

use crate::x402::signature;

/// For how many blocks after the best one a request can be valid at most: ten minutes.
pub const LONGEST: BlockNumber = 200;

/// A message that a session's caller, or the key that signs its vouchers, signs to ask for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CloseRequest {
	/// The chain that the session is on.
	pub genesis_hash: Hash,
	/// The session.
	pub session: SessionId,
	/// The node does not take the request after this block.
	pub valid_until: BlockNumber,
}

impl Signed for CloseRequest {
	const DOMAIN: &'static [u8] = b"openledger/close-request/v1";
}

/// The body of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
	/// See [`CloseRequest::valid_until`].
	pub valid_until: BlockNumber,
	/// Over the [`CloseRequest`].
	#[serde(with = "signature")]
	pub signature: Signature,
}

impl CloseBody {
	/// Asks for the end of a session, with a signature over the request.
	pub fn new(request: &CloseRequest, signature: Signature) -> Self {
		Self { valid_until: request.valid_until, signature }
	}

	/// Returns `true` if `signer` asks for the end of this session.
	pub fn is_signed_by(&self, genesis_hash: Hash, session: SessionId, signer: &AccountId) -> bool {
		let request = CloseRequest { genesis_hash, session, valid_until: self.valid_until };
		request.verify(&self.signature, signer)
	}
}

/// The node's answer: its agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAnswer {
	/// The sum that the chain has settled of the session, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub settled: Balance,
	/// Over the [`CloseAgreement`].
	#[serde(with = "signature")]
	pub signature: Signature,
}

impl CloseAnswer {
	/// The agreement that is signed, and that the caller brings to the chain.
	pub fn agreement(&self, genesis_hash: Hash, session: SessionId) -> CloseAgreement {
		CloseAgreement { genesis_hash, session, settled: self.settled, extension: None }
	}

	/// Returns `true` if the node with this receipt key agrees to the end of this session.
	pub fn is_signed_by(
		&self,
		genesis_hash: Hash,
		session: SessionId,
		receipt_key: &AccountId,
	) -> bool {
		self.agreement(genesis_hash, session).verify(&self.signature, receipt_key)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{Key, Scheme};

	fn key(uri: &str) -> Key {
		Key::new(uri, Scheme::Sr25519)
	}

	#[test]
	fn requests_are_for_one_session_of_one_chain_until_one_block() {
		let alice = key("//Alice");
		let request =
			CloseRequest { genesis_hash: Hash::repeat_byte(1), session: 7, valid_until: 9 };
		let body = CloseBody::new(&request, alice.sign_message(&request));
		let json = serde_json::to_string(&body).unwrap();
		let read: CloseBody = serde_json::from_str(&json).unwrap();
		assert_eq!(read, body);
		assert!(read.is_signed_by(request.genesis_hash, 7, &alice.account()));
		assert!(!read.is_signed_by(request.genesis_hash, 7, &key("//Bob").account()));
		assert!(!read.is_signed_by(request.genesis_hash, 8, &alice.account()));
		assert!(!read.is_signed_by(Hash::zero(), 7, &alice.account()));
		let later = CloseBody { valid_until: 10, ..read };
		assert!(!later.is_signed_by(request.genesis_hash, 7, &alice.account()));
	}

	#[test]
	fn agreements_are_for_what_was_settled() {
		let node = key("//Bob");
		let genesis_hash = Hash::repeat_byte(1);
		let agreement =
			CloseAgreement { genesis_hash, session: 7, settled: 1 << 70, extension: None };
		let answer = CloseAnswer { settled: 1 << 70, signature: node.sign_message(&agreement) };
		let json = serde_json::to_value(&answer).unwrap();
		assert_eq!(json["settled"], (1_u128 << 70).to_string());
		let read: CloseAnswer = serde_json::from_value(json).unwrap();
		assert!(read.is_signed_by(genesis_hash, 7, &node.account()));
		assert_eq!(read.agreement(genesis_hash, 7), agreement);
		let other = CloseAnswer { settled: 5, ..read };
		assert!(!other.is_signed_by(genesis_hash, 7, &node.account()));
	}
}

//! Asking a node to agree to a session's end, so that it can be closed without the notice.
//!
//! The caller signs a [`CloseRequest`] and sends it to `POST /v1/close/{session}`. From then on the
//! node takes no more vouchers of the session. It settles what it has served and answers with its
//! signature over the [`CloseAgreement`], which the caller brings to the chain with
//! `close_with_agreement`. Asking twice changes nothing, so whoever repeats a request that was sent
//! before gains nothing by it.

use std::time::Duration;

use codec::{Decode, Encode};
use futures::StreamExt;
use openledger_primitives::{
	closing::CloseAgreement, signing::Signed, AccountId, Balance, BlockNumber, Hash, SessionId,
	Signature,
};
use reqwest::{redirect::Policy, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
	keys::Keypair,
	sanitise::{sanitised, MESSAGE},
	x402::signature,
};

/// For how many blocks after the best one a request can be valid at most: ten minutes.
pub const LONGEST: BlockNumber = 200;
/// How long the node may take: it waits for its settlements to be final.
const PATIENCE: Duration = Duration::from_secs(180);
/// No answer is longer than this, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// What a session's caller, or the key that signs its vouchers, signs to ask for its end.
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
	/// Asks for the end of a session with this key.
	pub fn new(request: &CloseRequest, key: &Keypair) -> Self {
		Self { valid_until: request.valid_until, signature: key.sign_message(request) }
	}

	/// Whether `signer` asks for the end of this session.
	pub fn is_signed_by(&self, genesis_hash: Hash, session: SessionId, signer: &AccountId) -> bool {
		let request = CloseRequest { genesis_hash, session, valid_until: self.valid_until };
		request.verify(&self.signature, signer)
	}
}

/// The node's answer: its agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAnswer {
	/// What the chain has settled of the session in all, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub settled: Balance,
	/// Over the [`CloseAgreement`].
	#[serde(with = "signature")]
	pub signature: Signature,
}

impl CloseAnswer {
	/// Whether the node with this receipt key agrees to the end of this session.
	pub fn is_signed_by(
		&self,
		genesis_hash: Hash,
		session: SessionId,
		receipt_key: &AccountId,
	) -> bool {
		let agreement = CloseAgreement { genesis_hash, session, settled: self.settled };
		agreement.verify(&self.signature, receipt_key)
	}
}

/// Why there is no agreement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CloseError {
	/// The node could not be reached.
	#[error("the inference node at {url} cannot be reached: {reason}")]
	Unreachable {
		/// Where it should be.
		url: String,
		/// What went wrong.
		reason: String,
	},
	/// The node does not agree, or not yet.
	#[error("the inference node does not agree ({status}): {message}")]
	Refused {
		/// The HTTP status; 503 if it is worth asking again.
		status: u16,
		/// What the node said.
		message: String,
	},
	/// What came back is no agreement of this node.
	#[error("the inference node's agreement does not hold: {0}")]
	Invalid(&'static str),
}

/// Asks the node at `url`, whose receipt key is given, for its agreement to the end of a session.
///
/// # Errors
/// If there is no agreement that holds.
pub async fn ask(
	url: &str,
	request: &CloseRequest,
	key: &Keypair,
	receipt_key: &AccountId,
) -> Result<CloseAnswer, CloseError> {
	let http = reqwest::Client::builder().redirect(Policy::none()).build();
	let http = http.map_err(|error| CloseError::Unreachable {
		url: url.to_owned(),
		reason: error.to_string(),
	})?;
	ask_with(&http, url, request, key, receipt_key).await
}

/// The same through an HTTP client of one's own, which should follow no redirects.
///
/// # Errors
/// As [`ask`].
pub async fn ask_with(
	http: &reqwest::Client,
	url: &str,
	request: &CloseRequest,
	key: &Keypair,
	receipt_key: &AccountId,
) -> Result<CloseAnswer, CloseError> {
	let url = format!("{}/v1/close/{}", url.trim_end_matches('/'), request.session);
	let unreachable = |error: reqwest::Error| CloseError::Unreachable {
		url: sanitised(&url, MESSAGE),
		reason: sanitised(&error.to_string(), MESSAGE),
	};
	let body = CloseBody::new(request, key);
	let answer = http.post(&url).timeout(PATIENCE).json(&body).send().await.map_err(unreachable)?;
	let status = answer.status();
	let mut bytes = Vec::new();
	let mut pieces = answer.bytes_stream();
	while let Some(piece) = pieces.next().await {
		bytes.extend_from_slice(&piece.map_err(unreachable)?);
		if bytes.len() > MAX_ANSWER {
			return Err(CloseError::Invalid("it is too long"));
		}
	}
	if status != StatusCode::OK {
		let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
		let message = body.pointer("/error/message").and_then(Value::as_str);
		let message = sanitised(message.unwrap_or("it does not say why"), MESSAGE);
		return Err(CloseError::Refused { status: status.as_u16(), message });
	}
	let answer: CloseAnswer =
		serde_json::from_slice(&bytes).map_err(|_| CloseError::Invalid("it cannot be read"))?;
	match answer.is_signed_by(request.genesis_hash, request.session, receipt_key) {
		true => Ok(answer),
		false => Err(CloseError::Invalid("it is not signed with the node's receipt key")),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keys::Scheme;

	fn key(uri: &str) -> Keypair {
		Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
	}

	#[test]
	fn requests_are_for_one_session_of_one_chain_until_one_block() {
		let alice = key("//Alice");
		let request =
			CloseRequest { genesis_hash: Hash::repeat_byte(1), session: 7, valid_until: 9 };
		let body = CloseBody::new(&request, &alice);
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
		let agreement = CloseAgreement { genesis_hash, session: 7, settled: 1 << 70 };
		let answer = CloseAnswer { settled: 1 << 70, signature: node.sign_message(&agreement) };
		let json = serde_json::to_value(&answer).unwrap();
		assert_eq!(json["settled"], (1_u128 << 70).to_string());
		let read: CloseAnswer = serde_json::from_value(json).unwrap();
		assert!(read.is_signed_by(genesis_hash, 7, &node.account()));
		let other = CloseAnswer { settled: 5, ..read };
		assert!(!other.is_signed_by(genesis_hash, 7, &node.account()));
	}

	#[tokio::test]
	async fn what_a_node_says_is_short_and_plain() {
		let error = serde_json::json!({ "message": "\u{1b}[2Jé".repeat(999) });
		let body = serde_json::json!({ "error": error }).to_string();
		let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
		let app = axum::Router::new().fallback(move || std::future::ready((status, body.clone())));
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
		let request = CloseRequest { genesis_hash: Hash::zero(), session: 7, valid_until: 9 };
		let refused = ask(&url, &request, &key("//Alice"), &key("//Bob").account()).await;
		serving.abort();
		let Err(CloseError::Refused { status: 503, message }) = refused else { panic!() };
		assert_eq!(message.chars().count(), MESSAGE);
		assert!(message.starts_with("[2Jé["), "{message}");
	}
}

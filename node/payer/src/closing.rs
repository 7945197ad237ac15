//! Asking a node for its agreement to a session's end.

use std::time::Duration;

use futures::StreamExt;
use openledger_chain_client::Keypair;
use openledger_primitives::AccountId;
use openledger_protocol::{
	closing::{CloseAnswer, CloseBody, CloseRequest},
	sanitise::{sanitised, MESSAGE},
};
use reqwest::{redirect::Policy, StatusCode};
use serde_json::Value;
use thiserror::Error;

/// How long the node may take: it waits for its settlements to be final.
const PATIENCE: Duration = Duration::from_secs(180);
/// No answer is longer than this, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

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
	let body = CloseBody::new(request, key.sign_message(request));
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
	use openledger_primitives::{closing::CloseAgreement, Hash};
	use openledger_testkit::key;

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

	#[tokio::test]
	async fn an_agreement_is_its_nodes_alone() {
		let request = CloseRequest { genesis_hash: Hash::zero(), session: 7, valid_until: 9 };
		let (genesis_hash, session, settled) = (request.genesis_hash, request.session, 700);
		let agreement = CloseAgreement { genesis_hash, session, settled };
		let node = key("//Bob");
		let answer = CloseAnswer { settled, signature: node.sign_message(&agreement) };
		let body = serde_json::to_string(&answer).unwrap();
		let app = axum::Router::new().fallback(move || std::future::ready(body.clone()));
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
		let alice = key("//Alice");
		assert_eq!(ask(&url, &request, &alice, &node.account()).await, Ok(answer));
		let other = ask(&url, &request, &alice, &alice.account()).await;
		let other_session = CloseRequest { session: 8, ..request };
		let other_session = ask(&url, &other_session, &alice, &node.account()).await;
		serving.abort();
		assert!(matches!(other, Err(CloseError::Invalid(_))), "{other:?}");
		assert!(matches!(other_session, Err(CloseError::Invalid(_))), "{other_session:?}");
	}
}

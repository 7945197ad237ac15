//! Speaking with nodes over HTTP.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use openledger_chain_client::Keypair;
use openledger_payer_ledger::{LaneSlot, SignedVoucher};
use openledger_primitives::{info::NodeInfo, LaneId, SessionId};
use openledger_protocol::{
	address::OutsideOnly,
	closing::{CloseAnswer, CloseBody, CloseRequest},
	lane_state::LaneStateBody,
	sanitise::{sanitised, MESSAGE, SHOWN},
	x402::{
		self, PaymentRequired, PaymentResponse, PAYMENT_REQUIRED, PAYMENT_RESPONSE,
		PAYMENT_SIGNATURE,
	},
	RefusalCode, Task,
};
use reqwest::{header::CONTENT_TYPE, redirect::Policy, Client, Response};
use thiserror::Error;
use tokio::time::timeout;

pub use super::refusal::Refusal;

/// No error is longer than this, in bytes; what goes beyond is not read.
pub(super) const MAX_ERROR: usize = 64 * 1024;
/// A node may take so long to agree to a session's end: it waits for its settlements to be final.
const AGREEMENT: Duration = Duration::from_secs(180);

/// The time that nodes are given.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
	/// For a connection.
	pub connect: Duration,
	/// For an offer, a statement, or a health check.
	pub question: Duration,
	/// For the next piece of an answer.
	pub silence: Duration,
}

impl Default for Patience {
	fn default() -> Self {
		let seconds = Duration::from_secs;
		Self { connect: seconds(5), question: seconds(15), silence: seconds(300) }
	}
}

/// Speaks with nodes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NodeApi {
	http: Client,
	patience: Patience,
}

/// A node's answer to a request without a payment.
#[derive(Debug)]
pub enum Quote {
	/// The price of the call.
	Offer(Box<PaymentRequired>),
	/// The node refuses, or fails.
	Refused(Refusal),
	/// The node cannot be reached, or speaks another language.
	Failed(String),
}

/// A node's reply to a request with a payment.
#[derive(Debug)]
pub enum Reply {
	/// The answer begins.
	Answer(Response),
	/// It was refused.
	Refused(Refusal),
	/// Nobody was there to take it.
	NobodyThere(String),
	/// It may have been taken.
	Lost(String),
}

/// A reason why a node does not agree to a session's end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoAgreement {
	/// It is settling, or ending a call: it is worth asking again.
	#[error("the inference node does not agree yet: {0}")]
	NotYet(String),
	/// It does not agree, cannot be reached, or what it says is no agreement of its own.
	#[error("the inference node does not agree: {0}")]
	Refused(String),
}

/// A reason why a node does not tell the state of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoLane {
	/// It cannot be reached, or cannot say right now.
	#[error("the inference node does not say what it has of the lane: {0}")]
	NotNow(String),
	/// It does not say, or what it says cannot be read.
	#[error("the inference node shows nothing of the lane: {0}")]
	Refused(String),
}

/// The state of a call's statement, as its node tells it.
#[derive(Debug)]
pub enum StatementStatus {
	/// It was served.
	Served(Box<PaymentResponse>),
	/// It was not charged, and its sequence is used.
	NotCharged,
	/// Its voucher was not taken so far.
	NotTaken,
	/// It is being served, or the node cannot say right now.
	NotNow(String),
}

impl NodeApi {
	/// `inside` allows addresses of this machine and of private networks.
	///
	/// # Errors
	/// If TLS cannot be set up.
	pub fn new(patience: Patience, inside: bool) -> Result<Self, reqwest::Error> {
		let builder = match inside {
			true => Client::builder(),
			// A proxy would look names up by itself, and may be inside.
			false => Client::builder().dns_resolver(Arc::new(OutsideOnly)).no_proxy(),
		};
		let http = builder
			.connect_timeout(patience.connect)
			.read_timeout(patience.silence)
			// A voucher goes where it was meant to go, or nowhere.
			.redirect(Policy::none())
			.user_agent(concat!("openledger-pay/", env!("CARGO_PKG_VERSION")))
			.build()?;
		Ok(Self { http, patience })
	}

	/// Asks without paying, to learn what a call costs.
	pub async fn offer(&self, endpoint: &str, task: Task, body: &[u8]) -> Quote {
		let asking = async {
			let url = address(endpoint, task);
			let request = self.http.post(url).header(CONTENT_TYPE, "application/json");
			let answer = match request.body(body.to_vec()).send().await {
				Ok(answer) => answer,
				Err(error) => return Quote::Failed(describe(&error)),
			};
			if answer.status().is_success() {
				return Quote::Failed("it answered without asking for payment".into());
			}
			match header(&answer, PAYMENT_REQUIRED).map(x402::decode) {
				Some(Ok(offer)) if answer.status().as_u16() == 402 => Quote::Offer(Box::new(offer)),
				Some(Err(error)) => Quote::Failed(format!("its offer cannot be read: {error}")),
				_ => Quote::Refused(Refusal::read(answer).await),
			}
		};
		let after = self.patience.question;
		timeout(after, asking).await.unwrap_or_else(|_| Quote::Failed(late(after)))
	}

	/// Asks with a payment, for `patience` at most until the answer begins.
	pub async fn pay(
		&self,
		endpoint: &str,
		task: Task,
		body: &[u8],
		payment: &SignedVoucher,
		patience: Duration,
	) -> Reply {
		let sending = async {
			let request = self
				.http
				.post(address(endpoint, task))
				.header(CONTENT_TYPE, "application/json")
				.header(PAYMENT_SIGNATURE, payment.header());
			match request.body(body.to_vec()).send().await {
				Ok(answer) if answer.status().is_success() => Reply::Answer(answer),
				Ok(answer) => Reply::Refused(Refusal::read(answer).await),
				Err(error) if error.is_connect() || error.is_builder() => {
					Reply::NobodyThere(describe(&error))
				}
				Err(error) => Reply::Lost(describe(&error)),
			}
		};
		timeout(patience, sending).await.unwrap_or_else(|_| Reply::Lost(late(patience)))
	}

	/// The statement of a call.
	pub async fn statement(&self, endpoint: &str, slot: &LaneSlot) -> StatementStatus {
		let LaneSlot { session, lane, sequence, .. } = slot;
		let asking = async {
			let url = format!("{}/v1/statements/{session}/{lane}/{sequence}", base(endpoint));
			let answer = self.http.get(url).send().await.map_err(|error| describe(&error))?;
			if answer.status().as_u16() != 200 {
				return Ok(StatementStatus::of(Refusal::read(answer).await));
			}
			let json = bounded(answer, MAX_ERROR).await?;
			let read = x402::read_json(&json);
			read.map(|response| StatementStatus::Served(Box::new(response)))
				.map_err(|error| format!("unreadable statement: {error}"))
		};
		let after = self.patience.question;
		let status = timeout(after, asking).await.unwrap_or_else(|_| Err(late(after)));
		status.unwrap_or_else(StatementStatus::NotNow)
	}

	/// The state of a lane, as the node has it.
	///
	/// # Errors
	/// If there is none that can be read.
	pub async fn lane(
		&self,
		endpoint: &str,
		session: SessionId,
		lane: LaneId,
	) -> Result<LaneStateBody, NoLane> {
		let asking = async {
			let url = format!("{}/v1/sessions/{session}/{lane}", base(endpoint));
			let asked = self.http.get(url).send().await;
			let answer = asked.map_err(|error| NoLane::NotNow(describe(&error)))?;
			if answer.status().as_u16() != 200 {
				let Refusal { status, message, .. } = Refusal::read(answer).await;
				return Err(match status {
					409 | 429 | 500.. => NoLane::NotNow(message),
					_ => NoLane::Refused(message),
				});
			}
			let json = bounded(answer, MAX_ERROR).await.map_err(NoLane::NotNow)?;
			serde_json::from_slice(&json)
				.map_err(|error| NoLane::Refused(sanitised(&error.to_string(), SHOWN)))
		};
		let after = self.patience.question;
		timeout(after, asking).await.unwrap_or_else(|_| Err(NoLane::NotNow(late(after))))
	}

	/// Asks for the node's agreement to a session's end.
	///
	/// # Errors
	/// If there is none that holds.
	pub async fn close(
		&self,
		node: &NodeInfo,
		request: &CloseRequest,
		key: &Keypair,
	) -> Result<CloseAnswer, NoAgreement> {
		let url = format!("{}/v1/close/{}", base(&node.endpoint), request.session);
		let body = CloseBody::new(request, key.sign_message(request));
		let asking = self.http.post(url).timeout(AGREEMENT).json(&body).send().await;
		let answer = asking.map_err(|error| NoAgreement::Refused(describe(&error)))?;
		if answer.status().as_u16() != 200 {
			let Refusal { status, message, .. } = Refusal::read(answer).await;
			return Err(match status {
				409 | 503 => NoAgreement::NotYet(message),
				_ => NoAgreement::Refused(message),
			});
		}
		let json = bounded(answer, MAX_ERROR).await.map_err(NoAgreement::Refused)?;
		let answer: CloseAnswer = serde_json::from_slice(&json)
			.map_err(|_| NoAgreement::Refused("its agreement cannot be read".into()))?;
		match answer.is_signed_by(request.genesis_hash, request.session, &node.receipt_key) {
			true => Ok(answer),
			false => Err(NoAgreement::Refused("it has not signed its agreement".into())),
		}
	}

	/// Returns `true` if the node is well.
	pub async fn is_well(&self, endpoint: &str) -> bool {
		let asking = self.http.get(format!("{}/health", base(endpoint))).send();
		let answer = timeout(self.patience.question, asking).await;
		matches!(answer, Ok(Ok(answer)) if answer.status().is_success())
	}
}

impl StatementStatus {
	/// The answer of a node that has no statement of a call. What a proxy does not find, the node behind
	/// it may have.
	fn of(refusal: Refusal) -> Self {
		match (refusal.status, refusal.known_code()) {
			(404, Some(RefusalCode::NotCharged)) => Self::NotCharged,
			(404, Some(RefusalCode::CallUnknown)) => Self::NotTaken,
			_ => Self::NotNow(refusal.message),
		}
	}
}

/// The statement in the header of a whole answer, if there is one that can be read.
pub fn statement_of(answer: &Response) -> Option<PaymentResponse> {
	match x402::decode(header(answer, PAYMENT_RESPONSE)?) {
		Ok(response) => Some(response),
		Err(error) => {
			tracing::warn!(%error, "a statement in a header is unreadable");
			None
		}
	}
}

/// A whole body, if it has no more than `most` bytes.
pub async fn bounded(answer: Response, most: usize) -> Result<Vec<u8>, String> {
	let mut body = Vec::new();
	let mut pieces = answer.bytes_stream();
	while let Some(piece) = pieces.next().await {
		let piece = piece.map_err(|error| describe(&error))?;
		if body.len().saturating_add(piece.len()) > most {
			return Err("it is too long".into());
		}
		body.extend_from_slice(&piece);
	}
	Ok(body)
}

/// The words of an HTTP error, its innermost cause included: the first line alone often says nothing.
pub fn describe(error: &reqwest::Error) -> String {
	let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
	let said = match causes.last().map(ToString::to_string) {
		Some(innermost) if !error.to_string().contains(&innermost) => {
			format!("{error}: {innermost}")
		}
		_ => error.to_string(),
	};
	sanitised(&said, MESSAGE)
}

fn base(endpoint: &str) -> &str {
	endpoint.trim_end_matches('/')
}

fn address(endpoint: &str, task: Task) -> String {
	format!("{}{}", base(endpoint), task.path())
}

fn late(after: Duration) -> String {
	format!("no answer within {} s", after.as_secs())
}

pub(super) fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
	// What is no text is not base64 either, and is refused as such.
	answer.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{info::NodeStatus, lane::CloseAgreement, Hash};
	use openledger_testkit::key;
	use serde_json::{json, Value};

	#[tokio::test]
	async fn a_name_that_leads_inside_is_not_called() {
		let (short, localhost) = (Duration::from_secs(5), "http://localhost:1");
		let patience = Patience { connect: short, question: short, silence: short };
		let refused = async |inside| {
			let api = NodeApi::new(patience, inside).unwrap();
			match api.offer(localhost, Task::Chat, b"{}").await {
				Quote::Failed(reason) => reason,
				other => panic!("{other:?}"),
			}
		};
		assert!(refused(false).await.contains("inside this network"));
		assert!(!refused(true).await.contains("inside this network"));
	}

	#[test]
	fn only_the_node_says_what_became_of_a_call() {
		let said =
			|status: u16, body: &Value| StatementStatus::of(Refusal::of(status, &body.to_string()));
		let of = |code: &str| json!({ "error": { "message": "no", "code": code } });
		assert!(matches!(said(404, &of("not_charged")), StatementStatus::NotCharged));
		assert!(matches!(said(404, &of("call_unknown")), StatementStatus::NotTaken));
		for (status, body) in [
			(404, json!("<html>")),
			(404, json!({ "code": "not_charged" })),
			(404, of("unknown_url")),
			(410, json!(null)),
			(410, of("record_removed")),
			(409, of("not_charged")),
		] {
			assert!(matches!(said(status, &body), StatementStatus::NotNow(_)), "{status} {body}");
		}
	}

	/// Asks for the end of session 7 where a node answers that.
	async fn close(answer: (u16, String), session: u64) -> Result<CloseAnswer, NoAgreement> {
		let status = axum::http::StatusCode::from_u16(answer.0).unwrap();
		let answer = move || std::future::ready((status, answer.1.clone()));
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let endpoint = format!("http://{}", listener.local_addr().unwrap());
		let app = axum::Router::new().fallback(answer);
		let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
		let (short, bob) = (Duration::from_secs(5), key("//Bob").account());
		let node = NodeInfo {
			operator: bob.clone(),
			payee: bob.clone(),
			endpoint,
			receipt_key: bob,
			bond: 0,
			models: vec![],
			status: NodeStatus::Active,
			last_heartbeat: 0,
			sessions: 1,
		};
		let patience = Patience { connect: short, question: short, silence: short };
		let api = NodeApi::new(patience, true).unwrap();
		let request = CloseRequest { genesis_hash: Hash::zero(), session, valid_until: 9 };
		let closed = api.close(&node, &request, &key("//Alice")).await;
		serving.abort();
		closed
	}

	#[tokio::test]
	async fn what_a_node_says_to_a_sessions_end_is_short_and_plain() {
		let error = json!({ "error": { "message": "\u{1b}[2Jé".repeat(999) } }).to_string();
		let Err(NoAgreement::NotYet(message)) = close((503, error), 7).await else { panic!() };
		assert_eq!(message.chars().count(), MESSAGE);
		assert!(message.starts_with("[2Jé["), "{message}");
		let refused = close((403, "{}".into()), 7).await.unwrap_err();
		assert!(matches!(refused, NoAgreement::Refused(_)), "{refused}");
	}

	#[tokio::test]
	async fn an_agreement_is_its_nodes_alone() {
		let (genesis_hash, settled) = (Hash::zero(), 700);
		let agreement = CloseAgreement { genesis_hash, session: 7, settled, extension: None };
		let signed = |by: &str| {
			let signature = key(by).sign_message(&agreement);
			serde_json::to_string(&CloseAnswer { settled, signature }).unwrap()
		};
		assert_eq!(close((200, signed("//Bob")), 7).await.unwrap().settled, settled);
		assert!(close((200, signed("//Alice")), 7).await.is_err(), "of another node");
		assert!(close((200, signed("//Bob")), 8).await.is_err(), "of another session");
	}
}

//! Speaking with nodes over HTTP.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use openledger_chain_client::Keypair;
use openledger_payer_ledger::{LaneSlot, SignedVoucher};
use openledger_primitives::info::NodeInfo;
use openledger_protocol::{
	address::OutsideOnly,
	closing::{CloseAnswer, CloseBody, CloseRequest},
	sanitise::{sanitised, MESSAGE, SHOWN, WORD},
	x402::{
		self, PaymentRequired, PaymentResponse, PAYMENT_REQUIRED, PAYMENT_RESPONSE,
		PAYMENT_SIGNATURE,
	},
	RefusalCode, RefusalDetails, Task,
};
use reqwest::{
	header::{CONTENT_TYPE, RETRY_AFTER},
	redirect::Policy,
	Client, Response,
};
use serde_json::Value;
use thiserror::Error;
use tokio::time::timeout;

/// No error is longer than this, in bytes; what goes beyond is not read.
const MAX_ERROR: usize = 64 * 1024;
/// A node's wish to be left alone is not followed for longer than this.
const LONGEST_RETRY: Duration = Duration::from_secs(300);
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

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
	/// The HTTP status.
	pub status: u16,
	/// `true` if it has the form that a node's errors have: else it may be a proxy's.
	pub shaped: bool,
	/// The family of the error.
	pub kind: String,
	/// Its code.
	pub code: String,
	/// The part of the request that is wrong.
	pub param: Option<String>,
	/// The node's words.
	pub message: String,
	/// The values that the node would take instead.
	pub details: Value,
	/// The time after which it is worth trying again.
	pub retry_after: Option<Duration>,
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

impl Refusal {
	async fn read(answer: Response) -> Self {
		let status = answer.status().as_u16();
		let seconds = header(&answer, RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
		let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY));
		let raw = bounded(answer, MAX_ERROR).await.unwrap_or_default();
		Self { retry_after, ..Self::of(status, &String::from_utf8_lossy(&raw)) }
	}

	/// From an error body in OpenAI's form, or whatever else came.
	pub fn of(status: u16, raw: &str) -> Self {
		let body: Value = serde_json::from_str(raw).unwrap_or_default();
		let text = |key: &str, most: usize| {
			let value = body.get("error").and_then(|error| error.get(key));
			value.and_then(Value::as_str).map(|text| sanitised(text, most))
		};
		let shown = || {
			let shown = sanitised(raw.trim(), SHOWN);
			if shown.is_empty() {
				format!("status {status}, and nothing else")
			} else {
				shown
			}
		};
		let kind = text("type", WORD).unwrap_or_else(|| "server_error".into());
		Self {
			status,
			shaped: text("message", MESSAGE).is_some(),
			code: text("code", WORD).unwrap_or_else(|| kind.clone()),
			kind,
			param: text("param", WORD),
			message: text("message", MESSAGE).unwrap_or_else(shown),
			details: body.get("openledger").cloned().unwrap_or_default(),
			retry_after: None,
		}
	}

	/// The code of a node, if it is one that is known here. What has not the form of a node's errors has
	/// none.
	pub fn known_code(&self) -> Option<RefusalCode> {
		self.code.parse().ok().filter(|_| self.shaped)
	}

	/// The values that the node would take instead, if they can be read.
	pub fn known_details(&self) -> Option<RefusalDetails> {
		RefusalDetails::read(self.known_code()?, &self.details)
	}

	/// Returns `true` if the node answered, in its own words, that the request or its payment is not taken.
	pub fn is_own_refusal(&self) -> bool {
		self.shaped && (400..500).contains(&self.status)
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

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
	// What is no text is not base64 either, and is refused as such.
	answer.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{closing::CloseAgreement, info::NodeStatus, Hash};
	use openledger_testkit::key;
	use serde_json::json;

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

	#[test]
	fn errors_of_nodes_are_told_from_those_of_proxies() {
		let body = json!({
			"error": { "message": "no", "type": "payment_error", "param": "x", "code": "lane_busy" },
			"openledger": { "busy_with": 3 },
		});
		let refusal = Refusal::of(409, &body.to_string());
		assert!(refusal.is_own_refusal());
		assert_eq!((refusal.code.as_str(), refusal.kind.as_str()), ("lane_busy", "payment_error"));
		assert_eq!(refusal.param.as_deref(), Some("x"));
		assert_eq!(refusal.details, json!({ "busy_with": 3 }));
		for raw in ["<html>", "", "{}", r#"{"error": "no"}"#, "null"] {
			let refusal = Refusal::of(404, raw);
			assert!(!refusal.is_own_refusal() && !refusal.message.is_empty(), "{raw}");
		}
		assert!(!Refusal::of(502, &body.to_string()).is_own_refusal());
		assert_eq!(Refusal::of(500, &"x".repeat(9_999)).message.len(), SHOWN);
		let long = "é".repeat(9_999);
		let body = json!({ "error": { "message": long, "type": long, "code": long } });
		let refusal = Refusal::of(400, &body.to_string());
		let characters = |text: &str| text.chars().count();
		assert_eq!(characters(&refusal.message), MESSAGE);
		assert_eq!((characters(&refusal.code), characters(&refusal.kind)), (WORD, WORD));
	}

	#[test]
	fn what_a_node_says_is_short_and_plain() {
		let long = "\u{1b}[2Jé".repeat(9_999);
		let error = json!({ "message": long, "type": long, "code": long, "param": long });
		let refusal = Refusal::of(400, &json!({ "error": error }).to_string());
		let Refusal { kind, code, param, message, .. } = &refusal;
		for word in [kind, code, param.as_ref().unwrap()] {
			assert_eq!(word.chars().count(), WORD);
			assert!(word.starts_with("[2Jé["), "{word}");
		}
		assert_eq!(message.chars().count(), MESSAGE);
		assert!(refusal.shaped && message.starts_with("[2Jé["), "{message}");
		let page = Refusal::of(502, "<h1>\nno\u{7}</h1>");
		assert_eq!((page.shaped, page.message.as_str()), (false, "<h1>\nno</h1>"));
		assert_eq!(Refusal::of(502, "\u{1b}\u{7}").message, "status 502, and nothing else");
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
		let agreement = CloseAgreement { genesis_hash, session: 7, settled };
		let signed = |by: &str| {
			let signature = key(by).sign_message(&agreement);
			serde_json::to_string(&CloseAnswer { settled, signature }).unwrap()
		};
		assert_eq!(close((200, signed("//Bob")), 7).await.unwrap().settled, settled);
		assert!(close((200, signed("//Alice")), 7).await.is_err(), "of another node");
		assert!(close((200, signed("//Bob")), 8).await.is_err(), "of another session");
	}
}

//! Vouchers made by hand, to make them wrong.

use crate::scenario::Opened;
use anyhow::{anyhow, ensure, Context, Result};
use openledger_chain_client::Keypair;
use openledger_payer::sse::SseParser;
use openledger_primitives::{
	answer::Evidence,
	lane::{request_hash, Agreement, Voucher},
	lane_list::LaneList,
	Balance, LaneId, Sequence,
};
use openledger_protocol::x402::{
	self, Payload, PaymentRequired, PaymentResponse, PaymentSignature, Receipt, Requirements,
};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

/// An HTTP client of one inference node that pays out of one session.
pub struct Payer {
	http: Client,
	url: String,
	session: Opened,
	signer: Keypair,
}

/// A lane of a session, as its caller knows it.
#[derive(Clone, Debug, Default)]
pub struct Lane {
	/// Its number.
	pub number: LaneId,
	/// What its calls are made under, once there was one.
	pub agreement: Option<Agreement>,
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// Its charged calls.
	pub list: LaneList,
}

impl Lane {
	/// A lane that was never used.
	pub fn new(number: LaneId) -> Self {
		Self { number, ..Self::default() }
	}

	/// What its calls have cost, in planck.
	pub fn charged(&self) -> Balance {
		self.list.totals().charge
	}

	/// Goes on after a call whose statement has come.
	///
	/// # Errors
	/// If the statement is about another call.
	pub fn take(&mut self, receipt: &Receipt) -> Result<()> {
		let statement = receipt.statement.newest();
		ensure!(statement.lane == self.number, "a statement of another lane: {receipt:?}");
		let (sequence, hash) = (statement.sequence, receipt.statement.hash());
		let taken = self.list.append(sequence, hash, &statement.totals());
		taken.map_err(|error| anyhow!("{error}: {receipt:?}"))?;
		self.agreement = Some(statement.agreement);
		self.sequence = sequence;
		Ok(())
	}
}

/// The answer of a node.
#[derive(Debug)]
pub struct Answer {
	/// The HTTP status.
	pub status: StatusCode,
	/// The body, if it is JSON.
	pub body: Value,
	/// The text of the model's answer.
	pub text: String,
	/// Content of the header `PAYMENT-REQUIRED`.
	pub required: Option<PaymentRequired>,
	/// Content of the header `PAYMENT-RESPONSE`, or the last word of a stream.
	pub response: Option<PaymentResponse>,
}

impl Answer {
	/// Checks that it is an error with this status and code, in the form that OpenAI's clients read.
	///
	/// # Errors
	/// If it is anything else.
	pub fn is_error(&self, status: u16, code: &str) -> Result<()> {
		let error = self.body.get("error").with_context(|| format!("no error body: {self:?}"))?;
		let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
		ensure!(self.status.as_u16() == status, "not {status}: {self:?}");
		ensure!(text("code") == code, "not the code {code}: {self:?}");
		ensure!(!text("message").is_empty() && !text("type").is_empty(), "says nothing: {self:?}");
		ensure!(self.response.is_none(), "an error that acknowledges a payment: {self:?}");
		Ok(())
	}

	/// The statement that came with it.
	///
	/// # Errors
	/// If there is none.
	pub fn receipt(&self) -> Result<&Receipt> {
		let response = self.response.as_ref().with_context(|| format!("no statement: {self:?}"))?;
		Ok(&response.extra)
	}

	/// The answer as it came in pieces.
	fn streamed(mut self, raw: &str) -> Result<Self> {
		let events = SseParser::default().push(raw.as_bytes());
		for event in events.ok().context("an endless event")? {
			if event.name == x402::PAYMENT_RESPONSE {
				self.response = Some(x402::decode(event.data.trim())?);
			} else if let Ok(chunk) = serde_json::from_str::<Value>(&event.data) {
				let piece = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str);
				self.text.push_str(piece.unwrap_or_default());
			}
		}
		Ok(self)
	}

	/// The offer of a node that wants to be paid.
	///
	/// # Errors
	/// If there is none.
	pub fn offer(self) -> Result<Requirements> {
		let required = self.required.as_ref().with_context(|| format!("no offer: {self:?}"))?;
		required.accepts.first().cloned().context("an offer without a way to pay")
	}
}

/// The body of a chat request with one message.
pub fn chat(model: &str, prompt: &str, max_tokens: u32) -> Vec<u8> {
	chat_streamed(model, prompt, max_tokens, false)
}

/// The same, answered in pieces or not.
pub fn chat_streamed(model: &str, prompt: &str, max_tokens: u32, stream: bool) -> Vec<u8> {
	let body = json!({
		"model": model,
		"messages": [{ "role": "user", "content": prompt }],
		"max_tokens": max_tokens,
		"stream": stream,
	});
	body.to_string().into_bytes()
}

impl Payer {
	/// Pays the node at `url` out of `session`, with vouchers that `signer` signs.
	pub fn new(url: String, session: Opened, signer: Keypair) -> Self {
		Self { http: Client::new(), url, session, signer }
	}

	/// The same payer with another session.
	pub fn with_session(&self, session: Opened) -> Self {
		Self {
			http: self.http.clone(),
			url: self.url.clone(),
			session,
			signer: self.signer.clone(),
		}
	}

	/// The same payer with another key.
	pub fn with_signer(&self, signer: Keypair) -> Self {
		Self { signer, ..self.with_session(self.session) }
	}

	/// A request to the chat endpoint, with a payment or without.
	///
	/// # Errors
	/// If the node cannot be reached, or sends headers that cannot be read.
	pub async fn ask(&self, body: &[u8], payment: Option<&str>) -> Result<Answer> {
		let mut request = self
			.http
			.post(format!("{}/v1/chat/completions", self.url))
			.header("content-type", "application/json")
			.body(body.to_vec());
		if let Some(payment) = payment {
			request = request.header(x402::PAYMENT_SIGNATURE, payment);
		}
		let answer = request.send().await?;
		let status = answer.status();
		let header = |name| answer.headers().get(name).map(|value| value.to_str()).transpose();
		let required = header(x402::PAYMENT_REQUIRED)?.map(x402::decode).transpose()?;
		let response = header(x402::PAYMENT_RESPONSE)?.map(x402::decode).transpose()?;
		let raw = answer.text().await?;
		let body: Value = serde_json::from_str(&raw).unwrap_or_default();
		let whole = body.pointer("/choices/0/message/content").and_then(Value::as_str);
		let text = whole.unwrap_or_default().to_owned();
		let answer = Answer { status, body, text, required, response };
		match answer.body.is_null() {
			true => answer.streamed(&raw),
			false => Ok(answer),
		}
	}

	/// The node's offer for a request.
	///
	/// # Errors
	/// If it does not say.
	pub async fn offer(&self, body: &[u8]) -> Result<Requirements> {
		let answer = self.ask(body, None).await?;
		ensure!(answer.status == StatusCode::PAYMENT_REQUIRED, "not 402: {answer:?}");
		answer.offer()
	}

	/// A voucher that pays for a request as it was offered, the next one of a lane.
	pub fn voucher(&self, offer: &Requirements, body: &[u8], lane: &Lane) -> Voucher {
		let as_of = self.session.at.max(offer.extra.block);
		let agreement = offer.extra.agreement(as_of, Evidence::Open);
		let acknowledged = lane.charged();
		Voucher {
			genesis_hash: offer.extra.genesis_hash,
			session: self.session.id,
			lane: lane.number,
			// One for all of its calls.
			agreement: lane.agreement.unwrap_or(agreement),
			sequence: lane.sequence.saturating_add(1),
			acknowledged,
			acknowledged_root: lane.list.root(),
			authorised: acknowledged.saturating_add(offer.amount),
			request_hash: request_hash(&SALT, body),
			valid_until: offer.extra.block.saturating_add(20),
			extension: None,
		}
	}

	/// The payment header with a voucher, signed.
	pub fn payment(&self, offer: &Requirements, voucher: Voucher) -> String {
		let signature = self.signer.sign_message(&voucher);
		x402::encode(&PaymentSignature {
			x402_version: x402::VERSION,
			resource: None,
			accepted: offer.clone(),
			payload: Payload { voucher: voucher.into(), signature, salt: SALT },
		})
	}

	/// Pays for a request with a voucher.
	///
	/// # Errors
	/// If the node cannot be reached.
	pub async fn pay(&self, offer: &Requirements, body: &[u8], voucher: Voucher) -> Result<Answer> {
		self.ask(body, Some(&self.payment(offer, voucher))).await
	}
}

/// Always the same one: tests have nothing to hide.
pub const SALT: [u8; 32] = [7; 32];

//! An inference node whose answers are always the same, and whose honesty a test sets.

use std::{
	collections::HashMap,
	convert::Infallible,
	sync::{Arc, Mutex},
};

use axum::{
	body::{Body, Bytes},
	extract::{Path, State},
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use futures::stream;
use openledger_primitives::{
	info::ModelInfo,
	signing::Signed,
	statement::{response_hash, Statement},
	AccountId, Balance, Hash, LaneId, Sequence, SessionId,
};
use serde_json::{json, Value};

use crate::{
	caller::LaneTerms,
	keys::Keypair,
	x402::{
		self, Payload, PaymentRequired, PaymentResponse, PaymentSignature, Requirements, Terms,
	},
};

/// How the node behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
	#[default]
	Honest,
	/// Charges a token too many for the price.
	Overcharge,
	/// Charges more output tokens than were agreed on.
	TooManyTokens,
	/// States the hash of another answer.
	WrongText,
	/// Signs its statement with another key.
	WrongKey,
	/// Wants another price than the chain's.
	WrongPrice,
	/// Wants the money to go elsewhere.
	WrongPayee,
	/// Serves and charges, but the connection breaks before the statement.
	BreakOff,
	/// The same, and the node says nothing of it afterwards.
	BreakOffMute,
	/// Says it all, and states the hash of another answer when it is asked: but not yet.
	WrongTextMute,
	/// Takes the voucher, and the connection breaks before it has served anything.
	BreakEarly,
	/// The connection breaks before the voucher arrives.
	Lose,
	/// Fails after it took the voucher, and says so.
	Fail,
	/// Has no room right now, and takes nothing.
	Busy,
	/// Serves and charges, behind a proxy that loses patience.
	Proxied,
	/// Says no more about calls.
	Mute,
}

/// The answer, and its tokens.
pub(crate) const ANSWER: [&str; 3] = ["The capital", " of Zoë", " is Paris."];

/// What the node knows of a lane.
#[derive(Default)]
pub(crate) struct LaneLedger {
	pub sequence: Sequence,
	pub charged: Balance,
	pub terms: Option<LaneTerms>,
}

#[derive(Default)]
pub(crate) struct Ledger {
	pub mood: Mood,
	pub lanes: HashMap<LaneId, LaneLedger>,
	pub served: HashMap<(SessionId, LaneId, Sequence), PaymentResponse>,
	/// Paid requests that came.
	pub paid_requests: u32,
	/// Whether it keeps an answer for whoever has lost it.
	pub keeps: bool,
	/// How often it is not done yet when such a one comes.
	pub not_yet: u32,
	/// How often it was asked what became of a call.
	pub asked: u32,
	/// Says of all sessions that their numbers were somebody else's.
	pub foreign: bool,
	/// What got lost on its way.
	pub lost: Option<(Bytes, String)>,
	/// Refuse so many vouchers as if the session were not known yet.
	pub session_unknown: u32,
}

pub(crate) struct FakeNode {
	pub url: String,
	pub ledger: Arc<Mutex<Ledger>>,
	pub model: Arc<Mutex<ModelInfo>>,
	shared: Shared,
	task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
	genesis: Hash,
	operator: Keypair,
	model: Arc<Mutex<ModelInfo>>,
	payer: AccountId,
	ledger: Arc<Mutex<Ledger>>,
}

impl FakeNode {
	/// A node that serves `model` to `payer`.
	pub(crate) async fn start(
		genesis: Hash,
		operator: Keypair,
		model: ModelInfo,
		payer: AccountId,
	) -> Self {
		let ledger = Arc::new(Mutex::new(Ledger::default()));
		let model = Arc::new(Mutex::new(model));
		let (ledger_of, model_of) = (ledger.clone(), model.clone());
		let shared = Shared { genesis, operator, model: model_of, payer, ledger: ledger_of };
		let app = Router::new()
			.route("/v1/chat/completions", post(chat))
			.route("/v1/statements/{session}/{lane}/{sequence}", get(statement))
			.with_state(shared.clone());
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
		Self { url, ledger, model, shared, task }
	}

	pub(crate) fn set(&self, mood: Mood) {
		self.ledger.lock().unwrap().mood = mood;
	}

	/// Takes what got lost on its way.
	pub(crate) fn take_late(&self) {
		let mut ledger = self.ledger.lock().unwrap();
		let (body, header) = ledger.lost.take().unwrap();
		assert!(serve(&self.shared, &mut ledger, &header, &body).status().is_success());
	}
}

impl Drop for FakeNode {
	fn drop(&mut self) {
		self.task.abort();
	}
}

fn refused(status: u16, code: &str, details: Value) -> Response {
	let error = json!({ "message": format!("no: {code}"), "type": "payment_error",
		"param": null, "code": code });
	let body = json!({ "error": error, "openledger": details });
	(StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn offer(shared: &Shared, mood: Mood) -> Requirements {
	let model = shared.model.lock().unwrap().clone();
	let mut price = model.price;
	if mood == Mood::WrongPrice {
		price.per_call += 1;
	}
	let account = shared.operator.account();
	let terms = Terms {
		genesis_hash: shared.genesis,
		model: model.id,
		model_name: model.name,
		version: model.version,
		price_version: model.price_version,
		price,
		input_tokens: 12,
		max_output_tokens: 16,
		receipt_key: account.clone(),
		block: 10,
		valid_until: 60,
	};
	let payee = if mood == Mood::WrongPayee { [9; 32].into() } else { account };
	Requirements::new(payee, 60, terms).unwrap()
}

/// Whether the next voucher of the lane is this one.
fn check(payload: &Payload, body: &[u8], shared: &Shared, ledger: &mut Ledger) -> Option<Response> {
	let voucher = &payload.voucher;
	if ledger.session_unknown > 0 {
		ledger.session_unknown -= 1;
		return Some(refused(402, "session_unknown", Value::Null));
	}
	if ledger.foreign {
		return Some(refused(402, "session_of_other_caller", Value::Null));
	}
	if !payload.is_signed_by(&shared.payer) || !payload.is_for(body) {
		return Some(refused(402, "invalid_signature", Value::Null));
	}
	let lane = ledger.lanes.entry(voucher.lane).or_default();
	let (model, version, price_version) = (voucher.model, voucher.version, voucher.price_version);
	let terms = LaneTerms { model, version, price_version };
	if lane.terms.is_some_and(|used| used != terms) {
		return Some(refused(409, "lane_of_other_terms", Value::Null));
	}
	let expected = lane.sequence + 1;
	if voucher.sequence != expected {
		return Some(refused(409, "voucher_out_of_order", json!({ "sequence": expected })));
	}
	if voucher.acknowledged != lane.charged {
		let expected = lane.charged.to_string();
		return Some(refused(402, "acknowledged_mismatch", json!({ "acknowledged": expected })));
	}
	lane.sequence = expected;
	lane.terms = Some(terms);
	None
}

async fn chat(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
	let mut ledger = shared.ledger.lock().unwrap();
	let mood = ledger.mood;
	let offer = offer(&shared, mood);
	let Some(header) = headers.get(x402::PAYMENT_SIGNATURE) else {
		let required = PaymentRequired::new("payment_required", "http://node", offer);
		let mut response = refused(402, "payment_required", Value::Null);
		let header = x402::encode(&required).parse().unwrap();
		response.headers_mut().insert(x402::PAYMENT_REQUIRED, header);
		return response;
	};
	ledger.paid_requests += 1;
	if mood == Mood::Busy {
		return refused(429, "overloaded", Value::Null);
	}
	let header = header.to_str().unwrap();
	if mood == Mood::Lose {
		ledger.lost = Some((body, header.to_owned()));
		return (StatusCode::BAD_GATEWAY, "<html>no route</html>").into_response();
	}
	serve(&shared, &mut ledger, header, &body)
}

fn serve(shared: &Shared, ledger: &mut Ledger, header: &str, body: &[u8]) -> Response {
	let mood = ledger.mood;
	let payment: PaymentSignature = x402::decode(header).unwrap();
	let payload = payment.payload;
	let place = (payload.voucher.session, payload.voucher.lane, payload.voucher.sequence);
	if let Some(kept) = ledger.served.get(&place).filter(|_| ledger.keeps) {
		assert!(payload.is_for(body));
		if ledger.not_yet > 0 {
			ledger.not_yet -= 1;
			return refused(409, "voucher_already_used", Value::Null);
		}
		return whole(Mood::Honest, &ANSWER.concat(), kept);
	}
	if let Some(refusal) = check(&payload, body, shared, ledger) {
		return refusal;
	}
	match mood {
		Mood::Fail => return refused(502, "upstream_failed", Value::Null),
		Mood::BreakEarly => return stream_of(vec![Ok(sse_text("The"))], true),
		_ => {}
	}
	let (text, input_tokens) = (ANSWER.concat(), 12);
	let output_tokens = if mood == Mood::TooManyTokens { 17 } else { 3 };
	let model = shared.model.lock().unwrap().clone();
	let price = model.price.charge(input_tokens, output_tokens).unwrap();
	let is_wrong = matches!(mood, Mood::WrongText | Mood::WrongTextMute);
	let stated = if is_wrong { "Berlin" } else { &text };
	let voucher = payload.voucher;
	let statement = Statement {
		genesis_hash: shared.genesis,
		session: voucher.session,
		lane: voucher.lane,
		sequence: voucher.sequence,
		model: model.id,
		version: model.version,
		price_version: model.price_version,
		input_tokens,
		output_tokens,
		charge: if mood == Mood::Overcharge { price + 1 } else { price },
		request_hash: voucher.request_hash,
		response_hash: response_hash(&payload.salt, stated.as_bytes()),
		attribution: Default::default(),
	};
	let signature = match mood {
		Mood::WrongKey => shared.operator.sign(b"something else"),
		_ => shared.operator.sign(&statement.signing_payload()),
	};
	ledger.lanes.entry(voucher.lane).or_default().charged += statement.charge;
	let response =
		PaymentResponse::new(&shared.genesis, shared.payer.clone(), statement, signature);
	let key = (voucher.session, voucher.lane, voucher.sequence);
	ledger.served.insert(key, response.clone());
	if matches!(mood, Mood::BreakOffMute | Mood::WrongTextMute) {
		ledger.mood = Mood::Mute;
	}
	if mood == Mood::Proxied {
		return (StatusCode::REQUEST_TIMEOUT, "<html>too slow</html>").into_response();
	}
	let request: Value = serde_json::from_slice(body).unwrap();
	if request["stream"] == true {
		streamed(mood, &response)
	} else {
		whole(mood, &text, &response)
	}
}

fn sse_text(text: &str) -> String {
	let delta = json!({ "choices": [{ "delta": { "content": text }, "finish_reason": null }] });
	format!("data: {delta}\n\n")
}

fn stream_of(pieces: Vec<Result<String, Infallible>>, cut: bool) -> Response {
	let mut pieces: Vec<Result<String, std::io::Error>> =
		pieces.into_iter().map(|piece| Ok(piece.unwrap())).collect();
	if cut {
		pieces.push(Err(std::io::Error::other("cable cut")));
	}
	let body = Body::from_stream(stream::iter(pieces));
	([("content-type", "text/event-stream")], body).into_response()
}

fn streamed(mood: Mood, response: &PaymentResponse) -> Response {
	let mut pieces: Vec<Result<String, Infallible>> =
		ANSWER.iter().map(|text| Ok(sse_text(text))).collect();
	let last = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
	pieces.push(Ok(format!("data: {last}\n\n")));
	if matches!(mood, Mood::BreakOff | Mood::BreakOffMute) {
		return stream_of(pieces, true);
	}
	if mood != Mood::WrongTextMute {
		pieces.push(Ok(format!(": payment-response {}\n\n", x402::encode(response))));
	}
	pieces.push(Ok("data: [DONE]\n\n".into()));
	stream_of(pieces, false)
}

fn whole(mood: Mood, text: &str, response: &PaymentResponse) -> Response {
	let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] });
	if matches!(mood, Mood::BreakOff | Mood::BreakOffMute) {
		let body = body.to_string().split_off(5);
		let pieces = vec![Ok(body), Err(std::io::Error::other("cable cut"))];
		return Body::from_stream(stream::iter(pieces)).into_response();
	}
	if mood == Mood::WrongTextMute {
		return Json(body).into_response();
	}
	([(x402::PAYMENT_RESPONSE, x402::encode(response))], Json(body)).into_response()
}

async fn statement(
	State(shared): State<Shared>,
	Path(key): Path<(SessionId, LaneId, Sequence)>,
) -> Response {
	let mut ledger = shared.ledger.lock().unwrap();
	ledger.asked += 1;
	if ledger.mood == Mood::Mute {
		return refused(503, "store_unavailable", Value::Null);
	}
	match ledger.served.get(&key) {
		Some(response) => Json(response).into_response(),
		None if ledger.lanes.get(&key.1).is_some_and(|lane| key.2 <= lane.sequence) => {
			refused(404, "not_charged", Value::Null)
		}
		None => refused(404, "call_unknown", Value::Null),
	}
}

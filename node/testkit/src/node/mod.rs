//! An inference node whose answers are always the same, and whose honesty a test sets. It checks
//! vouchers as a real one does.

mod answers;
mod books;
mod mood;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
	body::Bytes,
	extract::{Path, State},
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	closing::CloseAgreement,
	info::LaneInfo,
	price::Tokens,
	signing::Signed,
	statement::{response_hash, Statement},
	voucher::Voucher,
	AccountId, Balance, LaneId, ModelId, Sequence, SessionId,
};
use openledger_protocol::{
	closing::{CloseAnswer, CloseBody},
	x402::{
		self, Payload, PaymentRequired, PaymentResponse, PaymentSignature, Requirements, Terms,
	},
	Task,
};
use parking_lot::Mutex;
use serde_json::{json, Value};

use self::answers::{endless, padded, stream_of, streamed, whole};
pub use self::{
	answers::{ANSWER, TOOL},
	books::{LaneBook, NodeBooks},
	mood::Mood,
};
use crate::TestChain;

/// An inference node on a port of its own, until it is dropped.
pub struct FakeNode {
	/// Its base URL.
	pub url: String,
	/// The operator's key, which also signs statements.
	pub keypair: Keypair,
	/// Its books, and how it behaves.
	pub ledger: Arc<Mutex<NodeBooks>>,
	shared: Shared,
	task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
	chain: Arc<TestChain>,
	operator: Keypair,
	model: ModelId,
	ledger: Arc<Mutex<NodeBooks>>,
}

impl FakeNode {
	/// A node that serves `model`.
	pub async fn start(chain: Arc<TestChain>, operator: Keypair, model: ModelId) -> Self {
		let ledger = NodeBooks { input_tokens: 12, unasked: 16, ..NodeBooks::default() };
		Self::with_books(chain, operator, model, Arc::new(Mutex::new(ledger))).await
	}

	/// A node that goes on with the books of another.
	pub async fn with_books(
		chain: Arc<TestChain>,
		operator: Keypair,
		model: ModelId,
		ledger: Arc<Mutex<NodeBooks>>,
	) -> Self {
		let keypair = operator.clone();
		let shared = Shared { chain, operator, model, ledger: ledger.clone() };
		let app = Router::new()
			.route(Task::Chat.path(), post(chat))
			.route(Task::Text.path(), post(text))
			.route(Task::Embeddings.path(), post(vectors))
			.route("/v1/close/{session}", post(close))
			.route("/v1/statements/{session}/{lane}/{sequence}", get(statement))
			.route("/health", get(health))
			.with_state(shared.clone());
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
		Self { url, keypair, ledger, shared, task }
	}

	/// The key of the node with this number.
	pub fn key(number: usize) -> Keypair {
		Keypair::from_uri(&format!("//Node//{number}"), Default::default()).unwrap()
	}

	/// Changes how it behaves.
	pub fn set(&self, mood: Mood) {
		self.ledger.lock().mood = mood;
	}

	/// Somebody brings a request again whose voucher it has not taken, and it takes it.
	pub fn bring_again(&self) {
		let (body, header) = self.ledger.lock().refused.remove(0);
		let payment: PaymentSignature = x402::decode(&header).unwrap();
		let offer = offer(&self.shared, Task::Chat, Mood::Honest, &body);
		let taken = take(&payment.payload, &body, offer.amount, &self.shared);
		let taken = taken.unwrap_or_else(|refused| panic!("{refused:?}"));
		serve(&self.shared, Task::Chat, Mood::Honest, &offer, &payment.payload, &taken.payer);
	}

	/// The sum of its charges, in planck.
	pub fn charged(&self) -> Balance {
		self.ledger.lock().lanes.values().map(|lane| lane.charged).sum()
	}

	/// Settles all that vouchers have authorised.
	pub fn settle_all_it_can(&self) {
		let ledger = self.ledger.lock();
		let mut state = self.shared.chain.state.lock();
		for ((session, lane), book) in &ledger.lanes {
			let Some(info) = state.sessions.get_mut(session) else { continue };
			info.lanes.retain(|settled| settled.lane != *lane);
			let (lane, sequence, settled) = (*lane, book.sequence, book.authorised);
			info.lanes.push(LaneInfo { lane, sequence, settled });
		}
	}

	/// The most that it could redeem, in planck: the sum that vouchers have authorised, as far as there
	/// are deposits.
	pub fn redeemable(&self) -> Balance {
		let mut sessions: BTreeMap<SessionId, Balance> = BTreeMap::new();
		for ((session, _), lane) in &self.ledger.lock().lanes {
			*sessions.entry(*session).or_default() += lane.authorised;
		}
		let state = self.shared.chain.state.lock();
		let deposit = |session| state.sessions.get(session).map_or(0, |info| info.deposit);
		sessions.iter().map(|(session, most)| deposit(session).min(*most)).sum()
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

fn offer(shared: &Shared, task: Task, mood: Mood, body: &[u8]) -> Requirements {
	let (model, block) = {
		let state = shared.chain.state.lock();
		(state.models[&shared.model].clone(), state.best)
	};
	let mut price = model.price;
	if mood == Mood::WrongPrice {
		price.per_call += 1;
	}
	let asked: Value = serde_json::from_slice(body).unwrap();
	let most = match (task, mood) {
		(Task::Embeddings, Mood::GreedyVectors) => 1,
		(Task::Embeddings, _) => 0,
		_ => asked["max_tokens"].as_u64().unwrap_or(shared.ledger.lock().unasked.into()),
	};
	let account = shared.operator.account();
	let terms = Terms {
		genesis_hash: shared.chain.genesis,
		model: model.id,
		model_name: model.name,
		version: model.version,
		price_version: model.price_version,
		price,
		input_tokens: shared.ledger.lock().input_tokens,
		max_output_tokens: u32::try_from(most).unwrap(),
		receipt_key: account.clone(),
		block,
		valid_until: block + 50,
	};
	Requirements::new(account, 60, terms).unwrap()
}

/// A call that is being answered. When nobody waits for its answer any more, it is not charged.
struct Taken {
	ledger: Arc<Mutex<NodeBooks>>,
	lane: (SessionId, LaneId),
	/// The caller that pays.
	payer: AccountId,
}

impl Drop for Taken {
	fn drop(&mut self) {
		let mut ledger = self.ledger.lock();
		ledger.at_once -= 1;
		ledger.lanes.get_mut(&self.lane).unwrap().in_flight = 0;
	}
}

/// Takes a voucher as a real node does, and sets aside what it may cost.
fn take(
	payload: &Payload,
	body: &[u8],
	amount: Balance,
	shared: &Shared,
) -> Result<Taken, Response> {
	let voucher = &payload.voucher;
	let payment = |code, details| Err(refused(402, code, details));
	let mut ledger = shared.ledger.lock();
	if ledger.session_unknown > 0 {
		ledger.session_unknown -= 1;
		return payment("session_unknown", Value::Null);
	}
	let info = shared.chain.state.lock().sessions.get(&voucher.session).cloned();
	if ledger.foreign == Some(voucher.session) {
		return payment("session_of_other_caller", Value::Null);
	}
	let Some(info) = info.filter(|info| info.node == shared.operator.account()) else {
		return payment("session_unknown", Value::Null);
	};
	if info.closes_at.is_some() {
		return payment("session_closing", Value::Null);
	}
	let by_hot_key = info.signer != info.caller && payload.is_signed_by(&info.signer);
	if !by_hot_key && !payload.is_signed_by(&info.caller) || !payload.is_for(body) {
		return payment("invalid_signature", Value::Null);
	}
	assert_eq!(voucher.genesis_hash, shared.chain.genesis);
	if voucher.allowance().is_none_or(|allowed| allowed < amount) {
		return payment("insufficient_authorisation", Value::Null);
	}
	let in_session = ledger.lanes.range((voucher.session, 0)..=(voucher.session, LaneId::MAX));
	let used: Balance = in_session.map(|(_, lane)| lane.charged + lane.in_flight).sum();
	let lane = ledger.lanes.entry((voucher.session, voucher.lane)).or_default();
	let expected = lane.sequence + 1;
	let terms = |voucher: &Voucher| (voucher.model, voucher.version, voucher.price_version);
	if lane.last.is_some_and(|last| terms(&last) != terms(voucher)) {
		return Err(refused(409, "lane_of_other_terms", Value::Null));
	}
	if lane.in_flight > 0 {
		return Err(refused(409, "lane_busy", Value::Null));
	}
	if voucher.sequence != expected {
		return Err(refused(409, "voucher_out_of_order", json!({ "sequence": expected })));
	}
	if voucher.acknowledged != lane.charged {
		let expected = lane.charged.to_string();
		return payment("acknowledged_mismatch", json!({ "acknowledged": expected }));
	}
	if used + amount > info.deposit {
		return payment("session_underfunded", Value::Null);
	}
	if by_hot_key && used + amount > info.spending_limit {
		return payment("spending_limit_reached", Value::Null);
	}
	lane.sequence = expected;
	lane.in_flight = amount.max(1);
	lane.last = Some(*voucher);
	lane.authorised = lane.authorised.max(voucher.authorised);
	ledger.by_hot_key += u32::from(by_hot_key);
	ledger.at_once += 1;
	ledger.most_at_once = ledger.most_at_once.max(ledger.at_once);
	let lane = (voucher.session, voucher.lane);
	Ok(Taken { ledger: shared.ledger.clone(), lane, payer: info.caller })
}

async fn chat(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
	answer(Task::Chat, shared, headers, body).await
}

async fn text(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
	answer(Task::Text, shared, headers, body).await
}

async fn vectors(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
	answer(Task::Embeddings, shared, headers, body).await
}

async fn answer(task: Task, shared: Shared, headers: HeaderMap, body: Bytes) -> Response {
	let (mood, delay) = {
		let ledger = shared.ledger.lock();
		(ledger.mood, ledger.delay)
	};
	match mood {
		Mood::Broken => return (StatusCode::BAD_GATEWAY, "<html>").into_response(),
		Mood::Busy => return refused(429, "overloaded", Value::Null),
		Mood::Picky(status, code) => return refused(status, code, Value::Null),
		Mood::NoVectors if task == Task::Embeddings => {
			shared.ledger.lock().offers += 1;
			return refused(400, "unsupported_endpoint", Value::Null);
		}
		_ => {}
	}
	let offer = offer(&shared, task, mood, &body);
	let Some(header) = headers.get(x402::PAYMENT_SIGNATURE) else {
		shared.ledger.lock().offers += 1;
		let required = PaymentRequired::new("payment_required", "http://node", offer);
		let mut response = refused(402, "payment_required", Value::Null);
		let header = x402::encode(&required).parse().unwrap();
		response.headers_mut().insert(x402::PAYMENT_REQUIRED, header);
		return response;
	};
	shared.ledger.lock().paid += 1;
	let payment: PaymentSignature = x402::decode(header.to_str().unwrap()).unwrap();
	let payload = payment.payload;
	if matches!(mood, Mood::Crowded | Mood::Unreached) {
		let header = header.to_str().unwrap().to_owned();
		shared.ledger.lock().refused.push((body.to_vec(), header));
		return match mood {
			Mood::Crowded => refused(429, "overloaded", Value::Null),
			_ => (StatusCode::BAD_GATEWAY, "<html>no route</html>").into_response(),
		};
	}
	if let Mood::Denying(code) = mood {
		return refused(409, code, json!({ "sequence": u64::MAX }));
	}
	if mood == Mood::Keeping {
		let place = &payload.voucher;
		let key = (place.session, place.lane, place.sequence);
		let mut ledger = shared.ledger.lock();
		if let Some(kept) = ledger.served.get(&key).cloned() {
			return match ledger.is_not_done() {
				true => refused(409, "voucher_already_used", Value::Null),
				false => whole(task, Mood::Honest, &kept),
			};
		}
	}
	let taken = match take(&payload, &body, offer.amount, &shared) {
		Ok(taken) => taken,
		Err(refusal) => return refusal,
	};
	tokio::time::sleep(delay).await;
	match mood {
		Mood::Fail => return refused(502, "upstream_failed", Value::Null),
		Mood::BreakEarly => return stream_of(vec![], true),
		_ => {}
	}
	let response = serve(&shared, task, mood, &offer, &payload, &taken.payer);
	let request: Value = serde_json::from_slice(&body).unwrap();
	match (mood, request["stream"] == true) {
		(Mood::Thief, _) => stream_of(vec![], true),
		(Mood::Padding | Mood::PaddingMute, true) => padded(),
		(Mood::Endless, true) => endless(),
		(Mood::Stalling, _) => std::future::pending().await,
		(Mood::Proxied, _) => {
			(StatusCode::REQUEST_TIMEOUT, "<html>too slow</html>").into_response()
		}
		(_, true) if task != Task::Embeddings => streamed(task, mood, &response),
		_ => whole(task, mood, &response),
	}
}

/// Charges the call and signs its statement.
fn serve(
	shared: &Shared,
	task: Task,
	mood: Mood,
	offer: &Requirements,
	payload: &Payload,
	payer: &AccountId,
) -> PaymentResponse {
	let terms = &offer.extra;
	let voucher = payload.voucher;
	let output_tokens = match mood {
		Mood::TooManyTokens => terms.max_output_tokens + 1,
		Mood::Thief
		| Mood::Padding
		| Mood::PaddingMute
		| Mood::PaddingWholeMute
		| Mood::Stalling
		| Mood::Endless => terms.max_output_tokens,
		_ => 3.min(terms.max_output_tokens),
	};
	let tokens = Tokens::new(terms.input_tokens, output_tokens);
	let price = terms.price.charge(&tokens).unwrap();
	let text = match (task, mood) {
		(_, Mood::Empty) => String::new(),
		(_, Mood::WrongText | Mood::ThinkingWrongText | Mood::WrongTextMute) => "Berlin".to_owned(),
		(Task::Embeddings, _) => "AAAAPwAAgL8=\nAAAAQA==\n".to_owned(),
		(Task::Chat, Mood::Tool) => [&ANSWER.concat(), TOOL.0, TOOL.1].concat(),
		_ => ANSWER.concat(),
	};
	let statement = Statement {
		genesis_hash: terms.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		sequence: voucher.sequence,
		model: terms.model,
		version: terms.version,
		price_version: terms.price_version,
		input_tokens: terms.input_tokens,
		output_tokens,
		charge: if mood == Mood::Overcharge { price + 1 } else { price },
		request_hash: voucher.request_hash,
		response_hash: response_hash(&payload.salt, text.as_bytes()),
		attribution: Default::default(),
	};
	let signature = match mood {
		Mood::WrongKey => shared.operator.sign(b"something else"),
		_ => shared.operator.sign(&statement.signing_payload()),
	};
	let mut ledger = shared.ledger.lock();
	let lane = ledger.lanes.get_mut(&(voucher.session, voucher.lane)).unwrap();
	lane.charged += statement.charge;
	let payer = payer.clone();
	let response = PaymentResponse::new(&terms.genesis_hash, payer, statement, signature);
	let key = (voucher.session, voucher.lane, voucher.sequence);
	ledger.served.insert(key, response.clone());
	if mood.ends_mute() {
		ledger.mood = Mood::Mute;
	}
	response
}

/// Settles what it has served, and agrees to a session's end.
async fn close(
	State(shared): State<Shared>,
	Path(session): Path<SessionId>,
	Json(body): Json<CloseBody>,
) -> Response {
	let genesis_hash = shared.chain.genesis;
	let caller = shared.chain.state.lock().sessions[&session].caller.clone();
	assert!(body.is_signed_by(genesis_hash, session, &caller));
	let mut ledger = shared.ledger.lock();
	ledger.closings += 1;
	if ledger.stubborn {
		return refused(403, "invalid_signature", Value::Null);
	}
	if ledger.settling > 0 {
		ledger.settling -= 1;
		return refused(503, "not_settled", Value::Null);
	}
	let mut state = shared.chain.state.lock();
	let info = state.sessions.get_mut(&session).unwrap();
	let lanes = ledger.lanes.range((session, 0)..=(session, LaneId::MAX));
	info.lanes = lanes
		.map(|((_, lane), book)| LaneInfo {
			lane: *lane,
			sequence: book.sequence,
			settled: book.charged,
		})
		.collect();
	let settled = info.lanes.iter().map(|lane| lane.settled).sum();
	info.settled = settled;
	let agreement = CloseAgreement { genesis_hash, session, settled };
	let signature = shared.operator.sign_message(&agreement);
	Json(CloseAnswer { settled, signature }).into_response()
}

async fn health(State(shared): State<Shared>) -> StatusCode {
	match shared.ledger.lock().unwell {
		true => StatusCode::SERVICE_UNAVAILABLE,
		false => StatusCode::OK,
	}
}

async fn statement(
	State(shared): State<Shared>,
	Path(key): Path<(SessionId, LaneId, Sequence)>,
) -> Response {
	if shared.ledger.lock().mood == Mood::Hanging {
		return std::future::pending().await;
	}
	let mut ledger = shared.ledger.lock();
	ledger.asked += 1;
	if ledger.mood == Mood::Mute {
		return refused(503, "store_unavailable", Value::Null);
	}
	if ledger.is_not_done() {
		return refused(409, "call_in_progress", Value::Null);
	}
	match ledger.served.get(&key) {
		Some(response) => Json(response).into_response(),
		None if ledger.taken(key) => refused(404, "not_charged", Value::Null),
		None => refused(404, "call_unknown", Value::Null),
	}
}

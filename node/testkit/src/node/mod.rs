//! An inference node whose answers are always the same, and whose honesty a test sets. It checks
//! vouchers as a real one does.

mod answers;
mod books;
mod lookups;
mod mood;
mod serving;
mod taking;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
	http::StatusCode,
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	info::{LaneInfo, SessionInfo},
	price::Tokens,
	Balance, LaneId, ModelId, SessionId,
};
use openledger_protocol::{
	x402::{self, PaymentSignature, Requirements, Terms},
	Task,
};
use parking_lot::Mutex;
use serde_json::{json, Value};

pub use self::{
	answers::{ANSWER, TOOL},
	books::{LaneBook, LastVoucher, NodeBooks},
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
			.route(Task::Chat.path(), post(serving::chat))
			.route(Task::Text.path(), post(serving::text))
			.route(Task::Embeddings.path(), post(serving::vectors))
			.route("/v1/close/{session}", post(lookups::close))
			.route("/v1/statements/{session}/{lane}/{sequence}", get(lookups::statement))
			.route("/v1/sessions/{session}/{lane}", get(lookups::lane))
			.route("/health", get(lookups::health))
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
		let taken = taking::take(&payment.payload, &body, &offer, &self.shared);
		let taken = taken.unwrap_or_else(|refused| panic!("{refused:?}"));
		let (payload, payer) = (&payment.payload, &taken.payer);
		serving::serve(&self.shared, Task::Chat, Mood::Honest, &offer, payload, payer);
	}

	/// The sum of its charges, in planck.
	pub fn charged(&self) -> Balance {
		self.ledger.lock().lanes.values().map(LaneBook::charged).sum()
	}

	/// Settles what its lanes have charged.
	pub fn settle(&self) {
		self.settle_by(LaneBook::settles);
	}

	/// Settles all that vouchers have authorised.
	pub fn settle_all_it_can(&self) {
		self.settle_by(|book| book.authorised);
	}

	fn settle_by(&self, amount: impl Fn(&LaneBook) -> Balance) {
		let ledger = self.ledger.lock();
		let mut state = self.shared.chain.state.lock();
		for ((session, lane), book) in &ledger.lanes {
			if let Some(info) = state.sessions.get_mut(session) {
				settle(info, *lane, book, amount(book));
			}
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

/// Settles a lane on chain, for so much in all.
fn settle(info: &mut SessionInfo, lane: LaneId, book: &LaneBook, settled: Balance) {
	let Some(last) = &book.last else { return };
	info.lanes.retain(|known| known.lane != lane);
	let agreement = last.voucher.newest().agreement.hash();
	info.lanes.push(LaneInfo { lane, sequence: book.sequence, settled, agreement });
	info.settled = info.lanes.iter().map(|lane| lane.settled).sum();
}

fn refused(status: u16, code: &str, details: Value) -> Response {
	let error = json!({ "message": format!("no: {code}"), "type": "payment_error",
		"param": null, "code": code });
	let body = json!({ "error": error, "openledger": details });
	(StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn offer(shared: &Shared, task: Task, mood: Mood, body: &[u8]) -> Requirements {
	let (model, best, finalized) = {
		let state = shared.chain.state.lock();
		(state.models[&shared.model].clone(), state.best, state.finalized)
	};
	let mut price = model.price;
	if mood == Mood::WrongPrice {
		price.per_call += 1;
	}
	let asked: Value = serde_json::from_slice(body).unwrap();
	let ledger = shared.ledger.lock();
	let most = match (task, mood) {
		(Task::Embeddings, Mood::GreedyVectors) => 1,
		(Task::Embeddings, _) => 0,
		_ => asked["max_tokens"].as_u64().unwrap_or(ledger.unasked.into()),
	};
	let newest = if ledger.offers_best { best } else { finalized };
	let block = newest.saturating_sub(ledger.behind);
	let account = shared.operator.account();
	let terms = Terms {
		genesis_hash: shared.chain.genesis,
		model: model.id,
		model_name: model.name,
		version: model.version,
		price_version: model.price_version,
		price,
		own_price: None,
		input_tokens: ledger.input_tokens,
		max_output_tokens: u32::try_from(most).unwrap(),
		receipt_key: account.clone(),
		block,
		valid_until: best.saturating_sub(ledger.behind) + 50,
	};
	let mut offer = Requirements::new(account, 60, terms).unwrap();
	// Also one that is too dear.
	if ledger.own_price.is_some() {
		offer.extra.own_price = ledger.own_price;
		let tokens = Tokens::new(offer.extra.input_tokens, offer.extra.max_output_tokens);
		offer.amount = offer.extra.charged_price().charge(&tokens).unwrap();
	}
	offer
}

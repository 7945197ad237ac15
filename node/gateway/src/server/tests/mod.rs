//! The node over real HTTP, with a chain in memory and a model that says what it is told to.

mod browsers;
mod closing;
mod endpoints;
mod lanes;
mod limits;
mod lookups;
mod records;
mod recovery;
mod refusals;
mod serving;
mod streaming;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use openledger_books::{CallId, CallStatus, Identity, LaneState, Store, Totals};
use openledger_chain_client::Keypair;
use openledger_models::testing::{Script, TestBackend};
use openledger_primitives::{
	lane::{Agreement, Voucher},
	price::Tokens,
	Balance, LaneId, Sequence,
};
use openledger_protocol::x402::{
	self, PaymentRequired, PaymentResponse, PaymentSignature, Receipt,
};
use openledger_server_kit::{intake::BodyMemory, ConnectionLimits, Permits};
use openledger_settlement::{
	redeem::SettlerHandle,
	requests::{Catalogue, CatalogueEntry},
	testing::TestChain,
};
use openledger_testkit::{
	self as testkit, caller, header, operator, payment, GENESIS, MODEL, MODEL_NAME, SALT, SESSION,
};
use reqwest::{Response, StatusCode};
use serde_json::{json, Value};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;

/// A node that is running.
struct Node {
	directory: tempfile::TempDir,
	chain: Arc<TestChain>,
	backend: Arc<TestBackend>,
	store: Store,
	app: Arc<App>,
	url: String,
	stop: CancellationToken,
	server: JoinHandle<()>,
	http: reqwest::Client,
}

/// Settings by which a test node differs from a usual one.
struct Settings {
	timeout: Duration,
	grace: Duration,
	concurrent: usize,
	connections: ConnectionLimits,
	settler: SettlerHandle,
	exposure: Balance,
	own_price: Option<OwnPrice>,
}

impl Default for Settings {
	fn default() -> Self {
		let minute = Duration::from_secs(60);
		let connections = ConnectionLimits::default();
		let settler = SettlerHandle::idle();
		Self {
			timeout: minute,
			grace: minute,
			concurrent: 16,
			connections,
			settler,
			exposure: Balance::MAX,
			own_price: None,
		}
	}
}

const BODY_LIMIT: usize = 4_096;
const HEADER_LIMIT: usize = 24_000;
const VOUCHER_BLOCKS: u32 = 1_200;

impl Node {
	async fn start(script: Script) -> Self {
		Self::start_with(script, Settings::default()).await
	}

	async fn start_with(script: Script, settings: Settings) -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		Self::start_in(directory, script, settings).await
	}

	async fn start_in(directory: tempfile::TempDir, script: Script, settings: Settings) -> Self {
		let chain = Arc::new(TestChain::default());
		let backend = Arc::new(TestBackend::new(script));
		let identity = Identity { genesis: GENESIS, operator: operator().account() };
		let store = Store::open(&directory.path().join("calls.redb"), identity).await;
		let store = store.expect("it opens");
		let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
		let url = format!("http://{}", listener.local_addr().expect("it is bound"));
		let entry =
			CatalogueEntry { id: MODEL, backend: backend.clone(), timeout: settings.timeout };
		let stop = CancellationToken::new();
		let app = Arc::new(App {
			source: chain.clone(),
			store: store.clone(),
			settings: super::Settings::new(Live {
				models: [(MODEL_NAME.to_owned(), entry)].into(),
				own_prices: settings.own_price.map(|own| (MODEL, own)).into_iter().collect(),
				public_url: "https://node.example".into(),
				limits: Limits {
					body_bytes: BODY_LIMIT,
					body_timeout: Duration::from_secs(5),
					header_bytes: HEADER_LIMIT,
					exposure: settings.exposure,
					voucher_blocks: VOUCHER_BLOCKS,
				},
				origins: Origins::None,
			}),
			receipt_key: operator(),
			settler: settings.settler.clone(),
			permits: Permits::new(settings.concurrent),
			body_memory: BodyMemory::default(),
			calls: TaskTracker::new(),
			cut: CancellationToken::new(),
		});
		let served = app.clone();
		let limits = settings.connections;
		let serving = serve(listener, served, true, limits, stop.clone(), settings.grace);
		let server = tokio::spawn(async move { serving.await.expect("it serves") });
		let http = reqwest::Client::new();
		Self { directory, chain, backend, store, app, url, stop, server, http }
	}

	/// Stops in order.
	async fn finish(self) -> (tempfile::TempDir, Store) {
		self.stop.cancel();
		drop((self.http, self.app));
		self.server.await.expect("no panic");
		(self.directory, self.store)
	}

	async fn post(&self, body: &[u8], payment: Option<&PaymentSignature>) -> Response {
		self.post_to("/v1/chat/completions", body, payment).await
	}

	async fn post_to(
		&self,
		path: &str,
		body: &[u8],
		payment: Option<&PaymentSignature>,
	) -> Response {
		let request = self.http.post(format!("{}{path}", self.url));
		let request = match payment {
			Some(payment) => request.header(x402::PAYMENT_SIGNATURE, header(payment)),
			None => request,
		};
		request.body(body.to_vec()).send().await.expect("it answers")
	}

	async fn get(&self, path: &str) -> Response {
		self.http.get(format!("{}{path}", self.url)).send().await.expect("it answers")
	}

	/// The requirements that an unpaid request is answered with.
	async fn required(&self, body: &[u8]) -> PaymentRequired {
		let response = self.post(body, None).await;
		assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
		required_of(&response).expect("it says what to pay")
	}

	/// A good payment for this body: `sequence` after calls that cost `acknowledged`, on the first lane as it
	/// is now.
	async fn pay(
		&self,
		body: &[u8],
		sequence: Sequence,
		acknowledged: Balance,
	) -> PaymentSignature {
		let required = self.required(body).await;
		let most = required.accepts[0].amount;
		let voucher = Voucher {
			agreement: agreement(&required),
			sequence,
			acknowledged,
			acknowledged_root: self.lane(0).await.unwrap_or_default().list.root(),
			authorised: acknowledged + most,
			..testkit::voucher(body, 0)
		};
		payment(&required, voucher, &caller())
	}

	async fn lane(&self, lane: LaneId) -> Option<LaneState> {
		self.store.lane(&testkit::session(SESSION), lane).await.expect("the store works")
	}

	async fn status(&self, sequence: Sequence) -> Option<CallStatus> {
		let id = CallId { session: SESSION, lane: 0, sequence };
		self.store.call(id).await.expect("the store works").map(|call| call.status)
	}

	/// Waits until the call has come to its end.
	async fn end_of(&self, sequence: Sequence) -> CallStatus {
		let deadline = Instant::now() + Duration::from_secs(20);
		loop {
			match self.status(sequence).await {
				Some(status) if status != CallStatus::Accepted => return status,
				status => assert!(Instant::now() < deadline, "still {status:?}"),
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	}

	/// Everything that a refused voucher must not change.
	async fn footprint(&self) -> (BTreeMap<LaneId, Option<LaneState>>, Totals, Option<CallStatus>) {
		let mut lanes = BTreeMap::new();
		for lane in 0..3 {
			lanes.insert(lane, self.lane(lane).await);
		}
		(lanes, self.store.totals().await.expect("the store works"), self.status(1).await)
	}
}

fn required_of(response: &Response) -> Option<PaymentRequired> {
	let header = response.headers().get(x402::PAYMENT_REQUIRED)?.to_str().expect("it is ASCII");
	Some(x402::decode(header).expect("it can be read"))
}

/// The agreement of a lane for calls as this one is offered.
fn agreement(required: &PaymentRequired) -> Agreement {
	let usual = testkit::agreement();
	required.accepts[0].extra.agreement(usual.as_of, usual.evidence)
}

/// The same payment with another voucher, which `signer` has signed.
fn changed(
	payment: &PaymentSignature,
	signer: &Keypair,
	change: impl FnOnce(&mut Voucher),
) -> PaymentSignature {
	let mut changed = payment.clone();
	let mut voucher = payment.payload.voucher.newest();
	change(&mut voucher);
	changed.payload.voucher = voucher.into();
	changed.payload.signature = signer.sign_message(&voucher);
	changed
}

/// The prompt of the bodies below, as the model reads it.
const PROMPT: &str = "one two three";

/// Checks a receipt as a caller does who has paid with this payment, and got this text to this prompt.
fn assert_is_for(receipt: &Receipt, payment: &PaymentSignature, text: &str, prompt: &str) {
	let voucher = payment.payload.voucher.newest();
	let answer = testkit::response(&voucher, &SALT, text.as_bytes(), prompt.as_bytes());
	assert_eq!(receipt.header, answer.header);
	assert!(receipt.is_signed_by(&operator().account()));
	let statement = receipt.statement.newest();
	assert_eq!(statement.response_hash, answer.hash());
	assert_eq!(statement.request_hash, voucher.request_hash);
	assert_eq!(statement.agreement, voucher.agreement);
	let call = (statement.session, statement.lane, statement.sequence);
	assert_eq!(call, (voucher.session, voucher.lane, voucher.sequence));
	assert_eq!((statement.tokens.cached, statement.tokens.retrieved), (0, 0));
	assert!(statement.attribution.is_empty() && statement.extension.is_none());
}

/// A body that asks for a plain answer to three words, of at most `max_tokens` words.
fn plain(max_tokens: u32) -> Vec<u8> {
	json!({
		"model": MODEL_NAME,
		"messages": [{ "role": "user", "content": PROMPT }],
		"max_tokens": max_tokens,
	})
	.to_string()
	.into_bytes()
}

fn streamed(max_tokens: u32) -> Vec<u8> {
	json!({
		"model": MODEL_NAME,
		"messages": [{ "role": "user", "content": PROMPT }],
		"max_tokens": max_tokens,
		"stream": true,
		"stream_options": { "include_usage": true },
	})
	.to_string()
	.into_bytes()
}

/// The price of three words of input and so many of output.
fn cost(output: u32) -> Balance {
	testkit::PRICE.charge(&Tokens::new(3, output)).expect("it fits")
}

/// The status, and the code in the body, which must have OpenAI's shape.
async fn error(response: Response) -> (u16, String, Value) {
	let status = response.status().as_u16();
	let body: Value = response.json().await.expect("errors are JSON");
	let detail = body["error"].as_object().expect("in OpenAI's shape");
	for key in ["message", "type", "param", "code"] {
		assert!(detail.contains_key(key), "{body}");
	}
	(status, detail["code"].as_str().expect("a code").to_owned(), body)
}

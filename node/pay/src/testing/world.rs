//! A chain with nodes on it, and a proxy that uses them.

use std::{
	future::Future,
	net::SocketAddr,
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_client::{Keypair, Scheme};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus, ServedInfo},
	policy::RevenuePolicy,
	price::PriceSchedule,
	Balance, Hash, ModelId, OPEN,
};
use parking_lot::Mutex;
use reqwest::{Client, Response};
use serde_json::{json, Value};
use sp_runtime::Permill;
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{books::Ledger, FakeChain, FakeNode};
use crate::{
	budget::Budget,
	call::CallSettings,
	janitor::ClosingSettings,
	node::api::Patience,
	report::Report,
	server::{Guard, Limits, Proxy, Settings, StartError},
};

pub(crate) const MODEL: ModelId = 3;
pub(crate) const NAME: &str = "acme/m-1";
/// What a node's answer costs: 12 tokens in, 3 out.
pub(crate) const CHARGE: Balance = 1_000 + 12 * 10 + 3 * 100;
/// What it may cost at most: 16 out.
pub(crate) const MOST: Balance = 1_000 + 12 * 10 + 16 * 100;

fn key(uri: &str) -> Keypair {
	Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn model() -> ModelInfo {
	ModelInfo {
		id: MODEL,
		name: NAME.into(),
		owner: [1; 32].into(),
		paused: false,
		retired_at: None,
		offered_to: None,
		version: 0,
		price_version: 0,
		price: PriceSchedule { per_call: 1_000, per_input_token: 10, per_output_token: 100 },
		policy: RevenuePolicy {
			developer: Permill::one(),
			data: Permill::zero(),
			node: Permill::zero(),
			attributed: Permill::zero(),
		},
		uri: String::new(),
		weights_hash: Hash::zero(),
		tokenizer_hash: Hash::zero(),
		sources: Default::default(),
		parent: None,
		next_version: None,
		next_price: None,
		next_policy: None,
		deposit: 0,
	}
}

/// A proxy that runs.
pub(crate) struct Running {
	pub address: SocketAddr,
	stop: CancellationToken,
	task: JoinHandle<Result<Report, StartError>>,
}

impl Running {
	/// Stops it in order.
	pub(crate) async fn stop(self) -> Report {
		self.stop.cancel();
		self.task.await.unwrap().unwrap()
	}
}

/// A proxy on a runtime of its own, which can be ended as a crash would end it.
pub(crate) struct Doomed {
	pub proxy: Running,
	runtime: Runtime,
}

impl Doomed {
	/// Ends all that it is doing, wherever that is.
	pub(crate) async fn kill(self) {
		let Self { proxy, runtime } = self;
		drop(proxy);
		let ending = move || runtime.shutdown_timeout(Duration::from_secs(5));
		tokio::task::spawn_blocking(ending).await.unwrap();
	}
}

pub(crate) struct World {
	pub chain: Arc<FakeChain>,
	pub nodes: Vec<FakeNode>,
	pub folder: TempDir,
	pub settings: Settings,
	pub http: Client,
}

impl World {
	/// A chain with so many nodes that serve the model, and an account with enough.
	pub(crate) async fn new(nodes: usize, budget: Balance, deposit: Balance) -> Self {
		let chain = Arc::new(FakeChain::new(key("//Alice"), OPEN));
		chain.state.lock().models.insert(MODEL, model());
		let folder = tempfile::tempdir().unwrap();
		let settings = Settings {
			budget: Budget::new(budget, Some(deposit)),
			new_budget: false,
			forgive: vec![],
			listen: SocketAddr::from(([127, 0, 0, 1], 0)),
			state: folder.path().to_owned(),
			session_blocks: 1_000,
			inside: true,
			patience: Patience {
				connect: Duration::from_secs(2),
				question: Duration::from_secs(2),
				silence: Duration::from_secs(5),
			},
			call: CallSettings {
				deadline: Duration::from_secs(20),
				recovery: Duration::from_millis(60),
				budget_wait: Duration::from_secs(10),
				catch_up: Duration::from_secs(2),
				pause: Duration::from_millis(20),
				..CallSettings::default()
			},
			limits: Limits::default(),
			guard: Guard { local: true, ..Guard::default() },
			recount: Default::default(),
			grace: Duration::from_secs(5),
			closing: ClosingSettings { again: Duration::from_millis(20), ..Default::default() },
		};
		let http = Client::new();
		let mut world = Self { chain, nodes: vec![], folder, settings, http };
		for _ in 0..nodes {
			world.add_node().await;
		}
		world
	}

	async fn add_node(&mut self) {
		let operator = FakeNode::key(self.nodes.len());
		let node = FakeNode::start(self.chain.clone(), operator, MODEL).await;
		let account = node.keypair.account();
		let info = NodeInfo {
			operator: account.clone(),
			endpoint: node.url.clone(),
			receipt_key: account.clone(),
			bond: 0,
			models: vec![ServedInfo { model: MODEL, capacity: 8 }],
			status: NodeStatus::Active,
			last_heartbeat: 0,
			sessions: 0,
		};
		self.chain.state.lock().nodes.insert(account, info);
		self.nodes.push(node);
	}

	/// The first node comes back, at another address.
	pub(crate) async fn revive(&mut self, books: Arc<Mutex<Ledger>>) {
		let operator = FakeNode::key(0);
		let node = FakeNode::with_books(self.chain.clone(), operator, MODEL, books).await;
		let account = node.keypair.account();
		self.chain.state.lock().nodes.get_mut(&account).unwrap().endpoint = node.url.clone();
		self.nodes.push(node);
	}

	/// A proxy, as soon as the one before has let go of the file.
	async fn proxy(chain: Arc<FakeChain>, settings: Settings) -> Proxy {
		let patience = Instant::now() + Duration::from_secs(20);
		loop {
			match Proxy::new(chain.clone(), settings.clone()).await {
				Err(StartError::Store(_)) if Instant::now() < patience => {
					tokio::time::sleep(Duration::from_millis(10)).await;
				}
				started => return started.unwrap(),
			}
		}
	}

	pub(crate) async fn start(&self) -> Running {
		let proxy = Self::proxy(self.chain.clone(), self.settings.clone()).await;
		let address = proxy.address().unwrap();
		let stop = CancellationToken::new();
		let task = tokio::spawn(proxy.run(stop.clone()));
		Running { address, stop, task }
	}

	/// A proxy that can be killed.
	pub(crate) async fn start_doomed(&self) -> Doomed {
		let runtime = Runtime::new().unwrap();
		let (chain, settings) = (self.chain.clone(), self.settings.clone());
		let starting = runtime.spawn(Self::proxy(chain, settings));
		let proxy = starting.await.unwrap();
		let address = proxy.address().unwrap();
		let stop = CancellationToken::new();
		let task = runtime.spawn(proxy.run(stop.clone()));
		Doomed { proxy: Running { address, stop, task }, runtime }
	}

	/// A call with at most 16 tokens out.
	pub(crate) fn ask(&self, proxy: &Running, stream: bool) -> impl Future<Output = Response> {
		let body = json!({ "model": NAME, "messages": [], "max_tokens": 16, "stream": stream });
		self.post(proxy, &body)
	}

	pub(crate) fn post(&self, proxy: &Running, body: &Value) -> impl Future<Output = Response> {
		self.post_to(proxy, "/v1/chat/completions", body)
	}

	pub(crate) fn post_to(
		&self,
		proxy: &Running,
		path: &str,
		body: &Value,
	) -> impl Future<Output = Response> {
		let url = format!("http://{}{path}", proxy.address);
		let request = self.http.post(url).json(body);
		async move { request.send().await.unwrap() }
	}

	/// A call whose answer is read to its end, if there is one.
	pub(crate) fn ask_or_not(
		&self,
		proxy: &Running,
		stream: bool,
	) -> impl Future<Output = ()> + Send + 'static {
		let url = format!("http://{}/v1/chat/completions", proxy.address);
		let body = json!({ "model": NAME, "messages": [], "max_tokens": 16, "stream": stream });
		let request = self.http.post(url).json(&body);
		async move {
			if let Ok(answer) = request.send().await {
				let _ = answer.bytes().await;
			}
		}
	}

	pub(crate) async fn get(&self, proxy: &Running, path: &str) -> (u16, Value) {
		let answer = self.http.get(format!("http://{}{path}", proxy.address)).send().await.unwrap();
		let status = answer.status().as_u16();
		(status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
	}

	/// What `/spend` says, in planck.
	pub(crate) async fn spend(&self, proxy: &Running, field: &str) -> Balance {
		let (_, spend) = self.get(proxy, "/spend").await;
		spend[field].as_str().unwrap().parse().unwrap()
	}

	/// What nodes have charged together.
	pub(crate) fn charged(&self) -> Balance {
		self.nodes.iter().map(FakeNode::charged).sum()
	}

	/// The most that nodes could redeem together.
	pub(crate) fn redeemable(&self) -> Balance {
		self.nodes.iter().map(FakeNode::redeemable).sum()
	}

	pub(crate) fn transactions(&self) -> Vec<&'static str> {
		self.chain.state.lock().transactions.clone()
	}

	/// The proofs that were kept.
	pub(crate) fn proofs(&self) -> Vec<Value> {
		let mut proofs = Vec::new();
		for folder in std::fs::read_dir(self.folder.path()).unwrap().flatten() {
			let Ok(entries) = std::fs::read_dir(folder.path()) else { continue };
			for entry in entries.flatten() {
				if entry.path().extension().is_none_or(|ending| ending != "json") {
					continue;
				}
				let json = std::fs::read(entry.path()).unwrap();
				proofs.push(serde_json::from_slice(&json).unwrap());
			}
		}
		proofs
	}
}

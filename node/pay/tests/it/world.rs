//! A chain with nodes on it, and a proxy that uses them.

use std::{
	future::Future,
	net::SocketAddr,
	ops::{Deref, DerefMut},
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_pay::{
	report::Report,
	server::{Guard, Limits, Proxy, Settings, StartError},
};
use openledger_payer::{
	testing::{FakeChain, TestNet, NAME},
	OpenError,
};
use openledger_primitives::Balance;
use reqwest::{Client, Response};
use serde_json::{json, Value};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A proxy that runs.
pub struct Running {
	pub address: SocketAddr,
	stop: CancellationToken,
	task: JoinHandle<Result<Report, StartError>>,
}

impl Running {
	/// Stops it in order.
	pub async fn stop(self) -> Report {
		self.stop.cancel();
		self.task.await.unwrap().unwrap()
	}
}

/// A proxy on a runtime of its own, which can be ended as a crash would end it.
pub struct Doomed {
	pub proxy: Running,
	runtime: Runtime,
}

impl Doomed {
	/// Ends all that it is doing, wherever that is.
	pub async fn kill(self) {
		let Self { proxy, runtime } = self;
		drop(proxy);
		let ending = move || runtime.shutdown_timeout(Duration::from_secs(5));
		tokio::task::spawn_blocking(ending).await.unwrap();
	}
}

/// A chain with nodes on it, and a proxy that uses them.
pub struct World {
	net: TestNet,
	pub settings: Settings,
	pub http: Client,
}

impl Deref for World {
	type Target = TestNet;

	fn deref(&self) -> &TestNet {
		&self.net
	}
}

impl DerefMut for World {
	fn deref_mut(&mut self) -> &mut TestNet {
		&mut self.net
	}
}

impl World {
	/// A chain with so many nodes that serve the model, and an account with enough.
	pub async fn new(nodes: usize, budget: Balance, deposit: Balance) -> Self {
		let net = TestNet::new(nodes).await;
		let settings = Settings {
			payer: net.settings(budget, deposit),
			listen: SocketAddr::from(([127, 0, 0, 1], 0)),
			limits: Limits::default(),
			guard: Guard { local: true, ..Guard::default() },
			grace: Duration::from_secs(5),
			close_at_end: false,
		};
		Self { net, settings, http: Client::new() }
	}

	/// A proxy, as soon as the one before has let go of the file.
	async fn proxy(chain: Arc<FakeChain>, settings: Settings) -> Proxy {
		let patience = Instant::now() + Duration::from_secs(20);
		loop {
			match Proxy::new(chain.clone(), settings.clone()).await {
				Err(StartError::Payer(OpenError::Store(_))) if Instant::now() < patience => {
					tokio::time::sleep(Duration::from_millis(10)).await;
				}
				started => return started.unwrap(),
			}
		}
	}

	pub async fn start(&self) -> Running {
		let proxy = Self::proxy(self.chain.clone(), self.settings.clone()).await;
		let address = proxy.address().unwrap();
		let stop = CancellationToken::new();
		let task = tokio::spawn(proxy.run(stop.clone()));
		Running { address, stop, task }
	}

	/// A proxy that can be killed.
	pub async fn start_doomed(&self) -> Doomed {
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
	pub fn ask(&self, proxy: &Running, stream: bool) -> impl Future<Output = Response> {
		let body = json!({ "model": NAME, "messages": [], "max_tokens": 16, "stream": stream });
		self.post(proxy, &body)
	}

	pub fn post(&self, proxy: &Running, body: &Value) -> impl Future<Output = Response> {
		self.post_to(proxy, "/v1/chat/completions", body)
	}

	pub fn post_to(
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
	pub fn ask_or_not(
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

	pub async fn get(&self, proxy: &Running, path: &str) -> (u16, Value) {
		let answer = self.http.get(format!("http://{}{path}", proxy.address)).send().await.unwrap();
		let status = answer.status().as_u16();
		(status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
	}

	/// Amount that `/spend` names, in planck.
	pub async fn spend(&self, proxy: &Running, field: &str) -> Balance {
		let (_, spend) = self.get(proxy, "/spend").await;
		spend[field].as_str().unwrap().parse().unwrap()
	}
}

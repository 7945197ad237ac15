//! A chain with nodes on it, and an account that pays.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use openledger_payer_ledger::Budget;
use openledger_primitives::{
	info::{NodeInfo, NodeStatus, ServedInfo},
	Balance, OPEN,
};
use openledger_protocol::Task;
use openledger_testkit::{
	caller, model,
	node::{FakeNode, NodeBooks},
	MODEL, MODEL_NAME,
};
use parking_lot::Mutex;
use serde_json::{json, Value};
use tempfile::TempDir;

use super::FakeChain;
use crate::{
	call::Request,
	node::api::Patience,
	settings::{CallSettings, ClosingSettings},
	PayerSettings,
};

/// The model's name.
pub const NAME: &str = MODEL_NAME;
/// The cost of a node's answer: 12 tokens in, 3 out.
pub const CHARGE: Balance = 1_000 + 12 * 10 + 3 * 100;
/// The most that it may cost: 16 out.
pub const MOST: Balance = 1_000 + 12 * 10 + 16 * 100;

/// A chain, nodes that serve a model, and an account that pays.
pub struct TestNet {
	/// The chain.
	pub chain: Arc<FakeChain>,
	/// The nodes.
	pub nodes: Vec<FakeNode>,
	/// A folder for state, which is gone with this.
	pub folder: TempDir,
}

impl TestNet {
	/// A chain with so many nodes that serve the model, and an account with enough.
	pub async fn new(nodes: usize) -> Self {
		let chain = Arc::new(FakeChain::new(caller(), OPEN));
		chain.state.lock().models.insert(MODEL, model());
		let folder = tempfile::tempdir().unwrap();
		let mut net = Self { chain, nodes: vec![], folder };
		for _ in 0..nodes {
			net.add_node().await;
		}
		net
	}

	async fn add_node(&mut self) {
		let operator = FakeNode::key(self.nodes.len());
		let node = FakeNode::start(self.chain.chain.clone(), operator, MODEL).await;
		let account = node.keypair.account();
		let info = NodeInfo {
			operator: account.clone(),
			payee: account.clone(),
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
	pub async fn revive(&mut self, books: Arc<Mutex<NodeBooks>>) {
		let operator = FakeNode::key(0);
		let node = FakeNode::with_books(self.chain.chain.clone(), operator, MODEL, books).await;
		let account = node.keypair.account();
		self.chain.state.lock().nodes.get_mut(&account).unwrap().endpoint = node.url.clone();
		self.nodes.push(node);
	}

	/// The settings of a payer that waits for nobody for long.
	pub fn settings(&self, budget: Balance, deposit: Balance) -> PayerSettings {
		let budget = Budget::new(budget, Some(deposit));
		PayerSettings {
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
			closing: ClosingSettings { again: Duration::from_millis(20), ..Default::default() },
			..PayerSettings::new(budget, self.folder.path().to_owned())
		}
	}

	/// A chat with at most 16 tokens out.
	pub fn chat(stream: bool) -> Request {
		let body = json!({ "model": NAME, "messages": [], "max_tokens": 16, "stream": stream });
		Request {
			task: Task::Chat,
			body: Bytes::from(body.to_string()),
			model: NAME.into(),
			max_tokens: Some(16),
			inputs: None,
			chat: None,
			stream,
			node: None,
		}
	}

	/// The sum that nodes have charged, in planck.
	pub fn charged(&self) -> Balance {
		self.nodes.iter().map(FakeNode::charged).sum()
	}

	/// The most that nodes could redeem together, in planck.
	pub fn redeemable(&self) -> Balance {
		self.nodes.iter().map(FakeNode::redeemable).sum()
	}

	/// The transactions that were submitted, by their names.
	pub fn transactions(&self) -> Vec<&'static str> {
		self.chain.state.lock().transactions.clone()
	}

	/// The proofs that were kept.
	pub fn proofs(&self) -> Vec<Value> {
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

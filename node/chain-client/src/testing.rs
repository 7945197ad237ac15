//! A chain node that answers questions from a state that a test sets.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
};

use jsonrpsee::{
	server::{RpcModule, Server, ServerHandle},
	types::ErrorObjectOwned,
};
use openledger_primitives::{BlockNumber, Hash};
use serde_json::{json, Value};

use crate::chain::{Chain, ChainOptions};

/// The chain's state.
#[derive(Default)]
pub(crate) struct State {
	pub best: BlockNumber,
	pub finalized: BlockNumber,
	pub storage: HashMap<String, Vec<u8>>,
	/// The answers of runtime APIs, by method and arguments.
	pub apis: HashMap<(String, String), Vec<u8>>,
}

/// A chain node on a port of its own.
pub(crate) struct FakeChain {
	pub state: Arc<Mutex<State>>,
	pub url: String,
	server: ServerHandle,
}

/// The hash of a block by its number.
pub(crate) fn hash(number: BlockNumber) -> Hash {
	let mut hash = Hash::repeat_byte(0xcc);
	hash.as_bytes_mut()[..4].copy_from_slice(&number.to_be_bytes());
	hash
}

impl FakeChain {
	pub(crate) async fn start() -> Self {
		let state = Arc::new(Mutex::new(State { best: 10, finalized: 8, ..State::default() }));
		let server = Server::builder().build("127.0.0.1:0").await.unwrap();
		let url = format!("ws://{}", server.local_addr().unwrap());
		let mut module = RpcModule::new(state.clone());
		module
			.register_method("chain_getBlockHash", |params, state, _| {
				let number = params.sequence().optional_next::<Value>().unwrap_or_default();
				let best = state.lock().unwrap().best;
				match number.and_then(|number| number.as_u64()) {
					None => Some(hash(best)),
					Some(number) => {
						let number = u32::try_from(number).unwrap();
						(number <= best).then(|| hash(number))
					}
				}
			})
			.unwrap();
		module
			.register_method("chain_getFinalizedHead", |_, state, _| {
				Some(hash(state.lock().unwrap().finalized))
			})
			.unwrap();
		module
			.register_method("chain_getHeader", |params, state, _| {
				let asked = params.sequence().optional_next::<Hash>().unwrap_or_default();
				let best = state.lock().unwrap().best;
				let asked = asked.unwrap_or(hash(best));
				(0..=best).find(|number| hash(*number) == asked).map(|number| {
					json!({
						"parentHash": Hash::zero(),
						"number": format!("{number:#x}"),
						"stateRoot": Hash::zero(),
						"extrinsicsRoot": Hash::zero(),
						"digest": { "logs": [] },
					})
				})
			})
			.unwrap();
		module
			.register_method("state_getStorage", |params, state, _| {
				let key: String = params.sequence().next().unwrap();
				let state = state.lock().unwrap();
				state.storage.get(&key).map(|value| format!("0x{}", hex::encode(value)))
			})
			.unwrap();
		module
			.register_method("state_call", |params, state, _| {
				let mut params = params.sequence();
				let asked: (String, String) = (params.next().unwrap(), params.next().unwrap());
				let state = state.lock().unwrap();
				let answer =
					state.apis.get(&asked).map(|answer| format!("0x{}", hex::encode(answer)));
				answer.ok_or_else(|| {
					ErrorObjectOwned::owned(-32000, "unknown", Some("no such thing"))
				})
			})
			.unwrap();
		let server = server.start(module);
		Self { state, url, server }
	}

	pub(crate) async fn connect(&self) -> Chain {
		let second = std::time::Duration::from_secs(2);
		let options = ChainOptions { connect_timeout: second, request_timeout: second };
		Chain::connect_with(&self.url, options).await.unwrap()
	}

	pub(crate) async fn stop(self) {
		self.server.stop().unwrap();
		self.server.stopped().await;
	}
}

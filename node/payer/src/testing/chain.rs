//! The test kit's chain, and an account that pays on it.

use std::{ops::Deref, sync::Arc, time::Duration};

use async_trait::async_trait;
use openledger_chain_client::{At, ChainError, Keypair};
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, NodeInfo, SessionInfo},
	lane::{Agreement, VersionedCloseAgreement},
	AccountId, Balance, BlockNumber, Hash, ModelId, SessionId, Signature,
};
use openledger_testkit::{ChainMood, ChainState, TestChain};
use parking_lot::Mutex;

use crate::network::{Keys, Network, Opened, Submitted};

/// A chain in memory, and the account that pays on it.
pub struct FakeChain {
	/// The chain.
	pub chain: Arc<TestChain>,
	/// The keys of the account.
	pub keys: Mutex<Keys>,
}

impl Deref for FakeChain {
	type Target = TestChain;

	fn deref(&self) -> &TestChain {
		&self.chain
	}
}

impl FakeChain {
	/// A chain on which the account of `keypair` has `free`, in planck.
	pub fn new(keypair: Keypair, free: Balance) -> Self {
		let state = ChainState { best: 10, finalized: 8, next: 5, free, ..ChainState::default() };
		Self { chain: Arc::new(TestChain::new(state)), keys: Mutex::new(keypair.into()) }
	}

	pub(super) fn ask<T>(&self, question: impl FnOnce(&ChainState) -> T) -> Result<T, ChainError> {
		match self.chain.asked() {
			Ok(state) => Ok(question(&state)),
			Err(_) => {
				Err(ChainError::Timeout { what: "anything".into(), after: Duration::from_secs(1) })
			}
		}
	}

	async fn submit<T>(
		&self,
		name: &'static str,
		change: impl FnOnce(&mut ChainState) -> Option<T> + Send,
	) -> Submitted<T> {
		// As long as it takes for others to come in between.
		tokio::time::sleep(Duration::from_millis(20)).await;
		assert!(self.keys.lock().own.is_some(), "nobody can sign this: {name}");
		let mut state = self.chain.state();
		state.transactions.push(name);
		let unknown = || Submitted::Unknown("no word of it".into());
		match state.mood {
			ChainMood::Away | ChainMood::Refuse => Submitted::Refused("it does not like it".into()),
			ChainMood::Lossy => unknown(),
			ChainMood::Secretive => {
				change(&mut state);
				unknown()
			}
			ChainMood::Well => match change(&mut state) {
				Some(done) => Submitted::Done(done),
				None => Submitted::Refused("it cannot be done".into()),
			},
		}
	}
}

#[async_trait]
impl Network for FakeChain {
	fn genesis_hash(&self) -> Hash {
		self.chain.genesis
	}

	fn keys(&self) -> Keys {
		self.keys.lock().clone()
	}

	async fn block(&self, at: At) -> Result<BlockNumber, ChainError> {
		self.ask(|state| if at == At::Finalized { state.finalized } else { state.best })
	}

	async fn free_balance(&self) -> Result<Balance, ChainError> {
		self.ask(|state| state.free)
	}

	async fn models(&self, from: ModelId) -> Result<Vec<ModelInfo>, ChainError> {
		self.ask(|state| state.models.range(from..).map(|(_, model)| model.clone()).collect())
	}

	async fn model(&self, id: ModelId, _: At) -> Result<Option<ModelInfo>, ChainError> {
		self.ask(|state| state.models.get(&id).cloned())
	}

	async fn nodes(
		&self,
		model: ModelId,
		after: Option<&AccountId>,
	) -> Result<Vec<NodeInfo>, ChainError> {
		let serves = |node: &&NodeInfo| node.models.iter().any(|served| served.model == model);
		let later = |node: &&NodeInfo| after.is_none_or(|after| node.operator > *after);
		self.ask(|state| state.nodes.values().filter(serves).filter(later).cloned().collect())
	}

	async fn node(&self, operator: &AccountId) -> Result<Option<NodeInfo>, ChainError> {
		self.ask(|state| state.nodes.get(operator).cloned())
	}

	async fn session(&self, id: SessionId, at: At) -> Result<Option<SessionInfo>, ChainError> {
		let is_there = |state: &ChainState| at != At::Finalized || !state.slow;
		self.ask(|state| state.sessions.get(&id).filter(|_| is_there(state)).cloned())
	}

	async fn lane_terms(&self, agreement: &Agreement) -> Result<Option<LaneTermsInfo>, ChainError> {
		let Agreement { model, version, price_version, as_of, .. } = *agreement;
		self.ask(|state| state.lane_terms(model, version, price_version, as_of).ok())
	}

	async fn next_session(&self) -> Result<SessionId, ChainError> {
		self.ask(|state| state.next)
	}

	async fn open_session(
		&self,
		node: &AccountId,
		deposit: Balance,
		expires_at: BlockNumber,
	) -> Submitted<Opened> {
		let Keys { account: caller, hot, hot_limit, .. } = self.keys.lock().clone();
		let info = SessionInfo {
			id: 0,
			node: node.clone(),
			signer: hot.map_or_else(|| caller.clone(), |hot| hot.account()),
			caller,
			deposit,
			settled: 0,
			spending_limit: hot_limit.unwrap_or(Balance::MAX),
			opened_at: 0,
			expires_at,
			closes_at: None,
			lanes: vec![],
		};
		self.submit("open_session", |state| {
			let session = state.open_session(info)?;
			let opened_at = state.sessions.get(&session)?.opened_at;
			Some(Opened { session, deposit, expires_at, opened_at })
		})
		.await
	}

	async fn top_up(&self, session: SessionId, amount: Balance) -> Submitted<()> {
		self.submit("top_up", |state| state.top_up(session, amount)).await
	}

	async fn request_close(&self, session: SessionId) -> Submitted<BlockNumber> {
		self.submit("request_close", |state| state.request_close(session)).await
	}

	async fn close(&self, session: SessionId) -> Submitted<Balance> {
		self.submit("close", |state| state.close(session)).await
	}

	async fn close_by_agreement(
		&self,
		agreement: VersionedCloseAgreement,
		signature: Signature,
	) -> Submitted<Balance> {
		self.submit("close_by_agreement", |state| state.close_by_agreement(&agreement, &signature))
			.await
	}
}

//! A chain in memory, on which sessions are really opened, topped up and closed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use openledger_client::{At, ChainError, Keypair};
use openledger_primitives::{
	closing::CloseAgreement,
	info::{ModelInfo, NodeInfo, SessionInfo},
	signing::Signed,
	AccountId, Balance, BlockNumber, Hash, ModelId, SessionId, Signature,
};
use parking_lot::Mutex;

use crate::network::{Keys, Network, Opened, Submitted};

/// How the chain behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ChainMood {
	#[default]
	Well,
	/// Transactions fail.
	Refuse,
	/// Transactions happen, and nobody hears of it.
	Secretive,
	/// Transactions vanish.
	Lossy,
	/// Nobody answers.
	Away,
}

pub(crate) struct State {
	pub mood: ChainMood,
	pub best: BlockNumber,
	pub finalized: BlockNumber,
	pub models: BTreeMap<ModelId, ModelInfo>,
	pub nodes: BTreeMap<AccountId, NodeInfo>,
	pub sessions: BTreeMap<SessionId, SessionInfo>,
	pub next: SessionId,
	pub free: Balance,
	/// No session is final yet.
	pub slow: bool,
	/// Transactions that were submitted.
	pub transactions: Vec<&'static str>,
}

pub(crate) struct FakeChain {
	pub state: Mutex<State>,
	pub keys: Mutex<Keys>,
}

impl FakeChain {
	/// A chain on which the account of `keypair` has `free`.
	pub(crate) fn new(keypair: Keypair, free: Balance) -> Self {
		let state = State {
			mood: ChainMood::Well,
			best: 10,
			finalized: 8,
			models: BTreeMap::new(),
			nodes: BTreeMap::new(),
			sessions: BTreeMap::new(),
			next: 5,
			free,
			slow: false,
			transactions: vec![],
		};
		Self { state: Mutex::new(state), keys: Mutex::new(keypair.into()) }
	}

	fn ask<T>(&self, question: impl FnOnce(&State) -> T) -> Result<T, ChainError> {
		let state = self.state.lock();
		match state.mood {
			ChainMood::Away => Err(ChainError::Timeout {
				what: "anything".into(),
				after: std::time::Duration::from_secs(1),
			}),
			_ => Ok(question(&state)),
		}
	}

	async fn submit<T>(
		&self,
		name: &'static str,
		change: impl FnOnce(&mut State) -> Option<T> + Send,
	) -> Submitted<T> {
		// As long as it takes for others to come in between.
		tokio::time::sleep(std::time::Duration::from_millis(20)).await;
		assert!(self.keys.lock().own.is_some(), "nobody can sign this: {name}");
		let mut state = self.state.lock();
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
		Hash::repeat_byte(0xcc)
	}

	fn account(&self) -> AccountId {
		self.keys.lock().account.clone()
	}

	fn key(&self) -> Option<Keypair> {
		self.keys.lock().own.clone()
	}

	fn hot_key(&self) -> Option<Keypair> {
		self.keys.lock().hot.clone()
	}

	fn hot_limit(&self) -> Option<Balance> {
		self.keys.lock().hot_limit
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
		let is_there = |state: &State| at != At::Finalized || !state.slow;
		self.ask(|state| state.sessions.get(&id).filter(|_| is_there(state)).cloned())
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
		let signer = hot.map_or_else(|| caller.clone(), |hot| hot.account());
		self.submit("open_session", |state| {
			state.free = state.free.checked_sub(deposit)?;
			let session = state.next;
			state.next += 1;
			let info = SessionInfo {
				id: session,
				caller: caller.clone(),
				node: node.clone(),
				signer,
				deposit,
				settled: 0,
				spending_limit: hot_limit.unwrap_or(Balance::MAX),
				expires_at,
				closes_at: None,
				lanes: vec![],
			};
			state.sessions.insert(session, info);
			Some(Opened { session, deposit, expires_at })
		})
		.await
	}

	async fn top_up(&self, session: SessionId, amount: Balance) -> Submitted<()> {
		self.submit("top_up", |state| {
			let info = state.sessions.get_mut(&session)?;
			state.free = state.free.checked_sub(amount)?;
			info.deposit += amount;
			Some(())
		})
		.await
	}

	async fn request_close(&self, session: SessionId) -> Submitted<BlockNumber> {
		self.submit("request_close", |state| {
			let closes_at = state.best + 100;
			state.sessions.get_mut(&session)?.closes_at = Some(closes_at);
			Some(closes_at)
		})
		.await
	}

	async fn close(&self, session: SessionId) -> Submitted<Balance> {
		self.submit("close", |state| {
			let due = state.sessions.get(&session)?.closes_at? <= state.best;
			let info = due.then(|| state.sessions.remove(&session)).flatten()?;
			let refunded = info.deposit - info.settled;
			state.free += refunded;
			Some(refunded)
		})
		.await
	}

	async fn close_with_agreement(
		&self,
		session: SessionId,
		signature: Signature,
	) -> Submitted<Balance> {
		let genesis_hash = self.genesis_hash();
		self.submit("close_with_agreement", |state| {
			let info = state.sessions.get(&session)?;
			let settled = info.settled;
			let agreement = CloseAgreement { genesis_hash, session, settled };
			let node = state.nodes.get(&info.node)?;
			if !agreement.verify(&signature, &node.receipt_key) {
				return None;
			}
			let refunded = state.sessions.remove(&session)?.deposit - settled;
			state.free += refunded;
			Some(refunded)
		})
		.await
	}
}

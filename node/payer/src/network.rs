//! The chain, as far as a payer needs it. Behind a trait, so that everything else runs without one.

use async_trait::async_trait;
use openledger_chain_client::{
	metering, ss58, tx, tx::TxError, At, Call, Chain, ChainError, Event, Keypair, SubmitOptions,
	TxOutcome,
};
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, NodeInfo, SessionInfo},
	lane::{Agreement, VersionedCloseAgreement},
	AccountId, Balance, BlockNumber, Hash, ModelId, SessionId, Signature, MAX_PAGE,
};

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted<T> {
	/// It is in a block and did this.
	Done(T),
	/// It has changed nothing, and never will.
	Refused(String),
	/// It may have happened, or happen yet.
	Unknown(String),
}

impl<T> Submitted<T> {
	/// The same, with something else that it did.
	fn map<Other>(self, done: impl FnOnce(T) -> Other) -> Submitted<Other> {
		match self {
			Self::Done(value) => Submitted::Done(done(value)),
			Self::Refused(reason) => Submitted::Refused(reason),
			Self::Unknown(reason) => Submitted::Unknown(reason),
		}
	}
}

/// A session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
	/// Its number.
	pub session: SessionId,
	/// The amount that is in it, in planck.
	pub deposit: Balance,
	/// The block at which it ends.
	pub expires_at: BlockNumber,
	/// The block in which it was opened.
	pub opened_at: BlockNumber,
}

/// The chain, and the account that pays.
#[async_trait]
pub trait Network: Send + Sync + 'static {
	/// The chain's first block.
	fn genesis_hash(&self) -> Hash;
	/// The chain's CAIP-2 name.
	fn name(&self) -> String {
		openledger_protocol::x402::network(&self.genesis_hash())
	}
	/// The keys of who pays.
	fn keys(&self) -> Keys;
	/// The account that pays.
	fn account(&self) -> AccountId {
		self.keys().account
	}
	/// The newest block, or the newest that is final.
	async fn block(&self, at: At) -> Result<BlockNumber, ChainError>;
	/// The amount that the account can spend, in planck.
	async fn free_balance(&self) -> Result<Balance, ChainError>;
	/// A page of the models, from an id upwards.
	async fn models(&self, from: ModelId) -> Result<Vec<ModelInfo>, ChainError>;
	/// A model.
	async fn model(&self, id: ModelId, at: At) -> Result<Option<ModelInfo>, ChainError>;
	/// A page of the nodes that serve a model, from the operator after `after`.
	async fn nodes(
		&self,
		model: ModelId,
		after: Option<&AccountId>,
	) -> Result<Vec<NodeInfo>, ChainError>;
	/// A node.
	async fn node(&self, operator: &AccountId) -> Result<Option<NodeInfo>, ChainError>;
	/// A session.
	async fn session(&self, id: SessionId, at: At) -> Result<Option<SessionInfo>, ChainError>;
	/// The terms of calls under an agreement. `None` if no voucher with it is redeemed.
	async fn lane_terms(&self, agreement: &Agreement) -> Result<Option<LaneTermsInfo>, ChainError>;
	/// The number that the next session will have.
	async fn next_session(&self) -> Result<SessionId, ChainError>;
	/// Opens a session with `node`, whose vouchers the hot key signs if there is one.
	async fn open_session(
		&self,
		node: &AccountId,
		deposit: Balance,
		expires_at: BlockNumber,
	) -> Submitted<Opened>;
	/// Adds to the deposit of a session.
	async fn top_up(&self, session: SessionId, amount: Balance) -> Submitted<()>;
	/// Asks to close a session. Returns the block from which it can be closed.
	async fn request_close(&self, session: SessionId) -> Submitted<BlockNumber>;
	/// Closes a session. Returns what came back, in planck.
	async fn close(&self, session: SessionId) -> Submitted<Balance>;
	/// Closes a session at once: its node has signed this agreement. Returns what came back, in planck.
	async fn close_by_agreement(
		&self,
		agreement: VersionedCloseAgreement,
		signature: Signature,
	) -> Submitted<Balance>;
}

/// The keys of who pays.
#[derive(Clone, Debug)]
pub struct Keys {
	/// The account that pays.
	pub account: AccountId,
	/// The key of that account: it is needed to open, top up and close sessions.
	pub own: Option<Keypair>,
	/// A key that signs vouchers in its place. Whoever gets hold of it can spend what is in the
	/// sessions that were opened for it, and only with their nodes.
	pub hot: Option<Keypair>,
	/// The most that this key may spend in each session, in planck.
	pub hot_limit: Option<Balance>,
}

impl Keys {
	/// The hot key, as an account.
	pub(crate) fn hot_account(&self) -> Option<AccountId> {
		self.hot.as_ref().map(Keypair::account)
	}

	/// The key that signs the vouchers of a session that was opened for the hot key `signer`, or for
	/// the account's own; `None` if it is not here. The account itself may sign in every session.
	pub(crate) fn for_vouchers(self, signer: Option<&AccountId>) -> Option<Keypair> {
		let hot = self.hot.filter(|hot| Some(&hot.account()) == signer);
		hot.or(self.own)
	}
}

impl From<Keypair> for Keys {
	fn from(own: Keypair) -> Self {
		Self { account: own.account(), own: Some(own), hot: None, hot_limit: None }
	}
}

/// A chain node, and the keys of who pays.
#[derive(Clone, Debug)]
pub struct Live {
	chain: Chain,
	keys: Keys,
}

impl Live {
	/// Pays with these keys.
	pub fn new(chain: Chain, keys: impl Into<Keys>) -> Self {
		Self { chain, keys: keys.into() }
	}

	/// The chain node.
	pub(crate) fn chain(&self) -> &Chain {
		&self.chain
	}

	/// The keys that sign transactions.
	pub(crate) fn signs_with(&self) -> &Keys {
		&self.keys
	}

	/// Submits a call and picks what matters of what it did.
	async fn submit<T>(
		&self,
		call: metering::Call,
		pick: impl FnMut(&metering::Event) -> Option<T> + Send,
	) -> Submitted<T> {
		self.include(call, pick).await.map(|(done, _)| done)
	}

	/// The same, with the block that it is in.
	async fn include<T>(
		&self,
		call: metering::Call,
		mut pick: impl FnMut(&metering::Event) -> Option<T> + Send,
	) -> Submitted<(T, BlockNumber)> {
		let pick = |event: &Event| match event {
			Event::InferenceMetering(event) => pick(event),
			_ => None,
		};
		let call = Call::InferenceMetering(call);
		let Some(key) = &self.keys.own else {
			let account = ss58(&self.keys.account);
			return Submitted::Refused(format!("the key of {account} is not here"));
		};
		let submitted = tx::submit(&self.chain, &call, key, SubmitOptions::in_block()).await;
		match submitted.map(TxOutcome::into_included) {
			Ok(Ok(included)) => match included.find(pick) {
				Some(done) => Submitted::Done((done, included.block.number)),
				None => Submitted::Unknown(format!("{} had no event that is known", call.name())),
			},
			Ok(Err(error @ (TxError::Failed { .. } | TxError::Invalid { .. }))) => {
				Submitted::Refused(error.to_string())
			}
			Ok(Err(error)) => Submitted::Unknown(error.to_string()),
			Err(error) => Submitted::Refused(error.to_string()),
		}
	}
}

#[async_trait]
impl Network for Live {
	fn genesis_hash(&self) -> Hash {
		self.chain.genesis_hash()
	}

	fn keys(&self) -> Keys {
		self.keys.clone()
	}

	async fn block(&self, at: At) -> Result<BlockNumber, ChainError> {
		Ok(self.chain.block(at).await?.number)
	}

	async fn free_balance(&self) -> Result<Balance, ChainError> {
		self.chain.free_balance(&self.keys.account, At::Best).await
	}

	async fn models(&self, from: ModelId) -> Result<Vec<ModelInfo>, ChainError> {
		self.chain.models(from, MAX_PAGE, At::Best).await
	}

	async fn model(&self, id: ModelId, at: At) -> Result<Option<ModelInfo>, ChainError> {
		self.chain.model(id, at).await
	}

	async fn nodes(
		&self,
		model: ModelId,
		after: Option<&AccountId>,
	) -> Result<Vec<NodeInfo>, ChainError> {
		self.chain.nodes(model, after, MAX_PAGE, At::Best).await
	}

	async fn node(&self, operator: &AccountId) -> Result<Option<NodeInfo>, ChainError> {
		self.chain.node(operator, At::Best).await
	}

	async fn session(&self, id: SessionId, at: At) -> Result<Option<SessionInfo>, ChainError> {
		self.chain.session(id, at).await
	}

	async fn lane_terms(&self, agreement: &Agreement) -> Result<Option<LaneTermsInfo>, ChainError> {
		let Agreement { model, version, price_version, as_of, .. } = *agreement;
		let terms = self.chain.lane_terms(model, version, price_version, as_of, At::Best).await?;
		Ok(terms.ok())
	}

	async fn next_session(&self) -> Result<SessionId, ChainError> {
		self.chain.next_session(At::Best).await
	}

	async fn open_session(
		&self,
		node: &AccountId,
		deposit: Balance,
		expires_at: BlockNumber,
	) -> Submitted<Opened> {
		let ours = self.keys.account.clone();
		let hot = self.keys.hot_account();
		let (node, signer) = (node.clone(), hot.unwrap_or_else(|| ours.clone()));
		let call = match self.keys.hot_limit.filter(|_| signer != ours) {
			Some(spending_limit) => metering::Call::open_session_with_limit {
				node,
				deposit,
				signer,
				spending_limit,
				expires_at,
			},
			None => metering::Call::open_session { node, deposit, signer, expires_at },
		};
		let included = self.include(call, |event| match event {
			metering::Event::SessionOpened(opened) if opened.caller == ours => {
				Some((opened.session, opened.deposit, opened.expires_at))
			}
			_ => None,
		});
		included.await.map(|((session, deposit, expires_at), opened_at)| Opened {
			session,
			deposit,
			expires_at,
			opened_at,
		})
	}

	async fn top_up(&self, session: SessionId, amount: Balance) -> Submitted<()> {
		let call = metering::Call::top_up { session, amount };
		let added = |event: &_| matches!(event, metering::Event::SessionToppedUp(_)).then_some(());
		self.submit(call, added).await
	}

	async fn request_close(&self, session: SessionId) -> Submitted<BlockNumber> {
		self.submit(metering::Call::request_close { session }, |event| match event {
			metering::Event::CloseRequested(asked) => Some(asked.closes_at),
			_ => None,
		})
		.await
	}

	async fn close(&self, session: SessionId) -> Submitted<Balance> {
		self.submit(metering::Call::close_session { session }, refunded).await
	}

	async fn close_by_agreement(
		&self,
		agreement: VersionedCloseAgreement,
		signature: Signature,
	) -> Submitted<Balance> {
		let call = metering::Call::close_by_agreement { agreement, signature };
		self.submit(call, refunded).await
	}
}

/// The part that came back of a session's deposit, in planck.
fn refunded(event: &metering::Event) -> Option<Balance> {
	match event {
		metering::Event::SessionClosed(closed) => Some(closed.refunded),
		_ => None,
	}
}

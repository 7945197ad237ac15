//! Having a session that can pay.

use std::time::Duration;

use openledger_primitives::{Balance, BlockNumber, SessionId, MILLI_OPEN};
use tokio::time::{sleep, Instant};

use super::{known::SessionKey, opening::Opening, Caller, CallerError, KnownSession, PAUSE};
use crate::{
	calls::Call,
	chain::{At, ChainError},
	events::Event,
	keys::ss58,
	tx::{SubmitOptions, TxError, TxOutcome},
};

/// A session that ends within so many blocks is not used for another call.
const MARGIN: BlockNumber = 20;
/// A chain node may be so many blocks behind another one.
pub(super) const BEHIND: BlockNumber = 10;
/// How long to wait for one that is.
const PATIENCE: Duration = Duration::from_secs(30);
/// A session that the final chain does not have was closed, if it was opened so many blocks ago; else it
/// may just not be final yet.
const SETTLED_DOWN: BlockNumber = 128;
/// What an account needs besides a deposit: what is held for the session's place on chain, the
/// existential deposit, and fees. Governance may raise the first: then the chain says what is missing.
const RESERVE: Balance = 200 * MILLI_OPEN;

impl Caller {
	/// A session that can pay for a call of `amount`, and whether it was opened just now.
	pub(super) async fn session(
		&self,
		key: &SessionKey,
		amount: Balance,
	) -> Result<(KnownSession, bool), CallerError> {
		let _turn = self.book.turn(key, None).await;
		if let Some(session) = self.current(key, amount).await? {
			return Ok((session, false));
		}
		Ok((self.open(key, amount).await?, true))
	}

	/// The session in use, if the chain still has it as it was opened and `amount` is left of it.
	pub(super) async fn current(
		&self,
		key: &SessionKey,
		amount: Balance,
	) -> Result<Option<KnownSession>, CallerError> {
		let Some(session) = self.book.find(key).await else { return Ok(None) };
		let patience = Instant::now() + PATIENCE;
		let (best, info) = loop {
			let best = self.chain.block(At::Best).await?;
			let info = self.chain.session(session.session, At::Block(best.hash)).await?;
			// Of several chain nodes behind one address, this one may not have seen its opening.
			let behind = session.opened_at.map_or(0, |opened| opened.saturating_sub(best.number));
			if info.is_some() || behind == 0 || behind > BEHIND {
				break (best, info);
			}
			if Instant::now() >= patience {
				let (session, opened_at) = (session.session, best.number.saturating_add(behind));
				return Err(CallerError::ChainBehind { session, opened_at, best: best.number });
			}
			sleep(PAUSE).await;
		};
		let Some(info) = info else {
			tracing::debug!(session = session.session, "the chain does not have the session");
			return Ok(None);
		};
		// A development chain that was started anew gives out the same numbers again.
		let same = (&info.caller, &info.node, &info.signer)
			== (&key.caller, &key.node, &key.caller)
			&& info.deposit >= session.deposit
			&& info.expires_at >= session.expires_at;
		let lasts =
			info.closes_at.is_none() && best.number.saturating_add(MARGIN) < info.expires_at;
		let left = info.deposit.saturating_sub(session.spent().max(info.settled));
		tracing::debug!(session = session.session, same, lasts, left, "session in use");
		if !(same && lasts && left >= amount) {
			return Ok(None);
		}
		if (info.deposit, info.expires_at) == (session.deposit, session.expires_at) {
			return Ok(Some(session));
		}
		// Topped up, or extended.
		self.book.extend(key, session.session, info.deposit, info.expires_at).await?;
		let (deposit, expires_at) = (info.deposit, info.expires_at);
		Ok(Some(KnownSession { deposit, expires_at, ..session }))
	}

	async fn open(&self, key: &SessionKey, amount: Balance) -> Result<KnownSession, CallerError> {
		if self.take_up_opening(key).await? {
			if let Some(session) = self.current(key, amount).await? {
				return Ok(session);
			}
		}
		let deposit = self.options.deposit;
		if amount > deposit {
			return Err(CallerError::DepositTooSmall { amount, deposit });
		}
		let free = self.chain.free_balance(&key.caller, At::Best).await?;
		if free < deposit.saturating_add(RESERVE) {
			return Err(CallerError::Balance { account: ss58(&key.caller), free, deposit });
		}
		let best = self.chain.block(At::Best).await?.number;
		let expires_at = best.saturating_add(self.options.session_blocks);
		let call = Call::OpenSession {
			node: key.node.clone(),
			deposit,
			signer: key.caller.clone(),
			expires_at,
		};
		let opening = Opening {
			genesis_hash: key.genesis_hash,
			node: key.node.clone(),
			caller: key.caller.clone(),
			deposit,
			expires_at,
			first: self.chain.next_session(At::Best).await?,
			from: best,
		};
		self.book.begin(opening).await?;
		let submitted = self.chain.submit(&call, &self.keypair, SubmitOptions::in_block()).await;
		let included = match submitted.map(TxOutcome::into_included) {
			Ok(Ok(included)) => included,
			Ok(Err(error)) => {
				if matches!(error, TxError::Failed { .. } | TxError::Invalid { .. }) {
					self.book.abandon(key).await?;
				}
				return Err(CallerError::Session(error));
			}
			// It was not handed over.
			Err(error) => {
				self.book.abandon(key).await?;
				return Err(error.into());
			}
		};
		let opened = included.find(|event| match event {
			Event::SessionOpened { session, caller, deposit, expires_at, .. }
				if *caller == key.caller =>
			{
				Some((*session, *deposit, *expires_at))
			}
			_ => None,
		});
		let (session, deposit, expires_at) = opened.ok_or_else(|| ChainError::Decode {
			what: "the opening of a session".into(),
			reason: "it had no SessionOpened event".into(),
		})?;
		let known = KnownSession {
			genesis_hash: key.genesis_hash,
			node: key.node.clone(),
			caller: key.caller.clone(),
			session,
			deposit,
			expires_at,
			opened_at: Some(included.block.number),
			retired: false,
			lanes: Default::default(),
		};
		self.put(key, known.clone()).await?;
		Ok(known)
	}

	/// Uses a session that was opened.
	pub(super) async fn put(
		&self,
		key: &SessionKey,
		known: KnownSession,
	) -> Result<(), CallerError> {
		let closed = self.closed().await?;
		self.book.put(key, known, &closed).await
	}

	/// The sessions in the book that the chain has no more. What is known of one that is only not there
	/// yet, or not any more for now, is still needed.
	pub(super) async fn closed(&self) -> Result<Vec<SessionId>, CallerError> {
		let mut closed = Vec::new();
		let finalized = self.chain.block(At::Finalized).await?;
		let at = At::Block(finalized.hash);
		for known in self.book.sessions().await {
			let here = known.genesis_hash == self.chain.genesis_hash();
			let settled_down = known.opened_at.unwrap_or_default().saturating_add(SETTLED_DOWN);
			let is_old = finalized.number >= settled_down;
			if here && is_old && self.chain.session(known.session, at).await?.is_none() {
				closed.push(known.session);
			}
		}
		Ok(closed)
	}
}

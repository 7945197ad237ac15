//! The handle by which others know of settling, and ask something of it.

use openledger_books::{StoreError, UnixSeconds};
use openledger_primitives::{Balance, BlockNumber, SessionId};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use super::SettlementPolicy;
use crate::view::ChainUnavailable;

/// The most sessions that are settled at somebody's request at the same time; as many more wait.
pub(super) const ORDERS: usize = 64;

/// The last thing that settling did, for anybody who asks how it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSettlement {
	/// The finalized block of the last settlement.
	pub block: Option<BlockNumber>,
	/// The reason why the last attempt failed, if it did, in a word: what is behind it is in the log.
	pub error: Option<String>,
	/// Since when a lane cannot be settled, if there is one.
	pub failing_since: Option<UnixSeconds>,
}

/// A reason why a session is not settled to its end.
#[derive(Debug, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum SettleError {
	/// Nothing is settled any more: the node stops.
	#[error("the node is stopping")]
	Stopped,
	#[error("too many sessions are being closed")]
	Busy,
	#[error("the chain has no such session")]
	Unknown,
	/// Some calls are still open: a settlement failed, or its outcome is not known yet.
	#[error("{calls} calls are not settled yet: {reason}")]
	Open { calls: usize, reason: String },
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// A session that is to be settled now.
pub(super) struct Order {
	pub(super) session: SessionId,
	/// Takes the sum that was settled of it in all, in planck.
	pub(super) reply: oneshot::Sender<Result<Balance, SettleError>>,
}

/// Tells how settling goes, and has a session settled.
#[derive(Clone, Debug)]
pub struct SettlerHandle {
	last: watch::Receiver<LastSettlement>,
	orders: mpsc::Sender<Order>,
	/// A policy that is to count from now on.
	pub(super) next_policy: watch::Sender<Option<SettlementPolicy>>,
}

impl SettlerHandle {
	/// A handle, and what the task that settles keeps.
	pub(super) fn channel() -> (Self, watch::Sender<LastSettlement>, mpsc::Receiver<Order>) {
		let (tell, last) = watch::channel(LastSettlement::default());
		let (orders, received) = mpsc::channel(ORDERS);
		(Self { last, orders, next_policy: watch::Sender::new(None) }, tell, received)
	}

	/// A handle of nothing.
	#[cfg(any(test, feature = "testing"))]
	pub fn idle() -> Self {
		Self::channel().0
	}

	/// A handle of a task that settles sessions as it is told to, and where to say how it goes.
	#[cfg(any(test, feature = "testing"))]
	pub fn scripted(
		settle: impl Fn(SessionId) -> Result<Balance, SettleError> + Send + 'static,
	) -> (Self, watch::Sender<LastSettlement>) {
		let (handle, tell, mut orders) = Self::channel();
		tokio::spawn(async move {
			while let Some(order) = orders.recv().await {
				let _ = order.reply.send(settle(order.session));
			}
		});
		(handle, tell)
	}

	/// Lets this policy count from the next time that lanes are checked.
	pub fn follow(&self, policy: SettlementPolicy) {
		self.next_policy.send_replace(Some(policy));
	}

	/// The state of settling.
	pub fn last(&self) -> LastSettlement {
		self.last.borrow().clone()
	}

	/// Settles all served calls of a session, whether they are due or not, and waits for it. Returns
	/// what the chain has settled of the session in all, in planck.
	///
	/// # Errors
	/// If something of it is still open, or that is not known.
	pub async fn settle(&self, session: SessionId) -> Result<Balance, SettleError> {
		let (reply, answer) = oneshot::channel();
		self.orders.try_send(Order { session, reply }).map_err(|error| match error {
			mpsc::error::TrySendError::Full(_) => SettleError::Busy,
			mpsc::error::TrySendError::Closed(_) => SettleError::Stopped,
		})?;
		answer.await.unwrap_or(Err(SettleError::Stopped))
	}
}

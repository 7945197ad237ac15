//! The state that the HTTP handlers share.

use std::{
	collections::BTreeMap,
	sync::{Arc, PoisonError, RwLock},
	time::Duration,
};

use openledger_books::Store;
use openledger_chain_client::Keypair;
use openledger_primitives::{info::SessionInfo, Balance, BlockNumber, ModelId, SessionId};
use openledger_protocol::{x402::PaymentRequired, ApiError, Task};
use openledger_server_kit::{intake::BodyMemory, Permits};
use openledger_settlement::{redeem::SettlerHandle, requests::Catalogue, view::SessionSource};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{origins::Origins, refused::Refused};
use crate::payment::{Offer, OwnPrice, Refusal};

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
	/// The largest request body, in bytes.
	pub body_bytes: usize,
	/// The time that a request's body may stall on its way in.
	pub body_timeout: Duration,
	/// The largest headers, in bytes.
	pub header_bytes: usize,
	/// The most that a session may owe for calls that are not settled, in planck.
	pub exposure: Balance,
	/// For how many blocks a voucher may be valid.
	pub voucher_blocks: BlockNumber,
}

/// Settings that can change while the node runs.
pub struct Live {
	/// The models that are served.
	pub models: Catalogue,
	/// Prices that this node charges instead of the models' list prices.
	pub own_prices: BTreeMap<ModelId, OwnPrice>,
	/// The URL at which callers reach this node, without a slash at the end.
	pub public_url: String,
	/// Limits.
	pub limits: Limits,
	/// The web pages that may call this node.
	pub origins: Origins,
}

/// The settings in force now. A call keeps those that were in force when it came.
pub struct Settings(RwLock<Arc<Live>>);

impl Settings {
	/// Settings that are in force from the start.
	pub fn new(live: Live) -> Self {
		Self(RwLock::new(Arc::new(live)))
	}

	/// The settings in force now.
	pub fn get(&self) -> Arc<Live> {
		self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
	}

	/// Replaces the settings in force.
	pub fn set(&self, live: Live) {
		*self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
	}
}

/// The parts that the HTTP handlers share.
pub struct App {
	/// The chain.
	pub source: Arc<dyn SessionSource>,
	/// Vouchers and calls.
	pub store: Store,
	/// Settings that can change while the node runs.
	pub settings: Settings,
	/// Signs statements.
	pub receipt_key: Keypair,
	/// The settling task.
	pub settler: SettlerHandle,
	/// Permits for requests to be worked on.
	pub permits: Permits,
	/// Memory for bodies that are not worked on yet.
	pub body_memory: BodyMemory,
	/// Calls that are being served.
	pub calls: TaskTracker,
	/// Time is up for calls that are being served.
	pub cut: CancellationToken,
}

impl App {
	/// The settings in force now.
	pub fn live(&self) -> Arc<Live> {
		self.settings.get()
	}

	/// A session with this node.
	///
	/// # Errors
	/// If there is no such session, or the chain cannot be asked.
	pub(super) async fn session(&self, id: SessionId) -> Result<SessionInfo, Refused> {
		let found = self.source.session(id).await?;
		let ours = found.filter(|info| info.node == *self.source.operator());
		ours.ok_or_else(|| Refused::no_session(id))
	}

	/// The answer where payment is needed for what is at `path`, and why it is.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub(super) fn payment_required(
		&self,
		offer: &Offer,
		path: &str,
		timeout: Duration,
		why: &str,
	) -> Result<PaymentRequired, Refused> {
		let requirements = offer.requirements(
			self.source.genesis_hash(),
			self.source.operator().clone(),
			self.receipt_key.account(),
			(self.source.final_block()?, self.source.best_block()?),
			timeout.as_secs(),
		);
		let requirements = requirements.ok_or_else(ApiError::internal)?;
		let url = format!("{}{path}", self.live().public_url);
		Ok(PaymentRequired::new(why, &url, requirements))
	}

	/// A voucher that is not taken, together with what would be taken instead for what `task` is.
	pub(super) fn refuse(
		&self,
		offer: &Offer,
		task: Task,
		timeout: Duration,
		refusal: &Refusal,
	) -> Refused {
		if let Refusal::Store(error) = refusal {
			tracing::error!(%error, "a voucher could not be written down");
		}
		// Without a view of the chain there is nothing to offer either.
		let code = refusal.code().as_str();
		let payment = self.payment_required(offer, task.path(), timeout, code).ok();
		Refused::payment(refusal, payment)
	}
}

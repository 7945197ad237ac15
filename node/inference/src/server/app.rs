//! What the HTTP handlers share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use openledger_client::{x402::PaymentRequired, Keypair};
use openledger_primitives::ModelId;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::refused::Refused;
use crate::{
	backend::Backend,
	openai::ApiError,
	payment::{Offer, SessionSource},
	settlement::SettlerHandle,
	store::Store,
};

/// Where chats are answered.
pub(super) const CHAT_PATH: &str = "/v1/chat/completions";

/// A model that is served, and what answers for it.
#[derive(Clone)]
pub struct CatalogueEntry {
	/// The model on chain.
	pub id: ModelId,
	/// What answers.
	pub backend: Arc<dyn Backend>,
	/// How long one call may take, from its voucher to the end of its answer.
	pub timeout: Duration,
}

/// The models that are served, by their names on chain.
pub type Catalogue = BTreeMap<String, CatalogueEntry>;

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
	/// The largest request body, in bytes.
	pub body_bytes: usize,
	/// How long a request's body may stall on its way in.
	pub body_timeout: Duration,
}

/// What the HTTP handlers share.
pub struct App {
	/// The chain.
	pub source: Arc<dyn SessionSource>,
	/// Vouchers and calls.
	pub store: Store,
	/// What is served.
	pub models: Catalogue,
	/// Signs statements.
	pub receipt_key: Keypair,
	/// Where callers reach this node, without a slash at the end.
	pub public_url: String,
	/// Limits.
	pub limits: Limits,
	/// The settling task.
	pub settler: SettlerHandle,
	/// Room for chat requests.
	pub room: Arc<Semaphore>,
	/// Calls that are being served.
	pub calls: TaskTracker,
	/// Time is up for calls that are being served.
	pub cut: CancellationToken,
}

impl App {
	/// What to answer with when payment is needed, and why.
	///
	/// # Errors
	/// When the chain cannot be asked.
	pub(super) fn payment_required(
		&self,
		offer: &Offer,
		timeout: Duration,
		why: &str,
	) -> Result<PaymentRequired, Refused> {
		let requirements = offer.requirements(
			self.source.genesis_hash(),
			self.source.operator().clone(),
			self.receipt_key.account(),
			self.source.best_block()?,
			timeout.as_secs(),
		);
		let requirements = requirements.ok_or_else(ApiError::internal)?;
		let url = format!("{}{CHAT_PATH}", self.public_url);
		Ok(PaymentRequired::new(why, &url, requirements))
	}
}

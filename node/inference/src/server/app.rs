//! What the HTTP handlers share.

use std::{
	collections::BTreeMap,
	sync::{Arc, PoisonError, RwLock},
	time::Duration,
};

use openledger_client::{x402::PaymentRequired, Keypair};
use openledger_primitives::{Balance, BlockNumber, ModelId};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{cors::Origins, refused::Refused, room::Room};
use crate::{
	backend::Backend,
	openai::ApiError,
	payment::{Offer, SessionSource},
	settlement::SettlerHandle,
	store::Store,
};

/// How finely the memory for bodies is counted, in bytes. A body up to this is not counted.
pub(super) const BODY_STEP: usize = 16 * 1024;
/// How much memory bodies may take that are not worked on yet, in bytes: anybody can send them.
const BODIES: usize = 512 * 1024 * 1024;

/// Room for bodies.
pub(super) fn room_for_bodies() -> Room {
	Room::new(BODIES / BODY_STEP)
}

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
	/// The largest headers, in bytes.
	pub header_bytes: usize,
	/// What a session may owe for calls that are not settled, in planck.
	pub exposure: Balance,
	/// For how many blocks a voucher may be valid.
	pub voucher_blocks: BlockNumber,
}

/// What can change while the node runs.
pub struct Live {
	/// What is served.
	pub models: Catalogue,
	/// Where callers reach this node, without a slash at the end.
	pub public_url: String,
	/// Limits.
	pub limits: Limits,
	/// The web pages that may call this node.
	pub origins: Origins,
}

/// What is in force now. A call keeps what was in force when it came.
pub struct Settings(RwLock<Arc<Live>>);

impl Settings {
	/// What is in force from the start.
	pub fn new(live: Live) -> Self {
		Self(RwLock::new(Arc::new(live)))
	}

	/// What is in force now.
	pub fn get(&self) -> Arc<Live> {
		self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
	}

	/// Puts others into force.
	pub fn set(&self, live: Live) {
		*self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
	}
}

/// What the HTTP handlers share.
pub struct App {
	/// The chain.
	pub source: Arc<dyn SessionSource>,
	/// Vouchers and calls.
	pub store: Store,
	/// What can change while the node runs.
	pub settings: Settings,
	/// Signs statements.
	pub receipt_key: Keypair,
	/// The settling task.
	pub settler: SettlerHandle,
	/// Room for requests that are worked on.
	pub room: Room,
	/// Room for bodies that are not worked on yet, in steps of [`BODY_STEP`] bytes.
	pub bodies: Room,
	/// Calls that are being served.
	pub calls: TaskTracker,
	/// Time is up for calls that are being served.
	pub cut: CancellationToken,
}

impl App {
	/// What is in force now.
	pub fn live(&self) -> Arc<Live> {
		self.settings.get()
	}

	/// What to answer with when payment is needed for what is at `path`, and why.
	///
	/// # Errors
	/// When the chain cannot be asked.
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
			self.source.best_block()?,
			timeout.as_secs(),
		);
		let requirements = requirements.ok_or_else(ApiError::internal)?;
		let url = format!("{}{path}", self.live().public_url);
		Ok(PaymentRequired::new(why, &url, requirements))
	}
}

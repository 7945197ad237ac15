//! What the HTTP handlers share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use openledger_client::{
    x402::{PaymentRequired, Requirements},
    Keypair,
};
use openledger_primitives::ModelId;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    backend::Backend,
    payment::{ChainUnavailable, Offer, SessionSource},
    settlement::SettlerHandle,
    store::Store,
};

/// A model that is served, and what answers for it.
#[derive(Clone)]
pub struct CatalogueEntry {
    /// The model on chain.
    pub id: ModelId,
    /// What answers.
    pub backend: Arc<dyn Backend>,
}

/// The models that are served, by their names on chain.
pub type Catalogue = BTreeMap<String, CatalogueEntry>;

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// How long one call may take, from its voucher to the end of its answer.
    pub call_timeout: Duration,
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
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
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
        why: &str,
    ) -> Result<PaymentRequired, ChainUnavailable> {
        let url = format!("{}/v1/chat/completions", self.public_url);
        Ok(PaymentRequired::new(why, &url, self.requirements(offer)?))
    }

    fn requirements(&self, offer: &Offer) -> Result<Requirements, ChainUnavailable> {
        Ok(offer.requirements(
            self.source.genesis_hash(),
            self.source.operator().clone(),
            self.receipt_key.account(),
            self.source.best_block()?,
            self.limits.call_timeout.as_secs(),
        ))
    }
}

//! The parts that a payer is made of, for those who need several of them.

use std::sync::Arc;

use openledger_payer_ledger::Treasury;

use crate::{
	clerk::Clerk, funding::Funding, market::Market, network::Network, node::api::NodeApi,
	settings::PayerSettings,
};

/// See the module's documentation.
pub(crate) struct Parts {
	pub network: Arc<dyn Network>,
	pub market: Arc<Market>,
	pub treasury: Arc<Treasury>,
	pub funding: Arc<Funding>,
	pub clerk: Clerk,
	pub api: NodeApi,
	pub settings: PayerSettings,
}

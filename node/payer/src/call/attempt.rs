//! Trying one node, step by step.

use std::{sync::Arc, time::Duration};

use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	AccountId,
};

use super::{
	agreed::{Agreed, Agreeing},
	context::Call,
	offered::Offered,
	prepared::{Prepared, Preparing},
	receiving::Receiving,
	rejected::{Correcting, Patience},
	sent::{Came, Sending, Sent},
	stop::later,
	verdict::{Step, Verdict},
};
use crate::{market::Market, node::api::NodeApi};

/// What the steps need, each for itself.
pub(super) struct Attempt {
	pub api: NodeApi,
	pub market: Arc<Market>,
	pub agreeing: Agreeing,
	pub preparing: Preparing,
	pub sending: Sending,
	pub receiving: Receiving,
	pub correcting: Correcting,
	/// How long a node may take to see what happened on chain, and to have a lane free again.
	pub catch_up: Duration,
}

impl Attempt {
	/// Tries one node.
	pub async fn run(&self, call: &mut Call<'_>, model: &ModelInfo, node: &NodeInfo) -> Verdict {
		let _in_flight = InFlight::new(&self.market, &node.operator);
		let until = later(self.catch_up).min(call.deadline);
		let mut patience = Patience { until, corrections: 0, refused: Vec::new() };
		let mut node = node.clone();
		loop {
			match self.round(call, model, node, &mut patience).await {
				Step::Continue(newest) => node = newest,
				Step::Break(verdict) => return verdict,
			}
		}
	}

	/// One voucher. Goes on with the node as the chain has it if there is to be another one.
	async fn round(
		&self,
		call: &mut Call<'_>,
		model: &ModelInfo,
		node: NodeInfo,
		patience: &mut Patience,
	) -> Step<NodeInfo> {
		let offered = Offered::ask(&self.api, &self.market, call, model, node).await?;
		let agreed = Agreed::compare(offered, &self.agreeing, call.request, model).await?;
		let node = agreed.node.clone();
		let prepared = Prepared::prepare(agreed, &self.preparing, call).await?;
		let sent = Sent::send(prepared, &self.sending, call).await?;
		let receiving = &self.receiving;
		match sent.came(&self.sending).await? {
			Came::Answered(answered) => Step::Break(answered.deliver(receiving, call).await),
			Came::Lost(lost, reason) => Step::Break(lost.recover(receiving, call, reason).await),
			Came::Stopped(lost, stop) => Step::Break(lost.abandon(receiving, call, stop).await),
			Came::Rejected(rejected) => {
				rejected.correct(&self.correcting, call, model, patience).await?;
				Step::Continue(node)
			}
		}
	}
}

/// A call that a node is answering.
struct InFlight<'a> {
	market: &'a Market,
	operator: AccountId,
}

impl<'a> InFlight<'a> {
	fn new(market: &'a Market, operator: &AccountId) -> Self {
		market.note(operator, |health, _| health.begin());
		Self { market, operator: operator.clone() }
	}
}

impl Drop for InFlight<'_> {
	fn drop(&mut self) {
		self.market.note(&self.operator, |health, _| health.end());
	}
}

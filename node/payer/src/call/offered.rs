//! First step: a node says what the call costs.

use openledger_primitives::info::{ModelInfo, NodeInfo};
use openledger_protocol::x402::PaymentRequired;
use tokio::time::Instant;

use super::{
	context::Call,
	refused,
	verdict::{elsewhere, in_time, millis, Step},
};
use crate::{error::PayerCode, node::api::Quote, parts::Parts};

/// A node's offer for a call. It was not compared with anything.
pub(super) struct Offered {
	pub required: PaymentRequired,
	pub node: NodeInfo,
}

impl Offered {
	/// Asks a node what the call costs.
	pub async fn ask(
		parts: &Parts,
		call: &mut Call<'_>,
		model: &ModelInfo,
		node: NodeInfo,
	) -> Step<Self> {
		let asked = Instant::now();
		let (body, task) = (call.request.body.clone(), call.request.task);
		let asking = parts.api.offer(&node.endpoint, task, &body);
		let required = match in_time(call.unless_stopped(asking).await)? {
			Quote::Offer(required) => *required,
			Quote::Refused(refusal) => {
				return Step::Break(refused::verdict(&parts.market, task, &node, model, refusal));
			}
			Quote::Failed(reason) => {
				parts.market.failed(&node.operator);
				return Step::Break(elsewhere(PayerCode::NodeUnreachable, reason));
			}
		};
		parts.market.note(&node.operator, |health, _| health.reached(millis(asked.elapsed())));
		Step::Continue(Self { required, node })
	}
}

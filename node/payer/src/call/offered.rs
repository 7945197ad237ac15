//! First step: a node says what the call costs.

use openledger_primitives::info::{ModelInfo, NodeInfo};
use openledger_protocol::x402::PaymentRequired;
use tokio::time::Instant;

use super::{
	context::Call,
	refused,
	stop::millis,
	verdict::{in_time, Step, Verdict},
};
use crate::{
	error::ApiError,
	market::Market,
	node::api::{NodeApi, Quote},
};

/// What a node wants for a call. It was not compared with anything.
pub(super) struct Offered {
	pub required: PaymentRequired,
	pub node: NodeInfo,
}

impl Offered {
	/// Asks a node what the call costs.
	pub async fn ask(
		api: &NodeApi,
		market: &Market,
		call: &mut Call<'_>,
		model: &ModelInfo,
		node: NodeInfo,
	) -> Step<Self> {
		let asked = Instant::now();
		let (body, task) = (call.request.body.clone(), call.request.task);
		let asking = api.offer(&node.endpoint, task, &body);
		let required = match in_time(call.unless_stopped(asking).await)? {
			Quote::Offer(required) => *required,
			Quote::Refused(refusal) => {
				return Step::Break(refused::verdict(market, task, &node, model, refusal));
			}
			Quote::Failed(reason) => {
				market.failed(&node.operator);
				let error = ApiError::bad_gateway("node_unreachable", reason);
				return Step::Break(Verdict::Elsewhere(error));
			}
		};
		market.note(&node.operator, |health, _| health.reached(millis(asked.elapsed())));
		Step::Continue(Self { required, node })
	}
}

//! What a node asks for a call, and whether that is what the chain says and what was asked.

use openledger_client::{
	caller::{check_offer, CallerError, Facts},
	units::format_amount,
	x402::{PaymentRequired, Requirements},
	ChainError,
};
use openledger_primitives::info::{ModelInfo, NodeInfo};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{attempt::millis, Call, Engine, Request, Stop, Task, Verdict};
use crate::{error::ApiError, node::api::Offered, recount};

impl Engine {
	/// Asks what the call costs, and compares that with the chain.
	pub(super) async fn offer(
		&self,
		call: &mut Call<'_>,
		model: &ModelInfo,
		node: &mut NodeInfo,
	) -> Result<Requirements, Verdict> {
		let asked = Instant::now();
		let (body, task) = (call.request.body.clone(), call.request.task);
		let offered = call.unless_stopped(self.api.offer(&node.endpoint, task, &body)).await;
		let required = match offered.map_err(Stop::into_verdict)? {
			Offered::Offer(required) => *required,
			Offered::Refused(refusal) => return Err(self.refused(task, node, model, refusal)),
			Offered::Failed(reason) => {
				self.failed(node);
				return Err(Verdict::Elsewhere(ApiError::bad_gateway("node_unreachable", reason)));
			}
		};
		self.note(node, |health, _| health.reached(millis(asked.elapsed())));
		match self.agree(&required, model, node, &body) {
			Err(CallerError::Offer(reason)) => {
				debug!(%reason, "an offer differs from what is known")
			}
			agreed => return agreed.map_err(|error| self.disagree(task, node, &error)),
		}
		// A price, a version or a key may have changed lately.
		let unknown = |error: ChainError| {
			warn!(%error, "the chain cannot be asked");
			let message = "the chain cannot be asked about the price";
			Verdict::Refused(ApiError::unavailable("chain_unavailable", message))
		};
		if let Some(newest) = self.network.node(&node.operator).await.map_err(unknown)? {
			if self.market.is_usable(&newest) && newest.endpoint == node.endpoint {
				*node = newest;
			}
		}
		let mut agreed = self.agree(&required, model, node, &body);
		for newest in self.market.newest(model.id).await.map_err(unknown)? {
			if !matches!(agreed, Err(CallerError::Offer(_))) {
				break;
			}
			agreed = self.agree(&required, &newest, node, &body);
		}
		agreed.map_err(|error| self.disagree(task, node, &error))
	}

	fn agree(
		&self,
		required: &PaymentRequired,
		model: &ModelInfo,
		node: &NodeInfo,
		body: &[u8],
	) -> Result<Requirements, CallerError> {
		let network = self.network.name();
		let facts = Facts {
			genesis_hash: self.network.genesis_hash(),
			network: &network,
			node,
			model,
			body,
			limit: self.settings.max_charge,
			unasked: self.settings.max_output_tokens,
		};
		check_offer(required.clone(), facts)
	}

	/// Whether an offer is for what was asked, as far as that can be told without its model: vectors
	/// have no output tokens, and texts can be counted.
	pub(super) async fn weigh(
		&self,
		request: &Request,
		offer: &Requirements,
	) -> Result<(), String> {
		let terms = &offer.extra;
		if request.task == Task::Embeddings && terms.max_output_tokens > 0 {
			let tokens = terms.max_output_tokens;
			return Err(format!("it wants to be paid for {tokens} output tokens of vectors"));
		}
		if let Some(chat) = &request.chat {
			let texts = chat.texts.iter().chain(&chat.besides).cloned().collect();
			let counted = self.clerk.count_texts(&request.model, texts).await;
			let Some(counted) = counted else { return Ok(()) };
			let (messages, tools) = (chat.messages, !chat.besides.is_empty());
			return recount::compare_chat(terms.input_tokens, counted, messages, tools);
		}
		let Some(inputs) = &request.inputs else { return Ok(()) };
		match self.clerk.count_inputs(&request.model, inputs).await {
			Some(counted) => recount::compare_inputs(terms.input_tokens, counted),
			None => Ok(()),
		}
	}

	pub(super) fn disagree(&self, task: Task, node: &NodeInfo, error: &CallerError) -> Verdict {
		match error {
			// The price is the same with every node.
			CallerError::TooExpensive { amount, limit } => {
				let message = format!(
					"this call may cost {}, more than the limit of {} a call (--max-charge): ask for \
					 fewer tokens ({}), or raise the limit",
					format_amount(*amount),
					format_amount(*limit),
					task.costly_part(),
				);
				let status = axum::http::StatusCode::BAD_REQUEST;
				let code = "charge_above_limit";
				Verdict::Refused(ApiError::invalid(status, Some(task.costly_part()), code, message))
			}
			// With another node it may be less.
			CallerError::TooLong { tokens, limit } => {
				let message = format!(
					"the answer may have {tokens} tokens, and the request does not say how many it \
					 wants; {limit} are paid for then (--max-tokens): name `max_tokens`"
				);
				let status = axum::http::StatusCode::BAD_REQUEST;
				let code = "answer_too_long";
				let param = Some(task.costly_part());
				Verdict::Elsewhere(ApiError::invalid(status, param, code, message))
			}
			error => {
				self.failed(node);
				metrics::counter!("openledger_pay_false_offers_total").increment(1);
				Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", error.to_string()))
			}
		}
	}
}

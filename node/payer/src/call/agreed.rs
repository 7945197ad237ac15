//! Second step: what the node wants is what the chain says, and what was asked for.

use std::sync::Arc;

use axum::http::StatusCode;
use openledger_chain_client::ChainError;
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	Balance,
};
use openledger_protocol::{
	units::format_amount,
	x402::{PaymentRequired, Requirements},
	Task,
};
use tracing::{debug, warn};

use super::{
	offered::Offered,
	verdict::{Step, Verdict},
	Request,
};
use crate::{
	check::{check_offer, Facts, OfferError},
	error::ApiError,
	market::Market,
	network::Network,
	recount::{self, Recount},
};

/// What offers are compared with.
pub(super) struct Agreeing {
	pub network: Arc<dyn Network>,
	pub market: Arc<Market>,
	pub recount: Arc<Recount>,
	/// The most that one call may cost, in planck.
	pub max_charge: Option<Balance>,
	/// The most output tokens of a call that does not say how many it wants.
	pub max_output_tokens: u32,
}

/// An offer that was compared with the chain and with the request.
pub(super) struct Agreed {
	pub offer: Requirements,
	/// The node, as the chain has it.
	pub node: NodeInfo,
}

impl Agreed {
	/// Compares an offer with the chain, and with what was asked.
	pub async fn compare(
		offered: Offered,
		desk: &Agreeing,
		request: &Request,
		model: &ModelInfo,
	) -> Step<Self> {
		let agreed = desk.with_chain(offered, request, model).await?;
		match desk.weigh(request, &agreed.offer).await {
			Ok(()) => Step::Continue(agreed),
			Err(reason) => {
				let error = OfferError::Differs(reason);
				Step::Break(desk.disagree(request.task, &agreed.node, &error))
			}
		}
	}
}

impl Agreeing {
	/// Compares an offer with what is known of the chain, and with its newest word where that differs.
	async fn with_chain(
		&self,
		offered: Offered,
		request: &Request,
		model: &ModelInfo,
	) -> Step<Agreed> {
		let Offered { required, mut node } = offered;
		let body = &request.body;
		let first = match self.agree(&required, model, &node, body) {
			Err(OfferError::Differs(reason)) => {
				debug!(%reason, "an offer differs from what is known");
				None
			}
			agreed => Some(agreed),
		};
		let agreed = match first {
			Some(agreed) => agreed,
			// A price, a version or a key may have changed lately.
			None => match self.with_newest(&required, model, &mut node, body).await {
				Ok(agreed) => agreed,
				Err(error) => {
					warn!(%error, "the chain cannot be asked");
					let message = "the chain cannot be asked about the price";
					let error = ApiError::unavailable("chain_unavailable", message);
					return Step::Break(Verdict::Refused(error));
				}
			},
		};
		match agreed {
			Ok(offer) => Step::Continue(Agreed { offer, node }),
			Err(error) => Step::Break(self.disagree(request.task, &node, &error)),
		}
	}

	/// Compares an offer with the chain's newest word about the node and the model.
	async fn with_newest(
		&self,
		required: &PaymentRequired,
		model: &ModelInfo,
		node: &mut NodeInfo,
		body: &[u8],
	) -> Result<Result<Requirements, OfferError>, ChainError> {
		if let Some(newest) = self.network.node(&node.operator).await? {
			if self.market.is_usable(&newest) && newest.endpoint == node.endpoint {
				*node = newest;
			}
		}
		let mut agreed = self.agree(required, model, node, body);
		for newest in self.market.newest(model.id).await? {
			if !matches!(agreed, Err(OfferError::Differs(_))) {
				break;
			}
			agreed = self.agree(required, &newest, node, body);
		}
		Ok(agreed)
	}

	fn agree(
		&self,
		required: &PaymentRequired,
		model: &ModelInfo,
		node: &NodeInfo,
		body: &[u8],
	) -> Result<Requirements, OfferError> {
		let network = self.network.name();
		let facts = Facts {
			genesis_hash: self.network.genesis_hash(),
			network: &network,
			node,
			model,
			body,
			limit: self.max_charge,
			unasked: self.max_output_tokens,
		};
		check_offer(required.clone(), facts)
	}

	/// Whether an offer is for what was asked, as far as that can be told without its model: vectors
	/// have no output tokens, and texts can be counted.
	async fn weigh(&self, request: &Request, offer: &Requirements) -> Result<(), String> {
		let terms = &offer.extra;
		if request.task == Task::Embeddings && terms.max_output_tokens > 0 {
			let tokens = terms.max_output_tokens;
			return Err(format!("it wants to be paid for {tokens} output tokens of vectors"));
		}
		if let Some(chat) = &request.chat {
			let texts = chat.texts.iter().chain(&chat.besides).cloned().collect();
			let counted = self.recount.count_texts(&request.model, texts).await;
			let Some(counted) = counted else { return Ok(()) };
			let (messages, tools) = (chat.messages, !chat.besides.is_empty());
			return recount::compare_chat(terms.input_tokens, counted, messages, tools);
		}
		let Some(inputs) = &request.inputs else { return Ok(()) };
		match self.recount.count_inputs(&request.model, inputs).await {
			Some(counted) => recount::compare_inputs(terms.input_tokens, counted),
			None => Ok(()),
		}
	}

	fn disagree(&self, task: Task, node: &NodeInfo, error: &OfferError) -> Verdict {
		let part = task.costly_part();
		let invalid =
			|code, message| ApiError::invalid(StatusCode::BAD_REQUEST, Some(part), code, message);
		match error {
			// The price is the same with every node.
			OfferError::TooExpensive { amount, limit } => {
				let message = format!(
					"this call may cost {}, more than the limit of {} a call (--max-charge): ask for \
					 fewer tokens ({part}), or raise the limit",
					format_amount(*amount),
					format_amount(*limit),
				);
				Verdict::Refused(invalid("charge_above_limit", message))
			}
			// With another node it may be less.
			OfferError::TooLong { tokens, limit } => {
				let message = format!(
					"the answer may have {tokens} tokens, and the request does not say how many it \
					 wants; {limit} are paid for then (--max-tokens): name `max_tokens`"
				);
				Verdict::Elsewhere(invalid("answer_too_long", message))
			}
			error @ OfferError::Differs(_) => {
				self.market.failed(&node.operator);
				metrics::counter!("openledger_pay_false_offers_total").increment(1);
				Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", error.to_string()))
			}
		}
	}
}

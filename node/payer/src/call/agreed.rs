//! Second step: the offer is what the chain says, and for what was asked.

use openledger_chain_client::ChainError;
use openledger_primitives::info::{ModelInfo, NodeInfo};
use openledger_protocol::{
	x402::{PaymentRequired, Requirements},
	Task,
};
use tracing::debug;

use super::{
	offered::Offered,
	request::Request,
	verdict::{elsewhere, no_chain, Step, Verdict},
};
use crate::{
	check::{check_offer, Facts, OfferError},
	error::PayerCode,
	parts::Parts,
	recount,
};

/// An offer that was compared with the chain and with the request.
pub(super) struct Agreed {
	pub offer: Requirements,
	/// The node, as the chain has it.
	pub node: NodeInfo,
}

impl Agreed {
	/// Compares an offer with what is known of the chain, and with its newest word where that differs; and
	/// with what was asked.
	pub async fn compare(
		offered: Offered,
		parts: &Parts,
		request: &Request,
		model: &ModelInfo,
	) -> Step<Self> {
		let Offered { required, mut node } = offered;
		let mut agreed = agree(parts, &required, model, &node, &request.body);
		if let Err(OfferError::Differs(reason)) = &agreed {
			debug!(%reason, "an offer differs from what is known");
			// A price, a version or a key may have changed lately.
			let newest = with_newest(parts, &required, model, &mut node, &request.body).await;
			agreed = match newest {
				Ok(agreed) => agreed,
				Err(error) => {
					let error = no_chain(&error, "the chain cannot be asked about the price");
					return Step::Break(Verdict::Refused(error));
				}
			};
		}
		let weighed = match agreed {
			Ok(offer) => match weigh(parts, request, &offer).await {
				Ok(()) => return Step::Continue(Self { offer, node }),
				Err(reason) => OfferError::Differs(reason),
			},
			Err(error) => error,
		};
		Step::Break(disagree(parts, request.task, &node, weighed))
	}
}

/// Compares an offer with the chain's newest word about the node and the model.
async fn with_newest(
	parts: &Parts,
	required: &PaymentRequired,
	model: &ModelInfo,
	node: &mut NodeInfo,
	body: &[u8],
) -> Result<Result<Requirements, OfferError>, ChainError> {
	if let Some(newest) = parts.network.node(&node.operator).await? {
		if parts.market.is_usable(&newest) && newest.endpoint == node.endpoint {
			*node = newest;
		}
	}
	let mut agreed = agree(parts, required, model, node, body);
	for newest in parts.market.newest(model.id).await? {
		if !matches!(agreed, Err(OfferError::Differs(_))) {
			break;
		}
		agreed = agree(parts, required, &newest, node, body);
	}
	Ok(agreed)
}

fn agree(
	parts: &Parts,
	required: &PaymentRequired,
	model: &ModelInfo,
	node: &NodeInfo,
	body: &[u8],
) -> Result<Requirements, OfferError> {
	let facts = Facts {
		genesis_hash: parts.network.genesis_hash(),
		network: &parts.network.name(),
		node,
		model,
		finalized: parts.market.finalized(),
		body,
		limit: parts.settings.call.max_charge,
		unasked: parts.settings.call.max_output_tokens,
	};
	check_offer(required.clone(), facts)
}

/// Compares an offer with what was asked, as far as that can be done without its model: vectors have no
/// output tokens, and texts can be counted.
async fn weigh(parts: &Parts, request: &Request, offer: &Requirements) -> Result<(), String> {
	let terms = &offer.extra;
	if request.task == Task::Embeddings && terms.max_output_tokens > 0 {
		let tokens = terms.max_output_tokens;
		return Err(format!("it wants to be paid for {tokens} output tokens of vectors"));
	}
	let (texts, special, form) = match (&request.chat, &request.inputs) {
		(Some(chat), _) => {
			let texts = chat.texts.iter().chain(&chat.besides).cloned().collect();
			(texts, false, recount::form(chat.messages, !chat.besides.is_empty()))
		}
		(None, Some(inputs)) => (inputs.clone(), true, 0),
		(None, None) => return Ok(()),
	};
	match parts.settings.recount.count(&request.model, texts, special).await {
		Some(counted) => recount::compare(terms.input_tokens, counted.saturating_add(form)),
		None => Ok(()),
	}
}

fn disagree(parts: &Parts, task: Task, node: &NodeInfo, error: OfferError) -> Verdict {
	let (part, message) = (task.costly_part(), error.to_string());
	match error {
		// The price is the same with every node.
		OfferError::TooExpensive { .. } => {
			Verdict::Refused(PayerCode::ChargeAboveLimit.invalid(Some(part), message))
		}
		// With another node it may be less.
		OfferError::TooLong { .. } => {
			Verdict::Elsewhere(PayerCode::AnswerTooLong.invalid(Some(part), message))
		}
		OfferError::Differs(_) => {
			parts.market.failed(&node.operator);
			metrics::counter!("openledger_pay_false_offers_total").increment(1);
			elsewhere(PayerCode::NodeMisbehaves, message)
		}
	}
}

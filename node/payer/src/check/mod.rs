//! The checks of offers and statements: nothing is paid, and nothing acknowledged, that was not checked here.

use openledger_payer_ledger::{LaneSlot, OpenCall};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	price::Tokens,
	statement::response_hash,
	Balance, Hash,
};
use openledger_protocol::{
	sanitise::{sanitised, SHOWN},
	task,
	units::format_amount,
	x402::{PaymentRequired, Receipt, Requirements, ASSET, SCHEME},
};
use serde_json::Value;
use thiserror::Error;

use crate::{answer_text::AnswerText, recount::most_owed};

/// Tokens that a chat template may add to a prompt, at most.
const TEMPLATE_TOKENS: usize = 1024;
/// Tokens of an answer that may be on their way when its connection breaks: the node has sent them,
/// and they have not arrived.
const TOKENS_UNDER_WAY: u32 = 256;

/// The reason why an offer is not taken. Amounts in planck.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum OfferError {
	#[error("the inference node's offer does not match the chain: {0}; nothing was paid")]
	Differs(String),
	#[error(
		"the answer may have {tokens} tokens, and the request does not say how many it wants; {limit} are \
		 paid for then (--max-tokens): name `max_tokens`"
	)]
	TooLong { tokens: u32, limit: u32 },
	#[error(
		"this call may cost {}, more than the limit of {} a call (--max-charge): ask for fewer tokens, \
		 or raise the limit", format_amount(*amount), format_amount(*limit)
	)]
	TooExpensive { amount: Balance, limit: Balance },
}

/// The facts that an offer is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
	/// The chain.
	pub genesis_hash: Hash,
	/// The chain's CAIP-2 name.
	pub network: &'a str,
	/// The node as the chain has it.
	pub node: &'a NodeInfo,
	/// The model as the chain has it.
	pub model: &'a ModelInfo,
	/// The request.
	pub body: &'a [u8],
	/// The most that the caller would pay, in planck.
	pub limit: Option<Balance>,
	/// The most output tokens that are paid for where the request does not say how many it wants.
	/// Without a bound a node could ask for all that a session holds.
	pub unasked: u32,
}

/// The node's offer, if it is what the chain allows and the caller is willing to pay.
pub fn check_offer(
	required: PaymentRequired,
	facts: Facts<'_>,
) -> Result<Requirements, OfferError> {
	let wrong = |what: String| OfferError::Differs(what);
	let ways = required.accepts.iter().map(|way| format!("{} on {}", way.scheme, way.network));
	let ways = sanitised(&ways.collect::<Vec<_>>().join(", "), SHOWN);
	let ours = |way: &Requirements| {
		way.scheme == SCHEME && way.network == facts.network && way.asset == ASSET
	};
	let offer = required.accepts.into_iter().find(ours).ok_or_else(|| {
		wrong(format!("it wants to be paid by {ways}, not by {SCHEME} on {}", facts.network))
	})?;
	let terms = &offer.extra;
	let (node, model) = (facts.node, facts.model);
	let same = |what: &str, same: bool| match same {
		true => Ok(()),
		false => Err(wrong(format!("the {what} is not the one on chain"))),
	};
	same("genesis hash", terms.genesis_hash == facts.genesis_hash)?;
	same("account to pay", offer.pay_to == node.operator)?;
	same("receipt key", terms.receipt_key == node.receipt_key)?;
	same("model", terms.model == model.id)?;
	same("model's version", terms.version == model.version)?;
	same("price version", terms.price_version == model.price_version)?;
	same("price", terms.price == model.price)?;

	let request: Value = serde_json::from_slice(facts.body).unwrap_or_default();
	// No tokenizer makes more tokens of a text than it has bytes.
	let bytes =
		task::prompt_bytes(&request).map_or(facts.body.len(), |most| most.min(facts.body.len()));
	let most = bytes.saturating_add(TEMPLATE_TOKENS);
	if usize::try_from(terms.input_tokens).is_ok_and(|tokens| tokens > most) {
		let tokens = terms.input_tokens;
		return Err(wrong(format!("it counts {tokens} tokens in {bytes} bytes")));
	}
	let tokens = terms.max_output_tokens;
	match max_tokens(&request) {
		Some(asked) if tokens > asked => {
			return Err(wrong(format!(
				"it wants to be paid for {tokens} output tokens where {asked} were asked for"
			)));
		}
		None if tokens > facts.unasked => {
			return Err(OfferError::TooLong { tokens, limit: facts.unasked });
		}
		Some(_) | None => {}
	}
	let price = model.price.charge(&Tokens::new(terms.input_tokens, tokens));
	if price != Some(offer.amount) {
		let price = price.map_or("more than there is".into(), format_amount);
		let amount = format_amount(offer.amount);
		return Err(wrong(format!("it asks for {amount} where the price comes to {price}")));
	}
	match facts.limit {
		Some(limit) if offer.amount > limit => {
			Err(OfferError::TooExpensive { amount: offer.amount, limit })
		}
		_ => Ok(offer),
	}
}

/// The most output tokens that a request asks for, if it says.
fn max_tokens(request: &Value) -> Option<u32> {
	["max_completion_tokens", "max_tokens"].iter().find_map(|key| task::tokens(request.get(key)?))
}

/// Compares a statement with what was agreed on, or with what is [`owed`].
///
/// # Errors
/// The reason why it does not hold.
pub fn check_statement(
	receipt: &Receipt,
	genesis_hash: Hash,
	slot: &LaneSlot,
	call: &OpenCall,
) -> Result<(), String> {
	let (statement, agreed) = (&receipt.statement, &call.agreed);
	let same = |what: &str, same: bool| match same {
		true => Ok(()),
		false => Err(format!("it is about another {what}")),
	};
	if !receipt.is_signed_by(&agreed.receipt_key) {
		return Err("it is not signed with the node's receipt key".into());
	}
	same("chain", statement.genesis_hash == genesis_hash)?;
	same("session", statement.session == slot.session)?;
	same("lane", statement.lane == slot.lane)?;
	same("call", statement.sequence == call.sequence)?;
	same("request", statement.request_hash == agreed.request_hash)?;
	same("model", statement.model == agreed.terms.model)?;
	same("version of the model", statement.version == agreed.terms.version)?;
	same("price version", statement.price_version == agreed.terms.price_version)?;
	for (kind, charged, most) in [
		("input", statement.input_tokens, agreed.input_tokens),
		("output", statement.output_tokens, agreed.max_output_tokens),
	] {
		if charged > most {
			return Err(format!(
				"it charges {charged} {kind} tokens where {most} are owed at most"
			));
		}
	}
	let tokens = Tokens::new(statement.input_tokens, statement.output_tokens);
	let price = agreed.price.charge(&tokens);
	if price != Some(statement.charge) {
		let charge = format_amount(statement.charge);
		return Err(format!("it charges {charge}, which is not the price of its tokens"));
	}
	if statement.charge > agreed.allowance {
		let (charge, most) = (format_amount(statement.charge), format_amount(agreed.allowance));
		return Err(format!("it charges {charge} where {most} were allowed"));
	}
	same("answer", call.expected.is_none_or(|expected| statement.response_hash == expected))
}

/// A call as far as it is owed for what has come of its answer, in which so many tokens were `counted`:
/// with no more output tokens than that can have, and about that answer if it is `whole`. Else it broke
/// off.
pub fn owed(call: &OpenCall, said: &AnswerText, whole: bool, counted: Option<usize>) -> OpenCall {
	let under_way = if whole { 0 } else { TOKENS_UNDER_WAY };
	let most = most_owed(said.len(), counted).saturating_add(under_way);
	let salt = call.agreed.salt.as_fixed_bytes();
	let expected = whole.then(|| response_hash(salt, said.signed.as_bytes()));
	let mut owed = call.clone();
	owed.owe_at_most(most, expected);
	owed
}

#[cfg(test)]
mod tests;

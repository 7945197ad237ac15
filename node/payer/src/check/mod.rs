//! Nothing is paid, and nothing acknowledged, that was not checked here.

use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	statement::response_hash,
	AccountId, Balance, Hash, LaneId, SessionId,
};
use openledger_protocol::{
	sanitise::{sanitised, SHOWN},
	task,
	units::format_amount,
	x402::{PaymentRequired, Receipt, Requirements, ASSET, SCHEME},
};
use serde_json::Value;
use thiserror::Error;

use crate::{known::OpenCall, recount::most_owed};

/// Tokens that a chat template may add to a prompt, at most.
const TEMPLATE_TOKENS: usize = 1024;
/// Tokens of an answer that may be on their way when its connection breaks: the node has sent them,
/// and they have not arrived.
pub const TOKENS_UNDER_WAY: u32 = 256;

/// Why an offer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OfferError {
	/// What the node asks for is not what the chain says it may ask for.
	#[error("the inference node's offer does not match the chain: {0}; nothing was paid")]
	Differs(String),
	/// The answer may be longer than the caller is willing to pay for, and the request does not say
	/// how long it may be.
	#[error(
		"the answer may have {tokens} output tokens, and the request does not say how many it wants; \
		 {limit} are paid for then: name `max_tokens`"
	)]
	TooLong {
		/// The tokens that it may have.
		tokens: u32,
		/// The limit.
		limit: u32,
	},
	/// The call may cost more than the caller is willing to pay.
	#[error(
		"this call may cost {}, more than the limit of {}: raise the limit, or ask for fewer \
		 output tokens", format_amount(*amount), format_amount(*limit)
	)]
	TooExpensive {
		/// What the call may cost, in planck.
		amount: Balance,
		/// The limit, in planck.
		limit: Balance,
	},
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
	/// What the caller would pay at most, in planck.
	pub limit: Option<Balance>,
	/// The most output tokens that are paid for where the request does not say how many it wants.
	/// Without a bound a node could ask for all that a session holds.
	pub unasked: u32,
}

/// The part of an answer that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
	/// That is not known here.
	Unknown,
	/// So many bytes of its text, before it broke off.
	Part(usize),
	/// All of its text.
	Whole(&'a str),
}

/// The node's offer, if it is what the chain allows and the caller is willing to pay.
///
/// # Errors
/// [`OfferError`].
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
	let price = model.price.charge(terms.input_tokens, terms.max_output_tokens);
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

/// Where a call is: what its statement must name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
	/// The chain.
	pub genesis_hash: Hash,
	/// The session that pays.
	pub session: SessionId,
	/// The lane within it.
	pub lane: LaneId,
	/// The key that has to sign, as an account.
	pub receipt_key: &'a AccountId,
}

/// Compares a statement with what was agreed on and with what was received.
///
/// # Errors
/// The reason why it does not hold.
pub fn check_statement(
	receipt: &Receipt,
	place: Place<'_>,
	call: &OpenCall,
	received: Received<'_>,
) -> Result<(), String> {
	let statement = &receipt.statement;
	let same = |what: &str, same: bool| match same {
		true => Ok(()),
		false => Err(format!("it is about another {what}")),
	};
	if !receipt.is_signed_by(place.receipt_key) {
		return Err("it is not signed with the node's receipt key".into());
	}
	same("chain", statement.genesis_hash == place.genesis_hash)?;
	same("session", statement.session == place.session)?;
	same("lane", statement.lane == place.lane)?;
	same("call", statement.sequence == call.sequence)?;
	same("request", statement.request_hash == call.request_hash)?;
	same("model", statement.model == call.model)?;
	same("version of the model", statement.version == call.version)?;
	same("price version", statement.price_version == call.price_version)?;
	if statement.input_tokens > call.input_tokens {
		let (charged, agreed) = (statement.input_tokens, call.input_tokens);
		return Err(format!("it charges {charged} input tokens where {agreed} were agreed on"));
	}
	if statement.output_tokens > call.max_output_tokens {
		let (charged, agreed) = (statement.output_tokens, call.max_output_tokens);
		return Err(format!("it charges {charged} output tokens where {agreed} were agreed on"));
	}
	let price = call.price.charge(statement.input_tokens, statement.output_tokens);
	if price != Some(statement.charge) {
		let charge = format_amount(statement.charge);
		return Err(format!("it charges {charge}, which is not the price of its tokens"));
	}
	if statement.charge > call.allowance {
		let (charge, most) = (format_amount(statement.charge), format_amount(call.allowance));
		return Err(format!("it charges {charge} where {most} were allowed"));
	}
	// What came without its statement was noted.
	same("answer", call.expected.is_none_or(|expected| statement.response_hash == expected))?;
	// A token is at least a byte of text, but for the few that end an answer.
	let charged = statement.output_tokens;
	let fits = |bytes: usize, most: u32| match charged <= most {
		true => Ok(()),
		false => Err(format!("it charges {charged} output tokens for {bytes} bytes of text")),
	};
	match received {
		Received::Unknown => Ok(()),
		Received::Part(bytes) => {
			fits(bytes, most_owed(bytes, None).saturating_add(TOKENS_UNDER_WAY))
		}
		Received::Whole(text) => {
			fits(text.len(), most_owed(text.len(), None))?;
			let hash = response_hash(call.salt.as_fixed_bytes(), text.as_bytes());
			same("answer", statement.response_hash == hash)
		}
	}
}

#[cfg(test)]
mod tests;

//! The checks of offers and statements: nothing is paid, and nothing acknowledged, that was not checked here.

use openledger_payer_ledger::{CallTerms, LaneSlot, OpenCall};
use openledger_primitives::{
	answer::{unattributed, Header, Response, MIN_VALUE, NO_RULE},
	info::{ModelInfo, NodeInfo},
	price::{PriceSchedule, Tokens},
	Balance, BlockNumber, Hash,
};
use openledger_protocol::{
	sanitise::{sanitised, SHOWN},
	task,
	units::format_amount,
	x402::{is_at_most, PaymentRequired, Receipt, Requirements, ASSET, SCHEME},
};
use serde_json::Value;
use thiserror::Error;

use crate::{answer_text::AnswerText, recount::most_owed};

/// Tokens that a chat template may add to a prompt, at most.
const TEMPLATE_TOKENS: usize = 1024;
/// Tokens of an answer that may be on their way when its connection breaks: the node has sent them,
/// and they have not arrived.
const TOKENS_UNDER_WAY: u32 = 256;
/// A node may be so many blocks behind when it makes an offer: who is paid for a lane's calls depends on it.
const BLOCKS_BEHIND: BlockNumber = 100;

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
	/// The newest block that is known to be final.
	pub finalized: BlockNumber,
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
	check_own_price(terms.own_price.as_ref(), &model.price).map_err(wrong)?;
	if terms.block.saturating_add(BLOCKS_BEHIND) < facts.finalized {
		let (block, newest) = (terms.block, facts.finalized);
		return Err(wrong(format!(
			"it is of block {block}, and the newest final block is {newest}"
		)));
	}

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
	let price = terms.charged_price().charge(&Tokens::new(terms.input_tokens, tokens));
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

/// Compares a node's own price, if it has one, with the list price.
fn check_own_price(own: Option<&PriceSchedule>, list: &PriceSchedule) -> Result<(), String> {
	match own {
		Some(own) if !is_at_most(own, list) => {
			Err("its own price is above the price on chain".into())
		}
		Some(own) if !own.is_sound() => {
			Err("in its own price a cached token is dearer than another one".into())
		}
		_ => Ok(()),
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
	let (statement, agreed) = (receipt.statement.newest(), &call.agreed);
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
	let (stated, agreement) = (&statement.agreement, &agreed.agreement);
	same("model", stated.model == agreement.model)?;
	same("version of the model", stated.version == agreement.version)?;
	same("price version", stated.price_version == agreement.price_version)?;
	same("agreement", stated == agreement)?;
	if statement.extension.is_some() {
		return Err("it says something that is not known here".into());
	}
	let tokens = &statement.tokens;
	for (kind, charged, most) in [
		("input", tokens.input, agreed.input_tokens),
		("output", tokens.output, agreed.max_output_tokens),
	] {
		if charged > most {
			return Err(format!(
				"it charges {charged} {kind} tokens where {most} are owed at most"
			));
		}
	}
	if agreed.charge(tokens) != Some(statement.charge) {
		let charge = format_amount(statement.charge);
		return Err(format!("it charges {charge}, which is not the price of its tokens"));
	}
	if statement.charge > agreed.allowance {
		let (charge, most) = (format_amount(statement.charge), format_amount(agreed.allowance));
		return Err(format!("it charges {charge} where {most} were allowed"));
	}
	check_header(receipt, agreed)?;
	let expected = call.expected.as_ref();
	same("answer", expected.is_none_or(|expected| is_of(receipt, expected)))
}

/// Checks that nobody is traced in an answer, and nobody paid for it but by the agreement: there is no index
/// here to check more with.
fn check_header(receipt: &Receipt, agreed: &CallTerms) -> Result<(), String> {
	let Header { rule, release_root, words, info, entries, prompt_root: _, retrieved, evidence } =
		&receipt.header;
	if *evidence != agreed.agreement.evidence {
		return Err("its header gives another permission to show the answer".into());
	}
	if !entries.is_empty() || !receipt.statement.newest().attribution.is_empty() {
		return Err("it names contributions that nobody can be traced to here".into());
	}
	let is_plain = *rule == NO_RULE
		&& release_root.is_zero()
		&& retrieved.is_empty()
		&& words.checked_mul(MIN_VALUE) == Some(*info);
	match is_plain {
		true => Ok(()),
		false => Err("its header is not that of an answer in which nobody is traced".into()),
	}
}

/// Returns `true` if a statement is about this answer. Only the prompt, as the model's template renders it, is the
/// node's to say.
fn is_of(receipt: &Receipt, answer: &Response) -> bool {
	let header = Header { prompt_root: receipt.header.prompt_root, ..answer.header.clone() };
	let is_same = header == receipt.header;
	let answer = Response { header, ..answer.clone() };
	is_same && answer.hash() == receipt.statement.newest().response_hash
}

/// The answer to a call of which this text was delivered, whatever its prompt was.
///
/// # Errors
/// The reason why there can be no such answer.
pub fn answer_of(agreed: &CallTerms, text: &str) -> Result<Response, String> {
	let (salt, evidence) = (agreed.salt.as_fixed_bytes(), agreed.agreement.evidence);
	unattributed(salt, &agreed.request_hash, text.as_bytes(), Hash::zero(), evidence)
		.map_err(|error| error.to_string())
}

/// A call as far as it is owed for what has come of its answer, in which so many tokens were `counted`:
/// with no more output tokens than that can have, and about that answer if it is `whole`. Else it broke
/// off.
///
/// # Errors
/// The reason why no answer is as that which has come.
pub fn owed(
	call: &OpenCall,
	said: &AnswerText,
	whole: bool,
	counted: Option<usize>,
) -> Result<OpenCall, String> {
	let under_way = if whole { 0 } else { TOKENS_UNDER_WAY };
	let most = most_owed(said.len(), counted).saturating_add(under_way);
	let expected = match whole {
		true => Some(answer_of(&call.agreed, &said.signed)?),
		false => None,
	};
	let mut owed = call.clone();
	owed.owe_at_most(most, expected);
	Ok(owed)
}

#[cfg(test)]
mod tests;

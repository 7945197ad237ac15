//! `call`: calls a model and pays for it.

use std::{collections::BTreeSet, io::Read, sync::Arc};

use anyhow::{bail, Context};
use clap::Args;
use openledger_chain_client::{parse_account, ss58, At, Chain};
use openledger_payer::{
	call::{Ended, Outcome, PaidCall, Request},
	error::PayerCode,
	market::Listing,
	network::Live,
	one_shot::{ask, Asked},
	settings::CallSettings,
	Payer, PayerSettings,
};
use openledger_payer_ledger::Budget;
use openledger_primitives::{info::ModelInfo, AccountId, Balance, ModelId};
use openledger_protocol::{
	units::{format_amount, parse_amount},
	x402::Receipt,
	ApiError, RefusalCode, Task,
};
use serde_json::{json, Value};
use tracing::warn;

use super::{
	shared::{open_payer, PayerArgs, PayingArgs},
	show,
};

/// Calls a model and pays for it, in OPEN.
///
/// A session with a node that serves the model is opened if there is none: its deposit is held on
/// your account, and each call is paid out of it. What the node asks for is compared with the chain
/// before anything is paid, and its signed statement is checked afterwards.
///
/// Examples:
///
///   openledger-pay call --model smollm2-135m-instruct --key-file key \
///       --prompt "What is the capital of France?"
///   echo "Summarise this: …" | openledger-pay call --model acme/llama-3.1-8b \
///       --prompt - --key-env CALLER_KEY --max-tokens 200 --max-charge 0.05 --json
///   openledger-pay call --model 0 --suri //Alice --node http://127.0.0.1:8402 \
///       --system "Answer in one word." --temperature 0 --prompt "Is water wet?"
///
/// Sessions, and what is known of them, are kept in the same state as the proxy's. While a proxy
/// runs, it has the state to itself: send the call to the proxy then, or give this command a state
/// of its own (--state).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Call {
	/// The model, by its name on chain or its number.
	#[arg(long, short)]
	model: String,
	/// The prompt. `-` reads it from standard input.
	#[arg(long, short)]
	prompt: String,
	/// A system prompt: instructions that come before the prompt.
	#[arg(long)]
	system: Option<String>,
	/// The most tokens of the answer. What a call may cost depends on it.
	#[arg(long, value_name = "TOKENS", default_value_t = 512,
		value_parser = clap::value_parser!(u32).range(1..))]
	max_tokens: u32,
	/// The freedom with which the model chooses its words; 0 is none.
	#[arg(long)]
	temperature: Option<f32>,
	/// The same number gives the same answer, where the model can do that.
	#[arg(long)]
	seed: Option<u64>,
	/// The inference node to call. If left out, one that the chain says serves the model.
	#[arg(long, value_name = "URL")]
	node: Option<String>,
	/// The amount that goes into a new session, in OPEN.
	#[arg(long, value_name = "OPEN", default_value = "10", value_parser = parse_amount)]
	deposit: Balance,
	/// The most that this call may cost, in OPEN. If left out, as much as --deposit.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount)]
	max_charge: Option<Balance>,
	/// The most that may be spent with this state in all, in OPEN. If left out, as much as the
	/// account has.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount)]
	budget: Option<Balance>,
	/// Pay a node again that was caught cheating, by its address. Can be given several times.
	#[arg(long, value_name = "ADDRESS", value_parser = parse_account)]
	forgive: Vec<AccountId>,
	/// Print the answer when it is whole, not as it comes.
	#[arg(long)]
	no_stream: bool,
	/// Print one JSON object, with amounts in planck, instead of text.
	#[arg(long)]
	json: bool,
	#[command(flatten)]
	payer: PayerArgs,
	#[command(flatten)]
	paying: PayingArgs,
}

impl Call {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		if self.prompt == "-" && self.payer.key.uses_stdin() {
			bail!("the key and the prompt cannot both come from standard input");
		}
		let keys = self.payer.keys(false)?;
		let prompt = self.prompt()?;
		let chain = self.payer.chain.connect().await?;
		let network = Arc::new(Live::new(chain.clone(), keys));
		let payer = open_payer(network, self.settings()).await?;
		let called = self.call(&payer, &chain, prompt).await;
		payer.settle_down().await;
		payer.close().await;
		called
	}

	fn settings(&self) -> PayerSettings {
		let budget = Budget::new(self.budget.unwrap_or(Balance::MAX), Some(self.deposit));
		let usual = self.payer.settings(budget);
		PayerSettings {
			forgive: self.forgive.clone(),
			take_over: self.paying.take_over(),
			// Whoever names an address means it.
			inside: self.node.is_some() || usual.inside,
			call: CallSettings {
				max_charge: Some(self.max_charge.unwrap_or(self.deposit)),
				refill: false,
				evidence: self.paying.evidence(),
				..CallSettings::default()
			},
			..usual
		}
	}

	async fn call(&self, payer: &Payer, chain: &Chain, prompt: String) -> anyhow::Result<()> {
		let lists = payer.market.refresh_if_older(std::time::Duration::ZERO).await;
		lists.context("cannot ask the chain for its models")?;
		// What an earlier call has left open is settled first, and sessions that are not there any more
		// are not paid out of.
		if let Err(error) = payer.janitor.take_stock().await {
			warn!(%error, "not everything that earlier calls have left is known");
		}
		let Listing { model, .. } = find(payer, chain, &self.model).await?;
		let known: BTreeSet<_> = payer
			.treasury
			.look(|ledger| ledger.books().sessions().map(|session| session.id).collect());
		let mut printed = false;
		let mut on_text = |text: &str| {
			printed |= !text.is_empty();
			if !self.json {
				show::piece(text);
			}
		};
		let request = self.request(&model, prompt)?;
		let asked = ask(&payer.router, request, &mut on_text).await;
		let Some((paid, receipt)) = asked.answered() else {
			if printed && !self.json {
				show::line("");
			}
			bail!("{}", explain(&asked));
		};
		let session = paid.slot.session;
		let answer = Answer {
			asked: &asked,
			paid,
			receipt,
			model: &model,
			opened: !known.contains(&session),
			left: payer.treasury.look(|ledger| ledger.books().left(session)),
		};
		match self.json {
			true => show::line(format_args!("{:#}", answer.to_json())),
			false => answer.print(),
		}
		Ok(())
	}

	fn prompt(&self) -> anyhow::Result<String> {
		let mut prompt = self.prompt.clone();
		if prompt == "-" {
			prompt.clear();
			std::io::stdin().lock().read_to_string(&mut prompt).context("reading the prompt")?;
		}
		if prompt.trim().is_empty() {
			bail!("the prompt is empty");
		}
		Ok(prompt)
	}

	/// The request, as OpenAI's API has it.
	fn request(&self, model: &ModelInfo, prompt: String) -> anyhow::Result<Request> {
		let mut messages = Vec::new();
		if let Some(system) = &self.system {
			messages.push(json!({ "role": "system", "content": system }));
		}
		messages.push(json!({ "role": "user", "content": prompt }));
		let stream = !self.no_stream && !self.json;
		let mut body = json!({ "model": model.name, "messages": messages, "stream": stream });
		let options = [
			("max_tokens", Some(Value::from(self.max_tokens))),
			("temperature", self.temperature.map(Value::from)),
			("seed", self.seed.map(Value::from)),
		];
		if let Some(body) = body.as_object_mut() {
			for (key, value) in options {
				body.extend(value.map(|value| (key.to_owned(), value)));
			}
		}
		Ok(Request {
			task: Task::Chat,
			body: serde_json::to_vec(&body)?.into(),
			model: model.name.clone(),
			max_tokens: Some(self.max_tokens),
			inputs: None,
			chat: body.as_object().and_then(|body| Task::Chat.chat(body)),
			stream,
			node: self.node.clone(),
		})
	}
}

/// The model of that name or, where no model has that name, of that number, if some node serves it.
async fn find(payer: &Payer, chain: &Chain, model: &str) -> anyhow::Result<Listing> {
	let lists = payer.market.lists();
	let number = model.strip_prefix('#').unwrap_or(model).parse::<ModelId>().ok();
	let numbered = || lists.models.values().find(|listing| Some(listing.model.id) == number);
	if let Some(listing) = lists.models.get(model).or_else(numbered) {
		return Ok(listing.clone());
	}
	let id = match chain.model_by_name(model, At::Best).await? {
		Some(id) => Some(id),
		None => number,
	};
	let info = match id {
		Some(id) => chain.model(id, At::Best).await?,
		None => None,
	};
	match info {
		Some(ModelInfo { retired_at: Some(_), name, .. }) => {
			bail!("the owner of `{name}` has retired it: nobody can call it now")
		}
		Some(ModelInfo { paused: true, name, .. }) => {
			bail!("the owner of `{name}` has paused it: nobody can call it now")
		}
		Some(ModelInfo { name, .. }) => {
			bail!("no inference node on this chain serves `{name}`: try later, or another model")
		}
		None if lists.models.is_empty() => {
			bail!("there is no model `{model}` on this chain, and no node serves any")
		}
		None => {
			let names: Vec<_> = lists.models.keys().map(String::as_str).collect();
			bail!("there is no model `{model}` on this chain; there are: {}", names.join(", "))
		}
	}
}

/// The reason why there is no answer, or no statement of one, with what it has cost, and what can be done.
fn explain(asked: &Asked) -> String {
	let failed = match &asked.ended {
		Ended::Failed(error) | Ended::BrokeOff(error) | Ended::NoFunds(error) => {
			format!("{}{}", error.message(), advice(error))
		}
		Ended::Gone => "the call was given up".into(),
		Ended::Delivered => "the node has not signed what it charges".into(),
	};
	let costs: Vec<_> = asked.paid.iter().filter_map(cost).collect();
	match costs.is_empty() {
		true => failed,
		false => format!("{failed}; {}", costs.join("; ")),
	}
}

/// The cost of a voucher, as far as there is any.
fn cost(paid: &PaidCall) -> Option<String> {
	match &paid.outcome {
		Outcome::NotCharged => None,
		Outcome::Charged(receipt) => {
			let charge = receipt.statement.newest().charge;
			Some(format!("the node charged {} for it", format_amount(charge)))
		}
		Outcome::False(reason) => Some(format!(
			"the node's statement does not hold: {reason}; nothing more is paid to it from session {}, \
			 and what it signed is kept beside the state",
			paid.slot.session
		)),
		Outcome::Unknown => Some(format!(
			"the call's outcome is unknown; the next call settles it, at most {} can be charged",
			format_amount(paid.allowance)
		)),
	}
}

/// Advice for a caller about an error, where the error itself does not say what can be done.
fn advice(error: &ApiError) -> &'static str {
	match error.code().parse() {
		Ok(RefusalCode::ModelPaused | RefusalCode::ModelRetired) => "; try another model",
		Ok(RefusalCode::SpendingLimitReached) => "; raise the session's spending limit",
		Ok(RefusalCode::ContextLengthExceeded) => "; shorten the prompt",
		Ok(RefusalCode::Overloaded) => "; try again in a while",
		Err(_) if error.code() == PayerCode::NoNode.as_str() => {
			"; --forgive pays a node again that was caught cheating"
		}
		_ => "",
	}
}

/// A call that was answered.
struct Answer<'a> {
	asked: &'a Asked,
	paid: &'a PaidCall,
	receipt: &'a Receipt,
	model: &'a ModelInfo,
	/// `true` if the session was opened for it.
	opened: bool,
	/// The rest of the session, in planck.
	left: Balance,
}

impl Answer<'_> {
	fn print(&self) {
		let Self { asked, paid, receipt, model, opened, left } = self;
		let statement = receipt.statement.newest();
		show::line(if asked.text.ends_with('\n') { "" } else { "\n" });
		show::row(
			"charged",
			format_args!(
				"{} ({} tokens in, {} out; {} at most)",
				format_amount(statement.charge),
				statement.tokens.input,
				statement.tokens.output,
				format_amount(paid.allowance)
			),
		);
		let ModelInfo { name, id, version, .. } = model;
		show::row("model", format_args!("{name} (#{id}, version {version})"));
		show::row("node", format_args!("{} at {}", ss58(paid.node()), paid.url));
		let opened = if *opened { ", opened now" } else { "" };
		show::row(
			"session",
			format_args!(
				"{}{opened}, lane {}, call {}; {} left",
				statement.session,
				statement.lane,
				statement.sequence,
				format_amount(*left)
			),
		);
		show::line("statement");
		show::line(format_args!("{:#}", json!(receipt)));
	}

	fn to_json(&self) -> Value {
		let Self { asked, paid, receipt, model, opened, left } = self;
		let statement = receipt.statement.newest();
		let signed = json!(receipt);
		json!({
			"model": model.name,
			"text": asked.text,
			"finishReason": asked.finish_reason,
			"charge": statement.charge.to_string(),
			"authorised": paid.allowance.to_string(),
			"inputTokens": statement.tokens.input,
			"outputTokens": statement.tokens.output,
			"session": statement.session,
			"opened": opened,
			"left": left.to_string(),
			"node": ss58(paid.node()),
			"url": paid.url,
			"statement": signed.get("statement"),
			"signature": signed.get("signature"),
			"header": signed.get("header"),
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_payer_ledger::LaneSlot;

	fn asked(ended: Ended, outcome: Outcome) -> Asked {
		let slot = LaneSlot { node: [2; 32].into(), session: 5, lane: 0, sequence: 1 };
		let paid = PaidCall { url: "http://node".into(), slot, allowance: 7, outcome };
		Asked { text: "Hi".into(), finish_reason: None, completion: None, ended, paid: vec![paid] }
	}

	#[test]
	fn what_a_failed_call_may_have_cost_is_told() {
		let broken = || Ended::BrokeOff(PayerCode::NodeFailed.bad_gateway("it broke off"));
		for (asked, expected) in [
			(asked(broken(), Outcome::NotCharged), "it broke off"),
			(
				asked(broken(), Outcome::Unknown),
				"it broke off; the call's outcome is unknown; the next call settles it, at most \
				 0.000000000000000007 OPEN can be charged",
			),
			(
				asked(Ended::Delivered, Outcome::False("too dear".into())),
				"the node has not signed what it charges; the node's statement does not hold: too dear; \
				 nothing more is paid to it from session 5, and what it signed is kept beside the state",
			),
		] {
			assert_eq!(explain(&asked), expected);
		}
		let full = ApiError::overloaded(std::time::Duration::from_secs(1), "no room");
		let refused = asked(Ended::Failed(full), Outcome::NotCharged);
		assert_eq!(explain(&refused), "no room; try again in a while");
		let barred =
			asked(Ended::Failed(PayerCode::NoNode.unavailable("nobody")), Outcome::NotCharged);
		assert!(explain(&barred).contains("--forgive"));
	}
}

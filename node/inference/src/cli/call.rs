//! `call`: calls a model and pays for it.

use std::{io::Read, path::PathBuf};

use anyhow::{bail, Context};
use clap::Args;
use openledger_client::{
	caller::{CallResult, Caller, CallerError, CallerOptions, SessionBook, Target},
	ss58,
	units::{format_amount, parse_amount},
	At, Chain,
};
use openledger_primitives::{info::ModelInfo, Balance, LaneId, ModelId, MAX_LANES, MAX_PAGE};
use serde_json::{json, Value};

use super::{keys::KeyArgs, models, show, ChainArgs};

/// Calls a model and pays for it, in OPEN.
///
/// A session with a node that serves the model is opened if there is none: its deposit is held on
/// your account, and each call is paid out of it. What the node asks for is compared with the chain
/// before anything is paid, and its signed statement is checked afterwards.
///
/// Examples:
///
///   openledger-inference call --model smollm2-135m-instruct --key-file key \
///       --prompt "What is the capital of France?"
///   echo "Summarise this: …" | openledger-inference call --model acme/llama-3.1-8b \
///       --prompt - --key-env CALLER_KEY --max-tokens 200 --max-charge 0.05 --json
///   openledger-inference call --model 0 --suri //Alice --node http://127.0.0.1:8402 \
///       --system "Answer in one word." --temperature 0 --prompt "Is water wet?"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Call {
	/// The model, by its name on chain or its number.
	#[arg(long, short)]
	model: String,
	/// What to ask. `-` reads it from standard input.
	#[arg(long, short)]
	prompt: String,
	/// What the model should know beforehand, or how it should answer.
	#[arg(long)]
	system: Option<String>,
	/// The most tokens of the answer. What a call may cost depends on it.
	#[arg(long, value_name = "TOKENS", default_value_t = 512,
		value_parser = clap::value_parser!(u32).range(1..))]
	max_tokens: u32,
	/// How freely the model chooses its words; 0 is not at all.
	#[arg(long)]
	temperature: Option<f32>,
	/// The same number gives the same answer, where the model can do that.
	#[arg(long)]
	seed: Option<u64>,
	/// The inference node to call. If left out, one that the chain says serves the model.
	#[arg(long, value_name = "URL")]
	node: Option<String>,
	/// What goes into a new session, in OPEN.
	#[arg(long, value_name = "OPEN", default_value = "10", value_parser = parse_amount)]
	deposit: Balance,
	/// The most that this call may cost, in OPEN. If left out, as much as --deposit.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount)]
	max_charge: Option<Balance>,
	/// The lane of the session, from 0 to 63. Calls on one lane wait for one another, and a lane is
	/// for one version of one model at one price. If left out, one that is for these, or was never
	/// used.
	#[arg(long, value_parser = clap::value_parser!(u16).range(..i64::from(MAX_LANES)))]
	lane: Option<LaneId>,
	/// The file in which sessions are kept. Do not lose it while a session is open.
	#[arg(long, visible_alias = "state", value_name = "FILE", env = "OPENLEDGER_SESSIONS",
		default_value_os_t = super::sessions::default_file())]
	sessions: PathBuf,
	/// Print the answer when it is whole, not as it comes.
	#[arg(long)]
	no_stream: bool,
	/// Print one JSON object, with amounts in planck, instead of text.
	#[arg(long)]
	json: bool,
	#[command(flatten)]
	chain: ChainArgs,
	#[command(flatten)]
	key: KeyArgs,
}

/// The lane to begin with for calls of a model, where none is asked for.
fn lane_of(model: ModelId) -> LaneId {
	let lane = model.checked_rem(MAX_LANES.into()).unwrap_or_default();
	LaneId::try_from(lane).unwrap_or_default()
}

impl Call {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		if self.prompt == "-" && self.key.uses_stdin() {
			bail!("the key and the prompt cannot both come from standard input");
		}
		let keypair = self.key.require()?;
		let chain = self.chain.connect().await?;
		let model = models::find(&chain, &self.model).await?;
		if let Some(how) = show::closed(&model) {
			bail!("the owner of `{}` has {how} it: nobody can call it now", model.name);
		}
		let body = self.body(&model)?;
		let targets = self.targets(&chain, &model).await?;
		let book = SessionBook::open(&self.sessions).await?;
		let options = CallerOptions {
			deposit: self.deposit,
			max_charge: Some(self.max_charge.unwrap_or(self.deposit)),
			lane: self.lane.unwrap_or_else(|| lane_of(model.id)),
			only_lane: self.lane.is_some(),
			..CallerOptions::default()
		};
		let caller = Caller::new(chain.clone(), keypair, book, options)?;
		let (result, target) = self.first_that_answers(&caller, &targets, &model, &body).await?;
		match self.json {
			true => print_json(&result, target, &model),
			false => print(&result, target, &model),
		}
		Ok(())
	}

	/// The request, as OpenAI's API has it.
	fn body(&self, model: &ModelInfo) -> anyhow::Result<Vec<u8>> {
		let mut prompt = self.prompt.clone();
		if prompt == "-" {
			prompt.clear();
			std::io::stdin().lock().read_to_string(&mut prompt).context("reading the prompt")?;
		}
		if prompt.trim().is_empty() {
			bail!("the prompt is empty");
		}
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
		Ok(serde_json::to_vec(&body)?)
	}

	/// The nodes to try, in order.
	async fn targets(&self, chain: &Chain, model: &ModelInfo) -> anyhow::Result<Vec<Target>> {
		let nodes = chain.nodes(model.id, None, MAX_PAGE, At::Best).await?;
		if let Some(url) = &self.node {
			let bare = |url: &str| url.trim_end_matches('/').to_owned();
			let node = nodes.into_iter().find(|node| bare(&node.endpoint) == bare(url));
			return Ok(vec![Target { url: url.clone(), node }]);
		}
		if nodes.is_empty() {
			bail!(
				"no inference node on this chain serves `{}`: try later, or another model",
				model.name
			);
		}
		Ok(nodes.into_iter().map(Target::registered).collect())
	}

	/// Calls the first node that can be reached.
	async fn first_that_answers<'a>(
		&self,
		caller: &Caller,
		targets: &'a [Target],
		model: &ModelInfo,
		body: &[u8],
	) -> anyhow::Result<(CallResult, &'a Target)> {
		let mut printed = false;
		let mut last = None;
		for target in targets {
			let mut on_text = |text: &str| {
				printed = true;
				if !self.json {
					show::piece(text);
				}
			};
			match caller.call(target, model.id, body, &mut on_text).await {
				Ok(result) => return Ok((result, target)),
				Err(error @ CallerError::Unreachable { .. }) => {
					tracing::debug!(%error, "trying the next node");
					last = Some(error);
				}
				Err(error) => {
					last = Some(error);
					break;
				}
			}
			// Half an answer is not to be followed by another one.
			if printed {
				break;
			}
		}
		if printed && !self.json {
			show::line("");
		}
		Err(last.map_or_else(|| anyhow::anyhow!("no node to call"), explain))
	}
}

/// What a caller can do about an error, where the error itself does not say.
fn explain(error: CallerError) -> anyhow::Error {
	let advice = match &error {
		CallerError::Refused { code, .. } => match code.as_str() {
			"model_not_found" => "; the node serves other models: leave out --node",
			"model_paused" | "model_retired" => "; try another model",
			"spending_limit_reached" => "; raise the session's spending limit",
			"context_length_exceeded" => "; shorten the prompt",
			"rate_limit_exceeded" | "overloaded" => "; try again in a while",
			_ => "",
		},
		CallerError::TooExpensive { .. } => " (--max-charge, --max-tokens)",
		CallerError::DepositTooSmall { .. } => " (--deposit, --max-tokens)",
		CallerError::Balance { .. } => " (--deposit)",
		CallerError::Disputed { .. } | CallerError::BookBusy { .. } => " (--node, --sessions)",
		_ => "",
	};
	anyhow::anyhow!("{error}{advice}")
}

fn print(result: &CallResult, target: &Target, model: &ModelInfo) {
	let statement = &result.statement;
	let text_ended = result.text.ends_with('\n');
	show::line(if text_ended { "" } else { "\n" });
	show::row(
		"charged",
		format_args!(
			"{} ({} tokens in, {} out; {} at most)",
			format_amount(statement.charge),
			statement.input_tokens,
			statement.output_tokens,
			format_amount(result.authorised)
		),
	);
	show::row("model", show::model(model));
	show::row("node", format_args!("{} at {}", ss58(&result.node), target.url));
	let opened = if result.opened { ", opened now" } else { "" };
	show::row(
		"session",
		format_args!(
			"{}{opened}, lane {}, call {}; {} left",
			result.session,
			statement.lane,
			statement.sequence,
			format_amount(result.left)
		),
	);
	show::line("statement");
	show::json_value(&show::receipt(statement, &result.signature));
}

fn print_json(result: &CallResult, target: &Target, model: &ModelInfo) {
	let receipt = show::receipt(&result.statement, &result.signature);
	show::json_value(&json!({
		"model": model.name,
		"text": result.text,
		"finishReason": result.finish_reason,
		"charge": result.statement.charge.to_string(),
		"authorised": result.authorised.to_string(),
		"inputTokens": result.statement.input_tokens,
		"outputTokens": result.statement.output_tokens,
		"session": result.session,
		"opened": result.opened,
		"left": result.left.to_string(),
		"node": ss58(&result.node),
		"url": target.url,
		"statement": receipt.get("statement"),
		"signature": receipt.get("signature"),
	}));
}

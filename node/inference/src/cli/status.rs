//! `status`: what the node is, holds, earned and is owed.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{bail, Context};
use clap::Args;
use openledger_chain_client::{parse_account, ss58, AccountInfo, At, Chain};
use openledger_primitives::{
	info::{Earnings, ModelInfo, NodeInfo},
	price::PriceSchedule,
	AccountId, Balance,
};
use openledger_protocol::{clock, units::format_amount};
use serde_json::{json, Value};

use super::{chain_url, keys::KeyArgs, show};
use crate::config::{Config, ModelConfig};

/// The time that the node itself may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Shows what the node is on chain, what its account holds and has earned and, if
/// it is running, what it has served and is owed.
///
/// Examples:
///
///   openledger-inference status --config config.toml
///   openledger-inference status --operator opmQCxeXU2boKBEQjy92vWGi76EEoFEztvFBC6CKjG5yv59tM --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Status {
	/// The configuration of the node.
	#[arg(long, short, value_name = "FILE")]
	config: Option<PathBuf>,
	/// The WebSocket of a chain node.
	#[arg(long, value_name = "URL", env = "OPENLEDGER_CHAIN")]
	chain: Option<String>,
	/// The operator's account, instead of a key.
	#[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
	operator: Option<AccountId>,
	/// Where the node's HTTP API is. If left out: where the configuration says that it listens,
	/// else its endpoint on chain.
	#[arg(long, value_name = "URL")]
	node: Option<String>,
	/// Print JSON, with amounts in planck.
	#[arg(long)]
	json: bool,
	#[command(flatten)]
	key: KeyArgs,
}

/// Everything that there is to show.
struct Report {
	operator: AccountId,
	node: NodeInfo,
	models: Vec<ModelInfo>,
	/// The models of the configuration, if there is one.
	configured: Vec<ModelConfig>,
	account: AccountInfo,
	/// Those of whom the node's calls are paid to.
	earnings: Earnings,
	/// Those of the operator, where somebody else is paid.
	own_earnings: Option<Earnings>,
	url: String,
	running: Result<Value, String>,
}

impl Status {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let config = self.config.as_deref().map(Config::load).transpose()?;
		let configured = config.as_ref().and_then(|config| config.operator.clone());
		let operator = match self.operator.clone().or(configured) {
			Some(operator) => operator,
			None if config.is_some() => {
				self.key.of_operator(config.as_ref())?.operator.account().clone()
			}
			None => self.key.read()?.context("which node? Give --config or --operator")?.account(),
		};
		let chain = Chain::connect(&chain_url(self.chain.as_deref(), config.as_ref())).await?;
		let Some(node) = chain.node(&operator, At::Best).await? else {
			bail!(
				"{} is not registered as an inference node on this chain: run \
				 `openledger-inference register`",
				ss58(&operator)
			);
		};
		let mut models = Vec::new();
		for served in &node.models {
			models.extend(chain.model(served.model, At::Best).await?);
		}
		let listens = config.as_ref().map(|config| format!("http://{}", config.listen));
		let url = self.node.clone().or(listens).unwrap_or_else(|| node.endpoint.clone());
		let own_earnings = match node.payee == operator {
			true => None,
			false => Some(chain.earnings(&operator, At::Best).await?),
		};
		let report = Report {
			account: chain.account(&operator, At::Best).await?,
			earnings: chain.earnings(&node.payee, At::Best).await?,
			own_earnings,
			running: ask(&url).await,
			operator,
			node,
			models,
			configured: config.map(|config| config.models).unwrap_or_default(),
			url,
		};
		match self.json {
			true => show::json_value(&report.json()),
			false => report.print(),
		}
		Ok(())
	}
}

/// The node's word on itself.
async fn ask(url: &str) -> Result<Value, String> {
	let url = format!("{}/v1/status", url.trim_end_matches('/'));
	let asking = async {
		let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
		client.get(&url).send().await?.error_for_status()?.json::<Value>().await
	};
	asking.await.map_err(|error| match error.is_connect() || error.is_timeout() {
		true => "not running, or not reachable from here".to_owned(),
		false => error.to_string(),
	})
}

/// The earnings of an account with nodes.
fn earned(earnings: &Earnings) -> String {
	let (earned, accrued) = (format_amount(earnings.node), format_amount(earnings.accrued));
	format!("{earned} as a node; {accrued} not paid out yet")
}

impl Report {
	/// The price that is configured for a model instead of the list price.
	fn own_price(&self, model: &ModelInfo) -> Option<PriceSchedule> {
		self.configured.iter().find(|config| config.name.is(model))?.own_price()
	}

	/// The same of all models, by their names.
	fn own_prices(&self) -> BTreeMap<&str, PriceSchedule> {
		let own = |model| Some((model, self.own_price(model)?));
		let own = self.models.iter().filter_map(own);
		own.map(|(model, price)| (model.name.as_str(), price)).collect()
	}

	fn json(&self) -> Value {
		let earnings = serde_json::to_value(&self.earnings).unwrap_or_default();
		json!({
			"operator": ss58(&self.operator),
			"payee": ss58(&self.node.payee),
			"node": self.node,
			"models": self.models,
			"own_prices": self.own_prices(),
			"account": {
				"free": self.account.free.to_string(),
				"held": self.account.reserved.to_string(),
			},
			"earnings": earnings,
			"operator_earnings": self.own_earnings,
			"url": self.url,
			"running": self.running.is_ok(),
			"status": self.running.as_ref().ok(),
			"error": self.running.as_ref().err(),
		})
	}

	fn print(&self) {
		show::node(&self.operator, &self.node);
		show::row("sessions", format_args!("{} open", self.node.sessions));
		for model in &self.models {
			let served = self.node.models.iter().find(|served| served.model == model.id);
			show::served(model, served.map_or(0, |served| served.capacity));
			show::row("", show::price(&model.price));
			if let Some(own) = self.own_price(model) {
				show::row("", format_args!("of this node's own: {}", show::price(&own)));
			}
		}
		show::account(&self.account);
		show::row("earned", earned(&self.earnings));
		if let Some(own) = &self.own_earnings {
			show::row("", format_args!("by the operator itself: {}", earned(own)));
		}
		show::row("heartbeat", format_args!("last in block {}", self.node.last_heartbeat));
		let status = match &self.running {
			Ok(status) => status,
			Err(reason) => return show::row("node", format_args!("{}: {reason}", self.url)),
		};
		show::row("node", format_args!("{} is running", self.url));
		let amount = |key: &str| {
			let planck = status.get(key).and_then(Value::as_str);
			format_amount(planck.and_then(|planck| planck.parse::<Balance>().ok()).unwrap_or(0))
		};
		let calls = |key: &str| {
			status.pointer(&format!("/calls/{key}")).and_then(Value::as_u64).unwrap_or_default()
		};
		show::row("served", format_args!("{} calls, {}", calls("served"), amount("served")));
		show::row("settled", format_args!("{} calls, {}", calls("settled"), amount("settled")));
		show::row("unsettled", format_args!("{} calls, {}", calls("unsettled"), amount("owed")));
		if calls("lost") > 0 {
			show::row("lost", format_args!("{} calls, {}", calls("lost"), amount("lost")));
		}
		let settlement = |key: &str| status.pointer(&format!("/settlement/{key}"));
		if let Some(block) = settlement("last_block").and_then(Value::as_u64) {
			show::row("settlement", format_args!("last in block {block}"));
		}
		if let Some(error) = settlement("error").and_then(Value::as_str) {
			show::row("settlement", format_args!("failed: {error}; the node's log says more"));
		}
		if let Some(since) = settlement("failing_since").and_then(Value::as_u64) {
			let minutes = clock::unix_seconds().saturating_sub(since) / 60;
			show::row("", format_args!("something cannot be settled for {minutes} minutes"));
		}
	}
}

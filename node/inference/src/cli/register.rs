//! `register`: puts the node on chain.

use std::path::PathBuf;

use anyhow::{bail, Context};
use clap::Args;
use openledger_client::{
	units::{format_amount, parse_amount},
	At, Call, Chain, Event, Keypair, SubmitOptions,
};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	Balance, ModelId, MILLI_OPEN,
};

use super::{keys::KeyArgs, models, show};
use crate::config::Config;

/// What an account keeps besides a bond: the existential deposit, and fees.
const RESERVE: Balance = 100 * MILLI_OPEN;

/// Registers the node on chain, with a bond, or changes what is registered.
///
/// The endpoint, the models, the key and the chain come from the configuration; what is given
/// here counts instead. Callers find the node on chain by the models that it serves. Statements
/// are signed with the operator's key.
///
/// Examples:
///
///   openledger-inference register --config config.toml --bond 100
///   openledger-inference register --chain ws://127.0.0.1:9944 --suri //Bob \
///       --endpoint http://127.0.0.1:8402 --model smollm2-135m-instruct --bond 100
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Register {
	/// The configuration of the node.
	#[arg(long, short, value_name = "FILE")]
	config: Option<PathBuf>,
	/// The WebSocket of a chain node.
	#[arg(long, value_name = "URL", env = "OPENLEDGER_CHAIN")]
	chain: Option<String>,
	/// The URL at which callers reach the node.
	#[arg(long, value_name = "URL")]
	endpoint: Option<String>,
	/// A model that the node serves, by its name on chain or its number. May be given several
	/// times.
	#[arg(long = "model", value_name = "MODEL")]
	models: Vec<String>,
	/// What is put up against misbehaviour, in OPEN. It is held on the operator's account, and
	/// stays as it is when a registration is changed.
	#[arg(long, value_name = "OPEN", default_value = "100", value_parser = parse_amount)]
	bond: Balance,
	#[command(flatten)]
	key: KeyArgs,
}

/// What is to be on chain.
struct Wanted {
	endpoint: String,
	models: Vec<ModelInfo>,
}

impl Register {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let config = self.config.as_deref().map(Config::load).transpose()?;
		let url = self.chain.clone().or(config.as_ref().map(|config| config.chain.url.clone()));
		let url = url.as_deref().unwrap_or("ws://127.0.0.1:9944");
		let operator = self.key.or_of(config.as_ref())?;
		let chain = Chain::connect(url).await?;
		let wanted = self.wanted(config.as_ref(), &chain).await?;
		for model in wanted.models.iter().filter(|model| model.paused) {
			eprintln!("warning: {} is paused by its owner: nobody can call it now", model.name);
		}
		let registered = chain.node(&operator.account(), At::Best).await?;
		let call = self.call(&wanted, registered.as_ref(), &operator)?;
		let Some(call) = call else {
			show::line("already registered so: nothing to change");
			return print(&chain, &operator).await;
		};
		if registered.is_none() {
			let free = chain.free_balance(&operator.account(), At::Best).await?;
			if free < self.bond.saturating_add(RESERVE) {
				bail!(
					"the account {} has {}, too little for a bond of {} and fees: send it OPEN",
					operator.address(),
					format_amount(free),
					format_amount(self.bond)
				);
			}
		}
		eprintln!("waiting until {} is final…", call.name());
		let outcome = chain.submit(&call, &operator, SubmitOptions::finalized()).await?;
		let included =
			outcome.into_included().with_context(|| format!("{} failed", call.name()))?;
		let held = included.find(|event| match event {
			Event::NodeRegistered { bond, .. } => Some(*bond),
			_ => None,
		});
		match held {
			Some(bond) => show::line(format_args!(
				"registered in block {}; {} are held as the bond",
				included.block.number,
				format_amount(bond)
			)),
			None => show::line(format_args!("changed in block {}", included.block.number)),
		}
		print(&chain, &operator).await
	}

	async fn wanted(&self, config: Option<&Config>, chain: &Chain) -> anyhow::Result<Wanted> {
		let configured = config.and_then(|config| config.endpoint.clone());
		let endpoint = self.endpoint.clone().or(configured).context(
			"at which URL do callers reach the node? Set `endpoint` in the configuration, or give \
			 --endpoint",
		)?;
		let http =
			reqwest::Url::parse(&endpoint).with_context(|| format!("endpoint {endpoint}"))?;
		if !matches!(http.scheme(), "http" | "https") {
			bail!("the endpoint {endpoint} must start with http:// or https://");
		}
		let mut names = self.models.clone();
		if names.is_empty() {
			let configured = config.map(|config| config.models.as_slice()).unwrap_or_default();
			names.extend(configured.iter().map(|model| model.name.to_string()));
		}
		if names.is_empty() {
			bail!("which models does the node serve? Give --config or --model");
		}
		let mut found: Vec<ModelInfo> = Vec::with_capacity(names.len());
		for name in &names {
			let model = models::find(chain, name).await?;
			if !found.iter().any(|other| other.id == model.id) {
				found.push(model);
			}
		}
		Ok(Wanted { endpoint, models: found })
	}

	/// What has to be sent, if anything.
	fn call(
		&self,
		wanted: &Wanted,
		registered: Option<&NodeInfo>,
		operator: &Keypair,
	) -> anyhow::Result<Option<Call>> {
		let ids: Vec<ModelId> = wanted.models.iter().map(|model| model.id).collect();
		let receipt_key = operator.account();
		let same = registered.is_some_and(|node| {
			let mut before = node.models.clone();
			let mut after = ids.clone();
			before.sort_unstable();
			after.sort_unstable();
			(&node.endpoint, &node.receipt_key, before) == (&wanted.endpoint, &receipt_key, after)
		});
		if same {
			return Ok(None);
		}
		let endpoint = wanted.endpoint.clone().into_bytes().try_into();
		let endpoint = endpoint.ok().context("the endpoint is longer than 256 bytes")?;
		let models = ids.try_into().ok().context("a node serves 64 models at most")?;
		Ok(Some(match registered {
			Some(_) => Call::UpdateNode { endpoint, receipt_key, models },
			None => Call::RegisterNode { endpoint, receipt_key, bond: self.bond, models },
		}))
	}
}

/// What the chain has now.
async fn print(chain: &Chain, operator: &Keypair) -> anyhow::Result<()> {
	let account = operator.account();
	let node = chain.node(&account, At::Best).await?;
	let node = node.context("the chain does not have the registration")?;
	show::row("operator", operator.address());
	show::row("endpoint", &node.endpoint);
	show::row("receipt key", openledger_client::ss58(&node.receipt_key));
	show::row("bond", format_amount(node.bond));
	for id in &node.models {
		if let Some(model) = chain.model(*id, At::Best).await? {
			show::row("model", show::model(&model));
		}
	}
	let holds = chain.account(&account, At::Best).await?;
	let (free, held) = (format_amount(holds.free), format_amount(holds.reserved));
	show::row("account", format_args!("{free} free, {held} held"));
	Ok(())
}

//! Without a command: the proxy.

use std::{env, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use clap::{ArgGroup, Args};
use openledger_chain_client::parse_account;
use openledger_payer::{
	network::Live,
	recount::Recount,
	settings::{CallSettings, ClosingSettings},
	PayerSettings,
};
use openledger_payer_ledger::Budget;
use openledger_primitives::{AccountId, Balance};
use openledger_protocol::units::{format_amount, parse_amount};
use openledger_server_kit::stop_on_signals;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
	keys,
	shared::{PayerArgs, PayingArgs},
	show, show_closings, BLOCKS_PER_HOUR,
};
use crate::server::{Guard, Limits, Proxy, Settings};

/// The options of the proxy.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").args(keys::SOURCES).required(true))]
pub(super) struct Serve {
	/// The most that may be spent in all, in OPEN.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, required_unless_present = "close")]
	budget: Option<Balance>,
	/// Address where apps connect. Whoever can reach this address spends your money.
	#[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8403")]
	listen: SocketAddr,
	#[command(flatten)]
	pub(super) payer: PayerArgs,
	#[command(flatten)]
	paying: PayingArgs,

	/// The most that one call may cost, in OPEN. If left out, what goes into a session at a time, or
	/// 0.1 OPEN if that is more.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, help_heading = "Spending")]
	max_charge: Option<Balance>,
	/// The most tokens of an answer where the app does not say how many it wants. Nodes that would
	/// be paid for more are not asked.
	#[arg(long, value_name = "TOKENS", default_value_t = 4_096, help_heading = "Spending",
		value_parser = clap::value_parser!(u32).range(1..))]
	max_tokens: u32,
	/// The amount that goes into a session at a time, in OPEN. If left out, a fifth of the budget, or
	/// 0.1 OPEN if that is more.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, help_heading = "Spending")]
	deposit: Option<Balance>,
	/// The length of a session, in hours.
	#[arg(long, value_name = "HOURS", default_value_t = 24, help_heading = "Spending",
		value_parser = clap::value_parser!(u32).range(1..=720))]
	session_hours: u32,
	/// Let the budget count from now on. What was spent before does not count; what is in sessions
	/// and was not spent does.
	#[arg(long, help_heading = "Spending")]
	new_budget: bool,
	/// Print what was spent, when the proxy ends.
	#[arg(long, help_heading = "Spending")]
	summary: bool,
	/// Do not serve: close all sessions whose nodes agree, or whose notice is over, ask for it where
	/// they do not, and say when the rest can be closed.
	#[arg(long, help_heading = "Spending", conflicts_with_all = ["new_budget", "summary"])]
	pub(super) close: bool,
	/// Close all sessions when the proxy is stopped. It takes as long as nodes need to settle.
	#[arg(long, help_heading = "Spending", conflicts_with = "close")]
	close_at_end: bool,
	/// Close a session with which nothing was done for so many minutes; 0 for never. What is in it
	/// counts against the budget as long as it is open.
	#[arg(long, value_name = "MINUTES", default_value_t = 120, help_heading = "Spending")]
	idle_minutes: u32,
	/// Pay a node again that was caught cheating, by its address. Can be given several times.
	#[arg(long, value_name = "ADDRESS", value_parser = parse_account, help_heading = "Spending")]
	forgive: Vec<AccountId>,
	/// Count the tokens of a model's answers, and of what it is asked, with its tokenizer, too. Can be
	/// given several times.
	#[arg(long, value_name = "MODEL=tokenizer.json", value_parser = tokenizer,
		help_heading = "Spending")]
	tokenizer: Vec<(String, PathBuf)>,

	/// Calls that are made at the same time.
	#[arg(long, value_name = "CALLS", default_value_t = 64, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(1..=4096))]
	concurrent: u32,
	/// Calls that wait for their turn. More are refused with status 429.
	#[arg(long, value_name = "CALLS", default_value_t = 256, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(..=65536))]
	queue: u32,
	/// The time that one call may take, with everything, in seconds.
	#[arg(long, value_name = "SECONDS", default_value_t = 600, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(1..=86_400))]
	timeout: u32,
	/// The time that calls may go on once the proxy is told to stop, in seconds.
	#[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(..=3_600))]
	grace: u32,
	/// Pages from this origin may use the proxy. Can be given several times.
	#[arg(long, value_name = "ORIGIN", help_heading = "Serving")]
	allow_origin: Vec<String>,
	/// The environment variable with a key that apps must send as their API key.
	#[arg(long, value_name = "NAME", help_heading = "Serving")]
	access_key_env: Option<String>,
}

impl Serve {
	/// Serves, or closes all sessions.
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let keys = self.payer.keys(self.close)?;
		let settings = self.settings()?;
		if self.budget == Some(0) {
			warn!("the budget is nothing: every call is refused");
		}
		warn_if_open(&settings);
		let chain = self.payer.chain.connect().await?;
		let network = Arc::new(Live::new(chain, keys));
		let proxy = Proxy::new(network, settings).await?;
		if self.close {
			show_closings(&proxy.close_all().await?);
			return Ok(());
		}
		let stop = CancellationToken::new();
		let signals = tokio::spawn(stop_on_signals(stop.clone()));
		let report = proxy.run(stop).await;
		signals.abort();
		let report = report?;
		if self.summary {
			show::line(format_args!("{report}"));
		}
		Ok(())
	}

	pub(super) fn settings(&self) -> anyhow::Result<Settings> {
		let mut recount = Recount::default();
		for (model, path) in &self.tokenizer {
			recount.load(model, path).map_err(anyhow::Error::msg)?;
		}
		let access_key = match &self.access_key_env {
			Some(name) => {
				let key = env::var(name).with_context(|| format!("--access-key-env {name}"))?;
				anyhow::ensure!(!key.is_empty(), "--access-key-env {name}: it is empty");
				Some(key)
			}
			None => None,
		};
		let seconds = |seconds: u32| Duration::from_secs(seconds.into());
		let calls = |calls: u32| usize::try_from(calls).unwrap_or(usize::MAX);
		let budget = Budget::new(self.budget.unwrap_or_default(), self.deposit);
		let payer = PayerSettings {
			new_budget: self.new_budget,
			forgive: self.forgive.clone(),
			take_over: self.paying.take_over(),
			session_blocks: self.session_hours.saturating_mul(BLOCKS_PER_HOUR),
			call: CallSettings {
				max_charge: Some(self.max_charge.unwrap_or_else(|| budget.max_charge())),
				max_output_tokens: self.max_tokens,
				evidence: self.paying.evidence(),
				deadline: seconds(self.timeout),
				..CallSettings::default()
			},
			recount: Arc::new(recount),
			closing: ClosingSettings {
				idle: (self.idle_minutes > 0)
					.then(|| seconds(self.idle_minutes.saturating_mul(60))),
				..ClosingSettings::default()
			},
			..self.payer.settings(budget)
		};
		Ok(Settings {
			payer,
			// Nothing is served while sessions are closed: any port will do.
			listen: if self.close { SocketAddr::from(([127, 0, 0, 1], 0)) } else { self.listen },
			limits: Limits {
				concurrent: calls(self.concurrent),
				queue: calls(self.queue),
				..Limits::default()
			},
			guard: Guard {
				local: self.listen.ip().is_loopback(),
				origins: self.allow_origin.clone(),
				access_key,
			},
			grace: seconds(self.grace),
			close_at_end: self.close_at_end,
		})
	}
}

fn tokenizer(text: &str) -> Result<(String, PathBuf), String> {
	match text.split_once('=') {
		Some((model, path)) if !model.is_empty() && !path.is_empty() => {
			Ok((model.to_owned(), path.into()))
		}
		_ => Err("write it as MODEL=FILE".into()),
	}
}

/// Whoever can reach the proxy spends what is in the budget.
fn warn_if_open(settings: &Settings) {
	if !settings.listen.ip().is_loopback() {
		let budget = format_amount(settings.payer.budget.limit);
		match settings.guard.access_key {
			None => warn!(
				address = %settings.listen, %budget,
				"ANYBODY who can reach this address can spend your budget: listen on 127.0.0.1, or \
				 ask for a key with --access-key-env",
			),
			Some(_) => warn!(
				address = %settings.listen,
				"others can reach this address, and the access key goes over it in clear: put a \
				 proxy with TLS in front of it",
			),
		}
	}
}

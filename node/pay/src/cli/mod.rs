//! The command line.

mod keys;

use std::{
	env,
	io::{self, IsTerminal, Write},
	net::SocketAddr,
	path::PathBuf,
	process::ExitCode,
	sync::Arc,
	time::Duration,
};

use anyhow::Context;
use clap::Parser;
use openledger_client::{
	parse_account,
	units::{format_amount, parse_amount},
	Chain,
};
use openledger_primitives::{AccountId, Balance};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use tracing_subscriber::{filter::Directive, EnvFilter};

use crate::{
	budget::Budget,
	call::CallSettings,
	janitor::{Closing, ClosingSettings},
	network::Live,
	node::{api::Patience, endpoint},
	recount::Recount,
	server::{Guard, Limits, Proxy, Settings},
};

/// Blocks of three seconds in an hour.
const BLOCKS_PER_HOUR: u32 = 1_200;

/// Lets any app with an OpenAI SDK call the models of OpenLedger, and pays for the calls in OPEN,
/// never more than the budget.
///
/// Start it with a key that holds OPEN:
///
///   openledger-pay --chain ws://127.0.0.1:9944 --key-file ~/.config/openledger/key --budget 5
///
/// and point an app at it. The API key can be anything:
///
///   export OPENAI_BASE_URL=http://127.0.0.1:8402/v1 OPENAI_API_KEY=none
///   python -c 'import openai; print(openai.OpenAI().chat.completions.create(
///       model="smollm2-135m-instruct", messages=[{"role": "user", "content": "Hello!"}]))'
///
/// Chats, completions and embeddings are served, the first two also streamed.
///
///   curl http://127.0.0.1:8402/v1/models      the models that some node serves, with prices
///   curl http://127.0.0.1:8402/spend          what was spent, on what, and what is left
///
/// How it works: for each call it picks a node that serves the model (the price is the model's, on
/// chain; nodes differ in how fast and how well they answer), opens a payment session with it if
/// there is none, and signs a voucher for what the call may cost at most. What the node then
/// charges is checked against the chain's price and the answer. A node that fails before anything
/// was answered is replaced by another; one that charges too much is not paid, and what it signed
/// is kept as proof beside the state.
///
/// The budget counts over restarts: it is what may be spent with this state in all, so raise it to
/// spend more, or begin anew with --new-budget. Money that is in sessions counts until they are
/// closed; fees for opening and closing them come on top. To get back what was not spent:
///
///   openledger-pay --chain ws://127.0.0.1:9944 --key-file ~/.config/openledger/key --close
///
/// which asks the nodes to agree. Where one does not, it asks for the end on chain: then run it once
/// more when the notice is over. A proxy that runs closes sessions that nobody uses
/// (--idle-minutes), those that end, and with --close-at-end all of them when it is stopped.
///
/// So that the account's key need not stay on this machine, sessions can be opened for a hot key
/// that signs in its place (--signer-file), and paid out of later without the other (--account).
#[derive(Debug, Parser)]
#[command(name = "openledger-pay", version, verbatim_doc_comment, max_term_width = 100)]
pub struct Cli {
	/// The WebSocket of a chain node.
	#[arg(
		long,
		value_name = "URL",
		env = "OPENLEDGER_CHAIN",
		default_value = "ws://127.0.0.1:9944"
	)]
	chain: String,
	/// The most that may be spent in all, in OPEN.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, required_unless_present = "close")]
	budget: Option<Balance>,
	/// Where apps connect. Whoever can reach this address spends your money.
	#[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8402")]
	listen: SocketAddr,
	#[command(flatten)]
	key: keys::KeyArgs,
	#[command(flatten)]
	key_type: keys::KeyType,
	#[command(flatten)]
	signer: keys::SignerArgs,

	/// The most that one call may cost, in OPEN. If left out, what goes into a session at a time, or
	/// 0.1 OPEN if that is more.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, help_heading = "Spending")]
	max_charge: Option<Balance>,
	/// The most tokens of an answer where the app does not say how many it wants. Nodes that would
	/// be paid for more are not asked.
	#[arg(long, value_name = "TOKENS", default_value_t = 4_096, help_heading = "Spending",
		value_parser = clap::value_parser!(u32).range(1..))]
	max_tokens: u32,
	/// What goes into a session at a time, in OPEN. If left out, a fifth of the budget, or
	/// 0.1 OPEN if that is more.
	#[arg(long, value_name = "OPEN", value_parser = parse_amount, help_heading = "Spending")]
	deposit: Option<Balance>,
	/// How long a session lasts, in hours.
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
	close: bool,
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

	/// Where state is kept. What is lost from here, nodes still hold vouchers for.
	#[arg(long, value_name = "FOLDER", env = "OPENLEDGER_PAY_STATE",
		default_value_os_t = default_state(), help_heading = "Serving")]
	state: PathBuf,
	/// Calls that are made at the same time.
	#[arg(long, value_name = "CALLS", default_value_t = 64, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(1..=4096))]
	concurrent: u32,
	/// Calls that wait for their turn. More are refused with status 429.
	#[arg(long, value_name = "CALLS", default_value_t = 256, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(..=65536))]
	queue: u32,
	/// How long one call may take, with everything, in seconds.
	#[arg(long, value_name = "SECONDS", default_value_t = 600, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(1..=86_400))]
	timeout: u32,
	/// How long calls may go on once the proxy is told to stop, in seconds.
	#[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = "Serving",
		value_parser = clap::value_parser!(u32).range(..=3_600))]
	grace: u32,
	/// Pages from this origin may use the proxy. Can be given several times.
	#[arg(long, value_name = "ORIGIN", help_heading = "Serving")]
	allow_origin: Vec<String>,
	/// The environment variable with a key that apps must send as their API key.
	#[arg(long, value_name = "NAME", help_heading = "Serving")]
	access_key_env: Option<String>,

	/// What to log to standard error: error, warn, info, debug or trace, or a filter such as
	/// openledger_pay=debug. RUST_LOG does the same.
	#[arg(long, value_name = "FILTER", help_heading = "Logging")]
	log: Option<String>,
	/// Log as JSON, one object a line.
	#[arg(long, help_heading = "Logging")]
	log_json: bool,
}

/// Where state is kept if nothing else is said.
fn default_state() -> PathBuf {
	let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
	let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
	state.or_else(home).unwrap_or_else(env::temp_dir).join("openledger").join("pay")
}

fn tokenizer(text: &str) -> Result<(String, PathBuf), String> {
	match text.split_once('=') {
		Some((model, path)) if !model.is_empty() && !path.is_empty() => {
			Ok((model.to_owned(), path.into()))
		}
		_ => Err("write it as MODEL=FILE".into()),
	}
}

impl Cli {
	/// Does what the command line says.
	pub fn main(self) -> ExitCode {
		let done = self.init_logging().and_then(|()| {
			tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.run())
		});
		match done {
			Ok(()) => ExitCode::SUCCESS,
			Err(error) => {
				eprintln!("error: {error:#}");
				ExitCode::FAILURE
			}
		}
	}

	async fn run(self) -> anyhow::Result<()> {
		let keys = self.key.keys(&self.key_type, &self.signer, self.close)?;
		let settings = self.settings()?;
		if self.budget == Some(0) {
			warn!("the budget is nothing: every call is refused");
		}
		warn_if_open(&settings);
		let chain = Chain::connect(&self.chain).await?;
		let network = Arc::new(Live::new(chain, keys));
		let proxy = Proxy::new(network, settings).await?;
		if self.close {
			return show_closings(&proxy.close_all().await?);
		}
		let stop = CancellationToken::new();
		let signals = tokio::spawn(stop_on_signals(stop.clone()));
		let report = proxy.run(stop).await;
		signals.abort();
		let report = report?;
		if self.summary {
			line(format_args!("{report}"));
		}
		Ok(())
	}

	fn settings(&self) -> anyhow::Result<Settings> {
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
		Ok(Settings {
			budget,
			new_budget: self.new_budget,
			forgive: self.forgive.clone(),
			// Nothing is served while sessions are closed: any port will do.
			listen: if self.close { SocketAddr::from(([127, 0, 0, 1], 0)) } else { self.listen },
			state: self.state.clone(),
			session_blocks: self.session_hours.saturating_mul(BLOCKS_PER_HOUR),
			inside: endpoint::chain_is_inside(&self.chain),
			patience: Patience {
				connect: Duration::from_secs(5),
				question: Duration::from_secs(15),
				silence: Duration::from_secs(300),
			},
			call: CallSettings {
				max_charge: Some(self.max_charge.unwrap_or_else(|| budget.max_charge())),
				max_output_tokens: self.max_tokens,
				deadline: seconds(self.timeout),
				..CallSettings::default()
			},
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
			recount: Arc::new(recount),
			grace: seconds(self.grace),
			closing: ClosingSettings {
				idle: (self.idle_minutes > 0)
					.then(|| seconds(self.idle_minutes.saturating_mul(60))),
				at_end: self.close_at_end,
				..ClosingSettings::default()
			},
		})
	}

	fn init_logging(&self) -> anyhow::Result<()> {
		let filter = match &self.log {
			Some(filter) => EnvFilter::try_new(filter)
				.map_err(|error| anyhow::anyhow!("--log {filter}: {error}"))?,
			None => EnvFilter::builder()
				.with_default_directive("info".parse::<Directive>()?)
				.from_env()
				.map_err(|error| anyhow::anyhow!("RUST_LOG: {error}"))?,
		};
		let logger = tracing_subscriber::fmt()
			.with_env_filter(filter)
			.with_ansi(io::stderr().is_terminal())
			.with_writer(io::stderr);
		match self.log_json {
			true => logger.json().init(),
			false => logger.init(),
		}
		Ok(())
	}
}

/// Whoever can reach the proxy spends what is in the budget.
fn warn_if_open(settings: &Settings) {
	if !settings.listen.ip().is_loopback() {
		let budget = format_amount(settings.budget.limit);
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

fn show_closings(closings: &[(u64, Closing)]) -> anyhow::Result<()> {
	if closings.is_empty() {
		line("no sessions are open");
	}
	for (session, closing) in closings {
		line(match closing {
			Closing::Closed(refunded) => {
				format!("session {session} is closed; {} came back", format_amount(*refunded))
			}
			Closing::From(block) => format!(
				"session {session} can be closed at block {block}: run this again then, or before, if \
				 its node may agree to it by then"
			),
			Closing::NotYet => format!(
				"session {session} could not be closed (--log debug tells why); run this again later"
			),
		});
	}
	Ok(())
}

/// A line on standard output. One that nobody reads any more is no reason to fail.
fn line(text: impl std::fmt::Display) {
	let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Stops the proxy at the first signal, and the process at the second.
async fn stop_on_signals(stop: CancellationToken) {
	signal().await;
	info!("stopping; once more to stop at once");
	stop.cancel();
	signal().await;
	std::process::exit(130);
}

/// Waits for SIGINT or SIGTERM.
async fn signal() {
	let interrupt = tokio::signal::ctrl_c();
	#[cfg(unix)]
	if let Ok(mut terminate) =
		tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
	{
		tokio::select! {
			_ = interrupt => {},
			_ = terminate.recv() => {},
		}
		return;
	}
	let _ = interrupt.await;
}

#[cfg(test)]
mod tests;

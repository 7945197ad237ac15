//! The command line.
//!
//! | command | does |
//! |---|---|
//! | `run` | serves models |
//! | `register` | puts the node on chain, or changes what it says of itself |
//! | `status` | what the node is on chain, holds, earned and is owed |
//! | `doctor` | whether the node could serve and be paid, and what to do if not |
//! | `hash` | what the registry wants to know of a model's files |
//! | `call` | calls a model and pays for it |
//! | `sessions` | what a caller has in sessions, closing one, and checking what was charged |

mod call;
mod check;
mod doctor;
mod hash;
mod keys;
mod models;
mod register;
mod run;
mod sessions;
mod show;
mod status;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use openledger_client::Chain;
use tracing_subscriber::{filter::Directive, EnvFilter};

/// Serves language models on OpenLedger and is paid for each call, or calls one and pays for it.
///
/// Serving: write a configuration (config.example.toml explains every key), then
///
///   openledger-inference register --config config.toml --bond 100
///   openledger-inference doctor --config config.toml
///   openledger-inference run --config config.toml
///   openledger-inference status --config config.toml
///
/// Calling:
///
///   openledger-inference call --model smollm2-135m-instruct --prompt "What is a Merkle tree?" \
///       --key-file ~/.config/openledger/key
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, max_term_width = 100)]
pub struct Cli {
	#[command(subcommand)]
	command: Command,
	/// What to log to standard error: error, warn, info, debug or trace, or a filter such as
	/// openledger_inference=debug. RUST_LOG does the same.
	#[arg(long, global = true, value_name = "FILTER", help_heading = "Logging")]
	log: Option<String>,
	/// Log as JSON, one object a line.
	#[arg(long, global = true, help_heading = "Logging")]
	log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
	Run(run::Run),
	Register(register::Register),
	Status(status::Status),
	Doctor(doctor::Doctor),
	Hash(hash::Hash),
	Call(call::Call),
	Sessions(sessions::Sessions),
}

/// A chain node.
#[derive(Clone, Debug, clap::Args)]
struct ChainArgs {
	/// The WebSocket of a chain node.
	#[arg(
		long = "chain",
		value_name = "URL",
		env = "OPENLEDGER_CHAIN",
		default_value = "ws://127.0.0.1:9944"
	)]
	url: String,
}

impl ChainArgs {
	async fn connect(&self) -> anyhow::Result<Chain> {
		Ok(Chain::connect(&self.url).await?)
	}
}

impl Cli {
	/// Does what the command line says.
	pub fn main(self) -> ExitCode {
		let done = self.init_logging().and_then(|()| match self.command {
			Command::Run(run) => run.main(),
			Command::Register(register) => block_on(register.main()),
			Command::Status(status) => block_on(status.main()),
			Command::Doctor(doctor) => doctor.main(),
			Command::Hash(hash) => hash.main(),
			Command::Call(call) => block_on(call.main()),
			Command::Sessions(sessions) => block_on(sessions.main()),
		});
		match done {
			Ok(()) => ExitCode::SUCCESS,
			Err(error) => {
				eprintln!("error: {}", describe(&error));
				ExitCode::FAILURE
			}
		}
	}

	fn init_logging(&self) -> anyhow::Result<()> {
		let usual = match self.command {
			Command::Run(_) => "info",
			// What they have to say is on standard output.
			_ => "warn",
		};
		let filter = match &self.log {
			Some(filter) => EnvFilter::try_new(filter)
				.map_err(|error| anyhow::anyhow!("--log {filter}: {error}"))?,
			None => EnvFilter::builder()
				.with_default_directive(usual.parse::<Directive>()?)
				.from_env()
				.map_err(|error| anyhow::anyhow!("RUST_LOG: {error}"))?,
		};
		let logger = tracing_subscriber::fmt()
			.with_env_filter(filter)
			.with_ansi(std::io::stderr().is_terminal())
			.with_writer(std::io::stderr);
		match self.log_json {
			true => logger.json().init(),
			false => logger.init(),
		}
		Ok(())
	}
}

/// What an error says, with its causes as far as they say more: many errors name theirs already.
fn describe(error: &anyhow::Error) -> String {
	error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said {
		said if said.is_empty() => cause,
		said if said.contains(&cause) => said,
		said => format!("{said}: {cause}"),
	})
}

/// Runs a command that waits for others most of the time.
fn block_on(command: impl std::future::Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
	tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

#[cfg(test)]
mod tests;

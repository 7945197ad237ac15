//! The command line.
//!
//! | command | does |
//! |---|---|
//! | `run` | serves models |
//! | `register` | puts the node on chain, or changes what it says of itself |
//! | `status` | what the node is on chain, holds, earned and is owed |
//! | `doctor` | whether the node could serve and be paid, and what to do if not |
//! | `hash` | what the registry wants to know of a model's files |

mod doctor;
mod hash;
mod keys;
mod models;
mod register;
mod run;
mod show;
mod status;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use openledger_server_kit::telemetry::{init_logging, LevelFilter};

use crate::config::{ChainConfig, Config};

/// Serves language models on OpenLedger and is paid for each call.
///
/// Write a configuration (config.example.toml explains every key), then
///
///   openledger-inference register --config config.toml --bond 100
///   openledger-inference doctor --config config.toml
///   openledger-inference run --config config.toml
///   openledger-inference status --config config.toml
///
/// To call a model and pay for it, look at sessions, close them and check what was charged, there is
/// another program: `openledger-pay call`, `sessions` and `check`.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, max_term_width = 100)]
pub struct Cli {
	#[command(subcommand)]
	command: Command,
	/// Log lines to write to standard error: error, warn, info, debug or trace, or a filter such as
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
			Command::Run(_) => LevelFilter::INFO,
			// What they have to say is on standard output.
			_ => LevelFilter::WARN,
		};
		Ok(init_logging(self.log.as_deref(), self.log_json, usual)?)
	}
}

/// The words of an error, with its causes as far as they say more: many errors name theirs already.
fn describe(error: &anyhow::Error) -> String {
	error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said {
		said if said.is_empty() => cause,
		said if said.contains(&cause) => said,
		said => format!("{said}: {cause}"),
	})
}

/// The WebSocket of a chain node: as the command line says, else as the configuration does.
fn chain_url(given: Option<&str>, config: Option<&Config>) -> String {
	let configured = config.map(|config| config.chain.url.as_str());
	given.or(configured).map_or_else(|| ChainConfig::default().url, str::to_owned)
}

/// Runs a command that waits for others most of the time.
fn block_on(command: impl std::future::Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
	tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

#[cfg(test)]
mod tests;

//! The command line.
//!
//! | command | does |
//! |---|---|
//! | none | serves apps: the proxy |
//! | `call` | calls a model once and pays for it |
//! | `sessions` | shows what is in sessions, and closes them |
//! | `check` | compares what a node stated with what it settled |

mod call;
mod check;
mod keys;
mod serve;
mod sessions;
mod shared;
mod show;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use openledger_payer::janitor::Closing;
use openledger_protocol::units::format_amount;
use openledger_server_kit::telemetry::{init_logging, LevelFilter};

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
///   export OPENAI_BASE_URL=http://127.0.0.1:8403/v1 OPENAI_API_KEY=none
///   python -c 'import openai; print(openai.OpenAI().chat.completions.create(
///       model="smollm2-135m-instruct", messages=[{"role": "user", "content": "Hello!"}]))'
///
/// Chats, completions and embeddings are served, the first two also streamed.
///
///   curl http://127.0.0.1:8403/v1/models      the models that some node serves, with prices
///   curl http://127.0.0.1:8403/spend          what was spent, on what, and what is left
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
///
/// For a single call, without a proxy:
///
///   openledger-pay call --model smollm2-135m-instruct --prompt "What is a Merkle tree?" \
///       --key-file ~/.config/openledger/key
///
/// Each command has a --help of its own.
#[derive(Debug, Parser)]
#[command(
	name = "openledger-pay",
	version,
	verbatim_doc_comment,
	max_term_width = 100,
	args_conflicts_with_subcommands = true,
	subcommand_negates_reqs = true
)]
pub struct Cli {
	#[command(subcommand)]
	command: Option<Command>,
	#[command(flatten)]
	serve: serve::Serve,
	/// Log lines to write to standard error: error, warn, info, debug or trace, or a filter such as
	/// openledger_pay=debug. RUST_LOG does the same.
	#[arg(long, global = true, value_name = "FILTER", help_heading = "Logging")]
	log: Option<String>,
	/// Log as JSON, one object a line.
	#[arg(long, global = true, help_heading = "Logging")]
	log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
	Call(call::Call),
	Sessions(sessions::Sessions),
	Check(check::Check),
}

impl Cli {
	/// Does what the command line says.
	pub fn main(self) -> ExitCode {
		let usual = match self.command {
			None => LevelFilter::INFO,
			// What they have to say is on standard output.
			Some(_) => LevelFilter::WARN,
		};
		let logging = init_logging(self.log.as_deref(), self.log_json, usual);
		let done = logging.map_err(anyhow::Error::from).and_then(|()| {
			tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.run())
		});
		match done {
			Ok(()) => ExitCode::SUCCESS,
			Err(error) => {
				eprintln!("error: {}", describe(&error));
				ExitCode::FAILURE
			}
		}
	}

	async fn run(self) -> anyhow::Result<()> {
		match self.command {
			None => self.serve.main().await,
			Some(Command::Call(call)) => call.main().await,
			Some(Command::Sessions(sessions)) => sessions.main().await,
			Some(Command::Check(check)) => check.main().await,
		}
	}
}

/// The text of an error, with its causes as far as they say more: many errors name theirs already.
fn describe(error: &anyhow::Error) -> String {
	error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said {
		said if said.is_empty() => cause,
		said if said.contains(&cause) => said,
		said => format!("{said}: {cause}"),
	})
}

fn show_closings(closings: &[(u64, Closing)]) {
	if closings.is_empty() {
		show::line("no sessions are open");
	}
	for (session, closing) in closings {
		show::line(match closing {
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
}

#[cfg(test)]
mod tests;

//! Shows a real language model answering paid calls, and the chain splitting what they cost among
//! everyone behind the answers.
//!
//! It starts a development chain and an inference node, and both are gone when it ends. It exits with
//! 0 only if nothing is missing and every sum is right to the planck.

use anyhow::{bail, Result};
use openledger_e2e::{
	network::{say, Network},
	story,
};
use std::process::ExitCode;
use tokio::signal::unix::{signal, SignalKind};

#[tokio::main]
async fn main() -> ExitCode {
	match demo().await {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("\nthe demo failed: {error:#}");
			ExitCode::FAILURE
		}
	}
}

async fn demo() -> Result<()> {
	if std::env::args().len() > 1 {
		bail!("openledger-demo takes no arguments");
	}
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	say("starting");
	// Whichever ends first: when the story is dropped, so are its processes and its folder.
	let story = tokio::select! {
		story = Network::with(async |network| story::tell(network, true).await) => story?,
		_ = interrupt.recv() => bail!("interrupted"),
		_ = terminate.recv() => bail!("terminated"),
	};
	say(format_args!(
		"done: {} calls were paid, split and claimed by {} contributors, to the planck",
		story.reports.iter().map(|report| report.calls.len()).sum::<usize>(),
		story.claims.len()
	));
	Ok(())
}

//! `openledger-inference`: see [`openledger_inference::cli`].

use std::process::ExitCode;

use clap::Parser;
use openledger_inference::cli::Cli;

fn main() -> ExitCode {
	Cli::parse().main()
}

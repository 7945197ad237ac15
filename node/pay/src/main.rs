//! `openledger-pay`: see [`openledger_pay::cli`].

use std::process::ExitCode;

use clap::Parser;
use openledger_pay::cli::Cli;

fn main() -> ExitCode {
	Cli::parse().main()
}

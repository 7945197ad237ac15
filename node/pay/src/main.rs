//! `openledger-pay`: see [`openledger_pay::cli`].

use std::process::ExitCode;

use clap::Parser;
use openledger_chain_client::use_chain_prefix;
use openledger_pay::cli::Cli;

fn main() -> ExitCode {
	use_chain_prefix();
	Cli::parse().main()
}

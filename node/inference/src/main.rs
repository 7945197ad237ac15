//! `openledger-inference`: see [`openledger_inference::cli`].

use std::process::ExitCode;

use clap::Parser;
use openledger_chain_client::use_chain_prefix;
use openledger_inference::cli::Cli;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
	use_chain_prefix();
	Cli::parse().main()
}

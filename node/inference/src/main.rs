//! `openledger-inference`: see [`openledger_inference::cli`].

use std::process::ExitCode;

use clap::Parser;
use openledger_inference::cli::Cli;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
	Cli::parse().main()
}

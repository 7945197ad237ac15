//! `openledger-node`: a validator or full node of the OpenLedger chain.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`command`] | what each subcommand does |
//! | [`chain_spec`] | the chains that the binary knows |
//! | [`service`] | the parts of a running node, and how they are wired |
//! | [`rpc`] | the JSON-RPC methods |
//! | [`types`] | the concrete types of these parts |

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod service;
mod types;

fn main() -> sc_cli::Result<()> {
	command::run()
}

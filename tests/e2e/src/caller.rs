//! A caller without a program of their own: the commands of `openledger-pay`.

use crate::{network::CALLER, process::run_to_end, scenario::MODEL};
use anyhow::Result;
use openledger_chain_client::Chain;
use openledger_primitives::SessionId;
use std::path::Path;

/// The environment variable with the caller's key.
const KEY: &str = "CALLER_KEY";

/// The question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
	/// The prompt.
	pub prompt: &'a str,
	/// The most tokens of the answer.
	pub max_tokens: u32,
}

/// A paid call through `openledger-pay call`, with the caller's state kept in `folder`. With `show`, what
/// it prints is shown as it comes. Returns what it printed.
///
/// # Errors
/// If it fails.
pub async fn call(chain: &Chain, folder: &Path, call: &Question<'_>, show: bool) -> Result<String> {
	call_with(chain, folder, call, &[], show).await
}

/// The same, with more options.
///
/// # Errors
/// If it fails.
pub async fn call_with(
	chain: &Chain,
	folder: &Path,
	call: &Question<'_>,
	options: &[&str],
	show: bool,
) -> Result<String> {
	let max_tokens = call.max_tokens.to_string();
	let arguments = [
		"call",
		"--model",
		MODEL,
		"--prompt",
		call.prompt,
		"--max-tokens",
		&max_tokens,
		// So small a model is only right when it does not guess.
		"--temperature",
		"0",
		"--key-env",
		KEY,
	];
	run(chain, folder, &[&arguments[..], options].concat(), show).await
}

/// `openledger-pay check`, with the caller's state kept in `folder`. Returns what it printed.
///
/// # Errors
/// If it fails, for instance because the node has settled something else than it stated.
pub async fn check(chain: &Chain, folder: &Path, session: SessionId) -> Result<String> {
	run(chain, folder, &["check", &session.to_string()], false).await
}

/// `openledger-pay sessions`, with the caller's state kept in `folder`. Returns what it printed.
///
/// # Errors
/// If it fails.
pub async fn sessions(chain: &Chain, folder: &Path) -> Result<String> {
	run(chain, folder, &["sessions"], false).await
}

/// `openledger-pay sessions --close`, by the caller. Returns what it printed.
///
/// # Errors
/// If it fails.
pub async fn close(chain: &Chain, folder: &Path, session: SessionId) -> Result<String> {
	let arguments = ["sessions", "--close", &session.to_string(), "--key-env", KEY];
	run(chain, folder, &arguments, false).await
}

async fn run(chain: &Chain, folder: &Path, arguments: &[&str], show: bool) -> Result<String> {
	let state = folder.join("caller");
	let state = state.to_string_lossy();
	let common = ["--chain", chain.url(), "--state", &state];
	let arguments = [arguments, &common].concat();
	run_to_end("openledger-pay", &arguments, &[(KEY, CALLER)], show).await
}

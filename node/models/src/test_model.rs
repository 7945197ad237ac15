//! The real language model that tests run with.

use std::{path::PathBuf, time::Duration};

#[cfg(feature = "local")]
use super::LocalOptions;

/// The model's file: `OPENLEDGER_TEST_MODEL`, else where the set-up script puts it. A test that
/// needs it fails without it.
pub fn path() -> PathBuf {
	let path = std::env::var_os("OPENLEDGER_TEST_MODEL").map(PathBuf::from).unwrap_or_else(|| {
		let home = std::env::var_os("HOME").expect("HOME is set");
		PathBuf::from(home).join(".cache/openledger/models/SmolLM2-135M-Instruct.Q4_1.gguf")
	});
	assert!(
		path.is_file(),
		"this test needs the language model, and {} is not there: run scripts/setup.sh, or name \
		 another place in OPENLEDGER_TEST_MODEL",
		path.display()
	);
	path
}

/// The settings with which tests serve it.
#[cfg(feature = "local")]
pub fn options() -> LocalOptions {
	LocalOptions {
		path: path(),
		tokenizer: None,
		chat_template: None,
		context: None,
		unpack: None,
		default_max_tokens: 32,
		conversations: 256 << 20,
		conversations_for: Duration::from_secs(600),
		queue: 4,
		timeout: Duration::from_secs(120),
	}
}

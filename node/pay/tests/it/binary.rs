//! The binary as it is started from a shell.

use std::process::{Command, Output};

const SECRET: &str = "//Nobody//knows";

fn run(arguments: &[&str]) -> Output {
	let mut command = Command::new(env!("CARGO_BIN_EXE_openledger-pay"));
	command.args(arguments).env("OPENLEDGER_PAY_TEST_KEY", SECRET).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_tells_how_it_is_used() {
	let output = run(&["--help"]);
	assert!(output.status.success());
	let help = text(&output.stdout);
	for said in ["--budget", "--close-at-end", "--signer-file", "--account", "/v1/models"] {
		assert!(help.contains(said), "{said} is missing in {help}");
	}
}

#[test]
fn it_says_what_is_wrong_and_never_a_secret() {
	let folder = tempfile::tempdir().unwrap();
	let state = folder.path().display().to_string();
	let nowhere = ["--chain", "ws://127.0.0.1:1", "--state", &state, "--log", "trace"];
	let key = ["--key-env", "OPENLEDGER_PAY_TEST_KEY", "--budget", "1"];
	let output = run(&[&nowhere[..], &key].concat());
	assert!(!output.status.success());
	let said = text(&output.stderr);
	assert!(said.contains("error: cannot connect to the chain node at ws://127.0.0.1:1"), "{said}");
	assert!(!said.contains(SECRET) && !text(&output.stdout).contains(SECRET));
}

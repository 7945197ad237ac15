use super::*;
use clap::{error::ErrorKind, CommandFactory};

fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
	Cli::try_parse_from([&["openledger-inference"], arguments].concat())
}

#[test]
fn the_tree_is_sound() {
	Cli::command().debug_assert();
}

#[test]
fn help_teaches_with_examples() {
	for command in ["run", "register", "status", "doctor", "hash", "call", "sessions"] {
		let help = parse(&[command, "--help"]).unwrap_err();
		assert_eq!(help.kind(), ErrorKind::DisplayHelp);
		let text = help.to_string();
		assert!(text.contains("Examples:"), "{command}");
		assert!(text.contains(&format!("openledger-inference {command}")), "{command}");
	}
}

#[test]
fn what_operators_and_callers_write_is_understood() {
	for arguments in [
		&["run", "--config", "c.toml", "--listen", "0.0.0.0:80", "--log", "debug"][..],
		&["register", "--config", "c.toml", "--bond", "100"],
		&["register", "--suri", "//Bob", "--endpoint", "http://a", "--model", "m", "--model", "0"],
		&["status", "--config", "c.toml", "--json"],
		&["status", "--operator", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"],
		&["call", "--model", "m", "--prompt", "p", "--suri", "//Alice", "--max-charge", "0.5"],
		&["call", "-m", "m", "-p", "-", "--key-env", "KEY", "--state", "f", "--no-stream"],
		&["call", "-m", "m", "-p", "p", "--key-file", "k", "--sessions", "f", "--lane", "3"],
		&["sessions", "--close", "4", "--key-stdin", "--key-type", "ed25519"],
		&["sessions", "--check", "4", "--sessions", "f"],
		&["sessions", "--check", "4", "--from", "1000"],
		&["register", "--config", "c.toml", "--capacity", "8"],
		&["doctor", "--config", "c.toml", "--no-models"],
		&["hash", "a.gguf", "tokenizer.json"],
	] {
		parse(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
	}
}

#[test]
fn what_cannot_be_meant_is_refused() {
	for (arguments, said) in [
		(&["call", "--model", "m"][..], "--prompt"),
		(&["call", "-m", "m", "-p", "p", "--suri", "//A", "--key-env", "K"], "cannot be used with"),
		(&["call", "-m", "m", "-p", "p", "--max-tokens", "0"], "0 is not in"),
		(&["call", "-m", "m", "-p", "p", "--deposit", "ten"], "is not an amount"),
		(&["call", "-m", "m", "-p", "p", "--key-type", "rsa"], "is not a kind of key"),
		(&["status", "--operator", "nobody"], "is not an account"),
		(&["sessions", "--check", "4", "--close", "4"], "cannot be used with"),
		(&["sessions", "--from", "4"], "--check"),
		(&["register", "--config", "c.toml", "--capacity", "0"], "0 is not in"),
		(&["run"], "--config"),
		(&["doctor"], "--config"),
		(&["hash"], "FILE"),
		(&["fly"], "fly"),
	] {
		let error = parse(arguments).unwrap_err().to_string();
		assert!(error.contains(said), "{arguments:?}: {error}");
	}
}

#[test]
fn secrets_on_the_command_line_are_not_shown() {
	let arguments = ["call", "-m", "m", "-p", "p", "--suri", "//Secret//path"];
	let shown = format!("{:?}", parse(&arguments).unwrap());
	assert!(!shown.contains("Secret//path"), "{shown}");
}

#[test]
fn without_a_key_the_ways_to_give_one_are_named() {
	let cli = parse(&["call", "-m", "m", "-p", "p", "--chain", "ws://127.0.0.1:1"]).unwrap();
	let Command::Call(call) = cli.command else { panic!() };
	let error = block_on(call.main()).unwrap_err();
	assert!(format!("{error:#}").contains("--key-file"), "{error:#}");
}

#[test]
fn without_a_chain_the_error_names_it() {
	let arguments =
		["call", "-m", "m", "-p", "p", "--suri", "//Alice", "--chain", "ws://127.0.0.1:1"];
	let Command::Call(call) = parse(&arguments).unwrap().command else { panic!() };
	let error = block_on(call.main()).unwrap_err();
	let said = format!("{error:#}");
	assert!(said.contains("cannot connect to the chain node at ws://127.0.0.1:1"), "{said}");
}

#[test]
fn causes_are_named_once() {
	let cause = || std::io::Error::other("disk full");
	let error = anyhow::Error::from(cause()).context("cannot write x");
	assert_eq!(describe(&error), "cannot write x: disk full");
	let error = anyhow::Error::from(cause()).context("cannot write x: disk full");
	assert_eq!(describe(&error), "cannot write x: disk full");
}

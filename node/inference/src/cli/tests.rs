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
	for command in ["run", "register", "status", "doctor", "hash"] {
		let help = parse(&[command, "--help"]).unwrap_err();
		assert_eq!(help.kind(), ErrorKind::DisplayHelp);
		let text = help.to_string();
		assert!(text.contains("Examples:"), "{command}");
		assert!(text.contains(&format!("openledger-inference {command}")), "{command}");
	}
}

#[test]
fn what_operators_write_is_understood() {
	for arguments in [
		&["run", "--config", "c.toml", "--listen", "0.0.0.0:80", "--log", "debug"][..],
		&["register", "--config", "c.toml", "--bond", "100"],
		&["register", "--suri", "//Bob", "--endpoint", "http://a", "--model", "m", "--model", "0"],
		&["status", "--config", "c.toml", "--json"],
		&["status", "--operator", "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa"],
		&["status", "--key-env", "KEY", "--key-type", "ed25519"],
		&["status", "--key-file", "k"],
		&["register", "--config", "c.toml", "--key-stdin"],
		&["register", "--config", "c.toml", "--capacity", "8"],
		&["register", "--payee", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"],
		&["doctor", "--config", "c.toml", "--no-models"],
		&["hash", "a.gguf", "tokenizer.json"],
	] {
		parse(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
	}
}

#[test]
fn what_cannot_be_meant_is_refused() {
	for (arguments, said) in [
		(&["status", "--suri", "//A", "--key-env", "K"][..], "cannot be used with"),
		(&["register", "--bond", "ten"], "is not an amount"),
		(&["status", "--key-type", "rsa"], "is not a kind of key"),
		(&["status", "--operator", "nobody"], "is not an account"),
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
	let arguments = ["register", "--suri", "//Secret//path"];
	let shown = format!("{:?}", parse(&arguments).unwrap());
	assert!(!shown.contains("Secret//path"), "{shown}");
}

#[test]
fn without_a_key_the_ways_to_give_one_are_named() {
	let cli = parse(&["register", "--chain", "ws://127.0.0.1:1"]).unwrap();
	let Command::Register(register) = cli.command else { panic!() };
	let error = block_on(register.main()).unwrap_err();
	assert!(format!("{error:#}").contains("--key-file"), "{error:#}");
}

#[test]
fn without_a_chain_the_error_names_it() {
	let arguments = ["register", "--suri", "//Alice", "--chain", "ws://127.0.0.1:1"];
	let Command::Register(register) = parse(&arguments).unwrap().command else { panic!() };
	let error = block_on(register.main()).unwrap_err();
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

#[test]
fn help_says_where_calls_are_made() {
	let help = parse(&["--help"]).unwrap_err().to_string();
	assert!(help.contains("openledger-pay call"), "{help}");
}

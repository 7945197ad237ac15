use super::*;
use clap::{error::ErrorKind, CommandFactory};

fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
	Cli::try_parse_from([&["openledger-pay"], arguments].concat())
}

#[test]
fn the_tree_is_sound() {
	Cli::command().debug_assert();
}

#[test]
fn help_teaches() {
	let help = parse(&["--help"]).unwrap_err();
	assert_eq!(help.kind(), ErrorKind::DisplayHelp);
	let text = help.to_string();
	for said in ["OPENAI_BASE_URL", "/spend", "--budget", "--close", "--key-file", "proof"] {
		assert!(text.contains(said), "{said}");
	}
}

#[test]
fn what_people_write_is_understood() {
	for arguments in [
		&["--budget", "5", "--suri", "//Alice"][..],
		&["--chain", "wss://a", "--key-file", "k", "--budget", "0.5 OPEN", "--listen", "[::1]:80"],
		&["--key-env", "K", "--budget", "1", "--deposit", "0.2", "--max-charge", "10planck"],
		&["--key-stdin", "--key-type", "ed25519", "--budget", "1", "--summary", "--new-budget"],
		&["--key-env", "K", "--close"],
		&["--key-env", "K", "--budget", "1", "--tokenizer", "a/b=t.json", "--tokenizer", "c=d"],
		&["--key-env", "K", "--budget", "1", "--allow-origin", "https://a", "--queue", "0"],
	] {
		parse(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
	}
}

#[test]
fn what_cannot_be_meant_is_refused() {
	let key = ["--suri", "//A"];
	for (arguments, said) in [
		(&["--budget", "5"][..], "--key-file"),
		(&["--budget", "5", "--key-stdin", "--key-env", "K"], "cannot be used with"),
		(&[key[0], key[1]], "--budget"),
		(&[key[0], key[1], "--budget", "five"], "is not an amount"),
		(&[key[0], key[1], "--budget", "5", "--concurrent", "0"], "0 is not in"),
		(&[key[0], key[1], "--budget", "5", "--session-hours", "9999"], "is not in"),
		(&[key[0], key[1], "--budget", "5", "--tokenizer", "x"], "MODEL=FILE"),
		(&[key[0], key[1], "--close", "--summary"], "cannot be used with"),
		(&[key[0], key[1], "--budget", "5", "--key-type", "rsa"], "is not a kind of key"),
	] {
		let error = parse(arguments).unwrap_err().to_string();
		assert!(error.contains(said), "{arguments:?}: {error}");
	}
}

#[test]
fn only_this_machine_is_listened_to() {
	let cli = parse(&["--budget", "5", "--suri", "//Alice"]).unwrap();
	let settings = cli.settings().unwrap();
	assert!(settings.listen.ip().is_loopback() && settings.guard.local && settings.inside);
	let open =
		["--budget", "5", "--suri", "//Alice", "--listen", "0.0.0.0:80", "--chain", "wss://a.b"];
	let settings = parse(&open).unwrap().settings().unwrap();
	assert!(!settings.guard.local && !settings.inside);
}

#[test]
fn secrets_are_not_shown() {
	let cli = parse(&["--budget", "5", "--suri", "//Secret//path"]).unwrap();
	assert!(!format!("{cli:?}").contains("Secret//path"));
}

#[test]
fn an_access_key_has_to_be_there() {
	let arguments = ["--budget", "5", "--suri", "//A", "--access-key-env", "OPENLEDGER_PAY_UNSET"];
	let error = parse(&arguments).unwrap().settings().unwrap_err();
	assert!(format!("{error:#}").contains("OPENLEDGER_PAY_UNSET"), "{error:#}");
}

#[tokio::test]
async fn without_a_chain_the_error_names_it() {
	let folder = tempfile::tempdir().unwrap();
	let state = folder.path().display().to_string();
	let arguments =
		["--budget", "5", "--suri", "//Alice", "--chain", "ws://127.0.0.1:1", "--state", &state];
	let error = parse(&arguments).unwrap().run().await.unwrap_err();
	let said = format!("{error:#}");
	assert!(said.contains("cannot connect to the chain node at ws://127.0.0.1:1"), "{said}");
}

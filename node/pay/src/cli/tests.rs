use super::*;
use clap::{error::ErrorKind, CommandFactory};
use openledger_primitives::answer::Evidence;

/// That of //Alice.
const ADDRESS: &str = "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa";

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
	for command in ["call", "sessions", "check"] {
		assert!(text.contains(&format!("  {command}")), "{command}");
		let help = parse(&[command, "--help"]).unwrap_err();
		assert_eq!(help.kind(), ErrorKind::DisplayHelp);
		let text = help.to_string();
		assert!(text.contains("Example") && text.contains(&format!("openledger-pay {command}")));
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
		&["--key-env", "K", "--budget", "1", "--max-tokens", "100", "--max-charge", "0.2"],
		&["--key-env", "K", "--budget", "1", "--allow-origin", "https://a", "--queue", "0"],
		&["--key-env", "K", "--budget", "1", "--close-at-end", "--idle-minutes", "0"],
		&["--key-env", "K", "--budget", "1", "--signer-file", "h", "--signer-limit", "0.5"],
		&["--key-env", "K", "--budget", "1", "--evidence", "sealed", "--take-over", "3"],
		&["--account", ADDRESS, "--budget", "1", "--signer-env", "H", "--signer-type", "ecdsa"],
		&["call", "--model", "m", "--prompt", "p", "--suri", "//Alice", "--max-charge", "0.5"],
		&["call", "-m", "m", "-p", "-", "--key-env", "KEY", "--state", "f", "--no-stream"],
		&["call", "-m", "m", "-p", "p", "--key-file", "k", "--budget", "5", "--json"],
		&["call", "-m", "m", "-p", "p", "--account", ADDRESS, "--signer-file", "h"],
		&["call", "-m", "m", "-p", "p", "--suri", "//A", "--take-over", "3", "--take-over", "4"],
		&[
			"call",
			"-m",
			"m",
			"-p",
			"p",
			"--suri",
			"//A",
			"--forgive",
			ADDRESS,
			"--forgive",
			ADDRESS,
		],
		&["sessions"],
		&["sessions", "--close", "4", "--key-stdin", "--key-type", "ed25519"],
		&["sessions", "--close", "4", "5", "--key-env", "K", "--log", "debug"],
		&["check", "4", "--state", "f"],
		&["check", "4", "--from", "1000", "--log-json"],
		&["check", "4", "--report", "--suri", "//Alice", "--key-type", "ecdsa"],
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
		(&[key[0], key[1], "--budget", "5", "--evidence", "hidden"], "open, sealed"),
		(&[key[0], key[1], "--budget", "5", "--take-over", "all"], "invalid value"),
		(&[key[0], key[1], "--close", "--summary"], "cannot be used with"),
		(&[key[0], key[1], "--close", "--close-at-end"], "cannot be used with"),
		(&[key[0], key[1], "--budget", "5", "--account", ADDRESS], "cannot be used with"),
		(&["--account", "Alice", "--budget", "5"], "--account"),
		(
			&[key[0], key[1], "--budget", "5", "--signer-file", "a", "--signer-env", "b"],
			"cannot be used with",
		),
		(&[key[0], key[1], "--budget", "5", "--key-type", "rsa"], "is not a kind of key"),
		(&["call", "--model", "m"], "--prompt"),
		(&["call", "-m", "m", "-p", "p", "--suri", "//A", "--key-env", "K"], "cannot be used with"),
		(&["call", "-m", "m", "-p", "p", "--max-tokens", "0"], "0 is not in"),
		(&["call", "-m", "m", "-p", "p", "--deposit", "ten"], "is not an amount"),
		(&["call", "-m", "m", "-p", "p", "--key-type", "rsa"], "is not a kind of key"),
		(&["call", "-m", "m", "-p", "p", "--new-budget"], "unexpected argument"),
		(&["sessions", "--close"], "--close"),
		(&["sessions", "--from", "4"], "unexpected argument"),
		(&["check"], "<SESSION>"),
		(&["check", "four"], "invalid value"),
	] {
		let error = parse(arguments).unwrap_err().to_string();
		assert!(error.contains(said), "{arguments:?}: {error}");
	}
}

#[test]
fn only_this_machine_is_listened_to() {
	let cli = parse(&["--budget", "5", "--suri", "//Alice"]).unwrap();
	let settings = cli.serve.settings().unwrap();
	assert!(settings.listen.ip().is_loopback() && settings.guard.local && settings.payer.inside);
	let open =
		["--budget", "5", "--suri", "//Alice", "--listen", "0.0.0.0:80", "--chain", "wss://a.b"];
	let settings = parse(&open).unwrap().serve.settings().unwrap();
	assert!(!settings.guard.local && !settings.payer.inside);
}

#[test]
fn answers_are_open_unless_they_are_to_be_sealed() {
	let settings = |arguments: &[&str]| {
		let all = [&["--budget", "5", "--suri", "//Alice"], arguments].concat();
		parse(&all).unwrap().serve.settings().unwrap().payer
	};
	assert_eq!(settings(&[]).call.evidence, Evidence::Open);
	let settings = settings(&["--evidence", "sealed", "--take-over", "7"]);
	assert_eq!((settings.call.evidence, settings.take_over), (Evidence::Sealed, vec![7]));
}

#[test]
fn secrets_are_not_shown() {
	for arguments in [
		&["--budget", "5", "--suri", "//Secret//path"][..],
		&["call", "-m", "m", "-p", "p", "--suri", "//Secret//path"],
	] {
		let cli = parse(arguments).unwrap();
		assert!(!format!("{cli:?}").contains("Secret//path"));
	}
}

#[test]
fn an_access_key_has_to_be_there() {
	let arguments = ["--budget", "5", "--suri", "//A", "--access-key-env", "OPENLEDGER_PAY_UNSET"];
	let error = parse(&arguments).unwrap().serve.settings().unwrap_err();
	assert!(format!("{error:#}").contains("OPENLEDGER_PAY_UNSET"), "{error:#}");
}

#[test]
fn keys_are_those_that_are_needed() {
	let keys = |arguments: &[&str]| {
		let cli = parse(&[&["--budget", "5"], arguments].concat()).unwrap();
		cli.serve.payer.keys(cli.serve.close)
	};
	let folder = tempfile::tempdir().unwrap();
	let file = folder.path().join("hot").display().to_string();
	std::fs::write(&file, "//Alice//hot\n").unwrap();
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
		let of_all = keys(&["--suri", "//Alice", "--signer-file", &file]).unwrap_err();
		assert!(format!("{of_all:#}").contains("chmod 600"), "{of_all:#}");
		std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
	}
	let both = keys(&["--suri", "//Alice", "--signer-file", &file, "--signer-limit", "2"]).unwrap();
	assert_eq!(both.own.as_ref().map(|own| own.address()).as_deref(), Some(ADDRESS));
	assert_ne!(both.hot.as_ref().unwrap().account(), both.account);
	assert_eq!(both.hot_limit, Some(2 * openledger_primitives::OPEN));
	let hot = keys(&["--account", ADDRESS, "--signer-file", &file]).unwrap();
	assert!(hot.own.is_none() && hot.hot.is_some() && hot.account == both.account);
	std::fs::write(&file, "//Alice").unwrap();
	assert!(keys(&["--suri", "//Alice", "--signer-file", &file]).unwrap().hot.is_none());
	for (arguments, said) in [
		(&["--account", ADDRESS][..], "--signer-file"),
		(&["--suri", "//Alice", "--signer-limit", "2"], "--signer-file"),
		(&["--account", ADDRESS, "--signer-file", &file, "--close"], "own key"),
		(&["--suri", "//Alice", "--signer-file", "/nowhere"], "hot key"),
	] {
		let error = keys(arguments).unwrap_err();
		assert!(format!("{error:#}").contains(said), "{error:#}");
	}
}

#[tokio::test]
async fn without_a_key_the_error_says_how_to_give_one() {
	for arguments in [
		&["call", "-m", "m", "-p", "p"][..],
		&["sessions", "--close", "4"],
		&["check", "4", "--report"],
	] {
		let error = parse(arguments).unwrap().run().await.unwrap_err();
		assert!(format!("{error:#}").contains("--key-file"), "{error:#}");
	}
	let both = ["call", "-m", "m", "-p", "-", "--key-stdin"];
	let error = parse(&both).unwrap().run().await.unwrap_err();
	assert!(format!("{error:#}").contains("standard input"), "{error:#}");
}

#[tokio::test]
async fn without_a_chain_the_error_names_it() {
	let folder = tempfile::tempdir().unwrap();
	let state = folder.path().display().to_string();
	let nowhere = ["--chain", "ws://127.0.0.1:1", "--state", &state];
	for command in [
		&["--budget", "5", "--suri", "//Alice"][..],
		&["call", "-m", "m", "-p", "p", "--suri", "//Alice"],
		&["sessions"],
		&["check", "4"],
	] {
		let arguments = [command, &nowhere].concat();
		let error = parse(&arguments).unwrap().run().await.unwrap_err();
		let said = format!("{error:#}");
		assert!(said.contains("cannot connect to the chain node at ws://127.0.0.1:1"), "{said}");
	}
}

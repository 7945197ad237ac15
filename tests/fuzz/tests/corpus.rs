//! The corpus, run through the targets without a fuzzer: nothing in it panics, and the targets take what they are for.

use openledger_fuzz::TARGETS;
use std::{fs, path::PathBuf};

/// The inputs of a target that are kept.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
	let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
	let entries = fs::read_dir(&folder).unwrap_or_else(|_| panic!("there is no {folder:?}"));
	let mut inputs = entries
		.map(|entry| {
			let path = entry.expect("the folder can be read").path();
			let input = fs::read(&path).expect("the file can be read");
			(path, input)
		})
		.collect::<Vec<_>>();
	inputs.sort();
	inputs
}

fn run(name: &str) {
	let (_, target) = TARGETS.into_iter().find(|(other, _)| *other == name).expect("a target");
	let inputs = corpus(name);
	assert!(!inputs.is_empty(), "{name} has no corpus");
	for (path, input) in inputs {
		// The name of the input that panics is the last line.
		println!("{}", path.display());
		target(&input);
	}
}

#[test]
fn messages_are_decoded() {
	run("decode");
}

/// Wherever a message is cut off.
#[test]
fn parts_of_messages_are_decoded() {
	for (_, input) in corpus("decode") {
		for end in 0..input.len().min(300) {
			openledger_fuzz::decode(&input[..end]);
		}
	}
}

#[test]
fn scripts_are_run() {
	run("calls");
}

#[test]
fn encoded_calls_are_sent() {
	run("raw");
}

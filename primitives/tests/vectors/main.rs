//! The test vectors in `tests/vectors`, compared with what this crate makes.
//!
//! With `OPENLEDGER_WRITE=1` the files are written instead. `tests/vectors/recompute.py` makes all of them
//! once more from `docs/formats.md` alone.

mod answers;
mod data;
mod lanes;
mod messages;
mod releases;
mod texts;
mod trees;

use codec::Encode;
use serde_json::{json, Value};
use std::{fs, path::Path};

/// Compares a file of `tests/vectors` with what it should be, or writes it.
fn expect(name: &str, about: &str, content: Value) {
	let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name);
	let mut expected = json!({ "about": about, "specification": "docs/formats.md" });
	expected.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
	let found = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
	if found == Some(expected.clone()) {
		return;
	}
	if std::env::var_os("OPENLEDGER_WRITE").is_some_and(|write| write == "1") {
		let text = serde_json::to_string_pretty(&expected).unwrap();
		fs::write(&path, text + "\n").unwrap();
		return;
	}
	panic!(
		"tests/vectors/{name} is not what is made: a format has changed. If it may, run \
		 `OPENLEDGER_WRITE=1 cargo nextest run -p openledger-primitives`, mend docs/formats.md and \
		 tests/vectors/recompute.py, and commit all of it"
	);
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
	hex::encode(bytes)
}

/// The bytes of a value as the chain encodes it.
fn scale(value: &impl Encode) -> String {
	hex::encode(value.encode())
}

/// Bytes that look like nothing: the same ones in every implementation.
fn pattern(length: usize) -> Vec<u8> {
	(0..length).map(|at| u8::try_from((at * 31 + at / 256) % 251).unwrap()).collect()
}

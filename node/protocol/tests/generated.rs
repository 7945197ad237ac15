//! The files made from the refusal codes, compared with those that are committed.
//!
//! With `OPENLEDGER_WRITE=1` the files are written instead.

use std::{
	fmt::Write,
	fs,
	path::{Path, PathBuf},
};

use openledger_protocol::refusal::{Check, RefusalCode, Topic, BEFORE_THE_STORE, IN_THE_STORE};

const PAGE: &str = "docs/x402-openledger.md";
const LIST: &str = "scripts/x402/src/refusal-codes.mjs";

fn file(name: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Compares a file with what it should be, or writes it.
fn expect(name: &str, expected: &str) {
	let path = file(name);
	if fs::read_to_string(&path).is_ok_and(|found| found == expected) {
		return;
	}
	if std::env::var_os("OPENLEDGER_WRITE").is_some_and(|write| write == "1") {
		fs::write(&path, expected).unwrap();
		return;
	}
	panic!(
		"{name} is not what is made from the refusal codes: run \
		 `OPENLEDGER_WRITE=1 cargo nextest run -p openledger-protocol`, and commit it"
	);
}

/// The page with another text between the markers of a name.
fn replaced(page: &str, name: &str, text: &str) -> String {
	let (begin, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->\n");
	let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{PAGE}: no {begin}"));
	let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{PAGE}: no {end}"));
	format!("{before}{begin}\n{text}\n{end}{after}")
}

fn table(checks: &[Check]) -> String {
	let mut table = String::from("| status, code | refused if | `openledger` |\n|---|---|---|\n");
	for Check { code, fails, details } in checks {
		let names: Vec<_> = code.details().iter().map(|name| format!("`{name}`")).collect();
		let shown = format!("{}{details}", names.join(", "));
		let shown = if shown.is_empty() { shown } else { format!("{shown} ") };
		let status = code.status().as_u16();
		writeln!(table, "| {status} `{code}` | {fails} | {shown}|").unwrap();
	}
	table
}

/// The codes that are not about a voucher.
fn others() -> String {
	let mut table = String::from("| about | status, code | means |\n|---|---|---|\n");
	for code in RefusalCode::ALL.iter().filter(|code| code.topic() != Topic::Voucher) {
		let (about, status) = (code.topic().title(), code.status().as_u16());
		writeln!(table, "| {about} | {status} `{code}` | {} |", code.meaning()).unwrap();
	}
	table
}

#[test]
fn the_page_has_the_codes() {
	let page = fs::read_to_string(file(PAGE)).unwrap();
	let page = replaced(&page, "checks before the store", &table(BEFORE_THE_STORE));
	let page = replaced(&page, "checks in the store", &table(IN_THE_STORE));
	let page = replaced(&page, "other codes", &others());
	expect(PAGE, &page);
}

#[test]
fn javascript_has_the_codes() {
	let mut list = String::from(
		"// Generated from node/protocol/src/refusal/codes.rs; not to be changed here.\n\
		 //\n\
		 // Each code that a node may refuse with: its HTTP status, what it is about, and what it means.\n\
		 \n\
		 export const REFUSAL_CODES = Object.freeze({\n",
	);
	for code in RefusalCode::ALL {
		let (status, about) = (code.status().as_u16(), format!("{:?}", code.topic()));
		let (about, means) = (about.to_lowercase(), code.meaning().replace('\'', "\\'"));
		writeln!(list, "  {code}: {{\n    status: {status},\n    about: '{about}',").unwrap();
		writeln!(list, "    means: '{means}',\n  }},").unwrap();
	}
	list.push_str("});\n");
	expect(LIST, &list);
}

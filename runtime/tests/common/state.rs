//! States of chains as `openledger-node export-state` writes them, and those that are kept of each release.

use serde_json::{json, Map, Value};
use sp_core::{
	bytes::{from_hex, to_hex},
	storage::well_known_keys::CODE,
};
use sp_io::TestExternalities;
use std::{fs, path::PathBuf};

/// A state as `openledger-node export-state` writes it, without the runtime.
pub fn dump(state: &mut TestExternalities) -> Value {
	let hex = |bytes: &[u8]| to_hex(bytes, false);
	state.execute_with(|| {
		let mut top = Map::new();
		let mut key = Vec::new();
		while let Some(next) = sp_io::storage::next_key(&key) {
			let value = sp_io::storage::get(&next).expect("a key has a value");
			top.insert(hex(&next), Value::String(hex(&value)));
			key = next;
		}
		json!({ "genesis": { "raw": { "top": top } } })
	})
}

/// The state in `json`, without the runtime that was in it.
pub fn load(json: &str) -> TestExternalities {
	let spec: Value = serde_json::from_str(json).expect("the state is JSON");
	let top = spec["genesis"]["raw"]["top"].as_object().expect("the state is raw");
	let bytes = |text: &str| from_hex(text).expect("keys and values are hexadecimal");
	let mut externalities = TestExternalities::default();
	for (key, value) in top {
		let key = bytes(key);
		if key != CODE {
			externalities.insert(key, bytes(value.as_str().expect("values are text")));
		}
	}
	externalities
}

/// The folder with the fixtures: the states that are kept of each release, named by its `spec_version`, and by what else
/// they are of.
fn folder() -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All fixtures, by the names of their files.
pub fn fixtures() -> Vec<(String, String)> {
	let Ok(entries) = fs::read_dir(folder()) else { return Vec::new() };
	let mut all = Vec::new();
	for entry in entries {
		let path = entry.expect("the folder can be read").path();
		if path.extension().is_some_and(|extension| extension == "json") {
			let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
			all.push((name, fs::read_to_string(&path).expect("the file can be read")));
		}
	}
	all.sort();
	all
}

/// Writes a fixture of the present release, if `OPENLEDGER_FIXTURE=1` asks for it and there is none of that name: what
/// was released is never written anew. See `scripts/fixture.sh`.
pub fn write_fixture(name: &str, state: &str) {
	let path = folder().join(format!("{name}.json"));
	let asked = std::env::var_os("OPENLEDGER_FIXTURE").is_some_and(|asked| asked == "1");
	if asked && !path.exists() {
		fs::create_dir_all(folder()).expect("the folder can be made");
		fs::write(&path, format!("{state}\n")).expect("the file can be written");
	}
}

//! What is stored, compared with `runtime/tests/storage.json`: no layout changes under the same storage version.
//!
//! Entries of another layout than the code expects are not read, or read as something else, and no call can
//! remove them. So a changed layout needs a migration, and the storage version is by what that knows whether
//! it has run. With `OPENLEDGER_WRITE=1` the file is written, if every pallet whose storage has changed has a higher
//! version than before: see `docs/upgrades.md`.

mod common;

use codec::Decode;
use frame_metadata::{
	v15::{RuntimeMetadataV15, StorageEntryModifier, StorageEntryType},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use frame_support::{
	storage::{storage_prefix, unhashed},
	traits::STORAGE_VERSION_STORAGE_KEY_POSTFIX,
};
use openledger_runtime::Runtime;
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef};
use serde_json::{json, Value};
use sp_io::hashing::blake2_128;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// What a block begins without: its layout is nobody's concern in the next one.
const OF_ONE_BLOCK: &[(&str, &str)] = &[("System", "Events"), ("System", "EventTopics")];

/// The storage of one pallet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stored {
	version: u16,
	/// The hash of the description of each entry.
	entries: BTreeMap<String, String>,
}

type Pallets = BTreeMap<String, Stored>;

fn metadata() -> RuntimeMetadataV15 {
	let opaque = Runtime::metadata_at_version(15).expect("the runtime has metadata");
	let decoded = RuntimeMetadataPrefixed::decode(&mut opaque.as_slice()).expect("it can be read");
	match decoded.1 {
		RuntimeMetadata::V15(metadata) => metadata,
		other => panic!("version {}", other.version()),
	}
}

/// All that a type is made of, down to numbers: by names of fields and variants, not by those of types.
///
/// An enumeration of the runtime's own (what may be on hold, the kinds of proxies) is named only: it gets new
/// variants, and the indices of those that it has never change.
fn describe(types: &PortableRegistry, id: u32, above: &mut Vec<u32>) -> String {
	let ty = types.resolve(id).expect("types that are named are there");
	if let Some(levels) = above.iter().rev().position(|of| *of == id) {
		return format!("^{levels}");
	}
	let path = &ty.path.segments;
	let of_the_runtime = path.first().is_some_and(|root| root == "openledger_runtime");
	above.push(id);
	let mut inner = |id: u32| describe(types, id, above);
	let described = match &ty.type_def {
		TypeDef::Variant(_) if of_the_runtime => path.join("::"),
		TypeDef::Variant(variants) => {
			let variants = variants.variants.iter().map(|variant| {
				format!("{} {}{}", variant.index, variant.name, fields(&variant.fields, &mut inner))
			});
			format!("<{}>", variants.collect::<Vec<_>>().join("|"))
		}
		TypeDef::Composite(composite) => fields(&composite.fields, &mut inner),
		TypeDef::Sequence(sequence) => format!("[{}]", inner(sequence.type_param.id)),
		TypeDef::Array(array) => format!("[{}; {}]", inner(array.type_param.id), array.len),
		TypeDef::Tuple(tuple) => {
			let parts: Vec<_> = tuple.fields.iter().map(|field| inner(field.id)).collect();
			format!("({})", parts.join(", "))
		}
		TypeDef::Primitive(primitive) => format!("{primitive:?}"),
		TypeDef::Compact(compact) => format!("compact {}", inner(compact.type_param.id)),
		TypeDef::BitSequence(bits) => {
			format!("bits {} {}", inner(bits.bit_store_type.id), inner(bits.bit_order_type.id))
		}
	};
	above.pop();
	described
}

fn fields(fields: &[Field<PortableForm>], inner: &mut impl FnMut(u32) -> String) -> String {
	let fields = fields.iter().map(|field| {
		let name = field.name.as_deref().unwrap_or_default();
		format!("{name}: {}", inner(field.ty.id))
	});
	format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// The storage of this runtime, with the versions that a new chain has.
fn of_this_runtime() -> Pallets {
	let metadata = metadata();
	let describe = |id: u32| describe(&metadata.types, id, &mut Vec::new());
	let stored = |pallet: &str, prefix: &str, entries: BTreeMap<String, String>| {
		let key = storage_prefix(prefix.as_bytes(), STORAGE_VERSION_STORAGE_KEY_POSTFIX);
		let version = unhashed::get(&key).unwrap_or_default();
		(pallet.to_string(), Stored { version, entries })
	};
	common::chain().execute_with(|| {
		let with_storage = metadata
			.pallets
			.iter()
			.filter_map(|pallet| Some((pallet.name.as_str(), pallet.storage.as_ref()?)));
		with_storage
			.map(|(pallet, storage)| {
				let entries = storage
					.entries
					.iter()
					.filter(|entry| !OF_ONE_BLOCK.contains(&(pallet, entry.name.as_str())));
				let entries = entries.map(|entry| {
					let layout = match &entry.ty {
						StorageEntryType::Plain(value) => describe(value.id),
						StorageEntryType::Map { hashers, key, value } => {
							format!("{hashers:?} {} -> {}", describe(key.id), describe(value.id))
						}
					};
					let optional = matches!(entry.modifier, StorageEntryModifier::Optional);
					let described = format!("{}{layout}", if optional { "?" } else { "" });
					(entry.name.clone(), hex(&blake2_128(described.as_bytes())))
				});
				stored(pallet, &storage.prefix, entries.collect())
			})
			.collect()
	})
}

fn hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is stored otherwise than before, pallet by pallet, with `true` if its version has risen.
fn changes(before: &Pallets, now: &Pallets) -> Vec<(String, bool)> {
	let none = Stored::default();
	let compare = |(name, now): (&String, &Stored)| {
		let before = before.get(name).unwrap_or(&none);
		let names = before.entries.keys().chain(now.entries.keys());
		let mut changed: Vec<_> =
			names.filter(|entry| before.entries.get(*entry) != now.entries.get(*entry)).collect();
		changed.sort();
		changed.dedup();
		if changed.is_empty() && before.version == now.version {
			return None;
		}
		let new = before == &none;
		let told = format!("{name}: {changed:?}, version {} to {}", before.version, now.version);
		Some((told, new || before.version < now.version))
	};
	now.iter().filter_map(compare).collect()
}

fn to_json(released: u64, pallets: &Pallets) -> String {
	let pallets: BTreeMap<_, _> = pallets
		.iter()
		.map(|(name, stored)| {
			(name, json!({ "version": stored.version, "entries": stored.entries }))
		})
		.collect();
	let file = json!({ "released": released, "pallets": pallets });
	format!("{}\n", serde_json::to_string_pretty(&file).expect("it is plain JSON"))
}

/// The release from which on chains are carried over, and what was stored.
fn from_json(text: &str) -> (u64, Pallets) {
	let file: Value = serde_json::from_str(text).expect("the file is JSON");
	let released = file["released"].as_u64().expect("the release is a number");
	let pallets = file["pallets"].as_object().expect("there are pallets");
	let entries = |stored: &Value| {
		let entries = stored["entries"].as_object().expect("there are entries");
		entries.iter().map(|(name, hash)| (name.clone(), hash.as_str().unwrap().into())).collect()
	};
	let stored = |stored: &Value| Stored {
		version: stored["version"].as_u64().and_then(|version| version.try_into().ok()).unwrap(),
		entries: entries(stored),
	};
	(released, pallets.iter().map(|(name, value)| (name.clone(), stored(value))).collect())
}

#[test]
fn no_layout_changes_under_the_same_storage_version() {
	let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/storage.json");
	let now = of_this_runtime();
	let (released, before) =
		fs::read_to_string(&path).map_or_else(|_| Default::default(), |text| from_json(&text));
	if before == now {
		return;
	}

	let changes = changes(&before, &now);
	let told: Vec<_> = changes.iter().map(|(told, _)| told.as_str()).collect();
	let told = told.join("\n");
	let fit = released == 0 || changes.iter().all(|(_, risen)| *risen);
	assert!(
		fit,
		"storage has changed under the same version: raise the pallet's, and write a migration \
		 (docs/upgrades.md)\n{told}"
	);
	let write = std::env::var_os("OPENLEDGER_WRITE").is_some_and(|write| write == "1");
	assert!(
		write,
		"storage has changed: run `OPENLEDGER_WRITE=1 cargo nextest run -p openledger-runtime \
		 storage`, and commit runtime/tests/storage.json\n{told}"
	);
	fs::write(&path, to_json(released, &now)).unwrap();
}

#[test]
fn the_file_says_what_was_written() {
	let now = of_this_runtime();
	assert_eq!(from_json(&to_json(3, &now)), (3, now.clone()));
	// Every pallet of our own that stores something has a version to compare by.
	for pallet in ["ModelRegistry", "DataAttribution", "InferenceMetering", "LengthFee"] {
		assert!(now[pallet].version > 0, "{pallet}");
		assert!(!now[pallet].entries.is_empty(), "{pallet}");
	}
	assert!(!now["System"].entries.contains_key("Events"));
}

#[test]
fn a_change_is_told_with_its_pallet() {
	let stored = |version, hash: &str| {
		let entries = [("Entry", hash), ("Other", "0")];
		let entries = entries.map(|(name, hash)| (name.to_string(), hash.to_string()));
		Stored { version, entries: entries.into() }
	};
	let pallets = |version, hash| Pallets::from([("Pallet".into(), stored(version, hash))]);
	let compare = |version, hash| changes(&pallets(2, "a"), &pallets(version, hash));
	let told = |versions: &str| format!("Pallet: [\"Entry\"], version {versions}");

	assert_eq!(compare(2, "a"), vec![]);
	assert_eq!(compare(2, "b"), vec![(told("2 to 2"), false)]);
	assert_eq!(compare(1, "b"), vec![(told("2 to 1"), false)]);
	assert_eq!(compare(3, "b"), vec![(told("2 to 3"), true)]);
	assert_eq!(compare(3, "a"), vec![("Pallet: [], version 2 to 3".into(), true)]);
	// One that was not there before has nothing to migrate.
	assert!(changes(&Pallets::new(), &pallets(0, "a")).iter().all(|(_, fits)| *fits));
}

#[test]
fn layouts_are_told_apart() {
	use scale_info::{MetaType, Registry, TypeInfo};

	fn described<T: TypeInfo + 'static>() -> String {
		let mut registry = Registry::new();
		let id = registry.register_type(&MetaType::new::<T>()).id;
		describe(&registry.into(), id, &mut Vec::new())
	}

	assert_eq!(described::<(u32, Option<[u8; 4]>)>(), "(U32, <0 None{}|1 Some{: [U8; 4]}>)");
	assert_eq!(described::<Vec<u64>>(), "[U64]");
	assert_eq!(described::<codec::Compact<u32>>(), "compact U32");
	let lane = described::<pallet_inference_metering::Lane>();
	assert!(lane.starts_with("{sequence: U64, settled: U128, "), "{lane}");
	let reason = described::<openledger_runtime::RuntimeHoldReason>();
	assert!(reason.ends_with("RuntimeHoldReason"), "{reason}");
	let proxy = described::<openledger_runtime::configs::ProxyType>();
	assert!(proxy.ends_with("ProxyType"), "{proxy}");
}

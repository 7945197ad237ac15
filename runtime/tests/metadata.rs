//! The part of the runtime's metadata that programs are built with, compared with what is committed.
//!
//! With `OPENLEDGER_WRITE=1` the file is written instead. The test is here, and not beside the file,
//! so that it can be written anew while the crate that is made from it does not compile.

use std::{collections::BTreeSet, fs, mem::take, path::Path};

use codec::{Decode, Encode};
use frame_metadata::{
	v15::{RuntimeMetadataV15, StorageEntryType},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use openledger_runtime::Runtime;
use scale_info::{
	form::PortableForm, Field, Path as TypePath, PortableRegistry, PortableType, Type, TypeDef,
	TypeDefComposite, Variant,
};

const FILE: &str = "node/chain-client/metadata.scale";

/// The pallets whose calls programs send.
const CALLS: &[&str] = &[
	"Balances",
	"Utility",
	"Sudo",
	"Proxy",
	"Parameters",
	"ModelRegistry",
	"DataAttribution",
	"InferenceMetering",
	"InferenceRequests",
];

/// The events that programs read. No others: an event that has changed is refused by a program that was
/// built before, and one that nobody reads must not stop it.
const EVENTS: &[(&str, &[&str])] = &[
	("System", &["ExtrinsicFailed"]),
	("TransactionPayment", &["TransactionFeePaid"]),
	("Proxy", &["ProxyExecuted"]),
	("ModelRegistry", &["ModelRegistered"]),
	(
		"DataAttribution",
		&[
			"DatanetCreated",
			"ContributionSubmitted",
			"ReleasePublished",
			"PayoutClaimed",
			"CuratorPaid",
		],
	),
	(
		"InferenceMetering",
		&[
			"NodeRegistered",
			"SessionOpened",
			"SessionToppedUp",
			"LaneSettled",
			"ItemSettled",
			"LaneRejected",
			"RecordRejected",
			"RunRejected",
			"CloseRequested",
			"SessionClosed",
		],
	),
	(
		"InferenceRequests",
		&["CallRequested", "CallFulfilled", "CallExpired", "CallClaimed", "CallDeclined"],
	),
];

/// The storage that programs read by themselves.
const STORAGE: &[(&str, &str)] = &[
	("System", "Account"),
	("Timestamp", "Now"),
	("Proxy", "Proxies"),
	("InferenceMetering", "NextSessionId"),
	("InferenceMetering", "ReportCommitments"),
];

fn whole() -> RuntimeMetadataV15 {
	let opaque = Runtime::metadata_at_version(15).expect("the runtime has metadata");
	let decoded = RuntimeMetadataPrefixed::decode(&mut opaque.as_slice()).expect("it can be read");
	match decoded.1 {
		RuntimeMetadata::V15(metadata) => metadata,
		other => panic!("version {}", other.version()),
	}
}

fn variants(types: &mut PortableRegistry, id: u32) -> &mut Vec<Variant<PortableForm>> {
	match &mut types.types[id as usize].ty.type_def {
		TypeDef::Variant(variant) => &mut variant.variants,
		other => panic!("no enum: {other:?}"),
	}
}

fn events_of(pallet: &str) -> Option<&'static [&'static str]> {
	EVENTS.iter().find(|(of, _)| *of == pallet).map(|(_, events)| *events)
}

/// Leaves out everything that no program has to do with.
fn reduce(metadata: &mut RuntimeMetadataV15) {
	metadata.apis.clear();
	metadata.custom.map.clear();
	for pallet in &mut metadata.pallets {
		let name = pallet.name.as_str();
		pallet.docs.clear();
		pallet.constants.clear();
		pallet.error = None;
		pallet.calls.take_if(|_| !CALLS.contains(&name));
		pallet.event.take_if(|_| events_of(name).is_none());
		if let (Some(event), Some(read)) = (&pallet.event, events_of(name)) {
			let events = variants(&mut metadata.types, event.ty.id);
			events.retain(|event| read.contains(&event.name.as_str()));
			assert_eq!(events.len(), read.len(), "{name} has no such event");
		}
		if let Some(storage) = &mut pallet.storage {
			storage.entries.retain(|entry| STORAGE.contains(&(name, &entry.name)));
			storage.entries.iter_mut().for_each(|entry| entry.docs.clear());
		}
		pallet.storage.take_if(|storage| storage.entries.is_empty());
	}
	metadata.pallets.retain(|pallet| {
		pallet.calls.is_some() || pallet.event.is_some() || pallet.storage.is_some()
	});
	let (calls, events) = (metadata.outer_enums.call_enum_ty, metadata.outer_enums.event_enum_ty);
	variants(&mut metadata.types, calls.id).retain(|of| CALLS.contains(&of.name.as_str()));
	variants(&mut metadata.types, events.id).retain(|of| events_of(&of.name).is_some());
	// No type is made for these.
	metadata.outer_enums.error_enum_ty = calls;
	metadata.ty = calls;
	metadata.extrinsic.signed_extensions.clear();
	metadata.extrinsic.extra_ty = metadata.extrinsic.address_ty;
}

/// Makes a type of each event's fields, which is encoded as they are one after the other: a program
/// can hand an event on then, and not only its fields.
fn name_events(metadata: &mut RuntimeMetadataV15) {
	for event in metadata.pallets.iter().filter_map(|pallet| pallet.event.as_ref()) {
		let types = &mut metadata.types;
		let pallet = types.types[event.ty.id as usize].ty.path.segments[0].clone();
		let mut next = types.types.len() as u32;
		let mut named = Vec::new();
		for variant in variants(types, event.ty.id) {
			if variant.fields.iter().all(|field| field.name.is_none()) {
				continue;
			}
			let path = [pallet.clone(), "events".into(), variant.name.clone()];
			let path = TypePath::from_segments_unchecked(path);
			let fields = TypeDefComposite::new(take(&mut variant.fields));
			named.push(PortableType::new(next, Type::new(path, Vec::new(), fields, Vec::new())));
			variant.fields = vec![Field::new(None, next.into(), None, Vec::new())];
			next += 1;
		}
		types.types.extend(named);
	}
}

/// Leaves documentation out: it is for whoever reads the pallets, and a word in it changes nothing here.
fn leave_docs_out(types: &mut PortableRegistry) {
	for ty in &mut types.types {
		ty.ty.docs.clear();
		match &mut ty.ty.type_def {
			TypeDef::Composite(composite) => {
				composite.fields.iter_mut().for_each(|field| field.docs.clear());
			}
			TypeDef::Variant(variant) => {
				for variant in &mut variant.variants {
					variant.docs.clear();
					variant.fields.iter_mut().for_each(|field| field.docs.clear());
				}
			}
			_ => {}
		}
	}
}

/// Every place that names a type.
fn named_types(metadata: &mut RuntimeMetadataV15) -> Vec<&mut u32> {
	let mut named = vec![
		&mut metadata.ty.id,
		&mut metadata.outer_enums.call_enum_ty.id,
		&mut metadata.outer_enums.event_enum_ty.id,
		&mut metadata.outer_enums.error_enum_ty.id,
		&mut metadata.extrinsic.address_ty.id,
		&mut metadata.extrinsic.call_ty.id,
		&mut metadata.extrinsic.signature_ty.id,
		&mut metadata.extrinsic.extra_ty.id,
	];
	for pallet in &mut metadata.pallets {
		named.extend(pallet.calls.as_mut().map(|calls| &mut calls.ty.id));
		named.extend(pallet.event.as_mut().map(|event| &mut event.ty.id));
		for entry in pallet.storage.iter_mut().flat_map(|storage| &mut storage.entries) {
			match &mut entry.ty {
				StorageEntryType::Plain(value) => named.push(&mut value.id),
				StorageEntryType::Map { key, value, .. } => {
					named.extend([&mut key.id, &mut value.id]);
				}
			}
		}
	}
	named
}

/// Leaves out the types that nothing names any more.
fn retain_types(metadata: &mut RuntimeMetadataV15) {
	let used: BTreeSet<u32> = named_types(metadata).into_iter().map(|id| *id).collect();
	let ids = metadata.types.retain(|id| used.contains(&id));
	for id in named_types(metadata) {
		*id = ids[id];
	}
}

#[test]
fn programs_are_built_with_the_metadata_of_this_runtime() {
	let mut metadata = whole();
	reduce(&mut metadata);
	name_events(&mut metadata);
	leave_docs_out(&mut metadata.types);
	retain_types(&mut metadata);
	let expected = RuntimeMetadataPrefixed::from(metadata).encode();

	let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE);
	if fs::read(&path).is_ok_and(|found| found == expected) {
		return;
	}
	if std::env::var_os("OPENLEDGER_WRITE").is_some_and(|write| write == "1") {
		fs::write(&path, expected).unwrap();
		return;
	}
	panic!(
		"{FILE} is not the metadata of this runtime: run \
		 `OPENLEDGER_WRITE=1 cargo nextest run -p openledger-runtime metadata`, and commit it"
	);
}

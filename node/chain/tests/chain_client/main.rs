//! Compares calls and events as the crate `chain-client` has them with the runtime itself. It is tested here
//! because this crate builds the runtime anyway.

mod samples;

use codec::{Decode, DecodeAll, Encode};
use openledger_chain_client::{events, metering, proxy, Call, ChainError};
use openledger_primitives::OPEN;
use openledger_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use scale_info::{form::PortableForm, TypeDef, Variant};
use subxt::{
	ext::frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed},
	Metadata,
};

use self::samples::{account, batch, calls, happened, lane_settled, transfer};

fn opaque() -> Vec<u8> {
	Runtime::metadata_at_version(15).expect("the runtime has metadata").to_vec()
}

fn metadata() -> Metadata {
	Metadata::decode_from(&opaque()).expect("it can be read")
}

/// The runtime's metadata with another name in all places.
fn renamed(name: &str, other: &str) -> Metadata {
	assert_eq!(name.len(), other.len());
	let mut opaque = opaque();
	for position in 0..opaque.len() - name.len() {
		let place = position..position + name.len();
		if opaque[place.clone()] == *name.as_bytes() {
			opaque[place].copy_from_slice(other.as_bytes());
		}
	}
	Metadata::decode_from(&opaque).unwrap()
}

/// The runtime's metadata, changed.
fn changed(change: impl FnOnce(&mut RuntimeMetadataV15)) -> Metadata {
	let decoded = RuntimeMetadataPrefixed::decode(&mut opaque().as_slice()).unwrap();
	let RuntimeMetadata::V15(mut metadata) = decoded.1 else { panic!() };
	change(&mut metadata);
	Metadata::decode_from(&RuntimeMetadataPrefixed::from(metadata).encode()).unwrap()
}

fn variants(metadata: &mut RuntimeMetadataV15, of: u32) -> &mut [Variant<PortableForm>] {
	match &mut metadata.types.types[of as usize].ty.type_def {
		TypeDef::Variant(found) => &mut found.variants,
		other => panic!("no enum: {other:?}"),
	}
}

#[test]
fn every_call_is_one_of_the_runtimes() {
	let metadata = metadata();
	for call in calls() {
		let encoded = call.encode_with(&metadata).unwrap_or_else(|error| panic!("{error}"));
		let decoded = RuntimeCall::decode_all(&mut encoded.as_slice())
			.unwrap_or_else(|error| panic!("{}: {error}", call.name()));
		assert_eq!(decoded.encode(), encoded, "{}", call.name());
		assert!(format!("{decoded:?}").contains(call.name()), "{decoded:?}");
		assert!(metadata.pallet_by_name(call.pallet()).is_some(), "{}", call.pallet());
	}
}

#[test]
fn kinds_of_proxies_are_named_as_the_runtime_names_them() {
	let metadata = metadata();
	for call in calls() {
		let Call::Proxy(proxy::Call::add_proxy { proxy_type, .. }) = &call else { continue };
		let encoded = call.encode_with(&metadata).unwrap();
		let decoded = RuntimeCall::decode_all(&mut encoded.as_slice()).unwrap();
		let expected = format!("proxy_type: {proxy_type:?}");
		assert!(format!("{decoded:?}").contains(&expected), "{decoded:?} is not {expected}");
	}
}

#[test]
fn constants_that_programs_read_are_in_the_metadata() {
	let metadata = metadata();
	let metering = metadata.pallet_by_name("InferenceMetering").unwrap();
	let value = |name: &'static str| metering.constant_by_name(name).unwrap().value();
	assert!(u32::decode_all(&mut value("ReportDelay")).unwrap() > 0);
	for deposit in ["LaneDeposit", "ReportDeposit"] {
		assert!(u128::decode_all(&mut value(deposit)).unwrap() > 0, "{deposit}");
	}
}

#[test]
fn amounts_arrive_as_they_were_meant() {
	let encoded = transfer(7 * OPEN).encode_with(&metadata()).unwrap();
	let decoded = RuntimeCall::decode_all(&mut encoded.as_slice()).unwrap();
	let shown = format!("{decoded:?}");
	assert!(shown.contains("transfer_keep_alive"), "{shown}");
	assert!(shown.contains(&(7 * OPEN).to_string()), "{shown}");
}

#[test]
fn events_of_the_runtime_are_read() {
	let metadata = metadata();
	for event in happened() {
		let of_runtime = RuntimeEvent::decode_all(&mut event.encode().as_slice()).unwrap();
		let read = events::decode(&of_runtime.encode(), &metadata).unwrap();
		assert_eq!(read, Some(event));
	}
	let of_runtime = RuntimeEvent::decode_all(&mut lane_settled().encode().as_slice()).unwrap();
	let shown = format!("{of_runtime:?}");
	for part in ["LaneSettled { header: SettledLane { session: 7, lane: 1, caller: ", "charged: 48"]
	{
		assert!(shown.contains(part), "{shown}");
	}
}

#[test]
fn events_of_another_shape_are_refused_and_unknown_ones_left_out() {
	let event = lane_settled().encode();
	let refused =
		events::decode(&event, &renamed("developer_payee", "Xeveloper_payee")).unwrap_err();
	let refused = refused.to_string();
	assert!(refused.contains("InferenceMetering.LaneSettled: "), "{refused}");
	assert!(refused.contains("Xeveloper_payee"), "{refused}");
	events::decode(&event[..event.len() - 1], &metadata()).unwrap_err();
	events::decode(&[&event[..], &[0]].concat(), &metadata()).unwrap_err();
	assert_eq!(events::decode(&event, &renamed("LaneSettled", "XaneSettled")), Ok(None));
	assert_eq!(
		events::decode(&event, &renamed("InferenceMetering", "XnferenceMetering")),
		Ok(None)
	);
}

#[test]
fn a_renumbered_runtime_is_understood() {
	let renumbered = changed(|metadata| {
		let pallet = metadata.pallets.iter_mut().find(|found| found.name == "InferenceMetering");
		let pallet = pallet.unwrap();
		pallet.index = 99;
		let items = [pallet.calls.as_ref().unwrap().ty.id, pallet.event.as_ref().unwrap().ty.id];
		for items in items {
			variants(metadata, items).iter_mut().for_each(|item| item.index += 100);
		}
		let outer = [metadata.outer_enums.call_enum_ty.id, metadata.outer_enums.event_enum_ty.id];
		for outer in outer {
			let mut pallets = variants(metadata, outer).iter_mut();
			pallets.find(|found| found.name == "InferenceMetering").unwrap().index = 99;
		}
	});

	let call = Call::InferenceMetering(metering::Call::close_session { session: 1 });
	let here = call.encode_with(&metadata()).unwrap();
	let there = call.encode_with(&renumbered).unwrap();
	assert_eq!(there[..2], [99, here[1] + 100]);
	assert_eq!(there[2..], here[2..]);
	let nested = batch(vec![call]).encode_with(&renumbered).unwrap();
	assert!(nested.ends_with(&there), "{nested:?}");

	let event = lane_settled();
	let mut there = event.encode();
	(there[0], there[1]) = (99, there[1] + 100);
	assert_eq!(events::decode(&there, &renumbered), Ok(Some(event)));
}

#[test]
fn another_runtime_is_told_apart() {
	// The metadata of a chain that has none of our pallets.
	let other = renamed("InferenceMetering", "XnferenceMetering");
	let close = Call::InferenceMetering(metering::Call::close_session { session: 1 });
	let unknown = close.encode_with(&other).unwrap_err();
	let (pallet, call) = ("InferenceMetering".into(), "close_session".into());
	let expected = ChainError::UnknownCall { pallet, call };
	assert_eq!(unknown, expected);
	// A call within another call is looked up as well.
	assert_eq!(batch(vec![close]).encode_with(&other), Err(expected));

	let other = renamed("expires_at", "Xxpires_at");
	let call = Call::InferenceMetering(metering::Call::open_session {
		node: account(1),
		deposit: 1,
		signer: account(1),
		expires_at: 1,
	});
	let changed = call.encode_with(&other).unwrap_err();
	assert!(matches!(changed, ChainError::CallChanged { .. }), "{changed}");
	assert!(changed.to_string().contains("(node, deposit, signer, Xxpires_at)"), "{changed}");
}

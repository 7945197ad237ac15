//! Compares calls and events as the crate `chain-client` has them with the runtime itself. It is tested here
//! because this crate builds the runtime anyway.

use codec::{Decode, DecodeAll, Encode};
use openledger_chain_client::{
	data, events, metering, models, proxy, requests,
	runtime::{balances, dynamic_params::windows, parameters, sudo, RuntimeParameters},
	utility, Call, ChainError, Event, Keypair, ProxyType,
};
use openledger_primitives::{
	aggregate::Aggregate,
	attribution::{AttributionEntry, DataSource, DataSources, ReleaseSelector, NEWEST_RULE},
	closing::CloseAgreement,
	contribution::{Submission, FORMAT_STREAM},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{CallPayment, CallRecord, RejectReason},
	voucher::Voucher,
	AccountId, Hash, Uri, OPEN,
};
use openledger_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use scale_info::{form::PortableForm, TypeDef, Variant};
use sp_runtime::{DispatchError, Permill};
use subxt::{
	ext::frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed},
	Metadata,
};

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

fn account(byte: u8) -> AccountId {
	[byte; 32].into()
}

fn price() -> PriceSchedule {
	PriceSchedule {
		per_call: 1,
		per_input_token: 2,
		per_cached_input_token: 1,
		per_output_token: 3,
	}
}

fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(30),
	}
}

fn details() -> VersionDetails {
	VersionDetails {
		uri: Uri::truncate_from(b"http://node".to_vec()),
		base_hash: Hash::repeat_byte(1),
		adapter_hash: Some(Hash::repeat_byte(2)),
		tokenizer_hash: Hash::repeat_byte(3),
		template_hash: None,
		template_overhead: 4,
		max_retrieved_tokens: 5,
		attribution_rule: NEWEST_RULE,
		sources: DataSources::truncate_from(vec![DataSource {
			datanet: 1,
			release: ReleaseSelector::Fixed(2),
			weight: 3,
		}]),
	}
}

fn of_models() -> Vec<Call> {
	let calls = [
		models::Call::register_model {
			name: b"a/model".to_vec(),
			details: details(),
			price: price(),
			policy: policy(),
		},
		models::Call::publish_version { model: 1, details: details() },
		models::Call::set_payee { model: 1, payee: Some(account(7)) },
		models::Call::pause_model { model: 1 },
		models::Call::resume_model { model: 1 },
	];
	calls.map(Call::ModelRegistry).to_vec()
}

fn of_data() -> Vec<Call> {
	let curator_share = Permill::from_percent(5);
	let submission = Submission {
		root: Hash::zero(),
		size: 1 << 32,
		uri: Uri::truncate_from(b"http://data".to_vec()),
		format: FORMAT_STREAM,
		licence: Hash::repeat_byte(1),
	};
	let calls = [
		data::Call::create_datanet_with { name: b"facts".to_vec(), open: false, curator_share },
		data::Call::claim_curator,
		data::Call::submit_contribution { datanet: 1, submission: submission.clone() },
		data::Call::submit_contributions { datanet: 1, submissions: vec![submission] },
		data::Call::accept_contribution { contribution: 1, weight: 2 },
		data::Call::publish_release { datanet: 1 },
		data::Call::claim { contribution: 1, releases: vec![1, 2] },
	];
	calls.map(Call::DataAttribution).to_vec()
}

fn of_metering() -> Vec<Call> {
	let pair = Keypair::from_uri("//Alice", Default::default()).unwrap();
	let voucher = Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		lane: 3,
		model: 10,
		version: 1,
		price_version: 7,
		sequence: 4,
		acknowledged: 5,
		authorised: 6,
		request_hash: Hash::repeat_byte(8),
		valid_until: 9,
	};
	let entry = AttributionEntry { contribution: 1, weight: 2 };
	let record = CallRecord {
		sequence: 4,
		model: 10,
		version: 1,
		price_version: 7,
		input_tokens: 11,
		output_tokens: 12,
		request_hash: Hash::repeat_byte(8),
		response_hash: Hash::repeat_byte(9),
		attribution: vec![entry].try_into().unwrap(),
	};
	let aggregate = Aggregate {
		up_to: 3,
		calls: 3,
		input_tokens: 1 << 40,
		output_tokens: 1 << 41,
		attribution: vec![entry].try_into().unwrap(),
		unattributed: 5,
		root: Hash::repeat_byte(10),
	};
	let agreement = CloseAgreement { genesis_hash: Hash::repeat_byte(1), session: 2, settled: 3 };
	let signature = pair.sign_message(&voucher);
	let endpoint = b"http://node".to_vec();
	let served = vec![metering::Served { model: 1, capacity: 4 }];
	let calls = vec![
		metering::Call::register_node {
			endpoint: endpoint.clone(),
			receipt_key: account(2),
			bond: 100 * OPEN,
			models: served.clone(),
		},
		metering::Call::update_node { endpoint, models: served },
		metering::Call::rotate_receipt_key { receipt_key: account(2) },
		metering::Call::set_payee { payee: Some(account(7)) },
		metering::Call::set_payee { payee: None },
		metering::Call::heartbeat,
		metering::Call::open_session {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			expires_at: 1_000,
		},
		metering::Call::open_session_with_limit {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			spending_limit: OPEN / 2,
			expires_at: 1_000,
		},
		metering::Call::top_up { session: 1, amount: OPEN },
		metering::Call::settle { voucher, signature: signature.clone(), records: Vec::new() },
		metering::Call::settle_aggregate {
			voucher,
			signature: signature.clone(),
			aggregate: aggregate.clone(),
			last: Some(record.clone()),
		},
		metering::Call::settle_aggregate {
			voucher,
			signature: signature.clone(),
			aggregate,
			last: None,
		},
		metering::Call::settle { voucher, signature, records: vec![record] },
		metering::Call::request_close { session: 1 },
		metering::Call::close_session { session: 1 },
		metering::Call::close_with_agreement {
			session: 1,
			signature: pair.sign_message(&agreement),
		},
	];
	calls.into_iter().map(Call::InferenceMetering).collect()
}

fn of_requests() -> Vec<Call> {
	let request = |node| requests::Call::request_call {
		model: 1,
		node,
		input: b"Hi".to_vec(),
		max_charge: OPEN,
		deadline: 100,
	};
	let calls = [
		request(None),
		request(Some(account(1))),
		requests::Call::fulfil_call {
			request: 1,
			output: b"Ho".to_vec(),
			input_tokens: 2,
			output_tokens: 3,
			version: 1,
			attribution: vec![AttributionEntry { contribution: 1, weight: 2 }],
		},
		requests::Call::expire_call { request: 1 },
	];
	calls.map(Call::InferenceRequests).to_vec()
}

fn transfer(value: u128) -> Call {
	Call::Balances(balances::Call::transfer_keep_alive { dest: account(5).into(), value })
}

fn as_root(call: &Call) -> Call {
	Call::Sudo(sudo::Call::sudo { call: Box::new(call.clone()) })
}

fn by_proxy(call: &Call, force_proxy_type: Option<ProxyType>) -> Call {
	let (real, call) = (account(5).into(), Box::new(call.clone()));
	Call::Proxy(proxy::Call::proxy { real, force_proxy_type, call })
}

fn batch(calls: Vec<Call>) -> Call {
	Call::Utility(utility::Call::batch_all { calls })
}

const HEARTBEAT: Call = Call::InferenceMetering(metering::Call::heartbeat);

fn calls() -> Vec<Call> {
	let mut alone = [of_models(), of_data(), of_metering(), of_requests()].concat();
	alone.push(transfer(u128::MAX));
	let notice = windows::Parameters::CloseNotice(windows::CloseNotice, Some(200));
	let key_value = RuntimeParameters::Windows(notice);
	alone.push(Call::Parameters(parameters::Call::set_parameter { key_value }));
	let mut calls = alone.clone();
	calls.extend(alone.iter().map(as_root));
	for proxy_type in [
		ProxyType::Any,
		ProxyType::NonTransfer,
		ProxyType::CancelProxy,
		ProxyType::Caller,
		ProxyType::Operator,
		ProxyType::Curator,
		ProxyType::Claims,
	] {
		calls.push(by_proxy(&HEARTBEAT, Some(proxy_type.clone())));
		let (delegate, delay) = (account(6).into(), 0);
		calls.push(Call::Proxy(proxy::Call::add_proxy { delegate, proxy_type, delay }));
	}
	calls.extend(alone.iter().map(|call| by_proxy(call, None)));
	calls.push(batch(alone));
	calls.push(batch(Vec::new()));
	calls
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
fn amounts_arrive_as_they_were_meant() {
	let encoded = transfer(7 * OPEN).encode_with(&metadata()).unwrap();
	let decoded = RuntimeCall::decode_all(&mut encoded.as_slice()).unwrap();
	let shown = format!("{decoded:?}");
	assert!(shown.contains("transfer_keep_alive"), "{shown}");
	assert!(shown.contains(&(7 * OPEN).to_string()), "{shown}");
}

fn settled() -> metering::CallSettled {
	metering::CallSettled {
		session: 7,
		lane: 1,
		sequence: 9,
		caller: account(1),
		node: account(2),
		payee: account(6),
		developer: account(3),
		model: 4,
		version: 5,
		price_version: 6,
		input_tokens: 10,
		output_tokens: 20,
		charge: 18,
		request_hash: Hash::repeat_byte(1),
		response_hash: Hash::repeat_byte(2),
		payment: CallPayment { protocol: 1, developer: 2, ..CallPayment::default() },
	}
}

fn happened() -> Vec<Event> {
	let rejected = metering::RecordRejected {
		session: 7,
		lane: 1,
		sequence: 9,
		reason: RejectReason::SequenceNotRising,
	};
	let aggregate = metering::AggregateSettled {
		session: 7,
		lane: 1,
		first_sequence: 9,
		last_sequence: 12,
		caller: account(1),
		node: account(2),
		payee: account(6),
		developer: account(3),
		model: 4,
		version: 5,
		price_version: 6,
		calls: 3,
		input_tokens: 10,
		output_tokens: 20,
		charge: 18,
		root: Hash::repeat_byte(1),
		payment: CallPayment::default(),
	};
	let result = Err(DispatchError::BadOrigin);
	vec![
		Event::InferenceMetering(metering::Event::CallSettled(settled())),
		Event::InferenceMetering(metering::Event::AggregateSettled(aggregate)),
		Event::InferenceMetering(metering::Event::RecordRejected(rejected)),
		Event::DataAttribution(data::Event::CuratorPaid(data::CuratorPaid {
			curator: account(1),
			datanets: Vec::new(),
			amount: 5,
		})),
		Event::Proxy(proxy::Event::ProxyExecuted(proxy::ProxyExecuted { result })),
	]
}

#[test]
fn events_of_the_runtime_are_read() {
	let metadata = metadata();
	for event in happened() {
		let of_runtime = RuntimeEvent::decode_all(&mut event.encode().as_slice()).unwrap();
		let read = events::decode(&of_runtime.encode(), &metadata).unwrap();
		assert_eq!(read, Some(event));
	}
	let event = Event::InferenceMetering(metering::Event::CallSettled(settled()));
	let of_runtime = RuntimeEvent::decode_all(&mut event.encode().as_slice()).unwrap();
	let shown = format!("{of_runtime:?}");
	for part in ["CallSettled { session: 7, lane: 1, sequence: 9", "input_tokens: 10", "charge: 18"]
	{
		assert!(shown.contains(part), "{shown}");
	}
}

#[test]
fn events_of_another_shape_are_refused_and_unknown_ones_left_out() {
	let event = Event::InferenceMetering(metering::Event::CallSettled(settled())).encode();
	let refused = events::decode(&event, &renamed("input_tokens", "Xnput_tokens")).unwrap_err();
	let refused = refused.to_string();
	assert!(refused.contains("InferenceMetering.CallSettled: "), "{refused}");
	assert!(refused.contains("Xnput_tokens"), "{refused}");
	events::decode(&event[..event.len() - 1], &metadata()).unwrap_err();
	events::decode(&[&event[..], &[0]].concat(), &metadata()).unwrap_err();
	assert_eq!(events::decode(&event, &renamed("CallSettled", "XallSettled")), Ok(None));
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

	let event = Event::InferenceMetering(metering::Event::CallSettled(settled()));
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
